package snmp

import (
	"bytes"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every message, whose Src is the sender, and one
// login fact of every community or user that a manager tries.
var Protocol = proto.Protocol{
	ID: event.ProtoSNMP, UDP: true, Ports: []uint16{161, 162}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

var errNotSNMP = errors.New("not SNMP: nothing on this flow is a sound message")

// maxVars bounds the names in a fact.
const maxVars = 32

func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if len(b) < 20 || b[0] != 0x30 {
		return proto.No
	}
	var m Msg
	if n, err := Decode(&m, b); err != nil || n != len(b) {
		return proto.No
	}
	return proto.Yes
}

type parser struct {
	attempts []attempt
	told     identity.Once
	good     bool
	bad      uint8
}

// Data takes one message.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			exchange.Anomaly(c, event.ProtoSNMP, dir, "malformed_message", err.Error())
		}
		if p.bad++; !p.good && p.bad > 8 {
			return 0, errNotSNMP
		}
		return len(b), nil
	}
	p.good = true
	p.fact(c, dir, &m)
	p.login(c, dir, &m)
	return len(b), nil
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// Reset forgets the flow. Room for many attempts is given back.
func (p *parser) Reset() {
	attempts := p.attempts[:0]
	if cap(attempts) > 2 {
		attempts = nil
	}
	*p = parser{attempts: attempts}
}

var levels = [...]string{0: "noAuthNoPriv", FlagAuth: "authNoPriv", FlagAuth | FlagPriv: "authPriv"}

func (p *parser) fact(c *proto.Conn, dir event.Dir, m *Msg) {
	f := proto.Emit[event.SNMP](c, dir)
	f.Version = m.Version
	if m.Version == 3 {
		f.User, f.EngineID = identity.Text(c, m.User), c.Hex(m.EngineID[:min(len(m.EngineID), 32)])
		f.Level = levels[m.Flags&(FlagAuth|FlagPriv)]
	} else {
		f.Community = c.Secret(event.ProtoSNMP, "", m.Community)
	}
	if m.Flags&FlagPriv != 0 {
		return
	}
	f.PDUType = m.PDU.String()
	if m.PDU == Response || m.PDU == Report {
		f.ErrorCode = uint32(max(m.ErrorStatus, 0))
	}
	var buf [640]byte
	if m.PDU == TrapV1 {
		f.SysObject = c.String(AppendOID(buf[:0], m.Enterprise))
	}
	id := event.Identity{Source: "snmp.system"}
	_ = m.EachBinding(func(oid []byte, value ber.Element) bool {
		f.Vars = append(f.Vars, c.String(AppendOID(buf[:0], oid)))
		if m.PDU == Response || m.PDU == TrapV2 || m.PDU == Inform {
			describe(c, f, &id, oid, value)
		}
		return len(f.Vars) < maxVars
	})
	id.Banner, id.Name = f.SysDescr, f.SysName
	p.told.Tell(c, dir, &id)
}

// Encoded object identifiers: the system group (RFC 3418), the entity table
// (RFC 6933) and the printer MIB (RFC 3805).
var (
	oidSystem  = []byte{0x2b, 6, 1, 2, 1, 1}
	oidEntity  = []byte{0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1}
	oidPrinter = []byte{0x2b, 6, 1, 2, 1, 43}
)

// describe takes over what a variable says about the agent.
func describe(c *proto.Conn, f *event.SNMP, id *event.Identity, oid []byte, v ber.Element) {
	text := v.Tag == ber.OctetString
	if rest, ok := bytes.CutPrefix(oid, oidSystem); ok && len(rest) == 2 && rest[1] == 0 {
		switch {
		case rest[0] == 1 && text:
			f.SysDescr = identity.Text(c, v.Value)
		case rest[0] == 2 && v.Tag == ber.ObjectID:
			var buf [640]byte
			f.SysObject = c.String(AppendOID(buf[:0], v.Value))
		case rest[0] == 5 && text:
			f.SysName = identity.Text(c, v.Value)
		}
		return
	}
	if rest, ok := bytes.CutPrefix(oid, oidEntity); ok && text && len(rest) == 2 && rest[1] == 1 && len(v.Value) > 0 {
		switch rest[0] {
		case 8:
			id.Hardware = identity.Text(c, v.Value)
		case 9, 10: // firmware, else software
			if id.Firmware == "" || rest[0] == 9 {
				id.Firmware = identity.Text(c, v.Value)
			}
		case 11:
			id.Serial = identity.Text(c, v.Value)
		case 12:
			id.Vendor = identity.Text(c, v.Value)
		case 13:
			id.Model = identity.Text(c, v.Value)
		}
		return
	}
	if rest, ok := bytes.CutPrefix(oid, oidPrinter); ok && v.Tag.Class() != ber.Context { // not one of the exceptions of RFC 3416
		id.Type = "printer"
		if text && bytes.Equal(rest, []byte{5, 1, 1, 17, 1}) {
			id.Serial = identity.Text(c, v.Value)
		}
	}
}
