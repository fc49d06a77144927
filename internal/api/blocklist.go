//go:build !sensor

package api

import (
	"bytes"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
	"edgeward/internal/output/edl"
)

type blocklistQuery struct {
	Severity string  `query:"severity" enum:"low,medium,high,critical" default:"high" doc:"of the finding, at least"`
	Surety   float64 `query:"confidence" minimum:"0" maximum:"1" default:"0.8" doc:"of the finding, at least"`
	Days     int     `query:"days" minimum:"1" maximum:"365" default:"30" doc:"since the finding was last seen, at most"`
	Reasons  bool    `query:"reasons" doc:"say after each address why it is there; not every firewall reads such lists"`
}

// blocklist gives an External Dynamic List: what open findings speak against.
// Firewalls fetch it with a token, as the password of Basic authentication
// where they know no other.
func (s *Server) blocklist(ctx context.Context, in *blocklistQuery) (*huma.StreamResponse, error) {
	c := who(ctx)
	severity, err := ident.ParseSeverity(in.Severity)
	if err != nil {
		return nil, err
	}
	o := edl.Options{Severity: severity, Confidence: in.Surety, Age: time.Duration(in.Days) * 24 * time.Hour, Now: s.now()}
	if s.Home != nil {
		o.Home = s.Home(ctx, c.tenant)
	}
	f := o.Filter()
	f.Tenant, f.Sites = c.tenant, c.only(nil)
	records, _, err := s.Findings.Findings(ctx, f)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := edl.Write(&b, edl.List(records, o), o.Now, in.Reasons); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
		hc.SetHeader("Cache-Control", "no-store")
		_, _ = hc.BodyWriter().Write(b.Bytes()) // the client is gone when this fails
	}}, nil
}
