//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"edgeward/internal/hub"
)

// nodeScan bounds how many nodes a summary looks at.
const nodeScan = 10_000

// eachNode calls back with the nodes of a filter, at most so many.
func (s *Server) eachNode(ctx context.Context, f hub.NodeFilter, most int, each func(hub.Node)) error {
	f.Limit = 1000
	for f.Offset = 0; f.Offset < most; f.Offset += f.Limit {
		found, _, err := s.Nodes.Nodes(ctx, f)
		if err != nil {
			return err
		}
		for _, n := range found {
			each(n)
		}
		if len(found) < f.Limit {
			return nil
		}
	}
	return nil
}

// nodeFilter begins a filter of what the caller may see.
func (s *Server) nodeFilter(ctx context.Context, c *caller) (hub.NodeFilter, error) {
	sensors, err := s.sensorsOf(ctx, c, nil, nil)
	return hub.NodeFilter{Tenant: c.tenant, Sensors: sensors}, err
}

func (s *Server) listServers(ctx context.Context, _ *nothing) (*reply[Page[M2MServer]], error) {
	c := who(ctx)
	f, err := s.nodeFilter(ctx, c)
	if err != nil {
		return nil, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, err
	}
	servers := map[[2]string]*M2MServer{}
	f.Kind = "server"
	err = s.eachNode(ctx, f, 2000, func(n hub.Node) {
		_, device := d[n.Server]
		if !device && !isAddress(n.Server) {
			return
		}
		k := [2]string{n.Server, n.Protocol}
		x := servers[k]
		if x == nil {
			x = &M2MServer{ID: n.Server, Label: d.label(n.Server), Device: device, Protocol: n.Protocol, FirstSeen: Time(n.First)}
			servers[k] = x
		}
		x.Messages += n.Messages
		x.Bytes += n.Bytes
		x.FirstSeen, x.LastSeen = min(x.FirstSeen, Time(n.First)), max(x.LastSeen, Time(n.Last))
	})
	if err != nil {
		return nil, err
	}
	p := Page[M2MServer]{Items: []M2MServer{}}
	for _, x := range servers {
		f.Server, f.Protocol = x.ID, x.Protocol
		for kind, to := range map[string]*int{"client": &x.Clients, "topic": &x.Topics, "subscription": &x.Subscriptions, "resource": &x.Resources, "observer": &x.Observers} {
			f.Kind, f.Limit, f.Offset = kind, 1, 0
			if _, *to, err = s.Nodes.Nodes(ctx, f); err != nil {
				return nil, err
			}
		}
		if x.Subscriptions > 0 {
			f.Kind = "subscription"
			if err := s.eachNode(ctx, f, nodeScan, func(n hub.Node) {
				if wildcard(n.Name) {
					x.Wildcards++
				}
			}); err != nil {
				return nil, err
			}
		}
		p.Items = append(p.Items, *x)
	}
	slices.SortFunc(p.Items, func(a, b M2MServer) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Protocol, b.Protocol))
	})
	p.Total = len(p.Items)
	return ok(p)
}

// wildcard reports whether a topic filter has wildcards (MQTT 5.0, 4.7.1).
func wildcard(filter string) bool {
	for level := range strings.SplitSeq(filter, "/") {
		if level == "+" || level == "#" {
			return true
		}
	}
	return false
}

func (s *Server) listNodes(ctx context.Context, in *nodeQuery) (*reply[Page[M2MNode]], error) {
	c := who(ctx)
	f, err := s.nodeFilter(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.checkServer(ctx, c, in.Server); err != nil {
		return nil, err
	}
	f.Server, f.Protocol, f.Kind, f.Prefix, f.Text, f.Limit, f.Offset = in.Server, in.Protocol, in.Kind, in.Prefix, in.Text, in.Limit, in.Offset
	found, total, err := s.Nodes.Nodes(ctx, f)
	if err != nil {
		return nil, err
	}
	p := Page[M2MNode]{Items: []M2MNode{}, Total: total}
	for _, n := range found {
		if n.Kind == "server" {
			continue
		}
		x := M2MNode{Server: n.Server, Protocol: n.Protocol, Kind: n.Kind, Name: n.Name, Client: n.Client, Messages: n.Messages, Bytes: n.Bytes, Retained: n.Retained,
			Wildcard: n.Kind == "subscription" && wildcard(n.Name), FirstSeen: Time(n.First), LastSeen: Time(n.Last)}
		if minutes := time.Duration(n.Last - n.First).Minutes(); minutes >= 1 {
			x.Rate = round(float64(n.Messages) / minutes)
		}
		p.Items = append(p.Items, x)
	}
	return ok(p)
}

// checkServer wants a server that is a device to be the caller's to see.
func (s *Server) checkServer(ctx context.Context, c *caller, id string) error {
	if id == "" || isAddress(id) {
		return nil
	}
	_, err := s.device(ctx, c, id)
	return err
}

func (s *Server) topicTree(ctx context.Context, in *treeQuery) (*reply[[]TopicBranch], error) {
	c := who(ctx)
	f, err := s.nodeFilter(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.checkServer(ctx, c, in.Server); err != nil {
		return nil, err
	}
	f.Server, f.Protocol, f.Kind, f.Prefix = in.Server, in.Protocol, "topic", in.Path
	if in.Protocol == "coap" {
		f.Kind = "resource"
	}
	branches := map[string]*TopicBranch{}
	err = s.eachNode(ctx, f, nodeScan, func(n hub.Node) {
		rest, found := strings.CutPrefix(n.Name, in.Path)
		if !found {
			return
		}
		name, _, deeper := strings.Cut(rest, "/")
		if name == "" && deeper && in.Path == "" { // topics may begin with a slash, paths do
			inner, _, more := strings.Cut(rest[1:], "/")
			name, deeper = "/"+inner, more
		}
		b := branches[name]
		if b == nil {
			b = &TopicBranch{Name: name, Path: in.Path + name + "/"}
			branches[name] = b
		}
		b.Leaves++
		b.Topic = b.Topic || !deeper
		b.Messages += n.Messages
		b.Bytes += n.Bytes
		b.Retained = b.Retained || n.Retained
		b.LastSeen = max(b.LastSeen, Time(n.Last))
	})
	if err != nil {
		return nil, err
	}
	out := []TopicBranch{}
	for _, b := range branches {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b TopicBranch) int { return cmp.Compare(a.Name, b.Name) })
	return ok(out)
}
