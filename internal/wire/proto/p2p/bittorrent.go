package p2p

import (
	"bytes"
	"encoding/binary"
)

// HandshakeLen is the length of BitTorrent's handshake.
const HandshakeLen = 68

var handshakePrefix = []byte("\x13BitTorrent protocol")

// Handshake is BitTorrent's greeting over a stream (BEP 3).
type Handshake struct {
	InfoHash [20]byte
	PeerID   [20]byte
}

// DecodeHandshake reads the handshake at the beginning of b.
func DecodeHandshake(dst *Handshake, b []byte) (n int, err error) {
	if k := min(len(b), len(handshakePrefix)); !bytes.Equal(b[:k], handshakePrefix[:k]) {
		return 0, ErrSyntax
	}
	if len(b) < HandshakeLen {
		return 0, ErrShort
	}
	copy(dst.InfoHash[:], b[28:])
	copy(dst.PeerID[:], b[48:])
	return HandshakeLen, nil
}

// DHT is a message of the distributed hash table (BEP 5).
type DHT struct {
	Kind    byte   // q query, r response, e error
	Method  []byte // of a query: ping, find_node, get_peers, announce_peer
	ID      []byte // of the node that sends, 20 bytes
	Version []byte // of its program
}

// DecodeDHT reads the message that fills b. It takes only what has the fields
// that the standard wants.
func DecodeDHT(dst *DHT, b []byte) error {
	*dst = DHT{}
	if len(b) < 20 || b[0] != 'd' || b[len(b)-1] != 'e' {
		return ErrSyntax
	}
	s := bencode{b: b}
	transaction := false
	s.dict(0, func(key []byte) {
		switch string(key) {
		case "a", "r":
			if s.next() != 'd' {
				s.skip(1)
				return
			}
			s.dict(1, func(key []byte) {
				if string(key) == "id" && s.next() == 's' {
					dst.ID = s.text()
					return
				}
				s.skip(2)
			})
		case "q":
			dst.Method = s.text()
		case "t":
			id := s.text()
			transaction = len(id) > 0 && len(id) <= 32
		case "v":
			dst.Version = s.text()
		case "y":
			if t := s.text(); len(t) == 1 {
				dst.Kind = t[0]
			}
		default:
			s.skip(1)
		}
	})
	if s.bad || s.i != len(b) || !transaction {
		return ErrSyntax
	}
	switch {
	case dst.Kind == 'q' && len(dst.Method) > 0 && len(dst.ID) == 20, dst.Kind == 'r' && len(dst.ID) == 20, dst.Kind == 'e':
		return nil
	}
	return ErrSyntax
}

// UTP is the header of the micro transport protocol (BEP 29).
type UTP struct {
	Type       uint8 // 0 data, 1 fin, 2 state, 3 reset, 4 syn
	Connection uint16
	Seq, Ack   uint16
}

// The types of UTP packets on which recognition stands.
const (
	utpState = 2
	utpSYN   = 4
)

// DecodeUTP reads a header of version 1 with its extensions.
func DecodeUTP(dst *UTP, b []byte) (n int, err error) {
	if len(b) < 20 || b[0]&0x0f != 1 || b[0]>>4 > utpSYN {
		return 0, ErrSyntax
	}
	*dst = UTP{b[0] >> 4, binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])}
	n = 20
	for ext := b[1]; ext != 0; {
		if ext > 3 || n+2 > len(b) || n+2+int(b[n+1]) > len(b) {
			return 0, ErrSyntax
		}
		ext, n = b[n], n+2+int(b[n+1])
	}
	return n, nil
}

// trackerMagic begins the connect request to a tracker over UDP (BEP 15).
const trackerMagic = 0x41727101980

// isTrackerConnect reports whether b is a connect request to a tracker.
func isTrackerConnect(b []byte) bool {
	return len(b) == 16 && binary.BigEndian.Uint64(b) == trackerMagic && binary.BigEndian.Uint32(b[8:]) == 0
}

// isLocalSearch reports whether b looks for peers on the local network (BEP 14).
func isLocalSearch(b []byte) bool { return bytes.HasPrefix(b, []byte("BT-SEARCH * HTTP/1.1\r\n")) }
