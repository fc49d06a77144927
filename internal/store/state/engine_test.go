//go:build !sensor

package state

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"edgeward/internal/shared"
)

// testNow is the wall clock of tests.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testClock() time.Time { return testNow }

// onEngines runs a test on SQLite and on a real PostgreSQL.
func onEngines(t *testing.T, f func(t *testing.T, fresh func() *Store)) {
	t.Run("sqlite", func(t *testing.T) {
		f(t, func() *Store { return open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")) })
	})
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("starts PostgreSQL")
		}
		p := shared.StartPostgres(t)
		f(t, func() *Store { return open(t, p.Database(t)) })
	})
}

func open(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dsn, Options{Clock: testClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
