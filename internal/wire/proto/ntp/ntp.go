// Package ntp is the codec of NTP messages of versions 1 to 4 (RFC 5905, RFC
// 1305), of control messages (mode 6, RFC 9327) and of the private mode 7 of
// ntpd, and their analyser.
//
// It sets no clock. The packet path uses the analyser; scanner and tests may
// use the codec.
package ntp

import (
	"encoding/binary"
	"errors"
)

// What can be wrong with a message.
var (
	ErrShort   = errors.New("message is shorter than its mode wants")
	ErrVersion = errors.New("version is not 1 to 4")
	ErrMode    = errors.New("mode is reserved")
)

// Port of the protocol.
const Port = 123

// Modes (RFC 5905 figure 10).
const (
	SymmetricActive  = 1
	SymmetricPassive = 2
	Client           = 3
	Server           = 4
	Broadcast        = 5
	Control          = 6
	Private          = 7
)

// Sizes of the fixed parts.
const (
	headerLen  = 48
	controlLen = 12
	privateLen = 8
)

// Msg is one message. For modes 6 and 7 only Version, Mode, Response, Code and
// Rest have a meaning.
type Msg struct {
	Leap, Version, Mode                  uint8
	Stratum                              uint8
	Poll, Precision                      int8
	RootDelay, RootDispersion            uint32 // 16.16 fixed point seconds
	RefID                                [4]byte
	Reference, Origin, Receive, Transmit uint64 // 32.32 fixed point seconds since 1900

	Response bool  // of modes 6 and 7
	Code     uint8 // operation of mode 6, request code of mode 7

	Rest []byte // extension fields and authenticator, or all behind the first word
}

// Decode reads one message and takes all of b.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < privateLen {
		return 0, ErrShort
	}
	m.Leap, m.Version, m.Mode = b[0]>>6, b[0]>>3&7, b[0]&7
	if m.Version < 1 || m.Version > 4 {
		return 0, ErrVersion
	}
	switch m.Mode {
	case Control:
		if len(b) < controlLen {
			return 0, ErrShort
		}
		m.Response, m.Code, m.Rest = b[1]&0x80 != 0, b[1]&0x1f, b[2:]
		return len(b), nil
	case Private:
		m.Response, m.Code, m.Rest = b[0]&0x80 != 0, b[3], b[4:]
		return len(b), nil
	case 0:
		if m.Version != 1 { // RFC 1059 had no modes
			return 0, ErrMode
		}
	}
	if len(b) < headerLen {
		return 0, ErrShort
	}
	m.Stratum, m.Poll, m.Precision = b[1], int8(b[2]), int8(b[3])
	m.RootDelay, m.RootDispersion = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	m.RefID = [4]byte(b[12:])
	for i, v := range []*uint64{&m.Reference, &m.Origin, &m.Receive, &m.Transmit} {
		*v = binary.BigEndian.Uint64(b[16+8*i:])
	}
	m.Rest = b[headerLen:]
	return len(b), nil
}

// Append appends a message of modes 0 to 5.
func Append(dst []byte, m *Msg) []byte {
	dst = append(dst, m.Leap<<6|m.Version&7<<3|m.Mode&7, m.Stratum, byte(m.Poll), byte(m.Precision))
	dst = binary.BigEndian.AppendUint32(dst, m.RootDelay)
	dst = binary.BigEndian.AppendUint32(dst, m.RootDispersion)
	dst = append(dst, m.RefID[:]...)
	for _, v := range [...]uint64{m.Reference, m.Origin, m.Receive, m.Transmit} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return append(dst, m.Rest...)
}

// strict reports whether the message is one that NTP software sends: a sound
// stratum, and behind the header nothing but whole words.
func (m *Msg) strict() bool {
	switch m.Mode {
	case Control:
		return m.Code <= 31 && m.Version >= 2
	case Private:
		return m.Version >= 2
	}
	return m.Stratum <= 16 && len(m.Rest)%4 == 0 && (m.Version == 4 || len(m.Rest) <= 24)
}
