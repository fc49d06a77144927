package dhcp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every message; its Src is the sender. All clients
// of a network that have no address yet share one flow, so the MAC of who asks
// is taken from the message, unless a relay sent it on.
var Protocol = proto.Protocol{
	ID: event.ProtoDHCP, UDP: true, Ports: []uint16{67, 4011}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

var typeNames = [...]string{
	"", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform", "forcerenew",
	"leasequery", "leaseunassigned", "leaseunknown", "leaseactive", "bulkleasequery", "leasequerydone",
	"activeleasequery", "leasequerystatus", "tls",
}

// Limits of the lists in facts.
const (
	maxAddresses = 8
	maxOptions   = 128
)

func probe(s *proto.Sample) proto.Match {
	var m Msg
	b := s.Newest()
	if _, err := Decode(&m, b); err != nil {
		return proto.No
	}
	typ, ok := m.Option(OptMessageType)
	switch {
	case m.Cookie && ok && len(typ) == 1 && s.Port:
		return proto.Yes
	case m.Cookie && ok && len(typ) == 1 && m.HardwareLen == 6:
		return proto.Weak
	case s.Port && len(b) >= 300 && m.HardwareLen == 6:
		return proto.Weak // plain BOOTP
	}
	return proto.No
}

// parser keeps nothing: every message speaks for itself.
type parser struct{}

// Data takes one message.
func (*parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			name := "truncated_message"
			switch err {
			case ErrFixed:
				name = "invalid_fixed_fields"
			case ErrOption:
				name = "truncated_option"
			}
			exchange.Anomaly(c, event.ProtoDHCP, dir, name, err.Error())
		}
		if err != ErrOption {
			return len(b), nil
		}
	}
	mac, hasMAC := ident.MAC(m.HardwareAddr[:6]), m.HardwareLen == 6 && m.HardwareType == 1
	direct := m.Op == BootRequest && hasMAC && m.RelayIP.IsUnspecified() && m.Hops == 0
	if direct {
		asker(c, dir, mac)
	}
	f := proto.Emit[event.DHCP](c, dir)
	f.Type, f.ID = "request", m.ID
	if m.Op == BootReply {
		f.Type = "reply"
	}
	if hasMAC {
		var buf [17]byte
		text, _ := mac.AppendText(buf[:0])
		f.ClientMAC = c.String(text)
	}
	f.ClientIP, f.AssignedIP = given(m.ClientIP), given(m.YourIP)
	f.NextServer, f.Relay = given(m.NextServer), given(m.RelayIP)
	id := event.Identity{Source: "dhcp.request"}
	fillOptions(c, &m, f, &id)
	if direct {
		id.Name, id.Banner, id.MUD = f.Hostname, f.VendorID, f.MUD
		if id.Name == "" {
			id.Name = f.FQDN
		}
		identity.Tell(c, dir, &id)
	}
	return len(b), nil
}

// Gap does not happen to datagrams.
func (*parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to do.
func (*parser) End(*proto.Conn) {}

// Reset has nothing to do.
func (*parser) Reset() {}

// asker makes mac the one that sent the message at hand.
func asker(c *proto.Conn, dir event.Dir, mac ident.MAC) {
	if dir == event.ToServer {
		c.ClientMAC = mac
	} else {
		c.ServerMAC = mac
	}
}

// given leaves out the address 0.0.0.0, which stands for none.
func given(a netip.Addr) netip.Addr {
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

func fillOptions(c *proto.Conn, m *Msg, f *event.DHCP, id *event.Identity) {
	var list [4 * maxOptions]byte
	seen, n := list[:0], 0
	_ = m.EachOption(func(code byte, data []byte) bool {
		if n < maxOptions {
			if n++; n > 1 {
				seen = append(seen, ',')
			}
			seen = strconv.AppendUint(seen, uint64(code), 10)
		}
		fillOption(c, f, id, code, data)
		return true
	})
	f.Options = c.String(seen)
}

func fillOption(c *proto.Conn, f *event.DHCP, id *event.Identity, code byte, data []byte) {
	switch code {
	case OptMessageType:
		if len(data) == 1 && int(data[0]) < len(typeNames) {
			f.MsgType = typeNames[data[0]]
		}
	case OptSubnetMask:
		f.Subnet = address(data)
	case OptRouters:
		f.Routers = addresses(c, f.Routers, data)
	case OptDNS:
		f.DNS = addresses(c, f.DNS, data)
	case OptHostname:
		f.Hostname = identity.Text(c, data)
	case OptDomain:
		f.Domain = identity.Text(c, data)
	case OptRequestedIP:
		f.Requested = given(address(data))
	case OptLease:
		if len(data) == 4 {
			f.Lease = binary.BigEndian.Uint32(data)
		}
	case OptRenewal:
		if len(data) == 4 {
			f.Renewal = binary.BigEndian.Uint32(data)
		}
	case OptRebinding:
		if len(data) == 4 {
			f.Rebinding = binary.BigEndian.Uint32(data)
		}
	case OptClientID:
		f.ClientID = clientID(c, data)
	case OptServerID:
		f.ServerID = address(data)
	case OptParameters:
		f.ParamList = numbers(c, data)
		f.Params = slices.Grow(f.Params, min(len(data), len(paramNames)))
		for _, code := range data {
			if name := paramNames[code]; name != "" && len(f.Params) < len(paramNames) {
				f.Params = append(f.Params, name)
			}
		}
	case OptVendorClass:
		f.VendorID = identity.Text(c, data)
	case OptUserClass:
		f.UserClass = identity.Text(c, userClass(data))
	case OptFQDN:
		var buf [256]byte
		f.FQDN = identity.Text(c, fqdn(buf[:0], data))
	case OptVendorClasses:
		if text := enterpriseClass(data); text != nil && f.VendorID == "" {
			f.VendorID = identity.Text(c, text)
		}
	case OptVendorInfo:
		gateway(c, id, data)
	case OptMUD:
		f.MUD = identity.Text(c, data)
	}
}

// paramNames are the parameters that users know by name.
var paramNames = map[byte]string{
	OptSubnetMask: "subnet_mask", OptRouters: "router", OptDNS: "dns_server", OptDomain: "domain",
	35: "arp_timeout", 42: "ntp_server", 66: "tftp_server_name", 150: "tftp_server_ip",
}

// clientID shows option 61: its first byte says what kind of hardware address
// follows (RFC 2132 section 9.14).
func clientID(c *proto.Conn, data []byte) string {
	if len(data) != 7 || data[0] != 1 {
		return c.Hex(data[:min(len(data), 64)])
	}
	var buf [17]byte
	text, _ := ident.MAC(data[1:]).AppendText(buf[:0])
	return c.String(text)
}

func address(data []byte) netip.Addr {
	if len(data) != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(data))
}

func addresses(c *proto.Conn, dst []string, data []byte) []string {
	for ; len(data) >= 4 && len(dst) < maxAddresses; data = data[4:] {
		var buf [16]byte
		dst = append(dst, c.String(netip.AddrFrom4([4]byte(data)).AppendTo(buf[:0])))
	}
	return dst
}

func numbers(c *proto.Conn, data []byte) string {
	var buf [4 * 255]byte
	list := buf[:0]
	for i, code := range data {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendUint(list, uint64(code), 10)
	}
	return c.String(list)
}

// userClass takes the length off the first class (RFC 3004); many clients send
// plain text instead.
func userClass(data []byte) []byte {
	if len(data) > 1 && int(data[0]) < len(data) && data[0] > 0 {
		rest := data[1+int(data[0]):]
		if len(rest) == 0 || int(rest[0]) < len(rest) {
			return data[1 : 1+int(data[0])]
		}
	}
	return data
}

// fqdn appends the name in option 81 (RFC 4702 section 2), which is in DNS
// wire form without compression when the E flag is set.
func fqdn(dst, data []byte) []byte {
	if len(data) < 3 {
		return dst
	}
	encoded, name := data[0]&4 != 0, data[3:]
	if !encoded {
		return append(dst, name[:min(len(name), 253)]...)
	}
	for len(name) > 0 && name[0] > 0 && int(name[0]) < len(name) {
		n := 1 + int(name[0])
		if len(dst) > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, name[1:n]...)
		name = name[n:]
	}
	return dst
}

// enterpriseClass gives the first class of option 124: enterprise number,
// length, then classes with their lengths.
func enterpriseClass(data []byte) []byte {
	if len(data) < 6 || len(data) < 6+int(data[5]) {
		return nil
	}
	return data[6 : 6+int(data[5])]
}

// gateway reads what the managed gateways of TR-069 say of themselves in
// option 125 (Broadband Forum, enterprise 3561).
func gateway(c *proto.Conn, id *event.Identity, data []byte) {
	const forum = 3561
	if len(data) < 5 || binary.BigEndian.Uint32(data) != forum || len(data) < 5+int(data[4]) {
		return
	}
	_, _ = eachOption(data[5:5+int(data[4])], func(code byte, value []byte) bool {
		switch code {
		case 2:
			id.Serial = identity.Text(c, value)
		case 3:
			id.Model = identity.Text(c, value)
		}
		return true
	})
}
