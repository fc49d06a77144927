package segment

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"sync"

	"edgeward/internal/bus"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

// The bounds of what one answer holds.
const (
	defaultLimit = 100
	maxLimit     = 10000
)

// place is where a fact is, with what orders it.
type place struct {
	time int64
	id   uint64
	unit *unit
	row  int32
}

func comparePlaces(a, b *place) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
}

// best keeps the first n places in an order. The worst of them is on top.
type best struct {
	mu     sync.Mutex
	list   []place
	n      int
	oldest bool
	seen   map[[2]uint64]bool
}

func (b *best) Len() int { return len(b.list) }
func (b *best) Less(i, j int) bool {
	c := comparePlaces(&b.list[i], &b.list[j])
	if b.oldest {
		return c > 0
	}
	return c < 0
}
func (b *best) Swap(i, j int) { b.list[i], b.list[j] = b.list[j], b.list[i] }
func (b *best) Push(x any)    { b.list = append(b.list, x.(place)) }
func (b *best) Pop() any {
	p := b.list[len(b.list)-1]
	b.list = b.list[:len(b.list)-1]
	return p
}

// better reports whether a would be kept when the list is full.
func (b *best) better(p *place) bool {
	if len(b.list) < b.n {
		return true
	}
	c := comparePlaces(p, &b.list[0])
	if b.oldest {
		return c < 0
	}
	return c > 0
}

// hopeless reports whether no fact between two times can be kept any more.
func (b *best) hopeless(lo, hi int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) < b.n {
		return false
	}
	if b.oldest {
		return lo > b.list[0].time
	}
	return hi < b.list[0].time
}

// add keeps a place if it is good enough. The same fact, which a file that was
// read twice gives, is kept once.
func (b *best) add(p place) {
	if !b.better(&p) {
		return
	}
	key := [2]uint64{uint64(p.time), p.id}
	if b.seen[key] {
		return
	}
	b.seen[key] = true
	heap.Push(b, p)
	if len(b.list) > b.n {
		out := heap.Pop(b).(place)
		delete(b.seen, [2]uint64{uint64(out.time), out.id})
	}
}

// Search gives a page of facts. Files are looked through in order of time, and
// no more of them than it takes.
func (l *Log) Search(ctx context.Context, r query.Request) (query.Result, error) {
	a, err := l.understand(ctx, r)
	if err != nil {
		return query.Result{}, err
	}
	if r.Limit <= 0 {
		r.Limit = defaultLimit
	}
	r.Limit = min(r.Limit, maxLimit)
	var after *place
	if r.Cursor != "" {
		at, id, ok := bus.ParseID(r.Cursor)
		if !ok {
			return query.Result{}, ident.Errorf(ident.Invalid, "", "search facts: the cursor %q is not one of ours", r.Cursor)
		}
		after = &place{time: at, id: id}
		if r.Oldest {
			a.from = max(a.from, at)
		} else if a.to == 0 || at+1 < a.to {
			a.to = at + 1
		}
	}
	units, partial, release, err := l.snapshot(ctx, a)
	if err != nil {
		return query.Result{}, err
	}
	defer release()
	if r.Oldest {
		oldestFirst(units)
	} else {
		newestFirst(units)
	}
	found := &best{n: r.Limit + 1, oldest: r.Oldest, seen: map[[2]uint64]bool{}}
	workers := make([]evaluator, maxWorkers)
	var scanned [maxWorkers]uint64
	more, err := l.each(ctx, units, func(u *unit) bool { return found.hopeless(u.min, u.max) }, func(w int, u *unit) error {
		b := u.block()
		sel, err := workers[w].between(b, a.from, a.to)
		if err != nil {
			return err
		}
		scanned[w] += uint64(len(sel))
		if sel, err = workers[w].eval(b, a.root, sel); err != nil || len(sel) == 0 {
			return err
		}
		return found.take(b, u, sel, after)
	})
	if err != nil {
		return query.Result{}, err
	}
	out := query.Result{Partial: cmp.Or(partial, more)}
	for _, n := range scanned {
		out.Scanned += n
	}
	slices.SortFunc(found.list, func(x, y place) int {
		if r.Oldest {
			return comparePlaces(&x, &y)
		}
		return comparePlaces(&y, &x)
	})
	if len(found.list) > r.Limit {
		found.list = found.list[:r.Limit]
		last := found.list[r.Limit-1]
		out.Next = bus.ID(last.time, last.id)
	}
	out.Records, err = l.fetch(ctx, found.list, r.Tenant)
	return out, err
}

// take adds rows of a block. Blocks of files are in order of time, so that it
// can stop at the first row that comes too late.
func (b *best) take(bl block, u *unit, sel []int32, after *place) error {
	times, err := bl.numbers(query.ColTime)
	if err != nil {
		return err
	}
	ids, err := bl.ids()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range sel {
		i := sel[k]
		if !b.oldest {
			i = sel[len(sel)-1-k]
		}
		p := place{time: times.at(i), id: uint64(ids.at(i)), unit: u, row: i}
		if len(b.list) == b.n && u.segment != nil && p.time != b.list[0].time && !b.better(&p) {
			return nil
		}
		if after != nil {
			if c := comparePlaces(&p, after); c == 0 || b.oldest == (c < 0) {
				continue
			}
		}
		b.add(p)
	}
	return nil
}

// fetch reads the whole rows of places, in their order.
func (l *Log) fetch(ctx context.Context, places []place, tenant uint16) ([]query.Record, error) {
	out := make([]query.Record, len(places))
	byUnit := map[*unit][]int{}
	for i := range places {
		byUnit[places[i].unit] = append(byUnit[places[i].unit], i)
	}
	for u, list := range byUnit {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		slices.SortFunc(list, func(a, b int) int { return cmp.Compare(places[a].row, places[b].row) })
		sel := make([]int32, len(list))
		for k, i := range list {
			sel[k] = places[i].row
		}
		rows, err := u.block().rows(sel)
		if err != nil {
			if u.segment != nil {
				l.mark(ctx, u.segment, err)
			}
			return nil, ident.Errorf(ident.Unavailable, "ask again: the damaged file is left out from now on", "read facts: %w", err)
		}
		for k, i := range list {
			out[i] = rows[k].record(tenant)
		}
	}
	return out, nil
}

// Event gives one fact. Its identity holds its time, so that only the files of
// that time are read.
func (l *Log) Event(ctx context.Context, tenant uint16, id string) (*query.Record, error) {
	missing := ident.Errorf(ident.NotFound, "", "there is no fact %q", id)
	at, number, ok := bus.ParseID(id)
	if !ok {
		return nil, missing
	}
	a := &question{Request: query.Request{Tenant: tenant}, root: &query.Node{}, from: at, to: at + 1}
	units, partial, release, err := l.snapshot(ctx, a)
	if err != nil {
		return nil, err
	}
	defer release()
	var e evaluator
	for i := range units {
		b := units[i].block()
		sel, err := e.at(b, at, number)
		if err != nil {
			return nil, fmt.Errorf("read fact %s: %w", id, err)
		}
		if len(sel) == 0 {
			continue
		}
		list, err := l.fetch(ctx, []place{{unit: &units[i], row: sel[0]}}, tenant)
		if err != nil {
			return nil, err
		}
		return &list[0], nil
	}
	if partial != "" {
		return nil, ident.Errorf(ident.NotFound, "", "there is no fact %q among those that can be read: %s", id, partial)
	}
	return nil, missing
}

// at gives the rows with a time and a number.
func (e *evaluator) at(b block, time int64, number uint64) ([]int32, error) {
	times, err := b.numbers(query.ColTime)
	if err != nil {
		return nil, err
	}
	var sel []int32
	for i := range int32(b.len()) {
		if times.at(i) == time {
			sel = append(sel, i)
		}
	}
	if len(sel) == 0 {
		return nil, nil
	}
	ids, err := b.ids()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sel, func(i int32) bool { return uint64(ids.at(i)) != number }), nil
}
