package spool

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/internal/ident"
)

func open(t *testing.T, o Options) *Spool {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func record(i int) []byte { return fmt.Appendf(nil, "record %d %s", i, strings.Repeat("x", i%300)) }

func fill(t *testing.T, s *Spool, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Append(record(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// drain reads all that waits and acknowledges it.
func drain(t *testing.T, s *Spool) []string {
	t.Helper()
	var got []string
	for {
		r, ok, err := s.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return got
		}
		got = append(got, string(r.Payload))
		s.Ack(r.End)
	}
}

func wantRecords(t *testing.T, got []string, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("got %d records, want %d", len(got), to-from)
	}
	for i, g := range got {
		if g != string(record(from+i)) {
			t.Fatalf("record %d is %q", i, g)
		}
	}
}

func TestWhatIsAppendedIsReadOnceInOrder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, Limit: minimumLimit * 8})
	fill(t, s, 0, 5000)
	first := drain(t, s)
	wantRecords(t, first, 0, 5000)
	fill(t, s, 5000, 6000)
	if got := s.Stats().Records; got != 1000 {
		t.Errorf("%d records wait, want 1000", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: dir, Limit: minimumLimit * 8})
	wantRecords(t, drain(t, s), 5000, 6000)
	if st := s.Stats(); st.Files != 0 || st.LostRecords != 0 {
		t.Errorf("after everything was read: %+v", st)
	}
}

func TestNextWaits(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	got := make(chan string, 1)
	go func() {
		r, err := s.Next(context.Background())
		got <- fmt.Sprint(string(r.Payload), err)
	}()
	fill(t, s, 0, 1)
	select {
	case g := <-got:
		if g != string(record(0))+"<nil>" {
			t.Error(g)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no record within 5 s")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRewindGivesAgainWhatWasNotAcknowledged(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	fill(t, s, 0, 10)
	for i := range 6 {
		r, _, _ := s.TryNext()
		if i == 2 {
			s.Ack(r.End)
		}
	}
	s.Rewind()
	wantRecords(t, drain(t, s), 3, 10)
}

func TestAFullFolderLosesItsOldestFileAndSaysSo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, Limit: minimumLimit})
	payload := bytes.Repeat([]byte("p"), 10_000)
	for i := range 500 {
		binary.BigEndian.PutUint32(payload, uint32(i))
		if err := s.Append(payload); err != nil {
			t.Fatal(err)
		}
	}
	st := s.Stats()
	if st.Bytes > minimumLimit || st.LostFiles == 0 || st.LostRecords+st.Records != 500 {
		t.Errorf("5 MB in a spool of 1 MiB: %+v", st)
	}
	s.Close()
	s = open(t, Options{Dir: dir, Limit: minimumLimit})
	got := drain(t, s)
	if int64(len(got)) != st.Records || binary.BigEndian.Uint32([]byte(got[len(got)-1])) != 499 {
		t.Errorf("%d records left, want %d that end with the newest", len(got), st.Records)
	}
	if again := s.Stats(); again.LostRecords != st.LostRecords {
		t.Errorf("loss %d was forgotten: %d", st.LostRecords, again.LostRecords)
	}
}

func TestATornTailIsCut(t *testing.T) {
	for cut := range 36 {
		dir := t.TempDir()
		s := open(t, Options{Dir: dir})
		fill(t, s, 0, 3)
		path := openName(dir, 1)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		torn := t.TempDir()
		if err := os.WriteFile(openName(torn, 1), whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s2 := open(t, Options{Dir: torn})
		fill(t, s2, 3, 5)
		got := drain(t, s2)
		if len(got) < 3 || got[len(got)-1] != string(record(4)) || got[0] != string(record(0)) {
			t.Errorf("cut by %d: %q", cut, got)
		}
		if cut == 0 && len(got) != 5 || cut > 0 && cut < 10 && len(got) != 4 {
			t.Errorf("cut by %d: %d records", cut, len(got))
		}
	}
}

func TestOneProgramAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir}); ident.CodeOf(err) != ident.Denied {
		t.Errorf("second program: %v", err)
	}
}

func TestADamagedFileIsSetAside(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	fill(t, s, 0, 10)
	s.Seal()
	fill(t, s, 10, 20)
	s.Close()
	b, _ := os.ReadFile(sealedName(dir, 1))
	b[len(b)/2] ^= 1
	os.WriteFile(sealedName(dir, 1), b, 0o600)
	s = open(t, Options{Dir: dir})
	wantRecords(t, drain(t, s), 10, 20)
	if _, err := os.Stat(sealedName(dir, 1) + ".bad"); err != nil || s.Stats().LostFiles != 1 {
		t.Errorf("damaged file: %v, %+v", err, s.Stats())
	}
}

func TestADamagedCursorCostsReadingAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	fill(t, s, 0, 10)
	r, _, _ := s.TryNext()
	s.Ack(r.End)
	s.Close()
	os.WriteFile(filepath.Join(dir, stateName), []byte("nonsense"), 0o600)
	s = open(t, Options{Dir: dir})
	wantRecords(t, drain(t, s), 0, 10)
}

func TestCarriedFilesAreCheckedAndNumbered(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, SealAfter: time.Nanosecond})
	for i := range 3 {
		fill(t, s, i*10, i*10+10)
		s.Seal()
	}
	files, damaged, err := Scan(dir)
	if err != nil || len(damaged) != 0 || len(files) != 3 {
		t.Fatalf("scan: %v, %v, %v", files, damaged, err)
	}
	var got []string
	for i, f := range files {
		if f.Number != uint64(i+1) || f.Chain != s.Chain() {
			t.Errorf("file %d: %+v", i, f)
		}
		if n, err := f.Each(func(p []byte) error { got = append(got, string(p)); return nil }); n != 10 || err != nil {
			t.Errorf("file %d: %d, %v", i, n, err)
		}
	}
	wantRecords(t, got, 0, 30)
	// Carried away, the numbers go on.
	for _, f := range files {
		os.Remove(f.Path)
	}
	s.Close()
	s = open(t, Options{Dir: dir})
	fill(t, s, 30, 31)
	s.Seal()
	if files, _, _ = Scan(dir); len(files) != 1 || files[0].Number != 4 {
		t.Errorf("after the files were taken: %+v", files)
	}
	// A cut or changed file is refused whole.
	b, _ := os.ReadFile(files[0].Path)
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x40
		os.WriteFile(files[0].Path, c, 0o600)
		calls := 0
		if _, err := files[0].Each(func([]byte) error { calls++; return nil }); ident.CodeOf(err) != ident.Invalid || calls != 0 {
			t.Fatalf("byte %d changed: %v, %d records given", i, err, calls)
		}
	}
}

// TestKill kills a process that appends, at moments of its own choosing, and
// wants every record whose Append had returned, once.
func TestKill(t *testing.T) {
	if dir := os.Getenv("SPOOL_CHILD"); dir != "" {
		s, err := Open(Options{Dir: dir, Limit: 8 << 20})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		var from int
		fmt.Sscan(os.Getenv("SPOOL_FROM"), &from)
		for i := from; ; i++ {
			if err := s.Append(record(i)); err != nil {
				os.Exit(1)
			}
			fmt.Println(i)
			if i%100 == 99 {
				s.Seal()
			}
		}
	}
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	next := 0
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "SPOOL_CHILD="+dir, fmt.Sprint("SPOOL_FROM=", next))
		var out bytes.Buffer
		pipe, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// So many bytes of its acknowledgements, then the end.
		buf := make([]byte, 1)
		for range 100 + round*977%3000 {
			if _, err := pipe.Read(buf); err != nil {
				t.Fatal(err)
			}
			out.Write(buf)
		}
		cmd.Process.Kill()
		out.ReadFrom(pipe)
		cmd.Wait()
		lines := strings.Split(out.String(), "\n")
		acked := next - 1
		for _, l := range lines[:len(lines)-1] {
			fmt.Sscan(l, &acked)
		}
		s, err := Open(Options{Dir: dir, Limit: 8 << 20})
		if err != nil {
			t.Fatal(err)
		}
		got := drain(t, s)
		if len(got) < acked+1-next || len(got) > acked+3-next {
			t.Fatalf("round %d: acknowledged %d to %d, read %d", round, next, acked, len(got))
		}
		wantRecords(t, got, next, next+len(got))
		next += len(got)
		s.Close()
	}
}

func FuzzWalker(f *testing.F) {
	whole := appendRecord(appendRecord(appendHeader(nil, [chainSize]byte{1}, 7), []byte("one")), []byte("two"))
	f.Add(whole)
	var s sealer
	s.reset()
	s.h.Write(whole)
	s.records = 2
	f.Add(append(whole, s.trailer()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := newWalker(bytes.NewReader(b))
		if err != nil {
			return
		}
		var sum int64 = headerSize
		for {
			p, err := w.next()
			if err != nil {
				break
			}
			sum += recordHead + int64(len(p))
		}
		if sum > int64(len(b)) {
			t.Errorf("%d bytes of records in %d", sum, len(b))
		}
	})
}
