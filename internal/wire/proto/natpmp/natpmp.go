// Package natpmp is the codec of the NAT Port Mapping Protocol (RFC 6886) and
// its successor, the Port Control Protocol (RFC 6887), by which hosts ask their
// gateway to let the outside in, and their analyser.
//
// It maps nothing. The packet path uses the analyser; scanner and tests may
// use the codec.
package natpmp

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// What can be wrong with a message.
var (
	ErrShort   = errors.New("message is shorter than its operation wants")
	ErrVersion = errors.New("version is neither 0 nor 2")
	ErrOpcode  = errors.New("operation is not assigned")
)

// Port on which gateways listen.
const Port = 5351

// Versions.
const (
	NATPMP = 0
	PCP    = 2
)

// Operations of NAT-PMP.
const (
	ExternalAddress = 0
	MapUDP          = 1
	MapTCP          = 2
)

// Operations of PCP.
const (
	Announce = 0
	Map      = 1
	Peer     = 2
)

// Msg is one message. Fields that the operation does not have are zero.
type Msg struct {
	Version      uint8
	Op           uint8 // without the bit of responses
	Response     bool
	Result       uint16
	Transport    uint8 // IP protocol number; 0 asks for all of them
	InternalPort uint16
	ExternalPort uint16
	Lifetime     uint32     // seconds
	Epoch        uint32     // of the gateway's mappings, seconds
	Client       netip.Addr // of a PCP request
	External     netip.Addr
	Nonce        [12]byte // of PCP
}

// IsMapping reports whether the message asks for a mapping, or answers to that.
func (m *Msg) IsMapping() bool {
	return m.Version == PCP && m.Op == Map || m.Version == NATPMP && (m.Op == MapUDP || m.Op == MapTCP)
}

// Decode reads one message and gives the bytes it took; PCP options behind are
// not read.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < 2 {
		return 0, ErrShort
	}
	m.Version, m.Op, m.Response = b[0], b[1]&0x7f, b[1]&0x80 != 0
	switch m.Version {
	case NATPMP:
		return m.decodeNATPMP(b)
	case PCP:
		return m.decodePCP(b)
	}
	return 0, ErrVersion
}

// sizesNATPMP are the sizes of requests and responses (RFC 6886 section 3).
var sizesNATPMP = [...][2]int{ExternalAddress: {2, 12}, MapUDP: {12, 16}, MapTCP: {12, 16}}

func (m *Msg) decodeNATPMP(b []byte) (int, error) {
	if int(m.Op) >= len(sizesNATPMP) {
		return 0, ErrOpcode
	}
	n := sizesNATPMP[m.Op][0]
	if m.Response {
		n = sizesNATPMP[m.Op][1]
		if len(b) >= 8 && binary.BigEndian.Uint16(b[2:]) != 0 {
			n = 8 // errors may come without the rest
		}
	}
	if len(b) < n {
		return 0, ErrShort
	}
	if m.Response {
		m.Result, m.Epoch = binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])
		n = min(len(b), sizesNATPMP[m.Op][1])
		b = b[4:]
	}
	switch {
	case m.Op == ExternalAddress:
		if m.Response && n >= 12 {
			m.External = netip.AddrFrom4([4]byte(b[4:]))
		}
		return n, nil
	case m.Op == MapUDP:
		m.Transport = 17
	default:
		m.Transport = 6
	}
	if len(b) >= 12 {
		m.InternalPort, m.ExternalPort = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
		m.Lifetime = binary.BigEndian.Uint32(b[8:])
	}
	return n, nil
}

const (
	headerPCP  = 24
	mappingPCP = 36
)

func (m *Msg) decodePCP(b []byte) (int, error) {
	if m.Op > 3 {
		return 0, ErrOpcode
	}
	if len(b) < headerPCP {
		return 0, ErrShort
	}
	m.Lifetime = binary.BigEndian.Uint32(b[4:])
	if m.Response {
		m.Result, m.Epoch = uint16(b[3]), binary.BigEndian.Uint32(b[8:])
	} else {
		m.Client = netip.AddrFrom16([16]byte(b[8:])).Unmap()
	}
	if m.Op != Map {
		return headerPCP, nil
	}
	if len(b) < headerPCP+mappingPCP {
		if m.Response && m.Result != 0 {
			return headerPCP, nil
		}
		return 0, ErrShort
	}
	d := b[headerPCP:]
	m.Nonce, m.Transport = [12]byte(d), d[12]
	m.InternalPort, m.ExternalPort = binary.BigEndian.Uint16(d[16:]), binary.BigEndian.Uint16(d[18:])
	m.External = netip.AddrFrom16([16]byte(d[20:])).Unmap()
	return headerPCP + mappingPCP, nil
}

// Append appends the message.
func Append(dst []byte, m *Msg) []byte {
	op := m.Op & 0x7f
	if m.Response {
		op |= 0x80
	}
	dst = append(dst, m.Version, op)
	if m.Version == PCP {
		return m.appendPCP(dst)
	}
	if m.Response {
		dst = binary.BigEndian.AppendUint16(dst, m.Result)
		dst = binary.BigEndian.AppendUint32(dst, m.Epoch)
	} else if m.Op != ExternalAddress {
		dst = append(dst, 0, 0)
	}
	switch {
	case m.Op != ExternalAddress:
		dst = binary.BigEndian.AppendUint16(dst, m.InternalPort)
		dst = binary.BigEndian.AppendUint16(dst, m.ExternalPort)
		dst = binary.BigEndian.AppendUint32(dst, m.Lifetime)
	case m.Response:
		var ip [4]byte
		if m.External.Is4() {
			ip = m.External.As4()
		}
		dst = append(dst, ip[:]...)
	}
	return dst
}

func (m *Msg) appendPCP(dst []byte) []byte {
	dst = append(dst, 0, byte(m.Result))
	dst = binary.BigEndian.AppendUint32(dst, m.Lifetime)
	if m.Response {
		dst = binary.BigEndian.AppendUint32(dst, m.Epoch)
		dst = append(dst, make([]byte, 12)...)
	} else {
		dst = append16(dst, m.Client)
	}
	if m.Op != Map {
		return dst
	}
	dst = append(dst, m.Nonce[:]...)
	dst = append(dst, m.Transport, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, m.InternalPort)
	dst = binary.BigEndian.AppendUint16(dst, m.ExternalPort)
	return append16(dst, m.External)
}

func append16(dst []byte, a netip.Addr) []byte {
	var ip [16]byte
	if a.IsValid() {
		ip = a.As16()
	}
	return append(dst, ip[:]...)
}
