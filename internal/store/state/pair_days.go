//go:build !sensor

package state

import (
	"cmp"

	"edgeward/internal/hub"
)

const day = 24 * hour

// byPairDay is the dimension of pairs by the day. Its rows are the sums of
// those of hub.ByPair; "hour" is the start of a day in UTC.
const byPairDay = "pair-day"

// addDay adds a row of an hour to its day.
func addDay(days map[hub.Rollup]*hub.Rollup, r *hub.Rollup) {
	k := hub.Rollup{Tenant: r.Tenant, Hour: r.Hour - mod(r.Hour, day), Sensor: r.Sensor, Dimension: byPairDay, Key: r.Key}
	sum := days[k]
	if sum == nil {
		sum = &hub.Rollup{}
		*sum = k
		days[k] = sum
	}
	sum.Facts += r.Facts
	sum.Flows += r.Flows
	sum.Packets += r.Packets
	sum.BytesOut += r.BytesOut
	sum.BytesIn += r.BytesIn
}

// compareDays orders by the table's key, which is quicker to write.
func compareDays(a, b hub.Rollup) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Sensor, b.Sensor))
}

// takeFromDay takes a row of an hour that is gone out of its day.
func (t *tx) takeFromDay(tenant uint16, sensor string, hour int64, key string, r *hub.Rollup) error {
	const where = " WHERE tenant = ? AND dimension = ? AND hour = ? AND name = ? AND sensor = ?"
	row := []any{tenant, byPairDay, hour - mod(hour, day), key, sensor}
	_, err := t.exec("UPDATE rollups SET facts = facts - ?, flows = flows - ?, packets = packets - ?, bytes_out = bytes_out - ?, bytes_in = bytes_in - ?"+where,
		append([]any{r.Facts, r.Flows, r.Packets, r.BytesOut, r.BytesIn}, row...)...)
	if err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM rollups"+where+" AND facts <= 0", row...)
	return err
}

// pairSpan is a time that is read from one dimension.
type pairSpan struct {
	dimension string
	from, to  int64 // 0 open
}

// pairSpans parts a time into whole days and the hours at its ends.
func pairSpans(from, to int64) []pairSpan {
	if from != 0 {
		from -= mod(from, hour)
	}
	first, last := from, to
	if from != 0 {
		first += mod(-from, day)
	}
	if to != 0 {
		last -= mod(to, day)
	}
	if to != 0 && first >= last {
		return []pairSpan{{hub.ByPair, from, to}}
	}
	out := []pairSpan{{byPairDay, first, last}}
	if from != first {
		out = append(out, pairSpan{hub.ByPair, from, first})
	}
	if to != last {
		out = append(out, pairSpan{hub.ByPair, last, to})
	}
	return out
}
