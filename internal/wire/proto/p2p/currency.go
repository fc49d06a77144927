package p2p

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// networks are the first four bytes of messages of Bitcoin and of currencies
// made after it, from their chain parameters.
var networks = map[uint32]string{
	0xf9beb4d9: "bitcoin", 0x0b110907: "bitcoin testnet3", 0x1c163f28: "bitcoin testnet4", 0xfabfb5da: "bitcoin regtest", 0x0a03cf40: "bitcoin signet",
	0xe3e1f3e8: "bitcoin cash", 0xfbc0b6db: "litecoin", 0xfdd2c8f1: "litecoin testnet", 0xc0c0c0c0: "dogecoin", 0xbf0c6bbd: "dash",
	0x24e92764: "zcash", 0xf9beb4fe: "namecoin", 0xfac3b6da: "digibyte", 0xe6e8e9e5: "peercoin",
}

// BitcoinHeaderLen is the length of a message's header.
const BitcoinHeaderLen = 24

// maxBitcoinMessage is the limit of the reference implementation for headers,
// MAX_SIZE.
const maxBitcoinMessage = 32 << 20

// BitcoinHeader is the header of a message.
type BitcoinHeader struct {
	Network string
	Command []byte // without padding; a view
	Len     uint32 // of the payload
}

// DecodeBitcoin reads the header at the beginning of b.
func DecodeBitcoin(dst *BitcoinHeader, b []byte) error {
	*dst = BitcoinHeader{}
	if len(b) < 4 {
		return ErrShort
	}
	name, ok := networks[binary.BigEndian.Uint32(b)]
	if !ok {
		return ErrSyntax
	}
	command := b[4:min(len(b), 16)]
	end := len(command)
	for i, ch := range command {
		switch {
		case ch == 0 && i > 0:
			end = min(end, i)
		case end < i || (ch < 'a' || ch > 'z') && (ch < '0' || ch > '9'):
			return ErrSyntax
		}
	}
	if len(b) < BitcoinHeaderLen {
		return ErrShort
	}
	dst.Network, dst.Command, dst.Len = name, command[:end], binary.LittleEndian.Uint32(b[16:])
	if dst.Len > maxBitcoinMessage {
		return ErrSyntax
	}
	return nil
}

// BitcoinAgent gives the user agent in the payload of a version message.
func BitcoinAgent(payload []byte) []byte {
	const at = 80 // version, services, time, two addresses, nonce
	if len(payload) <= at {
		return nil
	}
	n := int(payload[at])
	if n >= 0xfd || at+1+n > len(payload) {
		return nil
	}
	return payload[at+1 : at+1+n]
}

// Bitcoin is the peer-to-peer protocol of Bitcoin and its kin.
var Bitcoin = proto.Protocol{
	ID: event.ProtoBitcoin, TCP: true,
	Ports: []uint16{8333, 18333, 38333, 9333, 22556, 9999},
	Probe: func(s *proto.Sample) proto.Match { return probeEither(s, bitcoinAt) },
	New:   func() proto.Parser { return &skipper{read: readBitcoin} },
}

func bitcoinAt(b []byte) error {
	var h BitcoinHeader
	return DecodeBitcoin(&h, b)
}

// probeEither asks about the beginnings of both directions.
func probeEither(s *proto.Sample, at func([]byte) error) proto.Match {
	m := proto.More
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		switch at(b) {
		case nil:
			m = proto.Yes
		case ErrShort:
		default:
			return proto.No
		}
	}
	return m
}

// readBitcoin takes the message at the beginning of b and gives its length; of
// a version message all must be there.
func readBitcoin(c *proto.Conn, dir event.Dir, fact *report, b []byte) (int, error) {
	var h BitcoinHeader
	if err := DecodeBitcoin(&h, b); err != nil {
		return 0, err
	}
	n := BitcoinHeaderLen + int(h.Len)
	if string(h.Command) == "version" && h.Len < 1024 {
		if len(b) < n {
			return 0, ErrShort
		}
		var buf [maxDetail]byte
		detail := append(buf[:0], h.Network...)
		if agent := BitcoinAgent(b[BitcoinHeaderLen:n]); len(agent) > 0 {
			detail = append(append(detail, ' '), agent...)
		}
		fact.emit(c, dir, "bitcoin", detail)
	}
	c.Message(dir)
	return n, nil
}

// MoneroHeaderLen is the length of a Levin header.
const MoneroHeaderLen = 33

// maxMoneroMessage is the limit of the reference implementation
// (LEVIN_DEFAULT_MAX_PACKET_SIZE).
const maxMoneroMessage = 100000000

// MoneroHeader is the header of a message in Monero's Levin protocol.
type MoneroHeader struct {
	Len     uint64
	Command uint32
	Reply   bool
}

// DecodeMonero reads the header at the beginning of b.
func DecodeMonero(dst *MoneroHeader, b []byte) error {
	const signature = "\x01\x21\x01\x01\x01\x01\x01\x01"
	*dst = MoneroHeader{}
	if n := min(len(b), len(signature)); string(b[:n]) != signature[:n] {
		return ErrSyntax
	}
	if len(b) < MoneroHeaderLen {
		return ErrShort
	}
	dst.Len, dst.Command = binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint32(b[17:])
	flags, version := binary.LittleEndian.Uint32(b[25:]), binary.LittleEndian.Uint32(b[29:])
	dst.Reply = flags&2 != 0
	if dst.Len > maxMoneroMessage || version != 1 || b[16] > 1 || flags > 0x0f {
		return ErrSyntax
	}
	return nil
}

// Monero is the peer-to-peer protocol of Monero and other Cryptonote currencies.
var Monero = proto.Protocol{
	ID: event.ProtoMonero, TCP: true,
	Ports: []uint16{18080, 28080, 38080},
	Probe: func(s *proto.Sample) proto.Match { return probeEither(s, moneroAt) },
	New:   func() proto.Parser { return &skipper{read: readMonero} },
}

func moneroAt(b []byte) error {
	var h MoneroHeader
	return DecodeMonero(&h, b)
}

func readMonero(c *proto.Conn, dir event.Dir, fact *report, b []byte) (int, error) {
	var h MoneroHeader
	if err := DecodeMonero(&h, b); err != nil {
		return 0, err
	}
	c.Message(dir)
	detail := "levin"
	switch h.Command {
	case 1001:
		detail = "levin handshake"
	case 1002:
		detail = "levin timed sync"
	}
	fact.emit(c, dir, "monero", []byte(detail))
	return MoneroHeaderLen + int(h.Len), nil
}

// skipper is the parser of protocols whose messages tell their length: it takes
// what read takes and skips the rest.
type skipper struct {
	read  func(c *proto.Conn, dir event.Dir, fact *report, b []byte) (int, error)
	fact  report
	blind [2]bool
}

// Reset makes the parser as new.
func (p *skipper) Reset() { *p = skipper{read: p.read} }

// Data takes headers and skips the rest of their messages.
func (p *skipper) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) && !p.blind[dir] {
		n, err := p.read(c, dir, &p.fact, b[done:])
		if err == ErrShort {
			return done, nil
		}
		if err != nil {
			p.blind[dir] = true
			break
		}
		done += n
	}
	if p.blind[dir] {
		return len(b), nil
	}
	return done, nil
}

// Gap loses the place in the stream; the flow stays what it is.
func (p *skipper) Gap(_ *proto.Conn, dir event.Dir, n int) bool {
	p.blind[dir] = p.blind[dir] || n > 0
	return true
}

// End has nothing to report.
func (p *skipper) End(*proto.Conn) {}
