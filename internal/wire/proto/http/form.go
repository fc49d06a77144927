package http

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// key is what the name of a form field says.
type key uint8

const (
	otherKey key = iota
	userKey
	secretKey
)

var (
	userNames   = []string{"user", "usr", "uname", "login", "userid", "uid", "account", "email", "name", "log", "loginname", "loginuse", "admin", "jusername"}
	userParts   = []string{"username", "loginuser"}
	userEnds    = []string{"user", "login", "account", "userid", "uname"}
	secretNames = []string{"pass", "psw", "psd", "passcode", "loginpas", "loginpass", "upass", "mypass", "adminpass"}
	secretParts = []string{"passw", "pwd"}
	secretEnds  = []string{"userpass", "loginpass", "adminpass", "psw", "psd"}
)

// keyKind tells names of users and of passwords from others. Case and the
// characters that authors of forms decorate names with do not count.
func keyKind(name []byte) key {
	var folded [32]byte
	n := 0
	for _, c := range name {
		c = textline.Lower(c)
		if c >= 'a' && c <= 'z' || isDigit(c) {
			if n == len(folded) {
				return otherKey
			}
			folded[n] = c
			n++
		}
	}
	f := folded[:n]
	switch {
	case oneOf(f, secretNames) || contains(f, secretParts) || ends(f, secretEnds):
		return secretKey
	case oneOf(f, userNames) || contains(f, userParts) || ends(f, userEnds):
		return userKey
	}
	return otherKey
}

func oneOf(b []byte, names []string) bool {
	for _, s := range names {
		if string(b) == s {
			return true
		}
	}
	return false
}

func contains(b []byte, parts []string) bool {
	for _, s := range parts {
		for i := 0; i+len(s) <= len(b); i++ {
			if string(b[i:i+len(s)]) == s {
				return true
			}
		}
	}
	return false
}

func ends(b []byte, tails []string) bool {
	for _, s := range tails {
		if len(b) >= len(s) && string(b[len(b)-len(s):]) == s {
			return true
		}
	}
	return false
}

// findForm looks for a login in the body of a request: a form, JSON, or a web
// service's user name token. It is an attempt only with both a user and a
// password, so that the setting of a Wi-Fi key is none.
func (r *request) findForm() {
	body := r.first()
	if len(body) == 0 || r.form.mechanism != "" || string(r.get(r.method)) != "POST" && string(r.get(r.method)) != "PUT" {
		return
	}
	kind := r.get(r.ctype)
	first := textline.TrimSpace(body)
	switch {
	case len(first) > 0 && first[0] == '{':
		r.jsonLogin(body)
	case len(first) > 0 && first[0] == '<':
		r.tokenLogin(body)
	case textline.Index(kind, "urlencoded") >= 0, len(kind) == 0, textline.HasPrefix(kind, "text/plain"):
		r.pairs(body)
	}
}

// pairs looks for a login among parameters, as a form or a query has them.
func (r *request) pairs(b []byte) {
	var user, secret []byte
	for len(b) > 0 {
		pair := b
		if i := bytes.IndexByte(b, '&'); i >= 0 {
			pair, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		i := bytes.IndexByte(pair, '=')
		if i <= 0 {
			continue
		}
		value := pair[i+1:]
		if j := bytes.IndexAny(value, "\r\n#"); j >= 0 {
			value = value[:j]
		}
		note(&user, &secret, pair[:i], value)
	}
	r.found(user, secret, true)
}

// note keeps the first user and the first password.
func note(user, secret *[]byte, name, value []byte) {
	switch keyKind(name) {
	case userKey:
		if *user == nil {
			*user = value
		}
	case secretKey:
		if *secret == nil {
			*secret = value
		}
	}
}

// jsonLogin looks for a login among the members of JSON objects, however deep.
func (r *request) jsonLogin(b []byte) {
	var user, secret []byte
	for {
		name, rest := jsonString(b)
		if rest == nil {
			break
		}
		b = rest
		rest = trimJSON(rest)
		if len(rest) == 0 || rest[0] != ':' {
			continue
		}
		rest = trimJSON(rest[1:])
		if len(rest) == 0 || rest[0] != '"' {
			continue
		}
		value, after := jsonString(rest)
		if after == nil {
			break
		}
		note(&user, &secret, name, value)
		b = after
	}
	r.found(user, secret, false)
}

// jsonString gives the first string in b, escapes as they are, and what
// follows it; rest is nil when there is none.
func jsonString(b []byte) (s, rest []byte) {
	i := bytes.IndexByte(b, '"')
	if i < 0 {
		return nil, nil
	}
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return b[i+1 : j], b[j+1:]
		}
	}
	return nil, nil
}

func trimJSON(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// tokenLogin looks for a UsernameToken (OASIS WS-Security UsernameToken
// profile), by which ONVIF cameras know their users.
func (r *request) tokenLogin(b []byte) {
	if !bytes.Contains(b, []byte("UsernameToken")) {
		return
	}
	var user, secret []byte
	digest := false
	for e, rest := nextElement(b); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "Username":
			user = e.text
		case "Password":
			secret, digest = e.text, bytes.Contains(e.attributes, []byte("PasswordDigest"))
		}
	}
	if len(user) == 0 || secret == nil {
		return
	}
	r.form = credential{mechanism: "wsse", user: r.keep(user, maxUser)}
	if !digest {
		r.form.hasSecret = true
		r.form.secret = r.keep(secret, maxSecret)
	}
}

// found keeps a login; encoded says that the values are percent-encoded.
func (r *request) found(user, secret []byte, encoded bool) {
	if len(user) == 0 || secret == nil {
		return
	}
	r.form = credential{mechanism: "form", hasSecret: true}
	if encoded {
		r.form.user = r.keepDecoded(user, maxUser)
		r.form.secret = r.keepDecoded(secret, maxSecret)
		return
	}
	r.form.user = r.keep(user, maxUser)
	r.form.secret = r.keep(secret, maxSecret)
}

// keepDecoded keeps a form value with its encoding taken off.
func (r *record) keepDecoded(v []byte, n int) text {
	v = v[:min(len(v), n)]
	start := len(r.buf)
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(v):
			hi, ok1 := hexDigit(v[i+1])
			lo, ok2 := hexDigit(v[i+2])
			if ok1 && ok2 {
				c = hi<<4 | lo
				i += 2
			}
		}
		r.buf = append(r.buf, c)
	}
	return text{uint16(start), uint16(len(r.buf) - start)}
}

// Words by which pages say how a login went.
var (
	refusals = []string{
		"incorrect", "invalid", "fail", "wrong", "denied", "unauthori", "not authori", "notauthori", "bad password",
		`"success":false`, `"success": false`, `"error":"`, `"error": "`, `type="password"`, `type='password'`, `type=password`,
	}
	welcomes = []string{
		`"success":true`, `"success": true`, "welcome", "logout", "log out", "sign out", "logged in", "login success",
		`"token"`, `"access_token"`, `"session`, "dashboard",
	}
	refusingPlaces = []string{"login", "logon", "signin", "error", "fail", "denied", "invalid"}
)

// verdict says what a response means for a login by form, where servers are
// free to answer as they like. HTML without a sign stays unknown.
func (cr *credential) verdict(resp *response) string {
	if resp == nil {
		return unknown
	}
	switch s := resp.status; {
	case s == 401 || s == 403:
		return failure
	case s >= 400:
		if containsFold(resp.decoded, refusals) {
			return failure
		}
		return unknown
	case s >= 300:
		if containsFold(resp.get(resp.location), refusingPlaces) {
			return failure
		}
		return success
	case containsFold(resp.decoded, refusals):
		return failure
	case containsFold(resp.decoded, welcomes), resp.setsCookie, cr.mechanism == "wsse":
		return success
	case resp.magic == "html", resp.encoding.n > 0 && len(resp.decoded) == 0:
		return unknown
	}
	return success
}

func containsFold(b []byte, words []string) bool {
	for _, w := range words {
		if textline.Index(b, w) >= 0 {
			return true
		}
	}
	return false
}
