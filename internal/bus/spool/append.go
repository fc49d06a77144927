package spool

import (
	"os"
	"time"

	"edgeward/internal/ident"
)

// Append adds a record. It survives the program's death when Append has
// returned, and the machine's after Sync or at most 200 ms or 256 records
// later. It fails as Unavailable while the disk is full; nothing of the record
// is there then, and a later call may succeed.
func (s *Spool) Append(payload []byte) error {
	if len(payload) > MaxRecord {
		return ident.Errorf(ident.Invalid, "", "record of %d bytes is longer than %d", len(payload), MaxRecord)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ident.Errorf(ident.Unavailable, "", "the spool is closed")
	}
	err := s.append(payload)
	s.stats.Full = ident.CodeOf(err) == ident.Unavailable
	if err == nil {
		s.wake()
	}
	return err
}

func (s *Spool) append(payload []byte) error {
	size := int64(recordHead + len(payload))
	if s.tail != nil && s.last().size+size+trailerSize > s.perFile && s.last().records > 0 {
		if err := s.seal(); err != nil {
			return err
		}
	}
	s.makeRoom(size + headerSize + trailerSize)
	if s.tail == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	f := s.last()
	b := appendRecord(make([]byte, 0, size), payload)
	if _, err := s.tail.WriteAt(b, f.size); err != nil {
		// A part of the record may be there; the next one overwrites it, and
		// a crash before that leaves a torn tail.
		_ = s.tail.Truncate(f.size)
		return ioError("write to the spool", err)
	}
	if f.records == 0 {
		s.opened = time.Now()
	}
	s.sum.h.Write(b)
	s.sum.records++
	f.size += size
	f.records++
	if s.unsynced++; s.unsynced >= syncRecords {
		return s.sync()
	}
	return nil
}

// last gives the file that is appended to; there must be one.
func (s *Spool) last() *file { return &s.files[len(s.files)-1] }

// begin starts a new file.
func (s *Spool) begin() error {
	path := openName(s.o.Dir, s.next)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o640)
	if err != nil {
		return ioError("make a spool file", err)
	}
	head := appendHeader(nil, s.chain, s.next)
	if _, err = f.Write(head); err == nil {
		err = syncDir(s.o.Dir)
	}
	if err != nil {
		f.Close()
		_ = os.Remove(path)
		return ioError("make a spool file", err)
	}
	s.sum.reset()
	s.sum.h.Write(head)
	s.tail, s.unsynced = f, 0
	s.files = append(s.files, file{number: s.next, size: headerSize})
	s.next++
	return nil
}

// Sync makes what was appended survive the machine's death.
func (s *Spool) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sync()
}

func (s *Spool) sync() error {
	if s.tail == nil || s.unsynced == 0 {
		return nil
	}
	if err := s.tail.Sync(); err != nil {
		return ioError("sync the spool", err)
	}
	s.unsynced = 0
	return nil
}

// Seal ends the file that is appended to, so that it can be carried away.
func (s *Spool) Seal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seal()
}

func (s *Spool) seal() error {
	if s.tail == nil {
		return nil
	}
	f := s.last()
	if f.records == 0 { // its number is given again, so that no gap shows
		s.tail.Close()
		s.tail = nil
		s.next = f.number
		s.files = s.files[:len(s.files)-1]
		return ioError("remove an empty file", os.Remove(openName(s.o.Dir, s.next)))
	}
	if _, err := s.tail.WriteAt(s.sum.trailer(), f.size); err != nil {
		_ = s.tail.Truncate(f.size)
		return ioError("seal a spool file", err)
	}
	if err := s.tail.Sync(); err != nil {
		return ioError("seal a spool file", err)
	}
	if err := os.Rename(openName(s.o.Dir, f.number), sealedName(s.o.Dir, f.number)); err != nil {
		return ioError("seal a spool file", err)
	}
	s.tail.Close()
	s.tail, s.unsynced = nil, 0
	f.sealed = true
	f.size += trailerSize
	return syncDir(s.o.Dir)
}

// makeRoom takes the oldest whole files away until n more bytes fit. What was
// not read is counted as lost; its gap shows at the hub.
func (s *Spool) makeRoom(n int64) {
	total := n
	for _, f := range s.files {
		total += f.size
	}
	for total > s.o.Limit && len(s.files) > 0 && s.files[0].sealed {
		f := s.files[0]
		if _, err := os.Stat(sealedName(s.o.Dir, f.number)); err == nil && f.number >= s.cursor.File {
			if lost := f.records - s.readOf(f); lost > 0 {
				s.stats.LostFiles++
				s.stats.LostRecords += lost
			}
		}
		s.drop()
		total -= f.size
	}
}

// readOf gives how many records of a file have been acknowledged.
func (s *Spool) readOf(f file) int64 {
	switch {
	case f.number < s.cursor.File:
		return f.records
	case f.number == s.cursor.File:
		return s.cursor.count
	}
	return 0
}

// drop removes the oldest file, which may have been carried away already.
func (s *Spool) drop() {
	f := s.files[0]
	_ = os.Remove(sealedName(s.o.Dir, f.number))
	s.files = s.files[1:]
	if s.reader != nil && s.readFile == f.number {
		s.reader.Close()
		s.reader = nil
	}
	after := Position{File: f.number + 1, Offset: headerSize}
	if s.cursor.File <= f.number {
		s.cursor = after
	}
	if s.read.File <= f.number {
		s.read = after
	}
}
