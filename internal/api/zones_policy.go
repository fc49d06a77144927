//go:build !sensor

package api

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// matrixPairs bounds the pairs of which a matrix says what profiles allow:
// the busiest.
const matrixPairs = 20_000

// said is what profiles say of the flows from one zone to another.
type said struct{ allowed, blocked, open, unsaid uint64 }

// word sums it up.
func (x *said) word() string {
	switch {
	case x == nil || x.allowed+x.blocked+x.open == 0:
		return "unsaid"
	case x.blocked == 0:
		return "allowed"
	case x.allowed+x.open+x.unsaid == 0:
		return "blocked"
	}
	return "mixed"
}

// saidOf judges the pairs of a time by the profiles in force. What roll-ups do
// not keep is not judged: verbs, ceilings and hours. An outsider whose name is
// not known is open where a name might allow it.
func (s *Server) saidOf(ctx context.Context, c *caller, f hub.PairFilter) (map[[2]string]*said, error) {
	all, _, err := s.profiles(ctx, c)
	if err != nil {
		return nil, err
	}
	set, err := broad(all, s.now())
	if err != nil || set.Len() == 0 {
		return nil, err
	}
	f.Limit = matrixPairs
	pairs, _, err := s.Zones.Pairs(ctx, f)
	if err != nil {
		return nil, err
	}
	h, err := s.hosts(ctx, c)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*asset.Device, len(h.devices))
	for _, d := range h.devices {
		known[d.ID] = d
	}
	judge := profile.NewEvaluator(set)
	out := map[[2]string]*said{}
	for i := range pairs {
		p := &pairs[i]
		k := [2]string{zoneName(p.SourceZone), zoneName(p.TargetZone)}
		if out[k] == nil {
			out[k] = &said{}
		}
		x := h.exchange(p, known)
		v := judge.Judge(x)
		if v.Judged && !v.Allowed && x.Transport == tcpNumber {
			x.Transport = udpNumber // roll-ups do not keep which of the two it was
			v = judge.Judge(x)
		}
		switch {
		case !v.Judged:
			out[k].unsaid += p.Flows
		case v.Open:
			out[k].open += p.Flows
		case v.Allowed:
			out[k].allowed += p.Flows
		default:
			out[k].blocked += p.Flows
		}
	}
	return out, nil
}

const (
	tcpNumber = 6
	udpNumber = 17
)

// broad readies the profiles in force without ceilings and hours.
func broad(all []*policy.Policy, now int64) (*profile.Set, error) {
	var list []*policy.Policy
	for _, p := range all {
		if !p.Holds(now) {
			continue
		}
		x, err := profile.Body(p)
		if err != nil {
			return nil, err
		}
		for i := range x.Lines {
			x.Lines[i].Limits, x.Lines[i].Hours = policy.Limits{}, nil
		}
		wide := *p
		if err := profile.Envelope(&wide, x); err != nil {
			return nil, err
		}
		list = append(list, &wide)
	}
	return profile.Compile(list, profile.Options{})
}

// exchange makes one flow of a pair.
func (h *hosts) exchange(p *hub.Pair, known map[string]*asset.Device) *profile.Exchange {
	x := &profile.Exchange{
		Time: int64(12 * time.Hour), Weight: 1, Client: h.side(p.Source, known), Server: h.side(p.Target, known), Transport: tcpNumber,
		ClientPort: 49152, ServerPort: p.Port, Protocol: event.ProtoByName(p.Protocol), BytesOut: 1, BytesIn: 1,
	}
	if d := known[p.Source]; d != nil && !x.Server.Home {
		for i := range d.Peers {
			if n := d.Peers[i].Name; n != "" && d.Peers[i].Address.Unmap() == x.Server.Addr {
				x.Server.Names = append(x.Server.Names, n)
			}
		}
	}
	x.Unnamed = len(x.Server.Names) == 0
	return x
}

func (h *hosts) side(id string, known map[string]*asset.Device) profile.Side {
	d := known[id]
	if d == nil {
		a, _ := netip.ParseAddr(id) // a device that the caller may not see has none
		return profile.Side{Addr: a.Unmap(), Home: a.IsValid() && h.Home(ident.Place{}, a.Unmap())}
	}
	s := profile.Side{Device: d.ID, Home: true, Names: d.Names, Zone: d.Zone, Vendor: d.Vendor.Value, MUD: d.MUD}
	if len(d.Addresses) > 0 {
		s.Addr = d.Addresses[0].Unmap()
	}
	if len(d.MACs) > 0 {
		s.MAC = d.MACs[0]
	}
	if len(d.Hosts) > 0 {
		s.Host = d.Hosts[0]
	}
	for role, bit := range map[string]profile.Roles{"gateway": profile.Gateway, "resolver": profile.Resolver, "dhcp-server": profile.DHCPServer, "ntp-server": profile.TimeServer} {
		if slices.Contains(d.Roles, role) {
			s.Roles |= bit
		}
	}
	return s
}
