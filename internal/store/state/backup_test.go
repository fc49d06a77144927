//go:build !sensor

package state

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/shared"
)

// dump gives all that a store has as text, to compare.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	ctx := context.Background()
	names, columns, err := s.tables(ctx, s.read)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, table := range names {
		list := strings.Join(columns[table], ", ")
		values, into := make([]any, len(columns[table])), make([]any, len(columns[table]))
		for i := range values {
			into[i] = &values[i]
		}
		rows, err := s.read.QueryContext(ctx, "SELECT "+list+" FROM "+table+" ORDER BY "+list)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&b, "%s.%s=%v ", table, columns[table][i], v)
			}
			b.WriteByte('\n')
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

func TestBackup(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		c := newScene(t, fresh())
		fill(t, c)
		add := []hub.Segment{{ID: "conn/1", Tenant: 1, Family: "conn", Bytes: 5, Sum: 1 << 63, Kinds: []string{"flow"}}, {ID: "conn/2", Tenant: 1, Family: "conn"}}
		if err := c.s.SwapSegments(ctx, add, nil, nil); err != nil {
			t.Fatal(err)
		}
		path, key := filepath.Join(t.TempDir(), "b.tar.zst"), filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(key, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := c.s.Backup(ctx, path, BackupOptions{Version: "1", Files: map[string]string{"hub.key": key}, Segment: func(_ context.Context, g hub.Segment) (io.ReadCloser, int64, error) {
			if g.ID == "conn/2" {
				return nil, 0, ident.Errorf(ident.NotFound, "", "it was compacted")
			}
			return io.NopCloser(strings.NewReader("bytes")), 5, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if b.Segments != 1 || len(b.Missing) != 1 || b.Rows["findings"] != 2 || b.Bytes == 0 {
			t.Errorf("backup: %+v", b)
		}
		if err := c.s.SwapSegments(ctx, nil, []string{"conn/2"}, nil); err != nil { // as restoring leaves it out
			t.Fatal(err)
		}
		t.Run("restored", func(t *testing.T) {
			dsn := "sqlite:" + filepath.Join(t.TempDir(), "r.db")
			got := map[string]string{}
			_, err := Restore(ctx, path, dsn, RestoreOptions{
				Options: Options{Clock: testClock},
				Segment: func(_ context.Context, id string, r io.Reader, _ int64) error { return keep(got, id, r) },
				File:    func(name string, r io.Reader, _ int64) error { return keep(got, name, r) },
			})
			if err != nil {
				t.Fatal(err)
			}
			r := open(t, dsn)
			if a, b := dump(t, c.s), dump(t, r); a != b {
				t.Errorf("restored is different:\n%s", firstDifference(a, b))
			}
			if got["conn/1"] != "bytes" || got["hub.key"] != "secret" {
				t.Errorf("files: %v", got)
			}
			list, _, err := r.Findings(ctx, finding.Filter{Tenant: 1, Text: "telnet"})
			if err != nil || len(list) != 1 {
				t.Errorf("search: %v, %v", list, err)
			}
			if n, err := r.Verify(ctx, 1); n != 0 || err != nil {
				t.Errorf("audit: %d, %v", n, err)
			}
			restored := newScene(t, r) // life goes on
			restored.seq, restored.boots = c.seq, c.boots
			restored.devices(device("l9", mac(9), "10.0.0.99"))
			restored.apply(restored.message("a", 1, nil, one(found("f9", "recon.y", macKey(mac(9)), 1))))
			if _, err := Restore(ctx, path, dsn, RestoreOptions{}); ident.CodeOf(err) != ident.Usage {
				t.Errorf("restoring over it: %v", err)
			}
		})
	})
}

// TestBackupMovesEngines moves a store from SQLite to PostgreSQL.
func TestBackupMovesEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	dsn := shared.StartPostgres(t).Database(t)
	ctx := context.Background()
	from := newScene(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	fill(t, from)
	path := filepath.Join(t.TempDir(), "b.tar.zst")
	if _, err := from.s.Backup(ctx, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(ctx, path, dsn, RestoreOptions{Options: Options{Clock: testClock}}); err != nil {
		t.Fatal(err)
	}
	r := open(t, dsn)
	if a, b := dump(t, from.s), dump(t, r); a != b {
		t.Errorf("moved is different:\n%s", firstDifference(a, b))
	}
	c := newScene(t, r)
	c.seq, c.boots = from.seq, from.boots
	c.apply(c.message("a", 1, nil, one(found("f9", "recon.y", macKey(mac(9)), 1))))
	if n := len(c.findings(finding.Filter{Text: "recon"})); n != 2 {
		t.Errorf("%d findings", n)
	}
}

func keep(into map[string]string, name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	into[name] = string(b)
	return err
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// fill makes a bit of everything.
func fill(t testing.TB, c *scene) {
	ctx := context.Background()
	c.devices(device("l1", mac(1), "10.0.0.5"), device("l2", mac(2), "10.0.0.6"))
	c.apply(c.message("a", 1, nil, one(found("f1", "exposure.telnet-service", macKey(mac(1)), 3), found("f2", "recon.x", macKey(mac(2)), 1))))
	for i := range 3 {
		if err := c.s.Record(ctx, &account.Entry{Tenant: 1, Actor: "anna", Action: "device.edit", Object: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.s.PutUser(ctx, &account.User{Tenant: 1, Name: "Anna"}); err != nil {
		t.Fatal(err)
	}
	if err := c.s.PutDocument(ctx, 1, "settings", "home", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	id := c.list(asset.Filter{})[0].ID
	if _, err := c.s.EditDevice(ctx, 1, id, func(a *asset.Attributes) error { a.Label = "A \"label\" \x00"; return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestBackupsThatAreDamaged(t *testing.T) {
	ctx := context.Background()
	c := newScene(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	fill(t, c)
	dir := t.TempDir()
	path := filepath.Join(dir, "b.tar.zst")
	if _, err := c.s.Backup(ctx, path, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyBackup(ctx, path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"cut": whole[:len(whole)/2], "empty": nil, "text": []byte("hello"), "changed": flipped(whole, len(whole)/2), "changed at the end": flipped(whole, len(whole)-20),
	} {
		if bytes.Equal(b, whole) {
			t.Fatal("the test changes nothing")
		}
		p, target := filepath.Join(dir, "bad"), filepath.Join(dir, "bad.db")
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(ctx, p, "sqlite:"+target, RestoreOptions{}); ident.CodeOf(err) != ident.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(target); err == nil {
			t.Errorf("%s: something was restored", name)
		}
	}
	if _, err := c.s.Backup(ctx, path, BackupOptions{}); ident.CodeOf(err) != ident.Usage {
		t.Errorf("over a file that exists: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".backup-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x55
	return b
}
