package ads

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes ADS to the packet path: AMS over TCP, discovery over UDP.
var Protocol = proto.Protocol{
	ID:    event.ProtoADS,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port, DiscoveryPort},
	Probe: probe,
	New:   func() proto.Parser { return newAnalyser() },
}

func newAnalyser() *analyser {
	return &analyser{requests: exchange.Requests{Proto: event.ProtoADS}}
}

// maxHead is how much of a message is looked at.
const maxHead = 512

func probe(s *proto.Sample) proto.Match {
	if s.Conn != nil && s.Conn.Transport == 17 {
		var d Datagram
		if DecodeDatagram(&d, s.Newest()) == nil {
			return proto.Yes
		}
		return proto.No
	}
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		m := probeOne(b)
		if m == proto.No {
			return proto.No
		}
		best = max(best, m)
	}
	return best
}

// probeOne reads the headers: two lengths that agree, a command and its flags.
func probeOne(b []byte) proto.Match {
	var m Message
	_, err := DecodeHeader(&m, b)
	switch {
	case err == nil && m.Command != 0 && m.Source != m.Target:
		return proto.Yes
	case err == ErrShort && (len(b) < 2 || b[0] == 0 && b[1] == 0):
		return proto.More
	}
	return proto.No
}

type analyser struct {
	lost     [2]bool
	requests exchange.Requests
	told     identity.Once
	route    route
}

func (a *analyser) Reset() {
	a.lost = [2]bool{}
	a.requests.Reset()
	a.told = identity.Once{}
	a.route.reset()
}

// Gap makes the direction look for the next message.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport == 17 {
		a.datagram(c, dir, b)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		if a.lost[dir] {
			n, found := resync(rest)
			done += n
			if !found {
				return done, nil
			}
			a.lost[dir] = false
			continue
		}
		var m Message
		n, err := DecodeHeader(&m, rest)
		if err == ErrShort || err == nil && len(rest) < min(n, maxHead) {
			return done, nil
		}
		if err != nil {
			if skip, ok := routerTalk(rest); ok {
				done += skip
				continue
			}
			exchange.Anomaly(c, event.ProtoADS, dir, "ads_malformed_header", err.Error())
			a.lost[dir] = true
			done++
			continue
		}
		m.Data = rest[tcpHeader+amsHeader : min(n, len(rest))]
		c.Message(dir)
		a.message(c, dir, &m)
		done += n
	}
	return done, nil
}

// routerTalk recognises the packets by which a router speaks with programs on
// its own machine (port connect, router notification); they are passed over.
func routerTalk(b []byte) (int, bool) {
	const longest = 1 << 10
	kind, size := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint32(b[2:])
	if kind != 1 && (kind < 0x1000 || kind > 0x1002) || size > longest {
		return 0, false
	}
	return tcpHeader + int(size), true
}

// resync finds the next message's headers.
func resync(b []byte) (int, bool) {
	for i := range b {
		switch probeOne(b[i:]) {
		case proto.Yes:
			return i, true
		case proto.More:
			if len(b)-i < tcpHeader+amsHeader {
				return i, false
			}
		}
	}
	return len(b), false
}

func key(dir event.Dir, invoke uint32) uint64 { return uint64(dir)<<32 | uint64(invoke) }

// message handles one message, of a long one the head.
func (a *analyser) message(c *proto.Conn, dir event.Dir, m *Message) {
	if m.Response {
		a.response(c, dir, m)
		return
	}
	if m.Command == CmdNotification || m.Command == 0 {
		return // values sent on their own account are counted only
	}
	var group, offset uint32
	if len(m.Data) >= 8 {
		group, offset = binary.LittleEndian.Uint32(m.Data), binary.LittleEndian.Uint32(m.Data[4:])
	}
	q := a.requests.Ask(c, key(dir, m.Invoke), dir)
	q.Code = uint32(m.Command)
	q.Verb, q.Class = operation(m.Command, m.Target.Port, group)
	appendAddressText(&q.Target, m.Target)
	switch m.Command {
	case CmdRead, CmdWrite, CmdReadWrite, CmdAddNotification:
		q.Target.Str(" group 0x").Hex(uint64(group), 1).Str(" offset 0x").Hex(uint64(offset), 1)
		a.name(q, m, group)
	case CmdWriteControl:
		if len(m.Data) >= 2 {
			var name string
			name, q.Class = control(binary.LittleEndian.Uint16(m.Data))
			q.Name.Str(name)
		}
	}
}

// name takes the name that a read-write request looks up: of a symbol, a file
// or a program.
func (a *analyser) name(q *exchange.Request, m *Message, group uint32) {
	const head = 16 // group, offset, lengths to read and to write
	if m.Command != CmdReadWrite || len(m.Data) <= head {
		return
	}
	switch {
	case group == 0xf003 || group == 0xf004 || group == 0xf007 || group == 0xf009:
	case m.Target.Port == portSystem && (group == 120 || group >= 131 && group <= 139):
	default:
		return
	}
	name := m.Data[head:]
	for i, c := range name {
		if c == 0 {
			name = name[:i]
			break
		}
	}
	q.Name.Printable(name)
}

func (a *analyser) response(c *proto.Conn, dir event.Dir, m *Message) {
	code := m.Error
	if code == 0 && len(m.Data) >= 4 {
		code = binary.LittleEndian.Uint32(m.Data)
	}
	if f := a.requests.Answer(c, key(dir.Other(), m.Invoke), dir); f != nil {
		f.Error = errorText(c, code)
	}
	const info = 24 // result, version, name
	if m.Command == CmdReadDeviceInfo && code == 0 && len(m.Data) >= info {
		a.told.Tell(c, dir, &event.Identity{
			Source: "ads.device_info", Vendor: "Beckhoff", Model: identity.Text(c, terminated(m.Data[8:info])),
			Firmware: version(c, m.Data[4:8]), Banner: addressText(c, m.Source),
		})
	}
}

func (a *analyser) End(c *proto.Conn) {
	a.requests.End(c)
	a.route.end(c, "unknown")
}

// errorText words an error code; 0 is empty.
func errorText(c *proto.Conn, code uint32) string {
	if code == 0 {
		return ""
	}
	if name := errorName(code); name != "" {
		return name
	}
	var t exchange.Text
	return c.String(t.Str("0x").Hex(uint64(code), 1).Bytes())
}

// version words major, minor and build of a version.
func version(c *proto.Conn, b []byte) string {
	var t exchange.Text
	t.Uint(uint64(b[0])).Str(".").Uint(uint64(b[1])).Str(".").Uint(uint64(binary.LittleEndian.Uint16(b[2:])))
	return c.String(t.Bytes())
}

func appendAddressText(t *exchange.Text, a Address) {
	for i, x := range a.NetID {
		if i > 0 {
			t.Str(".")
		}
		t.Uint(uint64(x))
	}
	t.Str(":").Uint(uint64(a.Port))
}

func addressText(c *proto.Conn, a Address) string {
	var t exchange.Text
	appendAddressText(&t, a)
	return c.String(t.Bytes())
}

// terminated gives b up to its first null.
func terminated(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
