package decode

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"edgeward/internal/wire/capture"
)

// feed decodes a frame at a packet time and gives the packet if it is one.
func feed(d *Decoder, at int64, frame []byte) (*Packet, bool) {
	p := &Packet{Time: at}
	ok := d.Decode(p, frame, capture.LinkRaw, uint32(len(frame)))
	return p, ok
}

// units makes n times eight bytes.
func units(c byte, n int) []byte { return bytes.Repeat([]byte{c}, 8*n) }

// The model of Paxson and Shankar, as in Novak's paper: six fragments, some of
// which overlap, and what each kind of host makes of them.
func TestOverlapPolicies(t *testing.T) {
	fragments := []struct {
		offset int
		body   []byte
	}{
		{0, units('1', 3)}, {4, units('2', 2)}, {6, units('3', 3)}, {1, units('4', 4)}, {6, units('5', 3)}, {9, units('6', 3)},
	}
	for overlap, want := range map[Overlap]string{
		OverlapBSD: "111442333666", OverlapLinux: "111442555666", OverlapFirst: "111422333666",
		OverlapLast: "144442555666", OverlapWindows: "111422333666",
	} {
		d := New(Options{Overlap: overlap})
		var p *Packet
		for i, f := range fragments {
			last := i == len(fragments)-1
			frame := ipv4Packet(frame4{id: 9, proto: 253, offset: f.offset * 8, more: !last, body: f.body})
			var ok bool
			p, ok = feed(d, int64(i), frame)
			if overlapping := i == 3 || i == 4; ok != (last || overlapping) || overlapping && !p.Fragment {
				t.Fatalf("policy %d: fragment %d is a packet: %v", overlap, i, ok)
			}
		}
		got := ""
		for i := 0; i < len(p.L4); i += 8 {
			got += string(p.L4[i])
		}
		if got != want || len(p.L4) != 96 || p.Fragment || p.Frames != 4 || p.Anomalies != IPv4FragOverlap {
			t.Errorf("policy %d: %s, want %s; %+v", overlap, got, want, p)
		}
	}
}

// TestOverlapFollowsTarget wants fragments put together as the system of their
// target does, which its own packets show.
func TestOverlapFollowsTarget(t *testing.T) {
	host := [4]byte{192, 0, 2, 2}
	for ttl, want := range map[uint8]byte{0: 'o', 64: 'n', 128: 'o', 255: 'o'} {
		d := New(Options{})
		if ttl > 0 {
			feed(d, 0, ipv4Packet(frame4{src: host, dst: [4]byte{192, 0, 2, 9}, ttl: ttl, proto: 6, body: tcpSegment(80, 4000, SYN|ACK, nil, nil)}))
		}
		feed(d, 1, ipv4Packet(frame4{id: 1, proto: 253, offset: 8, more: true, body: units('o', 1)}))
		feed(d, 2, ipv4Packet(frame4{id: 1, proto: 253, offset: 8, more: true, body: units('n', 1)}))
		feed(d, 3, ipv4Packet(frame4{id: 1, proto: 253, offset: 0, more: true, body: units('b', 1)}))
		p, ok := feed(d, 4, ipv4Packet(frame4{id: 1, proto: 253, offset: 16, body: units('l', 1)}))
		if !ok || len(p.L4) != 24 || p.L4[8] != want {
			t.Errorf("hop limit %d: got %q, want %c to count", ttl, p.L4, want)
		}
	}
}

func TestWindowsOverlapSurrounds(t *testing.T) {
	d := New(Options{OverlapFor: nil, Overlap: OverlapWindows})
	feed(d, 0, ipv4Packet(frame4{id: 1, proto: 253, offset: 8, more: true, body: units('o', 1)}))
	feed(d, 1, ipv4Packet(frame4{id: 1, proto: 253, offset: 0, more: true, body: units('n', 3)}))
	p, ok := feed(d, 2, ipv4Packet(frame4{id: 1, proto: 253, offset: 24, body: units('l', 1)}))
	if want := append(units('n', 3), units('l', 1)...); !ok || !bytes.Equal(p.L4, want) {
		t.Errorf("got %q", p.L4)
	}
}

// Any datagram cut into any fragments, sent in any order with repetitions,
// comes out as it was.
func TestReassembly(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		body := make([]byte, 8+rng.IntN(4000))
		for i := range body {
			body[i] = byte(rng.Uint32())
		}
		v6 := seed%2 == 1
		datagram := udpDatagram(5683, 40000, body)
		var frames [][]byte
		for at := 0; at < len(datagram); {
			n := min(8*(1+rng.IntN(60)), len(datagram)-at)
			more := at+n < len(datagram)
			if v6 {
				frames = append(frames, ipv6Packet(0, join([]byte{44, 0, 1, 4, 0, 0, 0, 0}, fragmentHeader(17, 77, at, more), datagram[at:at+n])))
			} else {
				frames = append(frames, ipv4Packet(frame4{id: 77, proto: 17, offset: at, more: more, options: []byte{148, 4, 0, 0}, body: datagram[at : at+n]}))
			}
			at += n
		}
		if len(frames) == 1 {
			continue
		}
		rng.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
		if rng.IntN(2) == 0 {
			frames = append(frames[:1], frames...)
		}
		d := New(Options{})
		wire := uint32(0)
		for i, f := range frames {
			p, ok := feed(d, int64(i), f)
			wire += uint32(len(f))
			if ok != (i == len(frames)-1) {
				t.Fatalf("seed %d: fragment %d of %d is a packet: %v (%v)", seed, i, len(frames), ok, p.Anomalies.Names(nil))
			}
			if !ok {
				continue
			}
			if !bytes.Equal(p.Payload, body) || p.SrcPort != 5683 || p.Layer != LayerTransport || p.Fragment || p.WireLen != wire ||
				int(p.Frames) != len(frames) || p.PayloadLen != uint32(len(body)) || p.V6 != v6 || p.Anomalies != 0 {
				t.Fatalf("seed %d: %+v", seed, p)
			}
			// The datagram decodes by itself as well.
			q, ok := feed(New(Options{}), 0, p.L3)
			if !ok || q.Hash != p.Hash || !bytes.Equal(q.Payload, body) || q.Anomalies != 0 {
				t.Fatalf("seed %d: decoded again: %+v", seed, q)
			}
		}
		if s := d.Stats(); s.Reassembled != 1 || s.Fragments != uint64(len(frames)) || d.frags.bytes != 0 || d.frags.oldest != nil || len(d.frags.table) != 0 {
			t.Fatalf("seed %d: %+v, %d bytes left", seed, s, d.frags.bytes)
		}
	}
}

// A tunnel whose outside is fragmented is taken off after reassembly.
func TestReassembledTunnel(t *testing.T) {
	d := New(Options{})
	outer := join([]byte{0, 0, 8, 0}, inner)
	feed(d, 0, ipv4Packet(frame4{id: 1, proto: 47, more: true, body: outer[:24]}))
	p, ok := feed(d, 1, ipv4Packet(frame4{id: 1, proto: 47, offset: 24, body: outer[24:]}))
	if !ok || p.Tunnel != TunnelGRE || string(p.Payload) != "payload" || p.Frames != 2 {
		t.Errorf("%+v", p)
	}
}

func TestIPv6OverlapDropsDatagram(t *testing.T) {
	d := New(Options{})
	send := func(at int, more bool, body []byte) (*Packet, bool) {
		return feed(d, 0, ipv6Packet(44, join(fragmentHeader(17, 5, at, more), body)))
	}
	datagram := udpDatagram(1, 2, make([]byte, 40))
	if _, ok := send(0, true, datagram[:24]); ok {
		t.Fatal("first fragment was not absorbed")
	}
	if _, ok := send(0, true, datagram[:24]); ok {
		t.Fatal("an exact repetition was not absorbed")
	}
	if p, ok := send(16, true, datagram[16:32]); !ok || !p.Fragment || p.Anomalies != IPv6FragOverlap {
		t.Errorf("overlap: %+v", p)
	}
	if p, ok := send(24, false, datagram[24:]); !ok || !p.Fragment || p.Anomalies != IPv6FragIgnored {
		t.Errorf("after the overlap: %+v", p)
	}
}

func TestStrangeFragments(t *testing.T) {
	tests := []struct {
		name  string
		frame []byte
		want  Anomaly
	}{
		{"beyond 65535", ipv4Packet(frame4{proto: 1, offset: 65528, body: make([]byte, 100)}), IPv4FragTooLarge},
		{"beyond 65535 with IPv6", ipv6Packet(44, join(fragmentHeader(58, 1, 65528, false), make([]byte, 100))), IPv6FragTooLarge},
		{"odd length", ipv4Packet(frame4{proto: 1, more: true, body: make([]byte, 9)}), IPv4FragInvalid},
		{"odd length with IPv6", ipv6Packet(44, join(fragmentHeader(58, 1, 0, true), make([]byte, 9))), IPv6FragInvalid},
		{"empty", ipv4Packet(frame4{proto: 1, offset: 8}), IPv4FragInvalid},
	}
	for _, tt := range tests {
		d := New(Options{})
		p, ok := feed(d, 0, tt.frame)
		if !ok || !p.Fragment || p.Anomalies != tt.want || len(d.frags.table) != 0 {
			t.Errorf("%s: ok %v, %v", tt.name, ok, p.Anomalies.Names(nil))
		}
	}
}

// Memory stays within its limits whatever is sent, and what is pushed out is
// visible.
func TestFragmentLimits(t *testing.T) {
	d := New(Options{Datagrams: 16, FragmentBytes: 64 << 10})
	visible := 0
	for i := range 5000 {
		_, ok := feed(d, int64(i), ipv4Packet(frame4{id: uint16(i), proto: 17, offset: 8 * (i % 8000), more: true, body: make([]byte, 1400)}))
		if ok {
			visible++
		}
		if len(d.frags.table) > 16 || d.frags.bytes > 64<<10+4096 {
			t.Fatalf("%d datagrams, %d bytes", len(d.frags.table), d.frags.bytes)
		}
	}
	if visible < 4900 || d.Stats().FragmentEvicted < 4900 {
		t.Errorf("%d of 5000 fragments can be seen, %d datagrams were pushed out", visible, d.Stats().FragmentEvicted)
	}
	d = New(Options{FragmentBytes: 1 << 20})
	for i := range 8000 { // one datagram of overlapping slivers
		feed(d, 0, ipv4Packet(frame4{id: 1, proto: 17, offset: 8 * (i * 7 % 4000), more: true, body: make([]byte, 16)}))
		if d.frags.bytes > 1<<20+4096 {
			t.Fatalf("%d bytes for one datagram", d.frags.bytes)
		}
	}
}

func TestFragmentTimeout(t *testing.T) {
	first := ipv4Packet(frame4{id: 1, proto: 17, more: true, body: udpDatagram(1, 2, make([]byte, 16))})
	second := ipv4Packet(frame4{id: 1, proto: 17, offset: 24, body: make([]byte, 8)})
	for name, step := range map[string]int64{"later": 31e9, "a year later": 365 * 86400e9, "the clock went back": -31e9} {
		d := New(Options{})
		feed(d, 100e9, first)
		if _, ok := feed(d, 100e9+step, second); ok || d.Stats().FragmentTimeouts != 1 || len(d.frags.table) != 1 {
			t.Errorf("%s: %+v", name, d.Stats())
		}
	}
	d := New(Options{})
	feed(d, 100e9, first)
	if p, ok := feed(d, 129e9, second); !ok || p.Layer != LayerTransport {
		t.Error("29 s are too late")
	}
}

func ExampleAnomaly_Names() {
	fmt.Println((IPv4FragOverlap | TCPTooSmall).Names(nil))
	// Output: [ipv4_frag_overlap tcp_pkt_too_small]
}
