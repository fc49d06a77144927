//go:build !sensor

package state

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// This file and its neighbours ledger_*.go are hub.Tx: what the projection
// reads and writes.

func (t *tx) Checkpoint(name string) (hub.Checkpoint, error) {
	cp := hub.Checkpoint{Marks: map[hub.Source]uint64{}}
	var seq int64
	err := t.row("SELECT stream, seq FROM checkpoints WHERE name = ?", []any{name}, &cp.Stream, &seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return cp, err
	}
	cp.Seq = uint64(seq)
	err = t.query("SELECT tenant, sensor, boot, seq FROM marks WHERE name = ?", []any{name}, func(rows *sql.Rows) error {
		var s hub.Source
		var boot, n int64
		if err := rows.Scan(&s.Tenant, &s.Sensor, &boot, &n); err != nil {
			return err
		}
		s.Boot = uint64(boot)
		cp.Marks[s] = uint64(n)
		return nil
	})
	return cp, err
}

var errMoved = errors.New("another process writes to this store")

func (t *tx) SaveCheckpoint(name string, was, cp hub.Checkpoint, changed []hub.Source) error {
	n, err := t.exec("UPDATE checkpoints SET stream = ?, seq = ? WHERE name = ? AND stream = ? AND seq = ?", cp.Stream, cp.Seq, name, was.Stream, was.Seq)
	if err != nil {
		return err
	}
	if n == 0 {
		if was.Stream != "" || was.Seq != 0 {
			return ident.Errorf(ident.Unavailable, "stop the other edgeward", "state store: %w", errMoved)
		}
		if _, err := t.exec("INSERT INTO checkpoints (name, stream, seq) VALUES (?, ?, ?)", name, cp.Stream, cp.Seq); err != nil {
			return err
		}
	}
	rows := make([][]any, 0, len(changed))
	sensors := map[hub.Source]bool{} // without boot
	for _, s := range changed {
		if seq, ok := cp.Marks[s]; ok {
			rows = append(rows, []any{s.Tenant, name, s.Sensor, s.Boot, seq})
		}
		sensors[hub.Source{Tenant: s.Tenant, Sensor: s.Sensor}] = true
	}
	columns := []string{"tenant", "name", "sensor", "boot", "seq"}
	if err := t.bulk("marks", columns, upsert("tenant, name, sensor, boot", columns), rows); err != nil {
		return err
	}
	for s := range sensors { // runs that the checkpoint has forgotten
		oldest := ^uint64(0)
		for m := range cp.Marks {
			if m.Tenant == s.Tenant && m.Sensor == s.Sensor {
				oldest = min(oldest, m.Boot)
			}
		}
		if _, err := t.exec("DELETE FROM marks WHERE tenant = ? AND name = ? AND sensor = ? AND boot < ?", s.Tenant, name, s.Sensor, oldest); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Sensors(tenant uint16, ids []string) ([]*account.Sensor, error) {
	var out []*account.Sensor
	for piece := range slices.Chunk(ids, inPiece) {
		args := []any{tenant}
		err := t.query("SELECT record FROM sensors WHERE tenant = ? AND "+in("id", piece, &args), args, func(rows *sql.Rows) error {
			return scanInto(rows, &out)
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scanInto reads a row whose only column is a record.
func scanInto[T any](rows *sql.Rows, list *[]*T) error {
	var b []byte
	if err := rows.Scan(&b); err != nil {
		return err
	}
	v := new(T)
	if err := decode(b, v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

func (t *tx) SaveSensors(list []*account.Sensor) error {
	rows := make([][]any, 0, len(list))
	for _, s := range list {
		b, err := encode(s)
		if err != nil {
			return err
		}
		rows = append(rows, []any{s.Tenant, s.ID, b})
	}
	columns := []string{"tenant", "id", "record"}
	return t.bulk("sensors", columns, upsert("tenant, id", columns), rows)
}

func (t *tx) SiteLearning(tenant uint16, site string) (asset.Learning, error) {
	var l asset.Learning
	err := t.row("SELECT state, since, days, day FROM site_learning WHERE tenant = ? AND site = ?", []any{tenant, site}, &l.State, &l.Since, &l.Days, &l.Day)
	if errors.Is(err, sql.ErrNoRows) {
		return l, nil
	}
	return l, err
}

func (t *tx) SaveSiteLearning(tenant uint16, site string, l asset.Learning) error {
	columns := []string{"tenant", "site", "state", "since", "days", "day"}
	return t.bulk("site_learning", columns, upsert("tenant, site", columns), [][]any{{tenant, site, l.State, l.Since, l.Days, l.Day}})
}

func (t *tx) Policies(tenant uint16) ([]*policy.Policy, error) {
	var out []*policy.Policy
	err := t.query("SELECT record FROM policies WHERE tenant = ? AND kind <> 'profile' ORDER BY created, id", []any{tenant}, func(rows *sql.Rows) error {
		if err := scanInto(rows, &out); err != nil {
			return err
		}
		out[len(out)-1].Tenant = tenant
		return nil
	})
	return out, err
}

func (t *tx) Epoch() (int64, error) {
	var v string
	err := t.row("SELECT value FROM meta WHERE name = 'identity'", nil, &v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(v, 10, 64)
}

func (t *tx) BumpEpoch() error {
	n, err := t.Epoch()
	if err != nil {
		return err
	}
	return t.bulk("meta", []string{"name", "value"}, upsert("name", []string{"name", "value"}), [][]any{{"identity", strconv.FormatInt(n+1, 10)}})
}

func (t *tx) Holders(each func(hub.Holder)) error {
	return t.query("SELECT tenant, realm, host, from_time, until_time, device, pinned FROM holders", nil, func(rows *sql.Rows) error {
		h, err := scanHolder(rows)
		if err == nil {
			each(h)
		}
		return err
	})
}

func scanHolder(rows *sql.Rows) (h hub.Holder, err error) {
	var host int64
	var pinned int
	err = rows.Scan(&h.Tenant, &h.Realm, &host, &h.From, &h.Until, &h.Device, &pinned)
	h.Host, h.Pinned = ident.HostKey(host), pinned != 0
	return h, err
}

func (t *tx) SaveHolders(list []hub.Holder) error {
	rows := make([][]any, 0, len(list))
	var last hub.Holder
	for i, h := range list {
		if i == 0 || h.Tenant != last.Tenant || h.Realm != last.Realm || h.Host != last.Host {
			st, err := t.prepare("DELETE FROM holders WHERE tenant = ? AND host = ? AND realm = ?")
			if err != nil {
				return err
			}
			if _, err := st.ExecContext(t.ctx, bind([]any{h.Tenant, h.Host, h.Realm})...); err != nil {
				return err
			}
		}
		last = h
		rows = append(rows, []any{h.Tenant, h.Realm, h.Host, h.From, h.Until, h.Device, h.Pinned})
	}
	return t.bulk("holders", []string{"tenant", "realm", "host", "from_time", "until_time", "device", "pinned"}, "", rows)
}

func (t *tx) Repoint(tenant uint16, from, to string) error {
	if _, err := t.exec("UPDATE findings SET device = ? WHERE tenant = ? AND device = ?", to, tenant, from); err != nil {
		return err
	}
	_, err := t.exec("UPDATE moments SET device = ? WHERE tenant = ? AND device = ?", to, tenant, from)
	return err
}

func (t *tx) RepointHosts(tenant uint16, from, to string, hosts []ident.HostKey) error {
	for piece := range slices.Chunk(hosts, inPiece) {
		args := []any{to, tenant, from}
		if _, err := t.exec("UPDATE findings SET device = ? WHERE tenant = ? AND device = ? AND "+in("host", piece, &args), args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Adopt(h hub.Holder) error {
	query := "UPDATE findings SET device = ? WHERE tenant = ? AND host = ? AND device = ''"
	args := []any{h.Device, h.Tenant, h.Host}
	if h.Realm != "" {
		query += " AND site = ?"
		args = append(args, h.Realm)
	}
	_, err := t.exec(query, args...)
	return err
}

func (t *tx) AddRollups(list []hub.Rollup) error {
	rows := make([][]any, 0, len(list))
	for i := range list {
		rows = append(rows, rollupRow(&list[i]))
	}
	if err := t.addDeviceDays(list); err != nil {
		return err
	}
	days := pairDays(list)
	for i := range days {
		rows = append(rows, rollupRow(&days[i]))
	}
	return t.bulk("rollups", rollupColumns, "ON CONFLICT (tenant, dimension, hour, name, sensor) DO UPDATE SET facts = rollups.facts + excluded.facts, flows = rollups.flows + excluded.flows, packets = rollups.packets + excluded.packets, bytes_out = rollups.bytes_out + excluded.bytes_out, bytes_in = rollups.bytes_in + excluded.bytes_in", rows)
}

func rollupRow(r *hub.Rollup) []any {
	return []any{r.Tenant, r.Dimension, r.Hour, r.Key, r.Sensor, r.Facts, r.Flows, r.Packets, r.BytesOut, r.BytesIn}
}

var rollupColumns = []string{"tenant", "dimension", "hour", "name", "sensor", "facts", "flows", "packets", "bytes_out", "bytes_in"}

func (t *tx) RollupKeys(tenant uint16, sensor, dimension string, hour int64, each func(string)) error {
	return t.query("SELECT name FROM rollups WHERE tenant = ? AND dimension = ? AND hour = ? AND sensor = ?", []any{tenant, dimension, hour, sensor}, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		each(key)
		return err
	})
}

func (t *tx) RollupHours(tenant uint16, dimension string, each func(sensor string, hour int64, key string)) error {
	return t.query("SELECT sensor, hour, name FROM rollups WHERE tenant = ? AND dimension = ?", []any{tenant, dimension}, func(rows *sql.Rows) error {
		var sensor, key string
		var hour int64
		err := rows.Scan(&sensor, &hour, &key)
		each(sensor, hour, key)
		return err
	})
}

func (t *tx) TakeRollup(tenant uint16, sensor, dimension string, hour int64, key string) (r hub.Rollup, err error) {
	row := []any{tenant, dimension, hour, key, sensor}
	const where = "FROM rollups WHERE tenant = ? AND dimension = ? AND hour = ? AND name = ? AND sensor = ?"
	err = t.row("SELECT facts, flows, packets, bytes_out, bytes_in "+where, row, &r.Facts, &r.Flows, &r.Packets, &r.BytesOut, &r.BytesIn)
	if errors.Is(err, sql.ErrNoRows) {
		return hub.Rollup{}, nil
	}
	if err != nil {
		return r, err
	}
	if _, err = t.exec("DELETE "+where, row...); err != nil || dimension != hub.ByPair {
		return r, err
	}
	return r, t.takeFromDay(tenant, sensor, hour, key, &r)
}

func (t *tx) AddNodes(list []hub.Node) error {
	rows := make([][]any, 0, len(list))
	for i := range list {
		n := &list[i]
		rows = append(rows, []any{n.Tenant, n.Server, n.Protocol, n.Kind, n.Name, n.Client, n.Sensor, n.Messages, n.Bytes, n.Retained, n.First, n.Last})
	}
	return t.bulk("nodes", []string{"tenant", "server", "protocol", "kind", "name", "client", "sensor", "messages", "bytes", "retained", "first_seen", "last_seen"},
		"ON CONFLICT (tenant, server, protocol, kind, name, client, sensor) DO UPDATE SET messages = nodes.messages + excluded.messages, bytes = nodes.bytes + excluded.bytes, "+
			"retained = CASE WHEN excluded.retained > nodes.retained THEN excluded.retained ELSE nodes.retained END, "+
			"first_seen = CASE WHEN excluded.first_seen < nodes.first_seen THEN excluded.first_seen ELSE nodes.first_seen END, "+
			"last_seen = CASE WHEN excluded.last_seen > nodes.last_seen THEN excluded.last_seen ELSE nodes.last_seen END", rows)
}

func (t *tx) NodeKeys(tenant uint16, sensor, server string, each func(kind, name, client string)) error {
	query, args := "SELECT kind, name, client FROM nodes WHERE tenant = ? AND server = ? AND kind <> 'server' AND sensor = ?", []any{tenant, server, sensor}
	if server == "" {
		query, args = "SELECT kind, server, client FROM nodes WHERE tenant = ? AND kind = 'server' AND sensor = ?", []any{tenant, sensor}
	}
	return t.query(query, args, func(rows *sql.Rows) error {
		var kind, name, client string
		if err := rows.Scan(&kind, &name, &client); err != nil {
			return err
		}
		each(kind, name, client)
		return nil
	})
}

// The moments of one device that are kept, and after how many new ones the
// oldest are looked for.
const (
	keptMoments = 500
	trimMoments = 16
)

func (t *tx) AddMoments(list []hub.Moment) error {
	next := map[uint16]int64{}
	rows := make([][]any, 0, len(list))
	trim := map[[2]string]uint16{}
	for i := range list {
		m := &list[i]
		if _, known := next[m.Tenant]; !known {
			var n int64
			if err := t.row("SELECT COALESCE(MAX(seq), 0) FROM moments WHERE tenant = ?", []any{m.Tenant}, &n); err != nil {
				return err
			}
			next[m.Tenant] = n
		}
		next[m.Tenant]++
		m.Seq = next[m.Tenant]
		if m.Seq%trimMoments == 0 && m.Device != "" {
			trim[[2]string{strconv.Itoa(int(m.Tenant)), m.Device}] = m.Tenant
		}
		rows = append(rows, []any{m.Tenant, m.Seq, m.Time, m.Noted, m.Device, m.Site, string(m.Kind), m.Subject, m.Before, m.After, m.Finding, m.Actor})
	}
	if err := t.bulk("moments", momentColumns, "", rows); err != nil {
		return err
	}
	for k, tenant := range trim {
		_, err := t.exec("DELETE FROM moments WHERE tenant = ? AND device = ? AND seq <= (SELECT seq FROM moments WHERE tenant = ? AND device = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)", tenant, k[1], tenant, k[1], keptMoments)
		if err != nil {
			return err
		}
	}
	return nil
}

var momentColumns = []string{"tenant", "seq", "time", "noted", "device", "site", "kind", "subject", "before_value", "after_value", "finding", "actor"}

// list writes values so that one can be found with LIKE: "|a|b|".
func list(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return "|" + strings.Join(values, "|") + "|"
}
