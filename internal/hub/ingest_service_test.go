package hub_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/bus/spool"
	"edgeward/internal/hub"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// roster keeps sensors in memory.
type roster struct {
	mu      sync.Mutex
	sensors map[string]*account.Sensor
	tokens  map[string]*account.Enrolment
}

func newRoster() *roster {
	return &roster{sensors: map[string]*account.Sensor{}, tokens: map[string]*account.Enrolment{}}
}

func (r *roster) Sensors(context.Context, uint16) ([]*account.Sensor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*account.Sensor
	for _, s := range r.sensors {
		c := *s
		out = append(out, &c)
	}
	return out, nil
}

func (r *roster) Sensor(_ context.Context, _ uint16, id string) (*account.Sensor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sensors[id]
	if s == nil {
		return nil, ident.Errorf(ident.NotFound, "", "no sensor %q", id)
	}
	c := *s
	c.Loss = maps.Clone(s.Loss)
	return &c, nil
}

func (r *roster) PutSensor(_ context.Context, s *account.Sensor) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := *s
	r.sensors[s.ID] = &c
	return nil
}

func (r *roster) AddSensor(ctx context.Context, s *account.Sensor) error {
	if _, err := r.Sensor(ctx, s.Tenant, s.ID); err == nil {
		return nil
	}
	return r.PutSensor(ctx, s)
}

func (r *roster) EditSensor(ctx context.Context, tenant uint16, id string, edit func(*account.Sensor) error) (*account.Sensor, error) {
	s, err := r.Sensor(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if err := edit(s); err != nil {
		return nil, err
	}
	return s, r.PutSensor(ctx, s)
}

func (r *roster) Enrolments(context.Context, uint16) ([]*account.Enrolment, error) { return nil, nil }

func (r *roster) PutEnrolment(_ context.Context, e *account.Enrolment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens[e.Hash] = e
	return nil
}

func (r *roster) EditEnrolment(_ context.Context, _ uint16, id string, edit func(*account.Enrolment) error) (*account.Enrolment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.tokens {
		if e.ID == id {
			return e, edit(e)
		}
	}
	return nil, ident.Errorf(ident.NotFound, "", "no such token")
}

func (r *roster) UseEnrolment(_ context.Context, hash, sensor string, now int64) (*account.Enrolment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.tokens[hash]
	if e == nil || e.Used != 0 || e.Expires < now {
		return nil, ident.Errorf(ident.NotFound, "", "no such token")
	}
	e.Used, e.By = now, sensor
	return e, nil
}

// clock is one that tests turn.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// station is a hub's service for sensors on a loopback port.
type station struct {
	*roster
	clock *clock
	ca    *ca.Authority
	url   string
	dir   string

	mu    sync.Mutex
	got   []bus.Header
	fail  error
	addr  string
	serve *http.Server
	opts  hub.ServiceOptions
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{roster: newRoster(), clock: &clock{}, dir: t.TempDir()}
	var err error
	if s.ca, err = ca.Open(s.dir, s.clock.now); err != nil {
		t.Fatal(err)
	}
	s.opts = hub.ServiceOptions{
		Authority: s.ca, Sensors: s.roster, Clock: s.clock.now,
		Publish: func(_ context.Context, h bus.Header, _ []byte) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.fail != nil {
				return s.fail
			}
			s.got = append(s.got, h)
			return nil
		},
	}
	s.start(t)
	return s
}

func (s *station) start(t *testing.T) {
	t.Helper()
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.url = "https://" + s.addr
	s.serve = &http.Server{Handler: hub.NewIngestHandler(s.opts), TLSConfig: s.ca.ServerConfig([]string{"127.0.0.1"}), ReadHeaderTimeout: time.Second}
	s.serve.ErrorLog = log.New(io.Discard, "", 0)
	go s.serve.ServeTLS(l, "", "")
	t.Cleanup(func() { s.serve.Close() })
}

func (s *station) token(t *testing.T, e account.Enrolment) string {
	t.Helper()
	token, kept := hub.NewEnrolment(s.ca, e, s.clock.now(), time.Hour)
	if err := s.PutEnrolment(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *station) enrol(t *testing.T, name string) *forward.Identity {
	t.Helper()
	id, err := forward.Enrol(t.Context(), t.TempDir(), s.url, s.token(t, account.Enrolment{Sensor: name, Site: "north"}), "", "1.0")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (s *station) received() []bus.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func batch(t testing.TB, sensor string, boot, seq uint64) []byte {
	t.Helper()
	b := bus.Batch{Header: bus.Header{Sensor: sensor, Boot: boot, Seq: seq, Made: 1}}
	m, err := b.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newSpool(t *testing.T) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func run(t *testing.T, o forward.Options) *forward.Forwarder {
	t.Helper()
	o.Every = 50 * time.Millisecond
	f := forward.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestASensorEnrolsAndReports(t *testing.T) {
	s := newStation(t)
	id := s.enrol(t, "pump house")
	if _, err := s.EditSensor(t.Context(), 0, id.Sensor, func(x *account.Sensor) error {
		x.Wanted = account.Wanted{Generation: 3, Config: map[string]string{"filter": "tcp"}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	sp := newSpool(t)
	for i := range 1000 {
		if err := sp.Append(batch(t, id.Sensor, 7, uint64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	answers := make(chan forward.Answer, 1000)
	f := run(t, forward.Options{
		Identity: id, Spool: sp, Answer: func(a forward.Answer) { answers <- a },
		Beat: func() forward.Heartbeat {
			return forward.Heartbeat{Version: "1.2.3", Interfaces: []string{"eth0"}, Problem: "none of note"}
		},
	})
	eventually(t, "all batches arrive", func() bool { return len(s.received()) == 1000 })
	for i, h := range s.received() {
		if h.Seq != uint64(i+1) || h.Sensor != id.Sensor {
			t.Fatalf("batch %d is %+v", i, h)
		}
	}
	eventually(t, "the spool is empty", func() bool { return sp.Stats().Records == 0 })
	if a := <-answers; a.Wanted.Generation != 3 || a.Wanted.Config["filter"] != "tcp" {
		t.Errorf("wanted: %+v", a)
	}
	eventually(t, "the hub knows the backlog is gone", func() bool {
		x, _ := s.Sensor(t.Context(), 0, id.Sensor)
		return x.Version == "1.2.3" && x.Problem == "none of note" && x.Backlog == 0 && len(x.Interfaces) == 1 && x.Site == "north" && x.Name == "pump house"
	})
	if st := f.Status(); st.State != forward.Connected || st.Sent != 1000 {
		t.Errorf("status: %+v", st)
	}
	if _, err := forward.LoadIdentity(t.TempDir()); ident.CodeOf(err) != ident.NotFound {
		t.Errorf("no identity: %v", err)
	}
}

func TestTheHubIsAwayAndComesBack(t *testing.T) {
	s := newStation(t)
	id := s.enrol(t, "")
	sp := newSpool(t)
	f := run(t, forward.Options{Identity: id, Spool: sp})
	seq := uint64(0)
	more := func(n int) {
		for range n {
			seq++
			if err := sp.Append(batch(t, id.Sensor, 7, seq)); err != nil {
				t.Fatal(err)
			}
		}
	}
	more(300)
	eventually(t, "the first batches arrive", func() bool { return len(s.received()) == 300 })
	s.serve.Close()
	more(500)
	eventually(t, "the sensor notices", func() bool { return f.Status().State == forward.HubAway })
	if got := sp.Stats().Records; got != 500 {
		t.Errorf("%d batches wait, want 500", got)
	}
	s.start(t)
	eventually(t, "the backlog drains", func() bool { return len(s.received()) == 800 && sp.Stats().Records == 0 })

	s.mu.Lock()
	s.fail = ident.Errorf(ident.Unavailable, "", "the disk is full")
	s.mu.Unlock()
	more(100)
	eventually(t, "the sensor hears of the full disk", func() bool {
		st := f.Status()
		return st.State == forward.HubFull && strings.Contains(st.Problem, "the disk is full")
	})
	s.mu.Lock()
	s.fail = nil
	s.mu.Unlock()
	eventually(t, "the rest arrives", func() bool { return len(s.received()) == 900 })
	for i, h := range s.received() {
		if h.Seq != uint64(i+1) {
			t.Fatalf("batch %d has number %d", i+1, h.Seq)
		}
	}
}

func TestWhoIsRefused(t *testing.T) {
	s := newStation(t)
	good := s.enrol(t, "good")

	refusedWith := func(t *testing.T, id *forward.Identity, want string) {
		t.Helper()
		sp := newSpool(t)
		before := len(s.received())
		if err := sp.Append(batch(t, id.Sensor, 1, 1)); err != nil {
			t.Fatal(err)
		}
		f := run(t, forward.Options{Identity: id, Spool: sp})
		eventually(t, "refused with "+want, func() bool {
			st := f.Status()
			return st.State == forward.Refused && strings.Contains(st.Problem, want)
		})
		if sp.Stats().Records != 1 || len(s.received()) != before {
			t.Errorf("refused, but %d records are kept and %d batches came", sp.Stats().Records, len(s.received())-before)
		}
	}
	t.Run("no certificate", func(t *testing.T) {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		for _, path := range []string{forward.PathBatches, forward.PathHeartbeat, forward.PathRenew} {
			r, err := c.Post(s.url+path, "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %s", path, r.Status)
			}
		}
	})
	t.Run("old TLS", func(t *testing.T) {
		if c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
			c.Close()
			t.Error("TLS 1.2 was accepted")
		}
	})
	t.Run("another authority", func(t *testing.T) {
		other := newStation(t)
		id := other.enrol(t, "stranger")
		id.Hub = s.url
		refusedWith(t, id, "not from the authority")
	})
	t.Run("a client of another authority", func(t *testing.T) {
		other, err := ca.Open(t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := other.ServerConfig(nil).GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*cert}}}}
		if r, err := c.Post(s.url+forward.PathBatches, "", nil); err == nil {
			r.Body.Close()
			if r.StatusCode != http.StatusUnauthorized {
				t.Errorf("accepted: %s", r.Status)
			}
		}
	})
	t.Run("revoked", func(t *testing.T) {
		id := s.enrol(t, "lost")
		s.EditSensor(t.Context(), 0, id.Sensor, func(x *account.Sensor) error { x.Revoked = true; return nil })
		refusedWith(t, id, "revoked")
	})
	t.Run("enrolled again", func(t *testing.T) {
		old := s.enrol(t, "twice")
		again := s.enrol(t, "twice")
		if again.Sensor != old.Sensor {
			t.Errorf("%s became %s", old.Sensor, again.Sensor)
		}
		refusedWith(t, old, "enrolled again")
	})
	t.Run("another sensor's batch", func(t *testing.T) {
		sp := newSpool(t)
		before := len(s.received())
		sp.Append(batch(t, "somebody-else", 1, 1))
		sp.Append(batch(t, good.Sensor, 9, 1))
		f := run(t, forward.Options{Identity: good, Spool: sp})
		eventually(t, "its own batch arrives", func() bool { return len(s.received()) == before+1 })
		if h := s.received()[before]; h.Sensor != good.Sensor {
			t.Errorf("accepted %+v", h)
		}
		if st := f.Status(); st.Rejected != 1 {
			t.Errorf("status: %+v", st)
		}
	})
	t.Run("token", func(t *testing.T) {
		token := s.token(t, account.Enrolment{})
		if _, err := forward.Enrol(t.Context(), t.TempDir(), s.url, token, "", ""); err != nil {
			t.Fatal(err)
		}
		late := s.token(t, account.Enrolment{})
		for what, token := range map[string]string{
			"used": token, "unknown": forward.NewToken(s.ca.Pin()), "another hub's": forward.NewToken([32]byte{1}), "nonsense": "abc",
		} {
			_, err := forward.Enrol(t.Context(), t.TempDir(), s.url, token, "", "")
			if c := ident.CodeOf(err); c != ident.Denied && c != ident.Usage || ident.HintOf(err) == "" {
				t.Errorf("%s: %v", what, err)
			}
		}
		s.clock.turn(2 * time.Hour)
		if _, err := forward.Enrol(t.Context(), t.TempDir(), s.url, late, "", ""); ident.CodeOf(err) != ident.Denied {
			t.Errorf("expired token: %v", err)
		}
	})
	t.Run("expired", func(t *testing.T) {
		id := s.enrol(t, "slow")
		s.clock.turn(ca.SensorLife + time.Hour)
		refusedWith(t, id, "expired")
	})
}

func TestACertificateIsRenewedInTime(t *testing.T) {
	s := newStation(t)
	id := s.enrol(t, "evergreen")
	first := id.NotAfter()
	s.clock.turn(ca.SensorLife * 3 / 4)
	run(t, forward.Options{Identity: id, Spool: newSpool(t), Clock: s.clock.now})
	eventually(t, "a new certificate", func() bool { return id.NotAfter().After(first.Add(24 * time.Hour)) })
	s.clock.turn(ca.SensorLife / 2) // the first one is over by now
	sp := newSpool(t)
	sp.Append(batch(t, id.Sensor, 1, 1))
	run(t, forward.Options{Identity: id, Spool: sp, Clock: s.clock.now})
	eventually(t, "a batch with the new certificate", func() bool { return len(s.received()) == 1 })
}

func TestHostileRequests(t *testing.T) {
	s := newStation(t)
	s.opts.Local = true // no certificates, to reach the parsers
	h := hub.NewIngestHandler(s.opts)
	post := func(body []byte) *recorder {
		w := &recorder{header: http.Header{}}
		r, err := http.NewRequest("POST", "http://x"+forward.PathBatches, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		h.ServeHTTP(w, r)
		return w
	}
	var good bytes.Buffer
	bus.WriteFrame(&good, batch(t, "a", 1, 1))
	if w := post(good.Bytes()); !strings.Contains(w.body.String(), `"accepted":1`) {
		t.Errorf("good: %s", w.body.String())
	}
	for what, body := range map[string][]byte{
		"half a frame":   good.Bytes()[:good.Len()-3],
		"huge length":    {0xff, 0xff, 0xff, 0xff, 1},
		"bit flipped":    append(bytes.Clone(good.Bytes()[:good.Len()-1]), good.Bytes()[good.Len()-1]^1),
		"not a batch":    {0, 0, 0, 3, 'a', 'b', 'c'},
		"longer than it": bytes.Repeat([]byte{0, 0x50, 0, 0}, 4<<20),
	} {
		w := post(body)
		if strings.Contains(w.body.String(), `"accepted":1`) || w.status >= 500 {
			t.Errorf("%s: %d %s", what, w.status, w.body.String())
		}
	}
	if len(s.received()) != 1 {
		t.Errorf("%d batches were taken", len(s.received()))
	}
	s.opts.Local = false
	r, _ := http.NewRequest("POST", "http://x"+forward.PathEnrol, strings.NewReader(strings.Repeat("[", 1<<20)))
	w := &recorder{header: http.Header{}}
	hub.NewIngestHandler(s.opts).ServeHTTP(w, r)
	if w.status != http.StatusBadRequest {
		t.Errorf("a large enrolment: %d", w.status)
	}
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(n int)   { r.status = n }
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = 200
	}
	return r.body.Write(b)
}
