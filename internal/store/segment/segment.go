// Package segment keeps the event log: facts in Parquet files that are
// written once. What was appended waits in memory, where queries see it, and
// is sealed every 30 seconds or 64 MiB: written, synced, renamed, and named in
// the manifest in one transaction with the reader's checkpoint. Small files
// are put together to hours and days; retention removes whole files.
//
// It knows neither the stream that facts come from nor who asks. Package app
// makes a [Log]; the hub's ingest fills it, and api asks it.
package segment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
	"time"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// The bounds of what waits in memory.
const (
	DefaultSealAfter = 30 * time.Second
	DefaultSealBytes = 64 << 20
	// fullFactor times SealBytes is the most that waits when sealing fails.
	fullFactor = 2
)

// Options are what a Log is made of.
type Options struct {
	Dir       string // local folder: of the files or, with Objects, of what is being written and the cache
	Objects   *ObjectStore
	Manifest  hub.Manifest
	SealAfter time.Duration // 0 for DefaultSealAfter
	SealBytes int64         // 0 for DefaultSealBytes
	Retention Retention
	Clock     ident.Clock
	Log       *slog.Logger
}

// Retention says what is removed. Zero values keep everything.
type Retention struct {
	MaxAge   time.Duration // of the newest fact of a file, by packet time or by when it was taken in, whichever is later
	MaxBytes int64         // of all files
	Now      int64         // the time at which ages are counted; 0 for the clock's
}

// Log is the event log. Append, Due and Seal are for one goroutine, Run for
// another; everything else is safe for concurrent use.
type Log struct {
	o     Options
	files files

	mu        sync.Mutex // guards what follows; held shortly, never during input or output
	tail      *tail
	frozen    *tail     // being sealed; queries see it
	segments  []*sealed // by MaxTime, newest first
	retention Retention
	lastError string
	bad       uint64 // facts that could not be taken in

	// Used by the goroutine of Append and Seal.
	scratch bodies
	words   intern
	pending *pending

	counter uint64 // of files made, for their names
}

// sealed is a segment with its opened file.
type sealed struct {
	hub.Segment
	log   *Log
	mu    sync.Mutex
	refs  int
	gone  bool // removed from the manifest: the file goes with the last reader
	file  *openFile
	index *filterIndex
}

// Open reads the manifest, checks that the files are there and removes those
// that no row names. A file that is missing or damaged gets its reason into
// the manifest and is left out; Open fails only when the manifest or the
// folder cannot be read.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.SealAfter <= 0 {
		o.SealAfter = DefaultSealAfter
	}
	if o.SealBytes <= 0 {
		o.SealBytes = DefaultSealBytes
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, temporary), 0o750); err != nil {
		return nil, fmt.Errorf("open the event log: %w", err)
	}
	l := &Log{o: o, tail: newTail(), retention: o.Retention}
	if o.Objects != nil {
		l.files = &objectFiles{store: o.Objects, dir: o.Dir}
	} else {
		l.files = &folder{dir: o.Dir}
	}
	if err := l.check(ctx); err != nil {
		return nil, fmt.Errorf("open the event log: %w", err)
	}
	return l, nil
}

// Close lets go of the files. What was not sealed is lost here, and comes
// again from the stream.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, s := range l.segments {
		s.mu.Lock()
		if s.file != nil && s.refs == 0 {
			errs = append(errs, s.file.Close())
			s.file = nil
		}
		s.mu.Unlock()
	}
	l.segments = nil
	return errors.Join(errs...)
}

// SetRetention changes what is kept; it holds from the next round of Run.
func (l *Log) SetRetention(r Retention) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retention = r
}

// Status is how the log is.
type Status struct {
	Segments  int
	Rows      uint64
	Bytes     int64 // of files
	Waiting   int   // rows in memory
	WaitBytes int64
	First     int64 // earliest and latest packet time, 0 when empty
	Last      int64
	Refused   uint64   // facts that could not be decoded
	Broken    []Broken // files that cannot be read
	Error     string   // why the last sealing or compaction failed; empty when it went well
}

// Broken is a file that cannot be read.
type Broken struct {
	ID     string
	Why    string
	Rows   uint64
	First  int64
	Last   int64
	Tenant uint16
}

// Status gives the state of the log.
func (l *Log) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{Error: l.lastError, Refused: l.bad}
	for _, t := range []*tail{l.tail, l.frozen} {
		if t != nil {
			s.Waiting += t.count
			s.WaitBytes += t.bytes
			if t.count > 0 {
				s.span(t.min, t.max)
			}
		}
	}
	for _, g := range l.segments {
		if why := g.broken(); why != "" {
			s.Broken = append(s.Broken, Broken{ID: g.ID, Why: why, Rows: g.Rows, First: g.MinTime, Last: g.MaxTime, Tenant: g.Tenant})
			continue
		}
		s.Segments++
		s.Rows += g.Rows
		s.Bytes += g.Bytes
		s.span(g.MinTime, g.MaxTime)
	}
	return s
}

func (s *Status) span(from, to int64) {
	if s.First == 0 && s.Last == 0 {
		s.First, s.Last = from, to
	}
	s.First, s.Last = min(s.First, from), max(s.Last, to)
}

// broken gives the reason why a segment cannot be read.
func (s *sealed) broken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Broken
}

// hold keeps the file from being removed until release. Who reads the list of
// segments calls it before it lets go of the log's lock.
func (s *sealed) hold() {
	s.mu.Lock()
	s.refs++
	s.mu.Unlock()
}

// use opens the file for one who holds it.
func (s *sealed) use(ctx context.Context) (*openFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Broken != "" {
		return nil, fmt.Errorf("segment %s: %s", s.ID, s.Broken)
	}
	if s.file == nil {
		f, err := open(ctx, s.log.files, &s.Segment)
		if err != nil {
			return nil, err
		}
		s.file = f
	}
	return s.file, nil
}

func (s *sealed) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refs--; s.refs == 0 && s.gone {
		s.drop()
	}
}

// retire removes the file as soon as nobody reads it.
func (s *sealed) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.refs == 0 {
		s.drop()
	}
}

func (s *sealed) drop() {
	if s.file != nil {
		_ = s.file.Close() // it was only read
		s.file = nil
	}
	if err := s.log.files.remove(context.Background(), s.ID); err != nil {
		s.log.o.Log.Warn("a file of the event log could not be removed", "file", s.ID, "error", err)
	}
}

// maxOpen bounds the files that stay open between queries.
const maxOpen = 256

// trim closes files that nobody reads when there are many.
func (l *Log) trim() {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := 0
	for _, s := range l.segments { // newest first: these stay
		s.mu.Lock()
		if s.file != nil {
			if open++; open > maxOpen && s.refs == 0 {
				_ = s.file.Close() // it was only read
				s.file = nil
			}
		}
		s.mu.Unlock()
	}
}

// replace changes the list of segments: the one place where it happens. With
// it, in the eyes of queries, happens what also does.
func (l *Log) replace(add []hub.Segment, remove map[string]bool, also func()) {
	var retired []*sealed
	l.mu.Lock()
	if also != nil {
		also()
	}
	kept := make([]*sealed, 0, len(l.segments)+len(add))
	for _, s := range l.segments {
		if remove[s.ID] {
			retired = append(retired, s)
		} else {
			kept = append(kept, s)
		}
	}
	for _, s := range add {
		kept = append(kept, &sealed{Segment: s, log: l, index: readIndex(s.Index)})
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].MaxTime > kept[j].MaxTime })
	l.segments = kept
	l.mu.Unlock()
	for _, s := range retired {
		s.retire()
	}
}

// problem notes why something failed, for Status, and gives the error its class.
func (l *Log) problem(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = ident.Errorf(ident.Unavailable, "free some space or keep less (retention)", "%s: the disk is full: %w", what, err)
	} else if ident.CodeOf(err) == ident.Internal {
		err = ident.Errorf(ident.Unavailable, "", "%s: %w", what, err)
	}
	l.mu.Lock()
	l.lastError = err.Error()
	l.mu.Unlock()
	return err
}

func (l *Log) well() {
	l.mu.Lock()
	l.lastError = ""
	l.mu.Unlock()
}
