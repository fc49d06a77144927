//go:build !sensor

package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// tokenPrefix begins the value of every API token, so that scanners for
// leaked secrets know it.
const tokenPrefix = "edw_"

// csrfHeader carries the session's second value, which other sites cannot read.
const csrfHeader = "X-CSRF-Token"

// errLogin is for all who are not let in, whatever the reason.
var errLogin = refuse(http.StatusUnauthorized, "login", "log in first")

// clockSlack is how far the clock may go back without a session's end.
const clockSlack = 5 * time.Minute

// guard stands before every operation.
func (s *Server) guard(a access) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		c, err := s.admit(r, a)
		if err != nil {
			if retry := (huma.HeadersError)(nil); errors.As(err, &retry) {
				for k, v := range retry.GetHeaders() {
					w.Header()[k] = v
				}
			}
			var e *huma.ErrorModel
			if !errors.As(s.public(r.Context(), r.Method, err), &e) {
				e = &huma.ErrorModel{Status: http.StatusInternalServerError, Title: http.StatusText(http.StatusInternalServerError)}
			}
			writeProblem(w, e)
			return
		}
		next(huma.WithContext(hc, withCaller(r.Context(), c)))
	}
}

// admit says who asks and whether they may.
func (s *Server) admit(r *http.Request, a access) (*caller, error) {
	c, err := s.identify(r)
	if c == nil {
		c = &caller{address: addressOf(r), agent: r.UserAgent()}
	}
	if c.token == nil {
		// What a browser sends by itself does not prove that the person wants it.
		if cross := s.origin.Check(r); cross != nil {
			return nil, refuse(http.StatusForbidden, "cross-site", "the request comes from another site")
		}
	}
	if a.public {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if c.session != nil && unsafe(r.Method) && subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(c.session.CSRF)) != 1 {
		return nil, refuse(http.StatusForbidden, "csrf", "the header "+csrfHeader+" is missing or wrong")
	}
	return c, s.authorize(r.Context(), c, a)
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// authorize says whether a caller may.
func (s *Server) authorize(ctx context.Context, c *caller, a access) error {
	if c.session != nil && a.scope != "session" && s.wantsTOTP(ctx, c) {
		return refuse(http.StatusForbidden, "totp-setup", "set up a second factor first")
	}
	switch {
	case !a.self && !c.role.AtLeast(a.role):
		return refuse(http.StatusForbidden, "role", "this takes the role "+string(a.role))
	case a.right != "" && !c.has(a.right):
		return refuse(http.StatusForbidden, "right", "this takes the right "+string(a.right))
	case a.global && len(c.sites) > 0:
		return refuse(http.StatusForbidden, "sites", "this is for those who look after all sites")
	case !c.allows(a):
		return refuse(http.StatusForbidden, "scope", "the token does not have the scope "+a.scopeName())
	}
	return nil
}

// wantsTOTP reports whether the caller must set up a second factor first.
func (s *Server) wantsTOTP(ctx context.Context, c *caller) bool {
	return c.user.TOTP == nil && c.user.Password != "" && c.user.Subject == "" && s.rules(ctx, c.tenant).RequireTOTP
}

// identify finds out who asks. The caller is nil when nobody is known.
func (s *Server) identify(r *http.Request) (*caller, error) {
	if auth := r.Header.Get("Authorization"); auth != "" {
		// Firewalls and feed readers know Basic authentication only: the token
		// is its password.
		if _, password, ok := r.BasicAuth(); ok {
			return s.bearer(r, password)
		}
		kind, value, _ := strings.Cut(auth, " ")
		if !strings.EqualFold(kind, "Bearer") {
			return nil, errLogin
		}
		return s.bearer(r, strings.TrimSpace(value))
	}
	cookie, err := r.Cookie(cookieNameOf(r.Context()))
	if err != nil || len(cookie.Value) > 200 {
		return nil, errLogin
	}
	return s.cookie(r, cookie.Value)
}

// bearer lets a program in.
func (s *Server) bearer(r *http.Request, value string) (*caller, error) {
	ctx, now := r.Context(), s.now()
	if s.LocalToken != "" && isLocal(r) && subtle.ConstantTimeCompare([]byte(value), []byte(s.LocalToken)) == 1 {
		t := &account.Token{ID: "local", Name: "local", Role: account.Admin}
		return &caller{name: "local", token: t, role: account.Admin, address: addressOf(r), agent: r.UserAgent(), user: &account.User{Name: "local", Role: account.Admin}}, nil
	}
	if !strings.HasPrefix(value, tokenPrefix) || len(value) > 100 {
		return nil, s.miss(r)
	}
	t, err := s.Tokens.TokenByHash(ctx, digest(value))
	if ident.CodeOf(err) == ident.NotFound {
		return nil, s.miss(r)
	}
	if err != nil {
		return nil, err
	}
	if t.Revoked {
		return nil, badToken("the token was revoked")
	}
	if t.Expires != 0 && now >= t.Expires {
		return nil, badToken("the token expired on " + time.Unix(0, t.Expires).UTC().Format(time.DateOnly))
	}
	u, err := s.Users.User(ctx, t.Tenant, t.User)
	if err != nil && ident.CodeOf(err) != ident.NotFound {
		return nil, err
	}
	if err != nil || u.Disabled {
		return nil, badToken("the token's maker may not log in any more")
	}
	if now-t.Used > int64(time.Minute) {
		if err := s.Tokens.TouchToken(ctx, t.Hash, now); err != nil {
			s.Log.WarnContext(ctx, "note the use of a token", "error", err)
		}
	}
	c := &caller{tenant: t.Tenant, name: u.Name + "/" + t.Name, user: u, token: t, role: t.Role, address: addressOf(r), agent: r.UserAgent(), rights: u.Rights}
	if !u.Role.AtLeast(t.Role) { // its maker is less than they were
		c.role = u.Role
	}
	c.sites = (&caller{sites: u.Sites}).only(t.Sites)
	return c, nil
}

// miss slows down who guesses tokens.
func (s *Server) miss(r *http.Request) error {
	if wait := s.guesses.begin("token "+addressOf(r), s.Clock()); wait > 0 {
		return later(wait, "too many wrong tokens from this address")
	}
	return badToken("the token is not known here")
}

// badToken says why a token does not count. Who has its value may know.
func badToken(why string) error { return refuse(http.StatusUnauthorized, "token", why) }

// cookie lets a person in.
func (s *Server) cookie(r *http.Request, value string) (*caller, error) {
	ctx, now := r.Context(), s.now()
	nobody := &caller{address: addressOf(r), agent: r.UserAgent(), old: digest(value)}
	x, err := s.Sessions.Session(ctx, nobody.old)
	if ident.CodeOf(err) == ident.NotFound {
		return nobody, errLogin
	}
	if err != nil {
		return nobody, err
	}
	rules := s.rules(ctx, x.Tenant)
	// One that begins in the future would live for longer than it should: the
	// clock went back, and the person logs in again.
	if now >= x.Expires || now-x.Seen > int64(rules.IdleMinutes)*int64(time.Minute) || x.Created-now > int64(clockSlack) {
		if err := s.Sessions.DeleteSession(ctx, x.Hash); err != nil {
			s.Log.WarnContext(ctx, "end a session", "error", err)
		}
		return nobody, refuse(http.StatusUnauthorized, "expired", "the session has ended: log in again")
	}
	u, err := s.Users.User(ctx, x.Tenant, x.User)
	if ident.CodeOf(err) == ident.NotFound {
		return nobody, errLogin
	}
	if err != nil {
		return nobody, err
	}
	if u.Disabled {
		return nobody, errLogin
	}
	if now-x.Seen > int64(30*time.Second) {
		if err := s.Sessions.TouchSession(ctx, x.Hash, now); err != nil {
			s.Log.WarnContext(ctx, "note that a session lives", "error", err)
		}
	}
	return &caller{
		tenant: x.Tenant, name: u.Name, user: u, session: x, role: u.Role, sites: slices.Clone(u.Sites), rights: u.Rights,
		address: nobody.address, agent: nobody.agent, old: nobody.old,
	}, nil
}

// record appends to the audit log.
func (s *Server) record(ctx context.Context, c *caller, action, object string) error {
	name := c.name
	if name == "" {
		name = "nobody"
	}
	return s.Audit.Record(context.WithoutCancel(ctx), &account.Entry{
		Tenant: c.tenant, Time: s.now(), Actor: ident.Clip(name, 200), Address: ident.Clip(c.address, 100), Action: action,
		Object: ident.Clip(object, 300), Detail: ident.Clip(c.detail, 2000), Reason: ident.Clip(c.reason, 500),
	})
}

// rules gives the rules of logins, read at most every few seconds.
func (s *Server) rules(ctx context.Context, tenant uint16) hub.AccessRules {
	s.rulesMu.Lock()
	defer s.rulesMu.Unlock()
	k, ok := s.rulesOf[tenant]
	if ok && s.fresh(k.at, int64(5*time.Second)) {
		return k.rules
	}
	rules := hub.DefaultAccess
	if err := s.load(ctx, tenant, hub.SettingsKind, "access", &rules); err != nil {
		s.Log.WarnContext(ctx, "read the rules of logins", "error", err)
		if ok {
			return k.rules
		}
	}
	s.rulesOf[tenant] = knownRules{s.now(), rules}
	return rules
}

type knownRules struct {
	at    int64
	rules hub.AccessRules
}
