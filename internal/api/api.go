//go:build !sensor

package api

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// Config is what a [Server] needs. The stores must be there; of the rest, what
// is nil answers that it is not available.
type Config struct {
	Version string
	Commit  string
	Clock   ident.Clock
	Log     *slog.Logger

	Devices   hub.Devices
	Findings  hub.Findings
	Policies  hub.Policies
	Users     hub.Users
	Sessions  hub.Sessions
	Tokens    hub.Tokens
	Sensors   hub.Sensors
	Audit     hub.Audit
	Documents hub.Documents
	Rollups   hub.Rollups
	Nodes     hub.Nodes
	Events    hub.Events
	Timeline  hub.Timeline
	Zones     hub.Zones
	Mutes     hub.Mutes

	Live      Live
	Captures  Captures
	Dissector Dissector
	Backups   Backups
	Content   Content
	Notifier  Notifier
	Tables    Tables
	Health    Health

	// Key seals secrets that must be read again (hub.KeySize bytes), and keys
	// the pseudonyms of subscribers.
	Key []byte
	// TLS says that clients come over TLS, so that cookies are sent there only.
	TLS bool
	// LocalToken is the value of a token that is an administrator of tenant 0,
	// accepted from loopback and unix sockets only; empty for none.
	LocalToken string
	// MetricsToken lets others than loopback read /metrics; empty for none.
	MetricsToken string
	// MaxCapture bounds an upload in bytes; 0 for 16 GiB.
	MaxCapture int64
	// Console serves what is not the service's; nil for nothing.
	Console http.Handler
}

// Server is the service. It is an http.Handler.
type Server struct {
	Config
	api     huma.API
	mux     *http.ServeMux
	handler http.Handler
	started int64
}

// New makes a Server.
func New(c Config) (*Server, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxCapture <= 0 {
		c.MaxCapture = 16 << 30
	}
	s := &Server{Config: c, mux: http.NewServeMux(), started: c.Clock().UnixNano()}
	huma.DefaultArrayNullable = false
	format := huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}
	s.api = humago.New(s.mux, huma.Config{
		OpenAPI: document(c.Version), DefaultFormat: "application/json", NoFormatFallback: true,
		Formats: map[string]huma.Format{"application/json": format, "json": format},
	})
	s.routes()
	s.handler = s.mux
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// OpenAPI gives the document of the service, the same bytes for the same code.
func (s *Server) OpenAPI() ([]byte, error) {
	b, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	return append(b, '\n'), err
}

// now is the wall clock.
func (s *Server) now() int64 { return s.Clock().UnixNano() }

// writeJSON escapes what HTML would take for markup, so that a body does no
// harm wherever it is pasted.
func writeJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

// Document gives the OpenAPI document without a hub.
func Document() ([]byte, error) {
	s, err := New(Config{Version: "1"})
	if err != nil {
		return nil, err
	}
	return s.OpenAPI()
}
