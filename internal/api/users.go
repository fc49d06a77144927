//go:build !sensor

package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

func userOf(u *account.User) User {
	return User{
		ID: u.ID, Name: u.Name, Display: u.Display, Email: u.Email, Role: string(u.Role), Sites: list(u.Sites), Rights: rightNames(u.Rights),
		TOTP: u.TOTP != nil, External: u.Subject != "", Disabled: u.Disabled, Created: Time(u.Created), Login: Time(u.Login),
	}
}

func (s *Server) listUsers(ctx context.Context, _ *nothing) (*reply[Page[User]], error) {
	found, err := s.Users.Users(ctx, who(ctx).tenant)
	if err != nil {
		return nil, err
	}
	p := Page[User]{Items: []User{}, Total: len(found)}
	for _, u := range found {
		p.Items = append(p.Items, userOf(u))
	}
	slices.SortFunc(p.Items, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	return ok(p)
}

func (s *Server) listNames(ctx context.Context, _ *nothing) (*reply[[]string], error) {
	c := who(ctx)
	found, err := s.Users.Users(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, u := range found {
		shared := len(c.sites) == 0 || len(u.Sites) == 0 || slices.ContainsFunc(u.Sites, c.sees)
		if !u.Disabled && shared {
			names = append(names, u.Name)
		}
	}
	slices.Sort(names)
	return ok(names)
}

func (s *Server) getUser(ctx context.Context, in *ByID) (*reply[User], error) {
	u, err := s.Users.User(ctx, who(ctx).tenant, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(userOf(u))
}

func rightsOf(names []string) []account.Right {
	var out []account.Right
	for _, n := range names {
		if r := account.Right(n); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func (s *Server) createUser(ctx context.Context, in *userInput) (*reply[User], error) {
	c, b := who(ctx), in.Body
	name := strings.ToLower(b.Name)
	if !validName(name) {
		return nil, invalid("a name has letters, digits and . _ @ - and begins with one of the first two")
	}
	if err := s.checkSites(ctx, c, b.Sites); err != nil {
		return nil, err
	}
	if _, err := s.Users.UserByName(ctx, c.tenant, name); err == nil {
		return nil, refuse(http.StatusConflict, "conflict", "there is a user of that name")
	}
	u := &account.User{Tenant: c.tenant, Name: name, Display: b.Display, Email: b.Email, Role: account.Role(b.Role), Sites: b.Sites, Rights: rightsOf(b.Rights), Created: s.now()}
	if b.Password != "" {
		if err := checkPassword(b.Password, name); err != nil {
			return nil, err
		}
		hash, err := s.hasher.hash(ctx, b.Password)
		if err != nil {
			return nil, err
		}
		u.Password = hash
	}
	if err := s.Users.PutUser(ctx, u); err != nil {
		return nil, err
	}
	c.object, c.detail = name, "role "+b.Role+", rights "+strings.Join(b.Rights, " ")
	return ok(userOf(u))
}

// checkSites wants sites to be those of the settings.
func (s *Server) checkSites(ctx context.Context, c *caller, names []string) error {
	for _, n := range names {
		if strings.ContainsFunc(n, func(r rune) bool { return r < ' ' }) || n == "" || len(n) > 100 {
			return invalid("a site has a name of 1 to 100 characters without control characters")
		}
	}
	return nil
}

func (s *Server) editUser(ctx context.Context, in *userPatch) (*reply[User], error) {
	c, b := who(ctx), in.Body
	hash := ""
	if b.Password != nil {
		if err := checkPassword(*b.Password, ""); err != nil {
			return nil, err
		}
		var err error
		if hash, err = s.hasher.hash(ctx, *b.Password); err != nil {
			return nil, err
		}
	}
	if b.Sites != nil {
		if err := s.checkSites(ctx, c, *b.Sites); err != nil {
			return nil, err
		}
	}
	s.peopleMu.Lock()
	defer s.peopleMu.Unlock()
	if b.Role != nil && *b.Role != string(account.Admin) || b.Disabled != nil && *b.Disabled || b.Sites != nil && len(*b.Sites) > 0 {
		if err := s.keepAdmin(ctx, c.tenant, in.ID); err != nil {
			return nil, err
		}
	}
	var did []string
	u, err := s.Users.EditUser(ctx, c.tenant, in.ID, func(u *account.User) error {
		did = did[:0]
		if b.Display != nil {
			u.Display = *b.Display
		}
		if b.Email != nil {
			u.Email = *b.Email
		}
		if hash != "" {
			u.Password = hash
			did = append(did, "password")
		}
		if b.Role != nil {
			did = append(did, "role "+string(u.Role)+" to "+*b.Role)
			u.Role = account.Role(*b.Role)
		}
		if b.Sites != nil {
			u.Sites = *b.Sites
			did = append(did, "sites "+strings.Join(u.Sites, " "))
		}
		if b.Rights != nil {
			u.Rights = rightsOf(*b.Rights)
			did = append(did, "rights "+strings.Join(*b.Rights, " "))
		}
		if b.Disabled != nil {
			u.Disabled = *b.Disabled
			did = append(did, map[bool]string{true: "disabled", false: "enabled"}[u.Disabled])
		}
		if b.ResetTOTP {
			u.TOTP, u.Recovery = nil, nil
			did = append(did, "second factor removed")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.object, c.detail = u.Name, strings.Join(did, "; ")
	if len(did) > 0 { // who has other rights now logs in again
		except := ""
		if c.session != nil && c.user.ID == u.ID {
			except = c.session.Hash
		}
		if err := s.Sessions.DeleteUserSessions(ctx, c.tenant, u.ID, except); err != nil {
			return nil, err
		}
	}
	return ok(userOf(u))
}

// keepAdmin refuses to take away the last administrator of all sites.
func (s *Server) keepAdmin(ctx context.Context, tenant uint16, id string) error {
	found, err := s.Users.Users(ctx, tenant)
	if err != nil {
		return err
	}
	for _, u := range found {
		if u.ID != id && u.Role == account.Admin && !u.Disabled && len(u.Sites) == 0 {
			return nil
		}
	}
	for _, u := range found {
		if u.ID == id && u.Role == account.Admin && len(u.Sites) == 0 && !u.Disabled {
			return refuse(http.StatusConflict, "last-admin", "this is the last administrator")
		}
	}
	return nil
}

func (s *Server) deleteUser(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	s.peopleMu.Lock()
	defer s.peopleMu.Unlock()
	u, err := s.Users.User(ctx, c.tenant, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.keepAdmin(ctx, c.tenant, in.ID); err != nil {
		return nil, err
	}
	c.object = u.Name
	if err := s.Sessions.DeleteUserSessions(ctx, c.tenant, u.ID, ""); err != nil {
		return nil, err
	}
	return &none{}, s.Users.DeleteUser(ctx, c.tenant, in.ID)
}

func tokenOf(t *account.Token, maker string) Token {
	return Token{
		ID: t.ID, Name: t.Name, User: maker, Role: string(t.Role), Scopes: list(t.Scopes), Sites: list(t.Sites),
		Created: Time(t.Created), Expires: Time(t.Expires), Used: Time(t.Used), Revoked: t.Revoked,
	}
}

// oversees reports whether the caller looks after the tokens of others.
func oversees(c *caller) bool { return c.role == account.Admin && len(c.sites) == 0 }

func (s *Server) listTokens(ctx context.Context, _ *nothing) (*reply[Page[Token]], error) {
	c := who(ctx)
	found, err := s.Tokens.Tokens(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	users, err := s.Users.Users(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, u := range users {
		names[u.ID] = u.Name
	}
	p := Page[Token]{Items: []Token{}}
	for _, t := range found {
		if t.User == c.user.ID || oversees(c) {
			p.Items = append(p.Items, tokenOf(t, names[t.User]))
		}
	}
	p.Total = len(p.Items)
	return ok(p)
}

// covers reports whether scopes include another.
func covers(scopes []string, x string) bool {
	resource, word, named := strings.Cut(x, ":")
	if slices.Contains(scopes, x) || !named && x == "read" && slices.Contains(scopes, "write") {
		return true
	}
	if !named || resource == "evidence" { // a right is given by its name only
		return false
	}
	return slices.Contains(scopes, "write") || word == "read" && (slices.Contains(scopes, "read") || slices.Contains(scopes, resource+":write"))
}

// checkScopes wants scopes that some operation has.
func (s *Server) checkScopes(scopes []string) error {
	for _, x := range scopes {
		if x != "read" && x != "write" && !s.scopes[x] {
			return invalid("there is no scope " + ident.Clip(x, 60) + ": want read, write, or a resource with :read or :write")
		}
	}
	return nil
}

func (s *Server) createToken(ctx context.Context, in *tokenInput) (*reply[NewToken], error) {
	c, b := who(ctx), in.Body
	if c.user.ID == "" {
		return nil, refuse(http.StatusForbidden, "person", "make a user first: a token belongs to one")
	}
	role := account.Role(b.Role)
	if !c.role.AtLeast(role) {
		return nil, refuse(http.StatusForbidden, "role", "a token has at most the role of its maker")
	}
	if err := s.checkScopes(b.Scopes); err != nil {
		return nil, err
	}
	if c.token != nil && len(c.token.Scopes) > 0 {
		for _, x := range b.Scopes {
			if !covers(c.token.Scopes, x) {
				return nil, refuse(http.StatusForbidden, "scope", "a token makes tokens with its own scopes only")
			}
		}
		if len(b.Scopes) == 0 {
			b.Scopes = c.token.Scopes
		}
	}
	for _, site := range b.Sites {
		if !c.sees(site) {
			return nil, refuse(http.StatusForbidden, "sites", "a token has at most the sites of its maker")
		}
	}
	if len(b.Sites) == 0 {
		b.Sites = c.sites
	}
	value := tokenPrefix + random()
	t := &account.Token{Tenant: c.tenant, Name: b.Name, Hash: digest(value), User: c.user.ID, Role: role, Scopes: b.Scopes, Sites: b.Sites, Created: s.now()}
	if b.Days > 0 {
		t.Expires = t.Created + int64(b.Days)*int64(24*time.Hour)
	}
	if c.token != nil && c.token.Expires != 0 && (t.Expires == 0 || t.Expires > c.token.Expires) {
		t.Expires = c.token.Expires
	}
	if err := s.Tokens.PutToken(ctx, t); err != nil {
		return nil, err
	}
	c.object, c.detail = b.Name, "role "+b.Role+", scopes "+strings.Join(b.Scopes, " ")
	return ok(NewToken{tokenOf(t, c.user.Name), value})
}

func (s *Server) revokeToken(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	found, err := s.Tokens.Tokens(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		if t.ID == in.ID && (t.User == c.user.ID || oversees(c)) {
			c.object = t.Name
			_, err := s.Tokens.EditToken(ctx, c.tenant, t.ID, func(t *account.Token) error { t.Revoked = true; return nil })
			return &none{}, err
		}
	}
	return nil, unknown("token")
}
