//go:build !sensor

package state

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/hub"
)

// pairEnds are the two of a pair.
type pairEnds struct{ from, to string }

// ZoneMatrix gives the traffic between zones.
func (s *Store) ZoneMatrix(ctx context.Context, f hub.PairFilter) ([]hub.ZoneCell, error) {
	type cell struct{ from, to string }
	cells := map[cell]*hub.ZoneCell{}
	seen := map[pairEnds]bool{}
	err := s.eachPair(ctx, &f, func(p *hub.Pair) {
		c := cells[cell{p.SourceZone, p.TargetZone}]
		if c == nil {
			c = &hub.ZoneCell{From: p.SourceZone, To: p.TargetZone}
			cells[cell{c.From, c.To}] = c
		}
		if ends := (pairEnds{p.Source, p.Target}); !seen[ends] {
			seen[ends] = true
			c.Pairs++
		}
		c.Protocols = addProtocol(c.Protocols, p.Protocol)
		c.Flows += p.Flows
		c.BytesOut += p.BytesOut
		c.BytesIn += p.BytesIn
	})
	out := make([]hub.ZoneCell, 0, len(cells))
	for _, c := range cells {
		slices.Sort(c.Protocols)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b hub.ZoneCell) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out, err
}

// Pairs gives a page of pairs, the busiest first.
func (s *Store) Pairs(ctx context.Context, f hub.PairFilter) ([]hub.Pair, int, error) {
	type key struct {
		pairEnds
		protocol string
		port     uint16
	}
	at := map[key]int{} // merged devices may have brought the same pair twice
	var all []hub.Pair
	err := s.eachPair(ctx, &f, func(p *hub.Pair) {
		k := key{pairEnds{p.Source, p.Target}, p.Protocol, p.Port}
		i, known := at[k]
		if !known {
			at[k] = len(all)
			all = append(all, *p)
			return
		}
		all[i].Flows += p.Flows
		all[i].BytesOut += p.BytesOut
		all[i].BytesIn += p.BytesIn
	})
	slices.SortFunc(all, func(a, b hub.Pair) int {
		return cmp.Or(cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port))
	})
	return part(all, f.Limit, f.Offset), len(all), err
}

// Links gives the busiest links.
func (s *Store) Links(ctx context.Context, f hub.PairFilter) ([]hub.Link, int, error) {
	at := map[pairEnds]int{}
	var all []hub.Link
	err := s.eachPair(ctx, &f, func(p *hub.Pair) {
		i, known := at[pairEnds{p.Source, p.Target}]
		if !known {
			i = len(all)
			at[pairEnds{p.Source, p.Target}] = i
			all = append(all, hub.Link{Source: p.Source, Target: p.Target})
		}
		l := &all[i]
		l.Protocols = addProtocol(l.Protocols, p.Protocol)
		l.Flows += p.Flows
		l.BytesOut += p.BytesOut
		l.BytesIn += p.BytesIn
	})
	for i := range all {
		slices.Sort(all[i].Protocols)
	}
	slices.SortFunc(all, func(a, b hub.Link) int {
		return cmp.Or(cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target))
	})
	return part(all, f.Limit, f.Offset), len(all), err
}

func part[T any](all []T, limit, offset int) []T {
	if limit <= 0 {
		limit = defaultLimit
	}
	offset = min(max(offset, 0), len(all))
	return all[offset:min(offset+limit, len(all))]
}

func addProtocol(list []string, name string) []string {
	if name == "" || len(list) >= hub.MaxLinkProtocols || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// eachPair calls back with the pairs of a filter, which are good for the call
// only.
func (s *Store) eachPair(ctx context.Context, f *hub.PairFilter, each func(*hub.Pair)) error {
	aliases, err := s.aliases(ctx, f.Tenant)
	if err != nil {
		return err
	}
	cards, err := s.Cards(ctx, hub.CardFilter{Tenant: f.Tenant, Sites: f.Sites})
	if err != nil {
		return err
	}
	zones := make(map[string]string, len(cards))
	for _, c := range cards {
		zones[c.ID] = c.Zone
	}
	near := map[string]bool{}
	if f.Device != "" {
		near[f.Device] = true
	}
	if f.Device != "" && f.Depth > 1 {
		// Addresses are no way on: a server that everybody uses would bring
		// everybody.
		err := s.readPairs(ctx, f, formers(f.Device, aliases), aliases, func(p *hub.Pair) {
			for _, id := range []string{p.Source, p.Target} {
				if _, device := zones[id]; device && (p.Source == f.Device || p.Target == f.Device) {
					near[id] = true
				}
			}
		})
		if err != nil {
			return err
		}
	}
	var of []string
	if len(near) == 1 {
		of = formers(f.Device, aliases)
	}
	return s.readPairs(ctx, f, of, aliases, func(p *hub.Pair) {
		var seen, also bool
		p.SourceZone, seen = zoneOf(p.Source, zones)
		p.TargetZone, also = zoneOf(p.Target, zones)
		if seen && also && (len(near) == 0 || near[p.Source] || near[p.Target]) && wanted(f, p) {
			each(p)
		}
	})
}

// zoneOf gives the zone of one end of a pair, and whether it may be shown.
func zoneOf(end string, zones map[string]string) (string, bool) {
	if zone, device := zones[end]; device {
		return zone, true
	}
	_, err := netip.ParseAddr(end)
	return hub.Outside, err == nil
}

// wanted reports whether a pair fits the rest of a filter.
func wanted(f *hub.PairFilter, p *hub.Pair) bool {
	return (f.FromZone == nil || p.SourceZone == *f.FromZone) && (f.ToZone == nil || p.TargetZone == *f.ToZone) && (f.Protocol == "" || p.Protocol == f.Protocol) &&
		(len(f.Zones) == 0 || slices.Contains(f.Zones, p.SourceZone) || slices.Contains(f.Zones, p.TargetZone))
}

// readPairs reads the sums of pairs in a time, with the devices that their
// ends have become. With a list of devices it reads those whose keys name one.
func (s *Store) readPairs(ctx context.Context, f *hub.PairFilter, of []string, aliases map[string]string, each func(*hub.Pair)) error {
	query, args := s.pairQuery(f, of)
	return s.find(ctx, query, args, func(rows *sql.Rows) error {
		var key string
		var p hub.Pair
		if err := rows.Scan(&key, &p.Flows, &p.BytesOut, &p.BytesIn); err != nil {
			return err
		}
		if splitPair(key, &p) {
			for _, end := range []*string{&p.Source, &p.Target} {
				if to, ok := aliases[*end]; ok {
					*end = to
				}
			}
			each(&p)
		}
		return nil
	})
}

// splitPair takes a key apart, see hub.PairKey. What found no room in its hour
// is no pair.
func splitPair(key string, p *hub.Pair) bool {
	source, rest, ok1 := strings.Cut(key, "|")
	target, rest, ok2 := strings.Cut(rest, "|")
	protocol, port, ok3 := strings.Cut(rest, "|")
	n, err := strconv.ParseUint(port, 10, 16)
	p.Source, p.Target, p.Protocol, p.Port = source, target, protocol, uint16(n)
	return ok1 && ok2 && ok3 && err == nil
}

// pairQuery writes the question for the sums of pairs.
func (s *Store) pairQuery(f *hub.PairFilter, of []string) (string, []any) {
	var parts []string
	var args []any
	for _, x := range pairSpans(f.From, f.To) {
		w := &where{}
		w.add("tenant = ?", f.Tenant)
		w.add("dimension = ?", x.dimension)
		if x.from != 0 {
			w.add("hour >= ?", x.from)
		}
		if x.to != 0 {
			w.add("hour < ?", x.to)
		}
		w.sites("sensor", f.Sensors)
		var some []string
		for _, id := range of[:min(len(of), inPiece)] {
			some = append(some, s.contains("name"))
			w.args = append(w.args, id)
		}
		if some != nil {
			w.conditions = append(w.conditions, "("+strings.Join(some, " OR ")+")")
		}
		parts = append(parts, "SELECT name, flows, bytes_out, bytes_in FROM rollups"+w.String())
		args = append(args, w.args...)
	}
	return "SELECT name, SUM(flows), SUM(bytes_out), SUM(bytes_in) FROM (" + strings.Join(parts, " UNION ALL ") + ") AS r GROUP BY name", args
}

// contains writes the condition that a column has a text in it.
func (s *Store) contains(column string) string {
	if s.d.postgres() {
		return "strpos(" + column + ", ?) > 0"
	}
	return "instr(" + column + ", ?) > 0"
}
