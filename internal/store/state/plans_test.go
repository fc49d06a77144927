//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
)

// recorder is a driver that remembers what is asked.
type recorder struct {
	of  driver.Driver
	dsn string

	mu      sync.Mutex
	queries []question
}

type question struct {
	text string
	args []driver.NamedValue
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	c, err := r.of.Open(r.dsn)
	return &recorded{c, r}, err
}

func (r *recorder) Driver() driver.Driver { return r.of }

type recorded struct {
	driver.Conn
	r *recorder
}

func (c *recorded) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.r.mu.Lock()
	c.r.queries = append(c.r.queries, question{query, args})
	c.r.mu.Unlock()
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// TestPlans wants what the first screen and the lists ask to be found through
// indexes, and whole lists of devices to be read from the index that holds no
// records: what a screen costs grows with what it shows, not with what there is.
func TestPlans(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, "sqlite:"+path)
	fill(t, newScene(t, s))
	err := s.update(ctx, "add", func(x *tx) error {
		return x.AddRollups([]hub.Rollup{{Tenant: 1, Dimension: hub.ByDevice, Sensor: "a", Hour: t0 - mod(t0, hour), Key: "a", Facts: 1, BytesOut: 1}})
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{of: s.read.Driver(), dsn: sqliteURI(path, "")}
	plain := s.read
	s.read = sql.OpenDB(r)
	t.Cleanup(func() { _ = plain.Close() })
	no := false
	open := []finding.Status{finding.Open}
	from, to := t0, t0+30*hour
	for _, c := range []struct {
		name  string
		most  int      // statements
		using []string // each of these indexes is used
		ask   func() error
	}{
		{"census", 1, []string{"COVERING INDEX devices_card"}, func() error { _, err := s.Census(ctx, 1, nil, t0, 70); return err }},
		{"census of a site", 1, []string{"COVERING INDEX devices_card"}, func() error { _, err := s.Census(ctx, 1, []string{"a"}, t0, 70); return err }},
		{"cards", 1, []string{"COVERING INDEX devices_card"}, func() error { _, err := s.Cards(ctx, hub.CardFilter{Tenant: 1}); return err }},
		{"some cards", 1, []string{"devices"}, func() error {
			_, err := s.Cards(ctx, hub.CardFilter{Tenant: 1, IDs: []string{"a", "b"}})
			return err
		}},
		{"addresses", 1, []string{"device_addresses"}, func() error { _, err := s.Addresses(ctx, 1, []string{"10.0.0.1"}); return err }},
		{"findings by severity", 1, []string{"COVERING INDEX findings_open"}, func() error {
			_, err := s.CountFindings(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &no}, "severity")
			return err
		}},
		{"groups", 2 + groupSamples, []string{"COVERING INDEX findings_groups"}, func() error {
			_, _, err := s.FindingGroups(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &no, Sort: "-severity", Limit: 8})
			return err
		}},
		{"gravest findings", 2, []string{"INDEX findings_"}, func() error {
			_, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &no, Top: true, Sort: "-severity", Limit: 50})
			return err
		}},
		{"new devices", 2, []string{"INDEX devices_first"}, func() error {
			_, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, Since: t0, Sort: "-first_seen", Limit: 10})
			return err
		}},
		{"risky devices", 2, []string{"INDEX devices_risk"}, func() error {
			_, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, AtLeast: 1, Sort: "-risk", Limit: 5})
			return err
		}},
		{"traffic", 1, []string{"dimension=? AND hour>? AND hour<?"}, func() error {
			_, err := s.Rollups(ctx, hub.RollupFilter{Tenant: 1, Dimension: hub.ByTotal, From: from, To: to, ByHour: true})
			return err
		}},
		{"talkers", 3, []string{"device_days USING PRIMARY KEY (tenant=? AND day>? AND day<?)", "dimension=? AND hour=? AND name=?"}, func() error {
			_, err := s.Rollups(ctx, hub.RollupFilter{Tenant: 1, Dimension: hub.ByDevice, From: from, To: to, Top: 8})
			return err
		}},
		{"zones", 3, []string{"dimension=? AND hour>? AND hour<?", "COVERING INDEX devices_card"}, func() error {
			_, err := s.ZoneMatrix(ctx, hub.PairFilter{Tenant: 1, From: from, To: to + 3*day})
			return err
		}},
		{"a neighbourhood", 3, []string{"dimension=? AND hour>? AND hour<?", "COVERING INDEX devices_card"}, func() error {
			_, _, err := s.Links(ctx, hub.PairFilter{Tenant: 1, From: from, To: to + 3*day, Device: "a"})
			return err
		}},
	} {
		r.queries = nil
		if err := c.ask(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n := len(r.queries); n == 0 || n > c.most {
			t.Errorf("%s: %d statements, at most %d", c.name, n, c.most)
		}
		var steps []string
		for _, q := range r.queries {
			steps = append(steps, planOf(t, plain, q)...)
		}
		all := strings.Join(steps, "\n")
		for _, step := range steps {
			table := strings.TrimPrefix(step, "SCAN ")
			if table != step && !strings.HasPrefix(table, "r") && !strings.HasPrefix(table, "(") {
				t.Errorf("%s reads a whole table:\n%s", c.name, all)
			}
		}
		for _, want := range c.using {
			if !strings.Contains(all, want) {
				t.Errorf("%s does not use %s:\n%s", c.name, want, all)
			}
		}
	}
}

// planOf gives the steps in which SQLite answers.
func planOf(t *testing.T, db *sql.DB, q question) (out []string) {
	t.Helper()
	args := make([]any, len(q.args))
	for i, a := range q.args {
		args[i] = a.Value
	}
	err := walk(context.Background(), db, "EXPLAIN QUERY PLAN "+q.text, args, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		out = append(out, detail)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
