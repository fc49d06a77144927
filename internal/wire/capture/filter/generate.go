package filter

import "golang.org/x/net/bpf"

// label is a place in the program that tests jump to. All jumps go forward.
type label int

// op is an instruction whose jumps are not resolved yet, or a mark.
type op struct {
	load bpf.Instruction // nil for tests and marks
	test bool
	cond bpf.JumpTest
	val  uint32
	t, f label // where a test goes when it holds or fails
	mark label // the label that is here, when neither load nor test
}

// generator collects a program.
type generator struct {
	link   Link
	ops    []op
	labels int
}

func (g *generator) label() label {
	g.labels++
	return label(g.labels)
}

func (g *generator) mark(l label)           { g.ops = append(g.ops, op{mark: l}) }
func (g *generator) emit(i bpf.Instruction) { g.ops = append(g.ops, op{load: i}) }
func (g *generator) test(cond bpf.JumpTest, val uint32, t, f label) {
	g.ops = append(g.ops, op{test: true, cond: cond, val: val, t: t, f: f})
}

// jump goes to l.
func (g *generator) jump(l label) { g.equal(0, l, l) }

// equal goes to t when the accumulator is val.
func (g *generator) equal(val uint32, t, f label) { g.test(bpf.JumpEqual, val, t, f) }

// assemble resolves the jumps, from the end on: the distance of a label that
// lies ahead is known then. Tests reach 255 instructions; what is farther
// away goes through an unconditional jump.
func (g *generator) assemble() ([]bpf.Instruction, error) {
	var reversed []bpf.Instruction
	place := map[label]int{} // instructions from the label to the end
	for i := len(g.ops) - 1; i >= 0; i-- {
		o := g.ops[i]
		switch {
		case o.load != nil:
			reversed = append(reversed, o.load)
		case o.test:
			t, f := len(reversed)-place[o.t], len(reversed)-place[o.f]
			if t > 255 || f > 255 {
				reversed = append(reversed, bpf.Jump{Skip: uint32(f)}, bpf.Jump{Skip: uint32(t + 1)})
				t, f = 0, 1
			}
			reversed = append(reversed, bpf.JumpIf{Cond: o.cond, Val: o.val, SkipTrue: uint8(t), SkipFalse: uint8(f)})
		default:
			place[o.mark] = len(reversed)
		}
	}
	out := make([]bpf.Instruction, len(reversed))
	for i, ins := range reversed {
		out[len(out)-1-i] = ins
	}
	return out, nil
}

// node is a part of an expression.
type node interface {
	// generate emits code that goes to t when the packet fits, else to f.
	generate(g *generator, t, f label)
}

type (
	and struct{ left, right node }
	or  struct{ left, right node }
	not struct{ inner node }
)

func (n and) generate(g *generator, t, f label) {
	next := g.label()
	n.left.generate(g, next, f)
	g.mark(next)
	n.right.generate(g, t, f)
}

func (n or) generate(g *generator, t, f label) {
	next := g.label()
	n.left.generate(g, t, next)
	g.mark(next)
	n.right.generate(g, t, f)
}

func (n not) generate(g *generator, t, f label) { n.inner.generate(g, f, t) }

// header is the length of the link header.
func (g *generator) header() uint32 {
	if g.link == Raw {
		return 0
	}
	return 14
}

const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherRARP = 0x8035
	etherIPv6 = 0x86dd
)

// etherType goes to t when the packet has the EtherType. The kernel takes the
// outer VLAN tag off before the filter sees the packet.
type etherType uint32

func (e etherType) generate(g *generator, t, f label) {
	if g.link == Ethernet {
		g.emit(bpf.LoadAbsolute{Off: 12, Size: 2})
		g.equal(uint32(e), t, f)
		return
	}
	version := uint32(0)
	switch e {
	case etherIPv4:
		version = 4
	case etherIPv6:
		version = 6
	}
	g.emit(bpf.LoadAbsolute{Off: 0, Size: 1})
	g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	if version == 0 {
		version = 255 // no packet has it
	}
	g.equal(version, t, f)
}

// ipProto goes to t when an IPv4 or IPv6 packet carries the protocol.
type ipProto struct {
	number   uint32
	no4, no6 bool
}

func (p ipProto) generate(g *generator, t, f label) {
	if !p.no4 {
		is4, next := g.label(), g.label()
		etherType(etherIPv4).generate(g, is4, next)
		g.mark(is4)
		g.emit(bpf.LoadAbsolute{Off: g.header() + 9, Size: 1})
		g.equal(p.number, t, f)
		g.mark(next)
	}
	if !p.no6 {
		is6 := g.label()
		etherType(etherIPv6).generate(g, is6, f)
		g.mark(is6)
		g.emit(bpf.LoadAbsolute{Off: g.header() + 6, Size: 1})
		g.equal(p.number, t, f)
		return
	}
	g.jump(f)
}

// never fits no packet.
type never struct{}

func (never) generate(g *generator, _, f label) { g.jump(f) }

// direction says which of two ends is meant.
type direction uint8

const (
	either direction = iota
	source
	destination
	both
)

// ends joins a test of the source and one of the destination.
func ends(d direction, src, dst node) node {
	switch d {
	case source:
		return src
	case destination:
		return dst
	case both:
		return and{src, dst}
	}
	return or{src, dst}
}

// words compares 32-bit words at an offset under masks.
type words struct {
	base  etherType // what must be at hand; the offset counts from its header
	off   uint32
	value []uint32
	mask  []uint32
}

func (w words) generate(g *generator, t, f label) {
	start := g.label()
	w.base.generate(g, start, f)
	g.mark(start)
	for i, v := range w.value {
		if w.mask[i] == 0 {
			continue
		}
		next := g.label()
		g.emit(bpf.LoadAbsolute{Off: g.header() + w.off + uint32(4*i), Size: 4})
		if w.mask[i] != 0xffffffff {
			g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: w.mask[i]})
		}
		g.equal(v&w.mask[i], next, f)
		g.mark(next)
	}
	g.jump(t)
}

// mac compares one of the Ethernet addresses.
type mac struct {
	off  uint32
	addr [6]byte
}

func (m mac) generate(g *generator, t, f label) {
	if g.link != Ethernet {
		g.jump(f)
		return
	}
	next := g.label()
	g.emit(bpf.LoadAbsolute{Off: m.off + 2, Size: 4})
	g.equal(uint32(m.addr[2])<<24|uint32(m.addr[3])<<16|uint32(m.addr[4])<<8|uint32(m.addr[5]), next, f)
	g.mark(next)
	g.emit(bpf.LoadAbsolute{Off: m.off, Size: 2})
	g.equal(uint32(m.addr[0])<<8|uint32(m.addr[1]), t, f)
}

// group goes to t for Ethernet multicast, of which broadcast is a part.
type group struct{}

func (group) generate(g *generator, t, f label) {
	if g.link != Ethernet {
		g.jump(f)
		return
	}
	g.emit(bpf.LoadAbsolute{Off: 0, Size: 1})
	g.test(bpf.JumpBitsSet, 1, t, f)
}

// port goes to t when one of the transport ports is in a range. Later
// fragments have no ports.
type port struct {
	protos   []uint32
	no4, no6 bool
	dir      direction
	lo, hi   uint32
}

func (p port) generate(g *generator, t, f label) {
	if !p.no4 {
		is4, whole, next := g.label(), g.label(), g.label()
		etherType(etherIPv4).generate(g, is4, next)
		g.mark(is4)
		p.carried(g, g.header()+9, f)
		g.emit(bpf.LoadAbsolute{Off: g.header() + 6, Size: 2})
		g.test(bpf.JumpBitsSet, 0x1fff, f, whole)
		g.mark(whole)
		g.emit(bpf.LoadMemShift{Off: g.header()})
		p.compare(g, func(off uint32) { g.emit(bpf.LoadIndirect{Off: g.header() + off, Size: 2}) }, t, f)
		g.mark(next)
	}
	if p.no6 {
		g.jump(f)
		return
	}
	is6 := g.label()
	etherType(etherIPv6).generate(g, is6, f)
	g.mark(is6)
	p.carried(g, g.header()+6, f)
	p.compare(g, func(off uint32) { g.emit(bpf.LoadAbsolute{Off: g.header() + 40 + off, Size: 2}) }, t, f)
}

// carried goes on when the protocol at the offset is one of the port's.
func (p port) carried(g *generator, off uint32, f label) {
	ok := g.label()
	g.emit(bpf.LoadAbsolute{Off: off, Size: 1})
	for i, proto := range p.protos {
		next := f
		if i < len(p.protos)-1 {
			next = g.label()
		}
		g.equal(proto, ok, next)
		if next != f {
			g.mark(next)
		}
	}
	g.mark(ok)
}

// compare tests the ports, which load brings into the accumulator by their
// offset in the transport header.
func (p port) compare(g *generator, load func(off uint32), t, f label) {
	one := func(off uint32, t, f label) {
		load(off)
		if p.lo == p.hi {
			g.equal(p.lo, t, f)
			return
		}
		above := g.label()
		g.test(bpf.JumpGreaterOrEqual, p.lo, above, f)
		g.mark(above)
		g.test(bpf.JumpGreaterThan, p.hi, f, t)
	}
	next := g.label()
	switch p.dir {
	case source:
		one(0, t, f)
	case destination:
		one(2, t, f)
	case both:
		one(0, next, f)
		g.mark(next)
		one(2, t, f)
	default:
		one(0, t, next)
		g.mark(next)
		one(2, t, f)
	}
}

// vlan goes to t for packets with any VLAN tag, or with one id: in the tag
// that the kernel took off, or in the one that is left in the packet.
type vlan struct {
	any bool
	id  uint32
}

func (v vlan) generate(g *generator, t, f label) {
	taken, inside, tagged := g.label(), g.label(), g.label()
	g.emit(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	g.equal(0, inside, taken)
	g.mark(taken)
	if v.any {
		g.equal(0, f, t)
	} else {
		g.emit(bpf.LoadExtension{Num: bpf.ExtVLANTag})
		g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff})
		g.equal(v.id, t, inside)
	}
	g.mark(inside)
	if g.link != Ethernet {
		g.jump(f)
		return
	}
	g.emit(bpf.LoadAbsolute{Off: 12, Size: 2})
	for _, tpid := range []uint32{0x8100, 0x88a8, 0x9100} {
		next := g.label()
		g.equal(tpid, tagged, next)
		g.mark(next)
	}
	g.jump(f)
	g.mark(tagged)
	if v.any {
		g.jump(t)
		return
	}
	g.emit(bpf.LoadAbsolute{Off: 14, Size: 2})
	g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff})
	g.equal(v.id, t, f)
}

// length compares the length of the packet on the wire.
type length struct {
	cond bpf.JumpTest
	val  uint32
}

func (l length) generate(g *generator, t, f label) {
	g.emit(bpf.LoadExtension{Num: bpf.ExtLen})
	g.test(l.cond, l.val, t, f)
}

// outbound goes to t for packets that this machine sends.
type outbound struct{}

func (outbound) generate(g *generator, t, f label) {
	const outgoing = 4 // PACKET_OUTGOING
	g.emit(bpf.LoadExtension{Num: bpf.ExtType})
	g.equal(outgoing, t, f)
}
