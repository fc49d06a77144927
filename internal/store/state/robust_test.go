//go:build !sensor

package state

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/shared"
)

// TestMain runs as the writer that TestKilled kills when it is told to.
func TestMain(m *testing.M) {
	if path := os.Getenv("EDGEWARD_TEST_WRITER"); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled applies messages and tells of each that was committed.
func writeUntilKilled(path string) {
	ctx := context.Background()
	s, err := Open(ctx, "sqlite:"+path, Options{Clock: testClock})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t := &testing.T{}
	c := newScene(t, s)
	cp, err := c.p.Checkpoint(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c.seq, c.boots["a1"] = cp.Seq, cp.Seq
	for {
		n := byte(c.seq % 50)
		m := c.message("a", 1, []*asset.Device{device(fmt.Sprint("l", n), mac(n), "")}, one(found("f", "exposure.x", macKey(mac(1)), c.seq+1)))
		if _, err := c.p.Apply(ctx, []hub.Message{m}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(m.Seq)
	}
}

// TestKilled kills a process that writes, again and again at random moments:
// all that it said was committed is there, and the file is sound.
func TestKilled(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	path := filepath.Join(t.TempDir(), "state.db")
	var last uint64
	for range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EDGEWARD_TEST_WRITER="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 5 + rand.IntN(60); n > 0 && lines.Scan(); n-- {
			if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		time.AfterFunc(time.Duration(rand.IntN(int(5*time.Millisecond))), func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		began := time.Now()
		s, err := Open(context.Background(), "sqlite:"+path, Options{Clock: testClock})
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("opening took %v", d)
		}
		c := newScene(t, s)
		cp, err := c.p.Checkpoint(context.Background())
		if err != nil || cp.Seq < last || cp.Seq > last+1 {
			t.Fatalf("committed up to %d, there is %d, %v", last, cp.Seq, err)
		}
		if f := c.findings(finding.Filter{}); len(f) != 1 || f[0].Count != cp.Seq {
			t.Fatalf("count %+v at %d", f, cp.Seq)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOtherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, "sqlite:"+path)
	if _, err := Open(context.Background(), "sqlite:"+path, Options{}); ident.CodeOf(err) != ident.Unavailable {
		t.Errorf("a second one: %v", err)
	}
	beside, err := Open(context.Background(), "sqlite:"+path, Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutDocument(context.Background(), 1, "a", "b", []byte("c")); err != nil {
		t.Error(err)
	}
	if b, err := beside.Document(context.Background(), 1, "a", "b"); err != nil || string(b) != "c" {
		t.Errorf("beside it: %q, %v", b, err)
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
}

// TestDamagedFile writes over pages of a file that was not closed.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(context.Background(), "sqlite:"+path, Options{Clock: testClock})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, newScene(t, s))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(b []byte) []byte{
		"pages":  func(b []byte) []byte { return append(b[:8192:8192], append(make([]byte, 40960), b[8192+40960:]...)...) },
		"header": func(b []byte) []byte { return append([]byte("This is no database at all"), b[26:]...) },
		"cut":    func(b []byte) []byte { return b[:len(b)/2] },
	} {
		if err := os.WriteFile(path, damage(whole), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".lock", []byte("1\n"), 0o600); err != nil { // it was not closed
			t.Fatal(err)
		}
		s, err := Open(context.Background(), "sqlite:"+path, Options{})
		if err == nil {
			_ = s.Close()
		}
		if ident.CodeOf(err) != ident.Damaged || !strings.Contains(ident.HintOf(err), "restore") {
			t.Errorf("%s: %v (%s)", name, err, ident.HintOf(err))
		}
	}
}

// TestDamagedWhileOpen writes over pages of a file that is in use: the store
// says so from then on, whatever can still be read, and writes no more.
func TestDamagedWhileOpen(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "state.db")
	c := newScene(t, open(t, "sqlite:"+path))
	fill(t, c)
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 4096; i < len(b); i++ {
			b[i] = 0xde
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	for range 3 { // each connection has pages of its own in memory
		if _, _, e := c.s.Devices(ctx, asset.Filter{Tenant: 1}); e != nil {
			err = e
		}
		if _, e := c.s.Users(ctx, 1); e != nil {
			err = e
		}
	}
	if ident.CodeOf(err) != ident.Damaged || !strings.Contains(err.Error(), "damaged") || !strings.Contains(ident.HintOf(err), "restore") {
		t.Fatalf("reading gives %v (%s)", err, ident.HintOf(err))
	}
	if err := c.s.find(ctx, "SELECT 1", nil, func(*sql.Rows) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if ident.CodeOf(c.s.Condition()) != ident.Damaged {
		t.Errorf("after something that could be read the condition is %v", c.s.Condition())
	}
	m := c.message("a", 1, []*asset.Device{device("l9", mac(9), "10.0.0.9")}, nil)
	if _, err := c.p.Apply(ctx, []hub.Message{m}); ident.CodeOf(err) != ident.Damaged {
		t.Errorf("writing gives %v", err)
	}
}

// TestFullDisk bounds the size of the file, as a full disk does.
func TestFullDisk(t *testing.T) {
	ctx := context.Background()
	c := newScene(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	c.devices(device("l1", mac(1), "10.0.0.5"))
	limit := func(pages int) {
		if err := c.s.update(ctx, "limit", func(x *tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := c.s.w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	before := dump(t, c.s)
	var many []*asset.Device
	for i := range byte(200) {
		many = append(many, device(fmt.Sprint("l", i), mac(i), ""))
	}
	m := c.message("a", 1, many, nil)
	_, err := c.p.Apply(ctx, []hub.Message{m})
	if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(ident.HintOf(err), "room") {
		t.Fatalf("on a full disk: %v", err)
	}
	if c.s.Condition() == nil {
		t.Error("the store says that it is well")
	}
	if got := dump(t, c.s); got != before {
		t.Errorf("half of it was written:\n%s", firstDifference(before, got))
	}
	limit(1 << 30)
	c.apply(m)
	if n := len(c.list(asset.Filter{Limit: 1000})); n != 200 {
		t.Errorf("%d devices", n)
	}
	if err := c.s.Condition(); err != nil {
		t.Errorf("the store says: %v", err)
	}
}

// TestPostgresAway wants a clear state while the server is away, and work to
// go on when it is back.
func TestPostgresAway(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	p := shared.StartPostgres(t)
	c := newScene(t, open(t, p.Database(t)))
	c.devices(device("l1", mac(1), "10.0.0.5"))
	p.Stop()
	m := c.message("a", 1, []*asset.Device{device("l2", mac(2), "10.0.0.6")}, nil)
	for range 2 {
		if _, err := c.p.Apply(context.Background(), []hub.Message{m}); ident.CodeOf(err) != ident.Unavailable {
			t.Errorf("while it is away: %v", err)
		}
	}
	if _, _, err := c.s.Devices(context.Background(), asset.Filter{Tenant: 1}); ident.CodeOf(err) != ident.Unavailable {
		t.Errorf("while it is away: %v", err)
	}
	if c.s.Condition() == nil {
		t.Error("the store says that it is well")
	}
	p.Start(t)
	c.apply(m)
	if n := len(c.list(asset.Filter{})); n != 2 {
		t.Errorf("%d devices", n)
	}
	if _, err := Open(context.Background(), "postgres://edgeward:geheim@127.0.0.1:1/x?connect_timeout=1", Options{}); ident.CodeOf(err) != ident.Unavailable || strings.Contains(err.Error(), "geheim") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestMigrations brings a store of each earlier version up to date.
func TestMigrations(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		var want string
		for v := Schema(); v >= 1; v-- {
			s := fresh()
			if v < Schema() { // take away what later versions added
				list, err := migrations(&s.d)
				if err != nil {
					t.Fatal(err)
				}
				undo := []string{}
				for _, m := range list[v:] {
					for _, st := range statements(m.sql) {
						for _, verb := range []string{"CREATE", "ALTER"} {
							if at := strings.Index(st, verb); at > 0 {
								st = st[at:] // a remark
							}
						}
						switch f := strings.Fields(st); {
						case len(f) > 5 && f[0] == "ALTER":
							undo = append([]string{"ALTER TABLE " + f[2] + " DROP COLUMN " + f[5]}, undo...)
						case len(f) > 2 && f[1] == "TABLE":
							undo = append([]string{"DROP TABLE " + f[2]}, undo...)
						case len(f) > 3 && f[1] == "VIRTUAL":
							undo = append([]string{"DROP TABLE " + f[3]}, undo...)
						case len(f) > 2 && f[1] == "INDEX":
							undo = append([]string{"DROP INDEX IF EXISTS " + f[2]}, undo...)
						}
					}
				}
				err = s.update(ctx, "undo", func(x *tx) error {
					for _, statement := range undo {
						if _, err := x.exec(statement); err != nil {
							return err
						}
					}
					_, err := x.exec("UPDATE schema_version SET version = ?", v)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.migrate(ctx); err != nil {
					t.Fatalf("from version %d: %v", v, err)
				}
			}
			names, columns, err := s.tables(ctx, s.read)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(names, columns)
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("from version %d: %s\nwant %s", v, got, want)
			}
			fill(t, newScene(t, s))
		}
		s := fresh()
		if err := s.update(ctx, "later", func(x *tx) error {
			_, err := x.exec("UPDATE schema_version SET version = ?", Schema()+1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.migrate(ctx); ident.CodeOf(err) != ident.Invalid || ident.HintOf(err) == "" {
			t.Errorf("a newer schema: %v", err)
		}
	})
}

// TestAudit wants every change of the log and every removal from it found.
func TestAudit(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		for name, c := range map[string]struct {
			damage string
			want   int64
		}{
			"nothing":          {"", 0},
			"a changed entry":  {"UPDATE audit SET detail = 'no' WHERE seq = 3", 3},
			"a removed entry":  {"DELETE FROM audit WHERE seq = 3", 3},
			"the first is cut": {"DELETE FROM audit WHERE seq = 1", 1},
			"the end is cut":   {"DELETE FROM audit WHERE seq > 4", 5},
			"all is gone":      {"DELETE FROM audit", 1},
		} {
			s := fresh()
			for i := range 6 {
				if err := s.Record(ctx, &account.Entry{Tenant: 1, Time: int64(i + 1), Actor: "anna", Action: "device.edit", Detail: "\x00\xff"}); err != nil {
					t.Fatal(err)
				}
			}
			if c.damage != "" {
				if err := s.update(ctx, "damage", func(x *tx) error { _, err := x.exec(c.damage); return err }); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := s.Verify(ctx, 1); n != c.want || err != nil {
				t.Errorf("%s: %d, want %d, %v", name, n, c.want, err)
			}
			if c.damage != "" {
				continue
			}
			if n, err := s.Prune(ctx, 1, hub.Keep{Audit: 10}, 14); n != 3 || err != nil {
				t.Errorf("pruned %d, %v", n, err)
			}
			if n, err := s.Verify(ctx, 1); n != 0 || err != nil {
				t.Errorf("after pruning: %d, %v", n, err)
			}
			if list, err := s.Entries(ctx, account.AuditFilter{Tenant: 1, Action: "audit."}); err != nil || len(list) != 1 {
				t.Errorf("what was pruned: %+v, %v", list, err)
			}
		}
	})
}
