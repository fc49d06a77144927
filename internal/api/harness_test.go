//go:build !sensor

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
	"edgeward/internal/store/state"
)

// The password of every user of the tests.
const password = "correct horse battery"

// passwordHash is made once: hashing is slow on purpose.
var passwordHash = sync.OnceValue(func() string { return hashPassword(password) })

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	c.t = c.t.Add(d)
	c.mu.Unlock()
}

// house is a service over real stores, with two tenants. Tenant 0 has the
// sites north and south; each site has a sensor, a device, a finding, facts.
type house struct {
	t      *testing.T
	s      *Server
	web    *httptest.Server
	state  *state.Store
	clock  *clock
	local  string
	users  map[string]*account.User
	tokens map[string]string
}

type options func(*Config)

func newHouse(t *testing.T, opts ...options) *house {
	t.Helper()
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	h := &house{t: t, clock: &clock{t: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}, local: "edw_local", users: map[string]*account.User{}, tokens: map[string]string{}}
	var err error
	if h.state, err = state.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"), state.Options{Clock: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.state.Close() })
	log, err := segment.Open(ctx, segment.Options{Dir: filepath.Join(dir, "events"), Manifest: h.state, Clock: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	c := Config{
		Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), Clock: h.clock.now, Devices: h.state, Findings: h.state, Policies: h.state, Users: h.state, Sessions: h.state, Tokens: h.state,
		Sensors: h.state, Audit: h.state, Documents: h.state, Rollups: h.state, Nodes: h.state, Events: log, Timeline: h.state, Zones: h.state, Mutes: h.state,
		Live: hub.NewLive(h.clock.now), Key: bytes.Repeat([]byte{7}, hub.KeySize), LocalToken: h.local, Tenants: []uint16{0, 1},
		Enrol: func(e account.Enrolment, now time.Time, life time.Duration) (string, *account.Enrolment) {
			e.ID, e.Hash, e.Created, e.Expires = newID(), digest("token"), now.UnixNano(), now.Add(life).UnixNano()
			return "token", &e
		},
	}
	for _, o := range opts {
		o(&c)
	}
	if h.s, err = New(c); err != nil {
		t.Fatal(err)
	}
	h.web = httptest.NewServer(h.s)
	t.Cleanup(h.web.Close)
	h.seed(ctx, log)
	return h
}

// hostile is what a device may say of itself.
const hostile = "<script>alert(1)</script>\u202e\x1b[31m=cmd|' /C calc'!A0"

func (h *house) seed(ctx context.Context, log *segment.Log) {
	h.t.Helper()
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	now := h.clock.now().UnixNano()
	for _, place := range []struct {
		tenant uint16
		site   string
		seq    uint64
	}{{0, "north", 1}, {0, "south", 2}, {1, "zeeland", 3}} {
		id := place.site
		sensor := &account.Sensor{ID: "sensor-" + id, Tenant: place.tenant, Name: "sensor " + id, Site: place.site, Enrolled: now, Seen: now, Last: now, Packets: 1000, Loss: map[string]uint64{"kernel_drops": 5}}
		must(h.state.PutSensor(ctx, sensor))
		host := ident.HostKey(1000 + place.seq)
		addr := netip.AddrFrom4([4]byte{10, 0, byte(place.seq), 2})
		d := &asset.Record{Site: place.site, Sensors: []string{sensor.ID}, Learning: asset.Learning{State: "known"}, Created: now, Updated: now}
		d.ID, d.Place.Tenant, d.FirstSeen, d.LastSeen = "device-"+id, place.tenant, now-hour, now
		d.MACs, d.Addresses, d.Names = []ident.MAC{{2, 0, 0, 0, 0, byte(place.seq)}}, []netip.Addr{addr}, []string{hostile, id}
		d.Type = asset.Belief{Value: "camera", Confidence: 0.9, Source: "dhcp", Evidence: hostile}
		d.Vendor, d.Model = asset.Belief{Value: hostile, Confidence: 0.5}, asset.Belief{Value: "=1+1", Confidence: 0.5}
		d.Services, d.Hosts = []asset.Service{{Transport: "tcp", Port: 23, Protocol: "telnet", Banner: hostile}}, []ident.HostKey{host}
		f := &hub.Judged{}
		f.ID, f.Check, f.Kind, f.Severity, f.Status, f.Confidence = "finding-"+id, "telnet.open", finding.Exposure, ident.High, finding.Open, 0.9
		f.Title, f.Explanation, f.Site, f.Device, f.Label, f.Place.Tenant, f.Host = "Telnet: "+hostile, hostile, place.site, d.ID, hostile, place.tenant, host
		f.FirstSeen, f.LastSeen, f.Created, f.Updated, f.Count = now-hour, now, now, now, 3
		f.Peers, f.Sensors = []string{"192.0.2.1"}, []string{sensor.ID}
		frame := append(bytes.Repeat([]byte{1}, 54), []byte("secret payload")...)
		f.Evidence = []finding.Evidence{{Type: finding.Packet, Time: now, Packet: 7, Summary: hostile, Bytes: frame, Headers: 54}, {Type: finding.Fact, Time: now, Summary: "a fact"}}
		must(h.state.Update(ctx, func(tx hub.Tx) error {
			if err := tx.SaveDevices([]*asset.Record{d}); err != nil {
				return err
			}
			if err := tx.SaveHolders([]hub.Holder{{Tenant: place.tenant, Host: host, From: now - hour, Device: d.ID}}); err != nil {
				return err
			}
			if err := tx.SaveJudged([]*hub.Judged{f}); err != nil {
				return err
			}
			if err := tx.AddRollups([]hub.Rollup{
				{Tenant: place.tenant, Hour: now - now%hour, Sensor: sensor.ID, Dimension: "total", Facts: 10, Flows: 2, BytesOut: 100, BytesIn: 200},
				{Tenant: place.tenant, Hour: now - now%hour, Sensor: sensor.ID, Dimension: "device", Key: d.ID, Facts: 10, Flows: 2, BytesOut: 100, BytesIn: 200},
				{Tenant: place.tenant, Hour: now - now%hour, Sensor: sensor.ID, Dimension: "pair", Key: d.ID + "|192.0.2.1|telnet|23", Flows: 2, BytesOut: 100, BytesIn: 200},
			}); err != nil {
				return err
			}
			return tx.AddNodes([]hub.Node{
				{Tenant: place.tenant, Server: d.ID, Sensor: sensor.ID, Protocol: "mqtt", Kind: "server", Name: d.ID, Messages: 5, First: now - hour, Last: now},
				{Tenant: place.tenant, Server: d.ID, Sensor: sensor.ID, Protocol: "mqtt", Kind: "topic", Name: "home/" + id + "/" + hostile, Messages: 5, First: now - hour, Last: now},
			})
		}))
		fact := &event.Fact{Ingest: now, SrcHost: host, Body: &event.DNS{}}
		fact.Time, fact.Place.Tenant, fact.Transport, fact.Src, fact.Dst, fact.DstPort = now, place.tenant, 17, addr, netip.MustParseAddr("192.0.2.53"), 53
		rec := bus.NewRecorder(bus.RecorderOptions{Tenant: place.tenant, Sensor: sensor.ID, Boot: 1, Emit: func(_ bus.Header, m []byte) error {
			b, err := bus.Decode(slices.Clone(m), bus.Limits{})
			if err != nil {
				return err
			}
			return log.Append(ctx, b, "s", place.seq)
		}})
		rec.Fact(fact)
		must(rec.Flush())
	}
	for _, tenant := range []uint16{0, 1} {
		for _, role := range account.Roles {
			h.user(tenant, fmt.Sprintf("%s%d", role, tenant), role, nil, nil)
		}
	}
	for _, role := range account.Roles {
		h.user(0, "north-"+string(role), role, []string{"north"}, []account.Right{account.Evidence})
	}
}

// user makes a user with an API token for all that they may.
func (h *house) user(tenant uint16, name string, role account.Role, sites []string, rights []account.Right) *account.User {
	h.t.Helper()
	u := &account.User{Tenant: tenant, Name: name, Password: passwordHash(), Role: role, Sites: sites, Rights: rights, Created: h.clock.now().UnixNano()}
	if err := h.state.PutUser(context.Background(), u); err != nil {
		h.t.Fatal(err)
	}
	value := tokenPrefix + random()
	t := &account.Token{Tenant: tenant, Name: "test", Hash: digest(value), User: u.ID, Role: role, Created: u.Created, Scopes: []string{"read", "write", "evidence:read"}}
	if err := h.state.PutToken(context.Background(), t); err != nil {
		h.t.Fatal(err)
	}
	h.users[name], h.tokens[name] = u, value
	return u
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %.300s", err, a.body)
	}
}

// request is one that a test makes.
type request struct {
	method, path string
	body         any // string and []byte as they are, else as JSON
	header       map[string]string
}

func (h *house) send(r request) answer {
	h.t.Helper()
	var body io.Reader
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	case io.Reader:
		body = b
	default:
		j, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		body = bytes.NewReader(j)
	}
	req, err := http.NewRequest(r.method, h.web.URL+r.path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.header {
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil && !strings.Contains(err.Error(), "EOF") {
		h.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// as asks with the token of a user.
func (h *house) as(name, method, path string, body any) answer {
	h.t.Helper()
	token := h.tokens[name]
	if name == "local" {
		token = h.local
	}
	header := map[string]string{}
	if name != "" {
		header["Authorization"] = "Bearer " + token
	}
	return h.send(request{method, prefix + path, body, header})
}

// browser is somebody who has logged in.
type browser struct {
	h      *house
	cookie string
	csrf   string
}

func (h *house) login(name string, header map[string]string, extra map[string]any) (answer, *browser) {
	h.t.Helper()
	body := map[string]any{"name": name, "password": password}
	if u := h.users[name]; u != nil && u.Tenant != 0 {
		body["tenant"] = u.Tenant
	}
	for k, v := range extra {
		body[k] = v
	}
	a := h.send(request{post, prefix + "/session", body, header})
	b := &browser{h: h}
	if a.status == http.StatusOK {
		var me Me
		a.decode(h.t, &me)
		b.csrf = me.CSRF
		b.cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	}
	return a, b
}

func (b *browser) do(method, path string, body any) answer {
	return b.h.send(request{method, prefix + path, body, map[string]string{"Cookie": b.cookie, csrfHeader: b.csrf}})
}

// want fails the test unless an answer has a status.
func want(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %.400s", a.status, status, a.body)
	}
}
