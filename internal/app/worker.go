package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/confine"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/judge/inventory"
	"edgeward/internal/output/report"
)

// TaskKind says what a parsing process does.
type TaskKind string

// The kinds of tasks.
const (
	WatchTask TaskKind = "watch" // interfaces, until it is told to end
	ReadTask  TaskKind = "read"  // one capture or log on its standard input
	// DissectTask shows the layers of single frames to people.
	DissectTask TaskKind = "dissect"
)

// Task is what a parsing process is told to do. It travels as JSON.
type Task struct {
	Kind    TaskKind
	Version string
	Tenant  uint16
	Sensor  string // id, in every batch
	Boot    uint64 // number of the run, in every batch; RunWorker sets it when it is 0
	Memory  int64

	Home       []netip.Prefix
	Zones      []inventory.Zone
	Recog      string   // folder, read before the process is confined
	Indicators []string // files and folders, likewise
	Knowledge  string   // folder of a verified content bundle, likewise; empty for what is embedded

	Interfaces []string // to watch
	Filter     string
	Rings      int
	StatsEvery time.Duration // 0 for ten seconds

	Name     string   // of the capture that is read
	Content  string   // hash of its bytes
	Size     int64    // its bytes, for the progress; 0 when it is not known
	MaxBytes uint64   // that it may hold when unpacked; 0 for 64 GiB
	Frames   [][]byte // to dissect
	Keep     bool     // it has no end: batches go at once, as from a live sensor
}

// The kinds of frames from a parsing process.
const (
	batchFrame    = 'b' // an encoded bus.Batch
	progressFrame = 'p' // Progress in JSON
	resultFrame   = 'r' // Result in JSON: the last frame of a ReadTask
	readyFrame    = 'w' // the interfaces are open
	layersFrame   = 'd' // layers of each frame, in JSON
)

// Progress says how far the reading of a capture has come.
type Progress struct{ Done, Total int64 }

// Result sums up what was read.
type Result struct {
	Format      string // capture, or the name of a log's format
	Packets     uint64
	Lines       uint64
	Bytes       uint64
	Facts       uint64
	First, Last int64 // packet time
	Cut         string
	Problem     string // why it could not be read, or not to its end
	Counters    []report.Counter
}

// limits are what a parsing process may use. Ring buffers are no memory of the
// process by this measure; the Go runtime maps generously.
func (t *Task) limits() confine.Limits {
	rings := max(t.Rings, 4) * max(len(t.Interfaces), 1)
	return confine.Limits{Memory: 6*t.Memory + 512<<20, Files: uint64(64 + rings)}
}

// ServeWorker is the life of a parsing process.
func ServeWorker(ctx context.Context) error {
	return confine.Serve(ctx, func(ctx context.Context, s *confine.Session) error {
		var t Task
		if err := json.Unmarshal(s.Spec, &t); err != nil {
			return fmt.Errorf("read the task: %w", err)
		}
		if t.Memory <= 0 {
			t.Memory = DefaultMemory
		}
		if t.MaxBytes == 0 {
			t.MaxBytes = 64 << 30
		}
		if t.StatsEvery <= 0 {
			t.StatsEvery = 10 * time.Second
		}
		if t.Kind == DissectTask {
			return dissectFrames(s, &t)
		}
		w := &worker{Task: t, session: s}
		w.record = bus.NewRecorder(bus.RecorderOptions{Tenant: t.Tenant, Sensor: t.Sensor, Boot: t.Boot, Emit: func(_ bus.Header, message []byte) error {
			return s.Write(batchFrame, message)
		}})
		return w.work(ctx)
	})
}

// worker is the child's side of a task.
type worker struct {
	Task
	session *confine.Session
	record  *bus.Recorder
	flushed time.Time
}

func (w *worker) work(ctx context.Context) error {
	if w.Knowledge != "" {
		if err := useKnowledge(w.Knowledge); err != nil {
			return err
		}
	}
	judge := JudgeOptions{Home: w.Home, Zones: w.Zones, Recog: w.Recog}
	if len(w.Indicators) > 0 {
		known, err := LoadIndicators(w.Indicators)
		if err != nil {
			return err
		}
		judge.Indicators = known
	}
	if w.Recog != "" { // the files are read now, and kept for later
		types, err := loadTypes()
		if err != nil {
			return err
		}
		if judge.Prints, err = loadFingerprints(w.Recog, types); err != nil {
			return err
		}
	}
	if w.Kind == WatchTask {
		return w.watch(ctx, judge)
	}
	return w.read(ctx, judge)
}

func (w *worker) watch(ctx context.Context, judge JudgeOptions) error {
	return Sense(ctx, SenseOptions{
		Judge: judge, Interfaces: w.Interfaces, Filter: w.Filter, Rings: w.Rings, Memory: w.Memory, Observer: w,
		Opened: func() error { return w.session.Enter(w.limits()) },
		Ready:  func() { _ = w.session.Write(readyFrame, nil) }, // the first batch would fail as well
		Device: w.record.Device, DeviceEvery: time.Second,
		Stats: func(r *report.Report) { w.stats(r) }, StatsEvery: w.StatsEvery,
	})
}

func (w *worker) read(ctx context.Context, judge JudgeOptions) error {
	if err := w.session.Enter(w.limits()); err != nil {
		return err
	}
	if !w.Keep {
		w.record.Capture(0, w.Name, w.Content)
	}
	in := &counted{r: os.Stdin, total: w.Size, tell: func(p Progress) error {
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return w.session.Write(progressFrame, b)
	}}
	every := time.Duration(0)
	if w.Keep {
		every = time.Second
	}
	r, err := Analyze(ctx, AnalyzeOptions{
		DeviceEvery: every,
		Version:     w.Version, Paths: []string{"-"}, Stdin: in, Judge: judge, Memory: w.Memory, Observer: w, Device: w.record.Device, MaxBytes: w.MaxBytes,
	})
	if r == nil {
		return err
	}
	w.stats(r)
	out := Result{Packets: r.Packets, Lines: r.Lines, Bytes: r.Bytes, Facts: r.Facts, First: r.First, Last: r.Last, Counters: r.Counters()}
	for _, c := range r.Captures {
		out.Format, out.Problem = c.Format, c.Error
		if c.Cut {
			out.Cut, out.Problem = c.Error, ""
		}
	}
	if err := w.record.Flush(); err != nil {
		return err
	}
	b, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("tell the result: %w", err)
	}
	return w.session.Write(resultFrame, b)
}

// Fact records a fact.
func (w *worker) Fact(f *event.Fact) { w.record.Fact(f) }

// Alert records a finding.
func (w *worker) Alert(f *finding.Finding) { w.record.Alert(f) }

// flushEvery is how long facts of a live sensor wait for company.
const flushEvery = 250 * time.Millisecond

// Flush sends what is gathered when it has waited long enough. What is read
// from a file goes when a batch is full.
func (w *worker) Flush() error {
	if w.Kind != WatchTask && !w.Keep {
		return nil
	}
	if now := time.Now(); now.Sub(w.flushed) >= flushEvery {
		w.flushed = now
		return w.record.Flush()
	}
	return nil
}

// stats records the counters and sends what there is.
func (w *worker) stats(r *report.Report) {
	s := bus.Stats{Time: time.Now().UnixNano(), Counters: map[string]uint64{}, Info: map[string]string{"version": w.Version}}
	for _, c := range r.Counters() {
		s.Counters[c.Name] = c.Value
	}
	for _, p := range r.Protocols {
		s.Lines = append(s.Lines, bus.Line{Protocol: p.Name, Flows: p.Flows, Messages: p.Messages, Bytes: p.Bytes, Errors: p.Errors})
	}
	w.record.Stats(s)
	_ = w.record.Flush() // the recorder keeps the error for the next
}

// counted counts what is read and tells it now and then.
type counted struct {
	r     io.Reader
	done  atomic.Int64
	total int64
	next  time.Time
	tell  func(Progress) error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	done := c.done.Add(int64(n))
	if now := time.Now(); now.After(c.next) {
		c.next = now.Add(200 * time.Millisecond)
		if terr := c.tell(Progress{Done: done, Total: c.total}); terr != nil {
			return n, terr
		}
	}
	return n, err
}
