//go:build !sensor

package state

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/hub"
)

// The table device_days has the bytes of each device and sensor, a row a day
// with a column for each hour. It says the same of them as the rows of
// hub.ByDevice in roll-ups, in a twenty-fourth of the rows.
const hoursOfDay = 24

var hourColumns = func() (out [hoursOfDay]string) {
	for i := range out {
		out[i] = "h" + strconv.Itoa(i)
	}
	return out
}()

// addDeviceDays adds the bytes of devices to their days. What is reported
// together is of one hour or two, and only their columns are written.
func (t *tx) addDeviceDays(list []hub.Rollup) error {
	var hours [hoursOfDay]map[dayKey]uint64
	for i := range list {
		r := &list[i]
		bytes := r.BytesOut + r.BytesIn
		if r.Dimension != hub.ByDevice || bytes == 0 {
			continue
		}
		at := mod(r.Hour, day) / hour
		if hours[at] == nil {
			hours[at] = map[dayKey]uint64{}
		}
		hours[at][dayKey{r.Tenant, r.Hour - mod(r.Hour, day), r.Key, r.Sensor}] += bytes
	}
	for at, sums := range hours {
		rows := make([][]any, 0, len(sums))
		for _, k := range slices.SortedFunc(maps.Keys(sums), compareDays) {
			rows = append(rows, []any{k.tenant, k.day, k.key, k.sensor, sums[k]})
		}
		column := hourColumns[at]
		add := fmt.Sprintf("ON CONFLICT (tenant, day, name, sensor) DO UPDATE SET %s = device_days.%s + excluded.%s", column, column, column)
		if err := t.bulk("device_days", []string{"tenant", "day", "name", "sensor", column}, add, rows); err != nil {
			return err
		}
	}
	return nil
}

// talkers gives the devices with the most bytes in a time that is not open,
// the busiest first.
func (s *Store) talkers(ctx context.Context, f *hub.RollupFilter, aliases map[string]string) ([]string, error) {
	first, end := f.From-mod(f.From, hour), f.To+mod(-f.To, hour)
	var parts []string
	var args []any
	read := func(from, to int64, hours []string) { // days
		w := &where{}
		w.add("tenant = ?", f.Tenant)
		w.add("day >= ? AND day < ?", from, to)
		w.sites("sensor", f.Sensors)
		parts = append(parts, "SELECT name, "+strings.Join(hours, " + ")+" AS bytes FROM device_days"+w.String())
		args = append(args, w.args...)
	}
	for first < end {
		start := first - mod(first, day)
		switch whole := end - mod(end, day); {
		case first == start && whole > start:
			read(start, whole, hourColumns[:])
			first = whole
		default:
			stop := min(start+day, end)
			read(start, start+day, hourColumns[(first-start)/hour:(stop-start)/hour])
			first = stop
		}
	}
	if parts == nil {
		return []string{}, nil
	}
	query := "SELECT name, SUM(bytes) AS bytes FROM (" + strings.Join(parts, " UNION ALL ") + ") AS r GROUP BY name"
	if len(aliases) == 0 {
		query += " ORDER BY 2 DESC, 1 LIMIT " + strconv.Itoa(f.Top)
	}
	sums := map[string]uint64{}
	err := s.find(ctx, query, args, func(rows *sql.Rows) error {
		var key string
		var bytes uint64
		err := rows.Scan(&key, &bytes)
		if bytes > 0 { // in these hours
			sums[renamed(key, hub.ByDevice, aliases)] += bytes
		}
		return err
	})
	keys := make([]string, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	return keys[:min(len(keys), f.Top)], err
}
