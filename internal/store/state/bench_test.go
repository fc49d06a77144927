//go:build !sensor

package state

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// BenchmarkApply measures the projection with batches of 512 facts of 1,000
// devices, 32 batches a group as ingest gives them.
func BenchmarkApply(b *testing.B) {
	const batches, facts, devices = 32, 512, 1000
	c := newScene(b, open(b, "sqlite:"+filepath.Join(b.TempDir(), "state.db")))
	var list []*asset.Device
	for i := range devices {
		m := ident.MAC{0, 1, 2, 3, byte(i >> 8), byte(i)}
		list = append(list, device(fmt.Sprint("l", i), m, fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250), func(d *asset.Device) { d.Peers = make([]asset.Peer, 20); d.Services = make([]asset.Service, 5) }))
	}
	c.devices(list...)
	var groups [][]hub.Message
	at := t0
	for g := range 8 {
		var group []hub.Message
		for k := range batches {
			var fs []*event.Fact
			for i := range facts {
				n := (g*batches*facts + k*facts + i) * 7919
				x, y := n%devices, (n/devices)%10
				at += int64(20e3) // 50,000 facts a second
				src := ident.MAC{0, 1, 2, 3, byte(x >> 8), byte(x)}
				f := flowFact(at, src, ident.MAC{}, fmt.Sprintf("10.0.%d.%d", x/250, 1+x%250), fmt.Sprintf("192.0.2.%d", (x+y)%256), 443, event.ProtoTLS, 100, 10)
				if i%10 == 0 {
					f.Body = &event.MQTT{Type: "publish", ClientID: fmt.Sprint("c", x), Publish: event.MQTTPublish{Topic: fmt.Sprint("t/", x), Len: 5}}
				}
				fs = append(fs, f)
			}
			// Each device reports every ten seconds: a batch is a hundredth of one.
			group = append(group, c.message("a", 1, list[k*2:k*2+2], nil, fs...))
		}
		groups = append(groups, group)
	}
	b.ReportAllocs()
	b.ResetTimer()
	n, before := 0, cpu()
	for b.Loop() {
		for i := range groups[n%len(groups)] { // the same facts in new messages
			m := &groups[n%len(groups)][i]
			c.seq++
			m.Seq, m.Batch.Seq = c.seq, c.seq
		}
		c.apply(groups[n%len(groups)]...)
		n++
	}
	b.ReportMetric(float64(b.N*batches*facts)/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric(float64(b.N*batches*facts)/(cpu()-before), "facts/cpu-s")
}

// cpu gives the processor time of the process in seconds, which other work on
// the machine does not change.
func cpu() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkLists measures the answers of the console's lists with 10,000
// devices and 100,000 findings.
func BenchmarkLists(b *testing.B) {
	ctx := context.Background()
	s := open(b, "sqlite:"+filepath.Join(b.TempDir(), "state.db"))
	crowd(b, s, 10000, 100000)
	open, shown := []finding.Status{finding.Open}, false
	for _, q := range []struct {
		name string
		f    func() (int, error)
	}{
		{"devices by risk", func() (int, error) {
			l, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, Limit: 50})
			return len(l), err
		}},
		{"devices by label, page 100", func() (int, error) {
			l, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, Sort: "label", Limit: 50, Offset: 5000})
			return len(l), err
		}},
		{"devices by text", func() (int, error) {
			l, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, Text: "10.0.7", Limit: 50})
			return len(l), err
		}},
		{"findings, newest", func() (int, error) {
			l, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Limit: 50})
			return len(l), err
		}},
		{"findings, open and gravest", func() (int, error) {
			l, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &shown, Top: true, Sort: "-severity", Limit: 50})
			return len(l), err
		}},
		{"findings of a type", func() (int, error) {
			l, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Types: []string{"camera"}, Limit: 50})
			return len(l), err
		}},
		{"findings by text", func() (int, error) {
			l, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Text: "192.0.2.77", Limit: 50})
			return len(l), err
		}},
		{"findings by a common word", func() (int, error) {
			l, _, err := s.Findings(ctx, finding.Filter{Tenant: 1, Text: "title", Limit: 50})
			return len(l), err
		}},
		{"groups, open", func() (int, error) {
			l, _, err := s.FindingGroups(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &shown, Limit: 50})
			return len(l), err
		}},
		{"groups, all", func() (int, error) {
			l, _, err := s.FindingGroups(ctx, finding.Filter{Tenant: 1, Limit: 50})
			return len(l), err
		}},
		{"counts by severity", func() (int, error) {
			l, err := s.CountFindings(ctx, finding.Filter{Tenant: 1, Statuses: open, Muted: &shown}, "severity")
			return len(l), err
		}},
		{"preview of a mute", func() (int, error) {
			n, _, err := s.PreviewMute(ctx, 1, policy.Selector{Checks: []string{"exposure.c3"}}, 20)
			return n, err
		}},
	} {
		b.Run(q.name, func(b *testing.B) {
			before := cpu()
			for b.Loop() {
				if n, err := q.f(); err != nil || n == 0 {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric((cpu()-before)*1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// crowd fills a store as a large site does.
func crowd(b testing.TB, s *Store, devices, findings int) {
	types := []string{"camera", "plc", "printer", "phone"}
	c := newScene(b, s)
	var list []*asset.Device
	for i := range devices {
		m := ident.MAC{0, 1, 2, 3, byte(i >> 8), byte(i)}
		list = append(list, device(fmt.Sprint("l", i), m, fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250), func(d *asset.Device) {
			d.Type = asset.Belief{Value: types[i%4], Confidence: 0.9}
			d.Names = []string{fmt.Sprint("name-", i*7919%devices)}
			d.Evidence, d.Peers, d.Services = make([]asset.Belief, 20), make([]asset.Peer, 20), make([]asset.Service, 5)
		}))
	}
	for i := 0; i < devices; i += 1000 {
		c.devices(list[i:min(i+1000, devices)]...)
	}
	var found1 []*finding.Finding
	for i := range findings {
		found1 = append(found1, found(fmt.Sprint("f", i), fmt.Sprint("exposure.c", i%60), list[i%devices].Hosts[0], uint64(i), func(f *finding.Finding) {
			f.Severity = ident.Severity(i % 5)
			f.LastSeen = t0 + int64(i)*second
			f.Peers = []string{fmt.Sprintf("192.0.2.%d", i%250)}
			if i%10 == 0 {
				f.Incident = "i"
			}
		}))
		if len(found1) == 2000 || i == findings-1 {
			c.apply(c.message("a", 1, nil, found1))
			found1 = nil
		}
	}
}
