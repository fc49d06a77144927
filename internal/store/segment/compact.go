package segment

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"

	"edgeward/internal/hub"
)

// How files are put together.
const (
	levels      = 3         // as sealed, an hour, a day
	maxTogether = 128       // files that become one
	maxRows     = 8 << 20   // of one file
	maxSize     = 512 << 20 // of the files that become one
	// enough files of a span make it worth the work before the span is over.
	enough = 24
	// settle is how long a span of packet time must be over by the wall clock
	// of its last sealing before its few files are put together.
	settle = 10 * time.Minute
)

// spans is how much packet time the files of a level have.
var spans = [levels]time.Duration{0, time.Hour, 24 * time.Hour}

// Run puts files together and removes old ones every interval until the
// context ends.
func (l *Log) Run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := l.Maintain(ctx); err != nil && ctx.Err() == nil {
			l.o.Log.Error("the event log could not be tidied up", "error", err)
		}
	}
}

// Maintain does what Run does, once: all that is to be done now.
func (l *Log) Maintain(ctx context.Context) error {
	if err := l.Retain(ctx); err != nil {
		return err
	}
	for {
		done, err := l.Compact(ctx)
		if err != nil || !done {
			return err
		}
	}
}

// bucket names the files that may become one.
type bucket struct {
	key   groupKey
	level int   // of the result
	span  int64 // number of the hour or day
}

// Compact puts together one group of files, if there is one worth it, and
// reports whether there was.
func (l *Log) Compact(ctx context.Context) (bool, error) {
	group, level := l.choose()
	if len(group) == 0 {
		return false, nil
	}
	if err := l.merge(ctx, group, level); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, l.problem("put files of the event log together", err)
	}
	return true, nil
}

// choose gives files that become one, those of lower levels first.
func (l *Log) choose() ([]*sealed, int) {
	l.mu.Lock()
	list := slices.Clone(l.segments)
	l.mu.Unlock()
	slices.SortFunc(list, func(a, b *sealed) int { return cmp.Or(cmp.Compare(a.MinTime, b.MinTime), cmp.Compare(a.ID, b.ID)) })
	groups := map[bucket][]*sealed{}
	var order []bucket
	span := func(s *sealed, level int) bucket {
		return bucket{groupKey{s.Tenant, s.Family}, level, floorDiv(s.MinTime, int64(spans[level]))}
	}
	alone := map[bucket]int{} // files as sealed in an hour
	for _, s := range list {
		if s.Level == 0 {
			alone[span(s, 1)]++
		}
	}
	for _, s := range list {
		level := s.Level + 1
		if s.Level == 0 && alone[span(s, 1)] == 1 { // as good as an hour's
			level = 2
		}
		if s.broken() != "" || level >= levels {
			continue
		}
		b := span(s, level)
		if groups[b] == nil {
			order = append(order, b)
		}
		groups[b] = append(groups[b], s)
	}
	slices.SortStableFunc(order, func(a, b bucket) int { return cmp.Compare(a.level, b.level) })
	now := l.o.Clock().UnixNano()
	for _, b := range order {
		g := fitting(groups[b])
		if len(g) < 2 {
			continue
		}
		last := int64(0)
		for _, s := range g {
			last = max(last, s.Sealed)
		}
		over := now-last >= int64(settle) && now-(b.span+1)*int64(spans[b.level]) >= int64(settle)
		if over || len(g) >= enough*b.level {
			return g, b.level
		}
	}
	return nil, 0
}

// fitting takes as many files as fit into one.
func fitting(list []*sealed) []*sealed {
	var rows uint64
	var size int64
	for i, s := range list {
		rows += s.Rows
		size += s.Bytes
		if i == maxTogether || rows > maxRows || size > maxSize {
			return list[:i]
		}
	}
	return list
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// merge writes the rows of files into one and swaps them in the manifest.
func (l *Log) merge(ctx context.Context, group []*sealed, level int) (err error) {
	first := group[0]
	w, err := l.create(groupKey{first.Tenant, first.Family}, level, first.MinTime)
	if err != nil {
		return err
	}
	w.meta.Stream, w.meta.First, w.meta.Last, w.meta.Sealed = first.Stream, first.First, first.Last, first.Sealed
	for _, s := range group {
		w.meta.Sealed = max(w.meta.Sealed, s.Sealed)
		if s.Stream != w.meta.Stream { // the numbers of two streams do not mix
			w.meta.Stream, w.meta.First, w.meta.Last = s.Stream, s.First, s.Last
		}
		w.meta.First, w.meta.Last = min(w.meta.First, s.First), max(w.meta.Last, s.Last)
	}
	l.mu.Lock()
	for _, s := range group {
		s.hold()
	}
	l.mu.Unlock()
	defer func() {
		for _, s := range group {
			s.release()
		}
	}()
	if err := l.copyRows(ctx, group, w); err != nil {
		w.abort()
		return err
	}
	s, err := w.finish(ctx)
	if err != nil {
		return err
	}
	remove := make([]string, len(group))
	set := make(map[string]bool, len(group))
	for i, g := range group {
		remove[i], set[g.ID] = g.ID, true
	}
	if err := l.o.Manifest.SwapSegments(ctx, []hub.Segment{s}, remove, nil); err != nil {
		return l.unsure(ctx, s, set, err)
	}
	l.replace([]hub.Segment{s}, set, nil)
	return nil
}

// unsure finds out whether the manifest took a swap that it gave an error for,
// so that the files that it names are those that stay.
func (l *Log) unsure(ctx context.Context, s hub.Segment, removed map[string]bool, cause error) error {
	rows, err := l.o.Manifest.Segments(context.WithoutCancel(ctx))
	if err != nil {
		// Both stay: the next start removes what the manifest does not name.
		return errors.Join(cause, err)
	}
	if slices.ContainsFunc(rows, func(r hub.Segment) bool { return r.ID == s.ID }) {
		l.replace([]hub.Segment{s}, removed, nil)
		return nil
	}
	return errors.Join(cause, l.files.remove(context.WithoutCancel(ctx), s.ID))
}

// copyRows writes the rows of files, in the order of their first fact, in order
// of time. Files are read when their time comes, a part at a time.
func (l *Log) copyRows(ctx context.Context, group []*sealed, w *writer) error {
	var open cursors
	for next, n := 0, 0; next < len(group) || len(open) > 0; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for next < len(group) && (len(open) == 0 || group[next].MinTime <= open[0].list[0].Time) {
			c := &cursor{segment: group[next]}
			next++
			if err := c.fill(ctx, len(open)+1); err != nil {
				l.mark(ctx, c.segment, err)
				return err
			}
			if len(c.list) > 0 {
				heap.Push(&open, c)
			}
		}
		if len(open) == 0 {
			continue
		}
		c := open[0]
		if err := w.add(&c.list[0]); err != nil {
			return err
		}
		if c.list = c.list[1:]; len(c.list) == 0 {
			if err := c.fill(ctx, len(open)); err != nil {
				l.mark(ctx, c.segment, err)
				return err
			}
		}
		if len(c.list) == 0 {
			heap.Pop(&open)
		} else {
			heap.Fix(&open, 0)
		}
	}
	return nil
}

// cursor reads a file's rows part by part.
type cursor struct {
	segment *sealed
	group   int // of rows
	row     int // in it
	list    []row
}

// copyAtOnce is how many rows all cursors together have in memory, about.
const copyAtOnce = 32 << 10

// fill reads the next part; open is how many cursors there are.
func (c *cursor) fill(ctx context.Context, open int) (err error) {
	defer guard(&err)
	f, err := c.segment.use(ctx)
	if err != nil {
		return err
	}
	groups := f.parquet.RowGroups()
	for c.group < len(groups) && c.row >= int(groups[c.group].NumRows()) {
		c.group, c.row = c.group+1, 0
	}
	if c.group == len(groups) {
		return nil
	}
	b := newFileBlock(groups[c.group])
	sel := make([]int32, min(max(copyAtOnce/open, 512), b.len()-c.row))
	for i := range sel {
		sel[i] = int32(c.row + i)
	}
	c.row += len(sel)
	c.list, err = b.rows(sel)
	return err
}

// cursors is a heap by the time of the next row.
type cursors []*cursor

func (h cursors) Len() int           { return len(h) }
func (h cursors) Less(i, j int) bool { return h[i].list[0].Time < h[j].list[0].Time }
func (h cursors) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *cursors) Push(x any)        { *h = append(*h, x.(*cursor)) }
func (h *cursors) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

// Retain removes the files that are too old, and then the oldest ones until
// the rest is small enough. The rows go first, the files after their readers.
func (l *Log) Retain(ctx context.Context) error {
	l.mu.Lock()
	list, r := slices.Clone(l.segments), l.retention
	l.mu.Unlock()
	now := cmp.Or(r.Now, l.o.Clock().UnixNano())
	var total int64
	for _, s := range list {
		total += s.Bytes
	}
	gone := map[string]bool{}
	var remove []string
	for i := len(list) - 1; i >= 0; i-- { // oldest first
		s := list[i]
		// What a capture of long ago tells was learned when it was read.
		old := r.MaxAge > 0 && now-max(s.MaxTime, s.Sealed) > int64(r.MaxAge)
		if !old && (r.MaxBytes <= 0 || total <= r.MaxBytes) {
			continue
		}
		total -= s.Bytes
		gone[s.ID] = true
		remove = append(remove, s.ID)
	}
	if len(remove) == 0 {
		return nil
	}
	if err := l.o.Manifest.SwapSegments(ctx, nil, remove, nil); err != nil {
		return l.problem("remove old facts", err)
	}
	l.replace(nil, gone, nil)
	l.o.Log.Info("old facts were removed", "files", len(remove))
	return nil
}
