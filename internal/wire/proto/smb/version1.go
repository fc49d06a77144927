package smb

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// dialects1 are the dialects of SMB 1 and the two by which SMB 2 is offered.
var dialects1 = [...]string{
	"NT LM 0.12", "SMB 2.002", "SMB 2.???", "PC NETWORK PROGRAM 1.0", "LANMAN1.0", "LANMAN2.1", "LM1.2X002", "DOS LM1.2X002",
	"DOS LANMAN2.1", "Samba", "NT LANMAN 1.0", "Windows for Workgroups 3.1a", "XENIX CORE", "MICROSOFT NETWORKS 1.03", "MICROSOFT NETWORKS 3.0",
}

// key1 makes a table key of a command and the numbers that answers repeat. The
// top bit keeps it apart from the message numbers of SMB 2.
func key1(h *Header1, cmd uint8) uint64 {
	return 1<<63 | uint64(cmd)<<32 | uint64(h.PID)<<16 | uint64(h.MID)
}

// message1 handles a message of SMB 1 with the blocks chained to it.
func (p *parser) message1(c *proto.Conn, dir event.Dir, b []byte) error {
	var h Header1
	if err := Decode1(&h, b); err != nil {
		return err
	}
	c.Message(dir)
	cmd, at := h.Command, header1Len
	for range 4 {
		blk, ok := h.Block(cmd, at)
		if !ok {
			break
		}
		if h.Response {
			p.response1(c, &h, &blk)
		} else {
			p.request1(c, &h, &blk)
		}
		var more bool
		if cmd, at, more = blk.AndX(); !more {
			break
		}
	}
	return nil
}

// request1 handles one block of a request.
func (p *parser) request1(c *proto.Conn, h *Header1, b *Block) {
	r := p.requests.Add(key1(h, b.Command), c.Time)
	*r = request{
		v1: true, command: uint16(b.Command), tree: uint32(h.TID), session: uint64(h.UID),
		name: r.name[:0], renamed: r.renamed[:0], nativeOS: r.nativeOS[:0], nativeLM: r.nativeLM[:0],
	}
	switch b.Command {
	case cmd1Negotiate:
		p.dialects = append(p.dialects[:0], b.Data[:min(len(b.Data), 1024)]...)
	case cmd1SessionSetup:
		p.setup1(c, b, r)
	case cmd1TreeConnect:
		r.name, _ = b.text(r.name, int(b.u16(6)), maxName)
	case cmd1NTCreate, cmd1OpenAndX:
		r.name, _ = b.text(r.name, 0, maxName)
		r.isFile = true
		if b.Command == cmd1NTCreate && len(b.Words) >= 43 {
			r.opens, r.want, r.delete = true, b.u32(35), b.u32(39)&deleteOnClose != 0
		}
	case cmd1Open, cmd1Create, cmd1Delete:
		r.name, _ = b.text(r.name, 1, maxName) // behind a byte that tells the format
		r.isFile = true
	case cmd1Rename:
		var next int
		r.name, next = b.text(r.name, 1, maxName)
		r.renamed, _ = b.text(r.renamed, next+1, maxName)
		r.isFile = true
	case cmd1Close:
		r.file, r.quiet = file1(b.u16(0)), true
	case cmd1ReadAndX:
		r.file, r.offset, r.quiet = file1(b.u16(4)), uint64(b.u32(6)), true
		p.nameOf(r)
	case cmd1WriteAndX, cmd1Trans:
		r.quiet = true
		if t, ok := b.written(); ok {
			p.write1(c, r, &t)
		}
	case cmd1Trans2:
		r.quiet = true
		// SESSION_SETUP was never implemented by a server; an implant in the
		// kernel (DoublePulsar) answers to it.
		const sessionSetup = 0x000e
		if len(b.Words) >= 30 && b.u16(28) == sessionSetup {
			r.quiet = false
			if c.Errors < maxAnomalies {
				c.Anomaly(event.ProtoSMB, event.ToServer, "trans2_session_setup", "a subcommand that only an implant answers to")
			}
		}
	case cmd1Logoff, cmd1TreeDisconnect:
	default:
		r.quiet = true
	}
}

// write1 handles content that is sent to a file or pipe.
func (p *parser) write1(c *proto.Conn, r *request, t *transfer) {
	r.file, r.written, r.offset = t.file, t.total, t.offset
	p.nameOf(r)
	f := p.files.find(t.file)
	switch {
	case f == nil:
		r.quiet = r.command != cmd1WriteAndX
	case f.isPipe:
		p.files.through(c, f, event.ToServer, t)
	case r.command == cmd1WriteAndX:
		if f.transferred(event.ToServer, t) {
			r.quiet, r.magic = false, f.kind[event.ToServer]
		}
	}
}

// setup1 reads a session setup: with extended security a token, else the
// account by name (MS-SMB section 2.2.4.6, MS-CIFS section 2.2.4.53).
func (p *parser) setup1(c *proto.Conn, b *Block, r *request) {
	var next int
	switch len(b.Words) / 2 {
	case 12:
		n := int(b.u16(14))
		r.login = p.login.token(c, b.Data[:min(n, len(b.Data))])
		r.nativeOS, next = b.text(r.nativeOS, n, maxShort)
	case 13:
		oem, uni := int(b.u16(14)), int(b.u16(16))
		p.login.begin(c, "anonymous")
		r.login = true
		p.login.user, next = b.text(p.login.user, oem+uni, maxShort)
		p.login.domain, next = b.text(p.login.domain, next, maxShort)
		if len(p.login.user) > 0 {
			p.login.mechanism = "ntlmv1"
			if uni > 24 {
				p.login.mechanism = "ntlmv2"
			}
		}
		r.nativeOS, next = b.text(r.nativeOS, next, maxShort)
	default:
		return
	}
	r.nativeLM, _ = b.text(r.nativeLM, next, maxShort)
}

// response1 handles one block of an answer.
func (p *parser) response1(c *proto.Conn, h *Header1, b *Block) {
	r := p.requests.Take(key1(h, b.Command))
	if r == nil {
		return
	}
	switch b.Command {
	case cmd1Negotiate:
		p.dialect = p.chosen(int(b.u16(0)))
	case cmd1SessionSetup:
		p.setUp1(c, h, b, r)
		return
	case cmd1TreeConnect:
		if h.Status == statusSuccess {
			p.trees.add(uint32(h.TID), uint64(h.UID), r.name)
		}
		r.tree, r.session = uint32(h.TID), uint64(h.UID)
	case cmd1NTCreate, cmd1OpenAndX:
		p.opened1(c, h, b, r)
	case cmd1Close:
		if f := p.files.find(r.file); f != nil && h.Status == statusSuccess {
			p.files.close(c, f)
		}
	case cmd1ReadAndX, cmd1Trans:
		p.brought1(c, h, b, r)
	}
	if r.quiet {
		return
	}
	f := p.answered(c, r, h.Status)
	if len(r.renamed) > 0 {
		f.Filename = c.String(append(append(r.name, " -> "...), r.renamed...))
	}
}

// setUp1 handles the answer to a session setup, in which the server names its
// system.
func (p *parser) setUp1(c *proto.Conn, h *Header1, b *Block, r *request) {
	off := 0
	if len(b.Words) >= 8 {
		off = int(b.u16(6))
		p.challenge(c, b.Data[:min(off, len(b.Data))])
	}
	f := p.answered(c, r, h.Status)
	f.NativeOS, f.NativeLM = c.String(r.nativeOS), c.String(r.nativeLM)
	if len(r.nativeOS) > 0 {
		p.seen.Tell(c, event.ToServer, &event.Identity{Source: "smb.session_setup", OS: f.NativeOS, Banner: f.NativeLM})
	}
	if r.login {
		p.decide(c, f, h.Status)
	}
	var buf [2 * maxShort]byte
	system, next := b.text(buf[:0:maxShort], off, maxShort)
	manager, _ := b.text(buf[maxShort:maxShort], next, maxShort)
	if len(system) > 0 {
		p.seen.Tell(c, event.ToClient, &event.Identity{Source: "smb.session_setup", OS: identity.Text(c, system), Banner: identity.Text(c, manager)})
	}
}

func (p *parser) opened1(c *proto.Conn, h *Header1, b *Block, r *request) {
	if h.Status != statusSuccess {
		return
	}
	at := 5
	if b.Command == cmd1OpenAndX {
		at = 4
	}
	var share []byte
	if t := p.trees.find(r.tree, r.session); t != nil {
		share = t.name
	}
	p.files.open(c, file1(b.u16(at)), share, r.name, p.onPipe(r))
}

func (p *parser) brought1(c *proto.Conn, h *Header1, b *Block, r *request) {
	f := p.files.find(r.file)
	if f == nil || h.Status != statusSuccess && h.Status != statusBufferOverflow {
		return
	}
	t := b.read()
	t.offset = r.offset
	switch {
	case f.isPipe:
		p.files.through(c, f, event.ToClient, &t)
	case b.Command == cmd1ReadAndX:
		if f.transferred(event.ToClient, &t) {
			r.quiet, r.magic = false, f.kind[event.ToClient]
		}
	}
}

// chosen gives the name of dialect i of those that were offered. Each is a
// string behind a byte that tells the format.
func (p *parser) chosen(i int) string {
	b := p.dialects
	for ; len(b) > 0; i-- {
		end := bytes.IndexByte(b, 0)
		if end < 1 {
			break
		}
		if i == 0 {
			for _, name := range dialects1 {
				if name == string(b[1:end]) {
					return name
				}
			}
			break
		}
		b = b[end+1:]
	}
	return "unknown"
}
