package decode

import (
	"testing"

	"edgeward/internal/wire/capture"
)

func TestDuplicates(t *testing.T) {
	udp := func(ttl uint8, vlan byte, id uint16, payload string) []byte {
		ip := ipv4Packet(frame4{id: id, ttl: ttl, proto: 17, body: udpDatagram(5683, 5683, []byte(payload))})
		if vlan == 0 {
			return ethernetFrame(etherIPv4, ip)
		}
		return join(macA[:], macB[:], []byte{0x81, 0, 0, vlan, 8, 0}, ip)
	}
	six := ethernetFrame(etherIPv6, ipv6Packet(17, udpDatagram(1, 2, []byte("x"))))
	long := string(make([]byte, 1000))
	tests := []struct {
		name   string
		first  []byte
		second []byte
		gap    int64
		want   bool // the second one is to be processed
	}{
		{"same frame", udp(64, 0, 1, "a"), udp(64, 0, 1, "a"), 1000, false},
		{"behind a router", udp(64, 0, 1, "a"), udp(63, 0, 1, "a"), 1000, false},
		{"in another VLAN", udp(64, 7, 1, "a"), udp(64, 8, 1, "a"), 1000, false},
		{"without an id", udp(64, 0, 0, "a"), udp(64, 0, 0, "a"), 1000, false},
		{"IPv6", six, six, 1000, false},
		{"out of order by a little", udp(64, 0, 1, "a"), udp(64, 0, 1, "a"), -1000, false},
		{"3 ms later", udp(64, 0, 1, "a"), udp(64, 0, 1, "a"), 3e6, true},
		{"years back", udp(64, 0, 1, "a"), udp(64, 0, 1, "a"), -1e17, true},
		{"another id", udp(64, 0, 1, "a"), udp(64, 0, 2, "a"), 1000, true},
		{"another payload", udp(64, 0, 1, "a"), udp(64, 0, 1, "b"), 1000, true},
		{"one byte in the middle", udp(64, 0, 1, long+"a"+long), udp(64, 0, 1, long+"b"+long), 1000, true},
		{"the other direction", ether4(frame4{id: 1, proto: 17, body: udpDatagram(9, 9, nil)}),
			ether4(frame4{src: [4]byte{192, 0, 2, 2}, dst: [4]byte{192, 0, 2, 1}, id: 1, proto: 17, body: udpDatagram(9, 9, nil)}), 1000, true},
		{"in and outside of a tunnel", innerEth, vxlan(1, innerEth), 1000, false},
		{"ARP", ethernetFrame(0x806, make([]byte, 28)), ethernetFrame(0x806, make([]byte, 28)), 1000, true},
	}
	for _, tt := range tests {
		d := New(Options{})
		p := Packet{Time: 1e18}
		if !d.Decode(&p, tt.first, capture.LinkEthernet, uint32(len(tt.first))) {
			t.Errorf("%s: the first one was dropped", tt.name)
		}
		p.Time += tt.gap
		if got := d.Decode(&p, tt.second, capture.LinkEthernet, uint32(len(tt.second))); got != tt.want {
			t.Errorf("%s: processed %v, want %v", tt.name, got, tt.want)
		}
		if n := d.Stats().Duplicates; n != 0 == tt.want {
			t.Errorf("%s: %d duplicates counted", tt.name, n)
		}
	}
}

// A flood of identical packets stays a flood.
func TestFloodIsNoDuplicate(t *testing.T) {
	frame := ether4(frame4{proto: 17, body: udpDatagram(5683, 5683, []byte("flood"))})
	d := New(Options{})
	p := Packet{}
	n := 0
	for range 10000 {
		p.Time += 1000
		if d.Decode(&p, frame, capture.LinkEthernet, uint32(len(frame))) {
			n++
		}
	}
	if n != 9999 {
		t.Errorf("%d of 10000 identical packets were processed", n)
	}
}

func TestScopesDoNotShareDuplicates(t *testing.T) {
	d := New(Options{Scope: func(iface, _ uint16, _ uint32) uint16 { return iface }})
	for i := range uint16(2) {
		p := Packet{Interface: i}
		if !d.Decode(&p, innerEth, capture.LinkEthernet, uint32(len(innerEth))) {
			t.Errorf("the packet of scope %d was dropped", i)
		}
	}
}

// A mirror that delivers every fragment twice gives one datagram and leaves
// nothing behind, in whatever order; the same datagram a second later counts.
func TestDuplicateFragments(t *testing.T) {
	datagram := udpDatagram(1, 2, make([]byte, 40))
	one := ipv4Packet(frame4{id: 1, proto: 17, more: true, body: datagram[:24]})
	two := ipv4Packet(frame4{id: 1, proto: 17, offset: 24, body: datagram[24:]})
	for name, order := range map[string][][]byte{"one by one": {one, one, two, two}, "all again": {one, two, one, two}, "crossed": {two, one, one, two}} {
		d := New(Options{})
		whole := 0
		for round := range 2 {
			for i, f := range order {
				if _, ok := feed(d, int64(round)*1e9+int64(i)*1000, f); ok {
					whole++
				}
			}
		}
		if whole != 2 || len(d.frags.table) != 0 {
			t.Errorf("%s: %d datagrams, %d wait", name, whole, len(d.frags.table))
		}
	}
	d := New(Options{})
	whole := 0
	for i := range 1000 { // a flood of the same datagram is no mirror's work
		feed(d, int64(i)*1000, one)
		if _, ok := feed(d, int64(i)*1000, two); ok {
			whole++
		}
	}
	if whole < 500 {
		t.Errorf("%d of 1000 datagrams can be seen", whole)
	}
}

// Fragments that cannot be put together are never taken for duplicates.
func TestFragmentsAreNoDuplicates(t *testing.T) {
	d := New(Options{})
	frame := ether4(frame4{proto: 1, offset: 65528, body: make([]byte, 100)})
	for range 2 {
		if _, ok := decodeOne(d, frame, capture.LinkEthernet); !ok {
			t.Error("a fragment was dropped")
		}
	}
}
