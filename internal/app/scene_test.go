package app

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSceneIsTheLab wants what is embedded to be the capture in the repository.
func TestSceneIsTheLab(t *testing.T) {
	want, err := os.ReadFile(labPath)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(labCapture))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
		t.Errorf("lab.pcap.gz is not test/lab/lab.pcap (%v): gzip -9nc test/lab/lab.pcap > internal/app/lab.pcap.gz", err)
	}
}

// TestScenePlays wants three days of the lab to be read as a capture, with
// the attack found in it and nothing bad in the quiet part.
func TestScenePlays(t *testing.T) {
	frames, err := readScene(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	analyse := func(acts []act) map[string]int {
		path := filepath.Join(t.TempDir(), "scene.pcap")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := play(t.Context(), f, frames, acts); err != nil {
			t.Fatal(err)
		}
		r, err := Analyze(t.Context(), AnalyzeOptions{Paths: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d packets, %d facts, %d devices", r.Packets, r.Facts, len(r.Devices))
		checks := map[string]int{}
		for _, f := range r.Findings {
			checks[f.Check]++
		}
		return checks
	}
	quietly := analyse(history(now, 3, 1, nil))
	for _, c := range []string{"infection.device-compromised", "credential.guessed"} {
		if quietly[c] > 0 {
			t.Errorf("the quiet part has %s", c)
		}
	}
	worm := now.Add(-90 * time.Minute)
	loud := analyse(append(history(now, 3, 1, nil, worm), act{at: worm, until: sceneWhole}))
	if loud["infection.device-compromised"] == 0 {
		t.Errorf("the worm is not found: %v", loud)
	}
	t.Log(quietly, loud)
}
