package mqttsn

import (
	"encoding/binary"
	"unicode/utf8"
)

// Decode reads the message that the datagram b is. n is len(b) unless err is
// set; there is no lenient way to read a message whose length is wrong.
func Decode(m *Message, b []byte) (n int, err error) {
	*m = Message{}
	head, size := 2, 0
	switch {
	case len(b) >= 4 && b[0] == 1:
		size, head = int(binary.BigEndian.Uint16(b[1:])), 4
	case len(b) >= 2:
		size = int(b[0])
	}
	if size < head {
		return 0, ErrLength
	}
	m.Type = Type(b[head-1])
	if m.Type == FORWARD {
		return m.forward(b, size, head)
	}
	if size != len(b) {
		return 0, ErrLength
	}
	r := reader{b: b[head:]}
	m.body(&r)
	if len(r.b) > 0 {
		r.fault(ErrTrailing)
	}
	if r.err != nil {
		return 0, r.err
	}
	return len(b), nil
}

// forward reads an encapsulated message: its length covers only what the
// forwarder added.
func (m *Message) forward(b []byte, size, head int) (int, error) {
	if size > len(b) || size < head+1 {
		return 0, ErrLength
	}
	m.Radius = b[head] & 3
	m.Address, m.Inner = b[head+1:size], b[size:]
	return len(b), nil
}

type reader struct {
	b   []byte
	err error
}

// fault notes a breach; the first one counts.
func (r *reader) fault(f *Fault) {
	if r.err == nil {
		r.err = f
	}
}

func (r *reader) u8() uint8 {
	if len(r.b) < 1 {
		r.fault(ErrField)
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u16() uint16 {
	hi := r.u8()
	return uint16(hi)<<8 | uint16(r.u8())
}

func (r *reader) rest() []byte {
	v := r.b
	r.b = nil
	return v
}

func (r *reader) str() []byte {
	v := r.rest()
	if !utf8.Valid(v) {
		r.fault(ErrUTF8)
	}
	return v
}

// code reads a return code; four are defined.
func (r *reader) code() uint8 {
	v := r.u8()
	if v > 3 {
		r.fault(ErrCode)
	}
	return v
}

func (m *Message) flags(r *reader) {
	f := r.u8()
	m.Dup, m.Retain, m.Will, m.Clean = f&flagDup != 0, f&flagRetain != 0, f&flagWill != 0, f&flagClean != 0
	m.QoS, m.TopicKind = f>>5&3, TopicKind(f&3)
	if m.TopicKind == 3 {
		r.fault(ErrFlags)
	}
}

func (m *Message) body(r *reader) {
	switch m.Type {
	case ADVERTISE:
		m.Gateway, m.Duration = r.u8(), r.u16()
	case SEARCHGW:
		m.Radius = r.u8()
	case GWINFO:
		m.Gateway, m.Address = r.u8(), r.rest()
	case CONNECT:
		m.connect(r)
	case CONNACK, WILLTOPICRESP, WILLMSGRESP:
		m.Code = r.code()
	case WILLTOPICREQ, WILLMSGREQ, PINGRESP:
	case WILLTOPIC, WILLTOPICUPD:
		if len(r.b) > 0 { // empty, it takes the will away
			m.flags(r)
			m.Topic = r.str()
		}
	case WILLMSG, WILLMSGUPD:
		m.Payload = r.rest()
	case REGISTER:
		m.TopicID, m.MsgID, m.Topic = r.u16(), r.u16(), r.str()
	case REGACK, PUBACK:
		m.TopicID, m.MsgID, m.Code = r.u16(), r.u16(), r.code()
	case PUBLISH:
		m.flags(r)
		m.topicID(r)
		m.MsgID, m.Payload = r.u16(), r.rest()
	case PUBREC, PUBREL, PUBCOMP, UNSUBACK:
		m.MsgID = r.u16()
	case SUBSCRIBE, UNSUBSCRIBE:
		m.flags(r)
		if m.MsgID = r.u16(); m.TopicKind == Normal {
			m.Topic = r.str()
		} else {
			m.topicID(r)
		}
	case SUBACK:
		m.flags(r)
		m.TopicID, m.MsgID, m.Code = r.u16(), r.u16(), r.code()
	case PINGREQ:
		m.ClientID = r.str()
	case DISCONNECT:
		if m.HasSleep = len(r.b) > 0; m.HasSleep {
			m.Duration = r.u16()
		}
	default:
		r.fault(ErrType)
	}
}

func (m *Message) connect(r *reader) {
	m.flags(r)
	if id := r.u8(); id != 1 {
		r.fault(ErrProtocol)
	}
	m.Duration, m.ClientID = r.u16(), r.str()
	if n := utf8.RuneCount(m.ClientID); n < 1 || n > 23 {
		r.fault(ErrClientID)
	}
}

// topicID reads a topic identifier; of a short one the two characters are the
// name.
func (m *Message) topicID(r *reader) {
	if m.TopicKind == Short && len(r.b) >= 2 {
		m.Topic = r.b[:2]
	}
	m.TopicID = r.u16()
}
