package smb

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/utf16le"
)

// request2 handles a request of SMB 2: it waits for its answer.
func (p *parser) request2(c *proto.Conn, h *Header2) {
	if h.Command == cmd2Cancel {
		return // never answered
	}
	r := p.requests.Add(h.MessageID, c.Time)
	*r = request{
		command: h.Command, tree: h.TreeID, session: h.SessionID, file: h.File(), related: h.Flags&flag2Related != 0,
		name: r.name[:0], renamed: r.renamed[:0], nativeOS: r.nativeOS[:0], nativeLM: r.nativeLM[:0],
	}
	switch h.Command {
	case cmd2SessionSetup:
		r.login = p.login.token(c, h.Token())
	case cmd2TreeConnect:
		r.name = utf16le.Append(r.name, h.Name(), maxName)
	case cmd2Create:
		r.name, r.isFile = utf16le.Append(r.name, h.Name(), maxName), true
		r.opens, r.want, r.delete = true, h.u32(36), h.u32(40)&deleteOnClose != 0
		p.created = append(p.created[:0], r.name...)
	case cmd2Write, cmd2IOCTL:
		p.nameOf(r)
		t := h.written()
		r.written, r.offset, r.quiet = t.total, t.offset, true
		f := p.files.find(t.file)
		switch {
		case f == nil:
			r.quiet = h.Command != cmd2Write
		case f.isPipe:
			p.files.through(c, f, event.ToServer, &t)
		case h.Command == cmd2Write:
			if f.transferred(event.ToServer, &t) {
				r.quiet, r.magic = false, f.kind[event.ToServer]
			}
		}
	case cmd2Read:
		p.nameOf(r)
		r.offset, r.quiet = h.u64(8), true
	case cmd2SetInfo:
		p.nameOf(r)
		r.delete = h.deletes()
		if to := h.renamedTo(); len(to) > 0 {
			r.renamed = utf16le.Append(r.renamed, to, maxName)
		}
	case cmd2Find:
		p.nameOf(r)
		if f := p.files.find(r.file); f != nil {
			r.quiet, f.listed = f.listed, true
		}
	case cmd2Negotiate, cmd2Logoff, cmd2TreeDisconnect:
	default:
		r.quiet = true
	}
}

// nameOf gives a request the name of the file that it is about.
func (p *parser) nameOf(r *request) {
	if r.file == relatedFile {
		r.name, r.isFile = append(r.name, p.created...), len(p.created) > 0
		return
	}
	if f := p.files.find(r.file); f != nil {
		r.name, r.isFile = append(r.name, f.name...), true
	}
}

// response2 handles an answer of SMB 2.
func (p *parser) response2(c *proto.Conn, h *Header2) {
	if h.Status == statusPending && h.Flags&flag2Async != 0 || h.Command == cmd2OplockBreak {
		return // the real answer follows; or the server speaks unasked
	}
	if h.Command == cmd2Negotiate {
		p.negotiated(c, h)
		return
	}
	r := p.requests.Take(h.MessageID)
	if r == nil || r.command != h.Command {
		p.unasked(c, h)
		return
	}
	switch h.Command {
	case cmd2SessionSetup:
		p.challenge(c, h.Token())
		f := p.answered(c, r, h.Status)
		if r.login {
			p.decide(c, f, h.Status)
		}
		return
	case cmd2TreeConnect:
		if h.Status == statusSuccess {
			p.trees.add(h.TreeID, h.SessionID, r.name)
		}
		r.tree = h.TreeID
	case cmd2Create:
		if h.Status == statusSuccess {
			var share []byte
			if t := p.trees.find(r.tree, r.session); t != nil {
				share = t.name
			}
			p.files.open(c, h.File(), share, r.name, p.onPipe(r))
		}
	case cmd2Close:
		if f := p.files.find(r.file); f != nil {
			p.files.close(c, f)
		}
	case cmd2Read, cmd2IOCTL:
		p.brought(c, h, r)
	}
	if r.quiet {
		return
	}
	f := p.answered(c, r, h.Status)
	if len(r.renamed) > 0 {
		f.Filename = c.String(append(append(r.name, " -> "...), r.renamed...))
	}
}

// brought handles what a read, or a call through a pipe, brought.
func (p *parser) brought(c *proto.Conn, h *Header2, r *request) {
	if h.Status != statusSuccess && h.Status != statusBufferOverflow {
		return
	}
	f := p.files.find(r.file)
	if f == nil {
		return
	}
	t := h.read()
	t.offset = r.offset
	switch {
	case f.isPipe:
		p.files.through(c, f, event.ToClient, &t)
	case h.Command == cmd2Read:
		if f.transferred(event.ToClient, &t) {
			r.quiet, r.magic = false, f.kind[event.ToClient]
		}
	}
}

// negotiated handles the answer to a negotiation, which may have been one of
// SMB 1 (MS-SMB2 section 3.3.5.3).
func (p *parser) negotiated(c *proto.Conn, h *Header2) {
	r := p.requests.TakeFunc(func(r *request) bool {
		return !r.v1 && r.command == cmd2Negotiate || r.v1 && r.command == cmd1Negotiate
	})
	if h.Status == statusSuccess {
		p.dialect = dialect2(h.u16(4))
	}
	if r == nil {
		r = &request{command: cmd2Negotiate}
	}
	r.v1, r.command = false, cmd2Negotiate
	p.answered(c, r, h.Status)
	p.challenge(c, h.Token())
}

// unasked makes the most of an answer whose request was not seen.
func (p *parser) unasked(c *proto.Conn, h *Header2) {
	switch h.Command {
	case cmd2SessionSetup:
		p.challenge(c, h.Token())
	case cmd2Logoff, cmd2TreeConnect, cmd2TreeDisconnect, cmd2Create:
		r := request{command: h.Command, tree: h.TreeID, session: h.SessionID}
		p.answered(c, &r, h.Status)
	}
}
