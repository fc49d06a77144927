//go:build !sensor

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bundle"
	"edgeward/internal/hub"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// stations is how sensors elsewhere reach the hub: the authority that they
// know it by, the service with mutual TLS, and a socket in the data folder
// through which the hub's own user imports what was carried here.
type stations struct {
	authority *ca.Authority
	url       string
}

// importSocket is the socket's name in the data folder.
const importSocket = "import.sock"

// openStations makes the authority and begins to serve.
func (h *Hub) openStations() error {
	a, err := ca.Open(h.folder.path, nil)
	if err != nil {
		return err
	}
	h.stations = &stations{authority: a}
	if err := h.serveImports(); err != nil {
		return err
	}
	c := h.o.Config.Sensors
	if c.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return ident.Errorf(ident.Unavailable, "choose another address with sensors.listen in the configuration", "listen for sensors on %s: %w", c.Listen, err)
	}
	names := c.Names
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" && !unspecified(host) {
		names = append(names, host)
	}
	host, err := os.Hostname()
	if err == nil {
		names = append(names, host)
	}
	h.stations.url = "https://HUB"
	if len(names) > 0 {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		h.stations.url = "https://" + net.JoinHostPort(names[0], port)
	}
	secure := tls.NewListener(l, a.ServerConfig(names))
	h.serveOn("sensors", secure, hub.NewIngestHandler(hub.ServiceOptions{
		Authority: a, Sensors: h.State, Audit: h.State, Publish: h.Ingest.Publish, Live: h.Live, Artefact: h.artefact, Slog: h.o.Log,
	}))
	h.o.Log.Info("sensors can report", "address", l.Addr().String(), "authority", a.Fingerprint())
	return nil
}

// serveImports lets edgeward hub import in, by the rights of the data folder.
func (h *Hub) serveImports() error {
	path := h.folder.in(importSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(h.folder.path, err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		// A path that is too long for a socket must not keep the hub from running.
		h.o.Log.Warn("files cannot be imported while the hub runs", "cause", err)
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return folderError(h.folder.path, err)
	}
	h.serveOn("imports", l, hub.NewIngestHandler(hub.ServiceOptions{Local: true, Publish: h.Ingest.PublishWait, Slog: h.o.Log}))
	return nil
}

// serveOn serves until the hub ends.
func (h *Hub) serveOn(name string, l net.Listener, handler http.Handler) {
	srv := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(h.o.Log.Handler(), slog.LevelDebug),
	}
	h.group.run(name, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if srv.Shutdown(end) != nil {
				srv.Close()
			}
		})
		defer stop()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// enrol makes a token for a sensor; it is what the service needs.
func (h *Hub) enrol(e account.Enrolment, now time.Time, life time.Duration) (string, *account.Enrolment) {
	return hub.NewEnrolment(h.stations.authority, e, now, life)
}

// artefact opens a signed program or content bundle for a sensor. Programs lie
// in the folder programs of the data folder, named VERSION-GOOS-GOARCH.ewb.
func (h *Hub) artefact(kind, name string) (*os.File, error) {
	if filepath.Base(name) != name || name == "" || name[0] == '.' {
		return nil, ident.Errorf(ident.Usage, "", "artefact %q: that is no name", name)
	}
	var path string
	switch kind {
	case bundle.Program:
		path = h.folder.in("programs", name+".ewb")
	case bundle.Content:
		path = filepath.Join(NewKnowledge(h.folder.path).versionDir(name), bundleFile)
	default:
		return nil, ident.Errorf(ident.NotFound, "", "artefact of kind %q", kind)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ident.Errorf(ident.NotFound, "put it into "+path, "the hub has no %s %q", kind, name)
	}
	return f, err
}
