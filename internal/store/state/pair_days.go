//go:build !sensor

package state

import (
	"cmp"
	"slices"

	"edgeward/internal/hub"
)

const day = 24 * hour

// byPairDay is the dimension of pairs by the day. Its rows are the sums of
// those of hub.ByPair; "hour" is the start of a day in UTC.
const byPairDay = "pair-day"

// dayKey names a row of a day.
type dayKey struct {
	tenant      uint16
	day         int64
	key, sensor string
}

// pairDays sums rows of hours by their days, in the order of the table's key,
// which is quicker to write.
func pairDays(list []hub.Rollup) []hub.Rollup {
	at := map[dayKey]int{}
	var out []hub.Rollup
	for i := range list {
		r := &list[i]
		if r.Dimension != hub.ByPair {
			continue
		}
		k := dayKey{r.Tenant, r.Hour - mod(r.Hour, day), r.Key, r.Sensor}
		n, known := at[k]
		if !known {
			n = len(out)
			at[k] = n
			out = append(out, hub.Rollup{Tenant: k.tenant, Hour: k.day, Sensor: k.sensor, Dimension: byPairDay, Key: k.key})
		}
		sum := &out[n]
		sum.Facts += r.Facts
		sum.Flows += r.Flows
		sum.Packets += r.Packets
		sum.BytesOut += r.BytesOut
		sum.BytesIn += r.BytesIn
	}
	slices.SortFunc(out, func(a, b hub.Rollup) int {
		return compareDays(dayKey{a.Tenant, a.Hour, a.Key, a.Sensor}, dayKey{b.Tenant, b.Hour, b.Key, b.Sensor})
	})
	return out
}

func compareDays(a, b dayKey) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.day, b.day), cmp.Compare(a.key, b.key), cmp.Compare(a.sensor, b.sensor))
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
