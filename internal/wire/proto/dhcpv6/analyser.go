package dhcpv6

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every message; its Src is the sender.
var Protocol = proto.Protocol{
	ID: event.ProtoDHCPv6, UDP: true, Ports: []uint16{547}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

var typeNames = [...]string{
	"", "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline",
	"reconfigure", "information-request", "relay-forward", "relay-reply", "leasequery", "leasequery-reply",
	"leasequery-done", "leasequery-data",
}

// Limits of the lists in facts.
const (
	maxAddresses = 16
	maxRequested = 128
)

func probe(s *proto.Sample) proto.Match {
	if !s.Port {
		return proto.No
	}
	var m Msg
	if _, err := Decode(&m, s.Newest()); err != nil || len(m.Options) == 0 {
		return proto.No
	}
	return proto.Yes
}

// parser remembers only what clients said of themselves.
type parser struct{ told identity.Once }

// Data takes one message.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			name := "truncated_message"
			switch err {
			case ErrType:
				name = "invalid_message_type"
			case ErrOption:
				name = "truncated_option"
			}
			exchange.Anomaly(c, event.ProtoDHCPv6, dir, name, err.Error())
		}
		if m.Options == nil {
			return len(b), nil
		}
	}
	f := proto.Emit[event.DHCPv6](c, dir)
	f.ID = m.ID
	if int(m.Type) < len(typeNames) {
		f.MsgType = typeNames[m.Type]
	}
	_ = EachOption(m.Options, func(code uint16, data []byte) bool {
		fillOption(c, f, code, data)
		return true
	})
	if m.Relays == 0 && fromClient(m.Type) {
		p.told.Tell(c, dir, &event.Identity{Source: "dhcpv6.request", Name: f.FQDN, Banner: f.VendorID, MUD: f.MUD})
	}
	return len(b), nil
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to do.
func (p *parser) End(*proto.Conn) {}

// Reset forgets the flow.
func (p *parser) Reset() { *p = parser{} }

func fromClient(typ uint8) bool {
	switch typ {
	case Solicit, Request, Confirm, Renew, Rebind, Release, Decline, InformationRequest:
		return true
	}
	return false
}

func fillOption(c *proto.Conn, f *event.DHCPv6, code uint16, data []byte) {
	switch code {
	case OptClientID:
		f.DUID = c.Hex(data[:min(len(data), 130)])
		if mac, ok := LinkAddr(data); ok {
			var buf [17]byte
			text, _ := mac.AppendText(buf[:0])
			f.ClientMAC = c.String(text)
		}
	case OptServerID:
		f.ServerDUID = c.Hex(data[:min(len(data), 130)])
	case OptIANA, OptIAPD:
		f.Addresses = leases(c, f.Addresses, data, 12)
	case OptIATA:
		f.Addresses = leases(c, f.Addresses, data, 4)
	case OptRequest:
		f.ParamList = numbers(c, data)
	case OptVendorClass:
		if len(data) >= 4 {
			f.Enterprise = binary.BigEndian.Uint32(data)
			f.VendorID = identity.Text(c, first(data[4:]))
		}
	case OptDNS:
		for ; len(data) >= 16 && len(f.DNS) < maxAddresses; data = data[16:] {
			var buf [48]byte
			f.DNS = append(f.DNS, c.String(netip.AddrFrom16([16]byte(data)).AppendTo(buf[:0])))
		}
	case OptFQDN:
		var buf [256]byte
		f.FQDN = identity.Text(c, fqdn(buf[:0], data))
	case OptMUD:
		f.MUD = identity.Text(c, data)
	}
}

// leases appends the addresses and prefixes inside an identity association
// whose own fields take fixed bytes (RFC 8415 sections 21.4 to 21.6, 21.21).
func leases(c *proto.Conn, dst []string, data []byte, fixed int) []string {
	if len(data) < fixed {
		return dst
	}
	_ = EachOption(data[fixed:], func(code uint16, v []byte) bool {
		var buf [48]byte
		switch {
		case len(dst) == maxAddresses:
			return false
		case code == OptAddress && len(v) >= 24:
			dst = append(dst, c.String(netip.AddrFrom16([16]byte(v)).AppendTo(buf[:0])))
		case code == OptPrefix && len(v) >= 25 && v[8] <= 128:
			dst = append(dst, c.String(netip.PrefixFrom(netip.AddrFrom16([16]byte(v[9:])), int(v[8])).AppendTo(buf[:0])))
		}
		return true
	})
	return dst
}

func numbers(c *proto.Conn, data []byte) string {
	var buf [6 * maxRequested]byte
	list := buf[:0]
	for i := 0; i+1 < len(data) && i < 2*maxRequested; i += 2 {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendUint(list, uint64(binary.BigEndian.Uint16(data[i:])), 10)
	}
	return c.String(list)
}

// first gives the first of a row of values with two-byte lengths.
func first(data []byte) []byte {
	if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
		return nil
	}
	return data[2 : 2+int(binary.BigEndian.Uint16(data))]
}

// fqdn appends the name in option 39 (RFC 4704 section 4.2): a byte of flags,
// then DNS wire form, without the root for partial names.
func fqdn(dst, data []byte) []byte {
	if len(data) < 2 {
		return dst
	}
	for name := data[1:]; len(name) > 0 && name[0] > 0 && int(name[0]) < len(name) && len(dst) < 253; name = name[1+int(name[0]):] {
		if len(dst) > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, name[1:1+int(name[0])]...)
	}
	return dst
}
