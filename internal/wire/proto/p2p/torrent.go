package p2p

import (
	"bytes"
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// BitTorrent is BitTorrent between peers, over TCP and uTP, its distributed
// hash table, trackers over UDP and the search on the local network.
var BitTorrent = proto.Protocol{
	ID: event.ProtoBitTorrent, TCP: true, UDP: true,
	Ports: []uint16{6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889, 6771, 51413},
	Probe: probeBitTorrent,
	New:   func() proto.Parser { return new(torrent) },
}

func probeBitTorrent(s *proto.Sample) proto.Match {
	if s.Conn.Transport != overTCP {
		return probeDatagram(s)
	}
	m := proto.More
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		var h Handshake
		if _, err := DecodeHandshake(&h, b); err == ErrSyntax {
			return proto.No
		}
		if len(b) >= len(handshakePrefix) {
			m = proto.Yes
		}
	}
	return m
}

func probeDatagram(s *proto.Sample) proto.Match {
	b := s.Newest()
	var d DHT
	if isTrackerConnect(b) || isLocalSearch(b) || DecodeDHT(&d, b) == nil {
		return proto.Yes
	}
	// uTP is only known by an answer that fits the opening: the same connection,
	// and its number acknowledged.
	var u, o UTP
	if n, err := DecodeUTP(&u, b); err != nil || u.Type == utpSYN && n != len(b) {
		return proto.No
	}
	other := s.Data[s.Dir.Other()]
	if u.Type == utpSYN && len(other) == 0 {
		return proto.More
	}
	if u.Type != utpState || len(b) > 40 {
		return proto.No
	}
	if _, err := DecodeUTP(&o, other); err == nil && o.Type == utpSYN && o.Connection == u.Connection && o.Seq == u.Ack {
		return proto.Yes
	}
	return proto.No
}

// maxPeerMessage is how long a message between peers may be: a piece of
// 128 KiB, or the bitfield of a huge torrent.
const maxPeerMessage = 2 << 20

// torrent is the parser of BitTorrent.
type torrent struct {
	fact  report
	shook [2]bool
	blind [2]bool // the beginning was not seen, so lengths are not known
}

// Reset makes the parser as new.
func (p *torrent) Reset() { *p = torrent{} }

// Data takes datagrams, or handshake and messages; messages are skipped by
// their length.
func (p *torrent) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport != overTCP {
		p.datagram(c, dir, b)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		if p.blind[dir] {
			return len(b), nil
		}
		if !p.shook[dir] {
			var h Handshake
			n, err := DecodeHandshake(&h, rest)
			if err == ErrShort {
				break
			}
			if err != nil {
				p.blind[dir] = true
				continue
			}
			p.shook[dir] = true
			c.Message(dir)
			p.fact.emit(c, dir, "bittorrent", peerClient(h.PeerID[:]))
			done += n
			continue
		}
		if len(rest) < 4 {
			break
		}
		n := binary.BigEndian.Uint32(rest)
		if n > maxPeerMessage {
			p.blind[dir] = true
			continue
		}
		c.Message(dir)
		done += 4 + int(n)
	}
	return done, nil
}

// peerClient gives the part of a peer's identifier that names its program:
// "-qB4250-" (BEP 20).
func peerClient(id []byte) []byte {
	if id[0] == '-' && id[7] == '-' {
		return id[1:7]
	}
	return id[:8]
}

// worm is how the identifiers of a botnet's nodes begin, which are all in the
// same corner of the table (Mozi; Netlab 360, 2019).
var worm = []byte("88888888")

func (p *torrent) datagram(c *proto.Conn, dir event.Dir, b []byte) {
	var d DHT
	var u UTP
	switch {
	case DecodeDHT(&d, b) == nil:
		var buf [maxDetail]byte
		detail := append(buf[:0], "response"...)
		if d.Kind == 'q' {
			detail = append(buf[:0], d.Method[:min(len(d.Method), 32)]...)
		} else if d.Kind == 'e' {
			detail = append(buf[:0], "error"...)
		}
		if len(d.Version) > 0 {
			detail = append(append(detail, " version "...), d.Version[:min(len(d.Version), 8)]...)
		}
		if bytes.HasPrefix(d.ID, worm) {
			detail = append(detail, " node id 88888888"...)
		}
		p.fact.emit(c, dir, "bittorrent-dht", detail)
	case isTrackerConnect(b):
		p.fact.emit(c, dir, "bittorrent", []byte("tracker"))
	case isLocalSearch(b):
		p.fact.emit(c, dir, "bittorrent", []byte("local search"))
	default:
		if _, err := DecodeUTP(&u, b); err != nil {
			return
		}
		p.fact.emit(c, dir, "bittorrent", []byte("utp"))
	}
	c.Message(dir)
}

// Gap loses the place in a stream; the flow stays what it is.
func (p *torrent) Gap(_ *proto.Conn, dir event.Dir, n int) bool {
	if n > 0 {
		p.blind[dir] = true
	}
	return true
}

// End has nothing to report.
func (p *torrent) End(*proto.Conn) {}
