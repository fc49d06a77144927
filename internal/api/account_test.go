//go:build !sensor

package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/pquerna/otp/totp"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

func TestSetUpOnce(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	if token, err := SetupToken(ctx, h.state, h.state, h.clock.now); err != nil || token != "" {
		t.Fatalf("with users there is a set-up token %q, %v", token, err)
	}
	for _, u := range h.users {
		if u.Tenant == 0 {
			if err := h.state.DeleteUser(ctx, 0, u.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	token, err := SetupToken(ctx, h.state, h.state, h.clock.now)
	if err != nil || len(token) < 40 {
		t.Fatalf("%q, %v", token, err)
	}
	body := func(token, password string) map[string]any {
		return map[string]any{"token": token, "name": "First", "password": password}
	}
	want(t, h.send(request{post, prefix + "/setup", body("wrong", password), nil}), http.StatusForbidden)
	want(t, h.send(request{post, prefix + "/setup", body(token, "short"), nil}), http.StatusUnprocessableEntity)
	want(t, h.send(request{post, prefix + "/setup", body(token, "passwordpassword"), nil}), http.StatusUnprocessableEntity)
	a := h.send(request{post, prefix + "/setup", body(token, password), nil})
	want(t, a, http.StatusOK)
	var me Me
	if a.decode(t, &me); me.Name != "first" || me.Role != "admin" || me.CSRF == "" {
		t.Errorf("%+v", me)
	}
	want(t, h.send(request{post, prefix + "/setup", body(token, password), nil}), http.StatusForbidden)
	a, _ = h.login("first", nil, nil)
	want(t, a, http.StatusOK)
}

func TestSecondFactor(t *testing.T) {
	h := newHouse(t)
	_, b := h.login("analyst0", nil, nil)
	want(t, b.do(post, "/session/totp", map[string]any{"password": "wrong"}), http.StatusForbidden)
	a := b.do(post, "/session/totp", map[string]any{"password": password})
	want(t, a, http.StatusOK)
	var setup TOTPSetup
	a.decode(t, &setup)
	code := func() string {
		c, err := totp.GenerateCode(setup.Secret, h.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	want(t, b.do(put, "/session/totp", map[string]any{"code": "000000"}), http.StatusUnprocessableEntity)
	a = b.do(put, "/session/totp", map[string]any{"code": code()})
	want(t, a, http.StatusOK)
	var recovery RecoveryCodes
	if a.decode(t, &recovery); len(recovery.Codes) != 10 {
		t.Fatalf("%d recovery codes", len(recovery.Codes))
	}
	if u, err := h.state.User(context.Background(), 0, h.users["analyst0"].ID); err != nil || strings.Contains(string(u.TOTP), setup.Secret) {
		t.Errorf("the secret is stored in the clear, %v", err)
	}

	a, _ = h.login("analyst0", nil, nil)
	if want(t, a, http.StatusUnauthorized); !strings.Contains(a.body, problemType+"totp") {
		t.Errorf("%s", a.body)
	}
	// The code with which it was set up does not count twice.
	a, _ = h.login("analyst0", nil, map[string]any{"code": code()})
	want(t, a, http.StatusUnauthorized)
	h.clock.move(time.Minute)
	used := code()
	a, _ = h.login("analyst0", nil, map[string]any{"code": used})
	want(t, a, http.StatusOK)
	a, _ = h.login("analyst0", nil, map[string]any{"code": used})
	want(t, a, http.StatusUnauthorized)
	// A recovery code counts once.
	a, _ = h.login("analyst0", nil, map[string]any{"code": strings.ToLower(recovery.Codes[3])})
	want(t, a, http.StatusOK)
	a, _ = h.login("analyst0", nil, map[string]any{"code": recovery.Codes[3]})
	want(t, a, http.StatusUnauthorized)
	// Codes cannot be guessed.
	limited := 0
	for range 10 {
		if a, _ = h.login("analyst0", nil, map[string]any{"code": "000000"}); a.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 4 {
		t.Errorf("%d of 10 guesses were refused", limited)
	}
}

func TestSecondFactorCanBeRequired(t *testing.T) {
	h := newHouse(t)
	_, b := h.login("admin0", nil, nil)
	want(t, b.do(put, "/settings/access", hub.AccessRules{IdleMinutes: 60, MaxHours: 12, RequireTOTP: true}), http.StatusOK)
	a := b.do(get, "/devices", nil)
	if want(t, a, http.StatusForbidden); !strings.Contains(a.body, "totp-setup") {
		t.Errorf("%s", a.body)
	}
	want(t, b.do(get, "/session", nil), http.StatusOK)
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	h := newHouse(t)
	_, one := h.login("viewer0", nil, nil)
	_, two := h.login("viewer0", nil, nil)
	want(t, one.do(put, "/session/password", map[string]any{"current": password, "password": "a new and longer one"}), http.StatusNoContent)
	want(t, one.do(get, "/session", nil), http.StatusOK)
	want(t, two.do(get, "/session", nil), http.StatusUnauthorized)
}

func TestTheLastAdministratorStays(t *testing.T) {
	h := newHouse(t)
	id := h.users["admin0"].ID
	want(t, h.as("admin0", remove, "/users/"+id, nil), http.StatusConflict)
	want(t, h.as("admin0", patch, "/users/"+id, map[string]any{"role": "viewer"}), http.StatusConflict)
	want(t, h.as("admin0", patch, "/users/"+id, map[string]any{"disabled": true}), http.StatusConflict)
	// Who is changed logs in again.
	_, b := h.login("operator0", nil, nil)
	want(t, h.as("admin0", patch, "/users/"+h.users["operator0"].ID, map[string]any{"role": "viewer"}), http.StatusOK)
	want(t, b.do(get, "/session", nil), http.StatusUnauthorized)
	want(t, h.as("admin0", get, "/users/"+h.users["admin1"].ID, nil), http.StatusNotFound)
}

// TestOpenID logs in with a provider: with its roles, never over an account
// that has the same name, and never with an answer that was not asked for.
func TestOpenID(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Clock = time.Now })
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Shutdown() })
	o := map[string]any{
		"enabled": true, "label": "Company", "issuer": m.Issuer(), "client_id": m.Config().ClientID, "secret": m.Config().ClientSecret, "scopes": []string{"groups", "profile", "email"},
		"claim": "groups", "roles": map[string]string{"soc": "analyst", "heads": "admin"}, "sites": map[string]string{"soc": "north", "heads": "south"}, "base": h.web.URL,
	}
	a := h.as("admin0", put, "/settings/oidc", o)
	want(t, a, http.StatusOK)
	if strings.Contains(a.body, m.Config().ClientSecret) || strings.Contains(h.as("admin0", get, "/settings", nil).body, m.Config().ClientSecret) {
		t.Error("the client secret is shown")
	}
	// begin goes to the provider and gives what it answers.
	begin := func(groups ...string) (cookie, back string) {
		a := h.send(request{get, prefix + "/session/oidc", nil, nil})
		want(t, a, http.StatusSeeOther)
		to, err := url.Parse(a.header.Get("Location"))
		if err != nil || to.Query().Get("code_challenge_method") != "S256" || to.Query().Get("nonce") == "" || to.Query().Get("state") == "" {
			t.Fatalf("goes to %s", to)
		}
		m.QueueUser(&mockoidc.MockUser{Subject: "subject-1", Email: "admin0@example.com", PreferredUsername: "admin0", Groups: groups})
		res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(to.String())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
		return cookie, strings.TrimPrefix(res.Header.Get("Location"), h.web.URL)
	}
	cookie, back := begin("soc", "other")
	// Somebody else's browser cannot use the answer, nor can anybody twice.
	want(t, h.send(request{get, back, nil, nil}), http.StatusForbidden)
	want(t, h.send(request{get, strings.Replace(back, "state=", "state=x", 1), nil, map[string]string{"Cookie": cookie}}), http.StatusForbidden)
	a = h.send(request{get, back, nil, map[string]string{"Cookie": cookie}})
	want(t, a, http.StatusOK)
	b := &browser{h: h}
	for _, c := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, cookieName+"=") {
			b.cookie, _, _ = strings.Cut(c, ";")
		}
	}
	var me Me
	a = b.do(get, "/session", nil)
	want(t, a, http.StatusOK)
	if a.decode(t, &me); me.Role != "analyst" || me.Name != "admin0-2" || len(me.Sites) != 1 || me.Sites[0] != "north" || !me.External {
		t.Errorf("%+v", me)
	}
	want(t, h.send(request{get, back, nil, map[string]string{"Cookie": cookie}}), http.StatusForbidden)
	// The same person with other groups is the same user with another role.
	cookie, back = begin("heads")
	want(t, h.send(request{get, back, nil, map[string]string{"Cookie": cookie}}), http.StatusOK)
	users, err := h.state.Users(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, u := range users {
		if u.Subject != "" {
			n++
			if u.Role != account.Admin {
				t.Errorf("role %s", u.Role)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d users for one person", n)
	}
	// Who has no group here stays outside.
	cookie, back = begin("other")
	want(t, h.send(request{get, back, nil, map[string]string{"Cookie": cookie}}), http.StatusForbidden)
}
