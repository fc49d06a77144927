//go:build !sensor

package api

import (
	"context"
	"slices"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// offProfile is the check that tells of drift.
const offProfile = "behaviour.off-profile"

// judgeDrift does one of three things with what a device did off its profile:
// allow it, hide it until a date, or take it on.
func (s *Server) judgeDrift(ctx context.Context, in *driftInput) (*reply[Drift], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := s.finding(ctx, c, in.Body.Finding)
	if err != nil {
		return nil, err
	}
	if f.Check != offProfile || f.Device != r.ID {
		return nil, invalid("the finding is not one of " + offProfile + " of this device")
	}
	c.detail = in.Body.Action + " " + f.ID
	out := Drift{Added: []ProfileLine{}}
	switch in.Body.Action {
	case "accept":
		return s.acceptDrift(ctx, c, r, f)
	case "ignore":
		if int64(in.Body.Until) <= s.now() {
			return nil, invalid("say until when, a time ahead")
		}
		p := &policy.Policy{
			Kind: policy.Mute, Mode: policy.Enforce, Origin: policy.FromConsole, Tenant: c.tenant, Created: s.now(), Expires: int64(in.Body.Until), Author: c.name, Note: in.Body.Note,
			Selector: policy.Selector{Checks: []string{offProfile}, Devices: []string{r.ID}, Peers: f.Peers},
		}
		c.within(&p.Selector)
		if err := s.Policies.PutPolicy(ctx, p); err != nil {
			return nil, err
		}
		out.Mute = p.ID
		return ok(out)
	}
	taken, comment := string(finding.Acknowledged), in.Body.Note
	patch := FindingPatch{Status: &taken, Comment: comment}
	if c.user != nil {
		patch.Assignee = &c.user.Name
	}
	if err := s.checkJudgement(ctx, c, &patch); err != nil {
		return nil, err
	}
	if _, err := s.judge(ctx, c, f.ID, &patch); err != nil {
		return nil, err
	}
	return ok(out)
}

// acceptDrift learns the lines that are missing of the facts that the finding
// is about, and adds them.
func (s *Server) acceptDrift(ctx context.Context, c *caller, r *asset.Record, f *finding.Record) (*reply[Drift], error) {
	found, _, err := s.profileFor(ctx, c, r)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, refuse(409, "conflict", "the device has no profile to which anything could be added")
	}
	p, d, err := s.changeable(ctx, c, found.ID)
	if err != nil {
		return nil, err
	}
	days := int((s.now()-f.FirstSeen)/int64(24*time.Hour)) + 1
	if days > 60 {
		return nil, invalid("it began too long ago to be learned from stored facts: propose the profile anew")
	}
	read, _, err := s.studyDevice(ctx, c, r, days, day)
	if err != nil {
		return nil, err
	}
	hour := f.FirstSeen - f.FirstSeen%int64(time.Hour) // a study keeps one exchange for the like ones of an hour
	lines, err := read.Missing(p, func(x *profile.Exchange) bool {
		return x.Time >= hour && x.Time <= f.LastSeen && (len(f.Peers) == 0 || with(x, f.Peers))
	})
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, refuse(409, "conflict", "the stored facts have nothing any more that the profile refuses: it was accepted before, the facts are gone, or the newest are not stored yet: try again in a minute")
	}
	x, err := profile.Body(p)
	if err != nil {
		return nil, err
	}
	x.Lines = merge(x.Lines, lines)
	if err := profile.Envelope(p, x); err != nil {
		return nil, err
	}
	p.Author, p.Signature = c.name, nil
	if err := s.Policies.PutPolicy(ctx, p); err != nil {
		return nil, err
	}
	resolved := string(finding.Resolved)
	if _, err := s.judge(ctx, c, f.ID, &FindingPatch{Status: &resolved, Comment: ident.Clip("accepted: added to the profile "+p.ID, 400)}); err != nil {
		return nil, err
	}
	now := s.profileOf(p, x, d)
	return ok(Drift{Profile: &now, Added: linesOf(lines)})
}

// with reports whether an exchange is with one of some addresses or names.
func with(x *profile.Exchange, peers []string) bool {
	for _, side := range []*profile.Side{&x.Client, &x.Server} {
		if slices.Contains(peers, side.Addr.String()) || slices.ContainsFunc(side.Names, func(n string) bool { return slices.Contains(peers, n) }) {
			return true
		}
	}
	return false
}

// merge adds lines; one that is about the same as one that is there gives it
// its verbs and lifts its ceilings.
func merge(have, more []policy.Line) []policy.Line {
	for i := range more {
		l := &more[i]
		at := slices.IndexFunc(have, func(h policy.Line) bool { return h.Identify() == l.Identify() })
		if at < 0 {
			have = append(have, *l)
			continue
		}
		h := &have[at]
		h.Proposed = false
		if len(h.Verbs) > 0 && len(l.Verbs) > 0 {
			h.Verbs = append(h.Verbs, l.Verbs...)
		} else {
			h.Verbs = nil
		}
		h.Limits = wider(h.Limits, l.Limits)
		if len(h.Hours) > 0 {
			h.Hours = append(h.Hours, l.Hours...)
		}
		if len(l.Hours) == 0 {
			h.Hours = nil
		}
	}
	return have
}

// wider gives ceilings that hold both; 0 is none.
func wider(a, b policy.Limits) policy.Limits {
	most := func(x, y uint64) uint64 {
		if x == 0 || y == 0 {
			return 0
		}
		return max(x, y)
	}
	return policy.Limits{
		PerHour: most(a.PerHour, b.PerHour), BytesOut: most(a.BytesOut, b.BytesOut), BytesIn: most(a.BytesIn, b.BytesIn), PerMessage: most(a.PerMessage, b.PerMessage),
		PerSecond: uint32(most(uint64(a.PerSecond), uint64(b.PerSecond))),
	}
}
