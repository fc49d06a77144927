package adb

import (
	"bytes"
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is the Android Debug Bridge over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoADB, TCP: true,
	Ports: []uint16{5555, 5557, 5037},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxCommand = 512
	maxOutput  = 256
	window     = 4096 // of a payload; longer ones are skipped
)

// probe takes a stream in which a message begins, in either direction.
func probe(s *proto.Sample) proto.Match {
	m := proto.More
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		var h Header
		switch _, err := Decode(&h, b); err {
		case nil:
			m = proto.Yes
		case ErrShort:
		default:
			return proto.No
		}
	}
	return m
}

// command is a shell command whose output is being gathered. One at a time is
// enough for what scripts do.
type command struct {
	open   bool
	text   []byte
	output []byte
}

// transfer is a file that is being sent to the device by sync.
type transfer struct {
	open bool
	name []byte
	size uint64
}

type parser struct {
	command command
	file    transfer
	wanted  bool // the device asked for a proof
	proved  bool // one was given
	inside  bool
	lost    [2]bool
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	*p = parser{command: command{text: p.command.text[:0], output: p.command.output[:0]}, file: transfer{name: p.file.name[:0]}}
}

// Data takes messages; long payloads are skipped behind their beginning.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		var h Header
		n, err := Decode(&h, rest)
		if err == ErrShort && !p.lost[dir] {
			break
		}
		if err != nil {
			if len(rest) < HeaderLen {
				break
			}
			if !p.lost[dir] && c.Errors < 16 {
				c.Anomaly(event.ProtoADB, dir, "malformed_message", "command, check value or length do not fit")
			}
			p.lost[dir] = true
			done++
			continue
		}
		p.lost[dir] = false
		keep := int(min(h.Len, window))
		if len(rest) < n+keep {
			break
		}
		c.Message(dir)
		secure := p.message(c, dir, &h, rest[n:n+keep])
		done += n + int(h.Len)
		if secure {
			break
		}
	}
	return done, nil
}

// message handles a message. It reports whether TLS follows.
func (p *parser) message(c *proto.Conn, dir event.Dir, h *Header, payload []byte) (secure bool) {
	switch {
	case h.Command == CNXN && dir == event.ToClient:
		p.connected(c, payload)
	case h.Command == AUTH && dir == event.ToClient && h.Arg0 == authToken:
		if p.proved { // the last proof was not taken
			p.settle(c, "failure")
		}
		p.wanted = true
	case h.Command == AUTH && dir == event.ToServer && (h.Arg0 == authSignature || h.Arg0 == authPublicKey):
		p.proved = true
	case h.Command == STLS && dir == event.ToServer:
		c.Become(event.ProtoTLS, "")
		return true
	case h.Command == OPEN && dir == event.ToServer:
		p.opened(c, payload)
	case h.Command == WRTE && dir == event.ToClient && p.command.open:
		p.command.output = append(p.command.output, payload[:min(len(payload), maxOutput-len(p.command.output))]...)
	case h.Command == WRTE && dir == event.ToServer:
		p.sent(c, h, payload)
	case h.Command == CLSE:
		p.finish(c)
	}
	return false
}

// connected tells about the device that lets the client in.
func (p *parser) connected(c *proto.Conn, payload []byte) {
	var b Banner
	DecodeBanner(&b, payload)
	id := event.Identity{Source: "adb.connect", Name: identity.Text(c, b.Name), Model: identity.Text(c, b.Model), Hardware: identity.Text(c, b.Device), OS: "Android"}
	identity.Tell(c, event.ToClient, &id)
	if p.proved {
		p.settle(c, "success")
	}
	if !p.inside {
		p.inside = true
		f := proto.Emit[event.Telnet](c, event.ToServer)
		f.Event, f.Via = "login", "adb"
	}
}

func (p *parser) settle(c *proto.Conn, outcome string) {
	p.proved = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism = event.ProtoADB, outcome, "publickey"
}

// opened handles the opening of a service: "shell:command", "sync:" ...
func (p *parser) opened(c *proto.Conn, payload []byte) {
	p.finish(c)
	name := bytes.TrimRight(payload, "\x00")
	for _, prefix := range [...]string{"shell,v2,raw:", "shell,raw:", "shell,v2:", "shell:", "exec:", "root:", "remount:", "reboot:", "tcpip:"} {
		if !textline.HasPrefix(name, prefix) {
			continue
		}
		text := name
		if prefix[0] == 's' || prefix[0] == 'e' {
			text = name[len(prefix):]
		}
		if len(text) == 0 { // an interactive shell: lines are sent one by one
			text = []byte("sh")
		}
		p.command.open = true
		p.command.text = append(p.command.text[:0], text[:min(len(text), maxCommand)]...)
		return
	}
}

// sent handles what the client writes: lines typed into a shell, or the
// requests of the sync service (AOSP, SYNC.TXT).
func (p *parser) sent(c *proto.Conn, h *Header, payload []byte) {
	if len(payload) < 8 {
		if p.file.open {
			p.file.size += uint64(h.Len)
		}
		return
	}
	switch string(payload[:4]) {
	case "SEND":
		p.finish(c)
		n := int(min(binary.LittleEndian.Uint32(payload[4:]), uint32(len(payload)-8)))
		name, _, _ := bytes.Cut(payload[8:8+n], []byte{','})
		p.file.open, p.file.size = true, 0
		p.file.name = append(p.file.name[:0], name[:min(len(name), maxCommand)]...)
	case "DONE":
		p.finish(c)
	default:
		if p.file.open {
			p.file.size += uint64(h.Len)
			if string(payload[:4]) == "DATA" {
				p.file.size -= 8 // name and length of the chunk
			}
		}
	}
}

// finish makes facts of the command and the file under way.
func (p *parser) finish(c *proto.Conn) {
	if p.command.open {
		p.command.open = false
		f := proto.Emit[event.Telnet](c, event.ToServer)
		f.Event, f.Via, f.Command = "command", "adb", c.String(p.command.text)
		f.Output = c.String(bytes.TrimSpace(p.command.output))
		p.command.output = p.command.output[:0]
	}
	if p.file.open {
		p.file.open = false
		f := proto.Emit[event.FileInfo](c, event.ToServer)
		f.AppProto, f.Filename, f.Size, f.Dir = event.ProtoADB, c.String(p.file.name), p.file.size, event.ToServer
	}
}

// Gap searches for the next message.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, n int) bool {
	p.lost[dir] = p.lost[dir] || n > 0
	return true
}

// End reports what is under way.
func (p *parser) End(c *proto.Conn) {
	if p.proved {
		p.settle(c, "unknown")
	}
	p.finish(c)
}
