package netflow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

const exported = 1_750_000_000 * second

// someRecords makes records that survive encoding in the given version.
func someRecords(g *rand.Rand, version uint16, n int) []Record {
	v6 := version != V5 && g.IntN(2) == 0
	var out []Record
	for range n {
		r := Record{Version: version, Domain: uint32(g.IntN(100)), Exported: exported, SrcPort: uint16(g.IntN(65536)), DstPort: uint16(g.IntN(65536)),
			Protocol: []uint8{6, 17, 132}[g.IntN(3)], Octets: uint64(g.Uint32()), Packets: uint64(1 + g.IntN(1e6)), Flags: uint8(g.IntN(64))}
		if len(out) > 0 {
			r.Domain = out[0].Domain
		}
		var a, b [16]byte
		for i := range a {
			a[i], b[i] = byte(g.IntN(256)), byte(g.IntN(256))
		}
		a[0], b[0] = 0x20, 0x20
		if r.Src, r.Dst = netip.AddrFrom16(a), netip.AddrFrom16(b); !v6 {
			r.Src, r.Dst = netip.AddrFrom4([4]byte(a[:])), netip.AddrFrom4([4]byte(b[:]))
		}
		r.Start = exported - int64(1+g.IntN(3_000_000))*millisecond
		r.End = r.Start + int64(g.IntN(1000))*millisecond
		if version != V5 {
			copy(r.SrcMAC[:], a[4:])
			copy(r.DstMAC[:], b[4:])
			r.VLAN = uint16(g.IntN(4096))
		}
		if version == IPFIX {
			r.Biflow, r.ReverseOctets, r.ReversePackets, r.ReverseFlags, r.EndReason = true, uint64(g.Uint32()), uint64(g.IntN(1e6)), uint8(g.IntN(64)), uint8(g.IntN(6))
		}
		out = append(out, r)
	}
	return out
}

func encode(b []byte, records []Record, templates bool) []byte {
	if records[0].Version == V5 {
		return appendV5(b, records)
	}
	return appendMessage(b, records[0].Version, records, templates)
}

// TestRoundTrip wants decoding to be the inverse of encoding, also for several
// messages one behind the other, whose templates come only once.
func TestRoundTrip(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		version := []uint16{V5, V9, IPFIX}[g.IntN(3)]
		want := someRecords(g, version, 1+g.IntN(20))
		file := encode(nil, want, true)
		half := len(file)
		file = encode(file, want, false)
		var d Decoder
		var got []Record
		for b := file; len(b) > 0; {
			n, err := d.Decode(b, func(r *Record) { got = append(got, *r) })
			if err != nil || n != half && n != len(file)-half {
				t.Fatalf("version %d: %d of %d, %v", version, n, len(b), err)
			}
			b = b[n:]
		}
		if all := slices.Concat(want, want); !slices.Equal(got, all) {
			t.Fatalf("version %d: %d records, want %d\n got %+v\nwant %+v", version, len(got), len(all), got[0], all[0])
		}
		if !Looks(file) || d.Stats.Messages != 2 || d.Stats.Records != uint64(2*len(want)) {
			t.Fatalf("version %d: %+v", version, d.Stats)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	none := func(*Record) { t.Error("a record") }
	for _, version := range []uint16{V5, IPFIX} {
		whole := encode(nil, someRecords(g, version, 2), true)
		for n := range len(whole) {
			var d Decoder
			if _, err := d.Decode(whole[:n], none); !errors.Is(err, ErrShort) {
				t.Fatalf("version %d, %d of %d bytes: %v", version, n, len(whole), err)
			}
		}
	}
	var d Decoder
	for text, want := range map[string]error{
		"\x00\x07\x00\x01": ErrVersion,
		"\x00\x05\x00\x1f" + string(make([]byte, 20)):                              ErrHeader,
		"\x00\x0a\x00\x04" + string(make([]byte, 12)):                              ErrHeader,
		"\x00\x0a\x00\x14" + string(make([]byte, 12)) + "\x00\x02\x00\x05":         ErrSet,
		"\x00\x09\x00\x01" + string(make([]byte, 16)) + "\x00\x00\x00\x01":         ErrSet,
		"\x00\x09\x00\x01" + string(make([]byte, 16)) + "\x00\x09\x00\x10":         ErrHeader,
		"\x00\x09\x00\x01" + string(make([]byte, 16)) + "\x01\x00\x00\x10\x00\x00": ErrShort,
	} {
		if _, err := d.Decode([]byte(text), none); !errors.Is(err, want) {
			t.Errorf("%x: %v, want %v", text, err, want)
		}
	}
}

func TestTemplatesAreBounded(t *testing.T) {
	var d Decoder
	g := rand.New(rand.NewPCG(5, 6))
	for i := range 3 * maxTemplates {
		r := someRecords(g, V9, 1)
		r[0].Domain = uint32(i)
		if _, err := d.Decode(encode(nil, r, true), func(*Record) {}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.templates) != maxTemplates || len(d.order) != maxTemplates || d.Stats.Forgotten != 2*maxTemplates {
		t.Errorf("%d templates, %d forgotten", len(d.templates), d.Stats.Forgotten)
	}
	r := someRecords(g, V9, 1)
	r[0].Domain = 0
	if _, err := d.Decode(encode(nil, r, false), func(*Record) { t.Error("a record of a template that is gone") }); err != nil || d.Stats.NoTemplate != 1 {
		t.Errorf("%v, %+v", err, d.Stats)
	}
}

func flowRecord(src, dst byte, sp, dp uint16, start, end int64, flags uint8) Record {
	return Record{Version: V9, Exported: exported, Src: addr4(src), Dst: addr4(dst), SrcPort: sp, DstPort: dp, Protocol: 6, Flags: flags,
		Start: exported - start*millisecond, End: exported - end*millisecond, Octets: 1000, Packets: 5}
}

// TestJoin wants one record of two, in the direction of who began, and lone
// ones turned when they are answers.
func TestJoin(t *testing.T) {
	show := func(r *Record) string {
		return fmt.Sprintf("%v:%d>%v:%d %d/%d %02x/%02x", r.Src, r.SrcPort, r.Dst, r.DstPort, r.Packets, r.ReversePackets, r.Flags, r.ReverseFlags)
	}
	for name, c := range map[string]struct {
		in   []Record
		want []string
	}{
		"client first": {[]Record{flowRecord(1, 2, 40000, 80, 900, 100, 0x1b), flowRecord(2, 1, 80, 40000, 890, 100, 0x1a)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/5 1b/1a"}},
		"server first": {[]Record{flowRecord(2, 1, 80, 40000, 890, 100, 0x1a), flowRecord(1, 2, 40000, 80, 900, 100, 0x1b)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/5 1b/1a"}},
		"same moment":  {[]Record{flowRecord(2, 1, 80, 40000, 900, 100, 0x1a), flowRecord(1, 2, 40000, 80, 900, 100, 0x1b)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/5 1b/1a"}},
		"probe":        {[]Record{flowRecord(1, 2, 40000, 80, 900, 900, 0x02)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/0 02/00"}},
		"lone answer":  {[]Record{flowRecord(2, 1, 80, 40000, 900, 900, 0x12)}, []string{"192.0.2.1:40000>192.0.2.2:80 0/5 00/12"}},
		"twice":        {[]Record{flowRecord(1, 2, 40000, 80, 9000, 8000, 0x18), flowRecord(1, 2, 40000, 80, 7999, 100, 0x18)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/0 18/00", "192.0.2.1:40000>192.0.2.2:80 5/0 18/00"}},
		"long apart":   {[]Record{flowRecord(1, 2, 40000, 80, 900000, 800000, 0x1b), flowRecord(2, 1, 80, 40000, 890, 100, 0x1a)}, []string{"192.0.2.1:40000>192.0.2.2:80 5/0 1b/00", "192.0.2.1:40000>192.0.2.2:80 0/5 00/1a"}},
	} {
		var j Joiner
		var got []string
		give := func(r *Record) { got = append(got, show(r)) }
		for i := range c.in {
			j.Add(&c.in[i], give)
		}
		j.Flush(give)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestJoinerIsBounded(t *testing.T) {
	var j Joiner
	n := 0
	give := func(*Record) { n++ }
	for i := range 3 * maxPending {
		r := flowRecord(1, 2, uint16(i), uint16(i>>16)+1, 900, 100, 0x02)
		j.Add(&r, give)
	}
	if len(j.pending) > maxPending || len(j.ring) > maxPending || n != 2*maxPending {
		t.Errorf("%d wait, %d given", len(j.pending), n)
	}
	late := flowRecord(3, 4, 1, 2, 900, 100, 0x02)
	late.Exported += 60 * second
	if j.Add(&late, give); n != 3*maxPending || len(j.pending) != 1 {
		t.Errorf("after their time %d wait, %d given", len(j.pending), n)
	}
}

func TestAnalyser(t *testing.T) {
	for _, transport := range []uint8{protoUDP, protoTCP} {
		c := prototest.NewConn(transport, 4739)
		p := Protocol.New()
		in := someRecords(rand.New(rand.NewPCG(7, 8)), IPFIX, 4)
		b := encode(nil, in, true)
		step := len(b)
		if transport == protoTCP {
			step = 7
		}
		var s proto.Sample
		s.Conn, s.Data[0] = c, b
		if m := Protocol.Probe(&s); m != proto.Yes {
			t.Fatalf("the probe says %d", m)
		}
		if n, err := prototest.Feed(p, c, event.ToServer, b, step); n != len(b) || err != nil {
			t.Fatalf("%d of %d, %v", n, len(b), err)
		}
		p.End(c)
		facts := c.Env.Out.Facts()
		if len(facts) != len(in) || c.Messages[0] != 1 {
			t.Fatalf("%d facts of %d messages", len(facts), c.Messages[0])
		}
		for i, f := range facts {
			b := f.Body.(*event.Flow)
			if f.Src != in[i].Src || f.Dst != in[i].Dst || b.Observer != c.Client || b.Origin != "ipfix" || b.PktsToServer != in[i].Packets || f.Time != in[i].End || f.Flow == 0 {
				t.Errorf("%+v %+v", f.Header, b)
			}
		}
	}
	c := prototest.NewConn(protoUDP, 2055)
	c.Wire = 2
	if _, err := Protocol.New().Data(c, event.ToServer, []byte{0, 7}); err != nil || c.Errors != 1 {
		t.Errorf("a datagram of another version: %v, %d anomalies", err, c.Errors)
	}
}

func TestProbeRefuses(t *testing.T) {
	g := rand.New(rand.NewPCG(9, 10))
	for _, version := range []uint16{V5, V9, IPFIX} {
		whole := encode(nil, someRecords(g, version, 3), true)
		var s proto.Sample
		s.Conn = prototest.NewConn(protoUDP, 9995)
		for _, b := range [][]byte{whole[:len(whole)-1], append(slices.Clone(whole), 0), whole[:24]} {
			s.Data[0] = b
			if m := Protocol.Probe(&s); m != proto.No {
				t.Errorf("version %d, %d of %d bytes: %d", version, len(b), len(whole), m)
			}
		}
	}
}

// TestUptime wants flows told by uptime in their place, also when the counter
// turned over, when the header lacks it, and for IPFIX, where options tell it.
func TestUptime(t *testing.T) {
	for _, c := range []struct {
		uptime, first, last uint32
		start, end          int64
	}{
		{10_000, 4_000, 9_000, -6_000, -1_000},
		{1_000, 1<<32 - 4_000, 500, -5_000, -500},
		{0, 69_406_087, 69_407_995, -1_908, 0},
	} {
		start, end := between(exported, c.uptime, c.first, c.last)
		if start != exported+c.start*millisecond || end != exported+c.end*millisecond {
			t.Errorf("%+v: %d %d", c, (start-exported)/millisecond, (end-exported)/millisecond)
		}
	}
	header := "\x00\x0a\x00%c\x68\x4e\xe1\x80\x00\x00\x00\x01\x00\x00\x00\x05"
	options := fmt.Sprintf(header, 16+18+16) + "\x00\x03\x00\x12\x01\x2c\x00\x02\x00\x01\x00\x8f\x00\x04\x00\xa0\x00\x08" +
		"\x01\x2c\x00\x10\x00\x00\x00\x07\x00\x00\x01\x90\x00\x00\x00\x00"
	flow := fmt.Sprintf(header, 16+24+20) + "\x00\x02\x00\x18\x01\x2d\x00\x04\x00\x08\x00\x04\x00\x0c\x00\x04\x00\x16\x00\x04\x00\x15\x00\x04" +
		"\x01\x2d\x00\x14\xc0\x00\x02\x01\xc0\x00\x02\x02\x00\x00\x10\x00\x00\x00\x20\x00"
	var d Decoder
	var got []int64
	for _, b := range []string{options, flow} {
		if n, err := d.Decode([]byte(b), func(r *Record) { got = append(got, r.Start, r.End) }); n != len(b) || err != nil {
			t.Fatalf("%d of %d, %v", n, len(b), err)
		}
	}
	boot := int64(0x190_00000000) * millisecond // in 2024
	if want := []int64{boot + 4096*millisecond, boot + 8192*millisecond}; !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	g := rand.New(rand.NewPCG(11, 12))
	for _, version := range []uint16{V5, V9, IPFIX} {
		f.Add(encode(nil, someRecords(g, version, 2), true))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Decoder
		var j Joiner
		given, taken := 0, 0
		give := func(r *Record) {
			given++
			var fact event.Flow
			var h event.Header
			r.Header(&h)
			r.Fact(&fact, netip.Addr{})
			if !h.Src.IsValid() || !h.Dst.IsValid() || fact.End < fact.Start {
				t.Fatalf("%+v", r)
			}
		}
		for len(b) > 0 {
			n, err := d.Decode(b, func(r *Record) { taken++; j.Add(r, give) })
			if n > len(b) || err == nil && n <= 0 {
				t.Fatalf("%d of %d, %v", n, len(b), err)
			}
			if n == 0 {
				break
			}
			b = b[n:]
		}
		j.Flush(give)
		if given > taken || 2*given < taken {
			t.Fatalf("%d records in, %d out", taken, given)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	g := rand.New(rand.NewPCG(13, 14))
	msg := encode(nil, someRecords(g, V9, 20), true)
	var d Decoder
	none := func(*Record) {}
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(msg, none); err != nil {
			b.Fatal(err)
		}
	}
}
