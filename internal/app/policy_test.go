//go:build !sensor

package app

import (
	"context"
	"path/filepath"
	"testing"

	"edgeward/internal/judge/profile"
	"edgeward/internal/shared"
)

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
