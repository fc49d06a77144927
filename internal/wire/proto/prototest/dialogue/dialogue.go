// Package dialogue plays scripted and random conversations to a protocol's
// parser in the way the packet path does: in order, in pieces, offering again
// what the parser left, skipping what it asked to skip. It also holds the
// parser to its contract. Only test files import it.
package dialogue

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// Turn is what one side says at once.
type Turn struct {
	Dir  event.Dir
	Data []byte
}

// C is something the client says.
func C[B ~string | ~[]byte](b B) Turn { return Turn{event.ToServer, []byte(b)} }

// S is something the server says.
func S[B ~string | ~[]byte](b B) Turn { return Turn{event.ToClient, []byte(b)} }

// Player hands bytes to one parser.
type Player struct {
	Parser   proto.Parser
	Conn     *proto.Conn
	Datagram bool
	Dead     bool // the parser gave the flow up
	pending  [2][]byte
	skip     [2]int
}

// Say hands over one piece. It reports what of the contract the parser broke.
func (p *Player) Say(dir event.Dir, b []byte) (err error, broken string) {
	p.Conn.Packet++
	p.Conn.Time += 1e6
	if p.Dead {
		return nil, ""
	}
	if p.Datagram {
		_, err = p.Parser.Data(p.Conn, dir, b)
		p.Dead = err != nil
		return err, ""
	}
	if n := min(p.skip[dir], len(b)); n > 0 {
		p.skip[dir] -= n
		b = b[n:]
	}
	p.pending[dir] = append(p.pending[dir], b...)
	for len(p.pending[dir]) > 0 {
		n, err := p.Parser.Data(p.Conn, dir, p.pending[dir])
		if err != nil {
			p.Dead = true
			return err, ""
		}
		if n < 0 {
			return nil, "a negative count"
		}
		if n == 0 {
			break
		}
		if n >= len(p.pending[dir]) {
			p.skip[dir] = n - len(p.pending[dir])
			p.pending[dir] = p.pending[dir][:0]
		} else {
			p.pending[dir] = append(p.pending[dir][:0], p.pending[dir][n:]...)
		}
		if _, ok := p.Conn.Becoming(); ok {
			p.Dead = true
			return nil, ""
		}
	}
	if len(p.pending[dir]) > proto.MaxPending {
		p.Dead = true
	}
	return nil, ""
}

// Play plays a whole conversation, each turn in one piece, and ends it.
func Play(t testing.TB, pr proto.Protocol, c *proto.Conn, turns ...Turn) {
	t.Helper()
	play(t, pr, c, 0, turns)
}

// PlayBytes plays a whole conversation in pieces of one byte, and ends it.
func PlayBytes(t testing.TB, pr proto.Protocol, c *proto.Conn, turns ...Turn) {
	t.Helper()
	play(t, pr, c, 1, turns)
}

func play(t testing.TB, pr proto.Protocol, c *proto.Conn, step int, turns []Turn) {
	t.Helper()
	p := &Player{Parser: pr.New(), Conn: c, Datagram: c.Transport == 17}
	for i, turn := range turns {
		b := turn.Data
		size := step
		if size == 0 || p.Datagram {
			size = len(b)
		}
		for len(b) > 0 {
			n := min(size, len(b))
			err, broken := p.Say(turn.Dir, b[:n])
			if err != nil {
				t.Fatalf("turn %d: %v", i, err)
			}
			if broken != "" {
				t.Fatalf("turn %d: the parser gave %s", i, broken)
			}
			b = b[n:]
		}
	}
	p.Parser.End(c)
}

// Facts gives the bodies of one kind that a connection made so far.
func Facts[T any](c *proto.Conn) []*T {
	var out []*T
	for _, f := range c.Env.Out.Facts() {
		if body, ok := any(f.Body).(*T); ok {
			out = append(out, body)
		}
	}
	return out
}

// Recognise asks the probe about a conversation, turn after turn, until it
// decides, and gives the verdict.
func Recognise(pr proto.Protocol, c *proto.Conn, turns ...Turn) proto.Match {
	s := proto.Sample{Conn: c, Port: c.Registered}
	m := proto.More
	for _, turn := range turns {
		s.Dir = turn.Dir
		if c.Transport == 17 {
			s.Data[turn.Dir] = turn.Data
		} else {
			s.Data[turn.Dir] = append(s.Data[turn.Dir], turn.Data...)
		}
		if m = pr.Probe(&s); m == proto.No || m == proto.Yes {
			return m
		}
	}
	return m
}

// Seed writes a conversation in the form that Fuzz reads.
func Seed(turns ...Turn) []byte {
	var out []byte
	for _, turn := range turns {
		for b := turn.Data; len(b) > 0; {
			n := min(len(b), 0x7fff)
			out = append(out, byte(turn.Dir)<<7|byte(n>>8), byte(n))
			out = append(out, b[:n]...)
			b = b[n:]
		}
	}
	return out
}

// Fuzz runs a fuzz target over whole conversations with a protocol: probe,
// parser, a gap now and then, end, reset and once more.
func Fuzz(f *testing.F, pr proto.Protocol, transport uint8, port uint16, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, script []byte) {
		c := prototest.NewConn(transport, port)
		p := &Player{Parser: pr.New(), Conn: c, Datagram: transport == 17}
		for range 2 {
			converse(t, pr, p, script)
			p.Parser.End(c)
			p.Parser.Reset()
			for _, fact := range c.Env.Out.Facts() {
				fact.Body.AppendEVE(nil)
			}
			c.Env.Out.Reset()
			*p = Player{Parser: p.Parser, Conn: c, Datagram: p.Datagram}
		}
	})
}

func converse(t *testing.T, pr proto.Protocol, p *Player, script []byte) {
	s := proto.Sample{Conn: p.Conn, Port: true}
	for len(script) >= 2 {
		dir := event.Dir(script[0] >> 7)
		n := min(int(script[0]&0x7f)<<8|int(script[1]), len(script)-2)
		b := script[2 : 2+n]
		script = script[2+n:]
		if n == 0 {
			if !p.Dead && !p.Datagram {
				p.pending[dir], p.skip[dir] = p.pending[dir][:0], 0
				p.Dead = !p.Parser.Gap(p.Conn, dir, 0)
			}
			continue
		}
		s.Dir, s.Data[dir] = dir, b
		pr.Probe(&s)
		if _, broken := p.Say(dir, b); broken != "" {
			t.Fatalf("the parser gave %s", broken)
		}
	}
}
