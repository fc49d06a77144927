//go:build !sensor

package api

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// setupKind and setupKey name the document with the hash of the set-up token.
const (
	setupKind = "setup"
	setupKey  = "token"
)

type setupDocument struct {
	Hash    string `json:"hash"`
	Created int64  `json:"created"`
}

// SetupToken makes the one-time token with which the first administrator is
// made. Only its hash is kept, so it must be shown now; the one before it
// counts no more. It gives none when there are users already.
func SetupToken(ctx context.Context, users hub.Users, documents hub.Documents, clock ident.Clock) (string, error) {
	list, err := users.Users(ctx, 0)
	if err != nil || len(list) > 0 {
		return "", err
	}
	token := random()
	s := &Server{Config: Config{Documents: documents}}
	return token, s.save(ctx, 0, setupKind, setupKey, setupDocument{digest(token), clock().UnixNano()})
}

// setupMu lets one request at a time be the first.
var setupMu sync.Mutex

func (s *Server) getSetup(ctx context.Context, _ *nothing) (*reply[Setup], error) {
	users, err := s.Users.Users(ctx, 0)
	if err != nil {
		return nil, err
	}
	out := Setup{Needed: len(users) == 0, Version: s.Version}
	if o, _, err := s.oidcSettings(ctx, 0); err == nil && o.Enabled {
		if out.OIDC = o.Label; out.OIDC == "" {
			out.OIDC = "OpenID"
		}
	}
	return ok(out)
}

func (s *Server) setUp(ctx context.Context, in *setupInput) (*loggedIn, error) {
	c := who(ctx)
	if wait := s.guesses.begin("setup "+c.address, s.Clock()); wait > 0 {
		return nil, later(wait, "too many wrong set-up tokens: wait")
	}
	setupMu.Lock()
	defer setupMu.Unlock()
	users, err := s.Users.Users(ctx, 0)
	if err != nil {
		return nil, err
	}
	var doc setupDocument
	if err := s.load(ctx, 0, setupKind, setupKey, &doc); err != nil {
		return nil, err
	}
	if len(users) > 0 || doc.Hash == "" || subtle.ConstantTimeCompare([]byte(digest(strings.TrimSpace(in.Body.Token))), []byte(doc.Hash)) != 1 {
		return nil, refuse(http.StatusForbidden, "setup", "the set-up token is wrong or was used: the program prints a new one when it starts without users")
	}
	name := strings.ToLower(strings.TrimSpace(in.Body.Name))
	if !validName(name) {
		return nil, invalid("a name has letters, digits and . _ @ - and begins with one of the first two")
	}
	if err := checkPassword(in.Body.Password, name); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	u := &account.User{Name: name, Display: in.Body.Display, Password: hash, Role: account.Admin, Rights: []account.Right{account.Evidence}, Created: s.now()}
	if err := s.Users.PutUser(ctx, u); err != nil {
		return nil, err
	}
	if err := s.Documents.DeleteDocument(ctx, 0, setupKind, setupKey); err != nil {
		return nil, err
	}
	s.guesses.forgive("setup " + c.address)
	return s.open(ctx, c, u, "setup.done")
}

// validName reports whether a name can be logged in with.
func validName(name string) bool {
	for i, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		case i > 0 && strings.ContainsRune("._@-", r):
		default:
			return false
		}
	}
	return name != "" && len(name) <= 64
}
