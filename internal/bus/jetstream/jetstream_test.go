package jetstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgeward/internal/ident"
)

func open(t *testing.T, o Options) *Stream {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func publish(t *testing.T, s *Stream, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if _, err := s.Publish(t.Context(), fmt.Sprint("id", i), fmt.Appendf(nil, "batch %d", i)); err != nil {
			t.Fatal(err)
		}
	}
}

// read reads what there is from a number on, up to n messages.
func read(t *testing.T, s *Stream, from uint64, n int) (texts []string, seqs []uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := s.Read(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range n {
		m, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d messages: %v", len(texts), err)
		}
		texts, seqs = append(texts, string(m.Payload)), append(seqs, m.Seq)
	}
	return texts, seqs
}

func TestInOrderAndReleased(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	publish(t, s, 1, 101)
	publish(t, s, 50, 60) // again: refused by id
	texts, seqs := read(t, s, 1, 100)
	for i := range texts {
		if texts[i] != fmt.Sprint("batch ", i+1) || seqs[i] != uint64(i+1) {
			t.Fatalf("message %d is %q with number %d", i, texts[i], seqs[i])
		}
	}
	if err := s.Release(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	before, err := s.Info(t.Context())
	if err != nil || before.First != 41 || before.Last != 100 || before.Messages != 60 {
		t.Fatalf("released: %+v, %v", before, err)
	}
	s.Close()

	s = open(t, Options{Dir: dir})
	after, err := s.Info(t.Context())
	if err != nil || after.Identity != before.Identity || after.First != 41 || after.Last != 100 {
		t.Fatalf("reopened: %+v, %v, was %+v", after, err, before)
	}
	texts, _ = read(t, s, 1, 60)
	if texts[0] != "batch 41" {
		t.Errorf("first is %q", texts[0])
	}
	publish(t, s, 101, 102)
	if _, seqs = read(t, s, 101, 1); seqs[0] != 101 {
		t.Errorf("numbers go on with %d", seqs[0])
	}

	other := open(t, Options{Dir: t.TempDir()})
	if i, _ := other.Info(t.Context()); i.Identity == before.Identity {
		t.Error("another stream has the same identity")
	}
}

func TestAFullStreamRefusesAndRecovers(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), MaxBytes: 1 << 20})
	payload := bytes.Repeat([]byte("x"), 100_000)
	var accepted uint64
	for i := range 20 {
		seq, err := s.Publish(t.Context(), fmt.Sprint(i), payload)
		if err != nil {
			if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "full") {
				t.Fatalf("full stream: %v", err)
			}
			break
		}
		accepted = seq
	}
	if accepted < 8 || accepted > 10 {
		t.Fatalf("%d batches of 100 kB fit into 1 MiB", accepted)
	}
	if i, _ := s.Info(t.Context()); i.First != 1 || i.Last != accepted {
		t.Errorf("something accepted went: %+v", i)
	}
	if err := s.Release(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), "later", payload); err != nil {
		t.Errorf("after a release: %v", err)
	}
}

func TestNextEndsWithItsContextAndWithTheStream(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	r, err := s.Read(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing to read: %v", err)
	}
	publish(t, s, 0, 1)
	if m, err := r.Next(t.Context()); err != nil || m.Seq != 1 {
		t.Errorf("after a wait: %+v, %v", m, err)
	}
	done := make(chan error, 1)
	go func() { _, err := r.Next(context.Background()); done <- err }()
	s.Close()
	select {
	case err := <-done:
		if ident.CodeOf(err) != ident.Unavailable {
			t.Errorf("the stream was closed: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Next hangs after Close")
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{{Dir: t.TempDir(), Sync: "sometimes"}, {Dir: t.TempDir(), Name: "a.b"}} {
		if _, err := Open(t.Context(), o); ident.CodeOf(err) != ident.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := Open(t.Context(), Options{URLs: []string{"nats://127.0.0.1:1"}}); ident.CodeOf(err) != ident.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
}

// inNamespace runs this test again as a child with a small file system of its
// own, mounted at the folder that is given to f.
func inNamespace(t *testing.T, size string, f func(t *testing.T, dir string)) {
	t.Helper()
	if dir := os.Getenv("EDGEWARD_SMALL_DISK"); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
			fmt.Println("NOT PERMITTED:", err)
			t.FailNow()
		}
		f(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "EDGEWARD_SMALL_DISK="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) || bytes.Contains(out, []byte("NOT PERMITTED")) {
		t.Skipf("needs a mount namespace, which is not permitted here: %v\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	for _, reserve := range []int64{4 << 20, -1 << 40} { // refused in time; met by the server itself
		t.Run(fmt.Sprint("reserve", reserve), func(t *testing.T) {
			inNamespace(t, "24m", func(t *testing.T, dir string) { fullDisk(t, dir, reserve) })
		})
	}
}

func fullDisk(t *testing.T, dir string, reserve int64) {
	s := open(t, Options{Dir: filepath.Join(dir, "stream"), Reserve: reserve, Sync: SyncAlways})
	payload := bytes.Repeat([]byte("y"), 100_000)
	fits := 0
	for ; fits < 50; fits++ {
		if _, err := s.Publish(t.Context(), fmt.Sprint(fits), payload); err != nil {
			t.Fatal(err)
		}
	}
	ballast := filepath.Join(dir, "ballast")
	fill := exec.Command("dd", "if=/dev/zero", "of="+ballast, "bs=64k")
	_ = fill.Run() // it ends because the disk is full
	if _, err := s.Publish(t.Context(), "full", payload); ident.CodeOf(err) != ident.Unavailable {
		t.Fatalf("full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := s.Publish(t.Context(), "after", payload)
		if err == nil {
			break
		}
		if ident.CodeOf(err) != ident.Unavailable || time.Now().After(deadline) {
			t.Fatalf("the disk has room again: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	i, err := s.Info(t.Context())
	if err != nil || i.First != 1 || i.Messages < 51 {
		t.Errorf("after a full disk: %+v, %v; want the 50 that were accepted and one more", i, err)
	}
	if _, seqs := read(t, s, 1, 51); seqs[0] != 1 {
		t.Errorf("begins with %d", seqs[0])
	}
}

// TestKill kills a process that publishes and wants every batch that was
// acknowledged, once, and a start within 3 s.
func TestKill(t *testing.T) {
	if dir := os.Getenv("STREAM_CHILD"); dir != "" {
		s, err := Open(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		var from int
		fmt.Sscan(os.Getenv("STREAM_FROM"), &from)
		for i := from; ; i++ {
			if _, err := s.Publish(context.Background(), fmt.Sprint(i), fmt.Appendf(nil, "batch %d", i)); err != nil {
				os.Exit(1)
			}
			fmt.Println(i)
		}
	}
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	next := 1
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "STREAM_CHILD="+dir, fmt.Sprint("STREAM_FROM=", next))
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		buf := make([]byte, 1)
		for range 500 + round*977%5000 {
			if _, err := pipe.Read(buf); err != nil {
				t.Fatal(err)
			}
			out.Write(buf)
		}
		cmd.Process.Kill()
		_, _ = out.ReadFrom(pipe)
		_ = cmd.Wait()
		lines := strings.Split(out.String(), "\n")
		acked := next - 1
		for _, l := range lines[:len(lines)-1] {
			fmt.Sscan(l, &acked)
		}
		start := time.Now()
		s := open(t, Options{Dir: dir})
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("round %d: start took %v", round, took)
		}
		i, err := s.Info(t.Context())
		if err != nil || int(i.Last) < acked || int(i.Last) > acked+2 {
			t.Fatalf("round %d: acknowledged up to %d, stored up to %d, %v", round, acked, i.Last, err)
		}
		texts, _ := read(t, s, uint64(next), int(i.Last)-next+1)
		for k, text := range texts {
			if text != fmt.Sprint("batch ", next+k) {
				t.Fatalf("round %d: number %d is %q", round, next+k, text)
			}
		}
		next = int(i.Last) + 1
		s.Close()
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, sync := range []Sync{SyncInterval, SyncAlways} {
		b.Run(string(sync), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Dir: b.TempDir(), Sync: sync})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			payload := bytes.Repeat([]byte("0123456789abcdef"), 4096)
			b.SetBytes(int64(len(payload)))
			i := 0
			for b.Loop() {
				if _, err := s.Publish(b.Context(), fmt.Sprint(i), payload); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
