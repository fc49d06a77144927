package hl7

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol describes HL7 over MLLP to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoHL7,
	TCP:   true,
	Ports: []uint16{2575, 6661},
	Probe: probe,
	New: func() proto.Parser {
		a := new(analyser)
		a.Reset()
		return a
	},
}

const (
	maxWaiting = 16 // messages without acknowledgement
	patience   = 5 * time.Minute
)

// probe asks for a start block and a header segment from one side.
func probe(s *proto.Sample) proto.Match {
	best := proto.No
	for _, b := range s.Data {
		best = max(best, probeOne(b))
	}
	return best
}

func probeOne(b []byte) proto.Match {
	if len(b) == 0 || b[0] != StartBlock {
		return proto.No
	}
	b = b[1:]
	if len(b) < 9 {
		if string(b[:min(3, len(b))]) == "MSH"[:min(3, len(b))] {
			return proto.More
		}
		return proto.No
	}
	if isHeader(b) {
		return proto.Yes
	}
	return proto.No
}

// note is what is kept of a message's header.
type note struct {
	dir       event.Dir
	kind      exchange.Text // "ORU^R01"
	version   exchange.Text
	sendApp   exchange.Text
	sendFac   exchange.Text
	recvApp   exchange.Text
	recvFac   exchange.Text
	controlID exchange.Text
	mode      exchange.Text // processing id
	class     event.OpClass
	segments  uint16
	patient   bool
	length    uint32
}

func (m *note) reset() {
	for _, t := range [...]*exchange.Text{
		&m.kind, &m.version, &m.sendApp, &m.sendFac, &m.recvApp, &m.recvFac, &m.controlID, &m.mode,
	} {
		t.Reset()
	}
	m.class, m.segments, m.patient, m.length = event.OpNone, 0, false, 0
}

// stream is one direction of the conversation.
type stream struct {
	inside    bool // between a start and an end block
	skip      bool // within a segment that is not looked at
	header    bool // the header segment was read
	separator byte
	component byte
	msg       note
	ack       exchange.Text // code of an acknowledgement
	ackID     uint64        // hash of the control id it names
	said      identity.Once
	heard     uint64 // hash of the sender in the last header
}

// begin clears what the last message left.
func (s *stream) begin() {
	s.inside, s.skip, s.header = true, false, false
	s.msg.reset()
	s.ack.Reset()
}

type analyser struct {
	streams [2]stream
	waiting pending.Table[note]
}

func (a *analyser) Reset() {
	a.streams = [2]stream{}
	a.waiting.Init(maxWaiting, patience)
}

// Gap drops the message that has a hole; the next start block begins anew.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.streams[dir].inside = false
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := &a.streams[dir]
	done := 0
	for done < len(b) {
		rest := b[done:]
		if !s.inside {
			i := bytes.IndexByte(rest, StartBlock)
			if i < 0 {
				return len(b), nil
			}
			done += i + 1
			s.begin()
			continue
		}
		n := a.segment(c, dir, rest)
		if n == 0 {
			return done, nil
		}
		done += n
	}
	return done, nil
}

// segment reads one segment, the rest of one, or the end of the message. It
// gives the octets taken, 0 when a segment of interest is not yet complete.
func (a *analyser) segment(c *proto.Conn, dir event.Dir, b []byte) int {
	s := &a.streams[dir]
	end := indexEnd(b[:min(len(b), MaxSegment)])
	if end < 0 && !s.skip && len(b) < MaxSegment {
		if len(b) < 4 || s.wanted(b) {
			return 0
		}
	}
	if end < 0 {
		end = min(len(b), MaxSegment)
		if !s.skip {
			a.line(c, dir, b[:end])
			s.skip = true
		}
		s.msg.length += uint32(end)
		return end
	}
	if !s.skip && end > 0 {
		a.line(c, dir, b[:end])
	}
	s.skip = false
	s.msg.length += uint32(end)
	switch b[end] {
	case EndBlock:
		a.finish(c, dir)
	case StartBlock:
		exchange.Anomaly(c, event.ProtoHL7, dir, "hl7_missing_end", "message begins before the last one ends")
		a.finish(c, dir)
		return end // the start block belongs to the next message
	default:
		s.msg.length++
	}
	return end + 1
}

// indexEnd finds what ends a segment: carriage return, line feed, or a framing
// octet.
func indexEnd(b []byte) int {
	for i, c := range b {
		if c <= EndBlock && (c == '\r' || c == '\n' || c == EndBlock || c == StartBlock) {
			return i
		}
	}
	return -1
}

// wanted reports whether more than the name of this segment is looked at.
func (s *stream) wanted(b []byte) bool {
	switch string(b[:3]) {
	case "MSH", "MSA", "SFT":
		return true
	}
	return false
}

// line handles a segment, whole if it is one of those wanted.
func (a *analyser) line(c *proto.Conn, dir event.Dir, b []byte) {
	s := &a.streams[dir]
	if !s.header {
		a.head(c, dir, b)
		return
	}
	if !isSegment(b, s.separator) {
		return
	}
	if s.msg.segments < 65535 {
		s.msg.segments++
	}
	switch string(b[:3]) {
	case "PID":
		s.msg.patient = true
	case "MSA":
		var ack Ack
		DecodeAck(&ack, b, s.separator)
		s.ack.Reset()
		s.ack.Printable(ack.Code[:min(len(ack.Code), 2)])
		s.ackID = exchange.Hash(ack.ControlID)
	case "SFT":
		a.software(c, dir, b)
	}
}

// head reads the header segment.
func (a *analyser) head(c *proto.Conn, dir event.Dir, b []byte) {
	s := &a.streams[dir]
	var h Header
	if err := DecodeHeader(&h, b); err != nil {
		exchange.Anomaly(c, event.ProtoHL7, dir, "hl7_no_header", "message does not begin with MSH")
		s.inside = false
		return
	}
	s.header, s.separator, s.component = true, h.Separator, h.Component
	m := &s.msg
	m.dir, m.segments = dir, 1
	code, trigger := h.TypeCode()
	m.class = classOf(code)
	if m.kind.Printable(code); len(trigger) > 0 {
		m.kind.Str("^").Printable(trigger)
	}
	m.version.Printable(h.Version)
	m.sendApp.Printable(h.SendApp)
	m.sendFac.Printable(h.SendFac)
	m.recvApp.Printable(h.RecvApp)
	m.recvFac.Printable(h.RecvFac)
	m.controlID.Printable(h.ControlID)
	m.mode.Printable(h.Processing)
	s.ackID = exchange.Hash(h.ControlID) // until an MSA segment says otherwise
	heard := exchange.Hash(h.SendApp) ^ 31*exchange.Hash(h.SendFac)
	if s.heard == heard {
		return
	}
	s.heard = heard
	var banner exchange.Text
	banner.Put(m.sendApp.Bytes()).Str("|").Put(m.sendFac.Bytes())
	s.said.Tell(c, dir, &event.Identity{
		Source: "hl7.msh", Name: c.String(m.sendApp.Bytes()), Banner: c.String(banner.Bytes()),
	})
}

// software tells the product that made the message.
func (a *analyser) software(c *proto.Conn, dir event.Dir, b []byte) {
	s := &a.streams[dir]
	var w Software
	DecodeSoftware(&w, b, &Header{Separator: s.separator, Component: s.component})
	s.said.Tell(c, dir, &event.Identity{
		Source: "hl7.sft", Vendor: identity.Text(c, w.Vendor), Model: identity.Text(c, w.Product), Firmware: identity.Text(c, w.Version),
	})
}

// finish handles the end of a message.
func (a *analyser) finish(c *proto.Conn, dir event.Dir) {
	s := &a.streams[dir]
	s.inside = false
	if !s.header {
		return
	}
	c.Message(dir)
	if s.ack.Len() == 0 {
		for q := a.waiting.Expired(c.Time); q != nil; q = a.waiting.Expired(c.Time) {
			a.emit(c, q)
		}
		*a.waiting.Add(key(dir, s.ackID), c.Time) = s.msg
		return
	}
	q := a.waiting.Take(key(dir.Other(), s.ackID))
	if q == nil { // answers a message that was not seen, or a second time
		f := a.emit(c, &s.msg)
		f.Ack, f.Class = c.String(s.ack.Bytes()), event.OpNone
		return
	}
	f := a.emit(c, q)
	f.Ack = c.String(s.ack.Bytes())
	f.Patient = f.Patient || s.msg.patient
}

// key separates the control ids of the two directions.
func key(dir event.Dir, id uint64) uint64 { return id ^ uint64(dir)<<63 }

func (a *analyser) emit(c *proto.Conn, m *note) *event.HL7 {
	f := proto.Emit[event.HL7](c, m.dir)
	f.Type, f.Version = c.String(m.kind.Bytes()), c.String(m.version.Bytes())
	f.SendApp, f.SendFac = c.String(m.sendApp.Bytes()), c.String(m.sendFac.Bytes())
	f.RecvApp, f.RecvFac = c.String(m.recvApp.Bytes()), c.String(m.recvFac.Bytes())
	f.ControlID, f.Processing = c.String(m.controlID.Bytes()), c.String(m.mode.Bytes())
	f.Class, f.Segments, f.Patient, f.Length = m.class, m.segments, m.patient, m.length
	return f
}

func (a *analyser) End(c *proto.Conn) {
	for q := a.waiting.Oldest(); q != nil; q = a.waiting.Oldest() {
		a.emit(c, q)
	}
}

// classOf says what a message of that code does to who receives it (HL7 table
// 0076).
func classOf(code []byte) event.OpClass {
	switch string(code) {
	case "ORM", "OMP", "OMG", "OML", "OMD", "OMI", "OMS", "OMN", "OMB", "OMQ", "OSM", "OPL", "RDE", "RDS", "RGV", "RAS", "RRE", // orders
		"ADT", "ORU", "OUL", "ORL", "MDM", "SIU", "SRM", "DFT", "BAR", "VXU", "MFN", "MFK", "PEX", "PGL", "PMU", "PPG", "PPP", "PPR",
		"PPT", "PPV", "REF", "CRM", "CSU", "EHC", "INU", "SSU", "SSR", "STC", "SLR", "SLN", "SDR", "SMD", "UDM", "EAC", "EAN", "ESU", "LSU", "TCU":
		return event.OpWrite
	case "QRY", "QBP", "QCN", "QSB", "QVR", "SQM", "VXQ", "EQQ", "TBR", "RQA", "RQI", "RQC", "RQP", "RQQ", "SPQ", "INR", "QCK":
		return event.OpRead
	case "ACK", "NAK":
		return event.OpNone
	}
	return event.OpOther
}
