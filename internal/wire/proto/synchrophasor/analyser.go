package synchrophasor

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes C37.118 to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoSynchrophasor,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port, PortUDP},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoSynchrophasor}}
	},
}

// probe asks every direction that has spoken for a frame whose checksum fits.
func probe(s *proto.Sample) proto.Match {
	datagram := s.Conn != nil && s.Conn.Transport == 17
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		var f Frame
		n, err := Decode(&f, b)
		switch {
		case err == nil && (!datagram || n == len(b)):
			best = proto.Yes
		case err == ErrShort && !datagram:
			best = max(best, proto.More)
		default:
			return proto.No
		}
	}
	return best
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

// Gap makes the direction look for the next frame.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		var f Frame
		n, err := DecodeHeader(&f, rest)
		if err == nil && f.Type == Data && !a.lost[dir] {
			c.Message(dir)
			a.data(c, dir, f.ID)
			done += n // measurements are passed over
			continue
		}
		if err == nil {
			_, err = Decode(&f, rest)
		}
		switch {
		case err == ErrShort && c.Transport != 17:
			return done, nil
		case err == nil:
			a.lost[dir] = false
			done += n
			c.Message(dir)
			a.frame(c, dir, &f)
			continue
		case !a.lost[dir]:
			exchange.Anomaly(c, event.ProtoSynchrophasor, dir, "synchrophasor_malformed_frame", err.Error())
		}
		if c.Transport == 17 {
			return len(b), nil
		}
		if err == errChecksum && !a.lost[dir] {
			done += n
			continue
		}
		a.lost[dir] = true
		done++
	}
	return done, nil
}

// key joins a command with the type of frame that answers it.
func key(from event.Dir, id uint16, answer Type) uint64 {
	return uint64(from)<<32 | uint64(id)<<8 | uint64(answer)
}

// data handles a data frame: the first one answers the command to transmit.
func (a *analyser) data(c *proto.Conn, dir event.Dir, id uint16) {
	if a.requests.Len() > 0 {
		a.requests.Answer(c, key(dir.Other(), id, Data), dir)
	}
}

func (a *analyser) frame(c *proto.Conn, dir event.Dir, f *Frame) {
	switch f.Type {
	case Data:
		a.data(c, dir, f.ID)
	case Command:
		a.command(c, dir, f)
	case Header:
		a.requests.Answer(c, key(dir.Other(), f.ID, Header), dir)
	default:
		a.config(c, dir, f)
	}
}

// command notes a command frame (table 15). Those that are not answered become
// facts at once.
func (a *analyser) command(c *proto.Conn, dir event.Dir, f *Frame) {
	code := binary.BigEndian.Uint16(f.Body)
	verb, class, answer := "extended frame", event.OpOther, Command
	switch code {
	case 1:
		verb, class = "turn off transmission", event.OpMode
	case 2:
		verb, class, answer = "turn on transmission", event.OpMode, Data
	case 3:
		verb, class, answer = "send header", event.OpRead, Header
	case 4:
		verb, class, answer = "send configuration 1", event.OpDiscover, Config1
	case 5:
		verb, class, answer = "send configuration 2", event.OpDiscover, Config2
	case 6:
		verb, class, answer = "send configuration 3", event.OpDiscover, Config3
	case 8:
	default:
		verb = "unknown command"
	}
	var target exchange.Text
	target.Str("id ").Uint(uint64(f.ID))
	if answer == Command {
		x := proto.Emit[event.ICS](c, dir)
		x.Protocol, x.Verb, x.Code, x.Class = event.ProtoSynchrophasor, verb, uint32(code), class
		x.Target = c.String(target.Bytes())
		return
	}
	q := a.requests.Ask(c, key(dir, f.ID, answer), dir)
	q.Verb, q.Code, q.Class, q.Target = verb, uint32(code), class, target
}

// config handles a configuration frame: it answers a command, or comes on its
// own account, and names the stations.
func (a *analyser) config(c *proto.Conn, dir event.Dir, f *Frame) {
	var names exchange.Text
	total, err := Stations(f.Type, f.Body, func(name []byte, _ uint16) bool {
		if names.Len() > 0 {
			names.Str(", ")
		}
		names.Printable(trim(name))
		return names.Len() < exchange.TextMax
	})
	if err != nil {
		exchange.Anomaly(c, event.ProtoSynchrophasor, dir, "synchrophasor_malformed_configuration", err.Error())
	}
	x := a.requests.Answer(c, key(dir.Other(), f.ID, f.Type), dir)
	if x == nil {
		x = proto.Emit[event.ICS](c, dir)
		x.Protocol, x.Verb = event.ProtoSynchrophasor, "configuration"
		var t exchange.Text
		x.Target = c.String(t.Str("id ").Uint(uint64(f.ID)).Bytes())
	}
	x.Name = c.String(names.Bytes())
	id := event.Identity{Source: "synchrophasor.configuration"}
	if total == 1 {
		id.Name = c.String(names.Bytes())
	} else {
		id.Banner = c.String(names.Bytes()) // a concentrator of several stations
	}
	a.told.Tell(c, dir, &id)
}

// trim takes the padding off a name.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

func (a *analyser) End(c *proto.Conn) { a.requests.End(c) }
