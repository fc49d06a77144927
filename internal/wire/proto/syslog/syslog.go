// Package syslog recognises syslog messages (RFC 3164, RFC 5424) and counts
// them. What they say is for log collectors; nothing of it becomes a fact.
//
// The packet path uses the analyser.
package syslog

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol counts messages on the registered port, which over TCP it shares
// with the remote shell.
var Protocol = proto.Protocol{
	ID: event.ProtoSyslog, TCP: true, UDP: true, Ports: []uint16{514},
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

// Priority reads the part of a message that all have, <PRI> (RFC 5424 section
// 6.2.1), and gives its value and length; n is 0 when there is none.
func Priority(b []byte) (pri uint8, n int) {
	const most = 23*8 + 7
	if len(b) < 3 || b[0] != '<' {
		return 0, 0
	}
	v := 0
	for i := 1; i < min(len(b), 5); i++ {
		switch c := b[i]; {
		case c == '>' && i > 1 && v <= most:
			return uint8(v), i + 1
		case c < '0' || c > '9' || i > 1 && v == 0:
			return 0, 0
		default:
			v = v*10 + int(c-'0')
		}
	}
	return 0, 0
}

func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if !s.Port {
		return proto.No
	}
	if s.Conn.Transport == 6 {
		if n, size := counted(b); n > 0 && size > 0 {
			b = b[n:]
		}
		if len(b) < 5 {
			return proto.More
		}
	}
	if _, n := Priority(b); n > 0 && len(b) > n && b[n] >= ' ' {
		return proto.Yes
	}
	return proto.No
}

// counted reads the length in front of a message with octet counting (RFC 6587
// section 3.4.1).
func counted(b []byte) (n, size int) {
	for n < min(len(b), 6) {
		switch c := b[n]; {
		case c == ' ' && n > 0:
			return n + 1, size
		case c < '0' || c > '9' || c == '0' && n == 0:
			return 0, 0
		default:
			size = size*10 + int(c-'0')
		}
		n++
	}
	return 0, 0
}

// maxLine is how long a line may be before it is counted without its end.
const maxLine = 16 << 10

// parser counts messages.
type parser struct{}

// Data takes a datagram, or messages on a stream.
func (*parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport != 6 {
		c.Message(dir)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		if n, size := counted(rest); n > 0 {
			c.Message(dir)
			done += n + size
			continue
		}
		i := bytes.IndexByte(rest, '\n')
		if i < 0 && len(rest) < maxLine {
			break
		}
		if i < 0 {
			i = len(rest) - 1
		}
		c.Message(dir)
		done += i + 1
	}
	return done, nil
}

// Gap goes on with the next line.
func (*parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to do.
func (*parser) End(*proto.Conn) {}

// Reset has nothing to do.
func (*parser) Reset() {}
