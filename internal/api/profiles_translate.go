//go:build !sensor

package api

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/output/ruleset"
	"edgeward/internal/output/translate"
	"edgeward/internal/policy"
)

// translated writes the caller's profiles in another format.
func (s *Server) translated(ctx context.Context, in *translateQuery) ([]byte, []policy.Limit, error) {
	c := who(ctx)
	all, _, err := s.profiles(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if len(in.IDs) > 0 {
		for _, id := range in.IDs {
			if !slices.ContainsFunc(all, func(p *policy.Policy) bool { return p.ID == id }) {
				return nil, nil, unknown("profile")
			}
		}
		all = slices.DeleteFunc(all, func(p *policy.Policy) bool { return !slices.Contains(in.IDs, p.ID) })
	}
	o := translate.Options{URL: in.URL, Now: time.Unix(0, s.now()).UTC().Truncate(time.Second)}
	if o.Rules, err = s.network(ctx, c); err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	limits, err := translate.Write(&b, in.To, all, o)
	return b.Bytes(), limits, err
}

// network says what the hub knows beside the profiles: who has which role,
// and what makes a device one of a maker or a model.
func (s *Server) network(ctx context.Context, c *caller) (ruleset.Options, error) {
	var o ruleset.Options
	h, err := s.hosts(ctx, c)
	if err != nil {
		return o, err
	}
	o.Zones = map[string][]netip.Prefix{}
	for _, d := range h.devices {
		m := policy.Member{ID: d.ID, Names: d.Names, Addresses: d.Addresses}
		for _, mac := range d.MACs {
			m.MACs = append(m.MACs, mac.String())
		}
		o.Devices = append(o.Devices, ruleset.Device{Member: m, Vendor: d.Vendor.Value, MUD: d.MUD})
		for _, role := range d.Roles {
			switch role {
			case "gateway":
				o.Gateways = append(o.Gateways, d.Addresses...)
			case "resolver":
				o.Resolvers = append(o.Resolvers, d.Addresses...)
			}
		}
		if d.Zone != "" {
			for _, a := range d.Addresses {
				o.Zones[d.Zone] = append(o.Zones[d.Zone], netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return o, nil
}

func (s *Server) translateProfiles(ctx context.Context, in *translateQuery) (*huma.StreamResponse, error) {
	media, extension, err := translate.Kind(in.To)
	if err != nil {
		return nil, err
	}
	b, _, err := s.translated(ctx, in)
	if err != nil {
		return nil, err
	}
	return file("edgeward-"+in.To+extension, media, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}), nil
}

func (s *Server) translationLimits(ctx context.Context, in *translateQuery) (*reply[Translation], error) {
	if _, _, err := translate.Kind(in.To); err != nil {
		return nil, err
	}
	b, limits, err := s.translated(ctx, in)
	if err != nil {
		return nil, err
	}
	return ok(Translation{in.To, len(b), limitsOf(limits)})
}

func limitsOf(limits []policy.Limit) []ProfileLimit {
	out := []ProfileLimit{}
	for _, l := range limits {
		out = append(out, ProfileLimit(l))
	}
	return out
}

// importMUD makes a policy file of a usage description. Nothing is stored.
func (s *Server) importMUD(ctx context.Context, in *mudInput) (*reply[MUDImport], error) {
	c := who(ctx)
	f, warnings, err := mud.Read("file", in.Body.File)
	if err != nil {
		return nil, invalid(err.Error())
	}
	x, limits := mud.ToProfile(f)
	p := &policy.Policy{ID: "mud-" + newID(), Kind: policy.ForProfile, Mode: policy.Observe, Origin: policy.FromConsole, Tenant: c.tenant, Author: c.name, Note: ident.Clip("imported from "+cmp.Or(f.URL, "a usage description"), 200)}
	for _, id := range in.Body.Devices {
		r, err := s.device(ctx, c, id)
		if err != nil {
			return nil, err
		}
		m := policy.Member{ID: r.ID, Names: r.Names, Addresses: r.Addresses}
		for _, mac := range r.MACs {
			m.MACs = append(m.MACs, mac.String())
		}
		x.Members = append(x.Members, m)
		p.Selector.Devices = append(p.Selector.Devices, r.ID)
	}
	for i := range x.Lines {
		x.Lines[i].ID = x.Lines[i].Identify()
	}
	if err := profile.Envelope(p, x); err != nil {
		return nil, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := document.Write(&b, []*policy.Policy{p}, document.JSON); err != nil {
		return nil, err
	}
	out := MUDImport{Document: b.Bytes(), Profile: s.detailOf(p, x, d), Limits: limitsOf(limits), Notes: []string{}}
	for _, w := range warnings {
		out.Notes = append(out.Notes, w.String())
	}
	return ok(out)
}
