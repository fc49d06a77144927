package mqttsn

import "encoding/binary"

// maxSize is the longest message that its length can tell.
const maxSize = 0xffff

// Append appends the message to dst and is the inverse of Decode. Fields that
// are not of its type are ignored. A message of more than 65,535 bytes cannot
// be written: dst comes back as it was, with ErrLength.
func Append(dst []byte, m *Message) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, byte(m.Type)) // room for the long form of the length
	dst = m.appendBody(dst)
	size := len(dst) - start
	if m.Type == FORWARD {
		size -= len(m.Inner)
	}
	if size > maxSize {
		return dst[:start], ErrLength
	}
	if size-2 <= 0xff {
		dst[start], dst[start+1] = byte(size-2), byte(m.Type)
		return dst[:start+2+copy(dst[start+2:], dst[start+4:])], nil
	}
	dst[start] = 1
	binary.BigEndian.PutUint16(dst[start+1:], uint16(size))
	return dst, nil
}

func (m *Message) appendFlags(b []byte) []byte {
	f := m.QoS&3<<5 | uint8(m.TopicKind&3)
	for _, x := range [...]struct {
		on  bool
		bit uint8
	}{{m.Dup, flagDup}, {m.Retain, flagRetain}, {m.Will, flagWill}, {m.Clean, flagClean}} {
		if x.on {
			f |= x.bit
		}
	}
	return append(b, f)
}

func (m *Message) appendBody(b []byte) []byte {
	u16 := binary.BigEndian.AppendUint16
	switch m.Type {
	case ADVERTISE:
		b = u16(append(b, m.Gateway), m.Duration)
	case SEARCHGW:
		b = append(b, m.Radius)
	case GWINFO:
		b = append(append(b, m.Gateway), m.Address...)
	case CONNECT:
		b = append(u16(append(m.appendFlags(b), 1), m.Duration), m.ClientID...)
	case CONNACK, WILLTOPICRESP, WILLMSGRESP:
		b = append(b, m.Code)
	case WILLTOPIC, WILLTOPICUPD:
		if len(m.Topic) > 0 {
			b = append(m.appendFlags(b), m.Topic...)
		}
	case WILLMSG, WILLMSGUPD:
		b = append(b, m.Payload...)
	case REGISTER:
		b = append(u16(u16(b, m.TopicID), m.MsgID), m.Topic...)
	case REGACK, PUBACK:
		b = append(u16(u16(b, m.TopicID), m.MsgID), m.Code)
	case PUBLISH:
		b = append(u16(u16(m.appendFlags(b), m.TopicID), m.MsgID), m.Payload...)
	case PUBREC, PUBREL, PUBCOMP, UNSUBACK:
		b = u16(b, m.MsgID)
	case SUBSCRIBE, UNSUBSCRIBE:
		b = u16(m.appendFlags(b), m.MsgID)
		if m.TopicKind == Normal {
			b = append(b, m.Topic...)
		} else {
			b = u16(b, m.TopicID)
		}
	case SUBACK:
		b = append(u16(u16(m.appendFlags(b), m.TopicID), m.MsgID), m.Code)
	case PINGREQ:
		b = append(b, m.ClientID...)
	case DISCONNECT:
		if m.HasSleep {
			b = u16(b, m.Duration)
		}
	case FORWARD:
		b = append(append(append(b, m.Radius&3), m.Address...), m.Inner...)
	}
	return b
}
