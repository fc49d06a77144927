//go:build !sensor

package api

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"edgeward/internal/account"
)

// TestOrigin wants nobody but a proxy that was named believed, and of what it
// says the part that it wrote itself.
func TestOrigin(t *testing.T) {
	s := &Server{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/64")}}}
	for _, tt := range []struct {
		peer    string
		for_    []string
		proto   string
		address string
		secure  bool
		local   bool
	}{
		{"203.0.113.9:1", nil, "", "203.0.113.9", false, false},
		{"203.0.113.9:1", []string{"127.0.0.1"}, "https", "203.0.113.9", false, false}, // nobody's proxy
		{"127.0.0.1:1", nil, "", "127.0.0.1", false, true},
		{"127.0.0.1:1", []string{"198.51.100.7"}, "https", "198.51.100.7", true, false},
		{"127.0.0.1:1", []string{"127.0.0.1, 198.51.100.7"}, "http", "198.51.100.7", false, false},         // the first is forged
		{"127.0.0.1:1", []string{"127.0.0.1"}, "", "127.0.0.1", false, false},                              // through the proxy nobody is local
		{"127.0.0.1:1", []string{"192.0.2.1", "198.51.100.7, 10.1.2.3"}, "", "198.51.100.7", false, false}, // two proxies, two lines
		{"10.1.0.1:1", []string{"198.51.100.7:4711"}, "https, http", "198.51.100.7", false, false},
		{"[2001:db8::5]:1", []string{"[2001:db8:1::7]:4711"}, "http, HTTPS", "2001:db8:1::7", true, false},
		{"[::ffff:10.1.0.1]:1", []string{"::ffff:198.51.100.7"}, "", "198.51.100.7", false, false},
		{"10.1.0.1:1", []string{"198.51.100.7, unknown"}, "", "10.1.0.1", false, false}, // what it does not know it cannot vouch for
		{"10.1.0.1:1", []string{strings.Repeat(",", 60000)}, "", "10.1.0.1", false, false},
		{"@", nil, "", "local", false, true},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		r.Header["X-Forwarded-For"] = tt.for_
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		if got, want := s.originOf(r), (origin{tt.address, tt.secure, tt.local}); got != want {
			t.Errorf("%s with %q, %q: %+v, want %+v", tt.peer, tt.for_, tt.proto, got, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !s.originOf(r).secure {
		t.Error("a connection with TLS is not secure")
	}
}

// TestBehindAProxy wants limits, audit log and cookies to go by the client.
func TestBehindAProxy(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	by := func(client string) map[string]string {
		return map[string]string{"X-Forwarded-For": "127.0.0.1, " + client, "X-Forwarded-Proto": "https"}
	}
	a, _ := h.login("admin0", by("198.51.100.7"), nil)
	want(t, a, http.StatusOK)
	if c := a.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "Secure") {
		t.Errorf("the cookie of a client over TLS is %s", c)
	}
	if a.header.Get("Strict-Transport-Security") == "" {
		t.Error("a client over TLS is not told to stay there")
	}
	found, err := h.state.Entries(t.Context(), account.AuditFilter{Action: "session.begin"})
	if err != nil || len(found) == 0 || found[0].Address != "198.51.100.7" {
		t.Errorf("the audit log has %+v, %v", found, err)
	}
	guess := func(client string) int {
		return h.send(request{get, prefix + "/devices", nil, map[string]string{"Authorization": "Bearer edw_wrong", "X-Forwarded-For": fmt.Sprintf("192.0.2.%d, %s", h.clock.now().Second(), client)}}).status
	}
	last := 0
	for range 25 {
		last = guess("198.51.100.8")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("one who guesses gets %d", last)
	}
	if got := guess("198.51.100.9"); got != http.StatusUnauthorized {
		t.Errorf("another client pays for it: %d", got)
	}
	local := h.send(request{get, prefix + "/devices", nil, map[string]string{"Authorization": "Bearer " + h.local, "X-Forwarded-For": "127.0.0.1"}})
	want(t, local, http.StatusUnauthorized)
	want(t, h.as("local", get, "/devices", nil), http.StatusOK)
	want(t, h.send(request{get, "/metrics", nil, map[string]string{"X-Forwarded-For": "198.51.100.7"}}), http.StatusForbidden)
}
