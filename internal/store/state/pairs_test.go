//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// TestPairs wants who talks to whom in any time to be what the hours say,
// though whole days are read, with devices that get their names later, that
// are merged, and hours that are forgotten.
func TestPairs(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		r := rand.New(rand.NewPCG(1, 2))
		c := newScene(t, fresh())
		at := func() int64 { return t0 + r.Int64N(4*day) }
		address := func(n int) string { return fmt.Sprintf("10.0.0.%d", n) }
		talk := func() (list []*event.Fact) {
			for range 60 {
				from, to := 1+r.IntN(6), 1+r.IntN(8) // 7 and 8 are never told of
				f := flowFact(at(), mac(byte(from)), mac(byte(to)), address(from), address(to), uint16(80+r.IntN(2)), event.ProtoHTTP, uint64(r.IntN(500)), uint64(r.IntN(50)))
				if to > 6 {
					f = flowFact(f.Time, mac(byte(from)), ident.MAC{}, address(from), fmt.Sprintf("192.0.2.%d", to), 443, event.ProtoTLS, 1000, uint64(r.IntN(90)))
				}
				list = append(list, f)
			}
			return list
		}
		for i := 1; i <= 6; i++ {
			c.apply(c.message("a", 1, nil, nil, talk()...))
			c.devices(device(fmt.Sprint("l", i), mac(byte(i)), address(i), func(d *asset.Device) { d.Zone = fmt.Sprint("zone", i%3) }))
		}
		c.apply(c.message("a", 1, nil, nil, talk()...))
		check := func(when string) {
			t.Helper()
			checkDays(t, c.s, when)
			windows := [][2]int64{{0, 0}, {t0, 0}, {0, t0 + 2*day}}
			for range 20 {
				from := t0 - day + r.Int64N(5*24)*hour
				windows = append(windows, [2]int64{from, from + (1+r.Int64N(4*24))*hour})
			}
			for _, w := range windows {
				checkPairs(t, c.s, when, w[0], w[1])
			}
		}
		check("as reported")
		devices := c.list(asset.Filter{Sort: "label"})
		if _, err := c.s.MergeDevices(ctx, 1, devices[0].ID, []string{devices[3].ID}); err != nil {
			t.Fatal(err)
		}
		check("merged")
		if _, err := c.s.Prune(ctx, 1, hub.Keep{Pairs: 1}, t0+2*day); err != nil {
			t.Fatal(err)
		}
		for x := t0 + 3*day - mod(t0, day); x < t0+4*day; x += day { // whole days that are left
			checkPairs(t, c.s, "pruned", x, x+day)
		}
		if err := c.s.find(ctx, "SELECT 1 FROM rollups WHERE dimension = ? AND hour < ?", []any{byPairDay, t0 - day}, func(*sql.Rows) error { return fmt.Errorf("an old day is still there") }); err != nil {
			t.Error(err)
		}
	})
}

// checkDays wants each day to be the sum of its hours.
func checkDays(t *testing.T, s *Store, when string) {
	t.Helper()
	sums := func(query string) (out []string) {
		err := s.find(context.Background(), query, nil, func(rows *sql.Rows) error {
			var day, facts, flows, packets, bytesOut, bytesIn int64
			var name, sensor string
			err := rows.Scan(&day, &name, &sensor, &facts, &flows, &packets, &bytesOut, &bytesIn)
			out = append(out, fmt.Sprintln(day, name, sensor, facts, flows, packets, bytesOut, bytesIn))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	want := sums("SELECT hour - hour % 86400000000000, name, sensor, SUM(facts), SUM(flows), SUM(packets), SUM(bytes_out), SUM(bytes_in) FROM rollups WHERE dimension = 'pair' GROUP BY hour - hour % 86400000000000, name, sensor")
	got := sums("SELECT hour, name, sensor, facts, flows, packets, bytes_out, bytes_in FROM rollups WHERE dimension = 'pair-day'")
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("%s: the days are not the sums of their hours:\n%v\nwant\n%v", when, got, want)
	}
}

// checkPairs wants the answers about a time to be those of its hours.
func checkPairs(t *testing.T, s *Store, when string, from, to int64) {
	t.Helper()
	ctx := context.Background()
	cards, err := s.Cards(ctx, hub.CardFilter{Tenant: 1})
	if err != nil {
		t.Fatal(err)
	}
	zones := map[string]string{}
	for _, c := range cards {
		zones[c.ID] = c.Zone
	}
	zone := func(end string) string {
		if z, ok := zones[end]; ok {
			return z
		}
		return hub.Outside
	}
	rows, err := s.Rollups(ctx, hub.RollupFilter{Tenant: 1, Dimension: hub.ByPair, From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	want, wantCells, wantLinks, ends := map[string]string{}, map[string]uint64{}, map[string]uint64{}, map[string]map[string]bool{}
	for _, r := range rows {
		var p hub.Pair
		if !splitPair(r.Key, &p) {
			t.Fatalf("the key %q", r.Key)
		}
		want[r.Key] = fmt.Sprint(r.Flows, r.BytesOut, r.BytesIn)
		cell := zone(p.Source) + ">" + zone(p.Target)
		wantCells[cell] += r.BytesOut
		if ends[cell] == nil {
			ends[cell] = map[string]bool{}
		}
		ends[cell][p.Source+">"+p.Target] = true
		wantLinks[p.Source+">"+p.Target] += r.BytesOut
	}
	pairs, n, err := s.Pairs(ctx, hub.PairFilter{Tenant: 1, From: from, To: to, Limit: 1000})
	if err != nil || n != len(pairs) {
		t.Fatal(n, err)
	}
	got := map[string]string{}
	for _, p := range pairs {
		got[hub.PairKey(p.Source, p.Target, p.Protocol, p.Port)] = fmt.Sprint(p.Flows, p.BytesOut, p.BytesIn)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s, %d to %d: pairs are\n%v, want\n%v", when, from, to, got, want)
	}
	cells, err := s.ZoneMatrix(ctx, hub.PairFilter{Tenant: 1, From: from, To: to})
	gotCells := map[string]uint64{}
	for _, c := range cells {
		gotCells[c.From+">"+c.To] = c.BytesOut
		if n := len(ends[c.From+">"+c.To]); c.Pairs != n {
			t.Errorf("%s: from %s to %s talk %d pairs, want %d", when, c.From, c.To, c.Pairs, n)
		}
	}
	if err != nil || !maps.Equal(gotCells, wantCells) {
		t.Errorf("%s: cells are %v, want %v, %v", when, gotCells, wantCells, err)
	}
	for _, c := range cards {
		links, _, err := s.Links(ctx, hub.PairFilter{Tenant: 1, From: from, To: to, Device: c.ID, Limit: 1000})
		gotLinks, wantOf := map[string]uint64{}, map[string]uint64{}
		for _, l := range links {
			gotLinks[l.Source+">"+l.Target] = l.BytesOut
		}
		for _, p := range pairs {
			if k := p.Source + ">" + p.Target; p.Source == c.ID || p.Target == c.ID {
				wantOf[k] = wantLinks[k]
			}
		}
		if err != nil || !maps.Equal(gotLinks, wantOf) {
			t.Errorf("%s: links of %s are %v, want %v, %v", when, c.ID, gotLinks, wantOf, err)
		}
	}
}

func TestPairSpans(t *testing.T) {
	const base = 20000 * day
	for _, c := range []struct {
		from, to int64
		want     string
	}{
		{base + 3*hour, base + 5*hour, "[{pair 3 5}]"},
		{base + 10*hour, base + day + 10*hour, "[{pair 10 34}]"},
		{base, base + day, "[{pair-day 0 24}]"},
		{base + 10*hour, base + 2*day + 1, "[{pair-day 24 48} {pair 10 24} {pair 48 48}]"},
		{base + 10*hour, base + 3*day + 5*hour, "[{pair-day 24 72} {pair 10 24} {pair 72 77}]"},
	} {
		var got []string
		for _, x := range pairSpans(c.from, c.to) {
			got = append(got, fmt.Sprintf("{%s %d %d}", x.dimension, (x.from-base)/hour, (x.to-base)/hour))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d to %d: %v, want %s", (c.from-base)/hour, (c.to-base)/hour, got, c.want)
		}
	}
}
