// Package pipeline runs the packet path: it reads frames from a source,
// decodes them, has the partitions of the flow table work on them, and gives
// the facts in their order to a sink. For files one goroutine reads and
// decodes, the workers share the partitions, and the sink runs on a third;
// live, every ring has a worker that does both.
//
// What the sink sees does not depend on the number of workers: the traffic is
// always parted into the same number of partitions, and what they learn of
// endpoints is exchanged between runs of packets of a fixed size.
//
// Package app uses it; it knows nothing of devices and findings.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
	"edgeward/internal/wire/proto"
)

// Config sets up a pipeline.
type Config struct {
	Workers   int // goroutines that work on flows; 0 means one per processor but two, which read and judge, at most 8
	Memory    int // bytes for flows and streams
	Protocols []proto.Protocol
	Vault     event.Vault
	Decode    decode.Options
	Inspector func() flow.Inspector // makes one for each partition; may be nil
	// Sink gets the facts of each unit, in order, on one goroutine at a time.
	Sink func(*Unit) error
}

// Stats counts what the packet path saw and lost.
type Stats struct {
	Capture capture.Stats
	Decode  decode.Stats
	Flow    flow.Stats
}

const (
	partitions = 16  // of the flow table, whatever the number of workers
	runLength  = 256 // packets between two exchanges of what was learned
	inFlight   = 3   // units between reader and sink
	keepUnits  = 3   // units whose frames stay at hand for evidence

	flushFlows  = 2048 // flows that end in one unit at the end of a source
	expireFlows = 4096 // flows that time out in one unit, at most
)

// Unit is a run of packets with the facts they made. It is valid during the
// call of the sink.
type Unit struct {
	Facts []*event.Fact
	Time  int64 // packet time of the last packet
	Last  bool  // the source is at its end; all flows have ended

	frames  capture.Batch
	packets []decode.Packet
	capture uint32
	outs    []*event.Batch // rates first, then one for each worker
	merged  event.Batch
	recent  []*Unit
}

// Lookup gives the bytes of a recent frame, nil when it is not at hand any
// more, and how many of them are headers (see [decode.Packet.Headers]).
func (u *Unit) Lookup(capture uint32, number uint64) (frame []byte, headers int) {
	for _, r := range u.recent {
		if r.capture != capture || len(r.frames.Frames) == 0 {
			continue
		}
		first := r.frames.Frames[0].Number
		if i := number - first; number >= first && i < uint64(len(r.frames.Frames)) {
			at, ok := slices.BinarySearchFunc(r.packets, number, func(p decode.Packet, n uint64) int { return cmp.Compare(p.Number, n) })
			if ok {
				headers = r.packets[at].Headers()
			}
			return r.frames.Frames[i].Data, headers
		}
	}
	return nil, 0
}

// Packets gives the number of frames in the unit.
func (u *Unit) Packets() int { return len(u.frames.Frames) }

// Pipeline is the packet path. Sources are run through it one after the other.
type Pipeline struct {
	cfg       Config
	registry  *flow.Registry
	endpoints *flow.Endpoints
	tables    []*flow.Table
	decoder   *decode.Decoder
	rates     *flow.Rates
	free      chan *Unit
	recent    []*Unit
	capture   capture.Stats
}

// New makes a pipeline.
func New(cfg Config) *Pipeline {
	if cfg.Workers <= 0 {
		cfg.Workers = min(max(runtime.GOMAXPROCS(0)-2, 1), 8)
	}
	cfg.Workers = min(cfg.Workers, partitions)
	p := &Pipeline{
		cfg: cfg, registry: flow.NewRegistry(cfg.Protocols), endpoints: flow.NewEndpoints(),
		decoder: decode.New(cfg.Decode), rates: flow.NewRates(), free: make(chan *Unit, inFlight+keepUnits),
	}
	for range partitions {
		p.tables = append(p.tables, p.table(cfg.Memory/partitions, p.endpoints))
	}
	for range inFlight + keepUnits {
		p.free <- newUnit(cfg.Workers)
	}
	return p
}

func (p *Pipeline) table(memory int, endpoints *flow.Endpoints) *flow.Table {
	c := flow.Config{Protocols: p.registry, Endpoints: endpoints, Vault: p.cfg.Vault, Memory: memory}
	if p.cfg.Inspector != nil {
		c.Inspector = p.cfg.Inspector()
	}
	return flow.NewTable(c)
}

func newUnit(workers int) *Unit {
	u := &Unit{}
	for range workers + 1 {
		u.outs = append(u.outs, new(event.Batch))
	}
	return u
}

// Stats gives the counters so far. It is not to be called while a source runs.
func (p *Pipeline) Stats() Stats {
	s := Stats{Capture: p.capture, Decode: p.decoder.Stats()}
	for _, t := range p.tables {
		s.Flow.Add(t.Stats())
	}
	return s
}

// Run takes a source to its end, ends all flows and gives everything to the
// sink before it returns. index names the source in facts. A *capture.CutError
// is given back after all that came before the cut has been worked on.
func (p *Pipeline) Run(ctx context.Context, src capture.Source, index uint32) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	decoded := make(chan *Unit, 1)
	done := make(chan *Unit, 1)
	var readErr, sinkErr error
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		defer close(decoded)
		readErr = p.read(ctx, src, index, decoded)
	}()
	go func() {
		defer wg.Done()
		for u := range done {
			if sinkErr == nil {
				if sinkErr = p.sink(u); sinkErr != nil {
					cancel()
				}
			} else {
				p.giveBack(u)
			}
		}
	}()
	w := p.newWorkers()
	for u := range decoded {
		if u.Last {
			w.finish(u, done)
			break
		}
		w.work(u)
		done <- u
	}
	w.stop()
	close(done)
	wg.Wait()
	for _, u := range p.recent {
		p.giveBack(u)
	}
	p.recent = nil
	p.capture.Add(src.Stats())
	return errors.Join(sinkErr, readErr)
}

// read fills and decodes units until the source ends. The last unit it sends
// is empty and marked.
func (p *Pipeline) read(ctx context.Context, src capture.Source, index uint32, out chan<- *Unit) error {
	var end error
	var last uint64
	var now int64
	for end == nil {
		u := <-p.free
		u.capture = index
		end = src.Read(ctx, &u.frames)
		if len(u.frames.Frames) == 0 {
			p.giveBack(u)
			break
		}
		p.rates.SetOut(u.outs[0])
		p.decode(u, p.decoder, p.rates)
		f := &u.frames.Frames[len(u.frames.Frames)-1]
		last, now = f.Number, f.Time
		u.Time = now
		out <- u
	}
	u := <-p.free
	p.rates.SetOut(u.outs[0])
	p.rates.Flush()
	u.capture, u.Last, u.Time = index, true, now
	u.packets = append(u.packets[:0], decode.Packet{Number: last})
	out <- u
	if errors.Is(end, io.EOF) || errors.Is(end, context.Canceled) && ctx.Err() != nil {
		return ctx.Err()
	}
	return end
}

// decode takes the frames of a unit apart; what is to be processed goes to
// u.packets, which keeps its memory.
func (p *Pipeline) decode(u *Unit, d *decode.Decoder, rates *flow.Rates) {
	if cap(u.packets) < len(u.frames.Frames) {
		u.packets = make([]decode.Packet, 0, max(len(u.frames.Frames), 2048))
	}
	u.packets = u.packets[:0]
	for i := range u.frames.Frames {
		f := &u.frames.Frames[i]
		u.packets = u.packets[:len(u.packets)+1]
		k := &u.packets[len(u.packets)-1]
		k.Time, k.Number, k.Offset, k.Capture, k.Interface = f.Time, f.Number, f.Offset, u.capture, f.Interface
		if !d.Parse(k, f.Data, f.Link, f.WireLen) {
			u.packets = u.packets[:len(u.packets)-1]
		}
	}
	u.packets = d.Unique(u.packets)
	for i := range u.packets {
		rates.Packet(&u.packets[i])
	}
}

// sink gives a unit's facts out in their order and keeps its frames for a
// while as evidence.
func (p *Pipeline) sink(u *Unit) error {
	if len(u.frames.Frames) > 0 {
		p.recent = append(p.recent, u)
	} else {
		defer p.giveBack(u)
	}
	if len(p.recent) > keepUnits {
		p.giveBack(p.recent[0])
		p.recent = append(p.recent[:0], p.recent[1:]...)
	}
	u.merged.Reset()
	u.merged.Merge(u.outs...)
	u.Facts, u.recent = u.merged.Facts(), p.recent
	return p.cfg.Sink(u)
}

// giveBack makes a unit free again.
func (p *Pipeline) giveBack(u *Unit) {
	if len(u.frames.Frames) > 0 {
		u.frames.Release()
	}
	for _, b := range u.outs {
		b.Reset()
	}
	u.Facts, u.recent, u.Last, u.packets = nil, nil, false, u.packets[:0]
	p.free <- u
}
