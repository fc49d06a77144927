//go:build !sensor

package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"edgeward/internal/account"
)

// TestBadTokens wants who shows a token that does not count told why.
func TestBadTokens(t *testing.T) {
	h := newHouse(t)
	now := h.clock.now().UnixNano()
	for i, tt := range []struct {
		change func(*account.Token)
		want   string
	}{
		{func(*account.Token) {}, ""},
		{func(x *account.Token) { x.Revoked = true }, "was revoked"},
		{func(x *account.Token) { x.Expires = now - int64(time.Hour) }, "expired on 2026-03-02"},
		{func(x *account.Token) { x.User = "gone" }, "may not log in"},
		{func(x *account.Token) { x.Hash = digest("another") }, "not known"},
	} {
		value := tokenPrefix + random()
		x := &account.Token{Name: "test", Hash: digest(value), User: h.users["admin0"].ID, Role: account.Admin, Created: now}
		tt.change(x)
		if err := h.state.PutToken(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		a := h.send(request{get, prefix + "/devices", nil, map[string]string{"Authorization": "Bearer " + value}})
		if tt.want == "" {
			want(t, a, http.StatusOK)
		} else if a.status != http.StatusUnauthorized || !strings.Contains(a.body, tt.want) || !strings.Contains(a.body, problemType+"token") {
			t.Errorf("token %d: %d %s, want %q", i, a.status, a.body, tt.want)
		}
	}
}
