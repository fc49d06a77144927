// Package spool is a folder in which a sensor keeps what it could not send
// yet: files of records, appended, synced in groups, sealed and numbered. A
// forwarder reads them in order and forgets what the hub has taken; or nobody
// reads them and a person carries the sealed files over a data diode, where
// [Scan] checks and reads them. A record is opaque bytes here.
//
// The folder is bounded: when it is full, the oldest whole file goes and is
// counted. A crash costs at most the records of the last group; a torn tail is
// cut at the next start.
package spool

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"edgeward/internal/ident"
)

// The defaults and limits.
const (
	DefaultLimit = 256 << 20
	minimumLimit = 1 << 20
	MaxRecord    = 8 << 20 // bytes of one record

	maxFileSize = 16 << 20
	syncEvery   = 200 * time.Millisecond
	syncRecords = 256
)

// Options say where a spool is and how much it may hold.
type Options struct {
	Dir   string
	Limit int64 // bytes of all files; 0 for DefaultLimit
	// SealAfter seals a file that has records after this time even if it is
	// small, so that it can be carried away; 0 seals by size only.
	SealAfter time.Duration
}

// Stats are a spool's figures.
type Stats struct {
	Files   int
	Bytes   int64
	Records int64 // that wait for the reader
	// LostFiles and LostRecords count what went unread because the folder was
	// full, over the spool's whole life.
	LostFiles   int64
	LostRecords int64
	Cut         int64 // bytes of torn records that were cut at the start
	Full        bool  // the file system refused the last write
}

// Position is a place between two records.
type Position struct {
	File   uint64
	Offset int64
	count  int64 // records of the file before it
}

// Record is what was appended, and the place behind it.
type Record struct {
	Payload []byte
	End     Position
}

// file is one numbered file of the folder.
type file struct {
	number  uint64
	size    int64
	records int64
	sealed  bool
}

// Spool is an open folder. Append, Next and Ack may be called from different
// goroutines; there is one reader.
type Spool struct {
	o       Options
	chain   [chainSize]byte
	perFile int64
	lock    *os.File

	mu       sync.Mutex
	files    []file // oldest first; the last may be open for appending
	tail     *os.File
	sum      sealer
	unsynced int
	opened   time.Time // when the tail got its first record
	cursor   Position  // acknowledged up to here
	read     Position  // handed out up to here
	reader   *os.File
	readFile uint64
	next     uint64 // number of the next file
	stats    Stats
	arrived  chan struct{} // holds one token when there may be something to read
	closed   bool
	failed   error // of the last sync
	saved    state

	stop chan struct{}
	done chan struct{}
}

// Open opens or makes the folder, which no other program may have open.
func Open(o Options) (*Spool, error) {
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	if o.Limit < minimumLimit {
		return nil, ident.Errorf(ident.Usage, "give the spool at least 1 MiB", "spool of %d bytes is too small", o.Limit)
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, ioError("make the spool's folder", err)
	}
	s := &Spool{
		o: o, perFile: min(maxFileSize, o.Limit/8), arrived: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.acquire(); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		s.lock.Close()
		return nil, err
	}
	s.wake()
	go s.syncLoop()
	return s, nil
}

// acquire locks the folder against a second program.
func (s *Spool) acquire() error {
	f, err := os.OpenFile(filepath.Join(s.o.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return ioError("lock the spool", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return ident.Errorf(ident.Denied, "give each sensor a folder of its own", "spool %s is in use by another program", s.o.Dir)
	}
	s.lock = f
	return nil
}

// load reads the state and the files, and cuts a torn tail.
func (s *Spool) load() error {
	st, err := readState(s.o.Dir)
	if errors.Is(err, fs.ErrNotExist) || ident.CodeOf(err) == ident.Invalid {
		// A state that a crash or a bad disk left unreadable costs reading
		// again what the hub refuses as known; it costs no record.
		st = state{}
	} else if err != nil {
		return err
	}
	s.chain, s.next = st.chain, max(st.next, 1)
	s.stats.LostFiles, s.stats.LostRecords = st.lostFiles, st.lostRecords
	s.cursor = st.cursor
	names, err := list(s.o.Dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		path := filepath.Join(s.o.Dir, n.name)
		info, err := inspect(path, n.sealed)
		if err != nil {
			// What cannot be read is set aside, not deleted: a person may want it.
			if ident.CodeOf(err) != ident.Invalid {
				return err
			}
			if err := os.Rename(path, path+".bad"); err != nil {
				return ioError("set a damaged file aside", err)
			}
			s.stats.LostFiles++
			continue
		}
		if s.chain == ([chainSize]byte{}) {
			s.chain = info.chain
		}
		f := file{number: n.number, size: info.size, records: info.records, sealed: n.sealed}
		if !n.sealed {
			s.stats.Cut += info.torn
			if err := s.recoverTail(path, &f); err != nil {
				return err
			}
			if f.records == 0 {
				s.next = min(s.next, n.number)
				continue
			}
		}
		s.files = append(s.files, f)
		s.next = max(s.next, n.number+1)
	}
	if s.chain == ([chainSize]byte{}) {
		rand.Read(s.chain[:])
	}
	s.clampCursor()
	s.read = s.cursor
	s.count()
	return s.saveState()
}

// recoverTail cuts what a crash tore and seals the file, so that appending
// always starts a new one and a sealed file never changes. A file that holds
// nothing goes, and its number with it is given again.
func (s *Spool) recoverTail(path string, f *file) error {
	if f.records == 0 {
		return ioError("remove an empty file", os.Remove(path))
	}
	if err := sealTorn(path, f.size); err != nil {
		return err
	}
	sealed := sealedName(s.o.Dir, f.number)
	if err := os.Rename(path, sealed); err != nil {
		return ioError("seal a file", err)
	}
	f.sealed = true
	f.size += trailerSize
	return syncDir(s.o.Dir)
}

// clampCursor puts the cursor onto a record that exists.
func (s *Spool) clampCursor() {
	if len(s.files) == 0 {
		s.cursor = Position{File: s.next, Offset: headerSize}
		return
	}
	i := slices.IndexFunc(s.files, func(f file) bool { return f.number >= s.cursor.File })
	switch {
	case i < 0:
		s.cursor = Position{File: s.next, Offset: headerSize}
	case s.files[i].number > s.cursor.File || s.cursor.count > s.files[i].records:
		s.cursor = Position{File: s.files[i].number, Offset: headerSize}
	}
}

// count sums up what waits; s.mu is held, or the spool is not shared yet.
func (s *Spool) count() {
	s.stats.Files, s.stats.Bytes, s.stats.Records = len(s.files), 0, 0
	for _, f := range s.files {
		s.stats.Bytes += f.size
		switch {
		case f.number > s.cursor.File:
			s.stats.Records += f.records
		case f.number == s.cursor.File:
			s.stats.Records += f.records - s.cursor.count
		}
	}
}

// Stats gives the figures.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	return s.stats
}

// Chain identifies the folder: files of one chain are numbered without gaps.
func (s *Spool) Chain() string { return hex.EncodeToString(s.chain[:]) }

// Close writes what is pending and seals the last file.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errors.Join(s.seal(), s.saveState())
	if s.reader != nil {
		s.reader.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// syncLoop syncs what was appended at least every 200 ms and seals by age.
func (s *Spool) syncLoop() {
	defer close(s.done)
	t := time.NewTicker(syncEvery)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
		}
		s.mu.Lock()
		err := s.sync()
		if s.o.SealAfter > 0 && s.tail != nil && time.Since(s.opened) >= s.o.SealAfter {
			err = errors.Join(err, s.seal())
		}
		err = errors.Join(err, s.saveState())
		s.failed = err
		s.mu.Unlock()
	}
}

// Err gives what the last write behind the callers' back failed with.
func (s *Spool) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *Spool) wake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// ioError gives an error of the file system its class.
func ioError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return ident.Errorf(ident.Unavailable, "make room on the disk", "%s: %w", what, err)
	case errors.Is(err, fs.ErrPermission):
		return ident.Errorf(ident.Denied, "", "%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
