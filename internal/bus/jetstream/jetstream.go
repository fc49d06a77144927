// Package jetstream carries batches in a NATS JetStream stream: by default in
// a server inside this process that listens nowhere and keeps its files in the
// data folder, or else in an external cluster. The stream is a buffer with
// at-least-once delivery, never the record: what was taken in durably is
// released, and a batch may come twice. Nothing that was accepted is thrown
// away; when the stream is full, new batches are refused.
//
// No type of NATS leaves this package. Package app wires it; package hub
// declares what it needs of it.
package jetstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"edgeward/internal/bus"
	"edgeward/internal/ident"
)

const (
	defaultName     = "EDGEWARD"
	defaultMaxBytes = 4 << 30
	defaultReserve  = 64 << 20

	// maxMessage bounds one batch; the server refuses longer ones.
	maxMessage = 8 << 20
	// dedupe is how long the server itself remembers ids. It spares the hub
	// most of the repetitions; the hub's checkpoint tells all of them.
	dedupe = time.Minute
	// attempt is how long one try of a request may take.
	attempt = 4 * time.Second
)

// Sync says when the embedded server's files are synced.
type Sync string

// The ways to sync.
const (
	// SyncInterval syncs every second: a power cut may cost the last second,
	// which a sensor with a spool sends again only if it has kept it.
	SyncInterval Sync = "interval"
	// SyncAlways syncs before a batch is acknowledged.
	SyncAlways Sync = "always"
)

// Options say which stream.
type Options struct {
	Dir      string // of the embedded server; unused with URLs
	Name     string // of the stream; EDGEWARD when empty
	MaxBytes int64  // of the stream; 0 for 4 GiB
	Reserve  int64  // bytes of disk that stay free; 0 for 64 MiB or a twentieth of the disk, the smaller
	Sync     Sync   // empty for interval

	// An external server or cluster.
	URLs        []string
	Credentials string // file with a user's JWT and key
	TLS         *tls.Config
	Replicas    int // 0 for 3 when three or more servers are named or tell of each other, else 1
}

// Stream is an open stream. It is safe for concurrent use.
type Stream struct {
	o Options

	mu       sync.Mutex // guards what a restart of the embedded server replaces
	srv      *server.Server
	nc       *nats.Conn
	js       js.JetStream
	identity string
	tried    time.Time // when a restart was tried last
	closed   bool
}

// Open starts the embedded server or connects to an external one, and makes
// the stream when there is none.
func Open(ctx context.Context, o Options) (*Stream, error) {
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	switch o.Sync {
	case "":
		o.Sync = SyncInterval
	case SyncInterval, SyncAlways:
	default:
		return nil, ident.Errorf(ident.Usage, "", "sync of the stream %q: want interval or always", o.Sync)
	}
	if strings.ContainsAny(o.Name, " \t\r\n.*>/\\") {
		return nil, ident.Errorf(ident.Usage, "", "name of the stream %q: want letters, digits, - and _", o.Name)
	}
	s := &Stream{o: o}
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stream) embedded() bool { return len(s.o.URLs) == 0 }

// start makes server, connection and stream; s.mu is held or s not shared.
func (s *Stream) start(ctx context.Context) error {
	var err error
	if s.embedded() {
		s.srv, s.nc, err = embed(s.o)
	} else {
		s.nc, err = connect(s.o)
	}
	if err != nil {
		return err
	}
	s.js, err = js.New(s.nc, js.WithDefaultTimeout(attempt))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	return s.makeStream(ctx)
}

// makeStream creates the stream; a cluster that still elects is waited for.
func (s *Stream) makeStream(ctx context.Context) error {
	cfg := js.StreamConfig{
		Name: s.o.Name, Subjects: []string{s.subject()}, Storage: js.FileStorage, Retention: js.LimitsPolicy,
		MaxBytes: s.o.MaxBytes, Discard: js.DiscardNew, MaxMsgSize: maxMessage, Duplicates: dedupe,
		Replicas: s.replicas(), Description: "batches of Edgeward's sensors", AllowDirect: true,
	}
	for {
		try, cancel := context.WithTimeout(ctx, attempt)
		st, err := s.js.CreateOrUpdateStream(try, cfg)
		cancel()
		if err == nil {
			s.identity = identityOf(st.CachedInfo())
			return nil
		}
		if s.embedded() || !transient(err) {
			return failure("make the stream", err)
		}
		select {
		case <-ctx.Done():
			return failure("make the stream", errors.Join(ctx.Err(), err))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *Stream) subject() string { return strings.ToLower(s.o.Name) + ".batches" }

func (s *Stream) replicas() int {
	switch {
	case s.o.Replicas > 0:
		return s.o.Replicas
	case !s.embedded() && max(len(s.o.URLs), len(s.nc.Servers())) >= 3:
		return 3
	}
	return 1
}

func identityOf(i *js.StreamInfo) string {
	return i.Config.Name + "-" + strconv.FormatInt(i.Created.UnixNano(), 36)
}

// current gives what talks to the server now.
func (s *Stream) current() (js.JetStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.js == nil {
		return nil, ident.Errorf(ident.Unavailable, "", "the stream is closed")
	}
	return s.js, nil
}

// Publish stores a batch and gives its number. The id makes repetitions within
// a minute harmless. It fails as Unavailable when the disk or the stream is
// full or the cluster away; trying again later may succeed.
func (s *Stream) Publish(ctx context.Context, id string, payload []byte) (uint64, error) {
	if len(payload) > maxMessage {
		return 0, ident.Errorf(ident.Invalid, "", "batch of %d bytes is longer than %d", len(payload), maxMessage)
	}
	if err := s.room(int64(len(payload))); err != nil {
		return 0, err
	}
	for {
		j, err := s.current()
		if err != nil {
			s.revive(ctx)
			return 0, err
		}
		try, cancel := context.WithTimeout(ctx, attempt)
		ack, err := j.Publish(try, s.subject(), payload, js.WithMsgID(id))
		cancel()
		if err == nil {
			return ack.Sequence, nil
		}
		if s.embedded() {
			if ctx.Err() == nil && !isFull(err) {
				s.renew(ctx, j)
			}
			return 0, failure("store a batch", err)
		}
		if ctx.Err() != nil || !transient(err) {
			return 0, failure("store a batch", err)
		}
		// A leader is being elected, or the node went away: the same again.
		select {
		case <-ctx.Done():
			return 0, failure("store a batch", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Release forgets everything up to a number.
func (s *Stream) Release(ctx context.Context, through uint64) error {
	j, err := s.current()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	st, err := j.Stream(ctx, s.o.Name)
	if err == nil {
		err = st.Purge(ctx, js.WithPurgeSequence(through+1))
	}
	return failure("release batches", err)
}

// Info gives the stream's state.
func (s *Stream) Info(ctx context.Context) (bus.StreamInfo, error) {
	j, err := s.current()
	if err != nil {
		return bus.StreamInfo{}, err
	}
	try, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	st, err := j.Stream(try, s.o.Name)
	if err != nil {
		if s.embedded() {
			s.revive(ctx)
		}
		return bus.StreamInfo{}, failure("ask for the stream's state", err)
	}
	i := st.CachedInfo()
	return bus.StreamInfo{
		Identity: identityOf(i), First: max(i.State.FirstSeq, 1), Last: i.State.LastSeq,
		Messages: i.State.Msgs, Bytes: i.State.Bytes, MaxBytes: uint64(max(i.Config.MaxBytes, 0)),
		Replicas: i.Config.Replicas,
	}, nil
}

// Close ends connection and server. Batches that were acknowledged stay.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.stop()
}

func (s *Stream) stop() {
	if s.nc != nil {
		s.nc.Close()
	}
	if s.srv != nil {
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
	}
	s.nc, s.srv, s.js = nil, nil, nil
}

// transient reports whether the same request may succeed later.
func transient(err error) bool {
	if api := (*js.APIError)(nil); errors.As(err, &api) {
		return api.Code == 503 || api.Code == 408
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, js.ErrNoStreamResponse) || errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrDisconnected) ||
		errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrReconnectBufExceeded)
}

// failure gives an error of NATS its class: full and away pass, the rest is a
// defect or a wrong configuration.
func failure(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", what, err)
	}
	if api := (*js.APIError)(nil); errors.As(err, &api) {
		if isFull(err) {
			return ident.Errorf(ident.Unavailable, "make room on the disk, or give the stream more", "%s: the stream is full: %w", what, err)
		}
		return ident.Errorf(ident.Unavailable, "", "%s: %w", what, err)
	}
	if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
		return ident.Errorf(ident.Denied, "check the credentials for NATS", "%s: %w", what, err)
	}
	return ident.Errorf(ident.Unavailable, "", "%s: %w", what, err)
}

// isFull reports whether the stream has reached its bound.
func isFull(err error) bool {
	api := (*js.APIError)(nil)
	return errors.As(err, &api) && strings.Contains(strings.ToLower(api.Description), "maximum bytes")
}
