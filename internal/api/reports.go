//go:build !sensor

package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/hub"
)

// The kinds of documents of reports that were made: the list of runs by
// report, and the pages by report and run.
const (
	runsKind = "report-runs"
	pageKind = "report-page"
)

// The bounds of reports.
const (
	maxReports = 200
	maxRuns    = 30
	reportRows = 5000
)

// storedReport is the document of a report's definition.
type storedReport struct {
	ReportInput
	Tenant  uint16 `json:"tenant"`
	Author  string `json:"author"`
	Reader  reader `json:"reader"` // with whose eyes it is made
	Updated int64  `json:"updated"`
}

// reader is what the maker of a report may see, so that a report never says
// more than its maker knows.
type reader struct {
	User string `json:"user"`
}

// storedPage is a report as it was made.
type storedPage struct {
	HTML []byte `json:"html"`
	CSV  []byte `json:"csv"`
}

func reportOf(id string, r storedReport, runs []ReportRun, now int64) Report {
	return Report{ID: id, ReportInput: r.ReportInput, Author: r.Author, Updated: Time(r.Updated), Next: Time(next(r, runs, now)), Runs: list(runs)}
}

// next gives the time at which a report is made next, 0 for never.
func next(r storedReport, runs []ReportRun, now int64) int64 {
	if r.Schedule == "" {
		return 0
	}
	t := time.Unix(0, now).UTC()
	at := time.Date(t.Year(), t.Month(), t.Day(), r.Hour, 0, 0, 0, time.UTC)
	last := r.Updated
	if len(runs) > 0 {
		last = max(last, int64(runs[0].Made))
	}
	// The newest time of the schedule that is not after now, unless the report
	// was made or changed since: then the one after it.
	fits := func(x time.Time) bool {
		return r.Schedule == "daily" || r.Schedule == "weekly" && x.Weekday() == time.Monday || r.Schedule == "monthly" && x.Day() == 1
	}
	for !fits(at) || at.UnixNano() > now {
		at = at.AddDate(0, 0, -1)
	}
	if at.UnixNano() > last {
		return at.UnixNano()
	}
	for at = at.AddDate(0, 0, 1); !fits(at); {
		at = at.AddDate(0, 0, 1)
	}
	return at.UnixNano()
}

// mayRead reports whether a report is about nothing but the caller's sites.
func mayRead(c *caller, r storedReport) bool {
	return len(c.sites) == 0 || len(r.Sites) > 0 && !slices.ContainsFunc(r.Sites, func(x string) bool { return !c.sees(x) })
}

func (s *Server) listReports(ctx context.Context, _ *nothing) (*reply[Page[Report]], error) {
	c := who(ctx)
	docs, err := all[storedReport](ctx, s, c.tenant, hub.ReportKind)
	if err != nil {
		return nil, err
	}
	runs, err := all[[]ReportRun](ctx, s, c.tenant, runsKind)
	if err != nil {
		return nil, err
	}
	p := Page[Report]{Items: []Report{}}
	for id, r := range docs {
		if mayRead(c, r) && (r.Kind != "audit" || oversees(c)) {
			p.Items = append(p.Items, reportOf(id, r, runs[id], s.now()))
		}
	}
	slices.SortFunc(p.Items, func(a, b Report) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	p.Total = len(p.Items)
	return ok(p)
}

func (s *Server) createReport(ctx context.Context, in *reportInput) (*reply[Report], error) {
	docs, err := s.Documents.Documents(ctx, who(ctx).tenant, hub.ReportKind)
	if err != nil {
		return nil, err
	}
	if len(docs) >= maxReports {
		return nil, refuse(http.StatusConflict, "conflict", "there are too many reports: delete some")
	}
	return s.putReport(ctx, newID(), in.Body, nil)
}

func (s *Server) putReport(ctx context.Context, id string, in ReportInput, runs []ReportRun) (*reply[Report], error) {
	c := who(ctx)
	if len(c.sites) > 0 {
		if in.Sites = c.only(in.Sites); slices.Contains(in.Sites, nowhere) {
			return nil, refuse(http.StatusForbidden, "sites", "name your sites only")
		}
	}
	if in.Kind == "audit" && !oversees(c) {
		return nil, refuse(http.StatusForbidden, "role", "reports of the audit log are for administrators")
	}
	r := storedReport{ReportInput: in, Tenant: c.tenant, Author: c.name, Reader: reader{c.user.ID}, Updated: s.now()}
	if err := s.save(ctx, c.tenant, hub.ReportKind, id, r); err != nil {
		return nil, err
	}
	c.object, c.detail = in.Name, in.Kind+" "+in.Schedule
	return ok(reportOf(id, r, runs, s.now()))
}

// report gives a report that the caller may see, with its runs.
func (s *Server) report(ctx context.Context, c *caller, id string) (storedReport, []ReportRun, error) {
	r, err := fetch[storedReport](ctx, s, c.tenant, hub.ReportKind, id, "report")
	if err != nil {
		return r, nil, err
	}
	if !mayRead(c, r) || r.Kind == "audit" && !oversees(c) {
		return r, nil, unknown("report")
	}
	var runs []ReportRun
	err = s.load(ctx, c.tenant, runsKind, id, &runs)
	return r, runs, err
}

func (s *Server) editReport(ctx context.Context, in *reportChange) (*reply[Report], error) {
	_, runs, err := s.report(ctx, who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.putReport(ctx, in.ID, in.Body, runs)
}

func (s *Server) deleteReport(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	r, runs, err := s.report(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	c.object = r.Name
	for _, x := range runs {
		if err := s.Documents.DeleteDocument(ctx, c.tenant, pageKind, in.ID+"."+x.ID); err != nil {
			return nil, err
		}
	}
	if len(runs) > 0 {
		if err := s.Documents.DeleteDocument(ctx, c.tenant, runsKind, in.ID); err != nil {
			return nil, err
		}
	}
	return &none{}, s.Documents.DeleteDocument(ctx, c.tenant, hub.ReportKind, in.ID)
}

func (s *Server) runReport(ctx context.Context, in *ByID) (*reply[ReportRun], error) {
	c := who(ctx)
	r, _, err := s.report(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	c.object = r.Name
	run, err := s.makeReport(ctx, c, in.ID, r)
	if err != nil {
		return nil, err
	}
	return ok(run)
}

// makeReport makes a report with the eyes of the caller and keeps it.
func (s *Server) makeReport(ctx context.Context, c *caller, id string, r storedReport) (ReportRun, error) {
	now := s.now()
	doc := reportPage{Name: r.Name, Kind: r.Kind, Made: Time(now), From: Time(now - int64(r.Days)*24*hour), To: Time(now), Sites: strings.Join(r.Sites, ", ")}
	var table bytes.Buffer
	if err := s.fill(ctx, c, r, &doc, &table); err != nil {
		return ReportRun{}, err
	}
	var page bytes.Buffer
	if err := reportTemplate.Execute(&page, doc); err != nil {
		return ReportRun{}, fmt.Errorf("make the report %q: %w", r.Name, err)
	}
	run := ReportRun{ID: newID(), Made: Time(now), From: doc.From, To: doc.To, By: c.name, Rows: len(doc.Rows), Size: page.Len()}
	if err := s.save(ctx, c.tenant, pageKind, id+"."+run.ID, storedPage{page.Bytes(), table.Bytes()}); err != nil {
		return run, err
	}
	// Another run may have ended since: the list is read anew.
	var gone []ReportRun
	err := s.Documents.EditDocument(ctx, c.tenant, runsKind, id, func(b []byte) ([]byte, error) {
		runs := []ReportRun{run}
		if b != nil {
			var before []ReportRun
			if err := json.Unmarshal(b, &before); err != nil {
				return nil, fmt.Errorf("read the runs of the report %q: %w", r.Name, err)
			}
			runs = append(runs, before...)
		}
		gone = runs[min(len(runs), maxRuns):]
		return json.Marshal(runs[:min(len(runs), maxRuns)])
	})
	if err != nil {
		return run, err
	}
	for _, old := range gone {
		if err := s.Documents.DeleteDocument(ctx, c.tenant, pageKind, id+"."+old.ID); err != nil {
			return run, err
		}
	}
	return run, nil
}

func (s *Server) downloadReport(ctx context.Context, in *reportDownload) (*huma.StreamResponse, error) {
	c := who(ctx)
	r, runs, err := s.report(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(runs, func(x ReportRun) bool { return x.ID == in.Run })
	if i < 0 {
		return nil, unknown("report")
	}
	p, err := fetch[storedPage](ctx, s, c.tenant, pageKind, in.ID+"."+in.Run, "report")
	if err != nil {
		return nil, err
	}
	body, mediaType := p.HTML, "text/html; charset=utf-8"
	if in.Format == "csv" {
		body, mediaType = p.CSV, "text/csv; charset=utf-8"
	}
	name := r.Name + "-" + time.Unix(0, int64(runs[i].Made)).UTC().Format("20060102-1504") + "." + in.Format
	return file(name, mediaType, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}), nil
}

// Run makes the reports that are due until the context ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		s.makeDue(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// makeDue makes what is due. A report whose maker is gone or has lost the
// right to it is not made any more.
func (s *Server) makeDue(ctx context.Context) {
	for _, tenant := range s.Tenants {
		docs, err := all[storedReport](ctx, s, tenant, hub.ReportKind)
		if err != nil {
			s.Log.WarnContext(ctx, "read the reports", "error", err)
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(docs)) {
			r := docs[id]
			var runs []ReportRun
			if err := s.load(ctx, tenant, runsKind, id, &runs); err != nil {
				s.Log.WarnContext(ctx, "read the runs of a report", "error", err)
				continue
			}
			if due := next(r, runs, s.now()); due == 0 || due > s.now() {
				continue
			}
			if err := s.makeScheduled(ctx, tenant, id, r); err != nil {
				s.Log.WarnContext(ctx, "a scheduled report was not made", "report", r.Name, "error", err)
			}
		}
	}
}

func (s *Server) makeScheduled(ctx context.Context, tenant uint16, id string, r storedReport) error {
	u, err := s.Users.User(ctx, tenant, r.Reader.User)
	if err != nil {
		return err
	}
	c := &caller{tenant: tenant, name: u.Name, user: u, role: u.Role, sites: u.Sites, rights: u.Rights, detail: "scheduled"}
	if u.Disabled || !mayRead(c, r) || r.Kind == "audit" && !oversees(c) {
		return fmt.Errorf("its maker %s may not see it any more", u.Name)
	}
	run, err := s.makeReport(withCaller(ctx, c), c, id, r)
	if err != nil {
		return err
	}
	if err := s.record(ctx, c, "report.run", r.Name); err != nil {
		return err
	}
	if s.Notifier == nil {
		return nil
	}
	for _, target := range r.Targets {
		t, err := fetch[hub.StoredTarget](ctx, s, tenant, hub.TargetKind, target, "target")
		if err != nil || !t.Enabled {
			continue
		}
		var secret []byte
		if t.Secret != nil {
			if secret, err = hub.Unseal(s.Key, t.Secret, hub.TargetKind+" "+target); err != nil {
				return err
			}
		}
		text := fmt.Sprintf("The report %q was made: %d rows from %s to %s. It is in the console, below Reports.", plain(r.Name), run.Rows, stamp(run.From), stamp(run.To))
		if err := s.Notifier.Send(ctx, t.Target, secret, "Edgeward: report "+plain(r.Name), text); err != nil {
			s.Log.WarnContext(ctx, "tell of a report", "target", t.Name, "error", err)
		}
	}
	return nil
}
