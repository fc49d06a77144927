//go:build !sensor

package cli

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRunDamaged wants a hub whose state store is damaged to say so in the log
// and at its address, to leave the file alone, and to end when it is told.
func TestRunDamaged(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Fatalf("SIGTERM gives %d: %s", code, s.messages())
	}
	path := filepath.Join(data, "state.db")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database: %v, %v", info, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(whole, strings.Repeat("no database ", 1000))
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(s.base, "http://")
	s, _ = program(t, nil, "run", "--data", data, "--listen", address)
	s.http, s.base = http.DefaultClient, "http://"+address
	s.eventually("a word about the damage", func() bool { return strings.Contains(s.messages(), "edgeward backup restore") })
	if status, b := s.do(http.MethodGet, "/", "", nil); status != http.StatusServiceUnavailable || !strings.Contains(string(b), "cannot start") {
		t.Errorf("the console gives %d %s", status, b)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(whole) {
		t.Errorf("the damaged file was changed: %v", err)
	}
}

// TestRunDamagedMeanwhile writes over the state store of a hub that runs: it
// goes on, says so wherever somebody looks, says it once in the log, ends when
// it is told, and says so again at its next start.
func TestRunDamagedMeanwhile(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	token := local(t, data)
	for _, name := range []string{"state.db", "state.db-wal"} {
		path := filepath.Join(data, name)
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the log ahead of writing is not there yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := min(4096, len(b)/2); i < len(b); i++ {
			b[i] = 0xde
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	about := ""
	s.eventually("a word about the damage", func() bool {
		for _, path := range []string{"devices", "findings", "sensors", "users", "audit"} {
			if status, b := s.do(http.MethodGet, "/api/v1/"+path, token, nil); status >= 500 && !strings.Contains(string(b), "state store is damaged") {
				t.Fatalf("%s gives %d %s", path, status, b)
			}
		}
		_, b := s.do(http.MethodGet, "/api/v1/about", token, nil)
		about = string(b)
		return strings.Contains(about, "is damaged")
	})
	if !strings.Contains(about, "edgeward backup restore") || !strings.Contains(about, `"degraded"`) {
		t.Errorf("the console is told %.600s", about)
	}
	if status, b := s.do(http.MethodGet, "/readyz", "", nil); status != http.StatusServiceUnavailable || !strings.Contains(string(b), `"state","ready":false`) {
		t.Errorf("readiness: %d %s", status, b)
	}
	if status, b := s.do(http.MethodPost, "/api/v1/tokens", token, map[string]any{"name": "x"}); status < 400 {
		t.Errorf("something was written over the damage: %d %s", status, b)
	}
	if n := strings.Count(s.messages(), "state store is damaged;"); n != 1 {
		t.Errorf("the log says it %d times: %s", n, s.messages())
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
	again, _ := program(t, nil, "run", "--data", data, "--listen", strings.TrimPrefix(s.base, "http://"))
	again.eventually("a word about the damage", func() bool { return strings.Contains(again.messages(), "edgeward backup restore") })
	if code := again.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, again.messages())
	}
}
