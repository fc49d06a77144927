//go:build !sensor

package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// maxSessions bounds how many sessions one user has at a time.
const maxSessions = 20

// cookieName is the name of the session's cookie. Over TLS it has the prefix
// that browsers accept from this very host only.
const cookieName = "edgeward"

func cookieNameOf(ctx context.Context) string {
	if cameFrom(ctx).secure {
		return "__Host-" + cookieName
	}
	return cookieName
}

func sessionCookie(ctx context.Context, value string, expires int64) string {
	c := http.Cookie{Name: cookieNameOf(ctx), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: cameFrom(ctx).secure}
	if value == "" {
		c.MaxAge = -1
	} else {
		c.Expires = time.Unix(0, expires)
	}
	return c.String()
}

// login lets a person in by password and second factor.
func (s *Server) login(ctx context.Context, in *loginInput) (*loggedIn, error) {
	c := who(ctx)
	c.tenant = in.Body.Tenant
	name := strings.ToLower(strings.TrimSpace(in.Body.Name))
	now := s.Clock()
	account, address := "account "+name, "address "+c.address
	for _, t := range []struct {
		*throttle
		key string
	}{{s.guesses, address}, {s.accounts, account}} {
		if wait := t.begin(t.key, now); wait > 0 {
			return nil, later(wait, "too many attempts to log in: wait")
		}
	}
	u, err := s.checkLogin(ctx, c, name, in.Body.Password, in.Body.Code)
	if err != nil {
		return nil, err
	}
	s.accounts.forgive(account)
	s.guesses.forgive(address)
	return s.open(ctx, c, u, "session.begin")
}

// errWrong says no more than that the two do not fit.
var errWrong = refuse(http.StatusUnauthorized, "wrong", "the name or the password is wrong")

// checkLogin checks the password, then the second factor.
func (s *Server) checkLogin(ctx context.Context, c *caller, name, password, code string) (*account.User, error) {
	u, err := s.Users.UserByName(ctx, c.tenant, name)
	if err != nil && ident.CodeOf(err) != ident.NotFound {
		return nil, err
	}
	if err != nil {
		u = &account.User{}
	}
	fits, err := s.hasher.verify(ctx, u.Password, password)
	if err != nil {
		return nil, err
	}
	c.name = "nobody"
	if !fits || u.Disabled {
		c.detail = "wrong name or password"
		if err := s.record(ctx, c, "session.refused", name); err != nil {
			return nil, err
		}
		return nil, errWrong
	}
	if u.TOTP == nil {
		return u, nil
	}
	if code == "" {
		return nil, refuse(http.StatusUnauthorized, "totp", "the second factor is missing")
	}
	if err := s.useCode(ctx, u, code); err != nil {
		c.detail = "wrong second factor"
		if rerr := s.record(ctx, c, "session.refused", name); rerr != nil {
			return nil, rerr
		}
		return nil, err
	}
	return u, nil
}

// open begins a session. The one that the browser had before ends, so that
// nobody can be given a session that somebody else knows.
func (s *Server) open(ctx context.Context, c *caller, u *account.User, action string) (*loggedIn, error) {
	now := s.now()
	if c.old != "" {
		if err := s.Sessions.DeleteSession(ctx, c.old); err != nil && ident.CodeOf(err) != ident.NotFound {
			return nil, err
		}
	}
	if err := s.trimSessions(ctx, u, now); err != nil {
		return nil, err
	}
	rules := s.rules(ctx, u.Tenant)
	value := random()
	x := &account.Session{
		Hash: digest(value), User: u.ID, Tenant: u.Tenant, CSRF: random(), Created: now, Seen: now,
		Expires: now + int64(rules.MaxHours)*int64(time.Hour), Address: c.address, Agent: ident.Clip(c.agent, 300),
	}
	if err := s.Sessions.PutSession(ctx, x); err != nil {
		return nil, err
	}
	password := u.Password
	u, err := s.Users.EditUser(ctx, u.Tenant, u.ID, func(u *account.User) error {
		if u.Disabled || u.Password != password {
			return errWrong // it was changed, and all sessions ended, since it was checked
		}
		u.Login = now
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, s.Sessions.DeleteSession(ctx, x.Hash))
	}
	c.tenant, c.name, c.user, c.session = u.Tenant, u.Name, u, x
	c.role, c.sites, c.rights = u.Role, u.Sites, u.Rights
	if err := s.record(ctx, c, action, u.Name); err != nil {
		return nil, err
	}
	return &loggedIn{Cookie: []string{sessionCookie(ctx, value, x.Expires)}, Body: s.meOf(ctx, c)}, nil
}

// trimSessions ends what is over, and the oldest when there are too many.
func (s *Server) trimSessions(ctx context.Context, u *account.User, now int64) error {
	list, err := s.Sessions.UserSessions(ctx, u.Tenant, u.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b *account.Session) int { return int(min(max(b.Seen-a.Seen, -1), 1)) })
	for i, x := range list {
		if i >= maxSessions-1 || now >= x.Expires {
			if err := s.Sessions.DeleteSession(ctx, x.Hash); err != nil && ident.CodeOf(err) != ident.NotFound {
				return err
			}
		}
	}
	return nil
}

func (s *Server) logout(ctx context.Context, _ *nothing) (*loggedOut, error) {
	c := who(ctx)
	if c.session != nil {
		if err := s.Sessions.DeleteSession(ctx, c.session.Hash); err != nil {
			return nil, err
		}
	}
	return &loggedOut{Cookie: []string{sessionCookie(ctx, "", 0)}}, nil
}

func (s *Server) me(ctx context.Context, _ *nothing) (*reply[Me], error) {
	return ok(s.meOf(ctx, who(ctx)))
}

func (s *Server) meOf(ctx context.Context, c *caller) Me {
	u := c.user
	m := Me{
		ID: u.ID, Name: c.name, Display: u.Display, Email: u.Email, Role: string(c.role), Sites: list(c.sites), Rights: rightNames(c.rights),
		TOTP: u.TOTP != nil, Recovery: len(u.Recovery), External: u.Subject != "", Seen: Time(u.Seen), Settings: u.Settings, Token: c.token != nil,
	}
	if m.Settings == nil {
		m.Settings = map[string]string{}
	}
	if c.session != nil {
		m.CSRF, m.Expires, m.MustTOTP = c.session.CSRF, Time(c.session.Expires), s.wantsTOTP(ctx, c)
	}
	return m
}

func rightNames(rights []account.Right) []string {
	out := []string{}
	for _, r := range rights {
		out = append(out, string(r))
	}
	return out
}

// person gives the caller's user, who must be a person.
func person(ctx context.Context) (*caller, error) {
	c := who(ctx)
	if c.session == nil {
		return nil, refuse(http.StatusForbidden, "person", "this is for people, not for tokens")
	}
	return c, nil
}

func (s *Server) editMe(ctx context.Context, in *mePatch) (*reply[Me], error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	c.user, err = s.Users.EditUser(ctx, c.tenant, c.user.ID, func(u *account.User) error {
		if b.Display != nil {
			u.Display = *b.Display
		}
		if b.Email != nil {
			u.Email = *b.Email
		}
		if b.Seen != nil {
			u.Seen = max(u.Seen, min(int64(*b.Seen), s.now()))
		}
		for k, v := range b.Settings {
			if len(k) > 64 || len(v) > 1000 {
				return invalid("a setting is too long")
			}
			if u.Settings == nil {
				u.Settings = map[string]string{}
			}
			if u.Settings[k] = v; v == "" {
				delete(u.Settings, k)
			}
		}
		if len(u.Settings) > 100 {
			return invalid("there are too many settings: at most 100")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ok(s.meOf(ctx, c))
}

// confirm wants the caller's password once more, as slowly as a login.
func (s *Server) confirm(ctx context.Context, c *caller, password string) error {
	key := "account " + c.user.Name
	if wait := s.accounts.begin(key, s.Clock()); wait > 0 {
		return later(wait, "too many wrong passwords: wait")
	}
	fits, err := s.hasher.verify(ctx, c.user.Password, password)
	if err != nil {
		return err
	}
	if !fits {
		return refuse(http.StatusForbidden, "wrong", "the password is wrong")
	}
	s.accounts.forgive(key)
	return nil
}

func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*none, error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.confirm(ctx, c, in.Body.Current); err != nil {
		return nil, err
	}
	if err := checkPassword(in.Body.Password, c.user.Name); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if _, err := s.Users.EditUser(ctx, c.tenant, c.user.ID, func(u *account.User) error {
		if u.Password != c.user.Password {
			return refuse(http.StatusConflict, "conflict", "the password was changed in between")
		}
		u.Password = hash
		return nil
	}); err != nil {
		return nil, err
	}
	return &none{}, s.Sessions.DeleteUserSessions(ctx, c.tenant, c.user.ID, c.session.Hash)
}

// sessionID is the part of the hash by which a session is named.
func sessionID(x *account.Session) string { return ident.Clip(x.Hash, 16) }

func (s *Server) listSessions(ctx context.Context, _ *nothing) (*reply[Page[Session]], error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.Sessions.UserSessions(ctx, c.tenant, c.user.ID)
	if err != nil {
		return nil, err
	}
	p := Page[Session]{Items: []Session{}}
	for _, x := range found {
		if s.now() >= x.Expires {
			continue
		}
		p.Items = append(p.Items, Session{
			ID: sessionID(x), Current: x.Hash == c.session.Hash, Created: Time(x.Created), Seen: Time(x.Seen), Expires: Time(x.Expires), Address: x.Address, Agent: x.Agent,
		})
	}
	p.Total = len(p.Items)
	return ok(p)
}

func (s *Server) endSession(ctx context.Context, in *ByID) (*none, error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.Sessions.UserSessions(ctx, c.tenant, c.user.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		if sessionID(x) == in.ID {
			return &none{}, s.Sessions.DeleteSession(ctx, x.Hash)
		}
	}
	return nil, unknown("session")
}

func (s *Server) endOthers(ctx context.Context, _ *nothing) (*none, error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return &none{}, s.Sessions.DeleteUserSessions(ctx, c.tenant, c.user.ID, c.session.Hash)
}
