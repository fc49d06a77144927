package smb

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/dcerpc"
	"edgeward/internal/wire/proto/magic"
	"edgeward/internal/wire/proto/textline"
)

// The limits of the tables; the oldest entry leaves.
const (
	maxTrees    = 32
	maxFiles    = 64
	maxPipes    = 4
	maxPipeRest = 6144 // a unit is 4280 or 5840 bytes in practice
)

// tree is a share that the client is connected to.
type tree struct {
	id      uint32
	session uint64
	name    []byte
	pipes   bool // it is IPC$
}

type trees struct {
	list []tree
	next int
}

func (t *trees) reset() {
	t.list, t.next = t.list[:0], 0
}

// add notes a share. Slots are used in turn.
func (t *trees) add(id uint32, session uint64, name []byte) {
	e := t.find(id, session)
	if e == nil {
		e = t.slot()
	}
	e.id, e.session, e.name = id, session, append(e.name[:0], name...)
	e.pipes = isPipes(name)
}

// isPipes reports whether a share is that of the named pipes.
func isPipes(share []byte) bool {
	return len(share) >= 4 && textline.Is(share[len(share)-4:], "ipc$")
}

// slot gives an unused entry, or else the oldest. Names keep their memory.
func (t *trees) slot() *tree {
	switch n := len(t.list); {
	case n >= maxTrees:
		t.next++
		return &t.list[(t.next-1)%maxTrees]
	case n < cap(t.list):
		t.list = t.list[:n+1]
	default:
		t.list = append(t.list, tree{})
	}
	return &t.list[len(t.list)-1]
}

func (t *trees) find(id uint32, session uint64) *tree {
	for i := range t.list {
		if e := &t.list[i]; e.id == id && e.session == session {
			return e
		}
	}
	return nil
}

// file is an open file or pipe.
type file struct {
	id      FileID
	used    bool
	name    []byte
	share   []byte
	isPipe  bool
	pipe    *pipe     // with remote procedure calls, once one was seen
	size    [2]uint64 // bytes written, read
	kind    [2]string // magic of what was written, read
	touched [2]bool
	listed  bool // a directory query was reported
}

// pipe is a named pipe with the remote procedure calls on it.
type pipe struct {
	rpc  dcerpc.Session
	rest [2][]byte // the beginning of a unit that goes on in the next write
	skip [2]int
	dead bool // carries something else
}

// nameless stands for the name of a pipe that was opened without one.
var nameless = []byte("?")

type files struct {
	list  []file
	next  int
	spare []*pipe
	pipes int // made so far
}

func (t *files) reset() {
	for i := range t.list {
		t.drop(&t.list[i])
	}
	t.next = 0
}

// drop frees an entry and its pipe.
func (t *files) drop(f *file) {
	if f.pipe != nil {
		t.spare = append(t.spare, f.pipe)
	}
	*f = file{name: f.name[:0], share: f.share[:0]}
}

func (t *files) find(id FileID) *file {
	for i := range t.list {
		if f := &t.list[i]; f.used && f.id == id {
			return f
		}
	}
	return nil
}

// open notes a file. The entry that makes room for it is reported.
func (t *files) open(c *proto.Conn, id FileID, share, name []byte, isPipe bool) {
	f := t.find(id)
	for i := 0; f == nil && i < len(t.list); i++ {
		if !t.list[i].used {
			f = &t.list[i]
		}
	}
	switch {
	case f != nil:
	case len(t.list) < maxFiles:
		t.list = append(t.list, file{})
		f = &t.list[len(t.list)-1]
	default:
		f = &t.list[t.next%maxFiles]
		t.next++
	}
	if f.used {
		t.close(c, f)
	}
	f.used, f.id = true, id
	f.name, f.share = append(f.name[:0], name...), append(f.share[:0], share...)
	f.isPipe = isPipe
}

// through gives what is written to or read from a named pipe to the remote
// procedure calls on it. Pipes that carry something else are left alone.
func (t *files) through(c *proto.Conn, f *file, dir event.Dir, tr *transfer) {
	if f.pipe == nil {
		const version = 5
		if len(tr.data) < dcerpc.HeaderLen || tr.data[0] != version {
			return
		}
		if f.pipe = t.pipe(); f.pipe == nil {
			return
		}
		name := f.name
		if len(name) == 0 {
			name = nameless
		}
		f.pipe.rpc.Reset(name)
	}
	f.pipe.feed(c, dir, tr)
}

// pipe gives an unused pipe, nil when too many are open.
func (t *files) pipe() *pipe {
	if n := len(t.spare); n > 0 {
		p := t.spare[n-1]
		t.spare = t.spare[:n-1]
		*p = pipe{rpc: p.rpc, rest: [2][]byte{p.rest[0][:0], p.rest[1][:0]}}
		for i := range p.rest {
			if cap(p.rest[i]) > 2*maxPipeRest {
				p.rest[i] = nil
			}
		}
		return p
	}
	if t.pipes == maxPipes {
		return nil
	}
	t.pipes++
	return new(pipe)
}

// close reports what went into or out of a file and frees its entry.
func (t *files) close(c *proto.Conn, f *file) {
	switch {
	case f.pipe != nil:
		f.pipe.rpc.End(c)
	case !f.isPipe:
		for dir := event.ToServer; dir <= event.ToClient; dir++ {
			f.report(c, dir)
		}
	}
	t.drop(f)
}

// report makes the fact of a file that went in one direction.
func (f *file) report(c *proto.Conn, dir event.Dir) {
	if !f.touched[dir] || f.size[dir] == 0 {
		return
	}
	info := proto.Emit[event.FileInfo](c, event.ToServer)
	info.AppProto, info.Dir, info.Size, info.Magic = event.ProtoSMB, dir, f.size[dir], f.kind[dir]
	if info.Magic == "" {
		info.Magic = magic.Unknown
	}
	path := c.String(f.name)
	if len(f.share) > 0 {
		var b [maxName + maxShort + 1]byte
		t := append(append(append(b[:0], f.share[:min(len(f.share), maxShort)]...), '\\'), f.name...)
		path = c.String(t)
	}
	info.Filename = path
}

// transferred counts content of a file. It reports whether it was the first
// in its direction, for which the kind is known when it began at the beginning.
func (f *file) transferred(dir event.Dir, t *transfer) (first bool) {
	first = !f.touched[dir]
	f.touched[dir] = true
	f.size[dir] += uint64(t.total)
	if t.offset == 0 && len(t.data) > 0 && f.kind[dir] == "" {
		f.kind[dir] = magic.Classify(t.data)
	}
	return first
}

// gap makes the pipes find their way again after lost bytes.
func (t *files) gap(dir event.Dir) {
	for i := range t.list {
		if p := t.list[i].pipe; p != nil {
			p.rest[dir], p.skip[dir] = p.rest[dir][:0], 0
		}
	}
}

// end reports all files that are open.
func (t *files) end(c *proto.Conn) {
	for i := range t.list {
		if f := &t.list[i]; f.used {
			t.close(c, f)
		}
	}
}

// feed gives the content of a write to or a read from a pipe to the remote
// procedure calls. t.data may be shorter than t.total.
func (p *pipe) feed(c *proto.Conn, dir event.Dir, t *transfer) {
	b, missing := t.data, int64(t.total)-int64(len(t.data))
	if n := min(p.skip[dir], len(b)); n > 0 {
		p.skip[dir] -= n
		b = b[n:]
	}
	if p.dead || len(b) == 0 {
		return
	}
	if len(p.rest[dir]) > 0 {
		p.rest[dir] = append(p.rest[dir], b...)
		b = p.rest[dir]
	}
	n, err := p.rpc.Data(c, dir, b)
	switch {
	case err != nil, len(b)-n > maxPipeRest, missing > 0 && n < len(b):
		p.dead, p.rest = true, [2][]byte{}
	case n > len(b):
		p.skip[dir] = max(0, int(int64(n-len(b))-missing))
		p.rest[dir] = p.rest[dir][:0]
	default:
		p.rest[dir] = append(p.rest[dir][:0], b[n:]...)
	}
}
