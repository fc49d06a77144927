package hartip

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes HART-IP to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoHARTIP,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoHARTIP}}
	},
}

// probe asks every direction that has spoken for a valid message. Those with a
// HART frame, whose checksum must fit, are certain; so is the opening of a
// session. The others are a few small numbers.
func probe(s *proto.Sample) proto.Match {
	datagram := s.Conn != nil && s.Conn.Transport == 17
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		m := probeOne(b, datagram)
		if m == proto.No {
			return proto.No
		}
		best = max(best, m)
	}
	return best
}

func probeOne(b []byte, datagram bool) proto.Match {
	var m Message
	n, err := Decode(&m, b)
	switch {
	case err == ErrShort && !datagram && (b[0] == 1 || b[0] == 2):
		return proto.More
	case err != nil || datagram && n != len(b):
		return proto.No
	}
	switch m.ID {
	case SessionInitiate:
		if m.Type == TypeNAK {
			return proto.Weak
		}
		if len(m.Body) == 5 && m.Body[0] <= 1 {
			return proto.Yes
		}
		return proto.No
	case TokenPassing:
		var f Frame
		if len(m.Body) == 0 && m.Type != TypeRequest {
			return proto.Weak
		}
		if DecodeFrame(&f, m.Body) != nil {
			return proto.No
		}
		return proto.Yes
	case SessionClose, KeepAlive:
		if len(m.Body) != 0 {
			return proto.No
		}
	}
	return proto.Weak
}

type analyser struct {
	lost     [2]bool
	requests exchange.Requests
	told     identity.Once
}

func (a *analyser) Reset() {
	a.lost = [2]bool{}
	a.requests.Reset()
	a.told = identity.Once{}
}

// Gap makes the direction look for the next message.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		if a.lost[dir] {
			n, found := resync(rest)
			done += n
			if !found {
				return done, nil
			}
			a.lost[dir] = false
			continue
		}
		var m Message
		n, err := Decode(&m, rest)
		if err == ErrShort && c.Transport != 17 {
			return done, nil
		}
		if err != nil {
			exchange.Anomaly(c, event.ProtoHARTIP, dir, "hartip_malformed_header", err.Error())
			if c.Transport == 17 {
				return len(b), nil
			}
			a.lost[dir] = true
			done++
			continue
		}
		done += n
		c.Message(dir)
		a.message(c, dir, &m)
	}
	return done, nil
}

// resync finds the next message that is certain.
func resync(b []byte) (int, bool) {
	for i := range b {
		if b[i] != 1 && b[i] != 2 {
			continue
		}
		switch probeOne(b[i:], false) {
		case proto.Yes:
			return i, true
		case proto.More:
			return i, false
		}
	}
	return len(b), false
}

func key(m *Message, from event.Dir) uint64 {
	return uint64(from)<<32 | uint64(m.ID)<<16 | uint64(m.Sequence)
}

func (a *analyser) message(c *proto.Conn, dir event.Dir, m *Message) {
	switch {
	case m.ID == KeepAlive || m.Type == TypePublish:
		return // counted only
	case m.Type == TypeRequest:
		a.request(c, dir, m)
	case m.Type == TypeNAK:
		if f := a.requests.Answer(c, key(m, dir.Other()), dir); f != nil {
			f.Error = "refused"
		}
	default:
		a.response(c, dir, m)
	}
}

func (a *analyser) request(c *proto.Conn, dir event.Dir, m *Message) {
	q := a.requests.Ask(c, key(m, dir), dir)
	switch m.ID {
	case SessionInitiate:
		q.Verb = "session initiate"
		if len(m.Body) > 0 && m.Body[0] == 1 {
			q.Name.Str("primary")
		}
	case SessionClose:
		q.Verb = "session close"
	case ReadAuditLog:
		q.Verb, q.Class = "read audit log", event.OpRead
	case DirectPDU:
		const head = 5 // device status, extended status, command, length
		q.Verb, q.Class = "direct command", event.OpOther
		if len(m.Body) >= head {
			a.command(q, binary.BigEndian.Uint16(m.Body[2:]))
		}
	case TokenPassing:
		var f Frame
		if err := DecodeFrame(&f, m.Body); err != nil {
			q.Verb = "token-passing"
			exchange.Anomaly(c, event.ProtoHARTIP, dir, "hartip_malformed_frame", err.Error())
			return
		}
		a.command(q, f.Command)
		if f.Long {
			q.Target.Str("device ")
			for _, x := range f.Address {
				q.Target.Hex(uint64(x), 2)
			}
		} else {
			q.Target.Str("poll address ").Uint(uint64(f.Poll))
		}
	}
}

func (a *analyser) command(q *exchange.Request, n uint16) {
	q.Verb, q.Class, q.Code = commandName(n), commandClass(n), uint32(n)
}

func (a *analyser) response(c *proto.Conn, dir event.Dir, m *Message) {
	var f Frame
	framed := false
	failed := statusText(m.Status)
	switch m.ID {
	case TokenPassing:
		if len(m.Body) > 0 {
			if err := DecodeFrame(&f, m.Body); err != nil {
				exchange.Anomaly(c, event.ProtoHARTIP, dir, "hartip_malformed_frame", err.Error())
				break
			}
			framed = true
			if failed == "" {
				failed = codeText(f.Code)
			}
		}
	case DirectPDU:
		const head = 6 // and the response code
		if len(m.Body) >= head && failed == "" {
			failed = codeText(m.Body[head-1])
		}
	}
	if x := a.requests.Answer(c, key(m, dir.Other()), dir); x != nil {
		x.Error = failed
	}
	if framed && failed == "" {
		a.identify(c, dir, &f)
	}
}

// statusText words the status in a message's header; it is 0 for success, and
// warnings lie from 8 on.
func statusText(status uint8) string {
	switch status {
	case 2:
		return "invalid selection"
	case 5:
		return "too few data bytes"
	case 6:
		return "device specific error"
	case 15:
		return "all available sessions in use"
	case 16:
		return "access restricted"
	}
	return ""
}

// identify reads what the field device, or the gateway itself, says of itself.
func (a *analyser) identify(c *proto.Conn, dir event.Dir, f *Frame) {
	id := event.Identity{Source: "hartip.tag"}
	switch f.Command {
	case cmdUniqueID, cmdUniqueIDByTag, cmdIDByLongTag:
		const least = 12
		if len(f.Data) < least || f.Data[0] != 254 {
			return
		}
		a.uniqueID(c, &id, f.Data)
	case cmdTag:
		const packed = 6
		if len(f.Data) < packed || [packed]byte(f.Data) == [packed]byte{} { // never set
			return
		}
		var tag [8]byte
		unpack(&tag, [packed]byte(f.Data))
		id.Name = identity.Text(c, tag[:])
	case cmdLongTag:
		id.Name = identity.Text(c, f.Data[:min(len(f.Data), 32)])
	default:
		return
	}
	a.told.Tell(c, dir, &id)
}

// uniqueID reads the answer to command 0 (HCF_SPEC-127 section 6.1).
func (a *analyser) uniqueID(c *proto.Conn, id *event.Identity, d []byte) {
	manufacturer := uint16(d[1])
	if len(d) >= 19 && d[4] >= 7 {
		manufacturer = binary.BigEndian.Uint16(d[17:])
	}
	id.Source, id.Vendor = "hartip.unique_id", maker(manufacturer)
	var t exchange.Text
	id.Banner = c.String(t.Str("HART ").Uint(uint64(d[4])).Str(" manufacturer 0x").Hex(uint64(manufacturer), 2).
		Str(" type 0x").Hex(uint64(binary.BigEndian.Uint16(d[1:])), 4).Str(" revision ").Uint(uint64(d[5])).Bytes())
	t.Reset()
	id.Firmware = c.String(t.Uint(uint64(d[6])).Bytes())
	t.Reset()
	id.Hardware = c.String(t.Uint(uint64(d[7] >> 3)).Bytes())
	t.Reset()
	id.Serial = c.String(t.Hex(uint64(d[9])<<16|uint64(d[10])<<8|uint64(d[11]), 6).Bytes())
}

// unpack reads packed ASCII: four characters of six bits in three octets.
func unpack(dst *[8]byte, b [6]byte) {
	for i := range 2 {
		v := uint32(b[3*i])<<16 | uint32(b[3*i+1])<<8 | uint32(b[3*i+2])
		for j := range 4 {
			c := byte(v >> (18 - 6*j) & 0x3f)
			if c < 0x20 {
				c |= 0x40
			}
			dst[4*i+j] = c
		}
	}
}

func (a *analyser) End(c *proto.Conn) { a.requests.End(c) }
