//go:build !sensor

package state

import (
	"database/sql"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

const viewSelect = "SELECT tenant, sensor, local, device, boot, past, now FROM views WHERE "

func (t *tx) Views(keys []hub.ViewKey) ([]*hub.View, error) {
	type source struct {
		tenant uint16
		sensor string
	}
	bySensor := map[source][]string{}
	for _, k := range keys {
		s := source{k.Tenant, k.Sensor}
		bySensor[s] = append(bySensor[s], k.Local)
	}
	var out []*hub.View
	for s, locals := range bySensor {
		for piece := range slices.Chunk(locals, inPiece) {
			args := []any{s.tenant, s.sensor}
			if err := t.views(viewSelect+"tenant = ? AND sensor = ? AND "+in("local", piece, &args), args, &out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (t *tx) ViewsOf(tenant uint16, devices []string) ([]*hub.View, error) {
	var out []*hub.View
	for piece := range slices.Chunk(devices, inPiece) {
		args := []any{tenant}
		if err := t.views(viewSelect+"tenant = ? AND "+in("device", piece, &args), args, &out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *tx) views(query string, args []any, out *[]*hub.View) error {
	return t.query(query, args, func(rows *sql.Rows) error {
		v := &hub.View{}
		var boot int64
		var past, now []byte
		if err := rows.Scan(&v.Tenant, &v.Sensor, &v.Local, &v.Device, &boot, &past, &now); err != nil {
			return err
		}
		v.Boot = uint64(boot)
		for _, p := range []struct {
			b []byte
			d **asset.Device
		}{{past, &v.Past}, {now, &v.Now}} {
			if len(p.b) == 0 {
				continue
			}
			*p.d = &asset.Device{}
			if err := decode(p.b, *p.d); err != nil {
				return err
			}
		}
		*out = append(*out, v)
		return nil
	})
}

func (t *tx) SaveViews(list []*hub.View) error {
	columns := []string{"tenant", "sensor", "local", "device", "boot", "past", "now"}
	rows := make([][]any, 0, len(list))
	for _, v := range list {
		var parts [2][]byte
		for i, d := range []*asset.Device{v.Past, v.Now} {
			if d == nil {
				continue
			}
			b, err := encode(d)
			if err != nil {
				return err
			}
			parts[i] = b
		}
		rows = append(rows, []any{v.Tenant, v.Sensor, v.Local, v.Device, v.Boot, parts[0], parts[1]})
	}
	return t.bulk("views", columns, upsert("tenant, sensor, local", columns), rows)
}

func (t *tx) Devices(tenant uint16, ids []string) ([]*asset.Record, error) {
	var out []*asset.Record
	for piece := range slices.Chunk(ids, inPiece) {
		args := []any{tenant}
		err := t.query(deviceSelect+"WHERE tenant = ? AND "+in("id", piece, &args), args, func(rows *sql.Rows) error {
			return scanDevice(rows, tenant, &out)
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// deviceSelect reads what scanDevice wants. Counts and risk have columns of
// their own, since they change without the rest.
const deviceSelect = "SELECT record, info, low, medium, high, critical, risk, risk_why, site FROM devices "

func scanDevice(rows *sql.Rows, tenant uint16, out *[]*asset.Record) error {
	var b []byte
	var why, site string
	r := &asset.Record{}
	var n [5]int
	var risk int
	if err := rows.Scan(&b, &n[0], &n[1], &n[2], &n[3], &n[4], &risk, &why, &site); err != nil {
		return err
	}
	if err := decode(b, r); err != nil {
		return err
	}
	r.Findings, r.Risk, r.RiskWhy, r.Site, r.Place.Tenant = n, risk, nil, site, tenant
	if why != "" {
		r.RiskWhy = strings.Split(why, "\n")
	}
	*out = append(*out, r)
	return nil
}

var deviceColumns = []string{
	"tenant", "id", "merged_to", "label", "display", "type", "vendor", "zone", "site", "tags", "sensors", "search", "wanderer", "trusted", "learning",
	"risk", "info", "low", "medium", "high", "critical", "risk_why", "first_seen", "last_seen", "bytes", "created", "updated", "record",
}

func (t *tx) SaveDevices(devices []*asset.Record) error {
	rows := make([][]any, 0, len(devices))
	for _, r := range devices {
		// What has a column that changes by itself is not in the record too.
		bare := *r
		bare.Findings, bare.Risk, bare.RiskWhy, bare.Site = [5]int{}, 0, nil, ""
		b, err := encode(&bare)
		if err != nil {
			return err
		}
		f := r.Findings
		rows = append(rows, []any{
			r.Place.Tenant, r.ID, r.MergedTo, strings.ToLower(r.Label()), r.Label(), r.Kind(), vendorOf(r), hub.ZoneOf(r), r.Site, list(r.Set.Tags), list(r.Sensors), searchText(r), wandererOf(r),
			r.Set.Trusted, r.Learning.State != "known", r.Risk, f[0], f[1], f[2], f[3], f[4], strings.Join(r.RiskWhy, "\n"),
			r.FirstSeen, r.LastSeen, r.Bytes, r.Created, r.Updated, b,
		})
	}
	if err := t.bulk("devices", deviceColumns, upsert("tenant, id", deviceColumns), rows); err != nil {
		return err
	}
	return t.saveAddresses(devices)
}

func vendorOf(r *asset.Record) string {
	if r.Set.Vendor != "" {
		return r.Set.Vendor
	}
	return r.Vendor.Value
}

func wandererOf(r *asset.Record) string {
	if r.MergedTo != "" {
		return ""
	}
	return hub.WandererName(r)
}

// searchText is what the text of a filter is looked for in.
func searchText(r *asset.Record) string {
	var b strings.Builder
	put := func(s string) {
		if s != "" && b.Len() < 4096 {
			b.WriteString(strings.ToLower(s))
			b.WriteByte('\n')
		}
	}
	put(r.ID)
	put(r.Set.Label)
	for _, n := range r.Names {
		put(n)
	}
	for _, a := range r.Addresses {
		put(a.String())
	}
	for _, m := range r.MACs {
		put(m.String())
	}
	put(vendorOf(r))
	put(r.Model.Value)
	put(r.Set.Model)
	put(r.Kind())
	put(r.Serial.Value)
	put(r.Set.Owner)
	put(r.Set.Location)
	for _, tag := range r.Set.Tags {
		put(tag)
	}
	return b.String()
}

func (t *tx) SaveRisk(devices []*asset.Record) error {
	if len(devices) == 0 {
		return nil
	}
	st, err := t.prepare("UPDATE devices SET risk = ?, info = ?, low = ?, medium = ?, high = ?, critical = ?, risk_why = ? WHERE tenant = ? AND id = ?")
	if err != nil {
		return err
	}
	for _, r := range devices {
		f := r.Findings
		if _, err := st.ExecContext(t.ctx, bind([]any{r.Risk, f[0], f[1], f[2], f[3], f[4], strings.Join(r.RiskWhy, "\n"), r.Place.Tenant, r.ID})...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Wanderers(tenant uint16, site, name string) ([]string, error) {
	var out []string
	err := t.query("SELECT id FROM devices WHERE tenant = ? AND wanderer = ? AND site = ? AND merged_to = '' ORDER BY id LIMIT 100", []any{tenant, name, site}, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// addressText writes an address as records have it.
func addressText(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	if m, err := ident.ParseMAC(s); err == nil {
		return m.String()
	}
	return s
}
