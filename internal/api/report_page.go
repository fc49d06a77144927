//go:build !sensor

package api

import (
	"bytes"
	"context"
	"html/template"
	"strconv"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// reportPage is what the page of a report shows.
type reportPage struct {
	Name, Kind, Sites string
	Made, From, To    Time
	Facts             [][2]string
	Head              []string
	Rows              [][]string
	More              int
}

// reportTemplate needs no script and loads nothing. html/template escapes
// every value for the place where it stands.
var reportTemplate = template.Must(template.New("").Funcs(template.FuncMap{"stamp": stamp, "plain": plain}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{plain .Name}}</title>
<style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
h1{margin:0}p{margin:.3rem 0 1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}dt{font-weight:600}dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:start;padding:.3rem .6rem;border-bottom:1px solid #8885;vertical-align:top;overflow-wrap:anywhere}
thead{position:sticky;top:0;background:Canvas}@media print{thead{position:static}}
</style></head><body>
<h1>{{plain .Name}}</h1>
<p>{{stamp .From}} to {{stamp .To}}{{with .Sites}}, sites: {{plain .}}{{end}}. Made {{stamp .Made}} by Edgeward.</p>
{{with .Facts}}<dl>{{range .}}<dt>{{plain (index . 0)}}</dt><dd>{{plain (index . 1)}}</dd>{{end}}</dl>{{end}}
{{if .Rows}}<table><thead><tr>{{range .Head}}<th scope="col">{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr>{{range .}}<td>{{plain .}}</td>{{end}}</tr>
{{end}}</tbody></table>{{else}}<p>Nothing to list.</p>{{end}}
{{with .More}}<p>{{.}} rows more are left out.</p>{{end}}
</body></html>
`))

// fill puts into a report what its maker may see, and the same as a table.
func (s *Server) fill(ctx context.Context, c *caller, r storedReport, doc *reportPage, csv *bytes.Buffer) error {
	sites := c.only(r.Sites)
	f := finding.Filter{Tenant: c.tenant, Sites: sites, From: int64(doc.From), To: int64(doc.To), Sort: "-severity"}
	if r.Severity != "" {
		f.AtLeast, _ = ident.ParseSeverity(r.Severity) // one of the enumeration
	}
	d := asset.Filter{Tenant: c.tenant, Sites: sites, Sort: "-risk"}
	row := func(_ any, cells ...string) error {
		if len(doc.Rows) >= reportRows {
			doc.More++
			return nil
		}
		doc.Rows = append(doc.Rows, cells)
		return nil
	}
	var err error
	switch r.Kind {
	case "summary":
		f.Top, f.Limit = true, 50
		err = s.fillSummary(ctx, f, d, doc, row)
	case "findings":
		doc.Head = findingHead
		err = s.eachFinding(ctx, f, exportRows, func(x *finding.Record) error { return findingRow(row, x) })
	case "devices", "changes":
		if r.Kind == "changes" {
			d.Since, d.Sort = int64(doc.From), "-first_seen"
		}
		doc.Head = []string{"label", "type", "vendor", "model", "ip", "mac", "zone", "site", "risk", "open findings", "first seen", "last seen"}
		err = s.eachDevice(ctx, d, exportRows, func(x *asset.Record) error {
			v := deviceOf(x)
			n := v.Findings
			return row(nil, v.Label, v.Type, v.Vendor, v.Model, strings.Join(v.IPs, " "), v.MAC, v.Zone, v.Site, strconv.Itoa(v.Risk), strconv.Itoa(n.Info+n.Low+n.Medium+n.High+n.Critical), stamp(v.FirstSeen), stamp(v.LastSeen))
		})
	case "coverage":
		doc.Head = []string{"severity", "what", "subject", "why", "what to do", "count"}
		var got *reply[Coverage]
		if got, err = s.coverage(withCaller(ctx, c), nil); err == nil {
			for _, g := range got.Body.Gaps {
				_ = row(nil, g.Severity, g.Title, g.Subject, g.Why, g.Remedy, strconv.FormatUint(g.Count, 10)) // only collects
			}
		}
	case "audit":
		doc.Head = []string{"seq", "time", "actor", "address", "action", "object", "detail", "reason"}
		q := AuditFilter{From: When{doc.From}, To: When{doc.To}}.of(c.tenant)
		q.Limit = reportRows
		entries, aerr := s.Audit.Entries(ctx, q)
		err = aerr
		for _, x := range entries {
			e := entryOf(x)
			_ = row(nil, strconv.FormatInt(e.Seq, 10), stamp(e.Time), e.Actor, e.Address, e.Action, e.Object, e.Detail, e.Reason) // only collects
		}
	}
	if err != nil {
		return err
	}
	t := newTable(csv, doc.Head)
	for _, cells := range doc.Rows {
		if err := t.row(append([]string{}, cells...)); err != nil {
			return err
		}
	}
	return t.flush()
}

func (s *Server) fillSummary(ctx context.Context, f finding.Filter, d asset.Filter, doc *reportPage, row func(any, ...string) error) error {
	f.Statuses = openOnly
	n, err := s.bySeverity(ctx, f)
	if err != nil {
		return err
	}
	d.Limit = 1
	_, total, err := s.Devices.Devices(ctx, d)
	if err != nil {
		return err
	}
	d.Since = int64(doc.From)
	_, fresh, err := s.Devices.Devices(ctx, d)
	if err != nil {
		return err
	}
	doc.Facts = [][2]string{
		{"devices", strconv.Itoa(total)}, {"new devices", strconv.Itoa(fresh)}, {"open critical", strconv.Itoa(n.Critical)}, {"open high", strconv.Itoa(n.High)},
		{"open medium", strconv.Itoa(n.Medium)}, {"open low", strconv.Itoa(n.Low)}, {"open info", strconv.Itoa(n.Info)},
	}
	doc.Head = []string{"severity", "check", "title", "devices", "findings", "labels", "last seen"}
	groups, err := s.groupPage(ctx, f)
	if err != nil {
		return err
	}
	for _, g := range groups.Items {
		_ = row(nil, g.Severity, g.Check, g.Title, strconv.Itoa(g.Devices), strconv.Itoa(g.Findings), strings.Join(g.Labels, ", "), stamp(g.LastSeen)) // only collects
	}
	return nil
}
