package pipeline

import (
	"sync"

	"edgeward/internal/wire/decode"
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
	unit    *Unit
	packets []decode.Packet
	expire  bool
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
	for i, t := range w.p.tables {
		t.SetOut(u.outs[1+i%w.p.cfg.Workers])
	}
	if !u.Last {
		for at := 0; at < len(u.packets); at += runLength {
			w.all(run{unit: u, packets: u.packets[at:min(at+runLength, len(u.packets))]})
			w.p.exchange()
		}
	}
	w.all(run{unit: u, expire: true})
	w.p.exchange()
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
	if r.expire {
		for i := me; i < partitions; i += n {
			t := w.p.tables[i]
			switch {
			case len(r.unit.packets) == 0:
			case r.unit.Last:
				t.Flush(r.unit.packets[0].Number)
			default:
				t.Expire(r.unit.Time, r.unit.packets[len(r.unit.packets)-1].Number)
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
