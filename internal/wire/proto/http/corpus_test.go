package http_test

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/http"
)

// dissect counts requests and responses with tshark.
func dissect(t *testing.T, path string) (n int) {
	t.Helper()
	out, err := exec.Command("tshark", "-r", path, "-Y", "tcp && (http.request || http.response)", "-T", "fields", "-E", "occurrence=a",
		"-e", "http.request.method", "-e", "http.response.code").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	for _, field := range strings.FieldsFunc(string(out), func(r rune) bool { return r == '\t' || r == '\n' || r == ',' }) {
		if field != "" {
			n++
		}
	}
	return n
}

// TestAgreesWithTshark wants as many messages in captures of real traffic as
// tshark finds. tshark counts a response when its body is complete, this
// package when its head is, so a few more are counted here.
func TestAgreesWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark over many captures")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	theirs, ours := 0, 0
	for _, path := range shared.Captures(t, "benign", "exploit") {
		want := dissect(t, path)
		src, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p := pipeline.New(pipeline.Config{Workers: 1, Memory: 32 << 20, Protocols: []proto.Protocol{http.Protocol}, Sink: func(*pipeline.Unit) error { return nil }})
		var cut *capture.CutError
		if err := p.Run(context.Background(), src, 0); err != nil && !errors.As(err, &cut) {
			t.Error(err)
		}
		src.Close()
		seen := p.Stats().Flow.Protocols[event.ProtoHTTP]
		got := int(seen.ToServer + seen.ToClient)
		if got != want {
			t.Logf("%s: %d messages, tshark %d", filepath.Base(path), got, want)
		}
		theirs, ours = theirs+want, ours+got
	}
	if theirs == 0 || math.Abs(float64(ours-theirs)) > 0.01*float64(theirs) {
		t.Errorf("%d messages, tshark %d", ours, theirs)
	}
	t.Logf("%d messages, tshark %d", ours, theirs)
}
