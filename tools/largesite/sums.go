package main

import (
	"fmt"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
)

const hour = int64(time.Hour)

// rollups writes what each hour leaves: totals, protocols, every device, and
// who talks to whom. Nine in ten of the pairs of an hour are there in
// every hour, the others come and go.
func (f *filler) rollups(days, pairs int) error {
	ids := make([][]string, len(sites))
	for at := range sites {
		for offset := 0; ; offset += 10000 {
			list, _, err := f.store.Devices(f.ctx, asset.Filter{Tenant: tenant, Sites: []string{sites[at].name}, Sort: "label", Limit: 10000, Offset: offset})
			if err != nil {
				return err
			}
			for _, r := range list {
				ids[at] = append(ids[at], r.ID)
			}
			if len(list) == 0 {
				break
			}
		}
	}
	last := f.now - f.now%hour
	for h := last - int64(days*24-1)*hour; h <= last; h += hour {
		for at := range sites {
			if err := f.store.Update(f.ctx, func(tx hub.Tx) error { return tx.AddRollups(f.hour(at, h, ids[at], pairs)) }); err != nil {
				return err
			}
		}
	}
	return f.store.Update(f.ctx, func(tx hub.Tx) error { return tx.AddNodes(f.nodes(ids)) })
}

func (f *filler) hour(at int, h int64, ids []string, pairs int) []hub.Rollup {
	var out []hub.Rollup
	row := func(dimension, key string, scale int) hub.Rollup {
		r := hub.Rollup{
			Tenant: tenant, Sensor: sites[at].sensor, Hour: h, Dimension: dimension, Key: key, Facts: uint64(1 + f.r.IntN(50*scale)), Flows: uint64(1 + f.r.IntN(40*scale)),
			Packets: uint64(10 + f.r.IntN(5000*scale)), BytesOut: uint64(100 + f.r.IntN(200000*scale)), BytesIn: uint64(100 + f.r.IntN(900000*scale)),
		}
		out = append(out, r)
		return r
	}
	row(hub.ByTotal, "", len(ids))
	for _, p := range protocols {
		row(hub.ByProtocol, p, len(ids)/8+1)
		row(hub.ByKind, p, len(ids)/8+1)
	}
	for _, id := range ids {
		row(hub.ByDevice, id, 1)
	}
	seen := map[string]bool{}
	for k := range pairs {
		n := k
		if k%10 == 9 { // comes and goes
			n = f.r.IntN(20 * pairs)
		}
		from, p := ids[n%len(ids)], n/len(ids)%len(protocols)
		to := ids[(n*31+n/len(ids)*97+1)%len(ids)]
		if n%4 == 3 {
			to = outside(n).String()
		}
		if key := hub.PairKey(from, to, protocols[p], ports[p]); !seen[key] {
			seen[key] = true
			row(hub.ByPair, key, 1)
		}
	}
	return out
}

// nodes gives each site brokers with clients and topics.
func (f *filler) nodes(ids [][]string) []hub.Node {
	const brokers, topics = 20, 200
	var out []hub.Node
	for at := range sites {
		for b := range min(brokers, len(ids[at])) {
			node := func(kind, name, client string) {
				out = append(out, hub.Node{
					Tenant: tenant, Server: ids[at][b], Protocol: "mqtt", Kind: kind, Sensor: sites[at].sensor, Name: name, Client: client,
					Messages: uint64(1 + f.r.IntN(10000)), Bytes: uint64(f.r.IntN(1e6)), Retained: f.r.IntN(10) == 0, First: f.now - 100*hour, Last: f.now,
				})
			}
			node("server", "", "")
			for k := range topics {
				node("topic", fmt.Sprintf("%s/line%d/unit%d/value", sites[at].name, k%10, k), "")
				if k%4 == 0 {
					node("client", fmt.Sprint("client-", k), ids[at][(b+k)%len(ids[at])])
				}
			}
		}
	}
	return out
}
