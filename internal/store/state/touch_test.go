//go:build !sensor

package state

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// TestTouch: noting that a login or token is used brings nothing back that was
// ended in between.
func TestTouch(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx, s := context.Background(), fresh()
		now := testNow.UnixNano()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.PutSession(ctx, &account.Session{Hash: "h", User: "u", Tenant: 1, Expires: now + 1, CSRF: "c"}))
		must(s.TouchSession(ctx, "h", now))
		x, err := s.Session(ctx, "h")
		must(err)
		if x.Seen != now || x.CSRF != "c" {
			t.Errorf("session is %+v", x)
		}
		must(s.DeleteSession(ctx, "h"))
		must(s.TouchSession(ctx, "h", now+1))
		if _, err := s.Session(ctx, "h"); ident.CodeOf(err) != ident.NotFound {
			t.Errorf("a session that ended is back: %v", err)
		}

		k := &account.Token{Tenant: 1, Name: "t", Hash: "k"}
		must(s.PutToken(ctx, k))
		must(s.TouchToken(ctx, "k", now))
		_, err = s.EditToken(ctx, 1, k.ID, func(k *account.Token) error { k.Revoked = true; return nil })
		must(err)
		must(s.TouchToken(ctx, "k", now+1))
		must(s.TouchToken(ctx, "unknown", now+1))
		back, err := s.TokenByHash(ctx, "k")
		must(err)
		if !back.Revoked || back.Used != now {
			t.Errorf("token is %+v", back)
		}
		if _, err := s.EditToken(ctx, 2, k.ID, func(*account.Token) error { return nil }); ident.CodeOf(err) != ident.NotFound {
			t.Errorf("the token of another tenant was edited: %v", err)
		}

		// An enrolment that a sensor used stays used when it is revoked.
		e := &account.Enrolment{Tenant: 1, Hash: "e", Expires: now + 10}
		must(s.PutEnrolment(ctx, e))
		_, err = s.UseEnrolment(ctx, "e", "s-1", now)
		must(err)
		e, err = s.EditEnrolment(ctx, 1, e.ID, func(e *account.Enrolment) error { e.Expires = now; return nil })
		must(err)
		if e.By != "s-1" || e.Used != now {
			t.Errorf("enrolment is %+v", e)
		}

		// A sensor that is there is not added again.
		must(s.PutSensor(ctx, &account.Sensor{ID: "s-1", Tenant: 1, Facts: 7}))
		must(s.AddSensor(ctx, &account.Sensor{ID: "s-1", Tenant: 1}))
		must(s.AddSensor(ctx, &account.Sensor{ID: "s-2", Tenant: 1, Name: "new"}))
		if v, err := s.Sensor(ctx, 1, "s-1"); err != nil || v.Facts != 7 {
			t.Errorf("sensor is %+v, %v", v, err)
		}
		if v, err := s.Sensor(ctx, 1, "s-2"); err != nil || v.Name != "new" {
			t.Errorf("sensor is %+v, %v", v, err)
		}
	})
}

// TestEditDocument: no change of a document is lost when many change it.
func TestEditDocument(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx, s := context.Background(), fresh()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := s.EditDocument(ctx, 1, "kind", "key", func(b []byte) ([]byte, error) { return fmt.Appendf(b, "%d", i), nil })
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b, err := s.Document(ctx, 1, "kind", "key")
		if err != nil || len(b) != 8 {
			t.Errorf("document is %q, %v", b, err)
		}
		if err := s.EditDocument(ctx, 1, "kind", "none", func(b []byte) ([]byte, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
		if _, err := s.Document(ctx, 1, "kind", "none"); ident.CodeOf(err) != ident.NotFound {
			t.Errorf("a document was made: %v", err)
		}
	})
}
