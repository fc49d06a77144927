//go:build !sensor

package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

func findingOf(r *finding.Record) Finding {
	f := Finding{
		ID: r.ID, Check: r.Check, Kind: string(r.Kind), Severity: r.Severity.String(), Confidence: round(r.Confidence), Status: string(r.Status),
		Title: r.Title, Explanation: r.Explanation, DeviceLabel: r.Label, DeviceType: r.Type, Site: r.Site, Address: r.Address, Scope: r.Place.Scope,
		Peers: list(r.Peers), PeerCount: r.PeerCount, Count: r.Count, FirstSeen: Time(r.FirstSeen), LastSeen: Time(r.LastSeen), Attack: list(r.Attack),
		Members: list(r.Members), Remedy: r.Remedy, Sensors: list(r.Sensors), Mute: r.Mute, Maintenance: r.Expected, Assignee: r.Assignee,
		CommentCount: len(r.Comments), EvidenceCount: len(r.Evidence), Reopened: r.Reopened, Created: Time(r.Created), Updated: Time(r.Updated),
	}
	if r.Device != "" {
		f.Device = &r.Device
	}
	if r.Incident != "" {
		f.Incident = &r.Incident
	}
	return f
}

func evidenceOf(i int, e *finding.Evidence) Evidence {
	return Evidence{i, string(e.Type), Time(e.Time), e.Capture, e.Packet, e.Summary, len(e.Bytes)}
}

// filter turns a query into what the store asks for. It never selects more
// than the caller may see.
func (f *FindingFilter) filter(c *caller) finding.Filter {
	out := finding.Filter{
		Tenant: c.tenant, Sites: c.only(f.Sites), IDs: f.IDs, Text: f.Text, Checks: f.Checks, Device: f.Device, Types: f.Types, Peer: f.Peer,
		Incident: f.Incident, Sensor: f.Sensor, From: int64(f.From.Time), To: int64(f.To.Time), Top: f.Top, Sort: f.Sort,
	}
	for _, k := range f.Kinds {
		out.Kinds = append(out.Kinds, finding.Kind(k))
	}
	for _, st := range f.Statuses {
		out.Statuses = append(out.Statuses, finding.Status(st))
	}
	if f.AtLeast != "" {
		out.AtLeast, _ = ident.ParseSeverity(f.AtLeast) // one of the enumeration
	}
	if f.Muted != "" {
		yes := f.Muted == "true"
		out.Muted = &yes
	}
	return out
}

func (s *Server) findingPage(ctx context.Context, f finding.Filter) (Page[Finding], error) {
	found, total, err := s.Findings.Findings(ctx, f)
	p := Page[Finding]{Items: []Finding{}, Total: total}
	for _, r := range found {
		p.Items = append(p.Items, findingOf(r))
	}
	return p, err
}

func (s *Server) listFindings(ctx context.Context, in *findingQuery) (*reply[Page[Finding]], error) {
	f := in.filter(who(ctx))
	f.Limit, f.Offset = in.Limit, in.Offset
	p, err := s.findingPage(ctx, f)
	if err != nil {
		return nil, err
	}
	return ok(p)
}

func (s *Server) groupPage(ctx context.Context, f finding.Filter) (Page[FindingGroup], error) {
	found, total, err := s.Findings.FindingGroups(ctx, f)
	p := Page[FindingGroup]{Items: []FindingGroup{}, Total: total}
	for _, g := range found {
		x := FindingGroup{
			Key: g.Key, Check: g.Check, Kind: string(g.Kind), Severity: g.Severity.String(), Title: g.Title, Site: g.Site, Devices: g.Devices, Findings: g.Findings,
			Count: g.Count, Statuses: map[string]int{}, FirstSeen: Time(g.First), LastSeen: Time(g.Last), Sample: list(g.Sample), Labels: list(g.Labels),
		}
		for st, n := range g.Statuses {
			x.Statuses[string(st)] = n
		}
		for _, id := range g.Sample {
			if id == g.Key {
				x.Incident = &g.Key
			}
		}
		p.Items = append(p.Items, x)
	}
	return p, err
}

func (s *Server) listGroups(ctx context.Context, in *findingQuery) (*reply[Page[FindingGroup]], error) {
	f := in.filter(who(ctx))
	f.Limit, f.Offset = in.Limit, in.Offset
	p, err := s.groupPage(ctx, f)
	if err != nil {
		return nil, err
	}
	return ok(p)
}

func (s *Server) countFindings(ctx context.Context, in *countQuery) (*reply[map[string]int], error) {
	n, err := s.Findings.CountFindings(ctx, in.filter(who(ctx)), in.By)
	if err != nil {
		return nil, err
	}
	if n == nil {
		n = map[string]int{}
	}
	return ok(n)
}

// finding gives a finding that the caller may see.
func (s *Server) finding(ctx context.Context, c *caller, id string) (*finding.Record, error) {
	r, err := s.Findings.Finding(ctx, c.tenant, id)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown("finding")
	}
	if err != nil {
		return nil, err
	}
	if !c.sees(r.Site) {
		return nil, unknown("finding")
	}
	return r, nil
}

func (s *Server) getFinding(ctx context.Context, in *ByID) (*reply[FindingDetail], error) {
	c := who(ctx)
	r, err := s.finding(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return s.replyFinding(ctx, c, r)
}

// relatedLimit bounds what is shown beside a finding.
const relatedLimit = 20

func (s *Server) replyFinding(ctx context.Context, c *caller, r *finding.Record) (*reply[FindingDetail], error) {
	d := FindingDetail{Finding: findingOf(r), Evidence: []Evidence{}, Comments: []Comment{}, Related: []Finding{}}
	for i := range r.Evidence {
		d.Evidence = append(d.Evidence, evidenceOf(i, &r.Evidence[i]))
	}
	for _, x := range r.Comments {
		d.Comments = append(d.Comments, Comment{Time(x.Time), x.User, x.Text, string(x.Status)})
	}
	f := finding.Filter{Tenant: c.tenant, Sites: c.only(nil), Sort: "-severity", Limit: relatedLimit + 1}
	switch {
	case len(r.Members) > 0:
		f.Incident = r.ID
	case r.Device != "":
		f.Device = r.Device
	default:
		return ok(d)
	}
	p, err := s.findingPage(ctx, f)
	if err != nil {
		return nil, err
	}
	for _, x := range p.Items {
		if x.ID != r.ID && len(d.Related) < relatedLimit {
			d.Related = append(d.Related, x)
		}
	}
	return ok(d)
}

// maxComments bounds what people write to one finding.
const maxComments = 500

// apply judges a finding and says what it changed.
func (p *FindingPatch) apply(r *finding.Record, user string, now int64) (string, error) {
	var did []string
	note := finding.Comment{Time: now, User: user, Text: strings.TrimSpace(p.Comment)}
	if p.Status != nil && finding.Status(*p.Status) != r.Status {
		did = append(did, string(r.Status)+" to "+*p.Status)
		r.Status = finding.Status(*p.Status)
		note.Status = r.Status
	}
	if p.Assignee != nil && *p.Assignee != r.Assignee {
		r.Assignee = *p.Assignee
		did = append(did, "assigned to "+strconv.Quote(r.Assignee))
	}
	if note.Text != "" || note.Status != "" {
		if len(r.Comments) >= maxComments {
			return "", refuse(409, "conflict", fmt.Sprintf("there are %d comments already", maxComments))
		}
		r.Comments = append(r.Comments, note)
		if note.Text != "" {
			did = append(did, "comment")
		}
	}
	return strings.Join(did, "; "), nil
}

// check says what is wrong with a judgement.
func (s *Server) checkJudgement(ctx context.Context, c *caller, p *FindingPatch) error {
	if p.Assignee == nil || *p.Assignee == "" {
		return nil
	}
	u, err := s.Users.UserByName(ctx, c.tenant, strings.ToLower(*p.Assignee))
	if err != nil || u.Disabled {
		return invalid("there is no user " + ident.Clip(plain(*p.Assignee), 64))
	}
	p.Assignee = &u.Name
	return nil
}

func (s *Server) editFinding(ctx context.Context, in *findingPatch) (*reply[FindingDetail], error) {
	c := who(ctx)
	if err := s.checkJudgement(ctx, c, &in.Body); err != nil {
		return nil, err
	}
	r, err := s.judge(ctx, c, in.ID, &in.Body)
	if err != nil {
		return nil, err
	}
	return s.replyFinding(ctx, c, r)
}

func (s *Server) judge(ctx context.Context, c *caller, id string, p *FindingPatch) (*finding.Record, error) {
	if _, err := s.finding(ctx, c, id); err != nil {
		return nil, err
	}
	return s.Findings.EditFinding(ctx, c.tenant, id, func(r *finding.Record) (err error) {
		c.detail, err = p.apply(r, c.name, s.now())
		return err
	})
}

func (s *Server) editFindings(ctx context.Context, in *findingsPatch) (*reply[Bulk], error) {
	c := who(ctx)
	if err := s.checkJudgement(ctx, c, &in.Body.Set); err != nil {
		return nil, err
	}
	b := Bulk{Failed: map[string]string{}}
	for _, id := range in.Body.IDs {
		_, err := s.judge(ctx, c, id, &in.Body.Set)
		s.count(ctx, &b, id, err)
	}
	c.object, c.detail = fmt.Sprintf("%d findings", b.Changed), c.detail+" on "+strings.Join(in.Body.IDs, " ")
	return ok(b)
}

// eachFinding calls back with all findings of a filter, at most so many.
func (s *Server) eachFinding(ctx context.Context, f finding.Filter, most int, each func(*finding.Record) error) error {
	f.Limit = 1000
	for f.Offset = 0; f.Offset < most; f.Offset += f.Limit {
		found, _, err := s.Findings.Findings(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range found {
			if err := each(r); err != nil {
				return err
			}
		}
		if len(found) < f.Limit {
			return nil
		}
	}
	return nil
}

var findingHead = []string{"id", "severity", "status", "check", "kind", "title", "device", "label", "address", "site", "peers", "count", "first_seen", "last_seen", "assignee", "confidence", "attack", "explanation", "remedy"}

func (s *Server) exportFindings(ctx context.Context, in *findingExport) (*huma.StreamResponse, error) {
	f := in.filter(who(ctx))
	return s.export("findings", in.Format, findingHead, func(row func(any, ...string) error) error {
		return s.eachFinding(ctx, f, exportRows, func(r *finding.Record) error { return findingRow(row, r) })
	}), nil
}

func findingRow(row func(any, ...string) error, r *finding.Record) error {
	x := findingOf(r)
	return row(x, x.ID, x.Severity, x.Status, x.Check, x.Kind, x.Title, r.Device, x.DeviceLabel, x.Address, x.Site, strings.Join(x.Peers, " "), strconv.FormatUint(x.Count, 10),
		stamp(x.FirstSeen), stamp(x.LastSeen), x.Assignee, strconv.FormatFloat(x.Confidence, 'f', 2, 64), strings.Join(x.Attack, " "), x.Explanation, x.Remedy)
}
