package smb

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/netbios"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is SMB over TCP. On port 139 it comes behind the opening of a
// NetBIOS session, which package netbios reads.
var Protocol = proto.Protocol{
	ID: event.ProtoSMB, TCP: true,
	Ports: []uint16{445, 139},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// The limits of what a flow may make the parser keep.
const (
	maxRequests  = 64
	patience     = 5 * time.Minute
	maxName      = 256
	maxShort     = 64
	dataWindow   = 8192  // of a message that carries file content
	windowLen    = 16384 // of any other message: security tokens are long
	minMessage   = header1Len + 3
	maxAnomalies = 16
)

// probe takes a stream in which a message begins, in either direction.
func probe(s *proto.Sample) proto.Match {
	found := proto.More
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		switch looksLike(b) {
		case proto.Yes:
			found = proto.Yes
		case proto.No:
			return proto.No
		}
	}
	return found
}

func looksLike(b []byte) proto.Match {
	if b[0] != netbios.Message {
		return proto.No
	}
	if len(b) < 8 {
		if len(b) > 4 && b[4] < 0xfc {
			return proto.No
		}
		return proto.More
	}
	if n := int(b[1])<<16 | int(b[2])<<8 | int(b[3]); n < minMessage || !isMagic(b[4:]) {
		return proto.No
	}
	return proto.Yes
}

// isMagic reports whether b begins as a message of SMB 1, SMB 2, an encrypted
// or a compressed one does.
func isMagic(b []byte) bool {
	return len(b) >= 4 && b[0] >= 0xfc && b[1] == 'S' && b[2] == 'M' && b[3] == 'B'
}

// request waits for its answer.
type request struct {
	command  uint16
	v1       bool
	related  bool
	tree     uint32
	session  uint64
	file     FileID
	name     []byte // file, share or pattern
	renamed  []byte
	login    bool // carries an authentication that the answer decides
	written  uint32
	magic    string
	quiet    bool // makes no fact
	offset   uint64
	isFile   bool // name is that of a file, not of a share
	nativeOS []byte
	nativeLM []byte
	want     uint32 // disposition of a create
	delete   bool   // the file goes when it is closed
	opens    bool   // is a create
}

type parser struct {
	requests  pending.Table[request]
	trees     trees
	files     files
	login     login
	seen      identity.Once
	dialect   string
	encrypted [2]bool
	lost      [2]bool // the next message has to be searched for
	dialects  []byte  // offered by an SMB 1 negotiation, as it was sent
	created   []byte  // name in the last create of a compound
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.requests.Init(maxRequests, patience)
	p.trees.reset()
	p.files.reset()
	*p = parser{
		requests: p.requests, trees: p.trees, files: p.files, login: login{user: p.login.user[:0], domain: p.login.domain[:0], host: p.login.host[:0]},
		dialects: p.dialects[:0], created: p.created[:0],
	}
}

// Data takes whole messages, of large ones the beginning.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		if p.lost[dir] {
			skip, found := search(rest)
			done += skip
			if !found {
				return done, nil
			}
			p.lost[dir] = false
			rest = b[done:]
		}
		var pkt netbios.Packet
		n, err := netbios.Decode(&pkt, rest)
		if err == netbios.ErrShort {
			return done, nil
		}
		if err == nil && pkt.Type == netbios.Message {
			if len(pkt.Payload) < min(pkt.Len, window(pkt.Payload)) {
				return done, nil
			}
			err = p.message(c, dir, pkt.Payload, pkt.Len)
		}
		if err != nil {
			if c.Errors < maxAnomalies {
				c.Anomaly(event.ProtoSMB, dir, "malformed_message", "no header of SMB 1, 2 or 3 where one must be")
			}
			p.lost[dir] = true
			done++
			continue
		}
		done += n
	}
	return done, nil
}

// window is how much of a message must be there before it is looked at.
func window(b []byte) int {
	switch {
	case len(b) < header2Len:
		return header2Len
	case b[0] == 0xfe && (b[12] == cmd2Read || b[12] == cmd2Write), b[0] == 0xff && (b[4] == cmd1ReadAndX || b[4] == cmd1WriteAndX):
		return dataWindow
	}
	return windowLen
}

// search looks for the beginning of a message. It gives the bytes before it
// and whether there is one.
func search(b []byte) (skip int, found bool) {
	for off := 0; ; {
		i := bytes.Index(b[off:], []byte("SMB"))
		if i < 0 {
			return max(off, len(b)-8), false
		}
		at := off + i - 5
		if at >= 0 && looksLike(b[at:]) == proto.Yes {
			return at, true
		}
		off += i + 3
	}
}

// message handles what one packet carries: one message, or a compound. whole
// is its length, b may be cut short.
func (p *parser) message(c *proto.Conn, dir event.Dir, b []byte, whole int) error {
	for r := p.requests.Expired(c.Time); r != nil; r = p.requests.Expired(c.Time) {
		p.unanswered(c, r)
	}
	if len(b) < 4 || !isMagic(b) {
		return ErrSyntax
	}
	switch b[0] {
	case 0xff:
		return p.message1(c, dir, b)
	case 0xfe:
		return p.compound(c, dir, b, whole)
	case 0xfd: // MS-SMB2 section 2.2.41: encrypted
		c.Message(dir)
		if !p.encrypted[dir] {
			p.encrypted[dir] = true
			f := proto.Emit[event.SMB](c, dir)
			f.Version, f.Dialect, f.Encrypted, f.Command = 2, p.dialect, true, "SMB3_TRANSFORM"
		}
	default: // MS-SMB2 section 2.2.42: compressed
		c.Message(dir)
	}
	return nil
}

// compound handles the messages of SMB 2 in one packet.
func (p *parser) compound(c *proto.Conn, dir event.Dir, b []byte, whole int) error {
	p.created = p.created[:0]
	for range 64 {
		var h Header2
		n, err := Decode2(&h, b)
		if err != nil {
			return err
		}
		c.Message(dir)
		if h.Response {
			p.response2(c, &h)
		} else {
			p.request2(c, &h)
		}
		if h.Next == 0 || n < int(h.Next) || n >= len(b) {
			return nil
		}
		b = b[n:]
	}
	return nil
}

// begin makes the fact of a request with what is known of its share and file.
func (p *parser) begin(c *proto.Conn, r *request) *event.SMB {
	f := proto.Emit[event.SMB](c, event.ToServer)
	f.Dialect = p.dialect
	if r.v1 {
		f.Version, f.Command = 1, command1(uint8(r.command))
	} else {
		f.Version, f.Command = 2, commands2[r.command]
	}
	if t := p.trees.find(r.tree, r.session); t != nil {
		f.Share = c.String(t.name)
	}
	if r.isFile {
		name := c.String(r.name)
		if p.onPipe(r) {
			f.NamedPipe = name
		} else {
			f.Filename = name
		}
	} else if len(r.name) > 0 {
		f.Share = c.String(r.name)
		if isPipes(r.name) {
			f.NamedPipe = f.Share
		}
	}
	f.Written, f.Magic = uint64(r.written), r.magic
	if r.opens {
		f.Access = "normal"
		if r.want < uint32(len(dispositions)) {
			f.Disposition = dispositions[r.want]
		}
	}
	if r.delete {
		f.Access = "delete on close"
	}
	return f
}

// onPipe reports whether a request's file is a named pipe: its share is IPC$.
func (p *parser) onPipe(r *request) bool {
	if t := p.trees.find(r.tree, r.session); t != nil {
		return t.pipes
	}
	return false
}

// answered makes the fact of a request with its status.
func (p *parser) answered(c *proto.Conn, r *request, status uint32) *event.SMB {
	f := p.begin(c, r)
	f.StatusNum, f.Status = status, statusName(c, status)
	return f
}

// unanswered makes the fact of a request to which no answer was seen.
func (p *parser) unanswered(c *proto.Conn, r *request) {
	if r.login {
		p.login.settle(c, "unknown")
	}
	if !r.quiet {
		p.begin(c, r)
	}
}

// statusName names a status; one without a name is given in hexadecimal.
func statusName(c *proto.Conn, status uint32) string {
	if name := statusNames[status]; name != "" {
		return name
	}
	const digits = "0123456789abcdef"
	b := [10]byte{'0', 'x'}
	for i := range 8 {
		b[2+i] = digits[status>>(28-4*i)&15]
	}
	return c.String(b[:])
}

// Gap searches for the next message. What was written or read meanwhile is
// missing from the sizes.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	p.files.gap(dir)
	return true
}

// End reports what was never answered, and the files that were not closed.
func (p *parser) End(c *proto.Conn) {
	for r := p.requests.Oldest(); r != nil; r = p.requests.Oldest() {
		p.unanswered(c, r)
	}
	p.files.end(c)
}
