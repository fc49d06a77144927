package tls

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol describes TLS over TCP. It is recognised by content on any port;
// these are where it may be taken on trust.
var Protocol = proto.Protocol{
	ID:    event.ProtoTLS,
	TCP:   true,
	Ports: []uint16{443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 4443, 5061, 5671, 5684, 6514, 8443, 8883, 2762},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe wants a record with a hello message at the beginning of a direction;
// of a conversation joined in its middle, two records one behind the other.
func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if s.Dir == event.ToServer {
		if m := probeSSLv2(b); m != proto.No {
			return m
		}
	}
	var h RecordHeader
	n, err := DecodeRecord(&h, b)
	switch {
	case err == ErrShort:
		if len(b) > 0 && (b[0] < byte(ChangeCipherSpec) || b[0] > byte(Heartbeat)) || len(b) > 1 && b[1] != 3 {
			return proto.No
		}
		return proto.More
	case err != nil || h.Length == 0:
		return proto.No
	case h.Type == Handshake:
		return probeHello(s, &h, b[n:])
	case h.Type == Alert && h.Length == 2 && len(b) >= n+2 && s.Dir == event.ToClient:
		// The refusal of a handshake that was not seen or not understood.
		if _, named := alertNames[b[n+1]]; named && b[n] == 2 && len(s.Data[event.ToServer]) > 0 {
			return proto.Weak
		}
		return proto.No
	}
	if s.Conn == nil || !s.Conn.Midstream {
		return proto.No
	}
	return probeMiddle(&h, b[n:])
}

// probeHello looks at the handshake message in the first record.
func probeHello(s *proto.Sample, h *RecordHeader, b []byte) proto.Match {
	if len(b) < 4 {
		return proto.More
	}
	want := ClientHelloType
	if s.Dir == event.ToClient {
		want = ServerHelloType
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	switch {
	case MessageType(b[0]) != want || n < 38 || n > 1<<16 || h.Length < 4:
		if s.Conn != nil && s.Conn.Midstream {
			return probeMiddle(h, b)
		}
		return proto.No
	case h.Length < 6 || len(b) < 6: // some clients send hellos in tiny records
		return proto.More
	case VersionName(binary.BigEndian.Uint16(b[4:])) == "":
		return proto.No
	}
	return proto.Yes
}

// probeMiddle looks for a second record behind the first, whose payload b
// begins with.
func probeMiddle(h *RecordHeader, b []byte) proto.Match {
	if h.Version == SSL30 || h.Version == TLS13 { // never in established connections of today
		return proto.No
	}
	if len(b) < h.Length+RecordHeaderLen {
		if len(b) == h.Length {
			return proto.Weak
		}
		return proto.More
	}
	var second RecordHeader
	if _, err := DecodeRecord(&second, b[h.Length:]); err != nil || second.Version != h.Version || second.Length == 0 {
		return proto.No
	}
	return proto.Yes
}

// encryptedAlert stands for an alert whose description cannot be read.
const encryptedAlert = "encrypted"

// maxAnomalies bounds the anomaly facts of one flow.
const maxAnomalies = 16

// parser follows the records of one connection.
type parser struct {
	hs        *handshake // nil before the first message and after the report
	begun     bool
	reported  bool
	lost      [2]bool // the framing is lost
	encrypted [2]bool // after ChangeCipherSpec
	sealed    [2]bool // a protected record was seen
	anomalies int
}

// Data takes records off the stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if !p.begun && dir == event.ToServer {
		switch m := probeSSLv2(b); {
		case m == proto.Yes:
			p.begun = true
			return p.sslv2Hello(c, b), nil
		case m == proto.More && b[0]&0x80 != 0:
			return 0, nil
		}
		p.begun = true
	}
	done := 0
	for done < len(b) {
		n, err := p.record(c, dir, b[done:])
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

// record takes one record, or 0 bytes when it is not complete. Protected
// records are skipped by their length.
func (p *parser) record(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var h RecordHeader
	n, err := DecodeRecord(&h, b)
	switch {
	case err == ErrShort:
		return 0, nil
	case err != nil && p.lost[dir]:
		return len(b), nil
	case err != nil:
		if p.hs != nil && p.hs.sslv2 {
			return p.sslv2Rest(c, dir, b), nil
		}
		// A hello may be said to any server; whether it speaks TLS is known
		// from its first record only.
		if c.Registered || c.Messages[dir] > 0 {
			p.anomaly(c, dir, "record_header_invalid", "no record where one should begin")
		}
		p.lost[dir] = true
		return len(b), nil
	}
	p.lost[dir] = false
	whole := n + h.Length
	clear := !p.encrypted[dir] && h.Type != ApplicationData
	if clear && len(b) < whole {
		return 0, nil
	}
	c.Message(dir)
	switch {
	case h.Type == ApplicationData:
		p.protected(c, dir, h.Length)
	case h.Type == ChangeCipherSpec:
		p.encrypted[dir] = p.hs == nil || p.hs.version < TLS13
	case p.encrypted[dir]:
		if h.Type == Handshake {
			p.protected(c, dir, h.Length)
		}
	case h.Type == Handshake:
		p.messages(c, dir, b[n:whole])
	case h.Type == Alert:
		p.alert(c, dir, b[n:whole])
	}
	return whole, nil
}

// protected notes a record that only keys could have made.
func (p *parser) protected(c *proto.Conn, dir event.Dir, length int) {
	if p.reported {
		return
	}
	if p.hs != nil && p.hs.version == TLS13 && dir == event.ToServer && !p.sealed[dir] && length == 2+1+16 {
		// Too short for Finished: an alert under encryption.
		p.hs.alert = encryptedAlert
	}
	p.sealed[dir] = true
	if p.sealed[0] && p.sealed[1] {
		p.report(c, p.hs != nil && p.hs.alert != encryptedAlert)
	}
}

// messages takes handshake messages out of a record's payload.
func (p *parser) messages(c *proto.Conn, dir event.Dir, b []byte) {
	if p.reported { // a new handshake without protection is none that counts
		return
	}
	if p.hs == nil {
		p.hs = newHandshake()
	}
	part := &p.hs.partial[dir]
	for len(b) > 0 {
		if n := min(part.skip, len(b)); n > 0 {
			part.skip -= n
			b = b[n:]
			continue
		}
		if len(part.buf) == 0 && len(b) >= 4 {
			n := 4 + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
			if len(b) >= n && MessageType(b[0]).known() {
				p.message(c, dir, MessageType(b[0]), b[4:n])
				b = b[n:]
				continue
			}
		}
		b = p.collect(c, dir, part, b)
	}
}

// collect adds bytes to a message that spans records and gives what is left.
func (p *parser) collect(c *proto.Conn, dir event.Dir, part *partial, b []byte) []byte {
	if need := 4 - len(part.buf); need > 0 {
		n := min(need, len(b))
		part.buf = append(part.buf, b[:n]...)
		if b = b[n:]; len(part.buf) < 4 {
			return b
		}
	}
	whole := 4 + (int(part.buf[1])<<16 | int(part.buf[2])<<8 | int(part.buf[3]))
	if !MessageType(part.buf[0]).known() {
		p.anomaly(c, dir, "handshake_type_unknown", "no handshake message where one should begin")
		part.buf, part.skip = part.buf[:0], 1<<30
		return nil
	}
	n := max(0, min(min(whole, maxMessage)-len(part.buf), len(b)))
	part.buf = append(part.buf, b[:n]...)
	b = b[n:]
	if len(part.buf) == min(whole, maxMessage) {
		p.message(c, dir, MessageType(part.buf[0]), part.buf[4:])
		part.skip = whole - len(part.buf)
		part.buf = part.buf[:0]
	}
	return b
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m MessageType, body []byte) {
	if p.hs == nil {
		return
	}
	if err := p.hs.take(dir, m, body, OverTCP); err != nil {
		p.anomaly(c, dir, messageFault(m), err.Error())
	}
	if m == ServerHelloType && !p.hs.server { // a retry: the client says hello again in the clear
		p.encrypted[event.ToServer] = false
	}
	if p.hs.server && p.hs.version >= TLS13 { // ChangeCipherSpec meant nothing
		p.encrypted[event.ToServer] = false
	}
}

// messageFault names the anomaly of a message that breaks the standard.
func messageFault(m MessageType) string {
	switch m {
	case ClientHelloType:
		return "client_hello_invalid"
	case ServerHelloType:
		return "server_hello_invalid"
	}
	return "certificate_message_invalid"
}

// alert notes an alert in the clear (RFC 8446 section 6). A fatal one ends the
// handshake.
func (p *parser) alert(c *proto.Conn, dir event.Dir, b []byte) {
	if len(b) > 2 { // protected; what turned protection on was not seen
		return
	}
	if len(b) != 2 || b[0] != 1 && b[0] != 2 {
		p.anomaly(c, dir, "alert_invalid", "an alert has a level and a description")
		return
	}
	if p.hs == nil || p.reported {
		return
	}
	if b[0] == 2 || p.hs.alert == "" {
		p.hs.alert = AlertName(b[1])
	}
	if b[0] == 2 {
		p.report(c, false)
	}
}

// report makes the fact of the handshake, once.
func (p *parser) report(c *proto.Conn, established bool) {
	p.reported = true
	if p.hs == nil {
		return
	}
	if p.hs.seen() {
		p.hs.report(c, OverTCP, established)
	}
	p.hs.release()
	p.hs = nil
}

// Gap goes on at the next thing that looks like a record. Of a handshake
// message that lost its middle the rest is not used.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, n int) bool {
	p.begun = true
	p.lost[dir] = true
	if p.hs != nil {
		p.hs.partial[dir] = partial{buf: p.hs.partial[dir].buf[:0]}
	}
	return true
}

// End makes a fact of a handshake that did not come to its end.
func (p *parser) End(c *proto.Conn) {
	if !p.reported {
		p.report(c, false)
	}
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	if p.hs != nil {
		p.hs.release()
	}
	*p = parser{}
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies <= maxAnomalies {
		c.Anomaly(event.ProtoTLS, dir, name, detail)
	}
}
