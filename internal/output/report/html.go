//go:build !sensor

package report

import (
	"cmp"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean":    clean,
	"problem":  Capture.problem,
	"group":    group,
	"count":    func(n int) string { return group(uint64(n)) },
	"pair":     func(p pageData, f *finding.Finding) findingRow { return findingRow{p, f} },
	"row":      func(name string, b asset.Belief) beliefRow { return beliefRow{name, b} },
	"size":     size,
	"label":    Label,
	"percent":  func(f float64) string { return fmt.Sprintf("%.0f %%", f*100) },
	"time":     func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05") },
	"hexdump":  func(b []byte) string { return strings.TrimRight(hex.Dump(b), "\n") },
	"severity": func(s ident.Severity) string { return s.String() },
	"join":     func(l []string) string { return strings.Join(l, ", ") },
	"first":    func(n int, l []string) []string { return l[:min(n, len(l))] },
	"more":     func(n, total int) int { return max(total-n, 0) },
	"known":    known,
	"services": serviceLine,
	"peers":    peerLine,
	"technique": func(id string) string {
		return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
	},
}).Parse(pageSource))

// pageData is what the page shows.
type pageData struct {
	*Report
	Title    string
	Above    []*finding.Finding
	Info     []*finding.Finding
	BySev    []severityCount
	ByType   []typeCount
	LossList []string
	Began    string
	Lasted   string
	byID     map[string]*finding.Finding
}

// findingRow and beliefRow are what the inner templates show.
type findingRow struct {
	Page    pageData
	Finding *finding.Finding
}

type beliefRow struct {
	Name   string
	Belief asset.Belief
}

type severityCount struct {
	Severity ident.Severity
	Count    int
}

type typeCount struct {
	Type  string
	Count int
}

// maxPage bounds the devices and findings on the page, so that a browser can
// show it; the JSON document has them all.
const maxPage = 2000

// HTML writes the report as one self-contained page.
func (r *Report) HTML(w io.Writer) error {
	d := pageData{Report: r, Title: "Edgeward report"}
	d.Above, d.Info = split(r.Findings)
	d.Above, d.Info = d.Above[:min(len(d.Above), maxPage)], d.Info[:min(len(d.Info), maxPage)]
	d.byID = make(map[string]*finding.Finding, len(d.Above)+len(d.Info))
	for _, f := range slices.Concat(d.Above, d.Info) {
		d.byID[f.ID] = f
	}
	for s := int(ident.Critical); s >= int(ident.Info); s-- {
		n := 0
		for _, f := range r.Findings {
			if f.Severity == ident.Severity(s) {
				n++
			}
		}
		d.BySev = append(d.BySev, severityCount{ident.Severity(s), n})
	}
	d.ByType = countTypes(r.Devices)
	d.LossList = r.losses()
	if r.Packets+r.Lines > 0 {
		d.Began, d.Lasted = time.Unix(0, r.First).UTC().Format("2006-01-02 15:04:05 UTC"), duration(r.Duration())
	}
	return page.Execute(w, d)
}

// Device gives the device with that id, for the template.
func (d pageData) Device(id string) *asset.Device { return d.device(id) }

// Finding gives the finding with that id, for the template, as far as it is on
// the page.
func (d pageData) Finding(id string) *finding.Finding { return d.byID[id] }

// Shown gives the devices that fit on the page.
func (d pageData) Shown() []*asset.Device { return d.Devices[:min(len(d.Devices), maxPage)] }

func countTypes(devices []*asset.Device) []typeCount {
	var out []typeCount
next:
	for _, d := range devices {
		name := known(d.Type)
		for i := range out {
			if out[i].Type == name {
				out[i].Count++
				continue next
			}
		}
		out = append(out, typeCount{name, 1})
	}
	slices.SortStableFunc(out, func(a, b typeCount) int {
		return cmp.Or(cmp.Compare(rank(a.Type), rank(b.Type)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Type, b.Type))
	})
	return out
}

// rank puts what is not known behind all else.
func rank(name string) int {
	if name == Unknown {
		return 1
	}
	return 0
}
