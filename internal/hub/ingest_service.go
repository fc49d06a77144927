package hub

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// ServiceOptions say what the service for sensors works with.
type ServiceOptions struct {
	Authority *ca.Authority
	Sensors   Sensors
	Audit     Audit // may be nil
	Publish   func(ctx context.Context, h bus.Header, message []byte) error
	Live      *Live
	// Artefact opens a program or a content bundle; NotFound when there is
	// none. It may be nil.
	Artefact func(kind, name string) (*os.File, error)
	// Local lets in batches of any sensor without a certificate: for a socket
	// that only the hub's own user can reach.
	Local bool
	Slog  *slog.Logger
	Clock ident.Clock
}

// The bounds of the service.
const (
	maxRequests    = 32 // at once
	maxSmallBody   = 64 << 10
	requestsPerMin = 600 // of one sensor
	enrolsPerMin   = 10  // from one address
)

// IngestHandler is the service for sensors, below /ingest/v1/. It belongs on a
// listener with [ca.Authority.ServerConfig]; who shows no certificate can only
// enrol.
type IngestHandler struct {
	o     ServiceOptions
	mux   *http.ServeMux
	slots chan struct{}
	rate  rates
}

// NewIngestHandler makes the service.
func NewIngestHandler(o ServiceOptions) *IngestHandler {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Slog == nil {
		o.Slog = slog.New(slog.DiscardHandler)
	}
	if o.Live == nil {
		o.Live = NewLive(o.Clock)
	}
	h := &IngestHandler{o: o, mux: http.NewServeMux(), slots: make(chan struct{}, maxRequests)}
	h.rate.seen = map[string]*rate{}
	h.mux.HandleFunc("POST "+forward.PathBatches, h.sensor(h.batches))
	if o.Local {
		return h
	}
	h.mux.HandleFunc("POST "+forward.PathEnrol, h.enrol)
	h.mux.HandleFunc("POST "+forward.PathRenew, h.sensor(h.renew))
	h.mux.HandleFunc("POST "+forward.PathHeartbeat, h.sensor(h.heartbeat))
	h.mux.HandleFunc("GET "+forward.PathConfig, h.sensor(h.config))
	h.mux.HandleFunc("GET "+forward.PathArtefacts+"{kind}/{name}", h.sensor(h.artefact))
	return h
}

// ServeHTTP implements http.Handler.
func (h *IngestHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		refuse(w, http.StatusServiceUnavailable, "too many sensors at once")
		return
	}
	h.mux.ServeHTTP(w, r)
}

// sensor lets in only who shows a certificate of a sensor that is not revoked.
func (h *IngestHandler) sensor(next func(http.ResponseWriter, *http.Request, *account.Sensor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.o.Local {
			next(w, r, nil)
			return
		}
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			refuse(w, http.StatusUnauthorized, "no certificate; enrol first")
			return
		}
		s, status, why := h.known(r.Context(), r.TLS.PeerCertificates[0])
		if s == nil {
			h.o.Slog.Warn("a sensor was refused", "address", r.RemoteAddr, "why", why)
			refuse(w, status, why)
			return
		}
		if !h.rate.allow(strconv.Itoa(int(s.Tenant))+"/"+s.ID, requestsPerMin, h.o.Clock()) {
			refuse(w, http.StatusTooManyRequests, "too many requests")
			return
		}
		next(w, r, s)
	}
}

// known gives the sensor of a verified certificate, or why it is refused.
func (h *IngestHandler) known(ctx context.Context, c *x509.Certificate) (*account.Sensor, int, string) {
	subject, err := ca.SubjectOf(c)
	if err != nil {
		return nil, http.StatusForbidden, err.Error()
	}
	now := h.o.Clock()
	if now.After(c.NotAfter) || now.Before(c.NotBefore) {
		return nil, http.StatusForbidden, "the certificate has expired; enrol again"
	}
	s, err := h.o.Sensors.Sensor(ctx, subject.Tenant, subject.Sensor)
	switch {
	case ident.CodeOf(err) == ident.NotFound:
		return nil, http.StatusForbidden, "the hub does not know this sensor; enrol again"
	case err != nil:
		return nil, http.StatusServiceUnavailable, "the hub's store is away"
	case s.Revoked:
		return nil, http.StatusForbidden, "this sensor has been revoked"
	case s.Fingerprint != ca.KeyFingerprint(c):
		return nil, http.StatusForbidden, "this sensor was enrolled again with another key"
	}
	return s, 0, ""
}

// batches stores frames, one after the other, and answers how many are safe.
func (h *IngestHandler) batches(w http.ResponseWriter, r *http.Request, s *account.Sensor) {
	body := http.MaxBytesReader(w, r.Body, forward.MaxRequest+64<<10)
	var a forward.Accepted
	var frame []byte
	for {
		var err error
		if frame, err = bus.ReadFrame(body, frame); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			if ident.CodeOf(err) == ident.Invalid {
				a.Rejected = err.Error()
				break
			}
			if a.Accepted == 0 { // the line broke, or the body is too long
				refuse(w, http.StatusBadRequest, err.Error())
				return
			}
			a.Problem = err.Error()
			break
		}
		head, err := bus.Peek(frame)
		if err != nil {
			a.Rejected = err.Error()
			break
		}
		if s != nil && (head.Sensor != s.ID || head.Tenant != s.Tenant) {
			a.Rejected = "the batch is of sensor " + strconv.Quote(head.Sensor) + ", the certificate of " + strconv.Quote(s.ID)
			h.o.Slog.Warn("a sensor sent what is not its own", "sensor", s.ID, "batch_of", head.Sensor, "address", r.RemoteAddr)
			break
		}
		// The message outlives the frame in the stream's client.
		if err := h.o.Publish(r.Context(), head, append([]byte(nil), frame...)); err != nil {
			if ident.CodeOf(err) == ident.Invalid {
				a.Rejected = err.Error()
				break
			}
			a.Problem = err.Error()
			if a.Accepted == 0 {
				w.Header().Set("Retry-After", "5")
				refuse(w, http.StatusServiceUnavailable, err.Error())
				return
			}
			break
		}
		a.Accepted++
	}
	reply(w, a)
}

// heartbeat notes what a sensor tells of itself and answers what is wanted.
func (h *IngestHandler) heartbeat(w http.ResponseWriter, r *http.Request, s *account.Sensor) {
	var b forward.Heartbeat
	if !read(w, r, &b) {
		return
	}
	now := h.o.Clock().UnixNano()
	changed := false
	edited, err := h.o.Sensors.EditSensor(r.Context(), s.Tenant, s.ID, func(s *account.Sensor) error {
		problem := cut(b.Problem, 500)
		changed = s.Problem != problem || s.Backlog != b.Backlog || s.Applied.Generation != b.Applied.Generation || s.Version != b.Version || now-s.Seen > int64(2*time.Minute)
		s.Seen, s.Clock, s.Version = now, b.Time-now, cut(b.Version, 100)
		s.Backlog, s.Restarts, s.Problem = b.Backlog, b.Restarts, problem
		s.Applied = boundWanted(b.Applied)
		s.Interfaces = s.Interfaces[:0:0]
		for _, i := range b.Interfaces[:min(len(b.Interfaces), 64)] {
			s.Interfaces = append(s.Interfaces, cut(i, 64))
		}
		if s.Loss == nil {
			s.Loss = map[string]uint64{}
		}
		s.Loss["spool_lost"], s.Loss["batches_rejected"] = uint64(max(b.SpoolLost, 0)), b.Rejected
		return nil
	})
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the hub's store is away")
		return
	}
	if changed {
		h.o.Live.Tell(Change{Kind: SensorChanged, Tenant: s.Tenant, Site: edited.Site, ID: s.ID})
	}
	reply(w, forward.Answer{Time: now, Wanted: edited.Wanted})
}

// boundWanted limits what a sensor says it applied.
func boundWanted(w account.Wanted) account.Wanted {
	out := account.Wanted{Generation: w.Generation, Version: cut(w.Version, 100), Content: cut(w.Content, 100)}
	for k, v := range w.Config {
		if out.Config == nil {
			out.Config = map[string]string{}
		}
		if len(out.Config) < 64 && len(k) <= 64 {
			out.Config[k] = cut(v, 2000)
		}
	}
	return out
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return strings.ToValidUTF8(s, "�")
}

func (h *IngestHandler) config(w http.ResponseWriter, _ *http.Request, s *account.Sensor) {
	reply(w, forward.Answer{Time: h.o.Clock().UnixNano(), Wanted: s.Wanted})
}

// artefact serves a program or a bundle. Both are signed by a person, so that
// a hub that was taken over cannot make sensors run what it likes.
func (h *IngestHandler) artefact(w http.ResponseWriter, r *http.Request, _ *account.Sensor) {
	if h.o.Artefact == nil {
		refuse(w, http.StatusNotFound, "the hub has none")
		return
	}
	f, err := h.o.Artefact(r.PathValue("kind"), r.PathValue("name"))
	if err != nil {
		status := http.StatusServiceUnavailable
		if c := ident.CodeOf(err); c == ident.NotFound || c == ident.Usage {
			status = http.StatusNotFound
		}
		refuse(w, status, err.Error())
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(h.o.Clock().Add(30 * time.Minute))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, _ = io.CopyN(w, f, info.Size())
}

// read reads a small JSON body; it answers by itself when that fails.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSmallBody))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "the request's body: "+err.Error())
		return false
	}
	return true
}

// reply answers with JSON and its length, which the sensor's client needs.
func reply(w http.ResponseWriter, v any) { answer(w, http.StatusOK, "application/json", v) }

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, "application/problem+json", map[string]any{"title": http.StatusText(status), "status": status, "detail": why})
}

func answer(w http.ResponseWriter, status int, kind string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// rates bounds requests by who makes them.
type rates struct {
	mu   sync.Mutex
	seen map[string]*rate
}

type rate struct {
	minute int64
	n      int
}

// maxRates bounds how many are remembered.
const maxRates = 4096

func (r *rates) allow(who string, perMinute int, now time.Time) bool {
	minute := now.Unix() / 60
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.seen[who]
	if e == nil {
		if len(r.seen) >= maxRates {
			for k, v := range r.seen {
				if v.minute != minute || len(r.seen) >= 2*maxRates {
					delete(r.seen, k)
				}
			}
		}
		e = &rate{}
		r.seen[who] = e
	}
	if e.minute != minute {
		e.minute, e.n = minute, 0
	}
	e.n++
	return e.n <= perMinute
}

// addressOf gives the address without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
