//go:build !sensor

package api

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/output/edl"
)

type blocklistQuery struct {
	Severity string  `query:"severity" enum:"low,medium,high,critical" default:"high" doc:"of the finding, at least"`
	Surety   float64 `query:"confidence" minimum:"0" maximum:"1" default:"0.8" doc:"of the finding, at least"`
	Days     int     `query:"days" minimum:"1" maximum:"365" default:"30" doc:"since the finding was last seen, at most"`
	Reasons  bool    `query:"reasons" doc:"say after each address why it is there; not every firewall reads such lists"`
}

// maxBlocking bounds the findings that a list is made of.
const maxBlocking = 10_000

// blocklist gives an External Dynamic List: what open findings speak against.
// Firewalls fetch it with a token, as the password of Basic authentication
// where they know no other.
func (s *Server) blocklist(ctx context.Context, in *blocklistQuery) (*huma.StreamResponse, error) {
	c := who(ctx)
	severity, err := ident.ParseSeverity(in.Severity)
	if err != nil {
		return nil, err
	}
	var home hub.HomeNetworks
	if err := s.load(ctx, c.tenant, hub.SettingsKind, "home", &home); err != nil {
		return nil, err
	}
	var ours []netip.Prefix
	for _, n := range home.Networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			ours = append(ours, p)
		}
	}
	now := s.now()
	shown := false
	records, _, err := s.Findings.Findings(ctx, finding.Filter{
		Tenant: c.tenant, Sites: c.sites, Kinds: []finding.Kind{finding.Detection}, Statuses: []finding.Status{finding.Open}, AtLeast: severity,
		From: now - int64(in.Days)*int64(24*time.Hour), Muted: &shown, Sort: "-last_seen", Limit: maxBlocking,
	})
	if err != nil {
		return nil, err
	}
	list := edl.List(records, edl.Options{
		Severity: severity, Confidence: in.Surety, Age: time.Duration(in.Days) * 24 * time.Hour, Now: now,
		Home: func(a netip.Addr) bool {
			return slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Contains(a) })
		},
	})
	var b bytes.Buffer
	if err := edl.Write(&b, list, now, in.Reasons); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
		hc.SetHeader("Cache-Control", "no-store")
		_, _ = hc.BodyWriter().Write(b.Bytes()) // the client is gone when this fails
	}}, nil
}
