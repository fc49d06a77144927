package quic

import "slices"

// The limits of what is put together of a client's first flight.
const (
	maxCrypto = 16 << 10 // bytes of CRYPTO data; hello messages with post-quantum keys have about 2000
	maxRanges = 32       // pieces of it
)

// span is a range of bytes that have come.
type span struct{ from, to int }

// cryptoStream puts CRYPTO frames together, which come in any order and, from
// some clients, shuffled on purpose.
type cryptoStream struct {
	buf  []byte
	have []span // sorted, apart from each other
}

// add takes a piece of the stream.
func (s *cryptoStream) add(offset int, data []byte) {
	end := offset + len(data)
	if len(data) == 0 || end > maxCrypto {
		return
	}
	if end > len(s.buf) {
		s.buf = append(s.buf, make([]byte, end-len(s.buf))...)
	}
	i := 0
	for i < len(s.have) && s.have[i].to < offset {
		i++
	}
	j := i
	piece := span{offset, end}
	for j < len(s.have) && s.have[j].from <= end {
		piece.from, piece.to = min(piece.from, s.have[j].from), max(piece.to, s.have[j].to)
		j++
	}
	if i == j && len(s.have) == maxRanges {
		return
	}
	copy(s.buf[offset:], data)
	s.have = slices.Replace(s.have, i, j, piece)
}

// ready gives what has come without a hole from the beginning on.
func (s *cryptoStream) ready() []byte {
	if len(s.have) == 0 || s.have[0].from > 0 {
		return nil
	}
	return s.buf[:s.have[0].to]
}

// frames takes the CRYPTO data out of the payload of an Initial packet (RFC
// 9000 section 19). It ends at the first frame that may not be there.
func (s *cryptoStream) frames(b []byte) {
	r := reader{b: b}
	for len(r.b) > 0 && !r.bad {
		switch kind := r.uint8(); kind {
		case 0, 1: // PADDING, PING
		case 2, 3: // ACK
			r.varint()
			r.varint()
			n := r.varint()
			r.varint()
			for range min(n, len(r.b)) {
				r.varint()
				r.varint()
			}
			if kind == 3 {
				r.varint()
				r.varint()
				r.varint()
			}
		case 6: // CRYPTO
			offset := r.varint()
			s.add(offset, r.take(r.varint()))
		default:
			return
		}
	}
}

// googleFrames does the same for the frames of Q050, where CRYPTO has another
// number, and others may come before it.
func (s *cryptoStream) googleFrames(b []byte) {
	r := reader{b: b}
	for len(r.b) > 0 && !r.bad {
		switch r.uint8() {
		case 0, 7: // PADDING, PING
		case 8: // CRYPTO
			offset := r.varint()
			s.add(offset, r.take(r.varint()))
		default:
			return
		}
	}
}

func (s *cryptoStream) reset() { s.buf, s.have = s.buf[:0], s.have[:0] }
