//go:build !sensor

package api

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"edgeward/internal/account"
	"edgeward/internal/finding"
)

// pages adds what is not part of the service: health, metrics, the document,
// and the console.
func (s *Server) pages() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // the client is gone when this fails
	})
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", s.Metrics())
	s.mux.HandleFunc("GET "+prefix+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.admit(r, access{self: true, scope: "session"}); err != nil {
			writeProblem(w, &huma.ErrorModel{Status: http.StatusUnauthorized, Title: "Unauthorized"})
			return
		}
		b, err := s.OpenAPI()
		if err != nil {
			writeProblem(w, &huma.ErrorModel{Status: http.StatusInternalServerError, Title: "Internal Server Error"})
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(b) // the client is gone when this fails
	})
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, &huma.ErrorModel{Type: problemType + "not-found", Status: http.StatusNotFound, Title: "Not Found", Detail: "there is no such operation"})
	})
	if s.Console != nil {
		s.mux.Handle("/", s.Console)
	}
}

// ready says which part is not ready. What is wrong with it is told to those
// on this machine; others see the names only.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	type part struct {
		Name  string `json:"name"`
		Ready bool   `json:"ready"`
		Text  string `json:"text,omitempty"`
	}
	out := struct {
		Ready bool   `json:"ready"`
		Parts []part `json:"parts"`
	}{true, []part{}}
	if s.Health != nil {
		for _, p := range s.Health.Parts(r.Context()) {
			x := part{Name: p.Name, Ready: p.Ready}
			if isLocal(r) {
				x.Text = p.Text
			}
			out.Parts = append(out.Parts, x)
			out.Ready = out.Ready && p.Ready
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !out.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // the client is gone when this fails
}

// Metrics gives the page for Prometheus: to this machine, and to others who
// bring the token.
func (s *Server) Metrics() http.Handler {
	page := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !isLocal(r) && (s.MetricsToken == "" || subtle.ConstantTimeCompare([]byte(bearer), []byte(s.MetricsToken)) != 1) {
			writeProblem(w, &huma.ErrorModel{Status: http.StatusForbidden, Title: "Forbidden", Detail: "metrics are for this machine, or take their token"})
			return
		}
		page.ServeHTTP(w, r)
	})
}

// Registry lets other parts add their metrics.
func (s *Server) Registry() prometheus.Registerer { return s.metrics.registry }

// metrics are what Prometheus reads. Gauges are asked for when it reads.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	panics   prometheus.Counter
	s        *Server
}

func newMetrics(s *Server) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), s: s, requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "edgeward_api_requests_total", Help: "Answers of the API by class of status.",
	}, []string{"class"}), panics: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "edgeward_api_panics_total", Help: "Defects that ended one request.",
	})}
	m.registry.MustRegister(m.requests, m.panics, m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

var (
	upDesc       = prometheus.NewDesc("edgeward_part_ready", "Whether a part of the hub is ready.", []string{"part"}, nil)
	storageDesc  = prometheus.NewDesc("edgeward_storage_bytes", "Bytes on disk by kind.", []string{"kind"}, nil)
	seenDesc     = prometheus.NewDesc("edgeward_sensor_seen_timestamp_seconds", "When a sensor was heard last.", []string{"sensor", "site"}, nil)
	backlogDesc  = prometheus.NewDesc("edgeward_sensor_backlog_batches", "Batches that wait at a sensor.", []string{"sensor", "site"}, nil)
	packetsDesc  = prometheus.NewDesc("edgeward_sensor_packets_total", "Packets that a sensor read.", []string{"sensor", "site"}, nil)
	factsDesc    = prometheus.NewDesc("edgeward_sensor_facts_total", "Facts that a sensor reported.", []string{"sensor", "site"}, nil)
	lossDesc     = prometheus.NewDesc("edgeward_sensor_loss_total", "What a sensor could not see, by counter.", []string{"sensor", "site", "counter"}, nil)
	findingsDesc = prometheus.NewDesc("edgeward_findings_open", "Open findings that are not muted.", []string{"severity"}, nil)
	streamsDesc  = prometheus.NewDesc("edgeward_live_views", "Live views that are open.", nil, nil)
)

// Describe names what Collect gives.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, storageDesc, seenDesc, backlogDesc, packetsDesc, factsDesc, lossDesc, findingsDesc, streamsDesc} {
		out <- d
	}
}

// Collect reads the state when Prometheus asks. What cannot be read is left
// out: absence is what alert rules look for.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		for i := range labels {
			labels[i] = plain(labels[i])
		}
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		for i := range labels {
			labels[i] = plain(labels[i])
		}
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	s := m.s
	gauge(streamsDesc, float64(s.streams.Load()))
	if s.Health != nil {
		for _, p := range s.Health.Parts(ctx) {
			gauge(upDesc, float64(b2i(p.Ready)), p.Name)
		}
		for k, v := range s.Health.Storage(ctx) {
			gauge(storageDesc, float64(v), k)
		}
	}
	for _, tenant := range s.Tenants {
		c := &caller{tenant: tenant, role: account.Admin}
		sensors, err := s.Sensors.Sensors(ctx, tenant)
		if err != nil {
			s.Log.WarnContext(ctx, "read the sensors for the metrics", "error", err)
			return
		}
		for _, x := range sensors {
			if x.Revoked {
				continue
			}
			gauge(seenDesc, float64(x.Seen)/1e9, x.ID, x.Site)
			gauge(backlogDesc, float64(x.Backlog), x.ID, x.Site)
			counter(packetsDesc, x.Packets, x.ID, x.Site)
			counter(factsDesc, x.Facts, x.ID, x.Site)
			for k, v := range x.Loss {
				counter(lossDesc, v, x.ID, x.Site, k)
			}
		}
		if tenant == s.Tenants[0] {
			m.findings(ctx, c, gauge)
		}
	}
}

func (m *metrics) findings(ctx context.Context, c *caller, gauge func(*prometheus.Desc, float64, ...string)) {
	no := false
	n, err := m.s.bySeverity(ctx, finding.Filter{Tenant: c.tenant, Statuses: openOnly, Muted: &no})
	if err != nil {
		m.s.Log.WarnContext(ctx, "count the findings for the metrics", "error", err)
		return
	}
	for severity, v := range map[string]int{"info": n.Info, "low": n.Low, "medium": n.Medium, "high": n.High, "critical": n.Critical} {
		gauge(findingsDesc, float64(v), severity)
	}
}
