//go:build !sensor

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"edgeward/internal/ident"
)

// contentPolicy is for what is neither the service's nor the console's page,
// which names its own policy with a nonce for the one style element it has.
const contentPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// secure sets what browsers must hold to.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		if cameFrom(r.Context()).secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
			// What the service answers is data; should a browser show it as a
			// page all the same, the page may do nothing.
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		}
		next.ServeHTTP(w, r)
	})
}

// bounded bounds what one client may ask for, and how long it may take to
// write its request.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		// A client that does not take its answer is let go; what takes longer
		// moves this time on as it writes.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // not every connection has deadlines
		counted := &counting{ResponseWriter: w}
		w = counted
		defer func() { s.metrics.requests.WithLabelValues(counted.class()).Inc() }()
		if !s.clients.allow(addressOf(r), s.Clock()) {
			w.Header().Set("Retry-After", "1")
			writeProblem(w, &huma.ErrorModel{Type: problemType + "too-many", Status: http.StatusTooManyRequests, Title: "Too Many Requests", Detail: "too many requests from this address"})
			return
		}
		if len(r.URL.RawQuery) > 64<<10 {
			writeProblem(w, &huma.ErrorModel{Status: http.StatusRequestURITooLong, Title: "URI Too Long", Detail: "the query is longer than 64 KiB"})
			return
		}
		if r.Header.Get("Content-Encoding") != "" {
			// Nobody needs it, and what is small on the wire may be huge behind it.
			writeProblem(w, &huma.ErrorModel{Status: http.StatusUnsupportedMediaType, Title: "Unsupported Media Type", Detail: "bodies must not be compressed"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answerTime is how long an answer may take from its beginning, or from the
// last piece of a file.
const answerTime = 2 * time.Minute

// counting remembers the status of an answer.
type counting struct {
	http.ResponseWriter
	status int
}

func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *counting) class() string {
	switch {
	case c.status >= 500:
		return "5xx"
	case c.status >= 400:
		return "4xx"
	case c.status >= 300:
		return "3xx"
	}
	return "2xx"
}

// recovered turns a panic of a handler into an error of this one request.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.metrics.panics.Inc()
			s.Log.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			writeProblem(w, &huma.ErrorModel{Status: http.StatusInternalServerError, Title: "Internal Server Error", Detail: "the hub failed; its log says why"})
		}()
		next.ServeHTTP(w, r)
	})
}

// writeProblem answers with an error (RFC 9457).
func writeProblem(w http.ResponseWriter, e *huma.ErrorModel) {
	b, err := json.Marshal(e)
	if err != nil {
		b = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Status)
	_, _ = w.Write(b) // the client is gone when this fails
}

// Upload is a body that is read as it comes.
type Upload struct{ body io.Reader }

// Resolve keeps the body. A body that is too long is an error where it ends.
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.body = &bodyReader{r: ctx.BodyReader(), ctx: ctx, left: ctx.Operation().MaxBodyBytes}
	return nil
}

// idle is how long a client may be silent in the middle of a body.
const idle = 60 * time.Second

// bodyReader bounds a body in length, and the client in its silence.
type bodyReader struct {
	r    io.Reader
	ctx  huma.Context
	left int64
}

var errTooLong = refuse(http.StatusRequestEntityTooLarge, "too-long", "the body is too long")

func (b *bodyReader) Read(p []byte) (int, error) {
	_ = b.ctx.SetReadDeadline(time.Now().Add(idle)) // not every connection has deadlines
	if b.left < 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// file answers with a file. The name is made of what is safe in a header and
// in a folder.
func file(name, mediaType string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", mediaType)
		ctx.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": safeName(name)}))
		_, w := humago.Unwrap(ctx)
		if err := write(&patient{w, http.NewResponseController(w)}); err != nil {
			// The status is out: what is left is to break off, so that half a
			// file is not taken for a whole one.
			panic(http.ErrAbortHandler)
		}
	}}
}

// patient gives a client time for each piece of a long answer.
type patient struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(answerTime)) // not every connection has deadlines
	return p.w.Write(b)
}

// safeName makes a file's name of letters, digits, dots, dashes and underscores.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	if name == "" || name == "_" {
		name = "file"
	}
	return ident.Clip(name, 120)
}
