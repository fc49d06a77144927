package fins

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes FINS to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoFINS,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoFINS}}
	},
}

// probe knows packets over TCP by their magic. A datagram has no such mark: a
// valid header with a known command fits by chance once in some millions, so
// it counts on the customary port or when the other side fits as well.
func probe(s *proto.Sample) proto.Match {
	if s.Conn != nil && s.Conn.Transport == 17 {
		return probeDatagrams(s)
	}
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		var p Packet
		switch _, err := DecodePacket(&p, b); {
		case err == nil || err == ErrShort && len(b) >= packetHeader:
			best = proto.Yes
		case err == ErrShort:
			best = max(best, proto.More)
		default:
			return proto.No
		}
	}
	return best
}

func probeDatagrams(s *proto.Sample) proto.Match {
	var f Frame
	for _, b := range s.Data {
		if len(b) > 0 && Decode(&f, b) != nil {
			return proto.No
		}
	}
	return proto.Weak
}

type analyser struct {
	lost     [2]bool
	requests exchange.Requests
	told     identity.Once
}

func (a *analyser) Reset() {
	a.lost = [2]bool{}
	a.requests.Reset()
	a.told = identity.Once{}
}

// Gap makes the direction look for the next packet.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport == 17 {
		a.frame(c, dir, b)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		var p Packet
		n, err := DecodePacket(&p, rest)
		switch {
		case err == ErrShort:
			return done, nil
		case err != nil && a.lost[dir]:
			done++
			continue
		case err != nil:
			exchange.Anomaly(c, event.ProtoFINS, dir, "fins_malformed_packet", err.Error())
			a.lost[dir] = true
			done++
			continue
		}
		a.lost[dir] = false
		done += n
		if p.Kind == PacketFrame && p.Error == 0 {
			a.frame(c, dir, p.Data)
		} else {
			c.Message(dir)
		}
	}
	return done, nil
}

// frame handles a command or response.
func (a *analyser) frame(c *proto.Conn, dir event.Dir, b []byte) {
	var f Frame
	if err := Decode(&f, b); err != nil {
		exchange.Anomaly(c, event.ProtoFINS, dir, "fins_malformed_frame", err.Error())
		return
	}
	c.Message(dir)
	if f.Response {
		a.response(c, dir, &f)
		return
	}
	cmd := commands[f.Command]
	q := a.requests.Ask(c, key(&f, dir), dir)
	q.Verb, q.Class, q.Code = cmd.name, cmd.class, uint32(f.Command)
	target(q, &f)
}

// key joins a response with its command: the service id is the asker's, and
// some keep it constant.
func key(f *Frame, from event.Dir) uint64 {
	return uint64(from)<<32 | uint64(f.Command)<<8 | uint64(f.Service)
}

func (a *analyser) response(c *proto.Conn, dir event.Dir, f *Frame) {
	if x := a.requests.Answer(c, key(f, dir.Other()), dir); x != nil {
		x.Error = endText(f.End)
	}
	const model, version = 20, 40
	if f.Command == cmdControllerData && len(f.Data) >= version {
		a.told.Tell(c, dir, &event.Identity{
			Source: "fins.controller_data", Vendor: "OMRON", Type: "plc",
			Model: identity.Text(c, word(f.Data[:model])), Firmware: identity.Text(c, word(f.Data[model:version])),
		})
	}
}

// word gives b up to its first null.
func word(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// target words what a command is about: memory, or the mode to run in.
func target(q *exchange.Request, f *Frame) {
	d := f.Data
	switch f.Command {
	case cmdMemoryRead, cmdMemoryWrite, cmdMemoryFill, cmdMultipleRead, cmdMemoryTransfer:
		if len(d) < 4 {
			return
		}
		area(&q.Target, d[0])
		q.Target.Uint(uint64(binary.BigEndian.Uint16(d[1:])))
		if d[3] != 0 {
			q.Target.Str(".").Uint(uint64(d[3]))
		}
		if f.Command < cmdMultipleRead && len(d) >= 6 {
			q.Target.Str(" x ").Uint(uint64(binary.BigEndian.Uint16(d[4:])))
		}
	case cmdRun:
		if len(d) < 3 {
			return
		}
		switch d[2] {
		case 2:
			q.Name.Str("monitor")
		case 4:
			q.Name.Str("run")
		}
	}
}

func (a *analyser) End(c *proto.Conn) { a.requests.End(c) }
