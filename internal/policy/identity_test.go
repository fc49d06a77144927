package policy_test

import (
	"net/netip"
	"testing"

	"edgeward/internal/policy"
)

func TestIdentify(t *testing.T) {
	base := func() policy.Line {
		return policy.Line{
			Direction: policy.Out, Transport: "tcp", Ports: []policy.Range{{First: 443, Last: 443}, {First: 80, Last: 80}}, Protocol: "tls",
			Peer: policy.Peer{Kind: policy.PeerName, Names: []string{"a.example.com", "b.example.com"}, Devices: []policy.Member{{ID: "1", MACs: []string{"02:00:00:00:00:01"}}}},
		}
	}
	line := base()
	want := line.Identify()
	for name, c := range map[string]struct {
		change func(*policy.Line)
		same   bool
	}{
		"the order of names and ports": {func(l *policy.Line) {
			l.Peer.Names[0], l.Peer.Names[1] = l.Peer.Names[1], l.Peer.Names[0]
			l.Ports[0], l.Ports[1] = l.Ports[1], l.Ports[0]
		}, true},
		"what was seen of it": {func(l *policy.Line) {
			l.Evidence.Count, l.Limits.PerHour, l.Verbs = 7, 3, []policy.Verb{{Op: "get"}}
		}, true},
		"the id that a run gave":    {func(l *policy.Line) { l.Peer.Devices[0].ID = "2" }, true},
		"another device":            {func(l *policy.Line) { l.Peer.Devices[0].MACs[0] = "02:00:00:00:00:02" }, false},
		"another port":              {func(l *policy.Line) { l.Ports[0].Last = 444 }, false},
		"ports of the other side":   {func(l *policy.Line) { l.Ports, l.From = nil, l.Ports }, false},
		"the other direction":       {func(l *policy.Line) { l.Direction = policy.In }, false},
		"a network beside the name": {func(l *policy.Line) { l.Peer.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }, false},
	} {
		line := base()
		c.change(&line)
		if got := line.Identify(); (got == want) != c.same {
			t.Errorf("%s: %s beside %s", name, got, want)
		}
	}
}
