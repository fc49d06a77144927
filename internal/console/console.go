package console

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Built reports whether this program holds the console's files.
func Built() bool { return newSite(files()).index != nil }

// Handler serves the console: files that exist, and the page for every other
// path, since the page's own router knows the paths of its screens. Names
// below /assets/ hold a hash of their content and may be kept for ever. A
// program without the console's files answers 503 and says how to build them.
func Handler() http.Handler { return newSite(files()) }

// nonceMark is what index.html holds in the place of the nonce.
var nonceMark = []byte("__CSP_NONCE__")

// file is one file with the encodings that were made when it was built.
type file struct {
	kind string // Content-Type
	etag string
	body map[string][]byte // by content coding; "" is the file as it is
}

// site is all files by their path, read once.
type site struct {
	files map[string]*file
	index []byte
}

// kinds are the types of what a build may hold; other files are not served.
var kinds = map[string]string{
	".css":   "text/css; charset=utf-8",
	".ico":   "image/x-icon",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

func newSite(source fs.FS) *site {
	s := &site{files: map[string]*file{}}
	if source == nil {
		return s
	}
	_ = fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case strings.HasPrefix(d.Name(), "."): // .vite, .gitkeep
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		body, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			s.index = body
			return nil
		}
		s.add(name, body)
		return nil
	})
	return s
}

// add keeps a file, or an encoding of it, under its path.
func (s *site) add(name string, body []byte) {
	coding := ""
	switch path.Ext(name) {
	case ".br":
		name, coding = strings.TrimSuffix(name, ".br"), "br"
	case ".gz":
		name, coding = strings.TrimSuffix(name, ".gz"), "gzip"
	}
	kind, ok := kinds[path.Ext(name)]
	if !ok {
		return
	}
	f := s.files["/"+name]
	if f == nil {
		f = &file{kind: kind, body: map[string][]byte{}}
		s.files["/"+name] = f
	}
	f.body[coding] = body
	if coding == "" {
		sum := sha256.Sum256(body)
		f.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
	}
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if s.index == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "This program was built without its web console.\n"+
			"Build it with: make build   (or: cd web && npm ci && npm run build, then go build ./cmd/edgeward)\n"+
			"The API works without it: see /api/v1/openapi.json", http.StatusServiceUnavailable)
		return
	}
	if f := s.files[r.URL.Path]; f != nil {
		f.serve(w, r)
		return
	}
	// A file that is not there is an error, or an old page would take the new
	// page's text for its script.
	if strings.HasPrefix(r.URL.Path, "/assets/") || strings.HasPrefix(r.URL.Path, "/api/") || kinds[path.Ext(r.URL.Path)] != "" {
		http.NotFound(w, r)
		return
	}
	s.page(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	coding := choose(r.Header.Get("Accept-Encoding"), f.body)
	etag := f.etag
	if coding != "" {
		h.Set("Content-Encoding", coding)
		etag = strings.TrimSuffix(etag, `"`) + "-" + coding + `"`
	}
	h.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body[coding]
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// page serves index.html with a fresh nonce, which the components' style
// elements carry, so that the policy forbids every other one.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	nonce := base64.RawURLEncoding.EncodeToString(raw[:])
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+
		"'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "+
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	body := bytes.ReplaceAll(s.index, nonceMark, []byte(nonce))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// secure sets the headers that all answers carry.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

// choose gives the best content coding that a browser accepts and the file
// has: br, gzip or "" (RFC 9110, 12.5.3). Weights count only where they are 0.
func choose(accept string, have map[string][]byte) string {
	accepted := map[string]bool{}
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		v, err := strconv.ParseFloat(q, 64)
		accepted[strings.ToLower(strings.TrimSpace(name))] = err != nil || v > 0
	}
	for _, coding := range []string{"br", "gzip"} {
		if _, ok := have[coding]; ok && accepted[coding] {
			return coding
		}
	}
	return ""
}

// matches reports whether an If-None-Match header names an entity tag.
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == etag || part == "*" {
			return true
		}
	}
	return false
}
