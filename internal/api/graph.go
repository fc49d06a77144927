//go:build !sensor

package api

import (
	"context"
	"net/netip"
	"slices"
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
	f, err := s.pairFilter(ctx, c, in.Span, in.Sites)
	if err != nil {
		return nil, err
	}
	f.Device, f.Depth, f.Zones, f.Limit = in.Device, in.Depth, in.Zones, in.Limit
	links, total, err := s.Zones.Links(ctx, f)
	if err != nil {
		return nil, err
	}
	var ids []string
	g := Graph{Nodes: []GraphNode{}, Edges: []GraphEdge{}, More: total - len(links)}
	for _, l := range links {
		g.Edges = append(g.Edges, GraphEdge{l.Source, l.Target, list(l.Protocols), l.Flows, l.BytesOut, l.BytesIn})
		for _, id := range []string{l.Source, l.Target} {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	d, err := s.named(ctx, c, slices.Clone(ids))
	if err != nil {
		return nil, err
	}
	inside := s.inside(ctx, c)
	for _, id := range ids {
		card, device := d[id]
		g.Nodes = append(g.Nodes, GraphNode{ID: id, Label: d.label(id), Device: device, Home: device || inside(id), Type: card.Type, Zone: card.Zone, Risk: card.Risk})
	}
	return ok(g)
}

// inside gives a test for addresses in networks of ours.
func (s *Server) inside(ctx context.Context, c *caller) func(address string) bool {
	named := func(netip.Addr) bool { return false }
	if s.Home != nil {
		named = s.Home(ctx, c.tenant)
	}
	return func(address string) bool {
		a, err := netip.ParseAddr(address)
		return err == nil && (a.IsPrivate() || a.IsLinkLocalUnicast() || named(a))
	}
}
