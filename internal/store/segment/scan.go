package segment

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

var _ hub.Events = (*Log)(nil)

// question is a request that was understood.
type question struct {
	query.Request
	root     *query.Node
	from, to int64
	kinds    map[string]bool // nil for all
	values   [][]uint64      // hashes of which each file must have one of every list
}

func (l *Log) understand(ctx context.Context, r query.Request) (*question, error) {
	now := r.Now
	if now == 0 {
		now = l.o.Clock().UnixNano()
	}
	q, err := query.Parse(ctx, r.Text, query.Options{Tenant: r.Tenant, Now: now, Resolver: r.Resolver})
	if err != nil {
		return nil, err
	}
	a := &question{Request: r, from: max(r.From, q.From), to: r.To}
	if r.From != 0 && q.From == 0 {
		a.from = r.From
	}
	if q.To != 0 && (a.to == 0 || q.To < a.to) {
		a.to = q.To
	}
	root := &query.Node{Op: query.And}
	if r.Sensors != nil {
		root.Kids = append(root.Kids, match([]query.Column{query.ColSensor}, func(s string) bool { return slices.Contains(r.Sensors, s) }, nil))
	}
	if r.Hosts != nil {
		hosts := map[int64]bool{}
		list := make([]uint64, 0, len(r.Hosts))
		for _, h := range r.Hosts {
			hosts[int64(h)] = true
			list = append(list, hostHash(int64(h)))
		}
		a.values = append(a.values, list)
		root.Kids = append(root.Kids, match([]query.Column{query.ColSrcHost, query.ColDstHost}, nil, func(v int64) bool { return hosts[v] }))
	}
	if q.Root.Op != query.All {
		root.Kids = append(root.Kids, q.Root)
	}
	a.root = root
	a.narrow(q.Root)
	return a, nil
}

func match(columns []query.Column, text func(string) bool, num func(int64) bool) *query.Node {
	return &query.Node{Op: query.Match, Test: &query.Test{Columns: columns, Text: text, Num: num}}
}

// narrow finds what every answer must have, to leave out files by it.
func (a *question) narrow(n *query.Node) {
	switch n.Op {
	case query.And:
		for _, k := range n.Kids {
			a.narrow(k)
		}
	case query.Match:
		t := n.Test
		switch {
		case len(t.Body) > 0:
			kinds := map[string]bool{}
			for _, b := range t.Body {
				kinds[b.Kind.String()] = true
			}
			a.limit(kinds)
		case slices.Equal(t.Columns, []query.Column{query.ColKind}):
			kinds := map[string]bool{}
			for k := range event.Kind(event.KindCount) {
				if t.Text(k.String()) {
					kinds[k.String()] = true
				}
			}
			a.limit(kinds)
		case len(t.Exact) > 0:
			list := make([]uint64, len(t.Exact))
			for i, addr := range t.Exact {
				list[i] = addrHash(addr)
			}
			a.values = append(a.values, list)
		case len(t.Hosts) > 0:
			list := make([]uint64, len(t.Hosts))
			for i, h := range t.Hosts {
				list[i] = hostHash(int64(h))
			}
			a.values = append(a.values, list)
		}
	}
}

func (a *question) limit(kinds map[string]bool) {
	if a.kinds == nil {
		a.kinds = kinds
		return
	}
	for k := range a.kinds {
		if !kinds[k] {
			delete(a.kinds, k)
		}
	}
}

// wants reports whether a segment may have answers.
func (a *question) wants(s *sealed) bool {
	if s.Tenant != a.Tenant || a.to != 0 && s.MinTime >= a.to || a.from != 0 && s.MaxTime < a.from {
		return false
	}
	if a.Sensors != nil && !slices.ContainsFunc(s.Sensors, func(n string) bool { return slices.Contains(a.Sensors, n) }) {
		return false
	}
	if a.kinds != nil && !slices.ContainsFunc(s.Kinds, func(k string) bool { return a.kinds[k] || !knownKind(k) }) {
		return false
	}
	for _, list := range a.values {
		if !slices.ContainsFunc(list, s.index.may) {
			return false
		}
	}
	return true
}

func knownKind(name string) bool {
	_, ok := event.KindByName(name)
	return ok
}

// unit is a run of rows to look through: a row group, or a part of the tail.
type unit struct {
	segment  *sealed // nil for the tail
	group    int
	tail     []*row
	min, max int64
}

// snapshot gives what a question may find its answers in, as it is now. The
// release function must be called.
func (l *Log) snapshot(ctx context.Context, a *question) (units []unit, partial string, release func(), err error) {
	l.mu.Lock()
	var tails []unit
	for _, t := range []*tail{l.tail, l.frozen} {
		if t == nil || t.count == 0 || a.to != 0 && t.min >= a.to || a.from != 0 && t.max < a.from {
			continue
		}
		for k, rows := range t.groups {
			if k.tenant == a.Tenant {
				tails = append(tails, unit{tail: rows[:len(rows):len(rows)], min: t.min, max: t.max})
			}
		}
	}
	var held []*sealed
	for _, s := range l.segments {
		if a.wants(s) {
			s.hold()
			held = append(held, s)
		}
	}
	l.mu.Unlock()

	release = func() {
		for _, s := range held {
			s.release()
		}
		l.trim()
	}
	units = tails
	broken := 0
	for _, s := range held {
		if ctx.Err() != nil {
			release()
			return nil, "", nil, ctx.Err()
		}
		f, err := s.use(ctx)
		if err != nil {
			l.mark(ctx, s, err)
			broken++
			partial = fmt.Sprintf("%d files of the event log cannot be read, among them %s", broken, reason(s, err))
			continue
		}
		for g := range f.parquet.RowGroups() {
			u := unit{segment: s, group: g, min: s.MinTime, max: s.MaxTime}
			if lo, hi, ok := timeBounds(f, g); ok {
				u.min, u.max = lo, hi
			}
			if a.to != 0 && u.min >= a.to || a.from != 0 && u.max < a.from {
				continue
			}
			units = append(units, u)
		}
	}
	return units, partial, release, nil
}

func reason(s *sealed, err error) string {
	if why := s.broken(); why != "" {
		return s.ID + ": " + why
	}
	return strings.TrimPrefix(err.Error(), "segment ")
}

// block opens the rows of a unit.
func (u *unit) block() block {
	if u.segment == nil {
		return tailBlock{u.tail}
	}
	return newFileBlock(u.segment.file.parquet.RowGroups()[u.group])
}

// each looks through units, on as many goroutines as there are processors,
// until stop says that no more are needed. fn is called for one unit at a time
// by each goroutine, with that goroutine's number.
func (l *Log) each(ctx context.Context, units []unit, stop func(u *unit) bool, fn func(worker int, u *unit) error) (partial string, err error) {
	workers := max(1, min(runtime.GOMAXPROCS(0), len(units), maxWorkers))
	var mu sync.Mutex
	next := 0
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				if err != nil || ctx.Err() != nil || next == len(units) || stop != nil && stop(&units[next]) {
					mu.Unlock()
					return
				}
				u := &units[next]
				next++
				mu.Unlock()
				if e := guarded(func() error { return fn(w, u) }); e != nil {
					mu.Lock()
					if u.segment != nil && ctx.Err() == nil && ident.CodeOf(e) != ident.Invalid {
						l.mark(ctx, u.segment, e)
						partial = "a file of the event log cannot be read: " + reason(u.segment, e)
					} else if err == nil {
						err = e
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return partial, err
}

const maxWorkers = 8

func guarded(fn func() error) (err error) {
	defer guard(&err)
	return fn()
}

// newestFirst and oldestFirst order units so that a search can stop early.
func newestFirst(units []unit) {
	sort.SliceStable(units, func(i, j int) bool { return units[i].max > units[j].max })
}

func oldestFirst(units []unit) {
	sort.SliceStable(units, func(i, j int) bool { return units[i].min < units[j].min })
}
