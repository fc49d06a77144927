//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// findingSelect reads what scanFinding wants: columns that change without the
// record come from the columns.
const (
	findingFields = "SELECT f.record, f.device, f.site, f.mute, f.expected, f.incident, " + deviceName + ", COALESCE(d.type, ''), f.status "
	// The column label is in lower case, to sort by.
	deviceName  = "COALESCE(NULLIF(d.display, ''), d.label, '')"
	findingFrom = "FROM findings f LEFT JOIN devices d ON d.tenant = f.tenant AND d.id = f.device "
)

func scanFinding(rows *sql.Rows, tenant uint16, out *[]*finding.Record) error {
	var b []byte
	var device, site, mute, expected, incident, label, kind, status string
	if err := rows.Scan(&b, &device, &site, &mute, &expected, &incident, &label, &kind, &status); err != nil {
		return err
	}
	r := &finding.Record{}
	if err := decode(b, r); err != nil {
		return err
	}
	r.Device, r.Site, r.Mute, r.Expected, r.Incident, r.Place.Tenant, r.Status = device, site, mute, expected, incident, tenant, finding.Status(status)
	r.Label, r.Type = label, kind
	*out = append(*out, r)
	return nil
}

// Finding gives a finding by its id, or by one under which a sensor reports it.
func (s *Store) Finding(ctx context.Context, tenant uint16, id string) (*finding.Record, error) {
	var out []*finding.Record
	for _, query := range []string{
		findingFields + findingFrom + "WHERE f.tenant = ? AND f.id = ?",
		findingFields + findingFrom + "JOIN finding_ids o ON o.tenant = f.tenant AND o.finding = f.id WHERE o.tenant = ? AND o.id = ?",
	} {
		err := s.find(ctx, query, []any{tenant, id}, func(rows *sql.Rows) error { return scanFinding(rows, tenant, &out) })
		if err != nil {
			return nil, err
		}
		if len(out) > 0 {
			return out[0], nil
		}
	}
	return nil, notFound("finding", id)
}

var findingSorts = map[string]string{"last_seen": "f.last_seen", "first_seen": "f.first_seen", "severity": "f.severity", "count": "f.count"}

// Findings gives a page of findings and how many there are in all.
func (s *Store) Findings(ctx context.Context, f finding.Filter) ([]*finding.Record, int, error) {
	w, from, err := s.findingWhere(ctx, &f)
	if err != nil {
		return nil, 0, err
	}
	var total int
	if _, err := s.one(ctx, "SELECT COUNT(*) "+from+w.String(), slices.Clone(w.args), &total); err != nil {
		return nil, 0, err
	}
	// The rows of the page are found first: sorting whole records would read
	// all of them.
	page, args := limit(f.Limit, f.Offset)
	inner := "SELECT f.n " + from + w.String() + order(findingSorts, f.Sort, "-last_seen", "f.id") + page
	var out []*finding.Record
	err = s.find(ctx, findingFields+findingFrom+"WHERE f.n IN ("+inner+")"+order(findingSorts, f.Sort, "-last_seen", "f.id"), append(w.args, args...), func(rows *sql.Rows) error {
		return scanFinding(rows, f.Tenant, &out)
	})
	return out, total, err
}

// findingWhere gives the conditions of a filter and the tables they need.
func (s *Store) findingWhere(ctx context.Context, f *finding.Filter) (*where, string, error) {
	w, from := &where{}, "FROM findings f "
	w.add("f.tenant = ?", f.Tenant)
	w.sites("f.site", f.Sites)
	w.any("f.id", f.IDs)
	w.any("f.kind", texts(f.Kinds))
	w.any("f.status", texts(f.Statuses))
	if len(f.Types) > 0 {
		from += "JOIN devices d ON d.tenant = f.tenant AND d.id = f.device "
		w.any("d.type", f.Types)
	}
	w.checks("f.check_id", f.Checks)
	if f.AtLeast > 0 {
		w.add("f.severity >= ?", int(f.AtLeast))
	}
	if f.Device != "" {
		w.add("f.device = ?", f.Device)
	}
	if f.Peer != "" {
		w.add(`f.peers LIKE ? ESCAPE '\'`, like("|"+addressText(f.Peer)+"|"))
	}
	if f.Incident != "" {
		w.add("f.incident = ?", f.Incident)
	}
	if f.Sensor != "" {
		w.add(`f.sensors LIKE ? ESCAPE '\'`, like("|"+f.Sensor+"|"))
	}
	if f.From != 0 {
		w.add("f.last_seen >= ?", f.From)
	}
	if f.To != 0 {
		w.add("f.first_seen < ?", f.To)
	}
	if f.Muted != nil {
		w.add("f.hidden = ?", *f.Muted)
	}
	if f.Top {
		w.add("f.incident = ''")
	}
	if strings.TrimSpace(f.Text) != "" {
		if err := s.textWhere(ctx, w, f.Tenant, f.Text); err != nil {
			return nil, "", err
		}
	}
	return w, from, nil
}

// textDevices bounds the devices that a search for words takes in by what
// they are called.
const textDevices = 300

// textWhere adds a search for words in findings, or in what their devices are
// called now.
func (s *Store) textWhere(ctx context.Context, w *where, tenant uint16, text string) error {
	var some []string
	if match := s.d.matchWords(text); match != "" {
		some = append(some, s.d.match)
		w.args = append(w.args, match)
	}
	d := deviceWhere(&asset.Filter{Tenant: tenant, Text: text})
	var devices []string
	err := s.find(ctx, "SELECT id FROM devices"+d.String()+" LIMIT "+strconv.Itoa(textDevices), d.args, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		devices = append(devices, id)
		return err
	})
	if err != nil {
		return err
	}
	if len(devices) > 0 {
		some = append(some, in("f.device", devices, &w.args))
	}
	if len(some) == 0 {
		some = append(some, "1 = 0")
	}
	w.conditions = append(w.conditions, "("+strings.Join(some, " OR ")+")")
	return nil
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// checks adds check ids, exact or as "family.*".
func (w *where) checks(column string, checks []string) {
	if len(checks) == 0 {
		return
	}
	var some []string
	for _, c := range checks[:min(len(checks), inPiece)] {
		if family, ok := strings.CutSuffix(c, "*"); ok && strings.HasSuffix(family, ".") {
			some = append(some, "("+column+" >= ? AND "+column+" < ?)")
			w.args = append(w.args, family, strings.TrimSuffix(family, ".")+"/") // "/" comes right after "."
			continue
		}
		some = append(some, column+" = ?")
		w.args = append(w.args, c)
	}
	w.conditions = append(w.conditions, "("+strings.Join(some, " OR ")+")")
}

var groupSorts = map[string]string{"last_seen": "MAX(f.last_seen)", "first_seen": "MIN(f.first_seen)", "severity": "MAX(f.severity)", "count": "SUM(f.count)"}

// The samples that a group shows.
const groupSamples = 5

// FindingGroups gives a page of groups and how many there are in all. What
// an incident stands for is not listed beside it.
func (s *Store) FindingGroups(ctx context.Context, f finding.Filter) ([]finding.Group, int, error) {
	if f.Incident == "" {
		f.Top = true
	}
	w, from, err := s.findingWhere(ctx, &f)
	if err != nil {
		return nil, 0, err
	}
	var out []finding.Group
	total := 0
	page, args := limit(f.Limit, f.Offset)
	query := "SELECT f.grp, MAX(f.severity), MAX(f.site), COUNT(DISTINCT CASE WHEN f.device = '' THEN NULL ELSE f.device END), COUNT(*), SUM(f.count), MIN(f.first_seen), MAX(f.last_seen), " +
		"SUM(CASE WHEN f.status = 'open' THEN 1 ELSE 0 END), SUM(CASE WHEN f.status = 'acknowledged' THEN 1 ELSE 0 END), SUM(CASE WHEN f.status = 'resolved' THEN 1 ELSE 0 END), SUM(CASE WHEN f.status = 'not-tested' THEN 1 ELSE 0 END), " +
		"COUNT(*) OVER () " + from + w.String() + " GROUP BY f.grp" + order(groupSorts, f.Sort, "-last_seen", "f.grp") + page
	err = s.find(ctx, query, append(slices.Clone(w.args), args...), func(rows *sql.Rows) error {
		g := finding.Group{Statuses: map[finding.Status]int{}}
		var severity int
		var n [4]int
		if err := rows.Scan(&g.Key, &severity, &g.Site, &g.Devices, &g.Findings, &g.Count, &g.First, &g.Last, &n[0], &n[1], &n[2], &n[3], &total); err != nil {
			return err
		}
		g.Severity = ident.Severity(severity)
		for i, status := range []finding.Status{finding.Open, finding.Acknowledged, finding.Resolved, finding.NotTested} {
			if n[i] > 0 {
				g.Statuses[status] = n[i]
			}
		}
		out = append(out, g)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if len(out) == 0 && f.Offset > 0 { // beyond the end: nothing tells the number
		if _, err := s.one(ctx, "SELECT COUNT(DISTINCT f.grp) "+from+w.String(), slices.Clone(w.args), &total); err != nil {
			return nil, 0, err
		}
	}
	for i := range out {
		if err := s.sample(ctx, &out[i], w, from); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// sample fills in what a group shows of its findings.
func (s *Store) sample(ctx context.Context, g *finding.Group, w *where, from string) error {
	if !strings.Contains(from, "devices d") {
		from += "LEFT JOIN devices d ON d.tenant = f.tenant AND d.id = f.device "
	}
	args := append(slices.Clone(w.args), g.Key, groupSamples)
	return s.find(ctx, "SELECT f.id, f.check_id, f.kind, f.title, "+deviceName+" "+from+w.String()+" AND f.grp = ? ORDER BY f.severity DESC, f.last_seen DESC, f.id LIMIT ?", args, func(rows *sql.Rows) error {
		var id, check, kind, title, label string
		if err := rows.Scan(&id, &check, &kind, &title, &label); err != nil {
			return err
		}
		if g.Check == "" {
			g.Check, g.Kind, g.Title = check, finding.Kind(kind), title
		}
		g.Sample = append(g.Sample, id)
		if label != "" && !slices.Contains(g.Labels, label) {
			g.Labels = append(g.Labels, label)
		}
		return nil
	})
}

var findingCounts = map[string]string{"severity": "f.severity", "check": "f.check_id", "kind": "f.kind", "status": "f.status", "device": "f.device", "site": "f.site"}

// CountFindings counts by severity, check, kind, status, device or site.
func (s *Store) CountFindings(ctx context.Context, f finding.Filter, by string) (map[string]int, error) {
	column, ok := findingCounts[by]
	if !ok {
		return nil, ident.Errorf(ident.Usage, "count by severity, check, kind, status, device or site", "findings cannot be counted by %q", by)
	}
	w, from, err := s.findingWhere(ctx, &f)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	if by == "severity" {
		err = s.find(ctx, "SELECT f.severity, COUNT(*) "+from+w.String()+" GROUP BY f.severity", w.args, func(rows *sql.Rows) error {
			var severity, n int
			err := rows.Scan(&severity, &n)
			out[ident.Severity(severity).String()] = n
			return err
		})
		return out, err
	}
	err = s.find(ctx, "SELECT "+column+", COUNT(*) "+from+w.String()+" GROUP BY "+column, w.args, func(rows *sql.Rows) error {
		var key string
		var n int
		err := rows.Scan(&key, &n)
		out[key] = n
		return err
	})
	return out, err
}

// EditFinding changes status, assignee and comments. What else the function
// changes is not stored.
func (s *Store) EditFinding(ctx context.Context, tenant uint16, id string, edit func(*finding.Record) error) (*finding.Record, error) {
	err := s.update(ctx, "edit finding", func(t *tx) error {
		list, err := t.Judged(tenant, []string{id})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return notFound("finding", id)
		}
		j := list[0]
		id = j.ID
		changed := j.Record
		changed.Comments = slices.Clone(j.Comments)
		if err := edit(&changed); err != nil {
			return err
		}
		switch changed.Status {
		case finding.Open, finding.Acknowledged, finding.Resolved, finding.NotTested:
		default:
			return ident.Errorf(ident.Invalid, "use open, acknowledged, resolved or not-tested", "a finding cannot be %q", changed.Status)
		}
		now := s.clock().UnixNano()
		moments := editMoments(&j.Record, &changed, now, hub.Actor(ctx))
		for i := range moments {
			moments[i].Tenant = tenant
		}
		j.Status, j.Assignee, j.Comments, j.Reopened, j.Updated = changed.Status, changed.Assignee, changed.Comments, changed.Reopened, now
		if err := errors.Join(t.SaveJudged(list), t.AddMoments(moments)); err != nil {
			return err
		}
		if j.Device == "" {
			return nil
		}
		return hub.Refresh(t, tenant, []string{j.Device})
	})
	if err != nil {
		return nil, err
	}
	return s.Finding(ctx, tenant, id)
}

// editMoments notes what a person made of a finding.
func editMoments(before, after *finding.Record, now int64, actor string) (out []hub.Moment) {
	m := hub.Moment{Time: now, Noted: now, Device: before.Device, Site: before.Site, Subject: before.Check, Finding: before.ID, Actor: actor}
	if before.Status != after.Status {
		m.Kind, m.Before, m.After = hub.StatusSet, string(before.Status), string(after.Status)
		out = append(out, m)
	}
	if n := len(after.Comments); n > len(before.Comments) && after.Comments[n-1].Text != "" {
		m.Kind, m.Before, m.After = hub.CommentAdded, "", after.Comments[n-1].Text
		out = append(out, m)
	}
	return out
}
