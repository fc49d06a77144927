//go:build !sensor

package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/hub/study"
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
	Health    Health
	// Home says which addresses are in networks that somebody named as ours;
	// nil for none.
	Home func(ctx context.Context, tenant uint16) func(netip.Addr) bool
	// Facts replays the event log; nil where profiles are not learned.
	Facts study.Facts
	// Enforcing says whether a part that enforces profiles is connected; nil
	// for none.
	Enforcing func(ctx context.Context, tenant uint16) bool
	// Interfaces are those of the hub's own machine.
	Interfaces Interfaces

	// Enrol makes a one-time token for a sensor and what is kept of it; the
	// token holds the fingerprint of the hub's authority. HubURL is where
	// sensors report to.
	Enrol  func(e account.Enrolment, now time.Time, life time.Duration) (string, *account.Enrolment)
	HubURL string

	// Key seals secrets that must be read again (hub.KeySize bytes), and keys
	// the pseudonyms of subscribers.
	Key []byte
	// TLS says that clients come over TLS, so that cookies are sent there only.
	TLS bool
	// Proxies are the networks of reverse proxies that are believed about who
	// asks and whether over TLS.
	Proxies []netip.Prefix
	// LocalToken is the value of a token that is an administrator of tenant 0,
	// accepted from loopback and unix sockets only; empty for none.
	LocalToken string
	// MetricsToken lets others than loopback read /metrics; empty for none.
	MetricsToken string
	// Tenants lists the tenants that there are; nil for tenant 0 alone.
	Tenants []uint16
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
	origin  *http.CrossOriginProtection

	hasher   *hasher
	accounts *throttle // failed logins by account
	guesses  *throttle // failed logins, tokens and set-up tokens by address
	clients  *clients
	streams  atomic.Int64
	scopes   map[string]bool // that tokens may have
	metrics  *metrics
	waves    *hub.Waves

	// One request at a time reads who is an administrator, decides and writes:
	// the last one stays.
	peopleMu sync.Mutex

	studies studies

	rulesMu sync.Mutex
	rulesOf map[uint16]knownRules

	directoryMu sync.Mutex
	directories map[directoryKey]knownDirectory
}

// New makes a Server.
func New(c Config) (*Server, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(c.Tenants) == 0 {
		c.Tenants = []uint16{0}
	}
	if c.MaxCapture <= 0 {
		c.MaxCapture = 16 << 30
	}
	s := &Server{
		Config: c, mux: http.NewServeMux(), started: c.Clock().UnixNano(), origin: http.NewCrossOriginProtection(),
		hasher: newHasher(), accounts: newThrottle(5, time.Minute), guesses: newThrottle(20, 15*time.Minute), clients: newClients(),
		scopes: map[string]bool{}, rulesOf: map[uint16]knownRules{}, directories: map[directoryKey]knownDirectory{},
	}
	s.metrics = newMetrics(s)
	s.waves = &hub.Waves{Sensors: c.Sensors, Documents: c.Documents, Audit: c.Audit, Slog: c.Log, Clock: c.Clock}
	format := huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}
	s.api = humago.New(s.mux, huma.Config{
		OpenAPI: openAPI(c.Version), DefaultFormat: "application/json",
		Formats: map[string]huma.Format{"application/json": format, "json": format},
	})
	s.routes()
	s.pages()
	s.handler = s.recovered(s.forwarded(s.secure(s.bounded(s.mux))))
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

// fresh reports whether what was read at a time is younger than life. What
// comes from the future is not: the clock went back.
func (s *Server) fresh(at, life int64) bool {
	age := s.now() - at
	return age >= 0 && age < life
}

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

func init() { huma.DefaultArrayNullable = false }
