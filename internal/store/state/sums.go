//go:build !sensor

package state

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/hub"
)

const hour = int64(3600 * 1e9)

// aliases gives, for devices that were merged, the device they are part of.
func (s *Store) aliases(ctx context.Context, tenant uint16) (map[string]string, error) {
	out := map[string]string{}
	err := s.find(ctx, "SELECT id, merged_to FROM devices WHERE tenant = ? AND merged_to > ''", []any{tenant}, func(rows *sql.Rows) error {
		var id, to string
		err := rows.Scan(&id, &to)
		out[id] = to
		return err
	})
	for id, to := range out { // chains become short
		for range len(out) {
			next, more := out[to]
			if !more {
				break
			}
			to = next
		}
		out[id] = to
	}
	return out, err
}

// renamed gives a key with the devices that its parts have become.
func renamed(key, dimension string, aliases map[string]string) string {
	if len(aliases) == 0 {
		return key
	}
	switch dimension {
	case hub.ByDevice:
		if to, ok := aliases[key]; ok {
			return to
		}
	case hub.ByPair:
		parts := strings.Split(key, "|")
		for i := range min(len(parts), 2) {
			if to, ok := aliases[parts[i]]; ok {
				parts[i] = to
			}
		}
		return strings.Join(parts, "|")
	}
	return key
}

// formers gives the devices that have become part of one.
func formers(id string, aliases map[string]string) []string {
	out := []string{id}
	for from, to := range aliases {
		if to == id {
			out = append(out, from)
		}
	}
	return out
}

// The most hours and keys that are looked up one by one.
const (
	maxHours = 800
	maxLooks = 20000
)

// hours adds the time of a filter. With keys to look up, each hour is named,
// so that the table's key leads to the rows.
func (w *where) hours(from, to int64, looks int) {
	if from != 0 && to > from && looks > 0 {
		first, last := from-mod(from, hour), to-1-mod(to-1, hour)
		if n := (last-first)/hour + 1; n <= maxHours && n*int64(looks) <= maxLooks {
			list := make([]string, 0, n)
			for h := first; h <= last; h += hour {
				list = append(list, strconv.FormatInt(h, 10))
			}
			w.conditions = append(w.conditions, "hour IN ("+strings.Join(list, ", ")+")")
			return
		}
	}
	if from != 0 {
		w.add("hour >= ?", from-mod(from, hour))
	}
	if to != 0 {
		w.add("hour < ?", to)
	}
}

func mod(a, b int64) int64 { return (a%b + b) % b }

// Rollups gives sums; those of devices that were merged are added up.
func (s *Store) Rollups(ctx context.Context, f hub.RollupFilter) ([]hub.Rollup, error) {
	var aliases map[string]string
	var err error
	if f.Dimension == hub.ByDevice || f.Dimension == hub.ByPair {
		if aliases, err = s.aliases(ctx, f.Tenant); err != nil {
			return nil, err
		}
	}
	w := rollupWhere(&f, aliases)
	if f.Top > 0 && f.Top+len(aliases) <= inPiece && !f.ByHour && f.Keys == nil {
		// Which are the busiest takes one sum of each; only theirs are read whole.
		switch {
		case f.Dimension == hub.ByDevice && f.Prefix == "" && f.From != 0 && f.To > f.From:
			f.Keys, err = s.talkers(ctx, &f, aliases)
		case len(aliases) == 0:
			f.Keys, err = s.busiest(ctx, w, f.Top)
		}
		if err != nil {
			return nil, err
		}
		w = rollupWhere(&f, aliases)
	}
	group := "name"
	if f.ByHour {
		group = "hour, name"
	}
	query := "SELECT name, MIN(hour), SUM(facts), SUM(flows), SUM(packets), SUM(bytes_out), SUM(bytes_in) FROM rollups" + w.String() + " GROUP BY " + group
	sums := map[rollupKey]*hub.Rollup{}
	err = s.find(ctx, query, w.args, func(rows *sql.Rows) error {
		r := hub.Rollup{Tenant: f.Tenant, Dimension: f.Dimension}
		if err := rows.Scan(&r.Key, &r.Hour, &r.Facts, &r.Flows, &r.Packets, &r.BytesOut, &r.BytesIn); err != nil {
			return err
		}
		r.Key = renamed(r.Key, f.Dimension, aliases)
		if !f.ByHour {
			r.Hour = 0
		}
		k := rollupKey{r.Hour, r.Key}
		if x := sums[k]; x != nil {
			x.Facts += r.Facts
			x.Flows += r.Flows
			x.Packets += r.Packets
			x.BytesOut += r.BytesOut
			x.BytesIn += r.BytesIn
		} else {
			sums[k] = &r
		}
		return nil
	})
	return sorted(sums, &f), err
}

// rollupWhere writes the conditions of a filter.
func rollupWhere(f *hub.RollupFilter, aliases map[string]string) *where {
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	w.add("dimension = ?", f.Dimension)
	w.sites("sensor", f.Sensors)
	w.hours(f.From, f.To, rollupKeys(w, f, aliases))
	return w
}

// busiest gives the keys with the most bytes, at least an empty list.
func (s *Store) busiest(ctx context.Context, w *where, n int) ([]string, error) {
	keys := []string{}
	query := "SELECT name FROM rollups" + w.String() + " GROUP BY name ORDER BY SUM(bytes_out + bytes_in) DESC, name LIMIT " + strconv.Itoa(n)
	err := s.find(ctx, query, w.args, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	return keys, err
}

type rollupKey struct {
	hour int64
	key  string
}

// rollupKeys adds the keys of a filter and gives how many there are to look up.
func rollupKeys(w *where, f *hub.RollupFilter, aliases map[string]string) int {
	looks := 0
	if f.Keys != nil {
		keys := make([]string, 0, len(f.Keys))
		for _, k := range f.Keys {
			if f.Dimension == hub.ByDevice {
				keys = append(keys, formers(k, aliases)...)
			} else {
				keys = append(keys, k)
			}
		}
		if len(keys) == 0 {
			w.add("1 = 0")
		}
		w.any("name", keys)
		looks = len(keys)
	}
	if f.Prefix != "" {
		device, rest, isPair := strings.Cut(f.Prefix, "|")
		var some []string
		all := []string{f.Prefix}
		if f.Dimension == hub.ByPair && isPair {
			all = all[:0]
			for _, id := range formers(device, aliases) {
				all = append(all, id+"|"+rest)
			}
		}
		for _, p := range all {
			some = append(some, "(name >= ? AND name < ?)")
			w.args = append(w.args, p, after(p))
		}
		w.conditions = append(w.conditions, "("+strings.Join(some, " OR ")+")")
		looks = max(looks, len(some))
	}
	return looks
}

// after gives the first text behind all that begin with a prefix, in the
// order of bytes.
func after(prefix string) string {
	return prefix + "\U0010FFFF"
}

// sorted gives sums in the order of hours, or the busiest first, cut to the
// top ones.
func sorted(sums map[rollupKey]*hub.Rollup, f *hub.RollupFilter) []hub.Rollup {
	busiest := map[string]uint64{}
	for k, r := range sums {
		busiest[k.key] += r.BytesOut + r.BytesIn
	}
	var keep map[string]bool
	if f.Top > 0 && len(busiest) > f.Top {
		keys := make([]string, 0, len(busiest))
		for k := range busiest {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(busiest[b], busiest[a]), cmp.Compare(a, b)) })
		keep = make(map[string]bool, f.Top)
		for _, k := range keys[:f.Top] {
			keep[k] = true
		}
	}
	out := make([]hub.Rollup, 0, len(sums))
	for k, r := range sums {
		if keep == nil || keep[k.key] {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b hub.Rollup) int {
		return cmp.Or(cmp.Compare(a.Hour, b.Hour), cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(b.Facts, a.Facts), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// Nodes gives a page of what brokers and servers hold, summed over sensors,
// and how many there are in all.
func (s *Store) Nodes(ctx context.Context, f hub.NodeFilter) ([]hub.Node, int, error) {
	aliases, err := s.aliases(ctx, f.Tenant)
	if err != nil {
		return nil, 0, err
	}
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	w.sites("sensor", f.Sensors)
	if f.Server != "" {
		w.any("server", formers(f.Server, aliases))
	}
	if f.Protocol != "" {
		w.add("protocol = ?", f.Protocol)
	}
	if f.Kind != "" {
		w.add("kind = ?", f.Kind)
	}
	if f.Prefix != "" {
		w.add("name >= ? AND name < ?", f.Prefix, after(f.Prefix))
	}
	for _, word := range strings.Fields(strings.ToLower(clean(f.Text))) {
		w.add(`(LOWER(name) LIKE ? ESCAPE '\' OR LOWER(client) LIKE ? ESCAPE '\')`, like(word), like(word))
	}
	const key = "server, protocol, kind, name, client"
	var total int
	if _, err := s.one(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM nodes"+w.String()+" GROUP BY "+key+") AS n", slices.Clone(w.args), &total); err != nil {
		return nil, 0, err
	}
	page, args := limit(f.Limit, f.Offset)
	var out []hub.Node
	err = s.find(ctx, "SELECT "+key+", MIN(sensor), SUM(messages), SUM(bytes), MAX(retained), MIN(first_seen), MAX(last_seen) FROM nodes"+w.String()+" GROUP BY "+key+" ORDER BY "+key+page, append(w.args, args...), func(rows *sql.Rows) error {
		n := hub.Node{Tenant: f.Tenant}
		var retained int
		if err := rows.Scan(&n.Server, &n.Protocol, &n.Kind, &n.Name, &n.Client, &n.Sensor, &n.Messages, &n.Bytes, &retained, &n.First, &n.Last); err != nil {
			return err
		}
		n.Retained = retained != 0
		for _, v := range []*string{&n.Server, &n.Client} {
			if to, ok := aliases[*v]; ok {
				*v = to
			}
		}
		out = append(out, n)
		return nil
	})
	return out, total, err
}
