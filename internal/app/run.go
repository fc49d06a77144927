//go:build !sensor

package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"edgeward/internal/api"
	"edgeward/internal/app/config"
	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/console"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
	"edgeward/internal/store/state"
)

// RunOptions says how the hub runs.
type RunOptions struct {
	Version, Commit string
	Config          *config.Config
	Log             *slog.Logger
	// Announce is told the address of the console once it can be used, with a
	// one-time token in it when there are no users yet.
	Announce func(url string)
	// Prepare is called when everything is there and before the address is
	// told; it may be nil. Its URL, if it gives
	// one, is told in the place of the usual one.
	Prepare func(ctx context.Context, h *Hub) (url string, err error)
}

// Hub is what runs: stores, delivery, service.
type Hub struct {
	o      RunOptions
	folder *folder
	base   string // of the console's address
	secure bool
	group  *group

	State   *state.Store
	Events  *segment.Log
	Stream  *jetstream.Stream
	Ingest  *hub.Ingest
	Live    *hub.Live
	Service *api.Server

	captures *captures
	stations *stations
	local    *localWatch
	outputs  *outputs
	drift    *drift
	horizon  horizon
	key      []byte
	front    *http.ServeMux
}

// Run runs the hub until the context ends, then ends all parts in their order:
// those that bring something first, those that keep it last.
func Run(ctx context.Context, o RunOptions) error {
	if o.Config.Data == "" {
		o.Config.Data = defaultData()
	}
	f, err := openFolder(o.Config.Data)
	if err != nil {
		return err
	}
	defer func() { _ = f.close() }() // nothing is written to the lock
	if err := NewKnowledge(f.path).Load(); err != nil {
		o.Log.Error("the built-in content is used", "error", err, "hint", ident.HintOf(err))
	}
	l, secure, err := listen(o.Config, f)
	if err != nil {
		return err
	}
	h := &Hub{o: o, folder: f, secure: secure, group: newGroup(o.Log), base: address(l.Addr(), o.Config.Listen, secure), front: http.NewServeMux()}
	g := &gate{}
	served := h.serve(l, g)
	err = h.begin(ctx, g)
	if err == nil {
		h.group.run("service", func(ctx context.Context) error { return served(ctx, 10*time.Second) })
		h.startSources(ctx)
		err = h.announce(ctx, g)
	} else {
		h.refuse(ctx, g, served, err)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = nil
		}
		return errors.Join(err, h.group.stop())
	}
	notify("READY=1\nSTATUS=" + h.base)
	err = h.group.wait(ctx)
	notify("STOPPING=1")
	return err
}

// address gives the URL of the console.
func address(a net.Addr, asked string, secure bool) string {
	scheme := "http"
	if secure {
		scheme = "https"
	}
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(a.String())
	if host == "" || unspecified(host) {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// serve answers from now on. The function that it gives ends that.
func (h *Hub) serve(l net.Listener, g *gate) func(ctx context.Context, grace time.Duration) error {
	srv := &http.Server{
		Handler: g, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(h.o.Log.Handler(), slog.LevelDebug),
	}
	base, cancel := context.WithCancel(context.Background())
	srv.BaseContext = func(net.Listener) context.Context { return base }
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	return func(ctx context.Context, grace time.Duration) error {
		select {
		case <-ctx.Done():
		case err := <-failed:
			cancel()
			return err
		}
		cancel() // live views end at once
		if grace == 0 {
			return srv.Close()
		}
		end, stop := context.WithTimeout(context.Background(), grace)
		defer stop()
		if err := srv.Shutdown(end); err != nil {
			return srv.Close()
		}
		return nil
	}
}

// begin opens stores and delivery, and makes the service.
func (h *Hub) begin(ctx context.Context, g *gate) error {
	c := h.o.Config
	g.say("It opens its stores.", "")
	var err error
	if h.key, err = h.folder.key(); err != nil {
		return err
	}
	if err := h.openState(ctx, g); err != nil {
		return err
	}
	h.group.closing("state", h.State.Close)
	g.say("It opens the event log.", "")
	objects, err := openObjects(ctx, c)
	if err != nil {
		return err
	}
	h.Events, err = segment.Open(ctx, segment.Options{Dir: h.folder.in("events"), Objects: objects, Manifest: h.State, Log: h.o.Log})
	if err != nil {
		return err
	}
	h.group.closing("event log", h.Events.Close)
	h.horizon = horizon{state: h.State, log: h.o.Log}
	g.say("It opens the stream.", "")
	so := jetstream.Options{Dir: h.folder.in("stream"), MaxBytes: int64(c.Bus.Size), Sync: jetstream.Sync(c.Bus.Sync)}
	cluster := NATS{URLs: c.Bus.URLs, CA: c.Bus.CA, Certificate: c.Bus.Certificate, Key: c.Bus.CertKey, Credentials: c.Bus.Credentials, Replicas: c.Bus.Replicas}
	if err := cluster.into(&so); err != nil {
		return err
	}
	h.Stream, err = jetstream.Open(ctx, so)
	if err != nil {
		return err
	}
	h.group.closing("stream", func() error { h.Stream.Close(); return nil })
	h.Live = hub.NewLive(nil)
	h.outputs = newOutputs(h)
	if h.drift, err = newDrift(h); err != nil {
		return err
	}
	h.Ingest = hub.NewIngest(hub.IngestOptions{
		Stream: h.Stream, Projection: hub.NewProjector(h.State, hub.ProjectorOptions{Quiet: quietTimes()}), Log: h.Events, Ledger: h.State, Live: h.Live,
		Applied: func(m []hub.Message, o hub.Outcome) { h.outputs.applied(m, o); h.drift.applied(m) }, Quarantine: h.quarantine, Slog: h.o.Log,
	})
	h.group.run("compaction", func(ctx context.Context) error { h.Events.Run(ctx, time.Minute); return nil })
	h.group.run("outputs", h.outputs.run)
	h.group.run("profiles", h.drift.run)
	h.group.run("ingest", h.Ingest.Run)
	if err := h.openStations(); err != nil {
		return err
	}
	return h.openService(g)
}

// openState opens the state store. A database server that is away is waited
// for; everybody who asks is told so.
func (h *Hub) openState(ctx context.Context, g *gate) error {
	dsn := string(h.o.Config.Store.Postgres)
	if dsn == "" {
		dsn = "sqlite:" + h.folder.in("state.db")
	}
	for told := false; ; {
		s, err := state.Open(ctx, dsn, state.Options{Log: h.o.Log})
		if err == nil {
			h.State = s
			return nil
		}
		if ident.CodeOf(err) != ident.Unavailable || strings.HasPrefix(dsn, "sqlite:") || ctx.Err() != nil {
			return err
		}
		g.say("The database cannot be reached: "+err.Error(), ident.HintOf(err))
		if !told {
			told = true
			h.o.Log.Error("the database cannot be reached and is tried again", "error", err)
		}
		notify("EXTEND_TIMEOUT_USEC=60000000\nSTATUS=waiting for the database") // systemd would end it and start it again
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// openService makes API and console.
func (h *Hub) openService(g *gate) error {
	h.captures = (&captures{
		dir: h.folder.in("captures"), version: h.o.Version, memory: int64(h.o.Config.Sensor.Memory), docs: h.State, sensors: h.State,
		publish: h.Ingest.PublishWait, live: h.Live, log: h.o.Log, judge: h.knowledge, clock: time.Now,
	}).ready()
	h.group.run("uploads", h.captures.run)
	token, err := h.folder.localToken(h.base)
	if err != nil {
		return err
	}
	proxies, err := ident.ParsePrefixes(h.o.Config.Proxies)
	if err != nil {
		return err
	}
	h.local = newLocalWatch(h)
	h.Service, err = api.New(api.Config{
		Version: h.o.Version, Commit: h.o.Commit, Log: h.o.Log,
		Devices: h.State, Findings: h.State, Policies: h.State, Users: h.State, Sessions: h.State, Tokens: h.State, Sensors: h.State, Audit: h.State,
		Documents: h.State, Rollups: h.State, Nodes: h.State, Events: h.Events, Timeline: h.State, Zones: h.State, Mutes: h.State,
		Enrol: h.enrol, HubURL: h.stations.url, Content: knowledgeService{h},
		Live: h.Live, Captures: h.captures, Dissector: dissector{}, Backups: &backups{h: h}, Notifier: h.outputs, Health: h, Home: h.home, Facts: h.Events, Interfaces: h,
		Key: h.key, TLS: h.secure, Proxies: proxies, LocalToken: token, Console: console.Handler(),
	})
	if err != nil {
		return err
	}
	h.front.Handle("/", h.Service)
	h.group.run("reports", h.Service.Run)
	h.group.run("housekeeping", h.keepHouse)
	if dir := h.o.Config.Policies; dir != "" {
		h.group.run("policies", (&policyDir{h: h, dir: dir}).run)
	}
	h.group.run("waves", func(ctx context.Context) error { return h.Service.Waves().Run(ctx, 0) })
	return nil
}

// announce lets people in, once there is something to let them into.
func (h *Hub) announce(ctx context.Context, g *gate) error {
	g.open(h.front)
	url := h.base + "/"
	token, err := api.SetupToken(ctx, h.State, h.State, time.Now)
	if err != nil {
		return err
	}
	if token != "" {
		url = h.base + "/setup?token=" + token
	}
	if h.o.Prepare != nil {
		other, err := h.o.Prepare(ctx, h)
		if err != nil {
			return err
		}
		if other != "" {
			url = other
		}
	}
	if h.o.Announce != nil {
		h.o.Announce(url)
	}
	return nil
}

// publish sends a batch of a sensor in this process tree on its way.
func (h *Hub) publish(ctx context.Context, b *bus.Batch, message []byte) error {
	return h.Ingest.PublishWait(ctx, b.Header, message)
}

// quarantine keeps a message that nobody can use, for those who look into it.
func (h *Hub) quarantine(seq uint64, payload []byte, cause error) {
	if len(payload) == 0 {
		return
	}
	dir := h.folder.in("quarantine")
	err := os.MkdirAll(dir, 0o700)
	if entries, rerr := os.ReadDir(dir); rerr == nil && len(entries) >= 1000 {
		return // enough to look into
	}
	if err == nil {
		err = writeWhole(h.folder.in("quarantine", fmt.Sprintf("%020d.batch", seq)), payload, 0o600)
	}
	if err != nil {
		h.o.Log.Error("a message that cannot be used could not be kept", "seq", seq, "cause", cause, "error", err)
	}
}

// local is what programs on this machine need to speak to the hub.
type local struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	Pin   string `json:"pin,omitempty"` // SHA-256 of the certificate
}

// localToken makes the token that the command line on this machine uses, good
// for this run, and writes it where only the same user reads it.
func (f *folder) localToken(base string) (string, error) {
	b := make([]byte, 32)
	rand.Read(b)
	x := local{URL: base, Token: "edw_local_" + hex.EncodeToString(b)}
	if cert, err := tls.LoadX509KeyPair(f.in("console.pem"), f.in("console.pem")); err == nil {
		sum := sha256.Sum256(cert.Certificate[0])
		x.Pin = hex.EncodeToString(sum[:])
	}
	text, err := json.Marshal(x)
	if err != nil {
		return "", fmt.Errorf("make the local token: %w", err)
	}
	return x.Token, writeWhole(f.in("local.json"), text, 0o600)
}
