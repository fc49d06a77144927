package segment

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

// The bounds of counting.
const (
	maxBuckets = 2000
	maxTop     = 10000
	// maxDistinct bounds the values that are counted at once; beyond it the
	// rare ones are forgotten, so that their counts can be low.
	maxDistinct = 1 << 18
)

// Histogram counts facts in buckets of equal width between From and To, or
// between the first and the last fact where these are open.
func (l *Log) Histogram(ctx context.Context, r query.Request, buckets int) (query.Histogram, error) {
	out := query.Histogram{Buckets: []query.Bucket{}}
	a, err := l.understand(ctx, r)
	if err != nil {
		return out, err
	}
	buckets = max(1, min(buckets, maxBuckets))
	units, partial, release, err := l.snapshot(ctx, a)
	if err != nil {
		return out, err
	}
	out.Partial = partial
	defer release()
	from, to := cmp.Or(r.From, a.from), cmp.Or(r.To, a.to) // what was asked for is shown, also where the query leaves it empty
	if from == 0 || to == 0 {
		if len(units) == 0 {
			return out, nil
		}
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for i := range units {
			lo, hi = min(lo, units[i].min), max(hi, units[i].max)
		}
		if from == 0 {
			from = lo
		}
		if to == 0 {
			to = hi + 1
		}
	}
	out.From, out.To = from, to
	if to <= from {
		return out, nil
	}
	width := max(1, int64((uint64(to-from)+uint64(buckets)-1)/uint64(buckets)))
	n := int((uint64(to-from) + uint64(width) - 1) / uint64(width))
	workers := make([]evaluator, maxWorkers)
	counts := make([][]query.Bucket, maxWorkers)
	more, err := l.each(ctx, units, nil, func(w int, u *unit) error {
		if counts[w] == nil {
			counts[w] = make([]query.Bucket, n)
		}
		return workers[w].histogram(u, a, counts[w], from, to, width)
	})
	if err != nil {
		return out, err
	}
	out.Partial, out.Width, out.Buckets = cmp.Or(partial, more), width, make([]query.Bucket, n)
	for i := range out.Buckets {
		b := &out.Buckets[i]
		b.Start = from + int64(i)*width
		for _, c := range counts {
			if c != nil {
				b.Count += c[i].Count
				b.Bytes += c[i].Bytes
			}
		}
	}
	return out, nil
}

func (e *evaluator) histogram(u *unit, a *question, out []query.Bucket, from, to, width int64) error {
	b := u.block()
	sel, err := e.between(b, max(from, a.from), cmp.Or(a.to, to))
	if err != nil {
		return err
	}
	if sel, err = e.eval(b, a.root, sel); err != nil || len(sel) == 0 {
		return err
	}
	times, err := b.numbers(query.ColTime)
	if err != nil {
		return err
	}
	for _, i := range sel {
		out[(times.at(i)-from)/width].Count++
	}
	if !hasBytes(u) {
		return nil
	}
	bytes, err := b.numbers(query.ColBytes)
	if err != nil {
		return err
	}
	for _, i := range sel {
		out[(times.at(i)-from)/width].Bytes += uint64(bytes.at(i))
	}
	return nil
}

// hasBytes reports whether facts of a unit count bytes.
func hasBytes(u *unit) bool {
	return u.segment == nil || u.segment.Family == familyFlow
}

// tally counts values.
type tally struct {
	values map[string]*query.Count
}

func (t *tally) add(value string, count, bytes uint64) {
	if value == "" {
		return
	}
	c := t.values[value]
	if c == nil {
		if len(t.values) >= maxDistinct {
			t.forget()
		}
		c = &query.Count{Value: value}
		t.values[value] = c
	}
	c.Count += count
	c.Bytes += bytes
}

// forget drops the values with the lowest counts, at least half of them.
func (t *tally) forget() {
	for floor := uint64(1); len(t.values) > maxDistinct/2; floor *= 2 {
		for v, c := range t.values {
			if c.Count <= floor {
				delete(t.values, v)
			}
		}
	}
}

// Top gives the n most frequent values of a field, with the bytes of the flows
// that have them.
func (l *Log) Top(ctx context.Context, r query.Request, field string, n int) (query.Top, error) {
	f := query.FieldByName(field)
	if f == nil {
		return query.Top{}, ident.Errorf(ident.Invalid, "", "count values: there is no field %q", field)
	}
	a, err := l.understand(ctx, r)
	if err != nil {
		return query.Top{}, err
	}
	if len(f.Body) > 0 {
		a.narrow(&query.Node{Op: query.Match, Test: &query.Test{Body: f.Body}})
	}
	n = max(1, min(n, maxTop))
	units, partial, release, err := l.snapshot(ctx, a)
	if err != nil {
		return query.Top{}, err
	}
	defer release()
	workers := make([]evaluator, maxWorkers)
	tallies := make([]tally, maxWorkers)
	more, err := l.each(ctx, units, nil, func(w int, u *unit) error {
		if tallies[w].values == nil {
			tallies[w].values = map[string]*query.Count{}
		}
		return workers[w].top(u, a, f, &tallies[w])
	})
	if err != nil {
		return query.Top{}, err
	}
	sum := &tallies[0]
	if sum.values == nil {
		sum.values = map[string]*query.Count{}
	}
	for i := 1; i < len(tallies); i++ {
		for _, c := range tallies[i].values {
			sum.add(c.Value, c.Count, c.Bytes)
		}
	}
	out := make([]query.Count, 0, len(sum.values))
	for _, c := range sum.values {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b query.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Value, b.Value))
	})
	return query.Top{Values: out[:min(n, len(out))], Partial: cmp.Or(partial, more)}, nil
}

func (e *evaluator) top(u *unit, a *question, f *query.Field, t *tally) error {
	b := u.block()
	sel, err := e.between(b, a.from, a.to)
	if err != nil {
		return err
	}
	if sel, err = e.eval(b, a.root, sel); err != nil || len(sel) == 0 {
		return err
	}
	var bytes *numbers
	if hasBytes(u) {
		if bytes, err = b.numbers(query.ColBytes); err != nil {
			return err
		}
	}
	if len(f.Body) > 0 {
		return e.topBody(b, f, sel, bytes, t)
	}
	for _, c := range f.Columns {
		if isText(c) {
			v, err := b.texts(c)
			if err != nil {
				return err
			}
			count(v.dict, v.idx, sel, bytes, t, func(s string) string { return shown(c, s) })
			continue
		}
		v, err := b.numbers(c)
		if err != nil {
			return err
		}
		count(v.dict, v.idx, sel, bytes, t, func(x int64) string { return shownNumber(c, x) })
	}
	return nil
}

// shown gives the form of a stored text that people read.
func shown(c query.Column, s string) string {
	switch {
	case s == "":
		return ""
	case c == query.ColSrc || c == query.ColDst:
		return addrOf(s).String()
	case c == query.ColSrcMAC || c == query.ColDstMAC:
		return macOf(s).String()
	}
	return s
}

func shownNumber(c query.Column, v int64) string {
	switch c {
	case query.ColTime, query.ColIngest:
		return ident.Time(v)
	case query.ColSrcHost, query.ColDstHost, query.ColFlow:
		if v == 0 {
			return ""
		}
		return strconv.FormatUint(uint64(v), 10)
	case query.ColSrcPort, query.ColDstPort:
		if v == 0 {
			return ""
		}
	}
	return strconv.FormatInt(v, 10)
}

// count adds up the values of rows: with a dictionary, each value is put into
// words once.
func count[T any](dict []T, idx, sel []int32, bytes *numbers, t *tally, show func(T) string) {
	of := func(i int32) uint64 {
		if bytes == nil {
			return 0
		}
		return uint64(bytes.at(i))
	}
	if idx == nil {
		for _, i := range sel {
			t.add(show(dict[i]), 1, of(i))
		}
		return
	}
	counts, sums := make([]uint64, len(dict)), make([]uint64, len(dict))
	for _, i := range sel {
		w := idx[i]
		counts[w]++
		sums[w] += of(i)
	}
	for w, n := range counts {
		if n > 0 {
			t.add(show(dict[w]), n, sums[w])
		}
	}
}

// topBody counts a field of bodies.
func (e *evaluator) topBody(b block, f *query.Field, sel []int32, bytes *numbers, t *tally) error {
	kinds, err := b.texts(query.ColKind)
	if err != nil {
		return err
	}
	test := &query.Test{Body: f.Body}
	sel = filter(kinds.dict, kinds.idx, sel, func(name string) bool {
		k, ok := event.KindByName(name)
		return ok && test.HasKind(k)
	})
	return b.bodies(sel, func(i int32, raw string) bool {
		k, _ := event.KindByName(kinds.at(i))
		body, err := e.scratch.decode(k, raw)
		if err != nil {
			return true
		}
		var size uint64
		if bytes != nil {
			size = uint64(bytes.at(i))
		}
		for _, bf := range f.Body {
			if bf.Kind != k {
				continue
			}
			body.Visit(func(index int, v event.Value) bool {
				if index == bf.Index {
					t.addOwn(v.String(), size)
				}
				return true
			})
		}
		return true
	})
}

// addOwn adds a value whose memory goes away.
func (t *tally) addOwn(value string, bytes uint64) {
	if c := t.values[value]; c != nil {
		c.Count++
		c.Bytes += bytes
		return
	}
	t.add(string([]byte(value)), 1, bytes)
}
