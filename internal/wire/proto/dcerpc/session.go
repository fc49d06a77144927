package dcerpc

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ntlm"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/utf16le"
)

// The limits of what a session remembers.
const (
	maxContexts = 16
	maxCalls    = 32
	maxEndpoint = 64
	maxName     = 64
	patience    = 5 * time.Minute
)

// unitWindow is how much of a unit must be there before it is looked at: all
// of the small ones, the beginning of a large call.
const unitWindow = 4096

// Session follows one association over a stream of units, which a TCP
// connection or a named pipe carries.
type Session struct {
	contexts [maxContexts]bound
	offered  int // contexts used
	calls    pending.Table[call]
	endpoint []byte
	login    login
	nested   bool // a pipe carries it: its units are no messages of the flow
	inferred inference
}

// bound is a presentation context.
type bound struct {
	id    uint16
	iface UUID
}

// call waits for its answer.
type call struct {
	kind    uint8
	iface   UUID
	opnum   uint16
	stubLen int
}

// login is an authentication under way.
type login struct {
	open   bool
	user   []byte
	domain []byte
	host   []byte
	mech   string
}

// Reset makes the session as new. pipe is the name of the pipe that carries
// it, nil for TCP.
func (s *Session) Reset(pipe []byte) {
	s.offered, s.nested, s.inferred = 0, pipe != nil, inference{}
	s.calls.Init(maxCalls, patience)
	s.endpoint = append(s.endpoint[:0], pipe[:min(len(pipe), maxEndpoint)]...)
	s.login = login{user: s.login.user[:0], domain: s.login.domain[:0], host: s.login.host[:0]}
}

// Data takes the units at the beginning of b, which was sent in direction dir,
// and gives the number of bytes done with; more than len(b) are to be skipped.
// ErrSyntax says that b is no unit.
func (s *Session) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	var u Unit
	for done < len(b) {
		rest := b[done:]
		n, err := Decode(&u, rest)
		if err == ErrShort || err == nil && !u.Whole && len(rest) < unitWindow {
			return done, nil
		}
		if err != nil {
			return done, err
		}
		if !s.nested {
			c.Message(dir)
		}
		s.unit(c, dir, &u)
		done += n
	}
	return done, nil
}

func (s *Session) unit(c *proto.Conn, dir event.Dir, u *Unit) {
	for k := s.calls.Expired(c.Time); k != nil; k = s.calls.Expired(c.Time) {
		s.emit(c, k, 0, 0)
	}
	switch u.Type {
	case Bind, AlterContext:
		s.bind(c, u)
		s.token(c, dir, u)
	case BindAck, AlterResp:
		s.token(c, dir, u)
		if port := u.SecondaryAddress(); len(s.endpoint) == 0 && len(port) > 0 {
			s.endpoint = append(s.endpoint, port[:min(len(port), maxEndpoint)]...)
		}
		s.answerBind(c, u)
	case BindNak:
		s.settle(c, "failure")
		if k := s.calls.Take(bindKey(u.CallID)); k != nil {
			s.emit(c, k, u.CallID, max(u.Status, 1))
		}
	case Auth3:
		s.token(c, dir, u)
	case Request:
		s.request(c, u)
	case Response:
		if u.Flags&LastFrag != 0 {
			s.answer(c, u)
		} else if k := s.calls.Find(uint64(u.CallID)); k != nil && u.Flags&FirstFrag != 0 && k.opnum == mapOperation {
			s.mapped(c, k, u)
		}
	case Fault:
		s.answer(c, u)
	}
}

// bindKey keeps binds and calls apart: they share the numbers.
func bindKey(id uint32) uint64 { return 1<<32 | uint64(id) }

// bind notes the contexts that are offered. One interface is bound as a rule,
// with several transfer syntaxes.
func (s *Session) bind(c *proto.Conn, u *Unit) {
	var first UUID
	seen := false
	u.Contexts(func(ctx *Context) {
		s.set(ctx.ID, ctx.Abstract)
		if !seen || first != ctx.Abstract && InterfaceName(first) == "" {
			first, seen = ctx.Abstract, true
		}
	})
	if seen {
		*s.calls.Add(bindKey(u.CallID), c.Time) = call{kind: u.Type, iface: first}
	}
}

func (s *Session) set(id uint16, iface UUID) {
	for i := range s.contexts[:s.offered] {
		if s.contexts[i].id == id {
			s.contexts[i].iface = iface
			return
		}
	}
	if s.offered < maxContexts {
		s.contexts[s.offered] = bound{id, iface}
		s.offered++
	}
}

func (s *Session) interfaceOf(id uint16) (iface UUID) {
	for i := range s.contexts[:s.offered] {
		if s.contexts[i].id == id {
			return s.contexts[i].iface
		}
	}
	if s.offered == 1 {
		return s.contexts[0].iface
	}
	return iface
}

// answerBind reports a bind with the result of the first context: it is
// refused when no context was accepted.
func (s *Session) answerBind(c *proto.Conn, u *Unit) {
	k := s.calls.Take(bindKey(u.CallID))
	if k == nil {
		return
	}
	accepted, refused := false, uint16(0)
	u.Results(func(_ int, result uint16) {
		if result == 0 {
			accepted = true
		} else if refused == 0 {
			refused = result
		}
	})
	if accepted {
		refused = 0
	}
	s.emit(c, k, u.CallID, uint32(refused))
}

func (s *Session) request(c *proto.Conn, u *Unit) {
	if u.Flags&FirstFrag == 0 {
		if k := s.calls.Find(uint64(u.CallID)); k != nil {
			k.stubLen += u.StubLen
		}
		return
	}
	iface := s.interfaceOf(u.Context)
	if s.offered == 0 {
		iface = s.inferred.call(u.Opnum, u.StubLen)
	}
	*s.calls.Add(uint64(u.CallID), c.Time) = call{kind: Request, iface: iface, opnum: u.Opnum, stubLen: u.StubLen}
}

// answer reports a call with what became of it.
func (s *Session) answer(c *proto.Conn, u *Unit) {
	const accessDenied = 5 // also nca_s_fault_access_denied in MS-RPCE
	if u.Type == Fault && u.Status == accessDenied {
		s.settle(c, "failure")
	} else {
		s.settle(c, "success")
	}
	k := s.calls.Take(uint64(u.CallID))
	if k == nil {
		return
	}
	if u.Type == Response && u.Flags&FirstFrag != 0 && k.opnum == mapOperation {
		s.mapped(c, k, u)
	}
	s.emit(c, k, u.CallID, u.Status)
}

func (s *Session) emit(c *proto.Conn, k *call, id uint32, fault uint32) {
	f := proto.Emit[event.DCERPC](c, event.ToServer)
	switch k.kind {
	case Bind:
		f.Request = "BIND"
	case AlterContext:
		f.Request = "ALTER_CONTEXT"
	default:
		f.Request = "REQUEST"
		f.Opnum, f.StubLen = k.opnum, uint32(k.stubLen)
	}
	if k.iface != (UUID{}) {
		var text [36]byte
		f.UUID = c.String(k.iface.AppendText(text[:0]))
		f.Interface = InterfaceName(k.iface)
		if k.kind == Request {
			f.Operation = OperationName(f.Interface, k.opnum)
		}
	}
	f.Endpoint, f.CallID, f.Fault = c.String(s.endpoint), id, fault
}

// token looks into the security token of a unit for NTLM.
func (s *Session) token(c *proto.Conn, dir event.Dir, u *Unit) {
	blob := ntlm.Find(u.Auth)
	var m ntlm.Message
	if blob == nil || ntlm.Decode(&m, blob) != nil {
		return
	}
	switch {
	case m.Type == ntlm.Challenge && dir == event.ToClient:
		Introduce(c, dir, "dcerpc.ntlmssp", &m)
	case m.Type == ntlm.Authenticate && dir == event.ToServer:
		s.settle(c, "unknown")
		l := &s.login
		l.open, l.mech = true, Mechanism(&m)
		l.user, l.domain, l.host = m.AppendText(l.user[:0], m.User, maxName), m.AppendText(l.domain[:0], m.Domain, maxName), m.AppendText(l.host[:0], m.Workstation, maxName)
		IntroduceClient(c, "dcerpc.ntlmssp", &m)
	}
}

// settle reports the login that is under way.
func (s *Session) settle(c *proto.Conn, outcome string) {
	if !s.login.open {
		return
	}
	s.login.open = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism = event.ProtoDCERPC, outcome, s.login.mech
	f.User = User(c, s.login.domain, s.login.user)
}

// End reports the calls that were never answered.
func (s *Session) End(c *proto.Conn) {
	s.settle(c, "unknown")
	for k := s.calls.Oldest(); k != nil; k = s.calls.Oldest() {
		s.emit(c, k, 0, 0)
	}
}

// Mechanism names how an NTLM Authenticate message proves itself.
func Mechanism(m *ntlm.Message) string {
	switch {
	case m.Anonymous():
		return "anonymous"
	case m.Response == 24:
		return "ntlmv1"
	}
	return "ntlmv2"
}

// User joins domain and user as Windows writes them.
func User(c *proto.Conn, domain, user []byte) string {
	if len(domain) == 0 || len(user) == 0 {
		return c.String(user)
	}
	var b [2*maxName + 1]byte
	t := append(append(append(b[:0], domain...), '\\'), user...)
	return c.String(t)
}

// Introduce makes an identity fact of what a server's NTLM Challenge tells.
func Introduce(c *proto.Conn, dir event.Dir, source string, m *ntlm.Message) {
	var b [maxName]byte
	name := utf16le.Append(b[:0], m.NbComputer, maxName)
	if len(name) == 0 {
		name = m.AppendText(b[:0], m.Target, maxName)
	}
	if dns := bytes.IndexByte(name, 0); dns >= 0 {
		name = name[:dns]
	}
	f := proto.Emit[event.Identity](c, dir)
	f.Source, f.Name, f.OS = source, c.String(name), m.System()
}

// IntroduceClient makes an identity fact of what a client's NTLM Authenticate
// tells about its host.
func IntroduceClient(c *proto.Conn, source string, m *ntlm.Message) {
	if len(m.Workstation) == 0 && m.Major == 0 {
		return
	}
	var b [maxName]byte
	f := proto.Emit[event.Identity](c, event.ToServer)
	f.Source, f.Name, f.OS = source, c.String(m.AppendText(b[:0], m.Workstation, maxName)), m.System()
}
