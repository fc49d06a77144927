// Package arp is the codec of ARP messages for IPv4 over Ethernet (RFC 826)
// and their analyser. It keeps no table of neighbours: who owns an address,
// and whether somebody lies about it, is for the judges to say.
//
// The packet path uses the analyser; scanner and inline plane may use the codec.
package arp

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"edgeward/internal/ident"
)

// What can be wrong with a message.
var (
	ErrShort = errors.New("message is shorter than its addresses")
	// ErrOther marks messages for other networks than IPv4 over Ethernet,
	// which are sound but not read.
	ErrOther  = errors.New("not IPv4 over Ethernet")
	ErrLength = errors.New("address lengths are not those of Ethernet and IPv4")
)

// EtherType of ARP.
const EtherType = 0x0806

// Len is the size of a message.
const Len = 28

// Operations (IANA "ARP Parameters").
const (
	Request        = 1
	Reply          = 2
	ReverseRequest = 3
	ReverseReply   = 4
	InverseRequest = 8
	InverseReply   = 9
	NAK            = 10
)

const (
	hardwareEthernet = 1
	hardware802      = 6
	protocolIPv4     = 0x0800
)

// Msg is one message.
type Msg struct {
	Hardware  uint16 // 1 Ethernet, 6 IEEE 802
	Op        uint16
	SenderMAC ident.MAC
	SenderIP  netip.Addr
	TargetMAC ident.MAC
	TargetIP  netip.Addr
}

// Decode reads one message and gives the bytes it took; Ethernet pads what is
// behind.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < 8 {
		return 0, ErrShort
	}
	m.Hardware, m.Op = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[6:])
	if m.Hardware != hardwareEthernet && m.Hardware != hardware802 || binary.BigEndian.Uint16(b[2:]) != protocolIPv4 {
		return 0, ErrOther
	}
	if b[4] != 6 || b[5] != 4 {
		return 0, ErrLength
	}
	if len(b) < Len {
		return 0, ErrShort
	}
	m.SenderMAC, m.SenderIP = ident.MAC(b[8:14]), netip.AddrFrom4([4]byte(b[14:18]))
	m.TargetMAC, m.TargetIP = ident.MAC(b[18:24]), netip.AddrFrom4([4]byte(b[24:28]))
	return Len, nil
}

// Append appends the message; addresses that are no IPv4 become zeros.
func Append(dst []byte, m *Msg) []byte {
	dst = binary.BigEndian.AppendUint16(dst, m.Hardware)
	dst = binary.BigEndian.AppendUint16(dst, protocolIPv4)
	dst = append(dst, 6, 4)
	dst = binary.BigEndian.AppendUint16(dst, m.Op)
	dst = append(dst, m.SenderMAC[:]...)
	dst = appendIPv4(dst, m.SenderIP)
	dst = append(dst, m.TargetMAC[:]...)
	return appendIPv4(dst, m.TargetIP)
}

func appendIPv4(dst []byte, a netip.Addr) []byte {
	var ip [4]byte
	if a.Is4() {
		ip = a.As4()
	}
	return append(dst, ip[:]...)
}
