// Package proto says what a protocol is to the packet path: how it is
// recognised, and what parses it. Every protocol has a folder below this one,
// which is a codec first (bytes to message and back, standard library only,
// fuzzed, usable by every other part) and an analyser second (messages to
// facts). The list of all of them, in order, is in folder all.
//
// This package holds no protocol and no flow state. Folders below it import it,
// package event and package ident, and the codec of a sibling where one
// protocol carries another.
package proto

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Match is how sure a probe is.
type Match uint8

// The verdicts of a probe.
const (
	No   Match = iota // this is something else
	More              // too little to tell; ask again with more
	Weak              // fits, but so would other things: counts on a registered port, or when both directions fit
	Yes               // this is it
)

// Sample is what a probe may look at. For a stream, Data holds the beginning
// of each direction (all that is buffered). For datagrams, Data[Dir] is the
// newest datagram and the other one the last of the other direction, if any.
type Sample struct {
	Data [2][]byte
	Dir  event.Dir // direction of the newest bytes
	Port bool      // the server's port is registered for this protocol
	Conn *Conn
}

// Newest gives the bytes that came last.
func (s *Sample) Newest() []byte { return s.Data[s.Dir] }

// Both reports whether both directions have sent something.
func (s *Sample) Both() bool { return len(s.Data[0]) > 0 && len(s.Data[1]) > 0 }

// Protocol describes one protocol to the packet path. Exactly one of the
// pairs Probe+New (streams and datagrams) or EtherTypes/IPProtocols+Frame
// (packets without ports) is set.
type Protocol struct {
	ID       event.Proto
	TCP, UDP bool
	Ports    []uint16 // server ports on which the protocol is registered or customary

	// Insist makes a conversation on a registered port that no protocol
	// recognises go to this parser, which then says what is malformed.
	Insist bool

	// Probe looks at the beginning of a conversation. It must be cheap, must
	// not keep the sample and must not allocate. It never says Yes or Weak to
	// bytes that its parser would call malformed. It is nil for a protocol
	// whose conversations are announced by another (Env.Announce).
	Probe func(*Sample) Match
	// Announces reports whether the payload of a TCP packet may make the parser
	// call Env.Announce or Env.Begun, so that the packets around it are worked
	// on before and after. Every packet is asked; nil for most protocols.
	Announces func(payload []byte) bool
	// New makes a parser for one flow. Parsers are reused after Reset.
	New func() Parser

	// Frame handles one packet of the given EtherTypes or IP protocol
	// numbers; b begins behind the Ethernet or the IP header. It keeps no
	// state between packets.
	EtherTypes  []uint16
	IPProtocols []uint8
	Frame       func(c *Conn, b []byte)
}

// Parser turns the bytes of one flow into facts. Its memory must be bounded
// whatever comes. It is used by one goroutine at a time and keeps neither the
// Conn nor any slice it is given.
type Parser interface {
	// Data hands over bytes: for a stream all contiguous bytes not yet done
	// with, for datagrams exactly one. It gives the number of bytes done with:
	// 0..len(b), the rest is offered again with what follows; more than
	// len(b) skips that many bytes of the stream without buffering them (bodies).
	// At most MaxPending bytes are kept for a parser; one that wants more is
	// given up. An error gives the flow up as well: the parser is ended and
	// the rest of the flow is counted only. Datagram parsers' counts are ignored.
	Data(c *Conn, dir event.Dir, b []byte) (int, error)
	// Gap says that n bytes are missing from the stream before what comes
	// next (n is 0 when the number is unknown: the flow was picked up in the
	// middle). It reports whether the parser can find its way again.
	Gap(c *Conn, dir event.Dir, n int) bool
	// End says that the flow is over: pending transactions become facts.
	End(c *Conn)
	// Reset makes the parser as new, keeping its memory.
	Reset()
}

// MaxPending is how many unparsed bytes of one direction are kept at most.
const MaxPending = 64 << 10

// Conn is what a parser or probe knows of the flow and of the packet at hand.
// It is valid during the call only.
type Conn struct {
	Place                  ident.Place
	Flow                   uint64
	Transport              uint8      // IP protocol number: 6 TCP, 17 UDP; 0 for link-layer frames
	Client, Server         netip.Addr // for frames: source and destination
	ClientPort, ServerPort uint16
	ClientMAC, ServerMAC   ident.MAC
	VLAN                   uint16
	Start                  int64 // packet time of the flow's first packet
	Midstream              bool  // the flow was picked up without its beginning
	Closed                 bool  // both sides have ended the connection, or one broke it off
	Registered             bool  // the server's port is registered for the protocol

	Time    int64  // packet time of the packet at hand, nanoseconds
	Packet  uint64 // its number in the capture
	Offset  int64
	Capture uint32
	TTL     uint8
	Wire    int // bytes of the packet's transport payload on the wire

	Within event.Proto // what carries the stream at hand, when it is not the transport: WebSocket

	Note string // what the parser before this one handed over in Become

	Env *Env

	Tx       uint32    // facts made on this flow so far
	Messages [2]uint32 // protocol messages seen on this flow, by direction
	Errors   uint32    // messages that broke the standard

	next    event.Proto
	becomes bool
}

// Env is what a worker lends to its parsers.
type Env struct {
	Out   *event.Batch
	Order event.Order // of the next fact
	Vault event.Vault
	// Nest makes a stream that recognises and parses a protocol carried
	// inside another one; nil in tests.
	Nest func() Stream
	// Learn marks an endpoint as speaking p, as TFTP and the endpoint mapper
	// announce one.
	Learn func(server netip.Addr, port uint16, transport uint8, p event.Proto)
	// Announce says that the next stream of the client to this port of the
	// server is of protocol p, whatever its bytes look like. note is given to
	// its parser and must not live in a batch (clone it).
	Announce func(client, server netip.Addr, port uint16, p event.Proto, note string)
	// Begun reports whether bytes of the stream that was announced last went.
	Begun func(client, server netip.Addr, port uint16) bool

	scratch []byte
}

// Stream is a conversation inside another protocol: WebSocket, a proxy tunnel.
type Stream interface {
	Data(c *Conn, dir event.Dir, b []byte)
	Proto() event.Proto // what it was recognised as, so far
	End(c *Conn)        // ends it; it must not be used any more
}

// Emit makes a fact. from is who asked, or who sent it: with ToServer the
// fact's Src is the client. The body comes cleared; fill it in at once.
// Strings put into it must come from String, Hex or a constant.
func Emit[T any, P interface {
	*T
	event.Body
}](c *Conn, from event.Dir) P {
	var h event.Header
	c.envelope(&h, from)
	return event.Add[T, P](c.Env.Out, &h, c.Env.Order)
}

// envelope fills in the envelope of the next fact.
func (c *Conn) envelope(h *event.Header, from event.Dir) {
	c.Tx++
	c.Env.Order.Seq++
	*h = event.Header{
		Time: c.Time, Packet: c.Packet, Offset: c.Offset, Capture: c.Capture,
		Place: c.Place, Flow: c.Flow, Tx: c.Tx, Transport: c.Transport, VLAN: c.VLAN,
	}
	if from == event.ToServer {
		h.Src, h.Dst, h.SrcPort, h.DstPort = c.Client, c.Server, c.ClientPort, c.ServerPort
		h.SrcMAC, h.DstMAC = c.ClientMAC, c.ServerMAC
	} else {
		h.Src, h.Dst, h.SrcPort, h.DstPort = c.Server, c.Client, c.ServerPort, c.ClientPort
		h.SrcMAC, h.DstMAC = c.ServerMAC, c.ClientMAC
	}
}

// String copies b into the batch of facts.
func (c *Conn) String(b []byte) string { return c.Env.Out.String(b) }

// Hex copies b into the batch of facts in hexadecimal.
func (c *Conn) Hex(b []byte) string { return c.Env.Out.Hex(b) }

// Head copies at most n bytes of b into the batch of facts.
func (c *Conn) Head(b []byte, n int) string { return c.String(b[:min(n, len(b))]) }

// Scratch gives empty memory for n bytes, which is good until the parser
// returns or asks again.
func (c *Conn) Scratch(n int) []byte {
	if cap(c.Env.scratch) < n {
		c.Env.scratch = make([]byte, 0, max(n, 2048))
	}
	return c.Env.scratch[:0]
}

// Message counts one protocol message sent in that direction.
func (c *Conn) Message(dir event.Dir) { c.Messages[dir]++ }

// Secret seals a secret; user lets a factory default be recognised.
func (c *Conn) Secret(service event.Proto, user string, value []byte) event.Secret {
	if c.Env.Vault == nil {
		return event.Secret{Seen: true, Len: uint16(min(len(value), 65535))}
	}
	return c.Env.Vault.Seal(c.Env.Out, service.String(), user, value)
}

// Anomaly makes an application-layer anomaly fact about a message sent in
// direction dir. name is a stable constant; detail says which byte or field.
func (c *Conn) Anomaly(p event.Proto, dir event.Dir, name, detail string) {
	c.Errors++
	a := Emit[event.Anomaly](c, dir)
	a.Type, a.Event, a.AppProto, a.Detail, a.Dir = "applayer", name, p, detail, dir
}

// Become hands the rest of the flow, in both directions, to protocol p once
// the current call returns; ProtoUnknown recognises it anew. note is given to
// the next parser and must not live in a batch (clone it).
func (c *Conn) Become(p event.Proto, note string) {
	c.next, c.becomes, c.Note = p, true, note
}

// Becoming gives what Become asked for, once; the packet path calls it.
func (c *Conn) Becoming() (event.Proto, bool) {
	ok := c.becomes
	c.becomes = false
	return c.next, ok
}
