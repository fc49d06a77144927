package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	".gitkeep":            {},
	".vite/manifest.json": {Data: []byte("{}")},
	"index.html":          {Data: []byte(`<meta name="csp-nonce" content="__CSP_NONCE__">`)},
	"scheme.js":           {Data: []byte("//scheme")},
	"assets/a-1.js":       {Data: []byte("plain")},
	"assets/a-1.js.gz":    {Data: []byte("gz")},
	"assets/a-1.js.br":    {Data: []byte("br")},
	"assets/secret.key":   {Data: []byte("key")},
}

func get(t *testing.T, h http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPathsGiveFilesOrThePage(t *testing.T) {
	h := newSite(built)
	for _, c := range []struct {
		path, accept string
		status       int
		body, cache  string
	}{
		{"/assets/a-1.js", "", 200, "plain", "public, max-age=31536000, immutable"},
		{"/assets/a-1.js", "gzip, deflate", 200, "gz", "public, max-age=31536000, immutable"},
		{"/assets/a-1.js", "gzip, br;q=0.9", 200, "br", "public, max-age=31536000, immutable"},
		{"/assets/a-1.js", "gzip, br; q=0", 200, "gz", "public, max-age=31536000, immutable"},
		{"/scheme.js", "br", 200, "//scheme", "no-cache"},
		{"/", "", 200, "<meta", "no-store"},
		{"/devices/0a1b", "", 200, "<meta", "no-store"},
		{"/devices/camera.local", "", 200, "<meta", "no-store"},
		{"/assets/gone-2.js", "", 404, "", ""},
		{"/assets/secret.key", "", 404, "", ""},
		{"/gone.js", "", 404, "", ""},
		{"/api/v1/nothing", "", 404, "", ""},
		{"/.vite/manifest.json", "", 404, "", ""},
		{"/assets/../scheme.js", "", 404, "", ""},
	} {
		r := get(t, h, "GET", c.path, "Accept-Encoding", c.accept)
		if r.StatusCode != c.status {
			t.Errorf("GET %s: status %d, want %d", c.path, r.StatusCode, c.status)
			continue
		}
		if got := text(t, r); c.status == 200 && !strings.HasPrefix(got, c.body) {
			t.Errorf("GET %s with %q: %q, want %q", c.path, c.accept, got, c.body)
		}
		if got := r.Header.Get("Cache-Control"); c.cache != "" && got != c.cache {
			t.Errorf("GET %s: Cache-Control %q, want %q", c.path, got, c.cache)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: no nosniff", c.path)
		}
	}
}

func TestEveryPageHasItsOwnNonceAndAStrictPolicy(t *testing.T) {
	h := newSite(built)
	seen := map[string]bool{}
	for range 3 {
		r := get(t, h, "GET", "/hunt")
		policy := r.Header.Get("Content-Security-Policy")
		m := regexp.MustCompile(`'nonce-([A-Za-z0-9_-]{22})'`).FindStringSubmatch(policy)
		if m == nil || seen[m[1]] {
			t.Fatalf("policy %q has no fresh nonce", policy)
		}
		seen[m[1]] = true
		if !strings.Contains(text(t, r), m[1]) {
			t.Error("the page does not hold the policy's nonce")
		}
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("policy %q is not strict", policy)
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	h := newSite(built)
	r := get(t, h, "GET", "/assets/a-1.js", "Accept-Encoding", "br")
	again := get(t, h, "GET", "/assets/a-1.js", "Accept-Encoding", "br", "If-None-Match", `"x", W/`+r.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("status %d, want 304", again.StatusCode)
	}
	if r := get(t, h, "GET", "/assets/a-1.js", "If-None-Match", r.Header.Get("ETag")); r.StatusCode != 200 {
		t.Errorf("another encoding's tag gave status %d, want 200", r.StatusCode)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	if r := get(t, newSite(built), "POST", "/"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", r.StatusCode)
	}
	if r := get(t, newSite(built), "HEAD", "/"); r.StatusCode != 200 || text(t, r) != "" {
		t.Errorf("HEAD: status %d with a body", r.StatusCode)
	}
}

func TestWithoutFilesItSaysHowToBuildThem(t *testing.T) {
	for _, h := range []http.Handler{newSite(nil), newSite(fstest.MapFS{".gitkeep": {}})} {
		r := get(t, h, "GET", "/")
		if body := text(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "npm run build") {
			t.Errorf("status %d, %q", r.StatusCode, body)
		}
	}
}
