package bacnet

// Types of application messages (clause 20.1).
const (
	ConfirmedRequest   = 0
	UnconfirmedRequest = 1
	SimpleAck          = 2
	ComplexAck         = 3
	SegmentAck         = 4
	ErrorPDU           = 5
	RejectPDU          = 6
	AbortPDU           = 7
)

// Bits of the first octet.
const (
	apduSegmented = 0x08
	apduMore      = 0x04
	apduAccepted  = 0x02
	apduNegative  = 0x02
	apduServer    = 0x01
)

// APDU is one application message or a segment of one. Data is a view of the
// service's parameters, or of those in this segment.
type APDU struct {
	Type      uint8
	Segmented bool
	More      bool  // further segments follow
	Accepted  bool  // a confirmed request allows a segmented answer
	Negative  bool  // a segment acknowledgement asks for segments again
	Server    bool  // a segment acknowledgement or abort comes from the server
	Limits    uint8 // largest answer, confirmed requests
	InvokeID  uint8
	Sequence  uint8 // segments and their acknowledgements
	Window    uint8
	Service   uint8
	Reason    uint8 // reject and abort
	Data      []byte
}

// DecodeAPDU reads an application message, which fills b.
func DecodeAPDU(dst *APDU, b []byte) error {
	if len(b) < 2 {
		return ErrAPDU
	}
	*dst = APDU{Type: b[0] >> 4}
	flags, rest := b[0]&0x0f, b[1:]
	switch dst.Type {
	case ConfirmedRequest:
		dst.Segmented, dst.More, dst.Accepted = flags&apduSegmented != 0, flags&apduMore != 0, flags&apduAccepted != 0
		if len(rest) < 3 {
			return ErrAPDU
		}
		dst.Limits = rest[0]
		return dst.numbered(rest[1:])
	case ComplexAck:
		dst.Segmented, dst.More = flags&apduSegmented != 0, flags&apduMore != 0
		if len(rest) < 2 {
			return ErrAPDU
		}
		return dst.numbered(rest)
	case UnconfirmedRequest:
		dst.Service, dst.Data = rest[0], rest[1:]
	case SimpleAck, ErrorPDU:
		if len(rest) < 2 {
			return ErrAPDU
		}
		dst.InvokeID, dst.Service, dst.Data = rest[0], rest[1], rest[2:]
	case SegmentAck:
		dst.Negative, dst.Server = flags&apduNegative != 0, flags&apduServer != 0
		if len(rest) < 3 {
			return ErrAPDU
		}
		dst.InvokeID, dst.Sequence, dst.Window, dst.Data = rest[0], rest[1], rest[2], rest[3:]
	case RejectPDU, AbortPDU:
		if len(rest) < 2 {
			return ErrAPDU
		}
		dst.Server = dst.Type == AbortPDU && flags&apduServer != 0
		dst.InvokeID, dst.Reason, dst.Data = rest[0], rest[1], rest[2:]
	default:
		return ErrAPDU
	}
	return nil
}

// numbered reads invoke id, segment numbers and service choice.
func (m *APDU) numbered(b []byte) error {
	m.InvokeID, b = b[0], b[1:]
	if m.Segmented {
		if len(b) < 3 {
			return ErrAPDU
		}
		m.Sequence, m.Window, b = b[0], b[1], b[2:]
	}
	if len(b) < 1 {
		return ErrAPDU
	}
	m.Service, m.Data = b[0], b[1:]
	return nil
}

// AppendAPDU writes an application message behind dst.
func AppendAPDU(dst []byte, m *APDU) []byte {
	first := m.Type << 4
	set := func(on bool, bit uint8) {
		if on {
			first |= bit
		}
	}
	switch m.Type {
	case ConfirmedRequest, ComplexAck:
		set(m.Segmented, apduSegmented)
		set(m.Segmented && m.More, apduMore)
		if m.Type == ConfirmedRequest {
			set(m.Accepted, apduAccepted)
			dst = append(dst, first, m.Limits, m.InvokeID)
		} else {
			dst = append(dst, first, m.InvokeID)
		}
		if m.Segmented {
			dst = append(dst, m.Sequence, m.Window)
		}
		dst = append(dst, m.Service)
	case UnconfirmedRequest:
		dst = append(dst, first, m.Service)
	case SimpleAck, ErrorPDU:
		dst = append(dst, first, m.InvokeID, m.Service)
	case SegmentAck:
		set(m.Negative, apduNegative)
		set(m.Server, apduServer)
		dst = append(dst, first, m.InvokeID, m.Sequence, m.Window)
	default:
		set(m.Server && m.Type == AbortPDU, apduServer)
		dst = append(dst, first, m.InvokeID, m.Reason)
	}
	return append(dst, m.Data...)
}
