//go:build !sensor

package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

// maxDocument bounds a policy file in a request, in bytes.
const maxDocument = 16 << 20

// read reads the policy file of a request.
func (in *DocumentInput) read() (*document.File, error) {
	b := []byte(in.Document)
	var text string
	if json.Unmarshal(b, &text) == nil {
		b = []byte(text)
	}
	f, err := document.Read("document", b)
	if err != nil {
		return nil, invalid(err.Error())
	}
	return f, nil
}

// usable reads a policy file and wants it to make sense and to be the
// caller's to write.
func (s *Server) usable(ctx context.Context, c *caller, in *DocumentInput) ([]*policy.Policy, directory, error) {
	f, err := in.read()
	if err != nil {
		return nil, nil, err
	}
	if err := document.Errors(document.Check(s.now(), f)); err != nil {
		return nil, nil, invalid(err.Error())
	}
	if _, err := profile.Compile(f.Policies, profile.Options{}); err != nil {
		return nil, nil, invalid(err.Error())
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range f.Policies {
		if p.Kind != policy.ForProfile {
			return nil, nil, invalid(f.Place(i, -1) + ": only profiles are taken here; mutes and maintenance windows have their own places")
		}
		if !d.mine(c, p) {
			return nil, nil, refuse(403, "sites", "the profile "+p.ID+" is about devices that are not yours: name yours in its selector")
		}
		if err := s.mayEnforce(ctx, c, p.Mode); err != nil {
			return nil, nil, err
		}
		p.Tenant, p.Origin, p.Author = c.tenant, policy.FromConsole, c.name
	}
	return f.Policies, d, nil
}

// mayEnforce refuses to enforce where nothing can.
func (s *Server) mayEnforce(ctx context.Context, c *caller, m policy.Mode) error {
	if m == policy.Enforce && !s.enforcing(ctx, c) {
		return refuse(409, "not-enforcing", "no enforcing part is connected: use warn, or export the profile to the equipment that you have")
	}
	return nil
}

func (s *Server) enforcing(ctx context.Context, c *caller) bool {
	return s.Enforcing != nil && s.Enforcing(ctx, c.tenant)
}

// unique wants no device to have two profiles.
func (s *Server) unique(ctx context.Context, c *caller, fresh []*policy.Policy) error {
	have, err := s.Policies.Policies(ctx, policy.Filter{Tenant: c.tenant, Kind: policy.ForProfile})
	if err != nil {
		return err
	}
	owner := map[string]string{}
	for _, p := range have {
		if slices.ContainsFunc(fresh, func(f *policy.Policy) bool { return f.ID == p.ID }) {
			continue
		}
		x, err := profile.Body(p)
		if err != nil {
			return err
		}
		for i := range x.Members {
			for _, k := range document.Keys(&x.Members[i]) {
				owner[k] = p.ID
			}
		}
	}
	for _, p := range fresh {
		x, err := profile.Body(p)
		if err != nil {
			return err
		}
		for i := range x.Members {
			for _, k := range document.Keys(&x.Members[i]) {
				if id := owner[k]; id != "" {
					return refuse(409, "conflict", "the device known by "+k+" has the profile "+id+" already: delete or replace that one")
				}
			}
		}
	}
	return nil
}

func (s *Server) checkProfiles(_ context.Context, in *documentInput) (*reply[ProfileProblems], error) {
	f, err := in.Body.read()
	if err != nil {
		return ok(ProfileProblems{Problems: []ProfileProblem{{File: "document", Line: 1, Column: 1, Text: err.Error()}}})
	}
	found := document.Check(s.now(), f)
	out := ProfileProblems{Problems: []ProfileProblem{}, Usable: document.Errors(found) == nil}
	for _, x := range found {
		out.Problems = append(out.Problems, ProfileProblem(x))
	}
	return ok(out)
}

func (s *Server) diffProfiles(ctx context.Context, in *documentInput) (*reply[ProfileDiff], error) {
	c := who(ctx)
	fresh, _, err := s.usable(ctx, c, &in.Body)
	if err != nil {
		return nil, err
	}
	have, _, err := s.profiles(ctx, c)
	if err != nil {
		return nil, err
	}
	base := baseOf(have)
	have = slices.DeleteFunc(have, func(p *policy.Policy) bool {
		return !slices.ContainsFunc(fresh, func(f *policy.Policy) bool { return f.ID == p.ID })
	})
	changes, err := document.Diff(have, fresh)
	if err != nil {
		return nil, err
	}
	return ok(ProfileDiff{base, differences(changes)})
}

func differences(changes []document.Change) []ProfileDifference {
	out := []ProfileDifference{}
	for _, x := range changes {
		out = append(out, ProfileDifference{x.Policy, x.Name, x.What, x.Line, x.Text})
	}
	return out
}

// baseOf names profiles as they are.
func baseOf(list []*policy.Policy) string {
	h := sha256.New()
	for _, p := range list {
		fmt.Fprintf(h, "%q %d\n", p.ID, p.Revision)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (s *Server) applyProfiles(ctx context.Context, in *applyInput) (*reply[Page[Profile]], error) {
	c := who(ctx)
	fresh, d, err := s.usable(ctx, c, &in.Body.DocumentInput)
	if err != nil {
		return nil, err
	}
	have, _, err := s.profiles(ctx, c)
	if err != nil {
		return nil, err
	}
	if in.Body.Base != "" && in.Body.Base != baseOf(have) {
		return nil, refuse(409, "conflict", "the hub's profiles have changed since they were compared: compare again")
	}
	if err := s.replace(ctx, c, fresh); err != nil {
		return nil, err
	}
	c.detail = ident.Clip(strconv.Itoa(len(fresh))+" profiles", 200)
	out := Page[Profile]{Items: []Profile{}, Total: len(fresh)}
	for _, p := range fresh {
		x, err := profile.Body(p)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, s.profileOf(p, x, d))
	}
	return ok(out)
}

// replace stores profiles over those with their ids, all or none.
func (s *Server) replace(ctx context.Context, c *caller, fresh []*policy.Policy) error {
	for _, p := range fresh {
		old, err := s.Policies.Policy(ctx, c.tenant, p.ID)
		switch {
		case ident.CodeOf(err) == ident.NotFound:
			p.Revision, p.Created = 0, s.now()
			continue
		case err != nil:
			return err
		case old.Kind != policy.ForProfile:
			return refuse(409, "conflict", "the id "+p.ID+" is that of a "+string(old.Kind))
		case old.Origin == policy.FromFile:
			return refuse(409, "conflict", "the profile "+p.ID+" comes from a file: change it there")
		}
		d, err := s.directory(ctx, c)
		if err != nil {
			return err
		}
		if !d.mine(c, old) {
			return refuse(409, "conflict", "the id "+p.ID+" is taken")
		}
		p.Revision, p.Created = old.Revision, old.Created
	}
	if err := s.unique(ctx, c, fresh); err != nil {
		return err
	}
	return s.Policies.PutPolicies(ctx, fresh)
}

func (s *Server) putProfile(ctx context.Context, in *profilePut) (*reply[*ProfileDetail], error) {
	c := who(ctx)
	fresh, d, err := s.usable(ctx, c, &in.Body)
	if err != nil {
		return nil, err
	}
	if len(fresh) != 1 || fresh[0].ID != in.ID {
		return nil, invalid("the document must have one policy, with the id " + ident.Clip(plain(in.ID), 64))
	}
	p := fresh[0]
	want := 0
	if text := strings.Trim(strings.TrimPrefix(in.IfMatch, "W/"), `"`); text != "" {
		if want, err = strconv.Atoi(text); err != nil || want < 0 {
			return nil, invalid("If-Match is the revision that is replaced")
		}
	}
	old, err := s.Policies.Policy(ctx, c.tenant, p.ID)
	switch {
	case ident.CodeOf(err) == ident.NotFound:
	case err != nil:
		return nil, err
	default:
		if _, _, err := s.changeable(ctx, c, p.ID); err != nil {
			return nil, err
		}
		p.Created = old.Created
	}
	if err := s.unique(ctx, c, fresh); err != nil {
		return nil, err
	}
	p.Revision = want
	if err := s.Policies.PutPolicy(ctx, p); err != nil {
		return nil, err
	}
	return s.replyProfile(p, d)
}

func (s *Server) editProfile(ctx context.Context, in *profileChange) (*reply[*ProfileDetail], error) {
	c := who(ctx)
	p, d, err := s.changeable(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	x, err := profile.Body(p)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.Mode != "" {
		p.Mode = policy.Mode(b.Mode)
		if err := s.mayEnforce(ctx, c, p.Mode); err != nil {
			return nil, err
		}
	}
	if b.Note != nil {
		p.Note = *b.Note
	}
	if b.Expires != nil {
		if p.Expires = int64(*b.Expires); p.Expires != 0 && p.Expires <= max(s.now(), p.From) {
			return nil, invalid("it would be over before it begins")
		}
	}
	if err := consent(x, b.Consent); err != nil {
		return nil, err
	}
	for _, id := range b.Remove {
		n := len(x.Lines)
		if x.Lines = slices.DeleteFunc(x.Lines, func(l policy.Line) bool { return l.ID == id }); len(x.Lines) == n {
			return nil, invalid("there is no line " + ident.Clip(plain(id), 64))
		}
	}
	if err := profile.Envelope(p, x); err != nil {
		return nil, err
	}
	p.Revision, p.Author, p.Signature = b.Revision, c.name, nil // what was signed is no more
	if err := s.Policies.PutPolicy(ctx, p); err != nil {
		return nil, err
	}
	return ok(s.detailOf(p, x, d))
}

// consent has proposed lines allow what they say.
func consent(x *policy.Profile, ids []string) error {
	for _, id := range ids {
		at := slices.IndexFunc(x.Lines, func(l policy.Line) bool { return l.ID == id })
		if at < 0 {
			return invalid("there is no line " + ident.Clip(plain(id), 64))
		}
		x.Lines[at].Proposed = false
	}
	return nil
}

func (s *Server) deleteProfile(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	p, _, err := s.changeable(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &none{}, s.Policies.DeletePolicy(ctx, c.tenant, p.ID)
}

func (s *Server) rollbackProfile(ctx context.Context, in *rollbackInput) (*reply[*ProfileDetail], error) {
	c := who(ctx)
	p, d, err := s.changeable(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	kept, err := s.Policies.PolicyRevisions(ctx, c.tenant, p.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range kept {
		if r.Revision != in.Body.Revision {
			continue
		}
		back := r.Policy
		if !d.mine(c, back) {
			break
		}
		if err := s.mayEnforce(ctx, c, back.Mode); err != nil {
			return nil, err
		}
		if err := s.unique(ctx, c, []*policy.Policy{back}); err != nil {
			return nil, err
		}
		c.detail = "to revision " + strconv.Itoa(in.Body.Revision)
		back.Revision, back.Author, back.Origin = p.Revision, c.name, policy.FromConsole
		if err := s.Policies.PutPolicy(ctx, back); err != nil {
			return nil, err
		}
		return s.replyProfile(back, d)
	}
	return nil, unknown("revision")
}

func (s *Server) exportProfiles(ctx context.Context, in *documentQuery) (*huma.StreamResponse, error) {
	list, _, err := s.profiles(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	return policyFile("edgeward-profiles", in.Format, list), nil
}

func (s *Server) exportProfile(ctx context.Context, in *documentOf) (*huma.StreamResponse, error) {
	p, _, err := s.profile(ctx, who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return policyFile(p.ID, in.Format, []*policy.Policy{p}), nil
}

func policyFile(name, format string, list []*policy.Policy) *huma.StreamResponse {
	return file(name+"."+format, "application/"+format, func(w io.Writer) error {
		return document.Write(w, list, document.Format(format))
	})
}
