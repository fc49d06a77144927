//go:build !sensor

package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/shared"
)

// TestNothingLearned wants clear errors that name what was there.
func TestNothingLearned(t *testing.T) {
	lab := shared.Dir(t, "captures", "m2m", "lab-mqtt-benign.pcap")
	empty := filepath.Join(t.TempDir(), "empty.pcap")
	header := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	if err := os.WriteFile(empty, header, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, device, want, hint string }{
		{empty, "", "there is no traffic in the input", "captures or logs"},
		{lab, "192.0.2.77", `device "192.0.2.77" is not in the input`, "devices seen: 10.77.0.10, 10.77.0.21"},
	} {
		o := ProposeOptions{Analyze: AnalyzeOptions{Paths: []string{c.path}, Workers: 1}}
		if c.device != "" {
			o.Learn.Devices = []string{c.device}
		}
		_, err := Propose(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(ident.HintOf(err), c.hint) {
			t.Errorf("%v (%s), want %s (%s)", err, ident.HintOf(err), c.want, c.hint)
		}
	}
	p, err := Propose(context.Background(), ProposeOptions{Analyze: AnalyzeOptions{Paths: []string{lab}, Workers: 1}})
	if err != nil {
		t.Fatal(err)
	}
	other := shared.Dir(t, "captures", "m2m", "arkime-mqtt_synthetic.pcap")
	for path, want := range map[string]string{empty: "there is no traffic", other: "none of the devices that have a profile is in the input"} {
		if _, _, err := Prove(context.Background(), ProveOptions{Analyze: AnalyzeOptions{Paths: []string{path}, Workers: 1}, Policies: p.Policies}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestProfilesAgainstTheLab learns from what devices of the lab do and replays
// the attacks on the same devices: what was learned from passes whole, and of
// the attacks at least 95 in 100 exchanges are stopped.
func TestProfilesAgainstTheLab(t *testing.T) {
	dir := shared.Dir(t, "captures")
	for benign, attack := range map[string]string{
		"m2m/lab-mqtt-benign.pcap":      "m2m/lab-mqtt-attack.pcap",
		"m2m/lab-coap-benign.pcap":      "m2m/lab-coap-attack.pcap",
		"botnet/lab-telnet-benign.pcap": "botnet/lab-telnet-bruteforce.pcap",
	} {
		t.Run(filepath.Base(attack), func(t *testing.T) {
			from := func(name string) AnalyzeOptions {
				return AnalyzeOptions{Paths: []string{filepath.Join(dir, name)}, Workers: 1}
			}
			p, err := Propose(context.Background(), ProposeOptions{Analyze: from(benign)})
			if err != nil {
				t.Fatal(err)
			}
			prove := func(name string) *profile.Result {
				r, _, err := Prove(context.Background(), ProveOptions{Analyze: from(name), Policies: p.Policies})
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			if s := prove(benign).Summary; s.WouldBlock != 0 || s.Exchanges == 0 {
				t.Errorf("of what was learned from: %+v", s)
			}
			r := prove(attack)
			if s := r.Summary; s.Exchanges == 0 || float64(s.WouldBlock) < 0.95*float64(s.Exchanges) {
				t.Errorf("of the attack: %+v", s)
			}
			for _, b := range r.Blocked {
				if b.Why == "" || len(b.Samples) == 0 || b.Samples[0].Packet == 0 || b.Samples[0].Capture != filepath.Base(attack) {
					t.Errorf("a block that opens no packet: %+v", b)
				}
			}
		})
	}
}
