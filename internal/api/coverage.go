//go:build !sensor

package api

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"edgeward/internal/finding"
	"edgeward/internal/hub"
)

// lossGaps says what each counter of loss means for what can be seen.
var lossGaps = []struct{ counter, area, severity, title, why, remedy string }{
	{"kernel_drops", "loss", "medium", "Packets were dropped", "the machine was too slow for the traffic, so whole packets are missing", "give the sensor more processors, or less traffic with a filter"},
	{"one_sided", "direction", "medium", "Conversations are seen in one direction only", "the mirror passes on one direction, or the two take different ways", "mirror both directions of the port"},
	{"gap_bytes", "loss", "low", "Parts of streams are missing", "packets were lost on the way to the sensor, and parsers had to skip", "look for drops at the mirror port of the switch"},
	{"snapped", "loss", "medium", "Packets are cut", "the capture keeps only the beginning of each packet", "raise the snap length of the capture"},
	{"undecoded", "protocol", "low", "Frames could not be decoded", "they are of a kind that is not known here", "see which link type or tunnel the mirror adds"},
	{"flows_evicted", "loss", "low", "Conversations were forgotten early", "the memory for conversations was full", "raise --memory of the sensor"},
	{"streams_without_memory", "loss", "low", "Streams were not read", "the memory for streams was full", "raise --memory of the sensor"},
	{"findings_over_limit", "loss", "medium", "Findings were left out", "there were more findings than the bound", "resolve what causes them"},
}

func (s *Server) coverage(ctx context.Context, _ *nothing) (*reply[Coverage], error) {
	c := who(ctx)
	o := Coverage{Networks: []Network{}, Gaps: []Gap{}}
	sensors, err := s.visibleSensors(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, x := range sensors {
		if x.Revoked {
			continue
		}
		o.Sensors++
		link := Link{Screen: "sensors", ID: x.ID}
		if s.state(x) == "silent" {
			o.Silent++
			o.Gaps = append(o.Gaps, Gap{"sensor-silent-" + x.ID, "sensor", "high", "A sensor is silent", "nothing was heard of it for two minutes or more", "see whether it runs and reaches the hub", x.Name, 1, link})
		}
		if x.Packets == 0 && x.Facts == 0 && x.Seen != 0 {
			o.Gaps = append(o.Gaps, Gap{"sensor-blind-" + x.ID, "sensor", "high", "A sensor sees no packets", "its interface gets no traffic", "choose another interface, or set up a mirror port", x.Name, 1, link})
		}
		for _, g := range lossGaps {
			if n := x.Loss[g.counter]; n > 0 {
				o.Gaps = append(o.Gaps, Gap{g.counter + "-" + x.ID, g.area, g.severity, g.title, g.why, g.remedy, x.Name, n, link})
			}
		}
	}
	if o.Sensors == 0 {
		o.Gaps = append(o.Gaps, Gap{"no-sensors", "sensor", "high", "No sensor reports", "nothing can be seen without one", "start one with edgeward sensor --hub", "", 0, Link{Screen: "sensors"}})
	}
	if err := s.networkGaps(ctx, c, &o); err != nil {
		return nil, err
	}
	found, err := s.findingPage(ctx, finding.Filter{Tenant: c.tenant, Sites: c.only(nil), Checks: []string{"visibility.*"}, Statuses: openOnly, Sort: "-severity", Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, f := range found.Items {
		o.Gaps = append(o.Gaps, Gap{f.ID, "network", f.Severity, f.Title, f.Explanation, f.Remedy, cmp.Or(f.DeviceLabel, f.Address), f.Count, Link{Screen: "finding", ID: f.ID}})
	}
	slices.SortStableFunc(o.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(severityRank(b.Severity), severityRank(a.Severity)), cmp.Compare(a.ID, b.ID))
	})
	return ok(o)
}

// networkGaps says which home networks were seen, and how much of what was
// seen is not understood.
func (s *Server) networkGaps(ctx context.Context, c *caller, o *Coverage) error {
	var home hub.HomeNetworks
	var sites hub.Sites
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "home", &home); err != nil {
		return err
	}
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "sites", &sites); err != nil {
		return err
	}
	networks := map[netip.Prefix]*Network{}
	add := func(text, site string) {
		if p, err := netip.ParsePrefix(text); err == nil && networks[p] == nil {
			networks[p] = &Network{Prefix: p.String(), Site: site, Configured: true}
		}
	}
	if len(c.sites) == 0 {
		for _, n := range home.Networks {
			add(n, "")
		}
	}
	for _, x := range sites.Sites {
		if c.sees(x.Name) {
			for _, n := range x.Networks {
				add(n, x.Name)
			}
		}
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return err
	}
	unknown, learning := 0, 0
	for _, x := range d {
		unknown += b2i(x.Type == notKnown)
		learning += b2i(x.Learning)
	}
	if err := s.countNetworks(ctx, c, d, networks); err != nil {
		return err
	}
	for _, n := range networks {
		o.Networks = append(o.Networks, *n)
		if n.Configured && n.Devices == 0 {
			o.Gaps = append(o.Gaps, Gap{"network-" + n.Prefix, "network", "medium", "A home network was never seen", "no sensor sees traffic of it", "put a sensor there, or mirror its VLAN", n.Prefix, 0, Link{Screen: "settings"}})
		}
	}
	slices.SortFunc(o.Networks, func(a, b Network) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.Prefix, b.Prefix))
	})
	if unknown > 0 {
		o.Gaps = append(o.Gaps, Gap{"devices-unknown", "device", "low", "Devices of unknown type", fmt.Sprintf("of %d devices, %d say too little about themselves", len(d), unknown), "set their type, or import them from a list", "", uint64(unknown), Link{Screen: "devices", Filter: map[string]string{"type": notKnown}}})
	}
	if learning > 0 {
		o.Gaps = append(o.Gaps, Gap{"devices-learning", "device", "info", "Devices are still being learned", "what is unusual for them is not known yet", "wait: a device is known after some days with traffic", "", uint64(learning), Link{Screen: "devices"}})
	}
	return nil
}

// countNetworks counts the devices of each network, once for every network in
// which they have addresses. What nobody configured is parted as it mostly is.
func (s *Server) countNetworks(ctx context.Context, c *caller, d directory, networks map[netip.Prefix]*Network) error {
	addresses, err := s.Devices.Addresses(ctx, c.tenant, nil)
	if err != nil {
		return err
	}
	type member struct {
		device  string
		network netip.Prefix
	}
	counted := map[member]bool{}
	for _, x := range addresses {
		card, seen := d[x.Device]
		a, err := netip.ParseAddr(x.Address)
		if !seen || err != nil || a.IsLinkLocalUnicast() {
			continue
		}
		at := netip.Prefix{}
		for p, n := range networks {
			if n.Configured && p.Contains(a) && (!at.IsValid() || p.Bits() > at.Bits()) {
				at = p
			}
		}
		if !at.IsValid() {
			bits := 24
			if a.Is6() {
				bits = 64
			}
			at, _ = a.Prefix(bits) // bits fit the family
			if networks[at] == nil {
				networks[at] = &Network{Prefix: at.String(), Site: card.Site}
			}
		}
		if k := (member{x.Device, at}); !counted[k] {
			counted[k] = true
			networks[at].Devices++
		}
	}
	return nil
}
