package smb

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/dcerpc"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/ntlm"
	"edgeward/internal/wire/proto/utf16le"
)

// kerberos is the object identifier of Kerberos in a GSS-API token
// (RFC 4121), with its tag and length; Windows also sends a misspelt one.
var kerberos = [...][]byte{
	[]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"),
	[]byte("\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"),
}

// login is the authentication under way.
type login struct {
	open      bool
	user      []byte
	domain    []byte
	host      []byte
	mechanism string
	system    string
}

// token reads the security token of a session setup. It reports whether the
// server's answer decides about a login.
func (l *login) token(c *proto.Conn, blob []byte) bool {
	var m ntlm.Message
	if t := ntlm.Find(blob); t != nil {
		if ntlm.Decode(&m, t) != nil || m.Type != ntlm.Authenticate {
			return false
		}
		l.begin(c, dcerpc.Mechanism(&m))
		l.user, l.domain = m.AppendText(l.user, m.User, maxShort), m.AppendText(l.domain, m.Domain, maxShort)
		l.host, l.system = m.AppendText(l.host, m.Workstation, maxShort), m.System()
		return true
	}
	for _, oid := range kerberos {
		// The request for a ticketed login (AP-REQ, application tag 14) is in
		// the token only when Kerberos was chosen, not merely offered.
		if bytes.Contains(blob, oid) && bytes.Contains(blob, []byte{0x01, 0x00, 0x6e}) {
			l.begin(c, "kerberos")
			return true
		}
	}
	return false
}

// begin starts a login; one that was never answered is reported.
func (l *login) begin(c *proto.Conn, mechanism string) {
	l.settle(c, "unknown")
	l.open, l.mechanism, l.system = true, mechanism, ""
	l.user, l.domain, l.host = l.user[:0], l.domain[:0], l.host[:0]
}

// settle reports the login. The secret is never on the wire in the clear.
func (l *login) settle(c *proto.Conn, outcome string) {
	if !l.open {
		return
	}
	l.open = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.User = event.ProtoSMB, outcome, l.mechanism, dcerpc.User(c, l.domain, l.user)
}

// decide ends the login by the status of the answer, and puts who it was into
// the fact of the session setup.
func (p *parser) decide(c *proto.Conn, f *event.SMB, status uint32) {
	l := &p.login
	f.User, f.Domain, f.Host = c.String(l.user), c.String(l.domain), c.String(l.host)
	if status == statusMoreProcessing {
		return
	}
	if len(l.host) > 0 || l.system != "" {
		p.seen.Tell(c, event.ToServer, &event.Identity{Source: "smb.ntlmssp", Name: f.Host, OS: l.system})
	}
	if status == statusSuccess {
		l.settle(c, "success")
	} else {
		l.settle(c, "failure")
	}
}

// challenge tells what a server says about itself when it asks for a proof.
func (p *parser) challenge(c *proto.Conn, blob []byte) {
	var m ntlm.Message
	if t := ntlm.Find(blob); t == nil || ntlm.Decode(&m, t) != nil || m.Type != ntlm.Challenge {
		return
	}
	var b [maxShort]byte
	name := utf16le.Append(b[:0], m.NbComputer, maxShort)
	if len(name) == 0 {
		name = m.AppendText(b[:0], m.Target, maxShort)
	}
	p.seen.Tell(c, event.ToClient, &event.Identity{Source: "smb.ntlmssp", Name: identity.Text(c, name), OS: m.System()})
}
