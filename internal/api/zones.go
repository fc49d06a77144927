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
	for _, x := range d {
		out.Devices[zoneName(x.Zone)]++
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

// pairFilter begins a filter of the pairs that the caller may see.
func (s *Server) pairFilter(ctx context.Context, c *caller, span Span, sites []string) (hub.PairFilter, error) {
	from, to, err := s.between(span, graphDays)
	if err != nil {
		return hub.PairFilter{}, err
	}
	sensors, err := s.sensorsOf(ctx, c, nil, sites)
	return hub.PairFilter{Tenant: c.tenant, Sensors: sensors, Sites: c.only(nil), From: from, To: to}, err
}

func (s *Server) matrix(ctx context.Context, in *matrixQuery) (*reply[Matrix], error) {
	c := who(ctx)
	f, err := s.pairFilter(ctx, c, in.Span, in.Sites)
	if err != nil {
		return nil, err
	}
	cells, err := s.Zones.ZoneMatrix(ctx, f)
	if err != nil {
		return nil, err
	}
	var doc hub.ZoneDefinitions
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "zones", &doc); err != nil {
		return nil, err
	}
	m := Matrix{From: Time(f.From), To: Time(f.To), Zones: []string{}, Cells: []MatrixCell{}}
	for _, z := range doc.Zones {
		if z.Site == "" || c.sees(z.Site) {
			m.Zones = append(m.Zones, z.Name)
		}
	}
	what, err := s.saidOf(ctx, c, f)
	if err != nil {
		return nil, err
	}
	for _, x := range cells {
		for _, z := range []string{x.From, x.To} {
			if z != hub.Outside && z != "" {
				m.Zones = addTo(m.Zones, z, 1000)
			}
		}
		cell := MatrixCell{From: zoneName(x.From), To: zoneName(x.To), Pairs: x.Pairs, Flows: x.Flows, BytesOut: x.BytesOut, BytesIn: x.BytesIn, Protocols: list(x.Protocols)}
		said := what[[2]string{cell.From, cell.To}]
		if cell.Policy = said.word(); said != nil {
			cell.WouldBlock, cell.Open, cell.Unsaid = said.blocked, said.open, said.unsaid
		}
		m.Cells = append(m.Cells, cell)
	}
	slices.Sort(m.Zones)
	m.Zones = append(m.Zones, unassigned, hub.Outside)
	slices.SortFunc(m.Cells, func(a, b MatrixCell) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return ok(m)
}

func (s *Server) listPairs(ctx context.Context, in *pairQuery) (*reply[Page[Pair]], error) {
	c := who(ctx)
	f, err := s.pairFilter(ctx, c, in.Span, in.Sites)
	if err != nil {
		return nil, err
	}
	f.FromZone, f.ToZone, f.Protocol, f.Limit, f.Offset = zoneAsked(in.FromZone), zoneAsked(in.ToZone), in.Protocol, in.Limit, in.Offset
	found, total, err := s.Zones.Pairs(ctx, f)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, x := range found {
		ids = append(ids, x.Source, x.Target)
	}
	d, err := s.named(ctx, c, ids)
	if err != nil {
		return nil, err
	}
	p := Page[Pair]{Items: []Pair{}, Total: total}
	for _, x := range found {
		p.Items = append(p.Items, Pair{
			x.Source, d.label(x.Source), zoneName(x.SourceZone), x.Target, d.label(x.Target), zoneName(x.TargetZone),
			x.Protocol, strconv.Itoa(int(x.Port)), x.Flows, x.BytesOut, x.BytesIn,
		})
	}
	return ok(p)
}

// zoneAsked gives the zone that a query names; nil for all.
func zoneAsked(zone string) *string {
	switch zone {
	case "":
		return nil
	case unassigned:
		zone = ""
	}
	return &zone
}
