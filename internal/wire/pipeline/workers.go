package pipeline

import (
	"slices"
	"sync"

	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
)

// workers share the partitions of the flow table. Worker 0 is the goroutine
// that calls work; the others run until stop.
type workers struct {
	p     *Pipeline
	start []chan run
	done  sync.WaitGroup
	ended sync.WaitGroup
}

// run is what all workers look at at once: packets, of which each takes those
// of its partitions, or the end of a unit.
type run struct {
	packets []decode.Packet
	end     bool
	time    int64  // of the unit's last packet
	order   uint64 // its number
	flush   bool   // all flows whose first packet is not after upTo end
	upTo    uint64
}

func (p *Pipeline) newWorkers() *workers {
	w := &workers{p: p}
	for i := 1; i < p.cfg.Workers; i++ {
		c := make(chan run)
		w.start = append(w.start, c)
		w.ended.Add(1)
		go func() {
			defer w.ended.Done()
			for r := range c {
				w.share(i, r)
				w.done.Done()
			}
		}()
	}
	return w
}

func (w *workers) stop() {
	for _, c := range w.start {
		close(c)
	}
	w.ended.Wait()
}

// work takes a unit through the flow tables.
func (w *workers) work(u *Unit) {
	w.setOut(u)
	for r := (runs{registry: w.p.registry, rest: u.packets}); len(r.rest) > 0; {
		w.all(run{packets: r.next()})
		w.p.exchange()
	}
	if n := len(u.packets); n > 0 {
		w.all(run{end: true, time: u.Time, order: u.packets[n-1].Number})
		w.p.exchange()
	}
}

// finish ends all flows and hands the facts on in portions, u, which is empty,
// with the first and further units with the others.
func (w *workers) finish(u *Unit, done chan<- *Unit) {
	order, portions := u.packets[0].Number, w.portions()
	for i, upTo := range portions {
		if i > 0 {
			next := <-w.p.free
			next.capture, next.Time = u.capture, u.Time
			u = next
		}
		u.Last = i == len(portions)-1
		w.setOut(u)
		w.all(run{end: true, order: order, flush: true, upTo: upTo})
		done <- u
	}
	w.p.exchange()
}

// portions divides the flows of all tables by their first packets into
// portions of flushFlows.
func (w *workers) portions() []uint64 {
	var first []uint64
	for _, t := range w.p.tables {
		first = t.PrepareFlush(first)
	}
	return portionsOf(first)
}

// portionsOf gives the number at which each portion of flushFlows ends.
func portionsOf(first []uint64) []uint64 {
	slices.Sort(first)
	var ends []uint64
	for i := flushFlows; i < len(first); i += flushFlows {
		ends = append(ends, first[i-1])
	}
	return append(ends, flow.EveryFlow)
}

func (w *workers) setOut(u *Unit) {
	for i, t := range w.p.tables {
		t.SetOut(u.outs[1+i%w.p.cfg.Workers])
	}
}

// all has every worker do its share and waits for them.
func (w *workers) all(r run) {
	w.done.Add(len(w.start))
	for _, c := range w.start {
		c <- r
	}
	w.share(0, r)
	w.done.Wait()
}

func (w *workers) share(me int, r run) {
	n := w.p.cfg.Workers
	if r.end {
		for i := me; i < partitions; i += n {
			if r.flush {
				w.p.tables[i].Flush(r.order, r.upTo)
			} else {
				w.p.tables[i].Expire(r.time, r.order, expireFlows/partitions)
			}
		}
		return
	}
	for i := range r.packets {
		k := &r.packets[i]
		part := int(k.Hash>>16) % partitions
		if part%n == me {
			w.p.tables[part].Packet(k)
		}
	}
}

// exchange makes what the partitions learned known to all, in fixed order.
func (p *Pipeline) exchange() {
	for _, t := range p.tables {
		if l := t.Learned(); len(l) > 0 {
			p.endpoints.Learn(l)
		}
	}
}
