package dns

import (
	"encoding/binary"

	"edgeward/internal/wire/proto"
)

// Ports of the protocols that share the message format.
const (
	portDNS   = 53
	portNBNS  = 137
	portMDNS  = 5353
	portLLMNR = 5355
)

// onPort reports whether either side of the conversation uses the port:
// answers to multicast come from it, in a conversation of their own.
func onPort(c *proto.Conn, port uint16) bool {
	return c.ServerPort == port || c.ClientPort == port
}

func probeDNS(s *proto.Sample) proto.Match {
	b := s.Newest()
	if s.Conn.Transport == 6 {
		if len(b) < 2 {
			return proto.More
		}
		size := int(binary.BigEndian.Uint16(b))
		if size < HeaderLen {
			return proto.No
		}
		if b = b[2:]; len(b) < size {
			return probeBeginning(b)
		}
		return probeMessage(s, b[:size])
	}
	if onPort(s.Conn, portMDNS) || onPort(s.Conn, portLLMNR) || onPort(s.Conn, portNBNS) {
		return proto.No
	}
	return probeMessage(s, b)
}

// probeBeginning judges a message that is not all there.
func probeBeginning(b []byte) proto.Match {
	if len(b) < HeaderLen {
		return proto.More
	}
	if !soundHeader(b) || binary.BigEndian.Uint16(b[4:]) != 1 {
		return proto.No
	}
	var q Question
	switch _, err := q.decode(b, HeaderLen); {
	case err == ErrShort:
		return proto.More
	case err != nil || !knownClass(q.Class):
		return proto.No
	}
	return proto.Yes
}

func probeMessage(s *proto.Sample, b []byte) proto.Match {
	if len(b) < HeaderLen || !soundHeader(b) {
		return proto.No
	}
	n := HeaderLen
	questions := int(binary.BigEndian.Uint16(b[4:]))
	for range questions {
		var q Question
		next, err := q.decode(b, n)
		if err != nil || !knownClass(q.Class) || !s.Port && typeName(q.Type) == "" {
			return proto.No
		}
		n = next
	}
	records := 0
	for i := 6; i < HeaderLen; i += 2 {
		records += int(binary.BigEndian.Uint16(b[i:]))
	}
	for range records {
		var r Record
		next, err := r.decode(b, n)
		if err == ErrShort && questions == 1 && s.Port && (s.Conn.Wire > len(b) || Flags(binary.BigEndian.Uint16(b[2:]))&TC != 0) {
			return proto.Yes // cut by the capture or by the server
		}
		if err != nil {
			return proto.No
		}
		n = next
	}
	switch {
	case s.Port:
		return proto.Yes
	case questions == 1 && n == len(b):
		return proto.Yes
	case n == len(b):
		return proto.Weak
	}
	return proto.No
}

// soundHeader reports whether the header is one that DNS software sends.
func soundHeader(b []byte) bool {
	f := Flags(binary.BigEndian.Uint16(b[2:]))
	qd, an := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	ns, ar := binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:])
	if f&(1<<6) != 0 || f.Opcode() > 6 || f.Opcode() == 3 || qd > 1 {
		return false
	}
	if f.Response() {
		return qd == 1 || an > 0 || f.RCode() != 0
	}
	if f.Opcode() == 0 {
		return qd == 1 && an == 0 && ns <= 1 && ar <= 2 && f.RCode() == 0
	}
	return qd == 1
}

func knownClass(c uint16) bool {
	return c == ClassIN || c == ClassCH || c == ClassHS || c == ClassNONE || c == ClassANY
}

func probeMDNS(s *proto.Sample) proto.Match {
	b := s.Newest()
	if !onPort(s.Conn, portMDNS) {
		return proto.No
	}
	return probeLocal(b, func(class uint16) bool { return knownClass(class &^ unicastReply) })
}

func probeLLMNR(s *proto.Sample) proto.Match {
	b := s.Newest()
	if !onPort(s.Conn, portLLMNR) || len(b) < HeaderLen || binary.BigEndian.Uint16(b[4:]) > 1 {
		return proto.No
	}
	return probeLocal(b, knownClass)
}

// probeLocal checks a whole message of one of the link-local protocols.
func probeLocal(b []byte, sound func(class uint16) bool) proto.Match {
	if len(b) < HeaderLen || Flags(binary.BigEndian.Uint16(b[2:])).Opcode() != 0 {
		return proto.No
	}
	return probeRecords(b, sound)
}

// probeRecords walks through the sections of a whole message.
func probeRecords(b []byte, sound func(class uint16) bool) proto.Match {
	n, records := HeaderLen, 0
	for range binary.BigEndian.Uint16(b[4:]) {
		var q Question
		next, err := q.decode(b, n)
		if err != nil || !sound(q.Class) {
			return proto.No
		}
		n = next
	}
	for i := 6; i < HeaderLen; i += 2 {
		records += int(binary.BigEndian.Uint16(b[i:]))
	}
	for range records {
		var r Record
		next, err := r.decode(b, n)
		if err != nil {
			return proto.No
		}
		n = next
	}
	if n == HeaderLen {
		return proto.Weak
	}
	return proto.Yes
}

func probeNBNS(s *proto.Sample) proto.Match {
	b := s.Newest()
	if !onPort(s.Conn, portNBNS) || len(b) < HeaderLen {
		return proto.No
	}
	f := Flags(binary.BigEndian.Uint16(b[2:]))
	if op := f.Opcode(); op != 0 && (op < 5 || op > 9) && op != 15 {
		return proto.No
	}
	name := Name{msg: b, off: HeaderLen} // of the question, or of the first answer
	if _, err := skipName(b, HeaderLen); err != nil {
		return proto.No
	}
	if _, ok := DecodeNetBIOS(name); !ok {
		return proto.No
	}
	return probeRecords(b, isNetBIOS)
}

// isNetBIOS reports whether a question has the class of all NetBIOS names.
func isNetBIOS(class uint16) bool { return class == ClassIN }
