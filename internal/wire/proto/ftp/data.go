package ftp

import (
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/magic"
)

// DataProtocol is the data connections that control connections announce (RFC
// 959 section 3.2): listings, and files, of which each makes a fileinfo fact.
// Src of the fact is the client of the control connection, also where the
// server opened the data connection.
var DataProtocol = proto.Protocol{
	ID: event.ProtoFTPData, TCP: true,
	New: func() proto.Parser { return new(dataParser) },
}

// transfer is what a control connection tells of a file, as a note for the
// parser of the data connection.
type transfer struct {
	active bool // the server opens the connection
	stored bool // the client sends the file
	name   string
}

const passiveMark, activeMark, fetchMark, storeMark = 'p', 'a', 'f', 's'

// note writes a transfer down.
func (t *transfer) note() string {
	var b strings.Builder
	if t.active {
		b.WriteByte(activeMark)
	} else {
		b.WriteByte(passiveMark)
	}
	if t.stored {
		b.WriteByte(storeMark)
	} else {
		b.WriteByte(fetchMark)
	}
	b.WriteString(t.name)
	return b.String()
}

// read takes a note apart; ok is false when it tells of no file.
func (t *transfer) read(note string) (ok bool) {
	if len(note) < 2 {
		return false
	}
	*t = transfer{active: note[0] == activeMark, stored: note[1] == storeMark, name: note[2:]}
	return true
}

// dataParser counts the bytes of each direction and looks at the first.
type dataParser struct {
	begun [2]bool
	size  [2]uint64
	magic [2]string // constants of package magic
}

// Data takes all bytes as they come.
func (p *dataParser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if !p.begun[dir] {
		c.Message(dir)
		p.begun[dir], p.magic[dir] = true, magic.Classify(b[:min(len(b), magic.Window)])
	}
	p.size[dir] += uint64(len(b))
	return len(b), nil
}

// Gap counts what was not seen. What a file begins with stays unknown when its
// beginning is missing.
func (p *dataParser) Gap(c *proto.Conn, dir event.Dir, n int) bool {
	if !p.begun[dir] {
		c.Message(dir)
		p.begun[dir] = true
	}
	p.size[dir] += uint64(n)
	return true
}

// End tells of the file.
func (p *dataParser) End(c *proto.Conn) {
	var t transfer
	if !t.read(c.Note) {
		return
	}
	asker := event.ToServer
	if t.active {
		asker = event.ToClient
	}
	went, dir := asker.Other(), event.ToClient // on the connection, and from who asked
	if t.stored {
		went, dir = asker, event.ToServer
	}
	f := proto.Emit[event.FileInfo](c, asker)
	f.AppProto, f.Filename, f.Magic, f.Size, f.Dir = event.ProtoFTP, identity.Text(c, []byte(t.name)), p.magic[went], p.size[went], dir
}

// Reset forgets the connection.
func (p *dataParser) Reset() { *p = dataParser{} }

// dataEndpoint is where a control connection said that data will go.
type dataEndpoint struct {
	port   uint16
	active bool // at the client
}

// set takes the port of PORT and EPRT, or of the reply to PASV and EPSV; 0 when
// there was none. The address beside it is not looked at: servers behind an
// address translator tell a wrong one, and one of a third host is an attack
// (RFC 2577 section 3).
func (d *dataEndpoint) set(port uint16, active bool) { *d = dataEndpoint{port, active} }

// announce says what a command will send over the data connection. Without a
// command like PORT since the last one the same ports serve again.
func (d *dataEndpoint) announce(c *proto.Conn, verb string, arg []byte) {
	if d.port == 0 || c.Env.Announce == nil {
		return
	}
	note := "" // for a listing
	switch verb {
	case "RETR", "STOR", "APPE", "STOU":
		note = (&transfer{d.active, verb != "RETR", string(arg)}).note()
	}
	if d.active {
		c.Env.Announce(c.Server, c.Client, d.port, event.ProtoFTPData, note)
	} else {
		c.Env.Announce(c.Client, c.Server, d.port, event.ProtoFTPData, note)
	}
}

// begun reports whether the data connection announced last was seen, which then
// tells of the file.
func (d *dataEndpoint) begun(c *proto.Conn) bool {
	if d.port == 0 || c.Env.Begun == nil {
		return false
	}
	if d.active {
		return c.Env.Begun(c.Server, c.Client, d.port)
	}
	return c.Env.Begun(c.Client, c.Server, d.port)
}
