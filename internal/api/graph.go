//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"

	"edgeward/internal/hub"
)

// graphDays bounds the time of a graph.
const graphDays = 31

func (s *Server) graph(ctx context.Context, in *graphQuery) (*reply[Graph], error) {
	c := who(ctx)
	if in.Device != "" {
		if _, err := s.device(ctx, c, in.Device); err != nil {
			return nil, err
		}
	}
	from, to, err := s.between(in.Span, graphDays)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsOf(ctx, c, nil, in.Sites)
	if err != nil {
		return nil, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, err
	}
	all, err := s.pairs(ctx, hub.RollupFilter{Tenant: c.tenant, Sensors: sensors, From: from, To: to}, d)
	if err != nil {
		return nil, err
	}
	if len(in.Zones) > 0 {
		inside := func(id string) bool { return slices.Contains(in.Zones, d.cards[id].zone) }
		all = slices.DeleteFunc(all, func(p pair) bool { return !inside(p.from) && !inside(p.to) })
	}
	if in.Device != "" {
		all = around(all, in.Device, in.Depth)
	}
	return ok(draw(all, d, in.Limit))
}

// around keeps the pairs that are at most so many steps from a device. Nodes
// of the second step are reached through devices only: an outside server that
// everybody uses would bring everybody.
func around(all []pair, id string, depth int) []pair {
	near := map[string]bool{id: true}
	if depth > 1 {
		for _, p := range all {
			if p.from == id && !isAddress(p.to) {
				near[p.to] = true
			}
			if p.to == id && !isAddress(p.from) {
				near[p.from] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(p pair) bool { return !near[p.from] && !near[p.to] })
}

// draw makes nodes and edges of pairs, one edge for two nodes.
func draw(all []pair, d directory, limit int) Graph {
	g := Graph{Nodes: []GraphNode{}, Edges: []GraphEdge{}}
	edges := map[[2]string]*GraphEdge{}
	for _, p := range all {
		e := edges[[2]string{p.from, p.to}]
		if e == nil {
			e = &GraphEdge{From: p.from, To: p.to, Protocols: []string{}}
			edges[[2]string{p.from, p.to}] = e
		}
		e.Protocols = addTo(e.Protocols, p.protocol, 10)
		e.Flows += p.Flows
		e.BytesOut += p.BytesOut
		e.BytesIn += p.BytesIn
	}
	for _, e := range edges {
		g.Edges = append(g.Edges, *e)
	}
	slices.SortFunc(g.Edges, func(a, b GraphEdge) int {
		return cmp.Or(cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	if len(g.Edges) > limit {
		g.More = len(g.Edges) - limit
		g.Edges = g.Edges[:limit]
	}
	seen := map[string]bool{}
	for _, e := range g.Edges {
		for _, id := range []string{e.From, e.To} {
			if seen[id] {
				continue
			}
			seen[id] = true
			card, device := d.cards[id]
			g.Nodes = append(g.Nodes, GraphNode{ID: id, Label: d.label(id), Device: device, Home: device, Type: card.kind, Zone: card.zone, Risk: card.risk})
		}
	}
	return g
}
