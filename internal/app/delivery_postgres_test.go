//go:build !sensor

package app

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/hub"
	"edgeward/internal/shared"
)

// TestDatabaseGoesAway stops a real PostgreSQL while batches are taken in. The
// hub says so, keeps accepting into its stream, and goes on by itself when the
// server is back.
func TestDatabaseGoesAway(t *testing.T) {
	pg := shared.StartPostgres(t)
	s, err := jetstream.Open(t.Context(), jetstream.Options{Dir: filepath.Join(t.TempDir(), "stream")})
	if err != nil {
		t.Fatal(err)
	}
	d := openDepotOn(t, s, pg.Database(t), t.TempDir())
	defer d.close()
	const rounds = 120
	published := make(chan error, 1)
	go func() {
		m := newMade("s", 1, func(h bus.Header, message []byte) error {
			return d.ingest.PublishWait(t.Context(), h, append([]byte(nil), message...))
		})
		var err error
		for i := 0; i < rounds && err == nil; i++ {
			m.facts(100)
			m.device(i % 50)
			err = m.Flush()
		}
		published <- err
	}()
	health := func(what string, f func(h hub.IngestHealth) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !f(d.ingest.Health()); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v", what, d.ingest.Health())
			}
		}
	}
	health("some is taken in", func(h hub.IngestHealth) bool { return h.Taken > 0 })
	pg.Stop()
	health("it says that the store is away, and goes on accepting", func(h hub.IngestHealth) bool {
		return h.State == hub.StoreAway && strings.Contains(string(h.State), "unreachable") && h.Problem != "" && h.Backlog > 0
	})
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	if h := d.ingest.Health(); h.Taken >= rounds {
		t.Errorf("the database went away too late: %+v", h)
	}
	pg.Start(t)
	d.wantOnce(t, "s", 100*rounds)
}
