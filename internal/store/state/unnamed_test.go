//go:build !sensor

package state

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/hub"
)

// TestNamedLater: a sensor tells of devices after their first packets. Those
// count for the devices all the same, with traffic between two that nobody
// knew, and whether the messages come together or one by one.
func TestNamedLater(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		for _, group := range []int{1, 2, 5} {
			c := newScene(t, fresh())
			inside := func(at int64) *event.Fact {
				return flowFact(at, mac(1), mac(2), "10.0.0.1", "10.0.0.2", 23, event.ProtoTelnet, 100, 10)
			}
			out := flowFact(t0, mac(1), mac(9), "10.0.0.1", "192.0.2.7", 443, event.ProtoTLS, 50, 5)
			out.DstHost = addrKey(out.Dst)
			messages := []hub.Message{
				c.message("a", 1, nil, nil, inside(t0), inside(t0+90*minute), out),
				c.message("a", 1, []*asset.Device{device("l2", mac(2), "10.0.0.2")}, nil, inside(t0)),
				c.message("a", 1, nil, nil, inside(t0)),
				c.message("a", 1, []*asset.Device{device("l1", mac(1), "10.0.0.1")}, nil),
				c.message("a", 1, nil, nil, inside(t0), out),
			}
			for piece := range slices.Chunk(messages, group) {
				c.apply(piece...)
			}
			id := map[string]string{}
			for _, d := range c.list(asset.Filter{}) {
				id[d.Addresses[0].String()] = d.ID
			}
			one, two := id["10.0.0.1"], id["10.0.0.2"]
			want := map[string]string{
				hub.ByDevice + " " + one: "7 600 60", hub.ByDevice + " " + two: "5 50 500",
				hub.ByPair + " " + one + "|" + two + "|telnet|23": "5 500 50",
				hub.ByPair + " " + one + "|192.0.2.7|tls|443":     "2 100 10",
			}
			got := map[string]string{}
			for _, d := range []string{hub.ByDevice, hub.ByPair, hub.ByHost, hub.ByStranger} {
				rows, err := c.s.Rollups(context.Background(), hub.RollupFilter{Tenant: 1, Dimension: d})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					got[d+" "+r.Key] = fmt.Sprint(r.Flows, r.BytesOut, r.BytesIn)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("in groups of %d:\n got %v\nwant %v", group, got, want)
			}
			rows, err := c.s.Rollups(context.Background(), hub.RollupFilter{Tenant: 1, Dimension: hub.ByPair, ByHour: true, Prefix: one + "|" + two})
			if err != nil || len(rows) != 2 || rows[0].Flows != 4 || rows[1].Flows != 1 {
				t.Errorf("hours are %+v, %v", rows, err)
			}
		}
	})
}
