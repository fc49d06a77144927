//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// Users gives everybody, by name.
func (s *Store) Users(ctx context.Context, tenant uint16) ([]*account.User, error) {
	var out []*account.User
	err := s.find(ctx, "SELECT record FROM users WHERE tenant = ? ORDER BY name", []any{tenant}, func(rows *sql.Rows) error { return scanInto(rows, &out) })
	return out, err
}

// User gives a person.
func (s *Store) User(ctx context.Context, tenant uint16, id string) (*account.User, error) {
	return readOne[account.User](ctx, s, "user", id, "SELECT record FROM users WHERE tenant = ? AND id = ?", tenant, id)
}

// UserByName gives a person by the name to log in with.
func (s *Store) UserByName(ctx context.Context, tenant uint16, name string) (*account.User, error) {
	return readOne[account.User](ctx, s, "user", name, "SELECT record FROM users WHERE tenant = ? AND name = ?", tenant, strings.ToLower(name))
}

// readOne reads a record, NotFound when there is none.
func readOne[T any](ctx context.Context, s *Store, what, id, query string, args ...any) (*T, error) {
	var b []byte
	found, err := s.one(ctx, query, args, &b)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound(what, id)
	}
	v := new(T)
	return v, decode(b, v)
}

// PutUser stores a person; a name is there once.
func (s *Store) PutUser(ctx context.Context, u *account.User) error {
	stored := *u
	if stored.ID == "" {
		stored.ID = newID()
	}
	stored.Name = strings.ToLower(stored.Name)
	err := s.update(ctx, "store user", func(t *tx) error { return t.putUser(&stored) })
	if err == nil {
		u.ID, u.Name = stored.ID, stored.Name
	}
	return err
}

func (t *tx) putUser(u *account.User) error {
	var other string
	err := t.row("SELECT id FROM users WHERE tenant = ? AND name = ? AND id <> ?", []any{u.Tenant, u.Name, u.ID}, &other)
	if err == nil {
		return ident.Errorf(ident.Invalid, "choose another name", "there is a user %q", u.Name)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	b, err := encode(u)
	if err != nil {
		return err
	}
	columns := []string{"tenant", "id", "name", "record"}
	return t.bulk("users", columns, upsert("tenant, id", columns), [][]any{{u.Tenant, u.ID, u.Name, b}})
}

// EditUser changes a person in one transaction.
func (s *Store) EditUser(ctx context.Context, tenant uint16, id string, edit func(*account.User) error) (*account.User, error) {
	u := &account.User{}
	err := s.update(ctx, "edit user", func(t *tx) error {
		if err := t.read(u, "user", id, "SELECT record FROM users WHERE tenant = ? AND id = ?", tenant, id); err != nil {
			return err
		}
		if err := edit(u); err != nil {
			return err
		}
		u.ID, u.Tenant, u.Name = id, tenant, strings.ToLower(u.Name)
		return t.putUser(u)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// read reads a record inside a transaction.
func (t *tx) read(v any, what, id, query string, args ...any) error {
	var b []byte
	err := t.row(query, args, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(what, id)
	}
	if err != nil {
		return err
	}
	return decode(b, v)
}

// DeleteUser removes a person with all sessions.
func (s *Store) DeleteUser(ctx context.Context, tenant uint16, id string) error {
	return s.update(ctx, "delete user", func(t *tx) error {
		n, err := t.exec("DELETE FROM users WHERE tenant = ? AND id = ?", tenant, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("user", id)
		}
		_, err = t.exec("DELETE FROM sessions WHERE tenant = ? AND user_id = ?", tenant, id)
		return err
	})
}

// Session gives a login by the hash of its cookie.
func (s *Store) Session(ctx context.Context, hash string) (*account.Session, error) {
	return readOne[account.Session](ctx, s, "session", "", "SELECT record FROM sessions WHERE hash = ?", hash)
}

// PutSession stores a login, and forgets those that are long over.
func (s *Store) PutSession(ctx context.Context, v *account.Session) error {
	return s.update(ctx, "store session", func(t *tx) error {
		if _, err := t.exec("DELETE FROM sessions WHERE tenant = ? AND expires < ?", v.Tenant, s.clock().UnixNano()); err != nil {
			return err
		}
		b, err := encode(v)
		if err != nil {
			return err
		}
		columns := []string{"tenant", "hash", "user_id", "expires", "record"}
		return t.bulk("sessions", columns, upsert("tenant, hash", columns), [][]any{{v.Tenant, v.Hash, v.User, v.Expires, b}})
	})
}

// TouchSession notes that a login was used; one that is gone stays gone.
func (s *Store) TouchSession(ctx context.Context, hash string, at int64) error {
	return s.update(ctx, "note that a session lives", func(t *tx) error {
		var v account.Session
		err := t.read(&v, "session", "", "SELECT record FROM sessions WHERE hash = ?", hash)
		if ident.CodeOf(err) == ident.NotFound || err == nil && v.Seen >= at {
			return nil
		}
		if err != nil {
			return err
		}
		v.Seen = at
		return t.replace(&v, "UPDATE sessions SET record = ? WHERE tenant = ? AND hash = ?", v.Tenant, v.Hash)
	})
}

// replace writes a record that is there; it makes none.
func (t *tx) replace(v any, query string, args ...any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	_, err = t.exec(query, append([]any{b}, args...)...)
	return err
}

// DeleteSession ends a login; one that is gone is no error.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return s.update(ctx, "delete session", func(t *tx) error {
		_, err := t.exec("DELETE FROM sessions WHERE hash = ?", hash)
		return err
	})
}

// DeleteUserSessions ends all logins of a person but one.
func (s *Store) DeleteUserSessions(ctx context.Context, tenant uint16, user, except string) error {
	return s.update(ctx, "delete sessions", func(t *tx) error {
		_, err := t.exec("DELETE FROM sessions WHERE tenant = ? AND user_id = ? AND hash <> ?", tenant, user, except)
		return err
	})
}

// UserSessions gives the logins of a person.
func (s *Store) UserSessions(ctx context.Context, tenant uint16, user string) ([]*account.Session, error) {
	var out []*account.Session
	err := s.find(ctx, "SELECT record FROM sessions WHERE tenant = ? AND user_id = ? ORDER BY expires, hash", []any{tenant, user}, func(rows *sql.Rows) error { return scanInto(rows, &out) })
	return out, err
}

// Tokens gives the tokens of programs, the oldest first.
func (s *Store) Tokens(ctx context.Context, tenant uint16) ([]*account.Token, error) {
	var out []*account.Token
	err := s.find(ctx, "SELECT record FROM tokens WHERE tenant = ? ORDER BY id", []any{tenant}, func(rows *sql.Rows) error { return scanInto(rows, &out) })
	return out, err
}

// TokenByHash gives a token.
func (s *Store) TokenByHash(ctx context.Context, hash string) (*account.Token, error) {
	return readOne[account.Token](ctx, s, "token", "", "SELECT record FROM tokens WHERE hash = ?", hash)
}

// PutToken stores a token.
func (s *Store) PutToken(ctx context.Context, v *account.Token) error {
	stored := *v
	if stored.ID == "" {
		stored.ID = newID()
	}
	err := s.update(ctx, "store token", func(t *tx) error {
		b, err := encode(&stored)
		if err != nil {
			return err
		}
		columns := []string{"tenant", "id", "hash", "record"}
		return t.bulk("tokens", columns, upsert("tenant, id", columns), [][]any{{stored.Tenant, stored.ID, stored.Hash, b}})
	})
	if err == nil {
		v.ID = stored.ID
	}
	return err
}

// EditToken changes a token in one transaction.
func (s *Store) EditToken(ctx context.Context, tenant uint16, id string, edit func(*account.Token) error) (*account.Token, error) {
	v := &account.Token{}
	err := s.update(ctx, "edit token", func(t *tx) error {
		if err := t.read(v, "token", id, "SELECT record FROM tokens WHERE tenant = ? AND id = ?", tenant, id); err != nil {
			return err
		}
		hash := v.Hash
		if err := edit(v); err != nil {
			return err
		}
		v.ID, v.Tenant, v.Hash = id, tenant, hash
		return t.replace(v, "UPDATE tokens SET record = ? WHERE tenant = ? AND id = ?", tenant, id)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// TouchToken notes that a token was used; one that is gone or revoked stays
// as it is.
func (s *Store) TouchToken(ctx context.Context, hash string, at int64) error {
	return s.update(ctx, "note the use of a token", func(t *tx) error {
		var v account.Token
		err := t.read(&v, "token", "", "SELECT record FROM tokens WHERE hash = ?", hash)
		if ident.CodeOf(err) == ident.NotFound || err == nil && (v.Revoked || v.Used >= at) {
			return nil
		}
		if err != nil {
			return err
		}
		v.Used = at
		return t.replace(&v, "UPDATE tokens SET record = ? WHERE tenant = ? AND id = ?", v.Tenant, v.ID)
	})
}
