//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// where gathers the conditions of a query.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// any adds "column IN (...)" unless the list is empty.
func (w *where) any(column string, values []string) {
	if len(values) == 0 {
		return
	}
	w.conditions = append(w.conditions, in(column, values[:min(len(values), inPiece)], &w.args))
}

// sites adds the sites that a caller may see; nil is all of them, and a list
// that is empty is none.
func (w *where) sites(column string, sites []string) {
	if sites == nil {
		return
	}
	if len(sites) == 0 {
		w.add("1 = 0")
		return
	}
	w.any(column, sites)
}

func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// like writes a pattern that finds text, whatever is in it.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// Device gives a device by its id; one that was merged says so in MergedTo.
func (s *Store) Device(ctx context.Context, tenant uint16, id string) (*asset.Record, error) {
	var out []*asset.Record
	err := s.find(ctx, deviceSelect+"WHERE tenant = ? AND id = ?", []any{tenant, id}, func(rows *sql.Rows) error {
		return scanDevice(rows, tenant, &out)
	})
	if err == nil && len(out) == 0 {
		return nil, notFound("device", id)
	}
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

var deviceSorts = map[string]string{
	"risk": "risk", "label": "label", "type": "type", "vendor": "vendor", "zone": "zone", "first_seen": "first_seen", "last_seen": "last_seen", "bytes": "bytes",
}

// order writes the order of a list; the id makes it the same each time.
func order(sorts map[string]string, sort, fallback, id string) string {
	if sort == "" {
		sort = fallback
	}
	direction := ""
	if strings.HasPrefix(sort, "-") {
		sort, direction = sort[1:], " DESC"
	}
	column, ok := sorts[sort]
	if !ok {
		column, direction = sorts[strings.TrimPrefix(fallback, "-")], " DESC"
	}
	return " ORDER BY " + column + direction + ", " + id + direction
}

const (
	defaultLimit = 100
	maxLimit     = 10000
)

func limit(n, offset int) (string, []any) {
	if n <= 0 {
		n = defaultLimit
	}
	return " LIMIT ? OFFSET ?", []any{min(n, maxLimit), max(offset, 0)}
}

// Devices gives a page of devices and how many there are in all.
func (s *Store) Devices(ctx context.Context, f asset.Filter) ([]*asset.Record, int, error) {
	w := deviceWhere(&f)
	var total int
	if _, err := s.one(ctx, "SELECT COUNT(*) FROM devices"+w.String(), slices.Clone(w.args), &total); err != nil {
		return nil, 0, err
	}
	var out []*asset.Record
	page, args := limit(f.Limit, f.Offset)
	err := s.find(ctx, deviceSelect+w.String()+order(deviceSorts, f.Sort, "-risk", "id")+page, append(w.args, args...), func(rows *sql.Rows) error {
		return scanDevice(rows, f.Tenant, &out)
	})
	return out, total, err
}

func deviceWhere(f *asset.Filter) *where {
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	w.add("merged_to = ''")
	w.sites("site", f.Sites)
	w.any("id", f.IDs)
	w.any("type", f.Types)
	w.any("vendor", f.Vendors)
	w.any("zone", f.Zones)
	for _, word := range strings.Fields(strings.ToLower(clean(f.Text))) {
		w.add(`search LIKE ? ESCAPE '\'`, like(addressText(word)))
	}
	if len(f.Tags) > 0 {
		var some []string
		for _, tag := range f.Tags[:min(len(f.Tags), 50)] {
			some = append(some, `tags LIKE ? ESCAPE '\'`)
			w.args = append(w.args, like("|"+tag+"|"))
		}
		w.conditions = append(w.conditions, "("+strings.Join(some, " OR ")+")")
	}
	if f.Sensor != "" {
		w.add(`sensors LIKE ? ESCAPE '\'`, like("|"+f.Sensor+"|"))
	}
	if f.Host != 0 {
		w.add("id IN (SELECT device FROM holders WHERE tenant = ? AND host = ? AND until_time = 0)", f.Tenant, f.Host)
	}
	if f.Since != 0 {
		w.add("first_seen >= ?", f.Since)
	}
	if f.Trusted != nil {
		w.add("trusted = ?", *f.Trusted)
	}
	if f.AtLeast > 0 {
		w.add("risk >= ?", f.AtLeast)
	}
	return w
}

// EditDevice changes what a person may set.
func (s *Store) EditDevice(ctx context.Context, tenant uint16, id string, edit func(*asset.Attributes) error) (*asset.Record, error) {
	return s.editDevice(ctx, tenant, "edit device", func(e *hub.Edit) (*asset.Record, error) { return e.Attributes(id, edit) })
}

// MergeDevices makes others part of one.
func (s *Store) MergeDevices(ctx context.Context, tenant uint16, into string, others []string) (*asset.Record, error) {
	return s.editDevice(ctx, tenant, "merge devices", func(e *hub.Edit) (*asset.Record, error) { return e.Merge(into, others) })
}

// SplitDevice makes hosts of a device one of their own.
func (s *Store) SplitDevice(ctx context.Context, tenant uint16, id string, hosts []ident.HostKey) (*asset.Record, error) {
	return s.editDevice(ctx, tenant, "split device", func(e *hub.Edit) (*asset.Record, error) { return e.Split(id, hosts) })
}

func (s *Store) editDevice(ctx context.Context, tenant uint16, doing string, edit func(*hub.Edit) (*asset.Record, error)) (*asset.Record, error) {
	var out *asset.Record
	err := s.update(ctx, doing, func(t *tx) error {
		now := s.clock().UnixNano()
		r, err := edit(&hub.Edit{Tx: t, Tenant: tenant, Now: now, Actor: hub.Actor(ctx)})
		if err != nil {
			return err
		}
		// Type, zone, tags and identity decide which mutes hold.
		if _, err := t.applyPolicies(tenant, now, r.ID); err != nil {
			return err
		}
		fresh, err := t.Devices(tenant, []string{r.ID})
		if err != nil {
			return err
		}
		if len(fresh) == 0 {
			return errors.New("the device is gone")
		}
		out = fresh[0]
		return nil
	})
	return out, err
}

// Tenures gives the host keys that stand or stood for a device, the oldest
// first.
func (s *Store) Tenures(ctx context.Context, tenant uint16, id string) ([]asset.Tenure, error) {
	var out []asset.Tenure
	err := s.find(ctx, "SELECT host, from_time, until_time FROM holders WHERE tenant = ? AND device = ? ORDER BY from_time, host", []any{tenant, id}, func(rows *sql.Rows) error {
		var t asset.Tenure
		var host int64
		err := rows.Scan(&host, &t.From, &t.Until)
		t.Host = ident.HostKey(host)
		out = append(out, t)
		return err
	})
	return out, err
}

// HostDevice gives the device that a host was at a time; empty for none.
func (s *Store) HostDevice(ctx context.Context, tenant uint16, h ident.HostKey, at int64) (string, error) {
	var list []hub.Holder
	err := s.find(ctx, "SELECT tenant, realm, host, from_time, until_time, device, pinned FROM holders WHERE tenant = ? AND host = ? ORDER BY realm, from_time", []any{tenant, h}, func(rows *sql.Rows) error {
		x, err := scanHolder(rows)
		list = append(list, x)
		return err
	})
	if err != nil || len(list) == 0 {
		return "", err
	}
	// Sites may use the same private addresses; then the latest claim counts.
	var best hub.Holder
	found := false
	for _, x := range list {
		if x.From <= at && (x.Until == 0 || at < x.Until) && (!found || x.From > best.From) {
			best, found = x, true
		}
	}
	if !found {
		first := slices.MinFunc(list, func(a, b hub.Holder) int { return int(min(max(a.From-b.From, -1), 1)) })
		if at >= first.From {
			return "", nil
		}
		best = first
	}
	return best.Device, nil
}
