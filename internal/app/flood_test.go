package app_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/app"
	"edgeward/internal/output/report"
)

// peak samples how much memory the program holds.
type peak struct {
	calls int
	bytes uint64
}

func (p *peak) sample(int64, int64) {
	if p.calls++; p.calls%16 != 1 {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.bytes = max(p.bytes, m.HeapInuse+m.StackInuse+m.MSpanInuse)
}

// run analyses a capture that is made while it is read.
func (p *peak) run(t *testing.T, workers int, fill func(*pcapWriter)) *report.Report {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		traffic := newPcapWriter(w, 10)
		fill(traffic)
		w.CloseWithError(traffic.w.Flush())
	}()
	defer r.Close()
	runtime.GC()
	rep, err := app.Analyze(context.Background(), app.AnalyzeOptions{Paths: []string{"-"}, Stdin: r, Workers: workers, Progress: p.sample})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// TestFlood sends connection requests from millions of forged addresses to one
// device. They must neither fill the memory nor hide what else goes on.
func TestFlood(t *testing.T) {
	requests, every := 2_000_000, 1000
	if testing.Short() {
		requests = 200_000
	}
	var p peak
	r := p.run(t, 2, func(w *pcapWriter) {
		random := rand.New(rand.NewPCG(1, 2))
		for i := range requests {
			if i%every == 0 {
				w.dnsExchange(uint16(i / every))
			}
			from := 0x0b000000 + random.Uint32N(0x7f000000) // 11.0.0.0 and up, all foreign but few private
			w.tcp(from, victimAddr, uint16(random.Uint32()), 443, 2, random.Uint32(), 0)
		}
	})
	checkReport(t, r)
	victim := addressText(victimAddr)
	var floods []string
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Check, "dos.") {
			floods = append(floods, f.Check+" about "+f.Address)
		}
		if f.Check == "dos.flood-in" && int(f.Count) < requests*9/10 {
			t.Errorf("the flood of %d packets is counted as %d", requests, f.Count)
		}
	}
	if !slices.Equal(floods, []string{"dos.flood-in about " + victim}) {
		t.Errorf("findings of floods: %q, want one about %s", floods, victim)
	}
	if len(r.Findings) > 12 {
		t.Errorf("%d findings out of one flood", len(r.Findings))
	}
	if r.Flows < uint64(requests)*99/100 {
		t.Errorf("%d flows of %d requests", r.Flows, requests)
	}
	if !testing.Short() && r.Loss.Evicted == 0 {
		t.Error("no flow was evicted, or none counted")
	}
	want := uint64(requests / every * 2)
	dns := slices.IndexFunc(r.Protocols, func(p report.Protocol) bool { return p.Name == "dns" })
	if dns < 0 || r.Protocols[dns].Messages != want {
		t.Errorf("protocols %+v: want %d DNS messages, however heavy the flood", r.Protocols, want)
	}
	for _, d := range r.Devices {
		for _, a := range d.Addresses {
			if !a.IsPrivate() {
				t.Errorf("forged address %s became a device", a)
			}
		}
	}
	t.Logf("%d packets, %d flows, %d evicted, %d aggregated, %d devices, %d findings, heap %d MB at most", r.Packets, r.Flows, r.Loss.Evicted, r.Loss.Suppressed, len(r.Devices), len(r.Findings), p.bytes>>20)
	if budget := uint64(app.DefaultMemory + 64<<20); p.bytes > budget {
		t.Errorf("the heap grew to %d MB, more than %d", p.bytes>>20, budget>>20)
	}
}

// TestManyFlows keeps many conversations open at once, more than the budget
// has room for: the heap stays within it.
func TestManyFlows(t *testing.T) {
	for _, flows := range []int{140_000, 300_000} {
		t.Run(fmt.Sprint(flows), func(t *testing.T) {
			if testing.Short() && flows > 140_000 {
				t.Skip("takes too long for short mode")
			}
			var p peak
			r := p.run(t, 2, func(w *pcapWriter) {
				for i := range uint32(flows) {
					client, server := clientAddr+i%200, 0xc6336400+i>>16
					port := uint16(i)
					w.tcp(client, server, port, 8883, 2, i, 0)
					w.tcp(server, client, 8883, port, 0x12, i, i+1)
					w.tcp(client, server, port, 8883, 0x10, i+1, i+1)
				}
			})
			if r.Flows < uint64(flows) {
				t.Errorf("%d flows, want %d", r.Flows, flows)
			}
			t.Logf("%d flows, %d evicted, heap %d MB at most", r.Flows, r.Loss.Evicted, p.bytes>>20)
			if limit := uint64(160 << 20); p.bytes > limit {
				t.Errorf("the heap grew to %d MB, more than %d", p.bytes>>20, limit>>20)
			}
		})
	}
}

func addressText(a uint32) string {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}).String()
}
