//go:build !sensor

package state

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// random makes messages of three sensors with restarts, addresses that move,
// telephones, findings that come again, and facts.
func random(c *scene, r *rand.Rand, n int) []hub.Message {
	boots := map[string]uint64{"a": 1, "b": 1, "c": 1}
	var out []hub.Message
	at := t0
	for range n {
		at += r.Int64N(20 * minute)
		sensor := string(rune('a' + r.IntN(3)))
		if r.IntN(12) == 0 {
			boots[sensor]++
		}
		var devices []*asset.Device
		for range r.IntN(3) {
			k := byte(r.IntN(6))
			ip := fmt.Sprintf("10.0.0.%d", 1+r.IntN(8))
			m := mac(k)
			if k == 5 {
				m = localMAC(byte(r.IntN(3)))
			}
			d := device(fmt.Sprint("l", m), m, ip, func(d *asset.Device) {
				d.LastSeen, d.Packets = at, uint64(r.IntN(100))
				d.Firmware = asset.Belief{Value: fmt.Sprint("v", r.IntN(2)), Confidence: 0.9, Time: at}
				d.Services = []asset.Service{{Transport: "tcp", Port: uint16(20 + r.IntN(5)), Protocol: "telnet", First: at, Last: at, Flows: 1}}
			})
			if m.IsLocal() {
				d.Names, d.FirstSeen = []string{"annas-phone"}, at
			}
			if r.IntN(6) == 0 {
				d = behind("r"+ip, ip, func(d *asset.Device) { d.LastSeen = at })
			}
			if r.IntN(8) == 0 {
				d.MACs, d.Hosts = append(d.MACs, mac(k+1)), append(d.Hosts, macKey(mac(k+1)))
			}
			devices = append(devices, d)
		}
		var findings []*finding.Finding
		for range r.IntN(3) {
			k := r.IntN(5)
			findings = append(findings, found(fmt.Sprint("f", k, sensor, boots[sensor]), "exposure.x", macKey(mac(byte(k))), uint64(1+r.IntN(50)), func(f *finding.Finding) {
				f.Claim, f.FirstSeen, f.LastSeen = uint64(k+1), at-minute, at
			}))
		}
		var facts []*event.Fact
		for range r.IntN(6) {
			a, b := byte(r.IntN(6)), byte(r.IntN(6))
			f := flowFact(at-r.Int64N(90*minute), mac(a), mac(b), fmt.Sprintf("10.0.0.%d", 1+a), fmt.Sprintf("10.0.0.%d", 1+b), uint16(r.IntN(3)), event.ProtoHTTP, 100, 10)
			if r.IntN(3) == 0 {
				f.Body = &event.MQTT{Type: "publish", ClientID: fmt.Sprint("c", a), Publish: event.MQTTPublish{Topic: fmt.Sprint("t/", r.IntN(6)), Len: 5}}
			}
			facts = append(facts, f)
		}
		out = append(out, c.message(sensor, boots[sensor], devices, findings, facts...))
	}
	return out
}

var rowNumber = regexp.MustCompile(`findings\.n=\d+ `)

// content gives what a store has but for the numbers of rows.
func content(t testing.TB, s *Store) string {
	lines := strings.Split(rowNumber.ReplaceAllString(dump(t, s), ""), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestRegroupedAndRepeated wants the same state whatever the groups in which
// messages come, and however often.
func TestRegroupedAndRepeated(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		fresh := func() *scene {
			c := newScene(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
			c.p = hub.NewProjector(c.s, hub.ProjectorOptions{Clock: testClock, Pairs: 6, Nodes: 5, Devices: 5})
			return c
		}
		one := fresh()
		messages := random(one, r, 120)
		for _, m := range messages {
			one.apply(m)
		}
		want := content(t, one.s)
		for range 3 {
			c := fresh()
			for at := 0; at < len(messages); {
				n := min(1+r.IntN(40), len(messages)-at)
				begin := max(0, at-r.IntN(20)) // some come again
				c.apply(messages[begin : at+n]...)
				at += n
				if r.IntN(4) == 0 { // the hub starts again and remembers nothing
					c.p = hub.NewProjector(c.s, hub.ProjectorOptions{Clock: testClock, Pairs: 6, Nodes: 5, Devices: 5})
				}
			}
			if got := content(t, c.s); got != want {
				t.Fatalf("seed %d: regrouped is different:\n%s", seed, firstDifference(want, got))
			}
		}
		// Another stream, as after the stream's folder was lost: batches that
		// come again by their numbers.
		before := dump(t, one.s)
		for i := range messages {
			m := messages[i]
			m.Stream = "another"
			if o := one.apply(m); o.Applied != 0 {
				t.Fatalf("seed %d: message %d was applied again", seed, i)
			}
		}
		if got := withoutCheckpoint(dump(t, one.s)); got != withoutCheckpoint(before) {
			t.Fatalf("seed %d: repeated is different:\n%s", seed, firstDifference(before, got))
		}
	}
}

func withoutCheckpoint(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "checkpoints.") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestFailedGroup wants nothing of a group that failed, and all of it when it
// comes again.
func TestFailedGroup(t *testing.T) {
	c := newScene(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	c.devices(device("l1", mac(1), "10.0.0.5"))
	before := dump(t, c.s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := c.message("a", 1, []*asset.Device{device("l2", mac(2), "10.0.0.6")}, nil)
	if _, err := c.p.Apply(ctx, []hub.Message{m}); err == nil {
		t.Fatal("applied under a context that is over")
	}
	if got := dump(t, c.s); got != before {
		t.Errorf("half a group is there:\n%s", firstDifference(before, got))
	}
	c.apply(m)
	if n := len(c.list(asset.Filter{})); n != 2 {
		t.Errorf("%d devices", n)
	}
}

// TestSums wants roll-ups and the M2M tree to hold what facts say, also of
// devices that were merged later.
func TestSums(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		c := newScene(t, fresh())
		c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Zone = "plant" }), device("l2", mac(2), "10.0.0.6"))
		publish := flowFact(t0, mac(1), mac(2), "10.0.0.5", "10.0.0.6", 1883, event.ProtoMQTT, 0, 0)
		publish.Body = &event.MQTT{Type: "publish", ClientID: "c1", Publish: event.MQTTPublish{Topic: "a/b", Len: 7, Retain: true}}
		subscribe := flowFact(t0, mac(1), mac(2), "10.0.0.5", "10.0.0.6", 1883, event.ProtoMQTT, 0, 0)
		subscribe.Body = &event.MQTT{Type: "subscribe", ClientID: "c1", Subscribe: event.MQTTSubscribe{Acked: true, Topics: []event.MQTTTopic{{Filter: "a/#"}, {Filter: "refused", Granted: 128}}}}
		for range 2 {
			c.apply(c.message("a", 1, nil, nil,
				flowFact(t0+minute, mac(1), mac(2), "10.0.0.5", "10.0.0.6", 80, event.ProtoHTTP, 100, 10),
				flowFact(t0+61*minute, mac(1), ident.MAC{}, "10.0.0.5", "192.0.2.1", 443, event.ProtoTLS, 1000, 1), publish, subscribe))
		}
		ids := map[string]string{}
		for _, d := range c.list(asset.Filter{}) {
			ids[d.Addresses[0].String()] = d.ID
		}
		one, two := ids["10.0.0.5"], ids["10.0.0.6"]
		get := func(f hub.RollupFilter) string {
			t.Helper()
			f.Tenant = 1
			list, err := c.s.Rollups(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, r := range list {
				out += fmt.Sprintf("%s:%d/%d/%d ", r.Key, r.Flows, r.BytesOut, r.BytesIn)
			}
			return strings.TrimSpace(out)
		}
		to := t0 + 120*minute
		for want, f := range map[string]hub.RollupFilter{
			"tls:2/2000/2 http:2/200/20 mqtt:0/0/0": {Dimension: hub.ByProtocol},
			one + ":4/2200/22 " + two + ":2/20/200": {Dimension: hub.ByDevice},
			one + ":2/200/20 " + one + ":2/2000/2":  {Dimension: hub.ByDevice, Keys: []string{one}, ByHour: true, From: t0, To: to},
			one + "|192.0.2.1|tls|443:2/2000/2":     {Dimension: hub.ByPair, Top: 1, From: t0, To: to},
			one + "|" + two + "|http|80:2/200/20":   {Dimension: hub.ByPair, Prefix: one + "|" + two, From: t0, To: to},
		} {
			if got := get(f); got != want {
				t.Errorf("%+v:\n%s\nwant\n%s", f, got, want)
			}
		}
		if got := get(hub.RollupFilter{Dimension: hub.ByTotal, Sensors: []string{}}); got != "" {
			t.Errorf("without any sensor: %s", got)
		}
		cells, err := c.s.ZoneMatrix(ctx, hub.PairFilter{Tenant: 1})
		if err != nil || len(cells) != 2 || cells[0].From != "plant" || cells[0].To != "" || cells[1].To != hub.Outside || cells[1].BytesOut != 2000 {
			t.Errorf("zones: %+v, %v", cells, err)
		}
		plant, outside := "plant", hub.Outside
		if pairs, n, err := c.s.Pairs(ctx, hub.PairFilter{Tenant: 1, FromZone: &plant, ToZone: &outside}); err != nil || n != 1 || len(pairs) != 1 || pairs[0].Port != 443 || pairs[0].TargetZone != outside {
			t.Errorf("pairs: %+v, %v", pairs, err)
		}
		nodes, n, err := c.s.Nodes(ctx, hub.NodeFilter{Tenant: 1})
		got := ""
		for _, x := range nodes {
			got += fmt.Sprintf("%s %s %s %d; ", x.Kind, x.Name, x.Client, x.Messages)
		}
		if want := "client c1 " + one + " 4; server   4; subscription a/# c1 2; topic a/b  2; "; err != nil || n != 4 || got != want {
			t.Errorf("nodes: %s, %d, %v", got, n, err)
		}
		if _, err := c.s.MergeDevices(ctx, 1, two, []string{one}); err != nil {
			t.Fatal(err)
		}
		if got, want := get(hub.RollupFilter{Dimension: hub.ByDevice}), two+":6/2220/222"; got != want {
			t.Errorf("merged: %s, want %s", got, want)
		}
		if got, want := get(hub.RollupFilter{Dimension: hub.ByPair, Prefix: two + "|", Top: 1}), two+"|192.0.2.1|tls|443:2/2000/2"; got != want {
			t.Errorf("merged: %s, want %s", got, want)
		}
		if n, err := c.s.Prune(ctx, 1, hub.Keep{Rollups: 1, Nodes: 1, Moments: 1}, t0+100*24*60*minute); err != nil || n == 0 {
			t.Errorf("pruned %d, %v", n, err)
		}
		if got := get(hub.RollupFilter{Dimension: hub.ByDevice}); got != "" {
			t.Errorf("after pruning: %s", got)
		}
	})
}
