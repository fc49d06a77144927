// Package app wires the parts together: configuration becomes components with
// an ordered start and stop. It is the only place that knows all of them, and
// it holds no other logic. The command line uses it.
package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/detect"
	"edgeward/internal/judge/inventory"
	"edgeward/internal/output/report"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/logs"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// AnalyzeOptions says what to analyse and how.
type AnalyzeOptions struct {
	Version  string
	Paths    []string
	Stdin    io.Reader
	Judge    JudgeOptions
	Workers  int
	Memory   int64
	Separate bool
	Observer Observer // sees facts and findings as they come; may be nil
	// Device is told every device that changed, now and then and at the end;
	// may be nil. With it, the Observer is told the last count of each finding.
	Device      func(*asset.Device)
	DeviceEvery time.Duration // tell them after this wall-clock time as well; 0 for not
	// MaxBytes ends an input that, unpacked, holds more; 0 for no limit.
	MaxBytes uint64
	// Progress is told how many bytes of the inputs have been read, of how
	// many; may be nil.
	Progress func(done, total int64)
}

// Observer sees what is found, in order. Flush is called where a run of facts
// ends; its error ends the run.
type Observer interface {
	Fact(*event.Fact)
	Alert(*finding.Finding)
	Flush() error
}

// follower is an Observer that also wants to know of whom and of which input
// facts are.
type follower interface {
	// inventory is told before the first fact, and again where a new one begins.
	inventory(*inventory.Inventory)
	// input is told the name of an input before its facts.
	input(index uint32, name string)
}

// DefaultMemory is the budget of a sensor in bytes.
const DefaultMemory = 96 << 20

// Analyze reads captures and logs and gives the report. Inputs that cannot be read are
// named in it; the error then joins what is wrong with each of them, after all
// others were analysed.
func Analyze(ctx context.Context, o AnalyzeOptions) (*report.Report, error) {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	limitMemory(o.Memory)
	inputs, skipped, problems := gather(o.Paths)
	r := &report.Report{Version: o.Version, Skipped: skipped, First: math.MaxInt64, Last: math.MinInt64}
	for _, p := range problems {
		r.Captures = append(r.Captures, report.Capture{Name: p.name, Error: p.err.Error()})
	}
	a := &analysis{o: o, r: r, problems: problems}
	for _, in := range inputs {
		a.total += in.size
	}
	if err := a.reset(); err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if o.Separate && i > 0 {
			a.finish()
			if err := a.reset(); err != nil {
				return nil, err
			}
		}
		if err := a.run(ctx, in); err != nil {
			return nil, err
		}
	}
	a.finish()
	if r.Last < r.First { // nothing was seen
		r.First, r.Last = 0, 0
	}
	var errs []error
	for _, p := range a.problems {
		errs = append(errs, p.err)
	}
	return r, errors.Join(errs...)
}

// analysis is one run over the inputs.
type analysis struct {
	o        AnalyzeOptions
	r        *report.Report
	path     *pipeline.Pipeline
	judge    *judge
	vault    event.Vault
	scope    uint16
	place    uint16 // scope of what is read now
	total    int64
	done     int64
	problems []problem
	untold   int       // facts since devices were told
	next     time.Time // when they are told whatever the number
}

// tellEvery is how many facts go by until devices are told again.
const tellEvery = 20_000

// reset begins with an empty inventory, as --separate wants for each input.
func (a *analysis) reset() error {
	j, err := newJudge(a.o.Judge)
	if err != nil {
		return err
	}
	a.judge = j
	if f, ok := a.o.Observer.(follower); ok {
		f.inventory(j.inventory)
	}
	a.scope++
	scope := uint16(0)
	if a.o.Separate {
		scope = a.scope
	}
	a.place, a.vault = scope, vault(a.o.Judge.ShowSecrets)
	a.path = pipeline.New(pipeline.Config{
		Workers: a.o.Workers, Memory: int(a.o.Memory), Protocols: all.Protocols(), Vault: a.vault,
		Decode: decode.Options{Scope: func(uint16, uint16, uint32) uint16 { return scope }},
		Sink:   a.sink,
	})
	return nil
}

func (a *analysis) sink(u *pipeline.Unit) error { return a.take(u.Facts, u) }

// take gives facts to the judge and the observer. packets is nil for facts of logs.
func (a *analysis) take(facts []*event.Fact, packets detect.Packets) error {
	a.r.Facts += uint64(len(facts))
	a.judge.observe(facts, packets)
	if a.o.Observer == nil {
		return nil
	}
	for _, f := range facts {
		a.o.Observer.Fact(f)
	}
	for _, f := range a.judge.detect.Updates() {
		a.o.Observer.Alert(f)
	}
	if a.untold += len(facts); a.o.Device != nil && (a.untold >= tellEvery || a.o.DeviceEvery > 0 && time.Now().After(a.next)) {
		a.untold, a.next = 0, time.Now().Add(a.o.DeviceEvery)
		a.tell()
	}
	return a.o.Observer.Flush()
}

// tell tells the devices and the counts that changed.
func (a *analysis) tell() {
	a.judge.inventory.Changed(a.o.Device)
	if a.o.Observer == nil {
		return
	}
	for _, f := range a.judge.detect.Growth() {
		a.o.Observer.Alert(f)
	}
}

// run analyses one input.
func (a *analysis) run(ctx context.Context, in input) error {
	entry := report.Capture{Name: in.path}
	index := uint32(len(a.r.Captures))
	if f, ok := a.o.Observer.(follower); ok {
		f.input(index, in.path)
	}
	src, err := in.open(ctx, a.o.Stdin, logs.Options{Vault: a.vault, Capture: index, Place: ident.Place{Scope: a.place}})
	switch {
	case err != nil:
	case src.log != nil:
		err = a.readLog(ctx, src.log, in, &entry)
	default:
		err = a.readPackets(ctx, src.packets, in, index, &entry)
	}
	var cut *capture.CutError
	var logCut *logs.CutError
	switch {
	case errors.As(err, &cut):
		entry.Cut, entry.CutAt, entry.Error = true, cut.Offset, cut.Error()
	case errors.As(err, &logCut):
		entry.Cut, entry.CutAt, entry.Error = true, logCut.Offset, logCut.Error()
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		entry.Error = err.Error()
		a.problems = append(a.problems, problem{in.path, err})
	}
	a.r.Loss.Truncated = a.r.Loss.Truncated || entry.Cut
	a.r.Packets += entry.Packets
	a.r.Bytes += entry.Bytes
	a.r.Captures = append(a.r.Captures, entry)
	return nil
}

// readPackets takes a capture to its end.
func (a *analysis) readPackets(ctx context.Context, src capture.Source, in input, index uint32, entry *report.Capture) error {
	defer src.Close()
	counted := &counting{Source: src, a: a, size: in.size}
	err := a.path.Run(ctx, counted, index)
	s := src.Stats()
	entry.Format, entry.Packets, entry.Bytes = "capture", s.Packets, s.Bytes
	a.done += in.size
	if counted.seen {
		a.r.First, a.r.Last = min(a.r.First, counted.first), max(a.r.Last, counted.last)
	}
	return err
}

// finish decides what is pending and adds it to the report.
func (a *analysis) finish() {
	a.judge.detect.Close()
	if a.o.Observer != nil {
		for _, f := range a.judge.detect.Updates() {
			a.o.Observer.Alert(f)
		}
	}
	if a.o.Device != nil {
		a.tell()
	}
	addStats(a.r, a.path.Stats())
	a.r.Loss.Hosts += a.judge.inventory.Evicted()
	a.r.Loss.FindingsLimit += a.judge.detect.Dropped()
	// What is done with goes before the report is put together, which takes
	// about as much memory again.
	a.path = nil
	found := a.judge.detect.Findings()
	a.judge.detect = nil
	devices := a.judge.inventory.Devices()
	a.judge.settle(found, devices)
	a.judge = nil
	a.r.Findings, a.r.Devices = append(a.r.Findings, found...), append(a.r.Devices, devices...)
}

// counting tells the progress and notes the first and last packet time.
type counting struct {
	capture.Source
	a           *analysis
	size        int64
	first, last int64
	seen        bool
}

func (c *counting) Read(ctx context.Context, b *capture.Batch) error {
	err := c.Source.Read(ctx, b)
	if limit := c.a.o.MaxBytes; limit > 0 && c.Source.Stats().Bytes > limit {
		return tooMuch(limit)
	}
	for i := range b.Frames {
		t := b.Frames[i].Time
		if !c.seen {
			c.first, c.last, c.seen = t, t, true
		}
		c.first, c.last = min(c.first, t), max(c.last, t)
	}
	if n := len(b.Frames); n > 0 && c.a.o.Progress != nil {
		c.a.o.Progress(c.a.done+min(b.Frames[n-1].Offset, c.size), c.a.total)
	}
	return err
}

// tooMuch says that an input is larger than it may be.
func tooMuch(limit uint64) error {
	return ident.Errorf(ident.Invalid, "cut it into smaller parts, or raise the limit", "it unpacks to more than %d MiB", limit>>20)
}

func addStats(r *report.Report, s pipeline.Stats) {
	r.Flows += s.Flow.Flows
	l := &r.Loss
	l.KernelDrops += s.Capture.Dropped
	l.Snapped += s.Capture.Snapped
	l.BadRecords += s.Capture.Skipped
	l.BadTimes += s.Capture.BadTimes
	l.Duplicates += s.Decode.Duplicates
	l.Undecoded += s.Decode.Undecoded
	l.Fragments += s.Decode.FragmentTimeouts + s.Decode.FragmentEvicted
	l.Evicted += s.Flow.Evicted
	l.OneSided += s.Flow.OneSided
	l.Midstream += s.Flow.Midstream
	l.Gaps += s.Flow.Gaps
	l.GapBytes += s.Flow.GapBytes
	l.NoMemory += s.Flow.NoMemory
	l.GaveUp += s.Flow.GaveUp
	l.Suppressed += s.Flow.Suppressed
	for i := 1; i < event.ProtoCount; i++ {
		p := s.Flow.Protocols[i]
		l.ParserErrors += p.Errors
		if p.Flows+p.ToServer+p.ToClient == 0 {
			continue
		}
		addProtocol(r, report.Protocol{
			Name: event.Proto(i).String(), Flows: p.Flows, ToServer: p.ToServer, ToClient: p.ToClient,
			Messages: p.ToServer + p.ToClient, Bytes: p.Bytes, Errors: p.Errors,
		})
	}
	ident.Sort(r.Protocols, func(a, b *report.Protocol) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Name, b.Name))
	})
}

// addProtocol adds to the counters of a protocol.
func addProtocol(r *report.Report, p report.Protocol) {
	at := slices.IndexFunc(r.Protocols, func(x report.Protocol) bool { return x.Name == p.Name })
	if at < 0 {
		r.Protocols = append(r.Protocols, p)
		return
	}
	x := &r.Protocols[at]
	x.Flows += p.Flows
	x.ToServer += p.ToServer
	x.ToClient += p.ToClient
	x.Messages += p.Messages
	x.Bytes += p.Bytes
	x.Errors += p.Errors
}

// problem is an input that could not be read.
type problem struct {
	name string
	err  error
}
