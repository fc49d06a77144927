//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
)

var _ hub.Directory = (*Store)(nil)

// Cards names devices from columns alone.
func (s *Store) Cards(ctx context.Context, f hub.CardFilter) ([]hub.Card, error) {
	if f.IDs != nil && len(f.IDs) == 0 {
		return nil, nil
	}
	var out []hub.Card
	pieces := [][]string{nil}
	if f.IDs != nil {
		pieces = slices.Collect(slices.Chunk(f.IDs, inPiece))
	}
	for _, piece := range pieces {
		w := &where{}
		w.add("tenant = ?", f.Tenant)
		w.add("merged_to = ''")
		w.sites("site", f.Sites)
		w.any("id", piece)
		page := ""
		if f.Limit > 0 {
			page = " LIMIT " + strconv.Itoa(f.Limit)
		}
		err := s.find(ctx, "SELECT id, display, type, vendor, zone, site, tags, risk, learning FROM devices"+w.String()+page, w.args, func(rows *sql.Rows) error {
			var c hub.Card
			var tags string
			var learning int
			err := rows.Scan(&c.ID, &c.Label, &c.Type, &c.Vendor, &c.Zone, &c.Site, &tags, &c.Risk, &learning)
			c.Tags, c.Learning = unlist(tags), learning != 0
			out = append(out, c)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Census counts devices, reading no records.
func (s *Store) Census(ctx context.Context, tenant uint16, sites []string, since int64, risk int) (hub.Census, error) {
	w := &where{}
	w.add("tenant = ?", tenant)
	w.add("merged_to = ''")
	w.sites("site", sites)
	count := func(condition string) string {
		return ", COALESCE(SUM(CASE WHEN " + condition + " THEN 1 ELSE 0 END), 0)"
	}
	var c hub.Census
	_, err := s.one(ctx, "SELECT COUNT(*)"+count("first_seen >= ?")+count("type = 'unknown'")+count("trusted = 0")+count("risk >= ?")+count("learning = 1")+" FROM devices"+w.String(),
		append([]any{since, risk}, w.args...), &c.Total, &c.New, &c.Unknown, &c.Untrusted, &c.Risky, &c.Learning)
	return c, err
}

// Addresses gives who has some addresses, or all.
func (s *Store) Addresses(ctx context.Context, tenant uint16, addresses []string) ([]hub.DeviceAddress, error) {
	if addresses != nil && len(addresses) == 0 {
		return nil, nil
	}
	var out []hub.DeviceAddress
	pieces := [][]string{nil}
	if addresses != nil {
		pieces = slices.Collect(slices.Chunk(addresses, inPiece))
	}
	for _, piece := range pieces {
		w := &where{}
		w.add("tenant = ?", tenant)
		w.any("address", piece)
		err := s.find(ctx, "SELECT address, scope, device FROM device_addresses"+w.String(), w.args, func(rows *sql.Rows) error {
			var a hub.DeviceAddress
			err := rows.Scan(&a.Address, &a.Scope, &a.Device)
			out = append(out, a)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// saveAddresses writes the addresses that devices have now. One that was
// merged has none.
func (t *tx) saveAddresses(devices []*asset.Record) error {
	st, err := t.prepare("DELETE FROM device_addresses WHERE tenant = ? AND device = ?")
	if err != nil {
		return err
	}
	var rows [][]any
	for _, r := range devices {
		if _, err := st.ExecContext(t.ctx, bind([]any{r.Place.Tenant, r.ID})...); err != nil {
			return err
		}
		if r.MergedTo != "" {
			continue
		}
		for _, a := range r.Addresses {
			rows = append(rows, []any{r.Place.Tenant, a.Unmap().String(), r.Place.Scope, r.ID})
		}
	}
	return t.bulk("device_addresses", []string{"tenant", "address", "scope", "device"}, "ON CONFLICT DO NOTHING", rows)
}

// fillDirectory writes, from records, what older programs did not.
func fillDirectory(t *tx) error {
	type key struct {
		tenant uint16
		id     string
	}
	var last key
	for {
		var batch []*asset.Record
		query := "SELECT tenant, id, record FROM devices WHERE tenant > ? OR tenant = ? AND id > ? ORDER BY tenant, id LIMIT 500"
		err := t.query(query, []any{last.tenant, last.tenant, last.id}, func(rows *sql.Rows) error {
			var b []byte
			r := &asset.Record{}
			if err := rows.Scan(&last.tenant, &last.id, &b); err != nil {
				return err
			}
			err := decode(b, r)
			r.ID, r.Place.Tenant = last.id, last.tenant
			batch = append(batch, r)
			return err
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		if err := t.saveAddresses(batch); err != nil {
			return err
		}
		for _, r := range batch {
			if _, err := t.exec("UPDATE devices SET display = ? WHERE tenant = ? AND id = ? AND display = ''", r.Label(), r.Place.Tenant, r.ID); err != nil {
				return err
			}
		}
	}
}
