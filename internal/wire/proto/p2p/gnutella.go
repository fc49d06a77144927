package p2p

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Gnutella is the connection between two servents of the Gnutella network,
// which begins with lines of text and a blank one (Gnutella 0.6 draft, section
// 2). What follows is often compressed and passed over.
var Gnutella = proto.Protocol{
	ID: event.ProtoGnutella, TCP: true,
	Ports: []uint16{6346, 6347},
	Probe: func(s *proto.Sample) proto.Match { return probeEither(s, gnutellaAt) },
	New:   func() proto.Parser { return new(servent) },
}

// The beginnings of what the opening side and the other one say.
var gnutellaPrefix = [2][]byte{[]byte("GNUTELLA CONNECT/0."), []byte("GNUTELLA")}

// maxGreeting bounds the lines of a greeting, as all headers are optional.
const maxGreeting = 4096

// DecodeGreeting reads the opening lines of one side and gives their length
// and the program's name, empty when it is not told. What a side sends that
// was only asked begins with GNUTELLA and the version or, in 0.4, with
// "GNUTELLA OK".
func DecodeGreeting(b []byte) (n int, agent []byte, err error) {
	short := min(len(b), len(gnutellaPrefix[1]))
	if !bytes.Equal(b[:short], gnutellaPrefix[1][:short]) {
		return 0, nil, ErrSyntax
	}
	end := bytes.Index(b[:min(len(b), maxGreeting)], []byte("\n\n"))
	n = end + 2
	if crlf := bytes.Index(b[:min(len(b), maxGreeting)], []byte("\r\n\r\n")); crlf >= 0 && (end < 0 || crlf < end) {
		end, n = crlf, crlf+4
	}
	switch {
	case end < 0 && len(b) >= maxGreeting:
		return 0, nil, ErrSyntax
	case end < 0:
		return 0, nil, ErrShort
	}
	for line := range bytes.Lines(b[:end]) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(name, []byte("User-Agent")) {
			agent = bytes.TrimSpace(value)
		}
	}
	return n, agent, nil
}

// gnutellaAt knows a greeting by its first line.
func gnutellaAt(b []byte) error {
	rest, ok := bytes.CutPrefix(b, gnutellaPrefix[1])
	switch {
	case !ok && len(b) < len(gnutellaPrefix[1]) && bytes.HasPrefix(gnutellaPrefix[1], b), ok && len(rest) < 3:
		return ErrShort
	case ok && (bytes.HasPrefix(b, gnutellaPrefix[0][:min(len(b), len(gnutellaPrefix[0]))]) || bytes.HasPrefix(rest, []byte("/0.")) || bytes.HasPrefix(rest, []byte(" OK"))):
		return nil
	}
	return ErrSyntax
}

// servent is the parser of Gnutella.
type servent struct {
	fact report
	done [2]bool
}

// Reset makes the parser as new.
func (p *servent) Reset() { *p = servent{} }

// Data reads the first lines of each side.
func (p *servent) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if p.done[dir] {
		return len(b), nil
	}
	n, agent, err := DecodeGreeting(b)
	if err == ErrShort {
		return 0, nil
	}
	p.done[dir] = true
	if err != nil {
		return len(b), nil
	}
	c.Message(dir)
	p.fact.emit(c, dir, "gnutella", agent)
	return n, nil
}

// Gap passes over what is missing.
func (p *servent) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.done[dir] = true
	return true
}

// End has nothing to add.
func (p *servent) End(*proto.Conn) {}
