package app

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"edgeward/internal/api"
	"edgeward/internal/app/config"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// TestDrift wants a finding of what a device does that its profile does not
// allow, and none of a device whose profile allows it.
func TestDrift(t *testing.T) {
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	l.Data, l.Listen, l.Bus.Sync = t.TempDir(), "127.0.0.1:0", "interval"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := Analyze(ctx, AnalyzeOptions{Paths: []string{labPath}})
	if err != nil {
		t.Fatal(err)
	}
	var chosen []*asset.Device // two that talk
	for _, d := range report.Devices {
		if len(d.MACs) == 1 && len(d.Addresses) > 0 && d.Packets > 50 && len(chosen) < 2 {
			chosen = append(chosen, d)
		}
	}
	if len(chosen) < 2 {
		t.Fatal("the capture has too few devices")
	}
	strict, open := chosen[0], chosen[1]
	var transports []policy.Line
	for _, direction := range []policy.Direction{policy.Out, policy.In} {
		transports = append(transports, policy.Line{ID: "any-" + string(direction), Direction: direction, Peer: policy.Peer{Kind: policy.PeerAny}})
	}
	err = Run(ctx, RunOptions{Version: "test", Config: &l.Config, Log: quiet(), Prepare: func(_ context.Context, h *Hub) (string, error) {
		defer cancel()
		for id, x := range map[string]*policy.Profile{
			"strict": {Name: "nothing", Members: []policy.Member{{MACs: []string{strict.MACs[0].String()}}}},
			"open":   {Name: "anything", Members: []policy.Member{{MACs: []string{open.MACs[0].String()}}}, Lines: transports},
		} {
			p := &policy.Policy{ID: id, Kind: policy.ForProfile, Mode: policy.Warn, Origin: policy.FromConsole}
			if err := profile.Envelope(p, x); err != nil {
				return "", err
			}
			if err := h.State.PutPolicy(ctx, p); err != nil {
				return "", err
			}
		}
		f, err := os.Open(labPath)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if err := h.captures.Analyze(ctx, 0, &api.Capture{Name: "lab.pcap.gz"}, f); err != nil {
			return "", err
		}
		var found []*finding.Record
		eventually(t, "a finding of the strict profile", func() bool {
			found, _, err = h.State.Findings(ctx, finding.Filter{Checks: []string{driftCheck}, Limit: 100})
			return err != nil || len(found) > 0
		})
		if err != nil {
			return "", err
		}
		for _, f := range found {
			if strings.Contains(f.Explanation, `"open"`) || f.Address == open.Addresses[0].String() {
				t.Errorf("the open profile: %s", f.Explanation)
			}
		}
		one := found[0]
		if one.Device == "" || !strings.Contains(one.Explanation, `"strict"`) || len(one.Evidence) == 0 || one.Count == 0 || len(one.Peers) == 0 {
			t.Errorf("%+v", one)
		}
		return "", nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}
