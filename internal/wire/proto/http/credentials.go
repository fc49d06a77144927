package http

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// credential is one attempt to authenticate that a request makes.
type credential struct {
	mechanism    string // as in event.Login; empty when there is no attempt
	user, secret text
	hasSecret    bool // the secret itself can be read
	proxy        bool // meant for a proxy
}

// authorization keeps what an Authorization or Proxy-Authorization field says
// (RFC 9110 section 11). The first one of a request counts.
func (r *request) authorization(value []byte, proxied bool) {
	scheme, rest := textline.Word(value)
	if r.auth.n == 0 {
		r.auth = r.keep(scheme, 32)
	}
	if r.header.mechanism != "" {
		return
	}
	cr := credential{proxy: proxied}
	switch {
	case textline.Is(scheme, "basic"):
		r.basic(&cr, rest)
	case textline.Is(scheme, "digest"):
		cr.mechanism = "digest"
		cr.user = r.keep(parameter(rest, "username"), maxUser)
	case textline.Is(scheme, "bearer") && len(rest) > 0:
		cr.mechanism, cr.hasSecret = "bearer", true
		cr.secret = r.keep(rest, maxSecret)
	case textline.Is(scheme, "ntlm"), textline.Is(scheme, "negotiate"):
		r.ntlm(&cr, rest)
	}
	r.header = cr
}

// basic reads Basic credentials (RFC 7617).
func (r *request) basic(cr *credential, token []byte) {
	plain := r.base64(token)
	if plain == nil {
		return
	}
	user, secret := plain, []byte(nil)
	if i := bytes.IndexByte(plain, ':'); i >= 0 {
		user, secret = plain[:i], plain[i+1:]
	}
	cr.mechanism, cr.hasSecret = "basic", true
	cr.user = r.keep(user, maxUser)
	cr.secret = r.keep(secret, maxSecret)
}

// ntlm reads the user name of an NTLM AUTHENTICATE message (MS-NLMP section
// 2.2.1.3). The other messages are no attempt, and Kerberos tickets name nobody.
func (r *request) ntlm(cr *credential, token []byte) {
	m := r.base64(token)
	if len(m) < 64 || !bytes.HasPrefix(m, []byte("NTLMSSP\x00")) || binary.LittleEndian.Uint32(m[8:]) != 3 {
		return
	}
	n, off := int(binary.LittleEndian.Uint16(m[36:])), int(binary.LittleEndian.Uint32(m[40:]))
	if off < 0 || off > len(m) || n > len(m)-off {
		return
	}
	name := m[off : off+n]
	cr.mechanism = "ntlm"
	if m[60]&1 == 0 { // NTLMSSP_NEGOTIATE_UNICODE is not set
		cr.user = r.keep(name, maxUser)
		return
	}
	start := len(r.buf)
	for i := 0; i+1 < len(name) && len(r.buf)-start < maxUser; i += 2 {
		c := name[i]
		if name[i+1] != 0 {
			c = '?'
		}
		r.buf = append(r.buf, c)
	}
	cr.user = text{uint16(start), uint16(len(r.buf) - start)}
}

// base64 decodes at most 1 KiB with or without padding into the request's
// memory; nil when it is none.
func (r *request) base64(token []byte) []byte {
	token = bytes.TrimRight(token, "= \t")
	if len(token) == 0 || len(token) > maxText {
		return nil
	}
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, base64.RawStdEncoding.DecodedLen(len(token)))...)
	n, err := base64.RawStdEncoding.Decode(r.buf[start:], token)
	if err != nil {
		r.buf = r.buf[:start]
		return nil
	}
	r.buf = r.buf[:start+n]
	return r.buf[start:]
}

// parameter gives the value of a parameter of a challenge or of credentials
// (RFC 9110 section 11.2), without quotes; escapes stay as they are.
func parameter(b []byte, name string) []byte {
	for len(b) > 0 {
		i := textline.Index(b, name)
		if i < 0 {
			return nil
		}
		rest := textline.TrimSpace(b[i+len(name):])
		if i > 0 && b[i-1] != ' ' && b[i-1] != ',' && b[i-1] != '\t' || len(rest) == 0 || rest[0] != '=' {
			b = b[i+len(name):]
			continue
		}
		rest = textline.TrimSpace(rest[1:])
		if len(rest) > 0 && rest[0] == '"' {
			end := bytes.IndexByte(rest[1:], '"')
			if end < 0 {
				return rest[1:]
			}
			return rest[1 : 1+end]
		}
		if end := bytes.IndexAny(rest, ", \t"); end >= 0 {
			rest = rest[:end]
		}
		return rest
	}
	return nil
}

// The outcomes of event.Login.
const (
	success = "success"
	failure = "failure"
	unknown = "unknown"
)

// outcome says what a response means for credentials in the head. Servers
// check them before anything else, so an answer about the resource means that
// they were taken.
func (cr *credential) outcome(resp *response) string {
	if resp == nil {
		return unknown
	}
	switch s := resp.status; {
	case cr.proxy && s == 407, !cr.proxy && (s == 401 || s == 403):
		return failure
	case s == 400, s == 401, s == 403, s == 407, s == 408, s == 421, s == 429, s >= 500:
		return unknown
	}
	return success
}

// logins makes a fact of every attempt of a request.
func (p *parser) logins(c *proto.Conn, r *request, resp *response) {
	if r.header.mechanism != "" && (resp == nil || !resp.stale) {
		p.login(c, r, &r.header, r.header.outcome(resp))
	}
	if r.form.mechanism != "" {
		p.login(c, r, &r.form, r.form.verdict(resp))
	}
}

// login makes a fact of one attempt. Clients send what was accepted once with
// every request; that is no further attempt.
func (p *parser) login(c *proto.Conn, r *request, cr *credential, outcome string) {
	user, secret := r.get(cr.user), r.get(cr.secret)
	key := hash(hash(hashSeed, user), secret)
	if outcome != failure && p.said.login == key {
		return
	}
	if outcome == success {
		p.said.login = key
	}
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.Mechanism, l.Outcome = event.ProtoHTTP, cr.mechanism, outcome
	l.User = c.String(user)
	if cr.hasSecret {
		l.Clear = true
		l.Secret = c.Secret(event.ProtoHTTP, l.User, secret)
	}
}
