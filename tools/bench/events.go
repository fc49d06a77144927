package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"edgeward/internal/app"
	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
	"edgeward/internal/store/segment"
)

// This file measures the event log: facts of recorded captures are given other
// times, addresses and hosts until they are a week of a thousand devices.

const (
	week    = 7 * 24 * time.Hour
	devices = 1000
)

// memoryManifest keeps the rows in memory: what a database takes is not
// measured here.
type memoryManifest struct {
	mu   sync.Mutex
	rows map[string]hub.Segment
}

func (m *memoryManifest) Segments(context.Context) ([]hub.Segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]hub.Segment, 0, len(m.rows))
	for _, s := range m.rows {
		out = append(out, s)
	}
	return out, nil
}

func (m *memoryManifest) SwapSegments(_ context.Context, add []hub.Segment, remove []string, _ *hub.Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range add {
		m.rows[s.ID] = s
	}
	for _, id := range remove {
		delete(m.rows, id)
	}
	return nil
}

// events builds a log of so many facts below dir and asks it the usual
// questions.
func events(w io.Writer, captures, dir string, rows int) error {
	base, err := recorded(captures)
	if err != nil {
		return err
	}
	total := 0
	for _, b := range base {
		total += len(b.Facts)
	}
	if total == 0 {
		return fmt.Errorf("there are no facts in %s", captures)
	}
	once, err := size(base, filepath.Join(dir, "once"))
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "week")
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	end := start.Add(week)
	now := start
	l, err := segment.Open(context.Background(), segment.Options{Dir: dir, Manifest: &memoryManifest{rows: map[string]hub.Segment{}}, Clock: func() time.Time { return now }})
	if err != nil {
		return err
	}
	defer l.Close()
	before := runtime.GOMAXPROCS(1)
	began, cpu := time.Now(), processor()
	var shaping, compacting time.Duration
	ctx := context.Background()
	seq := uint64(0)
	for done := 0; done < rows; {
		for _, b := range base {
			s := processor()
			reshape(b, seq, start, int64(week)/int64(rows)*int64(done))
			b.Seq = seq + 1
			now = start.Add(time.Duration(int64(week) / int64(rows) * int64(done)))
			shaping += processor() - s
			seq++
			if err := l.Append(ctx, b, "bench", seq); err != nil {
				return err
			}
			done += len(b.Facts)
			if l.Status().WaitBytes >= segment.DefaultSealBytes {
				if err := l.Seal(ctx, &hub.Checkpoint{Stream: "bench", Seq: seq}); err != nil {
					return err
				}
				s := processor()
				if err := l.Maintain(ctx); err != nil {
					return err
				}
				compacting += processor() - s
			}
			if done >= rows {
				break
			}
		}
	}
	if err := l.Seal(ctx, &hub.Checkpoint{Stream: "bench", Seq: seq}); err != nil {
		return err
	}
	used := processor() - cpu - shaping - compacting
	now = end.Add(time.Hour)
	s := processor()
	if err := l.Maintain(ctx); err != nil {
		return err
	}
	compacting += processor() - s
	wall := time.Since(began)
	runtime.GOMAXPROCS(before)
	st := l.Status()
	fmt.Fprintf(w, "%d facts of captures made into %d over a week of %d devices.\n\n", total, st.Rows, devices)
	fmt.Fprintf(w, "| ingest, one core | |\n|---|---|\n")
	fmt.Fprintf(w, "| appended and sealed | %.0f k facts per CPU second (%.1f CPU s) |\n", float64(st.Rows)/1e3/used.Seconds(), used.Seconds())
	fmt.Fprintf(w, "| put together to hours and days | %.1f CPU s more |\n| wall, with both | %.1f s |\n", compacting.Seconds(), wall.Seconds())
	fmt.Fprintf(w, "| on disk, the captures' facts once | %.1f bytes a fact |\n", once)
	fmt.Fprintf(w, "| on disk, the week | %.1f MB in %d files, %.1f bytes a fact |\n| peak resident | %.0f MiB |\n\n", float64(st.Bytes)/1e6, st.Segments, float64(st.Bytes)/float64(st.Rows), peak())
	return ask(w, l, end)
}

// size seals facts once and gives the bytes that one takes: what repeats in
// the week does not repeat here.
func size(base []*bus.Batch, dir string) (float64, error) {
	l, err := segment.Open(context.Background(), segment.Options{Dir: dir, Manifest: &memoryManifest{rows: map[string]hub.Segment{}}})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	for i, b := range base {
		if err := l.Append(context.Background(), b, "bench", uint64(i+1)); err != nil {
			return 0, err
		}
	}
	if err := l.Seal(context.Background(), nil); err != nil {
		return 0, err
	}
	s := l.Status()
	return float64(s.Bytes) / float64(s.Rows), nil
}

// question is one measured question.
type question struct {
	name string
	ask  func() (int, error)
}

func ask(w io.Writer, l *segment.Log, end time.Time) error {
	ctx := context.Background()
	from, to := end.Add(-week).UnixNano(), end.UnixNano()
	search := func(text string, hosts ...ident.HostKey) func() (int, error) {
		return func() (int, error) {
			r, err := l.Search(ctx, query.Request{Text: text, Hosts: hosts, From: from, To: to, Now: to})
			return len(r.Records), err
		}
	}
	top := func(text, field string) func() (int, error) {
		return func() (int, error) {
			r, err := l.Top(ctx, query.Request{Text: text, From: from, To: to, Now: to}, field, 10)
			return len(r.Values), err
		}
	}
	addr := device(7)
	list := []question{
		{"one device's last hundred, by host key", search("", hostOf(device(7)))},
		{"one device's last hundred, by address", search("host:" + addr.String())},
		{"top talkers of the week", top("", "src")},
		{"top talkers of the week, flows only", top("kind:flow", "src")},
		{"top names", top("", "name")},
		{"histogram of the week, 168 buckets", func() (int, error) {
			r, err := l.Histogram(ctx, query.Request{From: from, To: to}, 168)
			return len(r.Buckets), err
		}},
		{"histogram of one protocol", func() (int, error) {
			r, err := l.Histogram(ctx, query.Request{Text: "proto:dns", From: from, To: to}, 168)
			return len(r.Buckets), err
		}},
		{"who spoke to this address", top("dst:"+addr.String(), "src")},
		{"who asked for this name (part of it)", top("name~google", "src")},
		{"last hundred with a name that nobody asked for", search("name:nobody.example.org")},
		{"a word that is nowhere", search("xyzzyplugh")},
		{"an address that is nowhere", search("host:203.0.113.77")},
		{"a field of the bodies: http.http_user_agent~curl", search("http.http_user_agent~curl")},
		{"a field of the bodies that is nowhere", search("dns.answers.rdata:nowhere.example")},
		{"top values of a field of the bodies", top("", "http.http_user_agent")},
	}
	fmt.Fprintf(w, "| question over the week | rows | first, ms | median of 5, ms | CPU ms |\n|---|---|---|---|---|\n")
	for _, q := range list {
		var times []float64
		cpu := processor()
		n := 0
		for range 5 {
			t := time.Now()
			var err error
			if n, err = q.ask(); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			times = append(times, float64(time.Since(t).Microseconds())/1e3)
		}
		cpu = (processor() - cpu) / 5
		first := times[0]
		slices.Sort(times)
		fmt.Fprintf(w, "| %s | %d | %.0f | %.0f | %d |\n", q.name, n, first, times[2], cpu.Milliseconds())
	}
	return nil
}

// recorded analyses captures and gives their facts as batches.
func recorded(dir string) ([]*bus.Batch, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if ext := filepath.Ext(p); err == nil && !e.IsDir() && (ext == ".pcap" || ext == ".pcapng") {
			paths = append(paths, p)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []*bus.Batch
	rec := bus.NewRecorder(bus.RecorderOptions{Sensor: "bench", Boot: 1, Emit: func(_ bus.Header, m []byte) error {
		b, err := bus.Decode(slices.Clone(m), bus.Limits{})
		if err == nil && len(b.Facts) > 0 {
			out = append(out, b)
		}
		return err
	}})
	_, err = app.Analyze(context.Background(), app.AnalyzeOptions{Paths: paths, Observer: gathered{rec}})
	if len(out) > 0 && err != nil {
		log.Printf("some captures were left out: %v", firstLine(err))
		err = nil
	}
	return out, err
}

// gathered fills batches to the brim: it flushes only when they are full.
type gathered struct{ *bus.Recorder }

func (gathered) Flush() error { return nil }

func firstLine(err error) string {
	s := err.Error()
	for i := range s {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}

// device gives the address of one of the devices.
func device(n uint32) netip.Addr {
	n %= devices
	return netip.AddrFrom4([4]byte{10, 20, byte(n >> 8), byte(n)})
}

func hostOf(a netip.Addr) ident.HostKey { return event.HostKeyOf(ident.Place{}, ident.MAC{}, a.As16()) }

// reshape gives the facts of a batch other times and addresses. The same round
// gives the same device the same address.
func reshape(b *bus.Batch, round uint64, start time.Time, offset int64) {
	salt := uint32(round / 64)
	step := int64(week) / 10_000_000
	for i := range b.Facts {
		f := &b.Facts[i]
		f.Time = start.UnixNano() + offset + int64(i)*step
		f.Capture, f.Packet, f.Offset = 0, 0, 0
		f.Ingest = f.Time + 1e6
		f.Flow = f.Flow*0x9e3779b97f4a7c15 + round
		f.Src, f.SrcHost = moved(f.Src, f.SrcHost, salt)
		f.Dst, f.DstHost = moved(f.Dst, f.DstHost, salt)
	}
}

// moved gives a private address, or one that was moved before, to one of the
// devices.
func moved(a netip.Addr, h ident.HostKey, salt uint32) (netip.Addr, ident.HostKey) {
	if !a.Is4() || !a.IsPrivate() {
		return a, h
	}
	v := a.As4()
	n := (uint32(v[0])<<24|uint32(v[1])<<16|uint32(v[2])<<8|uint32(v[3]))*2654435761 + salt*40503
	to := device(n >> 8)
	return to, hostOf(to)
}

// processor gives the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak gives the highest resident memory in MiB.
func peak() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}

// runEvents is the command's way into events.
func runEvents(w io.Writer, captures string, rows int) error {
	dir, err := os.MkdirTemp("", "edgeward-events-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return events(w, captures, dir, rows)
}
