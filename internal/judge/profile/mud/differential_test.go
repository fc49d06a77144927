package mud_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/policy"
)

// TestVerdictsOfFiles judges exchanges at random by profiles at random and by
// what is left of them when they went through a file: over TCP the verdicts
// are the same, over UDP the file allows what the profile does, and more only
// where a limit says who begins.
func TestVerdictsOfFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 4))
	peers := []policy.Peer{
		{Kind: policy.PeerAny}, {Kind: policy.PeerLocal}, {Kind: policy.PeerMaker}, {Kind: policy.PeerOperators},
		{Kind: policy.PeerName, Names: []string{"a.example", "b.example"}},
		{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28"), netip.MustParsePrefix("2001:db8::/32")}},
		{Kind: policy.PeerMaker, Value: "hubs.example"}, {Kind: policy.PeerModel, Value: "https://hubs.example/hub"},
		{Kind: policy.PeerClass, Value: "urn:example:hub"}, {Kind: policy.PeerRole, Value: policy.RoleResolver},
	}
	const url = "https://lamps.example/lamp"
	resolver := home(5)
	resolver.Roles = profile.Resolver
	others := []profile.Side{
		home(2), announcing(home(3), url), announcing(home(4), "https://hubs.example/hub"), resolver, home(7), home(8),
		outside(1), outside(13, "a.example"), outside(200, "c.example", "b.example"),
	}
	options := profile.Options{
		Classes:   map[string][]policy.Member{"urn:example:hub": {{Addresses: []netip.Addr{home(7).Addr}}}},
		Operators: map[string][]policy.Member{"": {{Addresses: []netip.Addr{home(8).Addr}}}},
	}
	port := func() uint32 { return []uint32{53, 80, 443, 5683, 8883, 40000}[r.IntN(6)] }
	ports := func() (out []policy.Range) {
		for range r.IntN(3) {
			a, b := port(), port()
			out = append(out, policy.Range{First: min(a, b), Last: max(a, b)})
		}
		return out
	}
	evaluator := func(p *policy.Profile) *profile.Evaluator {
		pol := &policy.Policy{ID: "p", Kind: policy.ForProfile}
		if err := profile.Envelope(pol, p); err != nil {
			t.Fatal(err)
		}
		set, err := profile.Compile([]*policy.Policy{pol}, options)
		if err != nil {
			t.Fatal(err)
		}
		return profile.NewEvaluator(set)
	}
	allowed := 0
	for range 60 {
		p := &policy.Profile{Name: "lamp", MUD: &policy.MUD{URL: url}, Members: []policy.Member{{MACs: []string{home(1).MAC.String()}}}}
		for range 1 + r.IntN(6) {
			l := policy.Line{
				Direction: []policy.Direction{policy.Out, policy.In}[r.IntN(2)], Peer: peers[r.IntN(len(peers))], Transport: []string{"tcp", "udp"}[r.IntN(2)], Ports: ports(),
			}
			if r.IntN(4) == 0 {
				l.From = ports()
			}
			l.ID = l.Identify()
			p.Lines = append(p.Lines, l)
		}
		f, limits, err := mud.FromProfile(p, mud.Options{Updated: time.Unix(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		data, err := rewrite(f)
		if err != nil {
			t.Fatal(err)
		}
		if f, err = readStrict(data); err != nil {
			t.Fatal(err)
		}
		through, _ := mud.ToProfile(f)
		through.Members = p.Members
		unclear := false
		for _, l := range limits {
			unclear = unclear || l.What == "who begins"
		}
		before, after := evaluator(p), evaluator(through)
		for range 1000 {
			x := &profile.Exchange{
				Client: home(1), Server: others[r.IntN(len(others))], Transport: []uint8{6, 17}[r.IntN(2)], ClientPort: uint16(port()), ServerPort: uint16(port()), Weight: 1,
			}
			if r.IntN(2) == 0 {
				x.Client, x.Server = x.Server, x.Client
			}
			b, a := before.Judge(x).Allowed, after.Judge(x).Allowed
			if b {
				allowed++
			}
			if a == b || a && x.Transport == 17 && unclear {
				continue
			}
			t.Fatalf("%s:%d -> %s:%d over %d: the profile says %v, the file %v\n%+v\n%+v", x.Client.Addr, x.ClientPort, x.Server.Addr, x.ServerPort, x.Transport, b, a, p.Lines, through.Lines)
		}
	}
	if allowed == 0 {
		t.Error("nothing was allowed")
	}
}
