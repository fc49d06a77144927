package mqtt

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// probe recognises a connection by its CONNECT wherever it is, and by other
// packets on a registered port only, where they must be right in everything.
func probe(s *proto.Sample) proto.Match {
	client := s.Data[event.ToServer]
	if len(client) > 0 {
		switch m := connectStart(client); {
		case m == proto.Yes:
			return m
		case m == proto.More && s.Dir == event.ToServer:
			return m
		}
	}
	if !s.Port {
		if len(client) == 0 {
			return proto.More
		}
		return proto.No
	}
	more := false
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		switch sequence(s.Data[dir], side(dir)) {
		case proto.Weak:
			return proto.Weak
		case proto.More:
			more = true
		}
	}
	if more || s.Conn != nil && s.Conn.Midstream || len(client) == 0 {
		return proto.More
	}
	return proto.No
}

// names are the openings of a CONNECT behind its fixed header.
var names = [2][]byte{[]byte("\x00\x04MQTT"), []byte("\x00\x06MQIsdp")}

// connectStart says whether b begins with a CONNECT. The name is enough: what
// is wrong behind it is for the parser to say.
func connectStart(b []byte) proto.Match {
	if b[0]>>4 != uint8(CONNECT) {
		return proto.No
	}
	h, err := DecodeHeader(b)
	switch {
	case err == ErrShort && len(b) < 5:
		return proto.More
	case err != nil || h.Remaining < 8:
		return proto.No
	}
	body := b[h.Size:]
	for _, name := range names {
		n := min(len(name), len(body))
		if !bytes.Equal(body[:n], name[:n]) {
			continue
		}
		if n == len(name) {
			return proto.Yes
		}
		return proto.More
	}
	return proto.No
}

// sequence says whether b is a run of right packets of one side. The last may
// be incomplete, the first may not.
func sequence(b []byte, from Side) proto.Match {
	if len(b) == 0 {
		return proto.No
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for _, v := range [...]Version{V311, V5} {
		d := Decoder{Version: v, From: from, Streaming: true}
		rest, packets := b, 0
		var err error
		for len(rest) > 0 {
			var n int
			if n, err = d.Decode(&s.packet, rest); err != nil {
				break
			}
			packets++
			rest = rest[min(n, len(rest)):]
		}
		switch {
		case err != nil && err != ErrShort:
		case packets > 0:
			return proto.Weak
		case len(b) < 2 || plausible(b):
			return proto.More
		}
	}
	return proto.No
}

// plausible reports whether an incomplete packet may be waited for: anything
// but a PUBLISH is short in practice.
func plausible(b []byte) bool {
	h, err := DecodeHeader(b)
	if err != nil {
		return err == ErrShort
	}
	return h.Type == PUBLISH || h.Remaining <= 4096
}

// opening holds the first bytes of a side against what MQTT may begin with. A
// registered port is no proof, and who talks HTTP or LDAP to a broker is not
// sending malformed MQTT.
func opening(b []byte, dir event.Dir) bool {
	h, err := DecodeHeader(b)
	if dir == event.ToClient {
		return sequence(b, Server) != proto.No
	}
	switch {
	case b[0]>>4 == uint8(CONNECT):
		return b[0]&15 == 0 || len(b) > 4 && bytes.Contains(head(b, 16), []byte("MQ"))
	case err == ErrShort:
		return true
	case err != nil:
		return false
	}
	// Packets that are right, a length that no honest first packet has, or one
	// packet that is whole and wrong only inside.
	return sequence(b, Client) != proto.No || h.Type == PUBLISH && h.Size == 5 && h.Remaining >= 1<<21 ||
		h.Type != PUBLISH && sentBy[h.Type]&uint8(Client) != 0 && h.Flags == fixedFlags(h.Type) && h.Total() == len(b)
}

// resync says whether a packet begins at b after bytes were missed, or whether
// more must come to tell.
func resync(b []byte, dir event.Dir, v Version) (found, wait bool) {
	d := Decoder{Version: v, From: side(dir), Streaming: true}
	if v == 0 {
		d.Version, _ = guessVersion(b, d.From)
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	_, err := d.Decode(&s.packet, b)
	if err == ErrShort {
		return false, len(b) < maxBuffered && plausible(b)
	}
	return err == nil, false
}

// guessVersion tells from one packet whether the session is of MQTT 5.0 when
// its CONNECT was missed. sure is false when the next packet may tell better.
func guessVersion(b []byte, from Side) (v Version, sure bool) {
	h, err := DecodeHeader(b)
	if err != nil || len(b) < h.Total() && h.Type != PUBLISH {
		return V311, false
	}
	switch h.Type {
	case CONNECT:
		return V311, false // it tells by itself
	case CONNACK, UNSUBACK:
		if h.Remaining == 2 {
			return V311, true
		}
		return V5, h.Remaining > 2
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		return pick(h.Remaining > 2)
	case DISCONNECT:
		return pick(h.Remaining > 0 || from == Server)
	case AUTH:
		return V5, true
	case SUBSCRIBE, UNSUBSCRIBE:
		s := scratches.Get().(*scratch)
		defer scratches.Put(s)
		for _, v := range [...]Version{V311, V5} {
			d := Decoder{Version: v, From: from}
			if _, err := d.Decode(&s.packet, b); err == nil {
				return v, true
			}
		}
	case PUBLISH:
		return guessPublish(b, from)
	}
	return V311, false
}

func pick(five bool) (Version, bool) {
	if five {
		return V5, true
	}
	return V311, false
}

// guessPublish looks at what would be the properties of a PUBLISH. Properties
// that are right prove MQTT 5.0; their absence looks like a payload that
// begins with a zero byte, which text does not.
func guessPublish(b []byte, from Side) (Version, bool) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	p := &s.packet
	d := Decoder{Version: V5, From: from, Streaming: true}
	if _, err := d.Decode(p, b); err != nil {
		return V311, false
	}
	if p.Props.set != 0 {
		return V5, true
	}
	return pickText(p.Payload), false
}

// pickText says 5.0 for a payload that is text.
func pickText(b []byte) Version {
	for _, c := range head(b, HeadSize) {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return V311
		}
	}
	if len(b) == 0 {
		return V311
	}
	return V5
}
