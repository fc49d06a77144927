package jetstream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"edgeward/internal/ident"
)

// embed starts a server inside this process and connects to it. It opens no
// socket.
func embed(o Options) (*server.Server, *nats.Conn, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the stream's folder: %w", err)
	}
	opts := &server.Options{
		ServerName: "edgeward", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: o.Dir, JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: o.MaxBytes + 256<<20,
		MaxPayload: maxMessage + 64<<10, MaxPending: 4*maxMessage + 64<<20,
		SyncInterval: time.Second, SyncAlways: o.Sync == SyncAlways,
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, nil, fmt.Errorf("start the stream's server: %w", err)
	}
	log := &notes{}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		srv.Shutdown()
		return nil, nil, ident.Errorf(ident.Unavailable, "look into the folder "+o.Dir, "start the stream's server: it is not ready: %s", log.last())
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv), nats.Name("edgeward hub"), nats.NoReconnect())
	if err != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, nil, fmt.Errorf("connect to the stream's server: %w", err)
	}
	return srv, nc, nil
}

// connect connects to an external server; it keeps trying when it goes away.
func connect(o Options) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name("edgeward hub"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.Timeout(5 * time.Second), nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(-1), // nothing is sent behind the publisher's back
	}
	if o.Credentials != "" {
		opts = append(opts, nats.UserCredentials(o.Credentials))
	}
	if o.TLS != nil {
		opts = append(opts, nats.Secure(o.TLS))
	}
	nc, err := nats.Connect(strings.Join(o.URLs, ","), opts...)
	if errors.Is(err, nats.ErrAuthorization) {
		return nil, ident.Errorf(ident.Denied, "check the credentials for NATS", "connect to NATS at %s: %w", strings.Join(o.URLs, ", "), err)
	}
	if err != nil {
		return nil, ident.Errorf(ident.Unavailable, "", "connect to NATS at %s: %w", strings.Join(o.URLs, ", "), err)
	}
	return nc, nil
}

// room refuses a batch before the disk is full: a server that meets a full
// disk gives up its streams until it is restarted.
func (s *Stream) room(n int64) error {
	if !s.embedded() {
		return nil
	}
	free, size, err := space(s.o.Dir)
	if err != nil {
		return fmt.Errorf("ask for free space: %w", err)
	}
	reserve := s.o.Reserve
	if reserve == 0 {
		reserve = min(defaultReserve, size/20)
	}
	if free-n < reserve {
		return ident.Errorf(ident.Unavailable, "make room on the disk of "+s.o.Dir, "the disk is full: %d MiB are free, %d MiB must stay free", free>>20, reserve>>20)
	}
	return nil
}

// space gives the bytes that this program may still write, and the size.
func space(dir string) (free, size int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil //nolint:unconvert // other machines have other sizes
}

// revive starts an embedded server again that has given up its streams.
func (s *Stream) revive(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.srv == nil || s.js == nil || !s.srv.JetStreamEnabled() {
		s.restart(ctx)
	}
}

// renew starts an embedded server again that did not store what it should
// have: after an error of the disk it refuses the stream until then. was is
// what the caller talked to.
func (s *Stream) renew(ctx context.Context, was js.JetStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.js == was {
		s.restart(ctx)
	}
}

// restart stops and starts the server, at most once a second; s.mu is held.
// Readers notice that theirs has ended and ask for a new one.
func (s *Stream) restart(ctx context.Context) {
	if s.closed || !s.embedded() || time.Since(s.tried) < time.Second {
		return
	}
	s.tried = time.Now()
	s.stop()
	if err := s.start(context.WithoutCancel(ctx)); err != nil {
		s.stop()
	}
}

// Alive reports whether the server has the stream, and restarts one that gave
// up.
func (s *Stream) Alive(ctx context.Context) error {
	s.mu.Lock()
	gone := s.js == nil
	s.mu.Unlock()
	if gone {
		s.revive(ctx)
	}
	_, err := s.Info(ctx)
	return err
}
