//go:build !sensor

package api

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

// people is hub.Users under a name that its method does not have.
type people = interface{ hub.Users }

// between does something once, while a request is at work: after the session
// or token was read and before its use is noted.
type between struct {
	people
	mu sync.Mutex
	do func()
}

func (b *between) User(ctx context.Context, tenant uint16, id string) (*account.User, error) {
	b.mu.Lock()
	do := b.do
	b.do = nil
	b.mu.Unlock()
	if do != nil {
		do()
	}
	return b.people.User(ctx, tenant, id)
}

func (b *between) next(f func()) {
	b.mu.Lock()
	b.do = f
	b.mu.Unlock()
}

func (b *between) EditUser(ctx context.Context, tenant uint16, id string, edit func(*account.User) error) (*account.User, error) {
	b.mu.Lock()
	do := b.do
	b.do = nil
	b.mu.Unlock()
	if do != nil {
		do()
	}
	return b.people.EditUser(ctx, tenant, id, edit)
}

// TestWhatEndedStaysEnded ends sessions and tokens in the middle of requests
// that note their use.
func TestWhatEndedStaysEnded(t *testing.T) {
	b := &between{}
	h := newHouse(t, func(c *Config) { b.people = c.Users; c.Users = b })
	ctx := context.Background()
	_, x := h.login("admin0", nil, nil)
	h.clock.move(time.Minute)
	b.next(func() {
		if err := h.state.DeleteUserSessions(ctx, 0, h.users["admin0"].ID, ""); err != nil {
			t.Error(err)
		}
	})
	x.do(get, "/session", nil)
	want(t, x.do(get, "/session", nil), http.StatusUnauthorized)

	h.clock.move(2 * time.Minute)
	b.next(func() {
		k, err := h.state.TokenByHash(ctx, digest(h.tokens["viewer0"]))
		if err == nil {
			_, err = h.state.EditToken(ctx, 0, k.ID, func(k *account.Token) error { k.Revoked = true; return nil })
		}
		if err != nil {
			t.Error(err)
		}
	})
	h.as("viewer0", get, "/devices", nil)
	want(t, h.as("viewer0", get, "/devices", nil), http.StatusUnauthorized)

	// A login with the old password ends when the password is set anew in
	// between: whoever sets it ends all sessions and means this one too.
	b.next(func() {
		_, err := h.state.EditUser(ctx, 0, h.users["analyst0"].ID, func(u *account.User) error { u.Password = hashPassword("another long password"); return nil })
		if err != nil {
			t.Error(err)
		}
	})
	a, _ := h.login("analyst0", nil, nil)
	want(t, a, http.StatusUnauthorized)
	if left, err := h.state.UserSessions(ctx, 0, h.users["analyst0"].ID); err != nil || len(left) != 0 {
		t.Errorf("sessions %v, %v", left, err)
	}
}
