//go:build !sensor

package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/finding"
)

func TestCrossSiteRequestsAreRefused(t *testing.T) {
	h := newHouse(t)
	a, b := h.login("admin0", nil, nil)
	want(t, a, http.StatusOK)
	body := map[string]any{"label": "x"}
	for name, header := range map[string]map[string]string{
		"no token":       {"Cookie": b.cookie},
		"a wrong token":  {"Cookie": b.cookie, csrfHeader: "wrong"},
		"another site":   {"Cookie": b.cookie, csrfHeader: b.csrf, "Sec-Fetch-Site": "cross-site"},
		"a sibling site": {"Cookie": b.cookie, csrfHeader: b.csrf, "Sec-Fetch-Site": "same-site"},
		"another origin": {"Cookie": b.cookie, csrfHeader: b.csrf, "Origin": "https://evil.example"},
	} {
		if a := h.send(request{patch, prefix + "/devices/device-north", body, header}); a.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	want(t, b.do(patch, "/devices/device-north", body), http.StatusOK)
	// Nor can somebody be logged in as somebody else by another site.
	a, _ = h.login("viewer0", map[string]string{"Origin": "https://evil.example"}, nil)
	want(t, a, http.StatusForbidden)
	// Nor does the token of another session help.
	_, other := h.login("viewer0", nil, nil)
	a = h.send(request{patch, prefix + "/devices/device-north", body, map[string]string{"Cookie": b.cookie, csrfHeader: other.csrf}})
	want(t, a, http.StatusForbidden)
}

func TestSessionsCannotBeFixedAndEnd(t *testing.T) {
	h := newHouse(t)
	a, first := h.login("analyst0", map[string]string{"Cookie": cookieName + "=chosen-by-somebody-else"}, nil)
	want(t, a, http.StatusOK)
	if strings.Contains(first.cookie, "chosen") {
		t.Fatal("the session has the value that the browser brought")
	}
	set := a.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("cookie %q lacks %s", set, part)
		}
	}
	a, second := h.login("admin0", map[string]string{"Cookie": first.cookie}, nil)
	want(t, a, http.StatusOK)
	if second.cookie == first.cookie {
		t.Fatal("a login keeps the session that was there")
	}
	want(t, first.do(get, "/session", nil), http.StatusUnauthorized)
	want(t, second.do(get, "/session", nil), http.StatusOK)

	h.clock.move(61 * time.Minute)
	want(t, second.do(get, "/session", nil), http.StatusUnauthorized)

	_, third := h.login("admin0", nil, nil)
	for range 14 { // kept alive, it ends all the same
		h.clock.move(55 * time.Minute)
		third.do(get, "/session", nil)
	}
	want(t, third.do(get, "/session", nil), http.StatusUnauthorized)

	_, fourth := h.login("admin0", nil, nil)
	want(t, fourth.do(remove, "/session", nil), http.StatusNoContent)
	want(t, fourth.do(get, "/session", nil), http.StatusUnauthorized)
}

func TestCookieOverTLS(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.TLS = true })
	a, _ := h.login("admin0", nil, nil)
	set := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-edgeward=") || !strings.Contains(set, "Secure") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %q, headers %v", set, a.header)
	}
}

func TestStoredSessionsAndTokensAreHashes(t *testing.T) {
	h := newHouse(t)
	_, b := h.login("admin0", nil, nil)
	_, value, _ := strings.Cut(b.cookie, "=")
	found, err := h.state.UserSessions(context.Background(), 0, h.users["admin0"].ID)
	if err != nil || len(found) != 1 || found[0].Hash != digest(value) || strings.Contains(fmt.Sprint(found[0]), value) {
		t.Errorf("sessions %v, %v", found, err)
	}
	if !strings.HasPrefix(h.users["admin0"].Password, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("password %q", h.users["admin0"].Password)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	h := newHouse(t)
	wrong := map[string]any{"password": "wrong wrong wrong"}
	statuses := map[int]int{}
	for range 12 {
		a, _ := h.login("admin0", nil, wrong)
		statuses[a.status]++
		if a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if statuses[http.StatusUnauthorized] > 6 || statuses[http.StatusTooManyRequests] < 6 {
		t.Errorf("twelve wrong passwords at once: %v", statuses)
	}
	// The right password does not count either, until the time is over.
	a, _ := h.login("admin0", nil, nil)
	want(t, a, http.StatusTooManyRequests)
	h.clock.move(2 * time.Minute)
	a, _ = h.login("admin0", nil, nil)
	want(t, a, http.StatusOK)

	// Many accounts from one address are slowed down too.
	statuses = map[int]int{}
	for i := range 30 {
		a, _ := h.login(fmt.Sprintf("nobody%d", i), nil, nil)
		statuses[a.status]++
	}
	if statuses[http.StatusTooManyRequests] == 0 {
		t.Errorf("thirty names from one address: %v", statuses)
	}
}

func TestGuessesAtTheSameTimeCountTogether(t *testing.T) {
	h := newHouse(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	tried := 0
	for range 20 {
		wg.Go(func() {
			a := h.send(request{post, prefix + "/session", map[string]any{"name": "admin0", "password": "wrong wrong wrong"}, nil})
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusUnauthorized {
				tried++
			}
		})
	}
	wg.Wait()
	if tried > 6 {
		t.Errorf("%d passwords were tried at once", tried)
	}
}

func TestAccountsCannotBeEnumerated(t *testing.T) {
	h := newHouse(t)
	if err := h.state.PutUser(context.Background(), &account.User{Name: "gone", Password: passwordHash(), Role: account.Viewer, Disabled: true}); err != nil {
		t.Fatal(err)
	}
	known, _ := h.login("admin0", nil, map[string]any{"password": "wrong wrong wrong"})
	stranger, _ := h.login("stranger", nil, nil)
	disabled, _ := h.login("gone", nil, nil)
	for _, a := range []answer{stranger, disabled} {
		if a.status != known.status || a.body != known.body {
			t.Errorf("%d %s differs from %d %s", a.status, a.body, known.status, known.body)
		}
	}
}

func TestTokens(t *testing.T) {
	h := newHouse(t)
	a := h.as("analyst0", post, "/tokens", map[string]any{"name": "script", "role": "admin"})
	want(t, a, http.StatusForbidden)
	a = h.as("analyst0", post, "/tokens", map[string]any{"name": "script", "role": "analyst", "scopes": []string{"devices:read"}, "days": 1})
	want(t, a, http.StatusOK)
	var made NewToken
	a.decode(t, &made)
	h.tokens["script"] = made.Value
	want(t, h.as("script", get, "/devices", nil), http.StatusOK)
	want(t, h.as("script", get, "/findings", nil), http.StatusForbidden)
	want(t, h.as("script", patch, "/devices/device-north", map[string]any{"label": "x"}), http.StatusForbidden)
	want(t, h.as("script", post, "/tokens", map[string]any{"name": "more", "role": "analyst"}), http.StatusForbidden)
	if strings.Contains(h.as("admin0", get, "/tokens", nil).body, made.Value) {
		t.Error("a token is shown twice")
	}
	// A maker who becomes less takes the token along; one who is gone ends it.
	if _, err := h.state.EditUser(context.Background(), 0, h.users["analyst0"].ID, func(u *account.User) error { u.Sites = []string{"north"}; return nil }); err != nil {
		t.Fatal(err)
	}
	if body := h.as("script", get, "/devices", nil).body; strings.Contains(body, "device-south") {
		t.Error("a token sees more than its maker")
	}
	h.clock.move(25 * time.Hour)
	want(t, h.as("script", get, "/devices", nil), http.StatusUnauthorized)
	a = h.as("operator0", post, "/tokens", map[string]any{"name": "second", "role": "viewer"})
	want(t, a, http.StatusOK)
	a.decode(t, &made)
	h.tokens["second"] = made.Value
	want(t, h.as("viewer0", remove, "/tokens/"+made.ID, nil), http.StatusNotFound)
	want(t, h.as("operator0", remove, "/tokens/"+made.ID, nil), http.StatusNoContent)
	want(t, h.as("second", get, "/devices", nil), http.StatusUnauthorized)
}

// TestEvidenceIsARightOfItsOwn wants packets to be masked, asked for with a
// reason, and audited before they go out.
func TestEvidenceIsARightOfItsOwn(t *testing.T) {
	h := newHouse(t)
	reason := map[string]any{"reason": "looking into an incident"}
	want(t, h.as("admin0", post, "/findings/finding-north/evidence", reason), http.StatusForbidden)
	want(t, h.as("north-viewer", post, "/findings/finding-north/evidence", map[string]any{"reason": "   short  "}), http.StatusUnprocessableEntity)
	want(t, h.as("north-viewer", post, "/findings/finding-north/evidence", map[string]any{}), http.StatusUnprocessableEntity)
	a := h.as("north-viewer", post, "/findings/finding-north/evidence", reason)
	want(t, a, http.StatusOK)
	secret := fmt.Sprintf("%x", "secret payload")
	var packets []PacketEvidence
	a.decode(t, &packets)
	if len(packets) != 2 || !packets[0].Masked || strings.Contains(a.body, secret) || !strings.HasPrefix(packets[0].Bytes, strings.Repeat("01", 54)+"00") {
		t.Errorf("masked evidence: %s", a.body)
	}
	a = h.as("north-viewer", post, "/findings/finding-north/evidence.pcap", reason)
	want(t, a, http.StatusOK)
	if strings.Contains(a.body, "secret payload") || binary.LittleEndian.Uint32([]byte(a.body)) != 0xa1b23c4d {
		t.Error("the capture is not masked or no capture")
	}
	h.user(0, "expert", account.Analyst, nil, []account.Right{account.Evidence, account.Unmasked})
	if a = h.as("expert", post, "/findings/finding-north/evidence.pcap", reason); !strings.Contains(a.body, "secret payload") {
		t.Error("who has the right to see all does not")
	}
	entries := h.as("admin0", get, "/audit?action=evidence.", nil)
	want(t, entries, http.StatusOK)
	if strings.Count(entries.body, `"reason":"looking into an incident"`) != 3 {
		t.Errorf("the audit log: %s", entries.body)
	}
}

// TestMaskWithoutKnowingTheHeaders wants to err on the side of hiding.
func TestMaskWithoutKnowingTheHeaders(t *testing.T) {
	got := mask(&finding.Evidence{Bytes: bytes.Repeat([]byte{9}, 60)})
	if !slices.Equal(got[:14], bytes.Repeat([]byte{9}, 14)) || !slices.Equal(got[14:], make([]byte, 46)) {
		t.Errorf("%v", got)
	}
	if n := len(mask(&finding.Evidence{Bytes: []byte{1, 2}, Headers: 100})); n != 2 {
		t.Errorf("%d bytes", n)
	}
}

// uploads is an analyser that reads all there is.
type uploads struct {
	name string
	read int64
}

func (u *uploads) Analyze(_ context.Context, _ uint16, c *Capture, r io.Reader) error {
	u.name = c.Name
	n, err := io.Copy(io.Discard, r)
	u.read, c.ID, c.State = n, "c1", "done"
	return err
}
func (u *uploads) Captures(context.Context, uint16) ([]Capture, error) { return nil, nil }
func (u *uploads) DeleteCapture(context.Context, uint16, string) error { return nil }

func TestUploads(t *testing.T) {
	u := &uploads{}
	h := newHouse(t, func(c *Config) { c.Captures, c.MaxCapture = u, 1<<20 })
	pcap := append([]byte{0xd4, 0xc3, 0xb2, 0xa1}, make([]byte, 100)...)
	send := func(name string, body any, header map[string]string) answer {
		all := map[string]string{"Authorization": "Bearer " + h.tokens["operator0"], "Content-Type": "application/octet-stream"}
		for k, v := range header {
			all[k] = v
		}
		return h.send(request{post, prefix + "/captures?name=" + name, body, all})
	}
	// The name is that of a file in no folder, whatever was sent.
	for sent, kept := range map[string]string{
		"..%2F..%2Fetc%2Fpasswd": "passwd", "..%5C..%5Cboot.ini": "boot.ini", "%2Fabsolute.pcap": "absolute.pcap", "..": "file", "a%00b.pcap": "a_b.pcap",
		"x%0d%0aSet-Cookie:%20a=b": "x__Set-Cookie__a_b", ".hidden": "hidden",
	} {
		a := send(sent, pcap, nil)
		if a.status != http.StatusOK || u.name != kept || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, kept as %q, want %q", sent, a.status, u.name, kept)
		}
	}
	want(t, send("page.pcap", []byte("<html>"), nil), http.StatusUnsupportedMediaType)
	want(t, send("long.pcap", append(pcap, make([]byte, 2<<20)...), nil), http.StatusRequestEntityTooLarge)
	if u.read > 1<<20 {
		t.Errorf("%d bytes went to the analyser", u.read)
	}
	// A length that is not told is counted all the same.
	endless := io.MultiReader(bytes.NewReader(pcap), io.LimitReader(zeros{}, 5<<20))
	want(t, send("endless.pcap", endless, nil), http.StatusRequestEntityTooLarge)
	// A compressed body is not unpacked by the hub.
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = io.CopyN(z, zeros{}, 50<<20)
	z.Close()
	want(t, send("bomb.pcap", bomb.Bytes(), map[string]string{"Content-Encoding": "gzip"}), http.StatusUnsupportedMediaType)
	want(t, send("bomb.pcap.gz", bomb.Bytes(), nil), http.StatusOK)
	if u.read != int64(bomb.Len()) {
		t.Errorf("the hub unpacked: %d bytes of %d", u.read, bomb.Len())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBodiesAreBounded(t *testing.T) {
	h := newHouse(t)
	long := `{"note":"` + strings.Repeat("a", 3<<20) + `"}`
	a := h.send(request{patch, prefix + "/devices/device-north", long, map[string]string{"Authorization": "Bearer " + h.tokens["admin0"]}})
	want(t, a, http.StatusRequestEntityTooLarge)
	deep := `{"label":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`
	a = h.send(request{patch, prefix + "/devices/device-north", deep, map[string]string{"Authorization": "Bearer " + h.tokens["admin0"]}})
	if a.status < 400 || a.status >= 500 {
		t.Errorf("deeply nested: %d", a.status)
	}
	a = h.as("admin0", get, "/devices?q="+strings.Repeat("a", 70<<10), nil)
	if a.status != http.StatusRequestURITooLong && a.status != http.StatusUnprocessableEntity {
		t.Errorf("long query: %d", a.status)
	}
	for _, path := range []string{"/devices?limit=100000", "/devices?offset=-1", "/events?limit=0", "/devices?sort=password", "/findings?severity=worst", "/events/top?field=" + strings.Repeat("x", 200), "/devices?since=yesterday"} {
		if a := h.as("admin0", get, path, nil); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.200s", path, a.status, a.body)
		}
	}
}

// TestPathsStayInside asks for files that are none of the service's.
func TestPathsStayInside(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{
		"/backups/..%2F..%2Fetc%2Fpasswd", "/backups/%2e%2e%2fhub.key", "/backups/hub.key", "/backups/..", "/reports/..%2F..%2Fetc/runs/passwd",
		"/devices/..%2Fusers", "/captures/..%2F..%2Fetc%2Fpasswd", "/devices/%00", "/findings/'%20OR%201=1--",
	} {
		a := h.as("admin0", get, path, nil)
		if a.status != http.StatusNotFound && a.status != http.StatusUnprocessableEntity && a.status != http.StatusTemporaryRedirect && a.status != http.StatusMovedPermanently {
			t.Errorf("%s: %d %.200s", path, a.status, a.body)
		}
		if strings.Contains(a.body, "root:") {
			t.Errorf("%s gives a file", path)
		}
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	h := newHouse(t)
	name := "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
	a := h.as("analyst0", post, "/reports", map[string]any{"name": name, "kind": "devices", "days": 1})
	want(t, a, http.StatusOK)
	var r Report
	a.decode(t, &r)
	a = h.as("analyst0", post, "/reports/"+r.ID+"/run", nil)
	want(t, a, http.StatusOK)
	var run ReportRun
	a.decode(t, &run)
	a = h.as("analyst0", get, "/reports/"+r.ID+"/runs/"+run.ID, nil)
	want(t, a, http.StatusOK)
	if a.header.Get("Set-Cookie") != "" || strings.ContainsAny(a.header.Get("Content-Disposition"), "\r\n<>") {
		t.Errorf("headers %v", a.header)
	}
}

// inertText fails when a text holds what acts instead of showing.
func inertText(t *testing.T, what, text string) {
	t.Helper()
	for name, bad := range map[string]string{"a script": "<script", "a change of direction": "\u202e", "an escape": "\x1b"} {
		if strings.Contains(text, bad) {
			i := strings.Index(text, bad)
			t.Errorf("%s holds %s: %.120q", what, name, text[max(i-40, 0):])
		}
	}
}

// TestWhatTheNetworkSaysIsInert stores markup, formulas, escapes and changes
// of direction in every field that a device controls, and wants them to do
// nothing in JSON, CSV and HTML.
func TestWhatTheNetworkSaysIsInert(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/devices", "/devices/device-north", "/findings", "/findings/finding-north", "/findings/groups", "/overview", "/changes", "/coverage", "/m2m/nodes", "/m2m/servers", "/graph", "/events", "/zones/pairs"} {
		a := h.as("admin0", get, path, nil)
		want(t, a, http.StatusOK)
		if strings.Contains(a.body, "<") || strings.Contains(a.body, "\x1b") {
			t.Errorf("%s: markup in JSON is not escaped", path)
		}
		if ct := a.header.Get("Content-Type"); ct != "application/json" || a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
	for _, path := range []string{"/devices/export", "/findings/export", "/events/export", "/audit/export"} {
		a := h.as("admin0", get, path, nil)
		want(t, a, http.StatusOK)
		for _, bad := range []string{"\u202e", "\x1b"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
		rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil || len(rows) < 2 && path != "/audit/export" {
			t.Fatalf("%s: %d rows, %v", path, len(rows), err)
		}
		for _, row := range rows[1:] {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("%s: the cell %q is a formula", path, cell)
				}
			}
		}
		if !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s is no download", path)
		}
	}
	for _, kind := range []string{"summary", "findings", "devices", "changes", "coverage"} {
		a := h.as("analyst0", post, "/reports", map[string]any{"name": "r" + hostile, "kind": kind, "days": 2})
		want(t, a, http.StatusOK)
		var r Report
		a.decode(t, &r)
		var run ReportRun
		a = h.as("analyst0", post, "/reports/"+r.ID+"/run", nil)
		want(t, a, http.StatusOK)
		a.decode(t, &run)
		a = h.as("analyst0", get, "/reports/"+r.ID+"/runs/"+run.ID, nil)
		want(t, a, http.StatusOK)
		inertText(t, kind+" as HTML", a.body)
		if !strings.Contains(a.body, "&lt;script&gt;") {
			t.Errorf("%s: the name is not shown", kind)
		}
	}
}

func TestSlowClientsAreLetGo(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the time that a body may take")
	}
	h := newHouse(t)
	c, err := net.Dial("tcp", h.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// A body that does not come: the operation gives up after five seconds.
	fmt.Fprintf(c, "POST %s/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", prefix)
	_ = c.SetReadDeadline(time.Now().Add(15 * time.Second))
	b := make([]byte, 100)
	n, err := c.Read(b)
	if err != nil && err != io.EOF || strings.Contains(string(b[:n]), " 200 ") {
		t.Errorf("after a body that does not come: %q, %v", b[:n], err)
	}
}

func TestClientsAreBounded(t *testing.T) {
	h := newHouse(t)
	limited := 0
	for range requestBurst + 50 {
		if a := h.send(request{get, prefix + "/setup", nil, nil}); a.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 40 {
		t.Errorf("%d of %d requests at once were refused", limited, requestBurst+50)
	}
	h.clock.move(10 * time.Second)
	want(t, h.send(request{get, prefix + "/setup", nil, nil}), http.StatusOK)
}

// TestMemoryOfLoginsIsBounded wants a flood of logins to wait or be refused:
// the hasher lets two at a time through.
func TestMemoryOfLoginsIsBounded(t *testing.T) {
	h := newHasher()
	if cap(h.slots)*argonMemory>>10 > 64 {
		t.Errorf("logins may take %d MiB", cap(h.slots)*argonMemory>>10)
	}
	ctx, cancel := context.WithCancel(context.Background())
	for range cap(h.slots) {
		if err := h.enter(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range cap(h.waiting) {
		wg.Go(func() { _ = h.enter(ctx) })
	}
	deadline := time.Now().Add(5 * time.Second)
	for len(h.waiting) < cap(h.waiting) && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if err := h.enter(ctx); err == nil || !strings.Contains(err.Error(), "too many people") {
		t.Errorf("one too many: %v", err)
	}
	cancel()
	wg.Wait()
}
