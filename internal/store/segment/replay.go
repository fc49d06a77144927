package segment

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"

	"edgeward/internal/query"
)

// replayRows is how many rows of one row group are in memory at once.
const replayRows = 256

// Replay calls fn with the facts that a request selects, oldest first, until
// it gives an error. The request's limit and cursor do not count; fn may keep
// the record. Only a part of each row group is in memory at a time.
func (l *Log) Replay(ctx context.Context, r query.Request, fn func(*query.Record) error) error {
	a, err := l.understand(ctx, r)
	if err != nil {
		return err
	}
	units, partial, release, err := l.snapshot(ctx, a)
	if err != nil {
		return err
	}
	defer release()
	if partial != "" {
		l.o.Log.Warn("facts are replayed without some files", "reason", partial)
	}
	oldestFirst(units)
	var e evaluator
	var open readers
	for next := 0; next < len(units) || len(open) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		for next < len(units) && (len(open) == 0 || units[next].min <= open[0].list[0].Time) {
			rd, err := l.reader(&e, a, &units[next])
			next++
			if err != nil {
				return err
			}
			if rd != nil {
				heap.Push(&open, rd)
			}
		}
		if len(open) == 0 {
			continue
		}
		top := open[0]
		rec := top.list[0].record(r.Tenant)
		if err := fn(&rec); err != nil {
			return err
		}
		if top.list = top.list[1:]; len(top.list) == 0 {
			if err := top.fill(); err != nil {
				return err
			}
		}
		if len(top.list) == 0 {
			heap.Pop(&open)
		} else {
			heap.Fix(&open, 0)
		}
	}
	return nil
}

// rowReader gives the selected rows of a block in order of time.
type rowReader struct {
	block block
	sel   []int32
	list  []row
}

// reader makes a rowReader, nil when no row passes.
func (l *Log) reader(e *evaluator, a *question, u *unit) (*rowReader, error) {
	if u.segment == nil {
		list := slices.Clone(u.tail)
		slices.SortStableFunc(list, func(x, y *row) int { return cmp.Compare(x.Time, y.Time) })
		u = &unit{tail: list}
	}
	b := u.block()
	sel, err := e.between(b, a.from, a.to)
	if err == nil {
		sel, err = e.eval(b, a.root, sel)
	}
	if err != nil {
		return nil, fmt.Errorf("replay facts: %w", err)
	}
	if len(sel) == 0 {
		return nil, nil
	}
	if f, ok := b.(*fileBlock); ok {
		b = newFileBlock(f.group) // without the columns that the query needed
	}
	rd := &rowReader{block: b, sel: slices.Clone(sel)}
	return rd, rd.fill()
}

func (r *rowReader) fill() error {
	n := min(replayRows, len(r.sel))
	if n == 0 {
		return nil
	}
	var err error
	if r.list, err = r.block.rows(r.sel[:n]); err != nil {
		return fmt.Errorf("replay facts: %w", err)
	}
	r.sel = r.sel[n:]
	return nil
}

// readers is a heap by the time of the next row.
type readers []*rowReader

func (h readers) Len() int           { return len(h) }
func (h readers) Less(i, j int) bool { return h[i].list[0].Time < h[j].list[0].Time }
func (h readers) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *readers) Push(x any)        { *h = append(*h, x.(*rowReader)) }
func (h *readers) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
