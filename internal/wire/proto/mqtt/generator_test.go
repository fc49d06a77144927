package mqtt

import "math/rand/v2"

// generator makes random packets that are right.
type generator struct{ *rand.Rand }

func (g generator) chance() bool { return g.IntN(2) == 0 }

func (g generator) text(alphabet string) []byte {
	b := make([]byte, 1+g.IntN(12))
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return b
}

func (g generator) word() []byte { return g.text("abcxyz/09") }

func (g generator) filter(v Version) []byte {
	prefix := ""
	if v == V5 && g.chance() {
		prefix = "$share/group/"
	}
	return []byte(prefix + [...]string{"#", "+", "a/+/b", "a/#", "plain", "/", "+/+"}[g.IntN(7)])
}

// props fills in every property that the packet type may have.
func (g generator) props(p *Properties, t Type, from Side) {
	for id := Property(1); id < propertyEnd; id++ {
		info := &propertyTable[id]
		if info.in&(1<<t) == 0 || g.chance() {
			continue
		}
		n := uint32(1)
		if !info.flag {
			n += g.Uint32N(60000)
		}
		switch {
		case info.enc == encPair:
			p.AddUser(g.word(), g.word())
			p.AddUser(g.word(), g.word())
		case info.enc == encVarint:
			if t == PUBLISH && from == Client {
				continue
			}
			p.AddID(1 + g.Uint32N(maxVarint))
		case id == SessionExpiry && t == DISCONNECT && from == Server:
		case info.enc == encByte:
			p.SetUint(id, n&1)
		case info.enc == encUint16, info.enc == encUint32:
			p.SetUint(id, n)
		case id == AuthData:
			if p.Has(AuthMethod) {
				p.SetBytes(id, g.word())
			}
		default:
			p.SetBytes(id, g.word())
		}
	}
}

func (g generator) packet() (*Packet, Side) {
	v := [...]Version{V31, V311, V5}[g.IntN(3)]
	from := [...]Side{Client, Server}[g.IntN(2)]
	p := &Packet{Version: v}
	for {
		p.Type = Type(1 + g.IntN(15))
		by := sentBy[p.Type]
		if p.Type == DISCONNECT && v != V5 {
			by = 1
		}
		if by&uint8(from) != 0 && (p.Type != AUTH || v == V5) {
			break
		}
	}
	if v == V5 {
		g.props(&p.Props, p.Type, from)
	}
	id := uint16(1 + g.IntN(65535))
	switch p.Type {
	case CONNECT:
		g.connect(&p.Connect, v)
	case CONNACK:
		if p.Session = g.chance() && v != V31; !p.Session {
			p.Code = g.code(p, from)
		}
	case PUBLISH:
		p.QoS, p.Retain = uint8(g.IntN(3)), g.chance()
		if p.QoS > 0 {
			p.ID, p.Dup = id, g.chance()
		}
		p.Topic, p.Payload = g.word(), g.text("{}:,\x00\xff")
		p.Size = len(p.Payload)
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		p.ID = id
		p.Code = g.code(p, from)
	case SUBSCRIBE, UNSUBSCRIBE:
		p.ID = id
		for range 1 + g.IntN(4) {
			f := Filter{Topic: g.filter(v)}
			if p.Type == SUBSCRIBE {
				if f.Options = uint8(g.IntN(3)); v == V5 {
					f.Options |= uint8(g.IntN(3))<<4 | uint8(g.IntN(2))<<3
				}
			}
			p.Filters = append(p.Filters, f)
		}
	case SUBACK, UNSUBACK:
		p.ID = id
		if p.Type == SUBACK || v == V5 {
			for range 1 + g.IntN(4) {
				p.Codes = append(p.Codes, byte(g.code(p, from)))
			}
		}
	case DISCONNECT, AUTH:
		p.Code = g.code(p, from)
		if p.Type == AUTH && (p.Props.set != 0 || p.Code != Success) {
			p.Props.SetBytes(AuthMethod, []byte("SCRAM-SHA-256"))
		}
	}
	return p, from
}

func (g generator) connect(k *Connect, v Version) {
	*k = Connect{Protocol: []byte("MQTT"), Version: v, Clean: g.chance(), KeepAlive: uint16(g.IntN(65536)), ClientID: g.word()}
	if v == V31 {
		k.Protocol = []byte("MQIsdp")
	}
	if k.HasWill = g.chance(); k.HasWill {
		k.Will = Will{QoS: uint8(g.IntN(3)), Retain: g.chance(), Topic: g.word(), Payload: g.word()}
		if v == V5 {
			g.props(&k.Will.Props, willProps, Client)
		}
	}
	if k.HasUser = g.chance(); k.HasUser {
		k.User = g.word()
		if k.HasPassword = g.chance(); k.HasPassword {
			k.Password = g.text("\x00\xffpw")
		}
	}
}

func (g generator) code(p *Packet, from Side) Reason {
	for {
		if r := Reason(g.IntN(256)); r.allowed(p.Version, p.Type, from) {
			return r
		}
	}
}
