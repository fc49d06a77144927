package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"edgeward/content"
	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// BenchmarkObserve gives ordinary facts: flows, lookups, requests, telemetry.
func BenchmarkObserve(b *testing.B) {
	f := newFeed(b, Options{})
	var facts []*event.Fact
	add := func(src, dst string, dport uint16, transport uint8, body event.Body) {
		s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
		n := uint64(len(facts))
		facts = append(facts, &event.Fact{
			Header:  event.Header{Time: began + int64(n)*second/20, Packet: n, Flow: n, Src: s, Dst: d, SrcPort: uint16(30000 + n%9000), DstPort: dport, Transport: transport},
			SrcHost: event.HostKeyOf(ident.Place{}, ident.MAC{}, s.As16()), DstHost: event.HostKeyOf(ident.Place{}, ident.MAC{}, d.As16()), Body: body,
		})
	}
	for i := range 1000 {
		host := fmt.Sprintf("192.168.1.%d", i%200+1)
		name := fmt.Sprintf("h%d.example.org", i%300)
		out := ip(byte(i%50), byte(i%90))
		add(host, gateway, 53, 17, &event.DNS{RRName: name, RRType: "A", QType: 1, Answered: true, ReqLen: 40, RespLen: 60, Answers: []event.DNSAnswer{{Addr: netip.MustParseAddr(out)}}})
		t := talk(500, 3000)
		t.AppProto, t.Start = event.ProtoTLS, began+int64(len(facts))*second/20
		add(host, out, 443, 6, t)
		add(host, out, 80, 6, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/a/b%d?x=%d", i, i), Host: name, Status: 200, UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"})
		add(host, server, 1883, 6, publish("plant/1/temp", 20, false, `{"t":21.5,"h":40}`))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.e.Observe(facts[i%len(facts):i%len(facts)+1], nil)
	}
}

func BenchmarkParseCatalogue(b *testing.B) {
	for b.Loop() {
		if _, err := ParseCatalogue(content.Checks()); err != nil {
			b.Fatal(err)
		}
	}
}
