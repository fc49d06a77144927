package segment

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"edgeward/internal/hub"
)

// The shape of files.
const (
	rowsPerGroup  = 64 << 10
	dictionaryMax = 1 << 20 // bytes of one column's dictionary in a row group; what grows larger is stored plain
	pageBytes     = 256 << 10
	temporary     = "tmp" // folder of what is being written
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var compression = &zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}

// pending is what is written and not yet known to be in the manifest.
type pending struct {
	add []hub.Segment
	cp  *hub.Checkpoint
}

// Seal makes durable what was appended. After a failure of the files
// everything waits as before; after one of the manifest, which may or may not
// have taken the rows, the same rows are offered to it again by the next Seal.
func (l *Log) Seal(ctx context.Context, cp *hub.Checkpoint) error {
	if l.pending != nil {
		if err := l.publish(ctx); err != nil {
			return err
		}
	}
	l.mu.Lock()
	t := l.tail
	l.tail, l.frozen = newTail(), t
	l.mu.Unlock()
	add, err := l.write(ctx, t)
	if err != nil {
		l.thaw(t)
		return l.problem("seal the event log", err)
	}
	c := cp
	if cp != nil {
		copied := cp.Clone()
		c = &copied
	}
	if len(add) == 0 && c == nil {
		l.thaw(t)
		return nil
	}
	l.pending = &pending{add: add, cp: c}
	return l.publish(ctx)
}

// thaw puts back what could not be sealed. Nothing was appended meanwhile.
func (l *Log) thaw(t *tail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail, l.frozen = t, nil
}

// publish tells the manifest of what is written.
func (l *Log) publish(ctx context.Context) error {
	if err := l.o.Manifest.SwapSegments(ctx, l.pending.add, nil, l.pending.cp); err != nil {
		return l.problem("seal the event log: manifest", err)
	}
	// Queries that began before still have the frozen rows.
	l.replace(l.pending.add, nil, func() { l.pending, l.frozen = nil, nil })
	l.well()
	return nil
}

// write makes the files of a tail, all or none.
func (l *Log) write(ctx context.Context, t *tail) (add []hub.Segment, err error) {
	defer func() {
		if err != nil {
			for _, s := range add {
				err = errors.Join(err, l.files.remove(context.WithoutCancel(ctx), s.ID))
			}
		}
	}()
	keys := make([]groupKey, 0, len(t.groups))
	for k := range t.groups {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i].tenant < keys[j].tenant || keys[i].tenant == keys[j].tenant && keys[i].family < keys[j].family
	})
	for _, k := range keys {
		rows := append([]*row(nil), t.groups[k]...) // queries read the other one
		sort.SliceStable(rows, func(i, j int) bool { return rows[i].Time < rows[j].Time })
		w, err := l.create(k, 0, rows[0].Time)
		if err != nil {
			return add, err
		}
		w.meta.Stream, w.meta.First, w.meta.Last = t.stream, t.first, t.last
		for _, r := range rows {
			if err := w.add(r); err != nil {
				w.abort()
				return add, err
			}
		}
		s, err := w.finish(ctx)
		if err != nil {
			return add, err
		}
		add = append(add, s)
	}
	return add, nil
}

// writer makes one file.
type writer struct {
	log   *Log
	meta  hub.Segment
	path  string
	f     *os.File
	buf   *bufio.Writer
	sum   hash.Hash32
	out   *parquet.GenericWriter[row]
	rows  []row
	index *indexer
	kinds map[string]bool
	who   map[string]bool
}

const writeBatch = 128

// create begins a file whose first fact is of that time.
func (l *Log) create(k groupKey, level int, first int64) (*writer, error) {
	l.mu.Lock()
	l.counter++
	n := l.counter
	l.mu.Unlock()
	now := l.o.Clock().UnixNano()
	// Hive-style folders: any engine prunes by them.
	name := fmt.Sprintf("tenant=%d/family=%s/date=%s/%d-%016x-%04x", k.tenant, k.family, time.Unix(0, first).UTC().Format("2006-01-02"), level, uint64(now), n&0xffff)
	w := &writer{
		log: l, meta: hub.Segment{ID: name, Tenant: k.tenant, Family: k.family, Level: level, MinTime: first, MaxTime: first, Sealed: now},
		path: filepath.Join(l.o.Dir, temporary, strings.ReplaceAll(name, "/", "_")), sum: crc32.New(castagnoli),
		index: newIndexer(), kinds: map[string]bool{}, who: map[string]bool{}, rows: make([]row, 0, writeBatch),
	}
	f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	w.f = f
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 256<<10)
	w.out = parquet.NewGenericWriter[row](w.buf, schema, parquet.Compression(compression), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.DictionaryMaxBytes(dictionaryMax), parquet.PageBufferSize(pageBytes), parquet.CreatedBy("edgeward", "1", ""),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("time"))), parquet.DataPageStatistics(false))
	return w, nil
}

// add writes a row; they come in order of time.
func (w *writer) add(r *row) error {
	w.rows = append(w.rows, *r)
	w.meta.Rows++
	w.meta.MaxTime = max(w.meta.MaxTime, r.Time)
	w.meta.MinTime = min(w.meta.MinTime, r.Time)
	if !w.kinds[r.Kind] {
		w.kinds[r.Kind] = true
	}
	if !w.who[r.Sensor] {
		w.who[r.Sensor] = true
	}
	w.index.add(r)
	if len(w.rows) == cap(w.rows) {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() (err error) {
	defer guard(&err)
	_, err = w.out.Write(w.rows)
	clear(w.rows)
	w.rows = w.rows[:0]
	return err
}

// finish makes the file durable under its name.
func (w *writer) finish(ctx context.Context) (hub.Segment, error) {
	err := w.flush()
	if err == nil {
		err = w.out.Close()
	}
	if err == nil {
		err = w.buf.Flush()
	}
	if err == nil {
		err = w.f.Sync()
	}
	if err != nil {
		w.abort()
		return hub.Segment{}, err
	}
	info, err := w.f.Stat()
	if err != nil {
		w.abort()
		return hub.Segment{}, err
	}
	if err := w.f.Close(); err != nil {
		return hub.Segment{}, errors.Join(err, os.Remove(w.path))
	}
	w.meta.Bytes, w.meta.Sum = info.Size(), uint64(w.sum.Sum32())
	w.meta.Kinds, w.meta.Sensors, w.meta.Index = sorted(w.kinds), sorted(w.who), w.index.encode()
	if err := w.log.files.put(ctx, w.meta.ID, w.path); err != nil {
		return hub.Segment{}, errors.Join(err, removeIfThere(w.path))
	}
	return w.meta, nil
}

// abort throws away what was written.
func (w *writer) abort() {
	_ = w.f.Close() // the file goes anyway
	_ = os.Remove(w.path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for s := range set {
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}
