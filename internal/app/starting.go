//go:build !sensor

package app

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"sync"
	"sync/atomic"
)

// gate serves from the first moment: until the hub is ready it says what it
// waits for, to people and to programs.
type gate struct {
	ready atomic.Pointer[http.Handler]
	mu    sync.Mutex
	text  string
	hint  string
}

func (g *gate) say(text, hint string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.text, g.hint = text, hint
}

func (g *gate) open(h http.Handler) { g.ready.Store(&h) }

// ServeHTTP answers for the hub while it starts, and hands on to it later.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := g.ready.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	g.mu.Lock()
	text, hint := g.text, g.hint
	g.mu.Unlock()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if r.URL.Path == "/healthz" { // the process lives
		fmt.Fprintln(w, "ok")
		return
	}
	h.Set("Retry-After", "2")
	if r.Method == http.MethodGet && r.URL.Path != "/readyz" && r.URL.Path != "/metrics" && (len(r.URL.Path) < 5 || r.URL.Path[:5] != "/api/") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Refresh", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Edgeward is starting</title><h1>Edgeward is starting</h1><p>%s</p><p>%s</p></html>\n", html.EscapeString(text), html.EscapeString(hint))
		return
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": http.StatusServiceUnavailable, "title": "starting", "detail": text, "hint": hint}) // the client is gone when this fails
}
