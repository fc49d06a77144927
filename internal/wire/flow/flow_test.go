package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/proto"
)

// recorder is a protocol that takes everything and remembers it.
type recorder struct {
	got  *[2][]byte
	gaps *[2]int
	msgs *[]string
}

func (r recorder) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	r.got[dir] = append(r.got[dir], b...)
	*r.msgs = append(*r.msgs, fmt.Sprintf("%v %q", dir, b))
	c.Message(dir)
	return len(b), nil
}
func (r recorder) Gap(_ *proto.Conn, dir event.Dir, n int) bool { r.gaps[dir] += n; return true }
func (r recorder) End(*proto.Conn)                              {}
func (r recorder) Reset()                                       {}

// rig is a table with the recorder as its only protocol.
type rig struct {
	t    *Table
	out  event.Batch
	got  [2][]byte
	gaps [2]int
	msgs []string
	n    uint64
	now  int64
	port uint16 // of the server
}

func newRig(memory int) *rig {
	r := &rig{now: 1e18, port: 80}
	p := proto.Protocol{
		ID: event.ProtoHTTP, TCP: true, UDP: true, Ports: []uint16{80},
		Probe: func(*proto.Sample) proto.Match { return proto.Yes },
		New:   func() proto.Parser { return recorder{&r.got, &r.gaps, &r.msgs} },
	}
	r.t = NewTable(Config{Protocols: NewRegistry([]proto.Protocol{p}), Endpoints: NewEndpoints(), Memory: memory})
	r.t.SetOut(&r.out)
	return r
}

// tcp sends one segment; client sends from port 40000 of 192.0.2.1 to 192.0.2.2.
func (r *rig) tcp(dir event.Dir, flags uint8, seq, ack uint32, data string) {
	r.n++
	r.now += 1e6
	p := &decode.Packet{
		Time: r.now, Number: r.n, Layer: decode.LayerTransport, Proto: 6, TTL: 64, Flags: flags, Seq: seq, Ack: ack,
		Payload: []byte(data), PayloadLen: uint32(len(data)), WireLen: uint32(54 + len(data)), Hash: 0x1234567887654321,
	}
	a, b := [16]byte{10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: 1}, [16]byte{10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: 2}
	p.Src, p.Dst, p.SrcPort, p.DstPort = a, b, 40000, r.port
	if dir == event.ToClient {
		p.Src, p.Dst, p.SrcPort, p.DstPort = b, a, r.port, 40000
	}
	r.t.Packet(p)
}

func (r *rig) open() {
	r.tcp(event.ToServer, decode.SYN, 999, 0, "")
	r.tcp(event.ToClient, decode.SYN|decode.ACK, 4999, 1000, "")
	r.tcp(event.ToServer, decode.ACK, 1000, 5000, "")
}

func (r *rig) flush() {
	r.t.PrepareFlush(nil)
	r.t.Flush(r.n, EveryFlow)
}

func (r *rig) flow(t *testing.T) *event.Flow {
	t.Helper()
	for _, f := range r.out.Facts() {
		if b, ok := f.Body.(*event.Flow); ok {
			return b
		}
	}
	t.Fatal("there is no flow fact")
	return nil
}

// TestReassembly cuts a stream into segments, shuffles them, repeats and
// overlaps some, and wants the parser to get the stream as it was.
func TestReassembly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		stream := make([]byte, 200+rnd.IntN(6000))
		for i := range stream {
			stream[i] = byte(rnd.Uint32())
		}
		type piece struct{ from, to int }
		var pieces []piece
		for at := 0; at < len(stream); {
			to := min(at+1+rnd.IntN(400), len(stream))
			from := max(0, at-rnd.IntN(60)) // overlaps what came before, with the same bytes
			pieces = append(pieces, piece{from, to})
			if rnd.IntN(5) == 0 {
				pieces = append(pieces, piece{from, to})
			}
			at = to
		}
		for i := range pieces { // shuffled within a window, as networks do
			j := min(i+rnd.IntN(5), len(pieces)-1)
			pieces[i], pieces[j] = pieces[j], pieces[i]
		}
		r := newRig(8 << 20)
		r.open()
		for _, p := range pieces {
			r.tcp(event.ToServer, decode.ACK, 1000+uint32(p.from), 5000, string(stream[p.from:p.to]))
		}
		r.flush()
		if !bytes.Equal(r.got[0], stream) {
			t.Fatalf("round %d: got %d bytes of %d, the first difference at %d", round, len(r.got[0]), len(stream), firstDifference(r.got[0], stream))
		}
		if r.gaps[0] != 0 {
			t.Fatalf("round %d: %d bytes were given up", round, r.gaps[0])
		}
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestHoleIsGivenUpWhenAcknowledged wants bytes that were lost only to us to
// be told as a gap as soon as the receiver has them.
func TestHoleIsGivenUpWhenAcknowledged(t *testing.T) {
	r := newRig(8 << 20)
	r.open()
	r.tcp(event.ToServer, decode.ACK, 1000, 5000, "abc")
	r.tcp(event.ToServer, decode.ACK, 1013, 5000, "xyz") // ten bytes missing
	if string(r.got[0]) != "abc" {
		t.Fatalf("before the acknowledgement: %q", r.got[0])
	}
	r.tcp(event.ToClient, decode.ACK, 5000, 1016, "answer")
	if string(r.got[0]) != "abcxyz" || r.gaps[0] != 10 || string(r.got[1]) != "answer" {
		t.Fatalf("got %q and %q, gap of %d", r.got[0], r.got[1], r.gaps[0])
	}
	if want := []string{`to_server "abc"`, `to_server "xyz"`, `to_client "answer"`}; fmt.Sprint(r.msgs) != fmt.Sprint(want) {
		t.Errorf("order: %v, want %v", r.msgs, want)
	}
	r.flush()
	if f := r.flow(t); f.Gaps != 10 || f.OutOfOrder != 1 {
		t.Errorf("gaps %d, out of order %d", f.Gaps, f.OutOfOrder)
	}
}

func TestConnStates(t *testing.T) {
	tests := []struct {
		name string
		play func(*rig)
		want string
	}{
		{"no answer", func(r *rig) { r.tcp(0, decode.SYN, 1, 0, "") }, "S0"},
		{"refused", func(r *rig) { r.tcp(0, decode.SYN, 1, 0, ""); r.tcp(1, decode.RST|decode.ACK, 0, 2, "") }, "REJ"},
		{"open", func(r *rig) { r.open() }, "S1"},
		{"closed", func(r *rig) {
			r.open()
			r.tcp(0, decode.FIN|decode.ACK, 1000, 5000, "")
			r.tcp(1, decode.FIN|decode.ACK, 5000, 1001, "")
		}, "SF"},
		{"reset by the client", func(r *rig) { r.open(); r.tcp(0, decode.RST, 1000, 0, "") }, "RSTO"},
		{"reset by the server", func(r *rig) { r.open(); r.tcp(1, decode.RST, 5000, 0, "") }, "RSTR"},
		{"in the middle", func(r *rig) { r.tcp(0, decode.ACK, 1, 1, "x"); r.tcp(1, decode.ACK, 1, 2, "y") }, "OTH"},
	}
	for _, tt := range tests {
		r := newRig(1 << 20)
		tt.play(r)
		r.flush()
		if f := r.flow(t); f.ConnState != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, f.ConnState, tt.want)
		}
	}
}

// TestOverlapPolicy wants conflicting bytes behind a hole to be resolved as the
// receiver's system would.
func TestOverlapPolicy(t *testing.T) {
	for ttl, want := range map[uint8]string{64: "aaaa", 128: "aaaa", 255: "bbbb"} {
		r := newRig(1 << 20)
		r.tcp(event.ToServer, decode.SYN, 999, 0, "")
		r.n++
		r.tcp(event.ToClient, decode.SYN|decode.ACK, 4999, 1000, "")
		r.t.at(0).ttl[event.ToClient] = ttl
		r.tcp(event.ToServer, decode.ACK, 1001, 5000, "aaaa")
		r.tcp(event.ToServer, decode.ACK, 1001, 5000, "bbbb")
		r.tcp(event.ToServer, decode.ACK, 1000, 5000, "-")
		if got := string(r.got[0]); got != "-"+want {
			t.Errorf("hop limit %d: %q, want %q", ttl, got, "-"+want)
		}
		r.flush()
		if f := r.flow(t); f.Overlaps != 1 {
			t.Errorf("hop limit %d: %d overlaps were counted", ttl, f.Overlaps)
		}
	}
}

// TestIndex compares the index with a map over many insertions and removals.
func TestIndex(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	x := newIndex(8)
	tags := map[uint32]uint32{}
	for i := range uint32(20000) {
		if len(tags) > 0 && rnd.IntN(3) == 0 {
			for ref, tag := range tags {
				x.remove(tag, ref)
				delete(tags, ref)
				break
			}
			continue
		}
		tag := rnd.Uint32() % 512 // many collisions
		x.insert(uint64(tag)<<32, i)
		tags[i] = tag
	}
	if x.used != len(tags) {
		t.Fatalf("the index holds %d, want %d", x.used, len(tags))
	}
	for ref, tag := range tags {
		found := false
		for i := homeOf(tag) & x.mask; x.slots[i].ref != 0; i = (i + 1) & x.mask {
			found = found || x.slots[i].ref == ref+1
		}
		if !found {
			t.Fatalf("flow %d is lost", ref)
		}
	}
}

// FuzzTable gives two frames of any bytes, again and again with small changes,
// to decoder and table.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x2c\x00\x01\x00\x00\x40\x06\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x00\x50\x00\x00\x03\xe8\x00\x00\x00\x00\x50\x18\x20\x00\x00\x00\x00\x00GET "), uint16(7))
	f.Add([]byte("\x45\x00\x00\x20\x00\x01\x00\x00\x40\x11\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x00\x50\x00\x0c\x00\x00data"), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, step uint16) {
		r := newRig(1 << 20)
		d := decode.New(decode.Options{})
		for i := range 64 {
			frame := bytes.Clone(b)
			if len(frame) > 0 {
				frame[(i*int(step))%len(frame)] ^= byte(i)
			}
			p := &decode.Packet{Time: 1e18 + int64(i)*int64(step)*1e6, Number: uint64(i + 1)}
			if d.Decode(p, frame, capture.LinkRaw, uint32(len(frame))+uint32(i%3)) {
				r.t.Packet(p)
			}
		}
		r.t.Expire(1e18+1e15, 65, 1<<20)
		r.flush()
		if r.t.count != 0 || r.t.buffers.used != 0 {
			t.Fatalf("%d flows and %d bytes are left", r.t.count, r.t.buffers.used)
		}
	})
}
