package netflow

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
)

// Protocol makes a flow fact of every conversation that an exporter reports.
// The fact's addresses are those of the record; its Observer is the exporter.
var Protocol = proto.Protocol{
	ID: event.ProtoNetFlow, TCP: true, UDP: true, Ports: []uint16{2055, 4739, 9995, 9996},
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

// probe knows a message by a header that fits the bytes behind it.
func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if len(b) < 2 {
		return proto.More
	}
	stream := s.Conn != nil && s.Conn.Transport == protoTCP
	fits := false
	switch binary.BigEndian.Uint16(b) {
	case V5:
		fits = !stream && fitsV5(b)
	case V9:
		fits = !stream && fitsV9(b)
	case IPFIX:
		if stream && len(b) < ipfixHeaderLen+setHeaderLen {
			return proto.More
		}
		fits = fitsIPFIX(b, stream)
	}
	if fits {
		return proto.Yes
	}
	return proto.No
}

// Looks reports whether b, the beginning of a file, is the beginning of a
// message.
func Looks(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch binary.BigEndian.Uint16(b) {
	case V5:
		return len(b) >= v5Header && fitsV5(b[:min(len(b), v5Header+v5Record*int(binary.BigEndian.Uint16(b[2:])))])
	case V9:
		return plausibleV9(b) && firstSet(b[v9HeaderLen:], V9) > 0
	case IPFIX:
		return fitsIPFIX(b, true)
	}
	return false
}

// plausible is the range of times that exporters with a clock have: from 1990 on.
func plausible(seconds uint32) bool { return seconds >= 631_152_000 }

func fitsV5(b []byte) bool {
	if len(b) < v5Header+v5Record {
		return false
	}
	count := int(binary.BigEndian.Uint16(b[2:]))
	return count <= v5Records && len(b) == v5Header+count*v5Record && plausible(binary.BigEndian.Uint32(b[8:])) && binary.BigEndian.Uint32(b[12:]) < 1e9
}

func plausibleV9(b []byte) bool {
	return len(b) >= v9HeaderLen+setHeaderLen && binary.BigEndian.Uint16(b[2:]) > 0 && plausible(binary.BigEndian.Uint32(b[8:]))
}

func fitsV9(b []byte) bool {
	if !plausibleV9(b) {
		return false
	}
	for b = b[v9HeaderLen:]; len(b) > 0; {
		n := firstSet(b, V9)
		if n == 0 || n > len(b) {
			return false
		}
		b = b[n:]
	}
	return true
}

func fitsIPFIX(b []byte, more bool) bool {
	if len(b) < ipfixHeaderLen+setHeaderLen || !plausible(binary.BigEndian.Uint32(b[4:])) {
		return false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < ipfixHeaderLen+setHeaderLen || n != len(b) && !more {
		return false
	}
	set := firstSet(b[ipfixHeaderLen:], IPFIX)
	return set > 0 && set <= n-ipfixHeaderLen
}

// firstSet gives the length of the set at the beginning of b, 0 when there is
// none that makes sense.
func firstSet(b []byte, version uint16) int {
	if len(b) < setHeaderLen {
		return 0
	}
	id, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case n < setHeaderLen+2:
		return 0
	case id >= firstDataSet:
	case version == V9 && (id == v9Templates || id == v9Options):
	case version == IPFIX && (id == ipfixTemplates || id == ipfixOptions):
	default:
		return 0
	}
	return n
}

// parser holds the templates of an exporter and the records that wait for
// their other direction.
type parser struct {
	decoder Decoder
	joiner  Joiner
}

// Data takes one message from a datagram, or what there is of a stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport == protoTCP && (len(b) < 2 || binary.BigEndian.Uint16(b) != IPFIX) {
		if len(b) < 2 {
			return 0, nil
		}
		return 0, ErrVersion
	}
	give := func(r *Record) { fact(c, dir, r) }
	n, err := p.decoder.Decode(b, func(r *Record) { p.joiner.Add(r, give) })
	switch {
	case err == nil:
		c.Message(dir)
		return n, nil
	case c.Transport == protoTCP:
		if err == ErrShort {
			return 0, nil
		}
		c.Message(dir)
		exchange.Anomaly(c, event.ProtoNetFlow, dir, "malformed_message", err.Error())
		if n == 0 {
			return 0, err
		}
		return n, nil
	}
	c.Message(dir)
	if c.Wire <= len(b) {
		exchange.Anomaly(c, event.ProtoNetFlow, dir, "malformed_message", err.Error())
	}
	return len(b), nil
}

// fact makes the flow fact of a record.
func fact(c *proto.Conn, dir event.Dir, r *Record) {
	observer := c.Client
	if dir == event.ToClient {
		observer = c.Server
	}
	h := event.Header{Packet: c.Packet, Offset: c.Offset, Capture: c.Capture, Place: c.Place}
	r.Header(&h)
	c.Env.Order.Seq++
	r.Fact(event.Add[event.Flow](c.Env.Out, &h, c.Env.Order), observer)
}

// Gap goes on with the next datagram; a stream is lost, since nothing tells
// where a message begins.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != protoTCP }

// End gives the records whose other direction did not come.
func (p *parser) End(c *proto.Conn) {
	p.joiner.Flush(func(r *Record) { fact(c, event.ToServer, r) })
}

// Reset forgets the exporter.
func (p *parser) Reset() {
	p.decoder.Reset()
	p.joiner.Reset()
}
