package melsec

import (
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes SLMP and MELSOFT to the packet path. The ports of SLMP
// are set in the controller; those here are customary.
var Protocol = proto.Protocol{
	ID:    event.ProtoMELSEC,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{5000, 5001, 5002, 5006, 5007, 5008, 5560, 5561, 5562, 5563},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoMELSEC}}
	},
}

// probe asks every direction that has spoken for a valid frame.
func probe(s *proto.Sample) proto.Match {
	datagram := s.Conn != nil && s.Conn.Transport == 17
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		m := probeOne(b, datagram)
		if m == proto.No {
			return proto.No
		}
		best = max(best, m)
	}
	return best
}

func probeOne(b []byte, datagram bool) proto.Match {
	var m Message
	n, err := Decode(&m, b)
	switch {
	case err == ErrShort && !datagram && (len(b) < 2 || plausible(b)):
		return proto.More
	case err != nil:
		return probe1E(b)
	case m.Frame == FrameMELSOFT:
		return proto.Yes
	case !routes(&m) || datagram && n != len(b):
		return proto.No
	case m.Response:
		return proto.Weak
	}
	if _, ok := slmp[m.Command]; !ok {
		return proto.No
	}
	return proto.Yes
}

// plausible reports whether the beginning of a frame can be one of those that
// tell their length.
func plausible(b []byte) bool {
	switch b[0] {
	case 0x50, 0xd0, 0x54, 0xd4:
		return b[1] == 0
	case 0x57, 0xd7:
		return b[1] <= 1 && (len(b) < 7 || b[5] == 0x11 && b[6] == 0x11)
	}
	return false
}

// routes reports whether the access route is one the manuals allow: module
// I/O numbers of CPUs or of modules in a rack, stations of a network.
func routes(m *Message) bool {
	io := m.ModuleIO
	return (io <= 0x1ff || io >= 0x3d0 && io <= 0x3e3 || io == 0x3ff) && m.Network <= 239 && m.Multidrop <= 31 &&
		(m.Station <= 120 || m.Station >= 0x7d)
}

// probe1E recognises a frame 1E, which has few marks.
func probe1E(b []byte) proto.Match {
	var m Message1E
	if Decode1E(&m, b) != nil {
		return proto.No
	}
	if m.Response {
		if m.Command <= 5 && (m.End == 0 || m.End >= 0x50 && m.End <= 0x60) {
			return proto.Weak
		}
		return proto.No
	}
	if m.PC != 0xff || m.Command > 3 || !isDevice1E(m.Data[4:]) || m.Data[7] != 0 || m.Command <= 1 && len(m.Data) != 8 {
		return proto.No
	}
	return proto.Weak
}

// login is an attempt to authenticate that waits for its outcome.
type login struct {
	waits     bool
	from      event.Dir
	key       uint64
	mechanism string // constant
	user      exchange.Text
	secret    event.Secret
	clear     bool
}

type analyser struct {
	lost     [2]bool
	old      bool // frames 1E
	requests exchange.Requests
	told     identity.Once
	login    login
	user     exchange.Text // of the engineering tool's session
}

func (a *analyser) Reset() {
	a.lost, a.old = [2]bool{}, false
	a.requests.Reset()
	a.told = identity.Once{}
	a.login = login{}
	a.user.Reset()
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
		var m Message
		n, err := Decode(&m, rest)
		if err == ErrShort && c.Transport != 17 {
			return done, nil
		}
		if err == errSubheader && done == 0 && (a.old || c.Messages == [2]uint32{} && probe1E(b) != proto.No) {
			a.old = true
			a.frame1E(c, dir, b)
			return len(b), nil
		}
		if err != nil {
			if !a.lost[dir] {
				exchange.Anomaly(c, event.ProtoMELSEC, dir, "melsec_malformed", err.Error())
			}
			if c.Transport == 17 {
				return len(b), nil
			}
			a.lost[dir] = true
			done++
			continue
		}
		a.lost[dir] = false
		done += n
		c.Message(dir)
		if m.Response {
			a.response(c, dir, &m)
		} else {
			a.request(c, dir, &m)
		}
	}
	return done, nil
}

// Keys of requests: frames 3E have no serial number, so that answers come in
// the order of requests.
func key(m *Message, from event.Dir) uint64 {
	return uint64(from)<<40 | uint64(m.Frame)<<32 | uint64(m.Serial)
}

const key1E = 1 << 48

func (a *analyser) request(c *proto.Conn, dir event.Dir, m *Message) {
	k := key(m, dir)
	cmd := describe(m)
	q := a.requests.Ask(c, k, dir)
	q.Verb, q.Class, q.Code = cmd.name, cmd.class, uint32(m.Command)
	switch {
	case m.Frame != FrameMELSOFT && m.Command == cmdUnlock:
		a.begin(c, dir, k, "remote-password", nil)
		if len(m.Data) >= 2 {
			n := min(int(m.Data[0])|int(m.Data[1])<<8, len(m.Data)-2)
			a.login.secret = c.Secret(event.ProtoMELSEC, "", m.Data[2:2+n])
			a.login.secret.Text = strings.Clone(a.login.secret.Text)
			a.login.clear = true
		}
	case m.Frame != FrameMELSOFT:
		target(&q.Target, m)
	case m.Command == softUserLogin:
		const longest = 40
		utf16(&a.user, m.Data[:min(len(m.Data), longest)])
	case m.Command == softPasswordSend:
		a.begin(c, dir, k, "melsoft", a.user.Bytes())
	}
}

func (a *analyser) response(c *proto.Conn, dir event.Dir, m *Message) {
	k := key(m, dir.Other())
	q := a.requests.Find(k, dir)
	asked := uint16(0)
	if q != nil {
		asked = uint16(q.Code)
	}
	if m.Frame == FrameMELSOFT {
		asked = m.Command
	}
	if f := a.requests.Answer(c, k, dir); f != nil {
		f.Error = errorText(c, m.End)
	}
	if a.login.waits && a.login.key == k {
		outcome := "success"
		if m.End != 0 {
			outcome = "failure"
		}
		a.end(c, outcome)
	}
	const model = 16
	if asked == cmdTypeName && m.End == 0 && len(m.Data) >= model && m.Data[0] > ' ' && m.Data[0] < 0x7f {
		a.told.Tell(c, dir, &event.Identity{
			Source: "melsec.type_name", Vendor: "Mitsubishi Electric", Type: "plc", Model: identity.Text(c, m.Data[:model]),
		})
	}
}

// frame1E handles a frame 1E.
func (a *analyser) frame1E(c *proto.Conn, dir event.Dir, b []byte) {
	var m Message1E
	if err := Decode1E(&m, b); err != nil {
		exchange.Anomaly(c, event.ProtoMELSEC, dir, "melsec_malformed", err.Error())
		return
	}
	c.Message(dir)
	k := key1E | uint64(m.Command)
	if m.Response {
		if f := a.requests.Answer(c, k|uint64(dir.Other())<<40, dir); f != nil {
			f.Error = errorText(c, uint16(m.End))
		}
		return
	}
	cmd := command1E(m.Command)
	q := a.requests.Ask(c, k|uint64(dir)<<40, dir)
	q.Verb, q.Class, q.Code = cmd.name, cmd.class, uint32(m.Command)
	target1E(&q.Target, &m)
}

// begin notes an attempt to authenticate.
func (a *analyser) begin(c *proto.Conn, dir event.Dir, k uint64, mechanism string, user []byte) {
	a.end(c, "unknown")
	a.login.waits, a.login.from, a.login.key, a.login.mechanism = true, dir, k, mechanism
	a.login.user.Put(user)
}

// end makes the fact of the attempt that waits, if any.
func (a *analyser) end(c *proto.Conn, outcome string) {
	l := &a.login
	if !l.waits {
		return
	}
	f := proto.Emit[event.Login](c, l.from)
	f.Service, f.Mechanism, f.Outcome, f.Clear = event.ProtoMELSEC, l.mechanism, outcome, l.clear
	f.User, f.Secret = c.String(l.user.Bytes()), l.secret
	f.Secret.Text = c.String([]byte(l.secret.Text))
	*l = login{}
}

func (a *analyser) End(c *proto.Conn) {
	a.requests.End(c)
	a.end(c, "unknown")
}

// utf16 takes a name in UTF-16, little endian, up to its first null.
func utf16(t *exchange.Text, b []byte) {
	t.Reset()
	for ; len(b) >= 2 && (b[0] != 0 || b[1] != 0); b = b[2:] {
		if b[1] != 0 {
			t.Str(".") // not Latin
			continue
		}
		t.Printable(b[:1])
	}
}

// errorText words an end code.
func errorText(c *proto.Conn, end uint16) string {
	if name := endText(end); name != "" || end == 0 {
		return name
	}
	var t exchange.Text
	return c.String(t.Str("0x").Hex(uint64(end), 4).Bytes())
}
