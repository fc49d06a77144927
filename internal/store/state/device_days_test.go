//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
)

// TestTalkers wants the devices that talk most in any time to be those that
// the hours say, of some sensors or all, before and after devices are merged
// and old hours are forgotten, and the step that fills the table to write what
// the projection does.
func TestTalkers(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		r := rand.New(rand.NewPCG(3, 4))
		c := newScene(t, fresh())
		const devices = 12
		for i := 1; i <= devices; i++ {
			c.devices(device(fmt.Sprint("l", i), mac(byte(i)), fmt.Sprintf("10.0.0.%d", i)))
		}
		known := c.list(asset.Filter{Sort: "label", Limit: 100})
		base := t0 - mod(t0, day)
		for range 30 {
			rows := map[string]hub.Rollup{} // each once, as the projection has them
			for range 40 {
				x := hub.Rollup{
					Tenant: uint16(1 + r.IntN(2)), Dimension: []string{hub.ByDevice, hub.ByDevice, hub.ByTotal}[r.IntN(3)], Sensor: []string{"a", "b"}[r.IntN(2)],
					Hour: base + r.Int64N(4*24)*hour, Key: known[r.IntN(len(known))].ID, Facts: 1, BytesOut: uint64(r.IntN(1000)), BytesIn: uint64(r.IntN(9)),
				}
				rows[fmt.Sprint(x.Tenant, x.Dimension, x.Sensor, x.Hour, x.Key)] = x
			}
			list := slices.Collect(maps.Values(rows))
			if err := c.s.update(ctx, "add", func(x *tx) error { return x.AddRollups(list) }); err != nil {
				t.Fatal(err)
			}
		}
		check := func(when string, since int64) {
			t.Helper()
			for range 60 {
				f := hub.RollupFilter{Tenant: 1, Dimension: hub.ByDevice, From: since + r.Int64N(3*24)*hour + 1 + r.Int64N(hour)}
				f.To = f.From + 1 + r.Int64N(3*day)
				if r.IntN(3) == 0 {
					f.Sensors = []string{"b"}
				}
				all, err := c.s.Rollups(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				want := slices.DeleteFunc(all, func(x hub.Rollup) bool { return x.BytesOut+x.BytesIn == 0 })
				want = want[:min(len(want), 4)]
				f.Top = 4
				if got, err := c.s.Rollups(ctx, f); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s, %d to %d:\n%v\nwant\n%v, %v", when, f.From-base, f.To-base, got, want, err)
				}
			}
		}
		check("as added", base-day)
		if _, err := c.s.MergeDevices(ctx, 1, known[0].ID, []string{known[3].ID, known[5].ID}); err != nil {
			t.Fatal(err)
		}
		check("merged", base-day)

		columns := append([]string{"tenant", "day", "name", "sensor"}, hourColumns[:]...)
		rows := func() (out []string) {
			t.Helper()
			err := c.s.find(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM device_days ORDER BY tenant, day, name, sensor", nil, func(rows *sql.Rows) error {
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				err := rows.Scan(into...)
				out = append(out, fmt.Sprint(values...))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		kept := rows()
		if len(kept) == 0 {
			t.Fatal("no days of devices")
		}
		list, err := migrations(&c.s.d)
		if err != nil {
			t.Fatal(err)
		}
		err = c.s.update(ctx, "fill again", func(x *tx) error {
			if _, err := x.exec("DROP TABLE device_days"); err != nil {
				return err
			}
			_, err := x.exec("UPDATE schema_version SET version = 9")
			return err
		})
		if err == nil {
			err = c.s.migrateTo(ctx, list[:10])
		}
		if err == nil {
			err = c.s.update(ctx, "go on", func(x *tx) error {
				_, err := x.exec("UPDATE schema_version SET version = ?", list[len(list)-1].version)
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		if filled := rows(); !slices.Equal(filled, kept) {
			t.Errorf("the step fills in\n%s\nthe projection\n%s", strings.Join(filled, "\n"), strings.Join(kept, "\n"))
		}
		if _, err := c.s.Prune(ctx, 1, hub.Keep{Rollups: 1}, base+day+12*hour); err != nil {
			t.Fatal(err)
		}
		check("pruned", base+day+12*hour)
		if left := rows(); len(left) >= len(kept) {
			t.Error("no day was forgotten")
		}
	})
}
