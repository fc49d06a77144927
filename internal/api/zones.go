//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// unassigned is how the service calls the zone of devices that have none.
const unassigned = "unassigned"

func zoneName(zone string) string { return cmp.Or(zone, unassigned) }

func (s *Server) listZones(ctx context.Context, _ *nothing) (*reply[Zones], error) {
	c := who(ctx)
	var doc hub.ZoneDefinitions
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "zones", &doc); err != nil {
		return nil, err
	}
	return s.replyZones(ctx, c, doc.Zones)
}

func (s *Server) replyZones(ctx context.Context, c *caller, zones []hub.Zone) (*reply[Zones], error) {
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, err
	}
	out := Zones{Zones: []hub.Zone{}, Devices: map[string]int{}}
	for _, z := range zones {
		if z.Site == "" || c.sees(z.Site) {
			out.Zones = append(out.Zones, z)
		}
	}
	for _, x := range d.cards {
		out.Devices[zoneName(x.zone)]++
	}
	return ok(out)
}

func (s *Server) setZones(ctx context.Context, in *zonesInput) (*reply[Zones], error) {
	c := who(ctx)
	if len(c.sites) > 0 {
		return nil, refuse(403, "sites", "zones are set by those who look after all sites")
	}
	seen := map[string]bool{}
	for i := range in.Body.Zones {
		z := &in.Body.Zones[i]
		if plain(z.Name) != z.Name || z.Name == hub.Outside || z.Name == unassigned || seen[z.Name] {
			return nil, invalid("the zone " + ident.Clip(plain(z.Name), 60) + " exists twice or has a name that cannot be")
		}
		seen[z.Name] = true
		if err := checkNetworks(z.Networks); err != nil {
			return nil, err
		}
		for j, m := range z.MACs {
			v, err := ident.ParseMAC(m)
			if err != nil {
				return nil, invalid(ident.Clip(plain(m), 40) + " is no MAC address")
			}
			z.MACs[j] = v.String()
		}
		for _, v := range z.VLANs {
			if v < 1 || v > 4094 {
				return nil, invalid(strconv.Itoa(v) + " is no VLAN")
			}
		}
	}
	if err := s.save(ctx, c.tenant, hub.SettingsKind, "zones", hub.ZoneDefinitions{Zones: in.Body.Zones}); err != nil {
		return nil, err
	}
	c.detail = strconv.Itoa(len(in.Body.Zones)) + " zones"
	return s.replyZones(ctx, c, in.Body.Zones)
}

// zonePairs gives the pairs of a time with the zones of both ends.
func (s *Server) zonePairs(ctx context.Context, c *caller, span Span, sites []string) ([]Pair, int64, int64, error) {
	from, to, err := s.between(span, graphDays)
	if err != nil {
		return nil, 0, 0, err
	}
	sensors, err := s.sensorsOf(ctx, c, nil, sites)
	if err != nil {
		return nil, 0, 0, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, 0, 0, err
	}
	rows, err := s.pairs(ctx, hub.RollupFilter{Tenant: c.tenant, Sensors: sensors, From: from, To: to}, d)
	if err != nil {
		return nil, 0, 0, err
	}
	zone := func(id string) string {
		if x, device := d.cards[id]; device {
			return zoneName(x.zone)
		}
		return hub.Outside
	}
	out := make([]Pair, 0, len(rows))
	for _, p := range rows {
		out = append(out, Pair{p.from, d.label(p.from), zone(p.from), p.to, d.label(p.to), zone(p.to), p.protocol, p.port, p.Flows, p.BytesOut, p.BytesIn})
	}
	return out, from, to, nil
}

func (s *Server) matrix(ctx context.Context, in *matrixQuery) (*reply[Matrix], error) {
	c := who(ctx)
	pairs, from, to, err := s.zonePairs(ctx, c, in.Span, in.Sites)
	if err != nil {
		return nil, err
	}
	var doc hub.ZoneDefinitions
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "zones", &doc); err != nil {
		return nil, err
	}
	m := Matrix{From: Time(from), To: Time(to), Zones: []string{}, Cells: []MatrixCell{}}
	for _, z := range doc.Zones {
		if z.Site == "" || c.sees(z.Site) {
			m.Zones = append(m.Zones, z.Name)
		}
	}
	type ends struct{ from, to string }
	cells := map[[2]string]*MatrixCell{}
	seen := map[[2]string]map[ends]bool{}
	for _, p := range pairs {
		k := [2]string{p.FromZone, p.ToZone}
		x := cells[k]
		if x == nil {
			x = &MatrixCell{From: k[0], To: k[1], Protocols: []string{}}
			cells[k], seen[k] = x, map[ends]bool{}
		}
		seen[k][ends{p.From, p.To}] = true
		x.Flows += p.Flows
		x.BytesOut += p.BytesOut
		x.BytesIn += p.BytesIn
		x.Protocols = addTo(x.Protocols, p.Protocol, 12)
	}
	for k, x := range cells {
		x.Pairs = len(seen[k])
		m.Cells = append(m.Cells, *x)
		for _, z := range k {
			if z != hub.Outside && z != unassigned {
				m.Zones = addTo(m.Zones, z, 1000)
			}
		}
	}
	slices.Sort(m.Zones)
	m.Zones = append(m.Zones, unassigned, hub.Outside)
	slices.SortFunc(m.Cells, func(a, b MatrixCell) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return ok(m)
}

func (s *Server) listPairs(ctx context.Context, in *pairQuery) (*reply[Page[Pair]], error) {
	pairs, _, _, err := s.zonePairs(ctx, who(ctx), in.Span, in.Sites)
	if err != nil {
		return nil, err
	}
	pairs = slices.DeleteFunc(pairs, func(p Pair) bool {
		return in.FromZone != "" && p.FromZone != in.FromZone || in.ToZone != "" && p.ToZone != in.ToZone || in.Protocol != "" && p.Protocol != in.Protocol
	})
	p := Page[Pair]{Total: len(pairs)}
	at := min(in.Offset, len(pairs))
	p.Items = pairs[at:min(at+in.Limit, len(pairs))]
	return ok(p)
}
