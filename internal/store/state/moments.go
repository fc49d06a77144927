//go:build !sensor

package state

import (
	"context"
	"database/sql"

	"edgeward/internal/hub"
)

func momentWhere(f *hub.MomentFilter) *where {
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	w.sites("site", f.Sites)
	if f.Device != "" {
		w.add("device = ?", f.Device)
	}
	w.any("kind", texts(f.Kinds))
	if f.From != 0 {
		w.add("noted >= ?", f.From)
	}
	if f.To != 0 {
		w.add("noted < ?", f.To)
	}
	if f.Before != 0 {
		w.add("seq < ?", f.Before)
	}
	return w
}

// Moments gives moments, newest first.
func (s *Store) Moments(ctx context.Context, f hub.MomentFilter) ([]hub.Moment, error) {
	w := momentWhere(&f)
	page, args := limit(f.Limit, 0)
	var out []hub.Moment
	err := s.find(ctx, "SELECT seq, time, noted, device, site, kind, subject, before_value, after_value, finding, actor FROM moments"+w.String()+" ORDER BY seq DESC"+page, append(w.args, args...), func(rows *sql.Rows) error {
		m := hub.Moment{Tenant: f.Tenant}
		var kind string
		err := rows.Scan(&m.Seq, &m.Time, &m.Noted, &m.Device, &m.Site, &kind, &m.Subject, &m.Before, &m.After, &m.Finding, &m.Actor)
		m.Kind = hub.MomentKind(kind)
		out = append(out, m)
		return err
	})
	return out, err
}

// CountMoments counts by kind.
func (s *Store) CountMoments(ctx context.Context, f hub.MomentFilter) (map[hub.MomentKind]int, error) {
	w := momentWhere(&f)
	out := map[hub.MomentKind]int{}
	err := s.find(ctx, "SELECT kind, COUNT(*) FROM moments"+w.String()+" GROUP BY kind", w.args, func(rows *sql.Rows) error {
		var kind string
		var n int
		err := rows.Scan(&kind, &n)
		out[hub.MomentKind(kind)] = n
		return err
	})
	return out, err
}
