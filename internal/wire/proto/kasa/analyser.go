package kasa

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes TP-Link Smart Home over TCP and UDP, and TDP.
var Protocol = proto.Protocol{
	ID:    event.ProtoKasa,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{9999, 20002},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxCommands  = 8       // facts of one message
	maxMembers   = 64      // commands of one message that are looked at
	maxRequest   = 4 << 10 // a request that is kept until its answer
	maxText      = 256
	maxAnomalies = 16
)

var errNotKasa = errors.New("kasa: the stream is no Smart Home conversation")

// probe recognises a message by its first and last characters under the
// cipher, a discovery datagram by its checksum.
func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if s.Conn.Transport == 6 {
		switch {
		case len(b) < 4+8:
			if len(b) >= 4 && binary.BigEndian.Uint32(b) > maxMessage {
				return proto.No
			}
			return proto.More
		case binary.BigEndian.Uint32(b) <= maxMessage && looksEncrypted(b[4:], false):
			return proto.Yes
		}
		return proto.No
	}
	if looksEncrypted(b, true) {
		return proto.Yes
	}
	if _, err := DecodeTDP(b); err == nil {
		return proto.Yes
	}
	return proto.No
}

// parser is the state of one flow: the request that waits for its answer.
type parser struct {
	request   []byte
	waiting   bool
	told      identity.Once
	anomalies int
	cmds      []command
}

// texts are the buffers for decrypted messages; no flow needs its own.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// Data reads a datagram, or the messages of a stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	buf := texts.Get().(*[]byte)
	defer texts.Put(buf)
	if c.Transport != 6 {
		c.Message(dir)
		if text, err := DecodeTDP(b); err == nil {
			p.discovery(c, dir, text)
			return len(b), nil
		}
		*buf = Decrypt((*buf)[:0], b[:min(len(b), maxMessage)])
		p.message(c, dir, *buf)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		text, n, err := Decode((*buf)[:0], b[done:])
		if err == ErrShort {
			break
		}
		if err != nil {
			return done, errNotKasa
		}
		*buf = text
		c.Message(dir)
		p.message(c, dir, text)
		done += n
	}
	return done, nil
}

// message handles the text of a command or its answer.
func (p *parser) message(c *proto.Conn, dir event.Dir, text []byte) {
	if !json.Valid(text) {
		if p.anomalies++; p.anomalies <= maxAnomalies {
			c.Anomaly(event.ProtoKasa, dir, "json", "")
		}
		return
	}
	if dir == event.ToServer {
		p.flush(c)
		p.request, p.waiting = append(p.request[:0], text[:min(len(text), maxRequest)]...), true
		if c.Transport == 17 && c.ClientPort == 9999 { // apps ask from other ports
			p.told.Tell(c, dir, &event.Identity{Source: "kasa.broadcast", Vendor: vendor})
		}
		return
	}
	for _, cmd := range p.commands(text) {
		f := p.fact(c, event.ToServer, cmd)
		members(cmd.body, func(name, value []byte) { // what has no error code did not fail
			if string(name) == "err_code" {
				f.Error = number(value)
			}
		})
		if string(cmd.module) == "system" && string(cmd.method) == "get_sysinfo" {
			p.sysinfo(c, dir, f, cmd.body)
		}
		if p.waiting {
			p.secrets(c, cmd, outcome(f.Error))
		}
	}
	p.waiting = false
}

func outcome(code int32) string {
	if code == 0 {
		return "success"
	}
	return "failure"
}

// flush makes facts of a request that nobody answered.
func (p *parser) flush(c *proto.Conn) {
	if !p.waiting {
		return
	}
	p.waiting = false
	for _, cmd := range p.commands(p.request) {
		p.fact(c, event.ToServer, cmd)
		p.waiting = true
		p.secrets(c, cmd, "unknown")
		p.waiting = false
	}
}

func (p *parser) fact(c *proto.Conn, dir event.Dir, cmd command) *event.Kasa {
	f := proto.Emit[event.Kasa](c, dir)
	var buf [maxText]byte
	text := append(append(append(buf[:0], cmd.module...), '.'), cmd.method...)
	f.Command = c.Head(text, maxText)
	f.Write = cmd.write()
	return f
}

// command is one method of one module, as {"module":{"method":body}} has it.
// It is a view into the message.
type command struct{ module, method, body []byte }

// write reports whether the command changes anything.
func (c command) write() bool {
	return !bytes.HasPrefix(c.method, []byte("get_")) && string(c.method) != "discover"
}

// commands takes a message apart, in the order of the names, as JSON has none.
// What it gives is valid until the next call.
func (p *parser) commands(text []byte) []command {
	p.cmds = p.cmds[:0]
	members(text, func(module, methods []byte) {
		if string(module) == "context" {
			return
		}
		members(methods, func(method, body []byte) {
			if string(method) != "err_code" && string(method) != "err_msg" && len(p.cmds) < maxMembers {
				p.cmds = append(p.cmds, command{module, method, body})
			}
		})
	})
	ident.Sort(p.cmds, func(a, b *command) int {
		return cmp.Or(bytes.Compare(a.module, b.module), bytes.Compare(a.method, b.method))
	})
	return p.cmds[:min(len(p.cmds), maxCommands)]
}

// secrets makes a login of the credentials that a request hands over under a
// cipher which everybody can read: those of a Wi-Fi network or of the cloud
// account.
func (p *parser) secrets(c *proto.Conn, cmd command, outcome string) {
	wifi := string(cmd.method) == "set_stainfo"
	if !wifi && !(string(cmd.module) == "cnCloud" && string(cmd.method) == "bind") {
		return
	}
	var asked []byte
	members(p.request, func(module, methods []byte) {
		if bytes.Equal(module, cmd.module) {
			members(methods, func(method, body []byte) {
				if bytes.Equal(method, cmd.method) {
					asked = body
				}
			})
		}
	})
	var k struct{ SSID, Username, Password string }
	if asked == nil || json.Unmarshal(asked, &k) != nil || k.Password == "" {
		return
	}
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.Outcome, l.Mechanism, l.Clear = event.ProtoKasa, outcome, "cloud", true
	l.User = c.Head([]byte(k.Username), maxText)
	if wifi {
		l.Mechanism, l.User = "wifi", c.Head([]byte(k.SSID), maxText)
	}
	l.Secret = c.Secret(event.ProtoKasa, l.User, []byte(k.Password))
}

// Gap ends the reading of a stream, in which a message cannot be found again.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != 6 }

// End makes facts of what was not answered.
func (p *parser) End(c *proto.Conn) { p.flush(c) }

// Reset makes the parser as new.
func (p *parser) Reset() {
	clear(p.cmds)
	*p = parser{request: p.request[:0], cmds: p.cmds[:0]}
}
