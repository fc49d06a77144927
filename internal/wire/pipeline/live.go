package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
)

// Live is the packet path of live interfaces: one ring, one worker with its
// own decoder, flow table and rates. The kernel gives all packets of a flow to
// the same ring, so workers share nothing but what they learned of endpoints.
type Live struct {
	cfg     Config
	clock   ident.Clock
	workers []*liveWorker
	facts   chan *Unit
}

// liveWorker takes one ring.
type liveWorker struct {
	live      *Live
	index     uint32
	source    capture.Source
	table     *flow.Table
	endpoints *flow.Endpoints
	decoder   *decode.Decoder
	rates     *flow.Rates
	free      chan *Unit
	path      *Pipeline
	last      uint64 // number of the last packet

	mu    sync.Mutex
	inbox []flow.Learned // what other workers learned
	stats Stats          // copied out once a unit
}

// liveUnits is how many units one worker may have under way. When the judge
// is slow the ring fills up, and what the kernel drops is counted.
const liveUnits = 4

// NewLive makes a packet path for some rings. clock tells the time while
// nothing arrives.
func NewLive(cfg Config, clock ident.Clock, sources []capture.Source) *Live {
	l := &Live{cfg: cfg, clock: clock, facts: make(chan *Unit)}
	shared := &Pipeline{cfg: cfg, registry: flow.NewRegistry(cfg.Protocols)}
	for i, src := range sources {
		w := &liveWorker{
			live: l, index: uint32(i), source: src, endpoints: flow.NewEndpoints(), decoder: decode.New(cfg.Decode),
			rates: flow.NewRates(), free: make(chan *Unit, liveUnits), path: shared,
		}
		w.table = shared.table(cfg.Memory/len(sources), w.endpoints)
		for range liveUnits {
			w.free <- newUnit(1)
		}
		l.workers = append(l.workers, w)
	}
	return l
}

// Run works until the context ends or a source fails; it then ends all flows,
// so that nothing seen is lost, and returns the failure, if there was one.
func (l *Live) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(l.workers))
	for i, w := range l.workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if errs[i] = w.run(ctx); errs[i] != nil {
				cancel()
			}
		}()
	}
	go func() {
		wg.Wait()
		close(l.facts)
	}()
	var sinkErr error
	for u := range l.facts {
		if sinkErr == nil {
			if sinkErr = l.cfg.Sink(u); sinkErr != nil {
				cancel()
			}
		}
		l.workers[u.capture].giveBack(u)
	}
	return errors.Join(append(errs, sinkErr)...)
}

// Stats sums up the counters as of each worker's last unit. It may be called
// at any time.
func (l *Live) Stats() Stats {
	var s Stats
	for _, w := range l.workers {
		w.mu.Lock()
		c := w.stats
		w.mu.Unlock()
		s.Capture.Add(c.Capture)
		s.Decode.Add(&c.Decode)
		s.Flow.Add(&c.Flow)
	}
	return s
}

// drainTime is how long a worker that was told to stop goes on reading what
// had already arrived.
const drainTime = 2 * time.Second

func (w *liveWorker) run(ctx context.Context) error {
	for {
		u := <-w.free
		err := w.source.Read(ctx, &u.frames)
		if err != nil {
			w.end(u)
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return err
		}
		w.work(u)
		w.hand(u)
	}
}

// end works on what the ring still holds, as far as it came before now, and
// ends all flows.
func (w *liveWorker) end(u *Unit) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	for stop := w.live.clock().UnixNano(); ; u = <-w.free {
		err := w.source.Read(ctx, &u.frames)
		n := len(u.frames.Frames)
		if n == 0 {
			break
		}
		late := u.frames.Frames[n-1].Time > stop
		w.work(u)
		w.hand(u)
		if late || err != nil {
			u = <-w.free
			break
		}
	}
	portions := portionsOf(w.table.PrepareFlush(nil))
	for i, upTo := range portions {
		if i > 0 {
			u = <-w.free
		}
		u.Last, u.Time = i == len(portions)-1, w.live.clock().UnixNano()
		w.setOut(u)
		if i == 0 {
			w.rates.Flush()
		}
		w.table.Flush(w.last, upTo)
		w.hand(u)
	}
}

func (w *liveWorker) setOut(u *Unit) {
	u.capture = w.index
	w.rates.SetOut(u.outs[0])
	w.table.SetOut(u.outs[1])
}

// work takes one unit through the table. Units without packets let time go on.
func (w *liveWorker) work(u *Unit) {
	w.setOut(u)
	w.path.decode(u, w.decoder, w.rates)
	if n := len(u.frames.Frames); n > 0 {
		f := &u.frames.Frames[n-1]
		u.Time, w.last = f.Time, f.Number
	} else {
		u.Time = w.live.clock().UnixNano()
		w.rates.Advance(u.Time)
	}
	for r := (runs{registry: w.path.registry, rest: u.packets}); len(r.rest) > 0; {
		w.learn()
		packets := r.next()
		for i := range packets {
			w.table.Packet(&packets[i])
		}
		w.tell(w.table.Learned())
	}
	w.table.Expire(u.Time, w.last, expireFlows)
	w.tell(w.table.Learned())
}

// hand gives the unit's facts to the sink.
func (w *liveWorker) hand(u *Unit) {
	u.merged.Reset()
	u.merged.Merge(u.outs...)
	u.Facts, u.recent = u.merged.Facts(), append(u.recent[:0], u)
	w.mu.Lock()
	w.stats = Stats{Capture: w.source.Stats(), Decode: w.decoder.Stats(), Flow: *w.table.Stats()}
	w.mu.Unlock()
	w.live.facts <- u
}

// learn takes in what others learned.
func (w *liveWorker) learn() {
	w.mu.Lock()
	news := w.inbox
	w.inbox = nil
	w.mu.Unlock()
	w.endpoints.Learn(news)
}

// tell gives what this worker learned to itself and to all others.
func (w *liveWorker) tell(news []flow.Learned) {
	if len(news) == 0 {
		return
	}
	w.endpoints.Learn(news)
	for _, o := range w.live.workers {
		if o != w {
			o.mu.Lock()
			if len(o.inbox) < 4096 {
				o.inbox = append(o.inbox, news...)
			}
			o.mu.Unlock()
		}
	}
}

func (w *liveWorker) giveBack(u *Unit) {
	if len(u.frames.Frames) > 0 {
		u.frames.Release()
	}
	for _, b := range u.outs {
		b.Reset()
	}
	u.Facts, u.packets, u.Last = nil, u.packets[:0], false
	w.free <- u
}
