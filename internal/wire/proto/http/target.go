package http

import (
	"bytes"
	"net/netip"

	"edgeward/internal/wire/proto/textline"
)

// readTarget keeps the request target (RFC 9112 section 3.2) and what a
// request to a proxy says in it: the absolute form and CONNECT's authority.
func (r *request) readTarget(h *Head) {
	if i := bytes.IndexByte(h.Target, '?'); i >= 0 {
		r.pairs(h.Target[i+1:])
	}
	r.target = r.keepURL(h.Target, maxTarget)
	if string(h.Method) == "CONNECT" {
		r.connect = true
		r.proxied = r.keep(h.Target, maxHost)
		if r.host.n == 0 {
			host, port := splitHost(h.Target)
			r.host, r.port = r.keep(host, maxHost), port
		}
		return
	}
	authority := authorityOf(h.Target)
	if authority == nil {
		return
	}
	r.absolute = true
	r.proxied = r.keep(authority, maxHost)
	// The target counts, not the Host field (RFC 9112 section 3.2.2).
	host, port := splitHost(authority)
	r.host, r.port = r.keep(host, maxHost), port
}

// authorityOf gives host and port of an absolute URI without user
// information, nil when the target is in another form.
func authorityOf(target []byte) []byte {
	i := bytes.Index(target, []byte("://"))
	if i <= 0 || i > 10 {
		return nil
	}
	for _, c := range target[:i] {
		if c = textline.Lower(c); c < 'a' || c > 'z' {
			return nil
		}
	}
	a := target[i+3:]
	if j := bytes.IndexAny(a, "/?#"); j >= 0 {
		a = a[:j]
	}
	if j := bytes.LastIndexByte(a, '@'); j >= 0 {
		a = a[j+1:]
	}
	if len(a) == 0 {
		return nil
	}
	return a
}

// elsewhere reports whether host is not the server's own address. Names are
// taken for other hosts' names.
func elsewhere(host []byte, server netip.Addr) bool {
	addr, err := netip.ParseAddr(string(host))
	return err != nil || addr.Unmap() != server
}

// keepURL keeps a URL. Passwords in its query are taken out, see hideSecrets,
// and so is the user information before an @.
func (r *record) keepURL(b []byte, n int) text {
	t := r.keep(b, n)
	u := r.get(t)
	if i := bytes.Index(u, []byte("://")); i > 0 {
		rest := u[i+3:]
		end := len(rest)
		if j := bytes.IndexAny(rest, "/?#"); j >= 0 {
			end = j
		}
		if at := bytes.LastIndexByte(rest[:end], '@'); at > 0 {
			if colon := bytes.IndexByte(rest[:at], ':'); colon >= 0 {
				mask(rest[colon+1 : at])
			}
		}
	}
	if i := bytes.IndexByte(u, '?'); i >= 0 {
		hideSecrets(u[i+1:])
	}
	return t
}

// hideSecrets overwrites the values of query parameters that are passwords by
// their name. Values that no password looks like stay: they may be commands
// that someone injects.
func hideSecrets(query []byte) {
	for len(query) > 0 {
		pair := query
		if i := bytes.IndexAny(query, "&;#"); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		i := bytes.IndexByte(pair, '=')
		if i > 0 && keyKind(pair[:i]) == secretKey && innocent(pair[i+1:]) {
			mask(pair[i+1:])
		}
	}
}

func mask(b []byte) {
	for i := range b {
		b[i] = '*'
	}
}

// innocent reports whether a value has nothing in it that a shell, a database
// or a path would act upon.
func innocent(v []byte) bool {
	for i, c := range v {
		switch c {
		case '|', '`', '$', '<', '>', '\'', '"', '(', ')', '/', '\\', ' ':
			return false
		case '%':
			if i+2 < len(v) {
				hi, ok1 := hexDigit(v[i+1])
				lo, ok2 := hexDigit(v[i+2])
				if d := hi<<4 | lo; ok1 && ok2 && (d < ' ' || bytes.IndexByte([]byte("|;&`$<>'\"()/\\ "), d) >= 0) {
					return false
				}
			}
		}
	}
	return len(v) <= 64
}
