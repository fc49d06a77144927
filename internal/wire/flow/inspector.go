package flow

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/decode"
)

type netipAddr = netip.Addr

// Verdict is what an Inspector wants done with a packet. A sensor ignores it;
// an inline plane obeys it.
type Verdict uint8

// The verdicts.
const (
	Pass   Verdict = iota
	Drop           // silently
	Reject         // drop and tell both sides
	Bypass         // pass, and look at nothing more of this flow
)

// Inspector looks at traffic as it goes by and judges it. There is one per
// worker; it is called synchronously from the packet path and must neither
// block nor keep what it is given.
type Inspector interface {
	OnPacket(f View, dir event.Dir, p *decode.Packet) Verdict
	// OnStream sees bytes of a TCP stream in order, before the parser does.
	OnStream(f View, dir event.Dir, b []byte) Verdict
	// OnTransaction sees each fact that a parser made.
	OnTransaction(f View, fact *event.Fact) Verdict
	OnFlowEnd(f View)
}

// View is what an Inspector may know of a flow.
type View interface {
	ID() uint64
	Client() (netip.Addr, uint16)
	Server() (netip.Addr, uint16)
	Transport() uint8
	Protocol() event.Proto
}
