package segment

import (
	"context"

	"edgeward/internal/bus"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

var _ hub.Log = (*Log)(nil)

// tail is what waits to be sealed, in order of arrival.
type tail struct {
	groups   map[groupKey][]*row
	count    int
	bytes    int64
	min, max int64
	since    int64 // wall clock of the first row
	stream   string
	first    uint64 // of the stream's messages
	last     uint64
	chunk    []row
}

// groupKey says which rows share a file.
type groupKey struct {
	tenant uint16
	family string
}

func newTail() *tail { return &tail{groups: map[groupKey][]*row{}} }

const tailChunk = 256

// slot gives the memory of one more row. Rows stay where they are.
func (t *tail) slot() *row {
	if len(t.chunk) == 0 {
		t.chunk = make([]row, tailChunk)
	}
	r := &t.chunk[0]
	t.chunk = t.chunk[1:]
	return r
}

func (t *tail) add(k groupKey, r *row) {
	if t.count == 0 {
		t.min, t.max = r.Time, r.Time
	}
	t.min, t.max = min(t.min, r.Time), max(t.max, r.Time)
	t.groups[k] = append(t.groups[k], r)
	t.count++
	t.bytes += r.size()
}

// Append takes in the facts of a batch. Facts that cannot be decoded are
// counted and left out.
func (l *Log) Append(_ context.Context, b *bus.Batch, stream string, seq uint64) error {
	l.mu.Lock()
	full := l.tail.bytes >= fullFactor*l.o.SealBytes
	why := l.lastError
	l.mu.Unlock()
	if full {
		return ident.Errorf(ident.Unavailable, "", "append to the event log: what waits in memory cannot be sealed: %s", why)
	}
	rows := make([]*row, 0, len(b.Facts))
	keys := make([]groupKey, 0, len(b.Facts))
	bad := uint64(0)
	t := l.tail // only this goroutine replaces it
	for i := range b.Facts {
		r := t.slot()
		if err := r.fill(b, i, &l.scratch, &l.words); err != nil {
			bad++
			continue
		}
		rows = append(rows, r)
		keys = append(keys, groupKey{b.Tenant, familyOf(r.Kind)})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad += bad
	if t.count == 0 {
		t.since = l.o.Clock().UnixNano()
	}
	if t.stream != stream {
		t.stream, t.first = stream, seq
	}
	t.last = seq
	for i, r := range rows {
		t.add(keys[i], r)
	}
	return nil
}

// Due reports whether it is time to seal.
func (l *Log) Due() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending != nil {
		return true
	}
	if l.tail.count == 0 {
		return false
	}
	age := l.o.Clock().UnixNano() - l.tail.since
	return l.tail.bytes >= l.o.SealBytes || age >= int64(l.o.SealAfter) || age < 0
}
