package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"edgeward/internal/app"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/output/eve"
	"edgeward/internal/output/report"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
)

// patience is how long one capture of a few megabytes may take at the most,
// on a machine that is busy with other things.
const patience = 60 * time.Second

// output is what one analysis gave.
type output struct {
	report *report.Report
	json   []byte
	eve    []byte
	err    error
}

// lines is an observer that writes everything as EVE JSON.
type lines struct{ w *eve.Writer }

func (l lines) Fact(f *event.Fact)       { l.w.Fact(f) }
func (l lines) Alert(f *finding.Finding) { l.w.Alert(f) }
func (l lines) Flush() error             { return l.w.Flush() }

// analyze runs a capture through everything. It fails the test when this
// takes too long or what comes out is not JSON.
func analyze(t *testing.T, path string, workers int) output {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var events, document bytes.Buffer
	var out output
	w := eve.NewWriter(&events, "")
	out.report, out.err = app.Analyze(ctx, app.AnalyzeOptions{Version: "test", Paths: []string{path}, Workers: workers, Observer: lines{w}})
	if ctx.Err() != nil {
		t.Fatalf("%s: not done after %v", filepath.Base(path), patience)
	}
	if out.report == nil {
		t.Fatalf("%s: no report: %v", filepath.Base(path), out.err)
	}
	if err := errors.Join(w.Flush(), out.report.JSON(&document)); err != nil {
		t.Fatal(err)
	}
	out.json, out.eve = document.Bytes(), events.Bytes()
	checkJSON(t, out)
	return out
}

func checkJSON(t *testing.T, out output) {
	t.Helper()
	if !json.Valid(out.json) {
		t.Error("the report is no JSON document")
	}
	for n, line := range bytes.Split(bytes.TrimSuffix(out.eve, []byte("\n")), []byte("\n")) {
		if len(out.eve) > 0 && !json.Valid(line) {
			t.Fatalf("event %d is no JSON: %.300s", n+1, line)
		}
	}
}

// sample gives the captures to use: all, or every eighth in short mode.
func sample(t *testing.T) []string {
	all := shared.Captures(t)
	if !testing.Short() {
		return all
	}
	var some []string
	for i := 0; i < len(all); i += 8 {
		some = append(some, all[i])
	}
	return some
}

// TestEveryCapture wants of every capture, malformed ones too, the same valid
// output from one worker and from four, in which everything that is referred
// to is there.
func TestEveryCapture(t *testing.T) {
	for _, path := range sample(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			one := analyze(t, path, 1)
			checkReport(t, one.report)
			four := analyze(t, path, 4)
			if !bytes.Equal(one.json, four.json) {
				t.Errorf("the reports of 1 and 4 workers differ: %s", difference(one.json, four.json))
			}
			if !bytes.Equal(one.eve, four.eve) {
				t.Errorf("the events of 1 and 4 workers differ: %s", difference(one.eve, four.eve))
			}
		})
	}
}

// TestCutCaptures cuts every capture somewhere, and wants all that came before
// the cut, valid, and the cut told.
func TestCutCaptures(t *testing.T) {
	dir := t.TempDir()
	for _, path := range sample(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r := seeded(path)
			cut := filepath.Join(dir, filepath.Base(path))
			for range 2 {
				n := r.IntN(len(whole))
				if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
					t.Fatal(err)
				}
				out := analyze(t, cut, 2)
				checkReport(t, out.report)
				// A cut within the file's own header leaves no capture; one between
				// two records cannot be told from the end.
				if c := out.report.Captures; out.err == nil && len(c) == 1 && c[0].Cut && c[0].CutAt > int64(n) {
					t.Errorf("cut at %d, said to be cut at %d", n, c[0].CutAt)
				}
			}
		})
	}
}

// TestDamagedCaptures changes bytes of every capture at random.
func TestDamagedCaptures(t *testing.T) {
	dir := t.TempDir()
	for _, path := range sample(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r := seeded(path)
			for range 1 + len(b)/300 {
				b[24+r.IntN(max(len(b)-24, 1))] = byte(r.Uint32())
			}
			damaged := filepath.Join(dir, filepath.Base(path))
			if err := os.WriteFile(damaged, b, 0o600); err != nil {
				t.Fatal(err)
			}
			checkReport(t, analyze(t, damaged, 2).report)
		})
	}
}

// seeded gives random numbers that are the same in every run for one file.
func seeded(path string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(filepath.Base(path)))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

// difference shows where two outputs part.
func difference(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return fmt.Sprintf("line %d:\n%.400s\n%.400s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// checkReport wants what the report says to hang together.
func checkReport(t *testing.T, r *report.Report) {
	t.Helper()
	devices := map[string]bool{}
	for _, d := range r.Devices {
		if devices[d.ID] {
			t.Errorf("two devices have the id %s", d.ID)
		}
		devices[d.ID] = true
		if len(d.MACs) == 0 && len(d.Addresses) == 0 {
			t.Errorf("device %s has neither MAC nor address", d.ID)
		}
		if d.LastSeen < d.FirstSeen {
			t.Errorf("device %s was last seen before it was first seen", d.ID)
		}
	}
	packets := map[uint32]uint64{}
	for i, c := range r.Captures {
		packets[uint32(i)] = c.Packets
	}
	findings := map[string]bool{}
	for _, f := range r.Findings {
		if findings[f.ID] {
			t.Errorf("two findings have the id %s (%s)", f.ID, f.Check)
		}
		findings[f.ID] = true
	}
	for _, f := range r.Findings {
		name := f.Check + " about " + f.Address
		if f.Device != "" && !devices[f.Device] {
			t.Errorf("%s: its device %s is not listed", name, f.Device)
		}
		if f.Count == 0 || f.Title == "" || f.Explanation == "" || f.Remedy == "" || f.Confidence <= 0 || f.Confidence > 1 {
			t.Errorf("%s is not whole: %+v", name, f)
		}
		if f.LastSeen < f.FirstSeen {
			t.Errorf("%s: last seen before first seen", name)
		}
		// What is said of the network as a whole rests on no packet of its own.
		if len(f.Evidence) == 0 && len(f.Members) == 0 && f.Address != "" {
			t.Errorf("%s: no evidence", name)
		}
		if len(f.Evidence) > finding.MaxEvidence || len(f.Peers) > finding.MaxPeers || f.PeerCount < len(f.Peers) {
			t.Errorf("%s: %d pieces of evidence, %d of %d peers", name, len(f.Evidence), len(f.Peers), f.PeerCount)
		}
		for _, e := range f.Evidence {
			if n, ok := packets[e.Capture]; e.Packet > n || !ok {
				t.Errorf("%s: evidence in packet %d of capture %d, which has %d", name, e.Packet, e.Capture, n)
			}
			if len(e.Bytes) > finding.MaxEvidenceBytes {
				t.Errorf("%s: %d bytes of evidence", name, len(e.Bytes))
			}
		}
		for _, m := range append(f.Members, f.Incident) {
			if m != "" && !findings[m] {
				t.Errorf("%s: the finding %s it refers to is not listed", name, m)
			}
		}
	}
}

// TestCaptureErrorsAreNamed wants every input that cannot be read named, and
// the others analysed.
func TestCaptureErrorsAreNamed(t *testing.T) {
	good := writeCapture(t, filepath.Join(t.TempDir(), "good.pcap"), func(w *pcapWriter) { w.dnsExchange(1) })
	junk := filepath.Join(t.TempDir(), "junk.pcap")
	if err := os.WriteFile(junk, []byte("this is no capture, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := app.Analyze(context.Background(), app.AnalyzeOptions{Paths: []string{junk, good, filepath.Join(t.TempDir(), "none.pcap")}})
	if err == nil || r == nil {
		t.Fatalf("report %v, error %v: want both", r, err)
	}
	if r.Packets != 2 || len(r.Captures) != 3 {
		t.Errorf("%d packets of %d captures, want 2 of 3", r.Packets, len(r.Captures))
	}
	var cut *capture.CutError
	if errors.As(err, &cut) {
		t.Errorf("nothing was cut: %v", err)
	}
}
