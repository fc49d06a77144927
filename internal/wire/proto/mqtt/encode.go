package mqtt

import (
	"encoding/binary"
	"errors"
)

// ErrFieldSize says that a string is longer than its two-byte length can tell,
// or that a packet is longer than its remaining length can.
var ErrFieldSize = errors.New("mqtt: a field is too long to be encoded")

// errNoBody says that there is no such packet.
var errNoBody = errors.New("mqtt: packets of a reserved type cannot be encoded")

// Append appends the packet to dst in its shortest form, as p.Version writes
// it, and is the inverse of Decode. Nothing but lengths is checked: tests and
// the scanner write faulty packets too. A PUBLISH of which only the beginning
// of the payload is at hand (Size above len(Payload)) is written with the
// length of the whole; the caller writes the rest. On error dst is as it was.
func Append(dst []byte, p *Packet) ([]byte, error) {
	v := p.Version
	if p.Type == CONNECT {
		v = p.Connect.Version
	}
	start := len(dst)
	// The remaining length takes one to four bytes; four are left free and
	// the body is moved up once it is known.
	dst = append(dst, byte(p.Type)<<4|p.flags(), 0, 0, 0, 0)
	body := len(dst)
	dst, err := appendBody(dst, p, v)
	if err != nil {
		return dst[:start], err
	}
	remaining := len(dst) - body
	if p.Type == PUBLISH {
		remaining += max(p.Size-len(p.Payload), 0)
	}
	if remaining > maxVarint {
		return dst[:start], ErrFieldSize
	}
	var length [4]byte
	n := copy(dst[start+1:], appendVarint(length[:0], remaining))
	end := start + 1 + n + copy(dst[start+1+n:], dst[body:])
	return dst[:end], nil
}

// flags gives the low four bits of the first byte.
func (p *Packet) flags() byte {
	if p.Type == PUBLISH {
		return p.QoS&3<<1 | bit(p.Dup, 3) | bit(p.Retain, 0)
	}
	return fixedFlags(p.Type)
}

func appendBody(b []byte, p *Packet, v Version) ([]byte, error) {
	var err error
	switch p.Type {
	case CONNECT:
		return appendConnect(b, p)
	case CONNACK:
		b = append(b, bit(p.Session, 0), byte(p.Code))
		if v == V5 {
			b, err = appendProperties(b, &p.Props)
		}
		return b, err
	case PUBLISH:
		return appendPublish(b, p, v)
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		return appendReason(binary.BigEndian.AppendUint16(b, p.ID), p, v)
	case SUBSCRIBE, UNSUBSCRIBE, SUBACK, UNSUBACK:
		return appendFilters(b, p, v)
	case DISCONNECT, AUTH:
		return appendReason(b, p, v)
	case PINGREQ, PINGRESP:
		return b, nil
	}
	return b, errNoBody
}

func appendConnect(b []byte, p *Packet) ([]byte, error) {
	c := &p.Connect
	var err error
	if len(c.Protocol)|len(c.ClientID)|len(c.Will.Topic)|len(c.Will.Payload)|len(c.User)|len(c.Password) > maxString {
		return b, ErrFieldSize
	}
	b = append(appendField(b, c.Protocol), byte(c.Version)|bit(c.Bridge, 7))
	flags := bit(c.Clean, 1) | bit(c.HasWill, 2) | bit(c.HasUser, 7) | bit(c.HasPassword, 6)
	if c.HasWill {
		flags |= c.Will.QoS&3<<3 | bit(c.Will.Retain, 5)
	}
	b = binary.BigEndian.AppendUint16(append(b, flags), c.KeepAlive)
	if c.Version == V5 {
		if b, err = appendProperties(b, &p.Props); err != nil {
			return b, err
		}
	}
	b = appendField(b, c.ClientID)
	if c.HasWill {
		if c.Version == V5 {
			if b, err = appendProperties(b, &c.Will.Props); err != nil {
				return b, err
			}
		}
		b = appendField(appendField(b, c.Will.Topic), c.Will.Payload)
	}
	if c.HasUser {
		b = appendField(b, c.User)
	}
	if c.HasPassword {
		b = appendField(b, c.Password)
	}
	return b, nil
}

func appendPublish(b []byte, p *Packet, v Version) ([]byte, error) {
	var err error
	if len(p.Topic) > maxString {
		return b, ErrFieldSize
	}
	b = appendField(b, p.Topic)
	if p.QoS != 0 {
		b = binary.BigEndian.AppendUint16(b, p.ID)
	}
	if v == V5 {
		if b, err = appendProperties(b, &p.Props); err != nil {
			return b, err
		}
	}
	return append(b, p.Payload...), nil
}

// appendReason leaves the reason code out where it says success, and the
// properties where there are none, as section 3.4.2.1 allows.
func appendReason(b []byte, p *Packet, v Version) ([]byte, error) {
	if v != V5 || p.Props.set == 0 && p.Code == Success {
		return b, nil
	}
	b = append(b, byte(p.Code))
	if p.Props.set == 0 && p.Type != AUTH {
		return b, nil
	}
	return appendProperties(b, &p.Props)
}

func appendFilters(b []byte, p *Packet, v Version) ([]byte, error) {
	var err error
	b = binary.BigEndian.AppendUint16(b, p.ID)
	if v == V5 {
		if b, err = appendProperties(b, &p.Props); err != nil {
			return b, err
		}
	}
	switch p.Type {
	case SUBACK:
		return append(b, p.Codes...), nil
	case UNSUBACK:
		if v == V5 {
			b = append(b, p.Codes...)
		}
		return b, nil
	}
	for _, f := range p.Filters {
		if len(f.Topic) > maxString {
			return b, ErrFieldSize
		}
		b = appendField(b, f.Topic)
		if p.Type == SUBSCRIBE {
			b = append(b, f.Options)
		}
	}
	return b, nil
}

// appendField appends a string or binary data of at most 65,535 bytes.
func appendField(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
}

func appendVarint(b []byte, v int) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// varintSize gives the bytes that the shortest form of v takes.
func varintSize(v int) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

func bit(v bool, n uint) byte {
	if v {
		return 1 << n
	}
	return 0
}
