//go:build !sensor

package app

import (
	"context"
	"io"
	"time"

	"edgeward/content"
	"edgeward/internal/api"
	"edgeward/internal/ident"
)

// knowledgeService shows the hub's knowledge to the API. New content is used
// by parsing processes that start after it was installed, such as those of
// uploads; that of this machine's sensor is ended and started for it. What the
// hub's own process shows of checks follows at its next start.
type knowledgeService struct{ h *Hub }

var _ api.Content = knowledgeService{}

func (s knowledgeService) knowledge() *Knowledge { return NewKnowledge(s.h.folder.path) }

// Status tells what is in use.
func (s knowledgeService) Status(context.Context) (api.ContentStatus, error) {
	u, err := s.knowledge().Used()
	if err != nil {
		return api.ContentStatus{}, err
	}
	return statusOf(u)
}

func statusOf(u Used) (api.ContentStatus, error) {
	out := api.ContentStatus{Version: content.Version, Source: "built-in", Previous: names(u.Previous)}
	if u.Version != "" {
		out.Version, out.Source, out.Signer, out.Installed = u.Version, "bundle", u.Signer, api.Time(u.Installed)
	}
	checks, err := catalogue()
	out.Checks = len(checks)
	return out, err
}

// Install verifies a bundle, tries it on yesterday's facts, and takes it into
// use unless dry says not to or it would add too many findings.
func (s knowledgeService) Install(ctx context.Context, r io.Reader, dry bool) (api.ContentTrial, error) {
	k := s.knowledge()
	out := api.ContentTrial{New: []string{}, Gone: []string{}}
	c, err := k.Verify(r)
	if code := ident.CodeOf(err); err != nil && (code == ident.Invalid || code == ident.Denied) {
		out.Problem = err.Error()
		return out, nil
	} else if err != nil {
		return out, err
	}
	defer c.Discard()
	out.Version, out.Signer, out.Valid = c.Manifest.Version, c.Signer, true
	task := s.h.knowledge(ctx, 0)
	now := time.Now()
	t, err := k.Try(ctx, c, s.h.Events, JudgeOptions{Home: task.Home, Zones: task.Zones}, now)
	if err != nil {
		return out, err
	}
	out.Facts = t.Facts
	for _, n := range t.Before {
		out.Before += n
	}
	for _, n := range t.After {
		out.After += n
	}
	more, fewer := t.Diff()
	out.New, out.Gone = append(out.New, more...), append(out.Gone, fewer...)
	switch added := t.Added(); {
	case dry:
		return out, nil
	case added > MaxNewFindings:
		out.Problem = tooManyNew(added).Error()
		return out, nil
	}
	if err := k.Install(c, false, now); err != nil {
		out.Problem = err.Error()
		return out, nil
	}
	out.Installed = true
	s.h.local.renew()
	s.h.o.Log.Info("content was installed", "version", c.Manifest.Version, "signer", c.Signer)
	return out, nil
}

// Rollback goes back to content that was in use before.
func (s knowledgeService) Rollback(_ context.Context, version string) (api.ContentStatus, error) {
	u, err := s.knowledge().Rollback(version, time.Now())
	if err != nil {
		return api.ContentStatus{}, err
	}
	s.h.local.renew()
	return statusOf(u)
}

// renew starts the parsing process of the local sensor anew, so that it reads
// the content in use. The process is asked to end: it reports its last facts
// and what its rings lost, and all of that is in the stream before the next
// one begins. Packets of the second between are in no ring.
func (l *localWatch) renew() {
	select {
	case l.change <- struct{}{}:
	default: // it is to start anew already
	}
}

// tooManyNew refuses content that would make noise.
func tooManyNew(added int) error {
	return ident.Errorf(ident.Invalid, "look at the checks; install it nevertheless with edgeward content update --force", "it would add %d findings to yesterday's, more than %d", added, MaxNewFindings)
}
