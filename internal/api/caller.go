//go:build !sensor

package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

// caller is who asks, and what they may.
type caller struct {
	tenant  uint16
	name    string // for the audit log: user, or token
	user    *account.User
	session *account.Session
	token   *account.Token
	role    account.Role
	sites   []string // empty for all
	rights  []account.Right
	address string
	agent   string
	old     string // hash of a session's cookie that came along, valid or not

	// What the audit entry of this request says beside the action.
	object, detail, reason string
}

type callerKey struct{}

// who gives the caller of a request.
func who(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		c = &caller{role: ""} // may nothing
	}
	return c
}

func withCaller(ctx context.Context, c *caller) context.Context {
	return hub.WithActor(context.WithValue(ctx, callerKey{}, c), c.name)
}

// nowhere is the name of a site and the id of a sensor that do not exist, for
// filters in which an empty list means all.
const nowhere = "\x01"

// only gives the sites of a filter: those asked for, as far as they are the
// caller's; nil for all.
func (c *caller) only(asked []string) []string {
	if len(c.sites) == 0 {
		if len(asked) == 0 {
			return nil
		}
		return asked
	}
	if len(asked) == 0 {
		return c.sites
	}
	var out []string
	for _, site := range asked {
		if slices.Contains(c.sites, site) {
			out = append(out, site)
		}
	}
	if out == nil {
		out = []string{nowhere}
	}
	return out
}

// sees reports whether something at a site is the caller's to see.
func (c *caller) sees(site string) bool {
	return len(c.sites) == 0 || slices.Contains(c.sites, site)
}

// has reports whether the caller has a right.
func (c *caller) has(r account.Right) bool { return slices.Contains(c.rights, r) }

// allows reports whether a token's scopes name the scope; sessions have all.
func (c *caller) allows(a access) bool {
	if c.token == nil {
		return true
	}
	if a.right != "" { // never by being silent
		return slices.Contains(c.token.Scopes, a.scopeName())
	}
	if len(c.token.Scopes) == 0 {
		return true
	}
	word := "read"
	if a.write {
		word = "write"
	}
	for _, have := range c.token.Scopes {
		if have == word || have == a.scopeName() || !a.write && (have == "write" || have == a.scope+":write") {
			return true
		}
	}
	return false
}

// sensorsOf gives the sensors whose facts the caller may see, as far as they
// are asked for; nil for all.
func (s *Server) sensorsOf(ctx context.Context, c *caller, asked, sites []string) ([]string, error) {
	sites = c.only(sites)
	if sites == nil {
		if len(asked) == 0 {
			return nil, nil
		}
		return asked, nil
	}
	all, err := s.Sensors.Sensors(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, x := range all {
		if slices.Contains(sites, x.Site) && (len(asked) == 0 || slices.Contains(asked, x.ID)) {
			out = append(out, x.ID)
		}
	}
	if len(out) == 0 {
		out = []string{nowhere}
	}
	return out, nil
}

// random gives 256 random bits as text.
func random() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// newID gives an id for what has none of its own.
func newID() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// digest is what is kept of a secret that is random.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
