package kasa

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"edgeward/internal/event"
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
	for _, cmd := range commands(text) {
		f := p.fact(c, event.ToServer, cmd)
		var reply struct {
			Error int32 `json:"err_code"`
		}
		// What has no error code did not fail.
		if err := json.Unmarshal(cmd.body, &reply); err == nil {
			f.Error = reply.Error
		}
		if cmd.module == "system" && cmd.method == "get_sysinfo" {
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
	for _, cmd := range commands(p.request) {
		p.fact(c, event.ToServer, cmd)
		p.waiting = true
		p.secrets(c, cmd, "unknown")
		p.waiting = false
	}
}

func (p *parser) fact(c *proto.Conn, dir event.Dir, cmd command) *event.Kasa {
	f := proto.Emit[event.Kasa](c, dir)
	f.Command = c.Head([]byte(cmd.module+"."+cmd.method), maxText)
	f.Write = cmd.write()
	return f
}

// command is one method of one module, as {"module":{"method":body}} has it.
type command struct {
	module, method string
	body           json.RawMessage
}

// write reports whether the command changes anything.
func (c command) write() bool { return !strings.HasPrefix(c.method, "get_") && c.method != "discover" }

// commands takes a message apart, in the order of the names, as JSON has none.
func commands(text []byte) []command {
	var modules map[string]json.RawMessage
	if json.Unmarshal(text, &modules) != nil {
		return nil
	}
	var out []command
	for module, raw := range modules {
		var methods map[string]json.RawMessage
		if module == "context" || json.Unmarshal(raw, &methods) != nil {
			continue
		}
		for method, body := range methods {
			if method != "err_code" && method != "err_msg" {
				out = append(out, command{module, method, body})
			}
		}
	}
	slices.SortFunc(out, func(a, b command) int {
		if n := strings.Compare(a.module, b.module); n != 0 {
			return n
		}
		return strings.Compare(a.method, b.method)
	})
	return out[:min(len(out), maxCommands)]
}

// secrets makes a login of the credentials that a request hands over under a
// cipher which everybody can read: those of a Wi-Fi network or of the cloud
// account.
func (p *parser) secrets(c *proto.Conn, cmd command, outcome string) {
	wifi := cmd.method == "set_stainfo"
	if !wifi && !(cmd.module == "cnCloud" && cmd.method == "bind") {
		return
	}
	for _, asked := range commands(p.request) {
		if asked.module != cmd.module || asked.method != cmd.method {
			continue
		}
		var k struct{ SSID, Username, Password string }
		if json.Unmarshal(asked.body, &k) != nil || k.Password == "" {
			return
		}
		l := proto.Emit[event.Login](c, event.ToServer)
		l.Service, l.Outcome, l.Mechanism, l.Clear = event.ProtoKasa, outcome, "cloud", true
		l.User = c.Head([]byte(k.Username), maxText)
		if wifi {
			l.Mechanism, l.User = "wifi", c.Head([]byte(k.SSID), maxText)
		}
		l.Secret = c.Secret(event.ProtoKasa, l.User, []byte(k.Password))
		return
	}
}

// Gap ends the reading of a stream, in which a message cannot be found again.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != 6 }

// End makes facts of what was not answered.
func (p *parser) End(c *proto.Conn) { p.flush(c) }

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{request: p.request[:0]} }
