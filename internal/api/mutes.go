//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

func (x *Selector) selector() (policy.Selector, error) {
	out := policy.Selector{Checks: x.Checks, Devices: x.Devices, Types: x.Types, Zones: x.Zones, Sites: x.Sites, Tags: x.Tags, Peers: x.Peers}
	if x.AtMost != "" {
		v, err := ident.ParseSeverity(x.AtMost)
		if err != nil {
			return out, invalid(err.Error())
		}
		out.AtMost, out.HasMaximum = v, true
	}
	for _, l := range [][]string{x.Checks, x.Devices, x.Types, x.Zones, x.Sites, x.Tags, x.Peers} {
		for _, v := range l {
			if v == "" || len(v) > 255 || plain(v) != v {
				return out, invalid("a value of a selector has 1 to 255 characters without control characters")
			}
		}
	}
	return out, nil
}

func selectorOf(x *policy.Selector) Selector {
	out := Selector{Checks: x.Checks, Devices: x.Devices, Types: x.Types, Zones: x.Zones, Sites: x.Sites, Tags: x.Tags, Peers: x.Peers}
	if x.HasMaximum {
		out.AtMost = x.AtMost.String()
	}
	return out
}

// within keeps a selector to the caller's sites.
func (c *caller) within(x *policy.Selector) {
	if len(c.sites) > 0 {
		x.Sites = c.only(x.Sites)
	}
}

// touches reports whether a policy is about nothing but the caller's sites.
func (c *caller) touches(p *policy.Policy) bool {
	return len(c.sites) == 0 || len(p.Selector.Sites) > 0 && !slices.ContainsFunc(p.Selector.Sites, func(x string) bool { return !c.sees(x) })
}

func (s *Server) policyOf(p *policy.Policy, hides int) Policy {
	return Policy{
		ID: p.ID, Revision: p.Revision, Selector: selectorOf(&p.Selector), From: Time(p.From), Expires: Time(p.Expires), Active: p.Holds(s.now()),
		Origin: string(p.Origin), Created: Time(p.Created), Author: p.Author, Note: p.Note, Hides: hides,
	}
}

func (s *Server) listPolicies(kind policy.Kind) func(context.Context, *policyQuery) (*reply[Page[Policy]], error) {
	return func(ctx context.Context, in *policyQuery) (*reply[Page[Policy]], error) {
		c := who(ctx)
		found, err := s.Policies.Policies(ctx, policy.Filter{Tenant: c.tenant, Kind: kind, Now: s.now(), Active: in.Active})
		if err != nil {
			return nil, err
		}
		hides, err := s.hidden(ctx, c, kind)
		if err != nil {
			return nil, err
		}
		p := Page[Policy]{Items: []Policy{}}
		for _, x := range found {
			// One without sites is about all, and so about the caller's too.
			if len(x.Selector.Sites) > 0 && len(c.sites) > 0 && !slices.ContainsFunc(x.Selector.Sites, c.sees) {
				continue
			}
			p.Items = append(p.Items, s.policyOf(x, hides[x.ID]))
		}
		slices.SortFunc(p.Items, func(a, b Policy) int { return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(a.ID, b.ID)) })
		p.Total = len(p.Items)
		return ok(p)
	}
}

// hiddenScan bounds how many findings are counted by what hides them.
const hiddenScan = 10_000

// hidden counts the findings that the caller may see by the mute that hides
// them, or the window that they fell into.
func (s *Server) hidden(ctx context.Context, c *caller, kind policy.Kind) (map[string]int, error) {
	n := map[string]int{}
	f := finding.Filter{Tenant: c.tenant, Sites: c.only(nil)}
	if kind == policy.Mute {
		yes := true
		f.Muted = &yes
	}
	err := s.eachFinding(ctx, f, hiddenScan, func(r *finding.Record) error {
		if kind == policy.Mute {
			n[r.Mute]++
		} else {
			n[r.Expected]++
		}
		return nil
	})
	return n, err
}

func (s *Server) createPolicy(kind policy.Kind) func(context.Context, *policyInput) (*reply[Policy], error) {
	return func(ctx context.Context, in *policyInput) (*reply[Policy], error) {
		return s.putPolicy(ctx, &policy.Policy{Kind: kind, Mode: policy.Enforce, Origin: policy.FromConsole, Created: s.now()}, in.Body)
	}
}

func (s *Server) editPolicy(kind policy.Kind) func(context.Context, *policyChange) (*reply[Policy], error) {
	return func(ctx context.Context, in *policyChange) (*reply[Policy], error) {
		p, err := s.policy(ctx, kind, in.ID)
		if err != nil {
			return nil, err
		}
		p.Revision = in.Body.Revision
		return s.putPolicy(ctx, p, in.Body)
	}
}

// policy gives one that the caller may change.
func (s *Server) policy(ctx context.Context, kind policy.Kind, id string) (*policy.Policy, error) {
	c := who(ctx)
	p, err := s.Policies.Policy(ctx, c.tenant, id)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown(string(kind))
	}
	if err != nil {
		return nil, err
	}
	if p.Kind != kind || !c.touches(p) {
		return nil, unknown(string(kind))
	}
	if p.Origin == policy.FromFile {
		return nil, refuse(409, "conflict", "this comes from a file: change it there")
	}
	return p, nil
}

func (s *Server) putPolicy(ctx context.Context, p *policy.Policy, in PolicyInput) (*reply[Policy], error) {
	c := who(ctx)
	sel, err := in.Selector.selector()
	if err != nil {
		return nil, err
	}
	if sel.Empty() {
		return nil, invalid("say what it is about: a selector without anything would be about everything")
	}
	c.within(&sel)
	if in.Expires != 0 && (int64(in.Expires) <= s.now() || in.Expires <= in.From) {
		return nil, invalid("it would be over before it begins")
	}
	if p.Kind == policy.Maintenance && in.Expires == 0 {
		return nil, invalid("a maintenance window has an end")
	}
	p.Tenant, p.Selector, p.From, p.Expires, p.Note, p.Author = c.tenant, sel, int64(in.From), int64(in.Expires), in.Note, c.name
	if err := s.Policies.PutPolicy(ctx, p); err != nil {
		return nil, err
	}
	c.object, c.detail = p.ID, ident.Clip(p.Note, 200)
	hides, err := s.hidden(ctx, c, p.Kind)
	if err != nil {
		return nil, err
	}
	return ok(s.policyOf(p, hides[p.ID]))
}

func (s *Server) deletePolicy(kind policy.Kind) func(context.Context, *ByID) (*none, error) {
	return func(ctx context.Context, in *ByID) (*none, error) {
		p, err := s.policy(ctx, kind, in.ID)
		if err != nil {
			return nil, err
		}
		return &none{}, s.Policies.DeletePolicy(ctx, p.Tenant, p.ID)
	}
}

// previewSample is how many findings a preview shows.
const previewSample = 20

func (s *Server) previewMute(ctx context.Context, in *previewInput) (*reply[Preview], error) {
	c := who(ctx)
	sel, err := in.Body.selector()
	if err != nil {
		return nil, err
	}
	if s.Mutes == nil {
		return nil, away("the preview")
	}
	c.within(&sel)
	n, sample, err := s.Mutes.PreviewMute(ctx, c.tenant, sel, previewSample)
	if err != nil {
		return nil, err
	}
	p := Preview{Total: n, Sample: []Finding{}}
	for _, r := range sample {
		p.Sample = append(p.Sample, findingOf(r))
	}
	return ok(p)
}
