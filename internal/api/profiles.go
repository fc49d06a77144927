//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

func (s *Server) profileRoutes() {
	route(s, get, "/profiles", "list-profiles", "Profiles: what devices may do", reads("profiles"), s.listProfiles)
	route(s, get, "/profiles/document", "export-profiles", "All profiles as a policy file", reads("profiles"), s.exportProfiles, gives("application/yaml", "application/json"))
	route(s, get, "/profiles/export", "translate-profiles", "Profiles as what equipment takes", reads("profiles"), s.translateProfiles, missing, gives("text/plain", "application/json"))
	route(s, get, "/profiles/export/limits", "get-translation-limits", "What a format cannot say of the profiles", reads("profiles"), s.translationLimits, missing)
	route(s, post, "/profiles/import", "import-mud", "A manufacturer usage description (MUD, RFC 8520) as a policy file; nothing is stored", reads("profiles"), s.importMUD, missing, limit(4<<20))
	route(s, post, "/profiles/check", "check-profiles", "What is wrong with a policy file", reads("profiles"), s.checkProfiles, limit(maxDocument))
	route(s, post, "/profiles/diff", "diff-profiles", "What a policy file would change", reads("profiles"), s.diffProfiles, limit(maxDocument))
	route(s, post, "/profiles/apply", "apply-profiles", "Take all profiles of a policy file, or none", operates("profiles", "profile.apply"), s.applyProfiles, limit(maxDocument), conflicts)
	route(s, post, "/profiles/propose", "propose-profiles", "Learn profiles of the stored facts", reads("profiles"), s.proposeProfiles, gives("application/json"))
	route(s, post, "/profiles/prove", "prove-profiles", "What the profiles of a policy file would have blocked of the stored facts", reads("profiles"), s.proveProfiles, limit(maxDocument))
	route(s, get, "/profiles/{id}", "get-profile", "One profile", reads("profiles"), s.getProfile, missing)
	route(s, put, "/profiles/{id}", "put-profile", "Make or replace a profile", operates("profiles", "profile.put"), s.putProfile, limit(maxDocument), conflicts)
	route(s, patch, "/profiles/{id}", "edit-profile", "Change mode, note or end of a profile, consent to lines or remove them", operates("profiles", "profile.edit"), s.editProfile, conflicts)
	route(s, remove, "/profiles/{id}", "delete-profile", "Delete a profile with its revisions", operates("profiles", "profile.delete"), s.deleteProfile, conflicts)
	route(s, get, "/profiles/{id}/document", "export-profile", "One profile as a policy file", reads("profiles"), s.exportProfile, missing, gives("application/yaml", "application/json"))
	route(s, get, "/profiles/{id}/revisions", "list-profile-revisions", "What a profile is and was, the newest first", reads("profiles"), s.profileRevisions, missing)
	route(s, post, "/profiles/{id}/rollback", "rollback-profile", "Make a profile again what it was", operates("profiles", "profile.rollback"), s.rollbackProfile, conflicts)

	route(s, get, "/devices/{id}/protect", "get-protect", "What a device does, what a profile of its first days would allow, and what that would have blocked since", reads("profiles"), s.protect, missing)
	route(s, post, "/devices/{id}/protect/accept", "accept-protect", "Make the profile that was shown the device's", operates("profiles", "profile.accept"), s.acceptProtect, limit(maxDocument), conflicts)
	route(s, post, "/devices/{id}/protect/drift", "judge-drift", "Judge what a device did off its profile", judges("profiles", "profile.drift"), s.judgeDrift, conflicts)
}

// mine reports whether a profile is about nothing but devices that the caller
// may see.
func (d directory) mine(c *caller, p *policy.Policy) bool {
	if len(c.sites) == 0 {
		return true
	}
	return len(p.Selector.Devices) > 0 && !slices.ContainsFunc(p.Selector.Devices, func(id string) bool { _, sees := d[id]; return !sees })
}

// profiles gives those that the caller may see.
func (s *Server) profiles(ctx context.Context, c *caller) ([]*policy.Policy, directory, error) {
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.Policies.Policies(ctx, policy.Filter{Tenant: c.tenant, Kind: policy.ForProfile})
	if err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(list, func(p *policy.Policy) bool { return !d.mine(c, p) }), d, nil
}

// profile gives one that the caller may see.
func (s *Server) profile(ctx context.Context, c *caller, id string) (*policy.Policy, directory, error) {
	p, err := s.Policies.Policy(ctx, c.tenant, id)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, nil, unknown("profile")
	}
	if err != nil {
		return nil, nil, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	if p.Kind != policy.ForProfile || !d.mine(c, p) {
		return nil, nil, unknown("profile")
	}
	return p, d, nil
}

// changeable gives one that the caller may change here.
func (s *Server) changeable(ctx context.Context, c *caller, id string) (*policy.Policy, directory, error) {
	p, d, err := s.profile(ctx, c, id)
	if err == nil && p.Origin == policy.FromFile {
		err = refuse(409, "conflict", "this comes from a file: change it there")
	}
	return p, d, err
}

func (s *Server) listProfiles(ctx context.Context, in *profileQuery) (*reply[Page[Profile]], error) {
	list, d, err := s.profiles(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	out := Page[Profile]{Items: []Profile{}}
	for _, p := range list {
		x, err := profile.Body(p)
		if err != nil {
			return nil, err
		}
		if in.Device == "" || isAbout(p, x, in.Device) {
			out.Items = append(out.Items, s.profileOf(p, x, d))
		}
	}
	slices.SortFunc(out.Items, func(a, b Profile) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	out.Total = len(out.Items)
	return ok(out)
}

// isAbout reports whether a device is among those of a profile.
func isAbout(p *policy.Policy, x *policy.Profile, device string) bool {
	return slices.Contains(p.Selector.Devices, device) || slices.ContainsFunc(x.Members, func(m policy.Member) bool { return m.ID == device })
}

func (s *Server) profileOf(p *policy.Policy, x *policy.Profile, d directory) Profile {
	out := Profile{
		ID: p.ID, Name: cmp.Or(x.Name, p.ID), Mode: string(p.Mode), Revision: p.Revision, Origin: string(p.Origin), Devices: []ProfileDevice{}, Vendor: x.Vendor, Model: x.Model, Type: x.Type,
		Lines: len(x.Lines), Signed: len(p.Signature) > 0, Active: p.Holds(s.now()), From: Time(p.From), Expires: Time(p.Expires), Created: Time(p.Created), Author: p.Author, Note: p.Note,
	}
	var words []string
	for i := range x.Members {
		m := &x.Members[i]
		label := document.MemberText(m)
		if card, known := d[m.ID]; known {
			label = card.Label
		}
		v := ProfileDevice{ID: m.ID, Label: label, MACs: list(m.MACs), Names: list(m.Names), Addresses: []string{}}
		for _, a := range m.Addresses {
			v.Addresses = append(v.Addresses, a.String())
		}
		words = append(words, label)
		out.Devices = append(out.Devices, v)
	}
	out.Members = strings.Join(words, ", ")
	for i := range x.Lines {
		if x.Lines[i].Proposed {
			out.Proposed++
		}
	}
	return out
}

func (s *Server) detailOf(p *policy.Policy, x *policy.Profile, d directory) *ProfileDetail {
	out := &ProfileDetail{Profile: s.profileOf(p, x, d), Rules: linesOf(x.Lines), Unseen: list(x.Unseen)}
	if l := x.Learned; l != nil {
		out.Learned = &ProfileLearned{Time(l.First), Time(l.Last), l.DeviceDays, l.Exchanges, []ProfileLeftOut{}}
		for _, v := range l.LeftOut {
			out.Learned.LeftOut = append(out.Learned.LeftOut, ProfileLeftOut(v))
		}
	}
	return out
}

func linesOf(lines []policy.Line) []ProfileLine {
	out := []ProfileLine{}
	for i := range lines {
		l := &lines[i]
		v := ProfileLine{
			ID: l.ID, Text: document.Describe(l), Direction: string(l.Direction), Peer: document.PeerText(&l.Peer), PeerKind: string(l.Peer.Kind), Transport: l.Transport,
			Ports: rangesOf(l.Ports), Protocol: l.Protocol, Verbs: []ProfileVerb{}, Limits: ProfileLimits(l.Limits), Hours: rangesOf(l.Hours), Proposed: l.Proposed, Note: l.Note, Evidence: lineEvidence(&l.Evidence),
		}
		for j := range l.Verbs {
			x := &l.Verbs[j]
			v.Verbs = append(v.Verbs, ProfileVerb{x.Op, list(x.Targets), list(x.As), x.MaxSize, lineEvidence(&x.Evidence)})
		}
		out = append(out, v)
	}
	return out
}

func rangesOf(ranges []policy.Range) []string {
	out := []string{}
	for _, r := range ranges {
		text := strconv.FormatUint(uint64(r.First), 10)
		if r.Last != r.First {
			text += "-" + strconv.FormatUint(uint64(r.Last), 10)
		}
		out = append(out, text)
	}
	return out
}

func lineEvidence(e *policy.Evidence) ProfileEvidence {
	return ProfileEvidence{e.Count, Time(e.First), Time(e.Last), e.Days, e.BytesOut, e.BytesIn, samplesOf(e.Samples)}
}

func samplesOf(samples []policy.Sample) []ProfileSample {
	out := []ProfileSample{}
	for _, x := range samples {
		out = append(out, ProfileSample{Time(x.Time), x.Fact, x.Capture, x.Packet})
	}
	return out
}

func (s *Server) getProfile(ctx context.Context, in *ByID) (*reply[*ProfileDetail], error) {
	p, d, err := s.profile(ctx, who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.replyProfile(p, d)
}

func (s *Server) replyProfile(p *policy.Policy, d directory) (*reply[*ProfileDetail], error) {
	x, err := profile.Body(p)
	if err != nil {
		return nil, err
	}
	return ok(s.detailOf(p, x, d))
}

func (s *Server) profileRevisions(ctx context.Context, in *ByID) (*reply[Page[ProfileRevision]], error) {
	c := who(ctx)
	p, d, err := s.profile(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := s.Policies.PolicyRevisions(ctx, c.tenant, p.ID)
	if err != nil {
		return nil, err
	}
	out := Page[ProfileRevision]{Items: []ProfileRevision{}, Total: len(list)}
	for i, r := range list {
		x, err := profile.Body(r.Policy)
		if err != nil {
			return nil, err
		}
		v := ProfileRevision{Profile: s.profileOf(r.Policy, x, d), Changed: Time(r.Changed), Changes: []ProfileDifference{}}
		if i+1 < len(list) {
			changes, err := document.Diff([]*policy.Policy{list[i+1].Policy}, []*policy.Policy{r.Policy})
			if err != nil {
				return nil, err
			}
			v.Changes = differences(changes)
		}
		out.Items = append(out.Items, v)
	}
	return ok(out)
}
