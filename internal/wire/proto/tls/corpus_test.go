package tls_test

import (
	"context"
	"errors"
	"fmt"
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
	"edgeward/internal/wire/proto/tls"
)

// client names one side of a handshake.
func client(addr, port any) string { return fmt.Sprintf("%v %v", addr, port) }

// dissect gives what tshark reads from the hello messages of a capture, by
// client: its JA3 sums and server names, and the JA3S sums of the answers.
func dissect(t *testing.T, path string) (ja3, ja3s, names map[string]string) {
	t.Helper()
	out, err := exec.Command("tshark", "-r", path, "-Y", "tcp && (tls.handshake.ja3 || tls.handshake.ja3s)", "-T", "fields", "-E", "occurrence=a",
		"-e", "ip.src", "-e", "tcp.srcport", "-e", "ip.dst", "-e", "tcp.dstport", "-e", "tls.handshake.ja3", "-e", "tls.handshake.ja3s", "-e", "tls.handshake.extensions_server_name").Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	ja3, ja3s, names = map[string]string{}, map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		from, to := client(f[0], f[1]), client(f[2], f[3])
		ja3[from] += f[4] + " "
		ja3s[to] += f[5] + " "
		names[from] += f[6] + " "
	}
	return ja3, ja3s, names
}

// TestAgreesWithTshark compares the fingerprints and names of every handshake
// in captures of real traffic with tshark's.
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
	compared := 0
	for _, path := range shared.Captures(t, "benign") {
		ja3, ja3s, names := dissect(t, path)
		src, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p := pipeline.New(pipeline.Config{Workers: 1, Memory: 32 << 20, Protocols: []proto.Protocol{tls.Protocol}, Sink: func(u *pipeline.Unit) error {
			for _, fact := range u.Facts {
				f, ok := fact.Body.(*event.TLS)
				who := client(fact.Src, fact.SrcPort)
				if !ok || f.JA3 == "" || ja3[who] == "" {
					continue
				}
				compared++
				if !strings.Contains(ja3[who], f.JA3) || ja3s[who] != "" && !strings.Contains(ja3s[who], f.JA3S) || !strings.Contains(names[who], f.SNI) {
					t.Errorf("%s: %s: JA3 %s, JA3S %s, name %q; tshark: %s, %s, %q", filepath.Base(path), who, f.JA3, f.JA3S, f.SNI, ja3[who], ja3s[who], names[who])
				}
			}
			return nil
		}})
		var cut *capture.CutError
		if err := p.Run(context.Background(), src, 0); err != nil && !errors.As(err, &cut) {
			t.Error(err)
		}
		src.Close()
	}
	if compared == 0 {
		t.Error("no handshake was compared")
	}
	t.Logf("%d handshakes compared", compared)
}
