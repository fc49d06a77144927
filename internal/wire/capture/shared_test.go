package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"edgeward/internal/shared"
)

// sharedCaptures lists the captures beside the repository.
func sharedCaptures(t *testing.T) []string {
	t.Helper()
	files, _, err := Files([]string{shared.Dir(t, "captures")})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// missing skips a test that lacks something, except in CI.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// TestAgainstCapinfos compares what is read of every shared capture with what
// capinfos says: number of packets, bytes on the wire, first and last time.
func TestAgainstCapinfos(t *testing.T) {
	files := sharedCaptures(t)
	capinfos, err := exec.LookPath("capinfos")
	if err != nil {
		missing(t, "no capinfos: %v", err)
	}
	compared := 0
	for len(files) > 0 {
		some := files[:min(len(files), 200)]
		files = files[len(some):]
		// It fails when any of the files is cut, and still prints all of them.
		out, _ := exec.Command(capinfos, append([]string{"-T", "-r", "-B", "-N", "-c", "-d", "-a", "-e", "-S"}, some...)...).Output()
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			row := strings.Split(line, "\t")
			f, err := Open(row[0])
			if err != nil {
				continue // a link type that is not supported
			}
			var (
				b           Batch
				wire        uint64
				first, last int64 = math.MaxInt64, math.MinInt64
			)
			for err = f.Read(context.Background(), &b); err == nil; err = f.Read(context.Background(), &b) {
				for _, fr := range b.Frames {
					wire += uint64(fr.WireLen)
					first, last = min(first, fr.Time), max(last, fr.Time)
				}
			}
			f.Close()
			s := f.Stats()
			if cut := (*CutError)(nil); err != io.EOF && !errors.As(err, &cut) {
				t.Errorf("%s: %v", row[0], err)
			}
			if strconv.FormatUint(s.Packets+s.Skipped, 10) != row[1] {
				t.Errorf("%s: %d packets, capinfos has %s", row[0], s.Packets+s.Skipped, row[1])
			}
			if s.Skipped == 0 && s.BadLengths == 0 && s.Packets > 0 && strconv.FormatUint(wire, 10) != row[2] {
				t.Errorf("%s: %d bytes on the wire, capinfos has %s", row[0], wire, row[2])
			}
			if s.BadTimes == 0 && s.Skipped == 0 && s.Packets > 0 && last>>31 < 1e9 && (!sameTime(first, row[3]) || !sameTime(last, row[4])) {
				t.Errorf("%s: from %d to %d, capinfos has %s to %s", row[0], first, last, row[3], row[4])
			}
			compared++
		}
	}
	if compared < 100 {
		t.Errorf("only %d captures were compared", compared)
	}
}

// sameTime compares nanoseconds with seconds of any number of decimals.
func sameTime(ns int64, seconds string) bool {
	whole, frac, _ := strings.Cut(seconds, ".")
	v, err := strconv.ParseInt(whole+(frac + "000000000")[:9], 10, 64)
	return err == nil && v == ns
}

// Every shared capture cut at random places gives the frames before the cut.
func TestSharedCapturesCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range sharedCaptures(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(file) > 1<<20 {
			file = file[:1<<20]
		}
		whole, _, _ := readAll(t, bytes.NewReader(file))
		for range 4 {
			n := 1 + rng.IntN(len(file))
			frames, stats, err := readAll(t, bytes.NewReader(file[:n]))
			if len(whole) == 0 {
				continue
			}
			want := 0
			for want < len(whole) && whole[want].Offset+int64(len(whole[want].Data)) <= int64(n) {
				want++
			}
			// Padding and the second length of a pcapng block may be what is missing.
			if len(frames) != want && len(frames) != want-1 {
				t.Errorf("%s cut at %d: %d frames, want %d (%v)", name, n, len(frames), want, err)
			}
			for i := range frames {
				if !bytes.Equal(frames[i].Data, whole[i].Data) || frames[i].Time != whole[i].Time {
					t.Errorf("%s cut at %d: frame %d differs", name, n, i)
				}
			}
			if cut := (*CutError)(nil); errors.As(err, &cut) != stats.Truncated {
				t.Errorf("%s cut at %d: %v, %+v", name, n, err, stats)
			}
		}
	}
}
