// Package p2p recognises peer-to-peer networks by the way their peers greet each
// other: BitTorrent (BEP 3, 5, 14, 15, 29), Bitcoin and the currencies made
// after it, Monero (Levin), Ethereum (devp2p), and Gnutella (0.4, 0.6). Codecs for the greetings, and
// analysers that report each flow once, with what the peer says it is.
//
// It follows no downloads and reads no transactions. Encrypted BitTorrent and
// discovery version 5 of Ethereum look like noise and are not claimed. The
// codecs may be used by every part of the program.
package p2p

import (
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// The errors of the decoders.
var (
	ErrShort  = errors.New("p2p: incomplete message")
	ErrSyntax = errors.New("p2p: malformed message")
)

const (
	overTCP   = 6
	maxDetail = 128
)

// report makes the fact of a flow, once.
type report struct{ done bool }

func (r *report) emit(c *proto.Conn, dir event.Dir, protocol string, detail []byte) {
	if r.done {
		return
	}
	r.done = true
	f := proto.Emit[event.P2P](c, dir)
	f.Protocol, f.Detail = protocol, printable(c, detail)
}

// printable copies text of a peer into the batch; what cannot be shown becomes
// a dot.
func printable(c *proto.Conn, b []byte) string {
	var buf [maxDetail]byte
	n := copy(buf[:], b)
	for i, ch := range buf[:n] {
		if ch < ' ' || ch >= 0x7f {
			buf[i] = '.'
		}
	}
	return c.String(buf[:n])
}
