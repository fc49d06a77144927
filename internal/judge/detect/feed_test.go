package detect

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"edgeward/content"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Addresses of the tests. Home is 192.168.0.0/16.
const (
	camera   = "192.168.1.20"
	laptop   = "192.168.1.30"
	server   = "192.168.1.10"
	gateway  = "192.168.1.1"
	stranger = "203.0.113.7"
	cloud    = "198.51.100.9"
)

var began = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).UnixNano()

// feed makes facts by hand and gives them to an engine one by one.
type feed struct {
	e      *Engine
	now    int64
	packet uint64
	flow   uint64
	macs   map[string]ident.MAC
}

// estate is an inventory of fixed content.
type estate struct{ hosts map[ident.HostKey]Host }

func (estate) Home(_ ident.Place, a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

func (e estate) Host(k ident.HostKey) (Host, bool) { h, ok := e.hosts[k]; return h, ok }

func (estate) Router(_ ident.Place, m ident.MAC) bool { return m == ident.MAC{2, 0, 0, 0, 0, 1} }

func key(addr string) ident.HostKey {
	return event.HostKeyOf(ident.Place{}, ident.MAC{}, netip.MustParseAddr(addr).As16())
}

// catalogue is the catalogue as it ships, parsed once.
var catalogue = sync.OnceValue(func() []finding.Check {
	checks, err := ParseCatalogue(content.Checks())
	if err != nil {
		panic(err)
	}
	return checks
})

func newFeed(tb testing.TB, o Options) *feed {
	tb.Helper()
	o.Checks = catalogue()
	if o.Devices == nil {
		o.Devices = estate{map[ident.HostKey]Host{
			key(camera): {Device: "d1", Type: "camera", Zone: "iot"}, key(laptop): {Device: "d2", Type: "computer", Zone: "office"}, key(server): {Device: "d3", Type: "server", Zone: "office"},
		}}
	}
	return &feed{e: New(o), now: began, macs: map[string]ident.MAC{}}
}

// wait lets packet time pass.
func (f *feed) wait(d time.Duration) *feed { f.now += int64(d); return f }

// say gives one fact from src to dst.
func (f *feed) say(src, dst string, sport, dport uint16, transport uint8, body event.Body) {
	f.packet++
	f.tell(&event.Fact{Header: event.Header{Time: f.now, Packet: f.packet, Flow: f.flow, Transport: transport, SrcPort: sport, DstPort: dport}, Body: body}, src, dst)
}

func (f *feed) tell(fact *event.Fact, src, dst string) {
	if src != "" {
		fact.Src = netip.MustParseAddr(src)
		fact.SrcMAC = f.macs[src]
	}
	if dst != "" {
		fact.Dst = netip.MustParseAddr(dst)
		fact.DstMAC = f.macs[dst]
	}
	fact.SrcHost = event.HostKeyOf(fact.Place, ident.MAC{}, fact.Src.As16())
	fact.DstHost = event.HostKeyOf(fact.Place, ident.MAC{}, fact.Dst.As16())
	f.e.Observe([]*event.Fact{fact}, nil)
}

func (f *feed) tcp(src, dst string, sport, dport uint16, body event.Body) {
	f.say(src, dst, sport, dport, 6, body)
}

func (f *feed) udp(src, dst string, sport, dport uint16, body event.Body) {
	f.say(src, dst, sport, dport, 17, body)
}

// syn is a connection request that nobody answers, made by an operating system.
func (f *feed) syn(src, dst string, dport uint16) {
	f.flowTo(src, dst, dport, &event.Flow{PktsToServer: 1, BytesToServer: 60, TCPFlagsTS: flagSYN, SYNOptions: "2,4,8,1,3", SYNMSS: 1460, ConnState: "S0"})
}

// flowTo ends a flow that began now.
func (f *feed) flowTo(src, dst string, dport uint16, b *event.Flow) {
	b.Start, b.End = f.now, max(b.End, f.now)
	f.packet++
	f.flow++
	transport := uint8(6)
	if b.TCPFlagsTS == 0 && b.TCPFlagsTC == 0 && b.ConnState != "null" {
		transport = 17
	}
	if b.ICMPType != 0 {
		transport = 1
	}
	f.tell(&event.Fact{Header: event.Header{Time: b.End, Packet: f.packet, Flow: f.flow, Transport: transport, SrcPort: 40000 + uint16(f.flow%20000), DstPort: dport}, Body: b}, src, dst)
}

// talk is a TCP connection in which both sides say something.
func talk(up, down uint64) *event.Flow {
	return &event.Flow{
		PktsToServer: 4 + up/1000, PktsToClient: 4 + down/1000, DataToServer: up, DataToClient: down, BytesToServer: up + 200, BytesToClient: down + 200,
		TCPFlagsTS: flagSYN | flagACK | flagFIN, TCPFlagsTC: flagSYN | flagACK | flagFIN, SYNOptions: "2,4,8,1,3", SYNMSS: 1460, ConnState: "SF", State: "closed",
	}
}

// name lets a host look up a name, so that it is seen to use DNS.
func (f *feed) name(host, name, addr string) {
	f.udp(host, gateway, 5353, 53, &event.DNS{Type: "response", RRName: name, RRType: "A", QType: 1, RCode: "NOERROR", Answered: true, ReqLen: 40, RespLen: 56,
		Answers: []event.DNSAnswer{{Name: name, Type: "A", TTL: 60, Data: addr, Addr: netip.MustParseAddr(addr)}}})
}

// found gives the findings of a check.
func (f *feed) found(check string) []*finding.Finding {
	return slices.DeleteFunc(f.e.Findings(), func(x *finding.Finding) bool { return x.Check != check })
}

func ip(a, b byte) string { return netip.AddrFrom4([4]byte{100 + a, 20 + b, a + 1, b + 1}).String() }

func secret(n uint64) event.Secret { return event.Secret{Seen: true, Len: 8, Hash: n} }
