package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

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
		s.Capture.Packets += c.Capture.Packets
		s.Capture.Bytes += c.Capture.Bytes
		s.Capture.Dropped += c.Capture.Dropped
		s.Capture.Freezes += c.Capture.Freezes
		s.Capture.Snapped += c.Capture.Snapped
		s.Decode.Duplicates += c.Decode.Duplicates
		s.Decode.Undecoded += c.Decode.Undecoded
		s.Flow.Add(&c.Flow)
	}
	return s
}

func (w *liveWorker) run(ctx context.Context) error {
	for {
		u := <-w.free
		err := w.source.Read(ctx, &u.frames)
		ended := err != nil
		w.work(u, ended)
		w.live.facts <- u
		if !ended {
			continue
		}
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		}
		return err
	}
}

// work takes one unit through the table. Units without packets let time go on.
func (w *liveWorker) work(u *Unit, last bool) {
	u.capture, u.Last = w.index, last
	w.rates.SetOut(u.outs[0])
	w.table.SetOut(u.outs[1])
	w.learn()
	w.path.decode(u, w.decoder, w.rates)
	number := uint64(0)
	u.Time = w.live.clock().UnixNano()
	if n := len(u.frames.Frames); n > 0 {
		f := &u.frames.Frames[n-1]
		u.Time, number = f.Time, f.Number
	}
	for i := range u.packets {
		w.table.Packet(&u.packets[i])
	}
	if last {
		w.rates.Flush()
		w.table.Flush(number)
	} else {
		w.table.Expire(u.Time, number)
	}
	w.tell(w.table.Learned())
	u.merged.Reset()
	u.merged.Merge(u.outs...)
	u.Facts, u.recent = u.merged.Facts(), append(u.recent[:0], u)
	w.mu.Lock()
	w.stats = Stats{Capture: w.source.Stats(), Decode: w.decoder.Stats(), Flow: *w.table.Stats()}
	w.mu.Unlock()
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
