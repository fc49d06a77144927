//go:build !sensor

package cli

import (
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
