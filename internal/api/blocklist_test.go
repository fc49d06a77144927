//go:build !sensor

package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// TestBlocklist wants the outsiders of open detections of the caller's sites,
// and Basic authentication with a token, which is what firewalls can do.
func TestBlocklist(t *testing.T) {
	ours := netip.MustParseAddr("198.51.100.9")
	h := newHouse(t, func(c *Config) {
		c.Home = func(context.Context, uint16) func(netip.Addr) bool {
			return func(a netip.Addr) bool { return a == ours }
		}
	})
	now := h.clock.now().UnixNano()
	var judged []*hub.Judged
	for site, peer := range map[string]string{"north": "198.51.100.1", "south": "198.51.100.2"} {
		f := &hub.Judged{}
		f.ID, f.Check, f.Kind, f.Severity, f.Confidence, f.Status = "beacon-"+site, "c2.beacon", finding.Detection, ident.High, 0.9, finding.Open
		f.Site, f.Address, f.Peers, f.FirstSeen, f.LastSeen, f.Created = site, "10.0.1.2", []string{peer, "10.9.9.9", ours.String()}, now, now, now
		judged = append(judged, f)
	}
	if err := h.state.Update(t.Context(), func(tx hub.Tx) error { return tx.SaveJudged(judged) }); err != nil {
		t.Fatal(err)
	}
	for user, addresses := range map[string]string{"viewer0": "198.51.100.1 198.51.100.2", "north-viewer": "198.51.100.1"} {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("firewall:"+h.tokens[user]))
		a := h.send(request{method: http.MethodGet, path: prefix + "/findings/blocklist", header: map[string]string{"Authorization": basic}})
		want(t, a, http.StatusOK)
		if lines := strings.Split(strings.TrimSpace(a.body), "\n"); strings.Join(lines[1:], " ") != addresses || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %s: %q", user, a.header.Get("Content-Type"), a.body)
		}
	}
	a := h.send(request{method: http.MethodGet, path: prefix + "/findings/blocklist", header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("viewer0:"+password))}})
	want(t, a, http.StatusUnauthorized)
}
