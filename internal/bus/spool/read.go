package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"

	"edgeward/internal/ident"
)

// Next gives the next record after those it gave before; it waits for one
// until the context ends. The payload is the caller's.
func (s *Spool) Next(ctx context.Context) (Record, error) {
	for {
		r, ok, err := s.tryNext()
		if ok || err != nil {
			return r, err
		}
		select {
		case <-ctx.Done():
			return Record{}, ctx.Err()
		case <-s.arrived:
		}
	}
}

// TryNext is Next without waiting; ok is false when there is nothing.
func (s *Spool) TryNext() (r Record, ok bool, err error) { return s.tryNext() }

func (s *Spool) tryNext() (Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		f := s.fileAt(s.read.File)
		if f == nil {
			return Record{}, false, nil
		}
		if f.number != s.read.File {
			s.read = Position{File: f.number, Offset: headerSize}
		}
		if s.read.count < f.records {
			r, err := s.readRecord(f)
			if err == nil || ident.CodeOf(err) != ident.Invalid {
				return r, err == nil, err
			}
			// A bad disk: the rest of this file cannot be trusted.
			s.stats.LostRecords += f.records - s.read.count
		}
		if !f.sealed {
			return Record{}, false, nil
		}
		s.read = Position{File: f.number + 1, Offset: headerSize}
	}
}

// fileAt gives the file with a number or the next one that exists.
func (s *Spool) fileAt(number uint64) *file {
	for i := range s.files {
		if s.files[i].number >= number {
			return &s.files[i]
		}
	}
	return nil
}

func (s *Spool) readRecord(f *file) (Record, error) {
	if s.reader == nil || s.readFile != f.number {
		if s.reader != nil {
			s.reader.Close()
			s.reader = nil
		}
		path := openName(s.o.Dir, f.number)
		if f.sealed {
			path = sealedName(s.o.Dir, f.number)
		}
		r, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return Record{}, ident.Errorf(ident.Invalid, "", "%s is gone", filepath.Base(path))
		}
		if err != nil {
			return Record{}, ioError("read the spool", err)
		}
		s.reader, s.readFile = r, f.number
	}
	var head [recordHead]byte
	if _, err := s.reader.ReadAt(head[:], s.read.Offset); err != nil {
		return Record{}, ident.Errorf(ident.Invalid, "", "read the spool: %w", err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > MaxRecord {
		return Record{}, ident.Errorf(ident.Invalid, "", "read the spool: damaged record")
	}
	payload := make([]byte, size)
	if _, err := s.reader.ReadAt(payload, s.read.Offset+recordHead); err != nil || crc32.Checksum(payload, castagnoli) != binary.BigEndian.Uint32(head[4:]) {
		return Record{}, ident.Errorf(ident.Invalid, "", "read the spool: damaged record")
	}
	s.read.Offset += recordHead + int64(size)
	s.read.count++
	return Record{payload, s.read}, nil
}

// Ack forgets everything up to a position that a record gave. Files that have
// been read whole go.
func (s *Spool) Ack(p Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.File < s.cursor.File || p.File == s.cursor.File && p.count < s.cursor.count {
		return
	}
	s.cursor = p
	for len(s.files) > 0 && s.files[0].sealed && s.readOf(s.files[0]) >= s.files[0].records {
		s.drop()
	}
}

// Rewind makes Next start again behind what was acknowledged.
func (s *Spool) Rewind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = s.cursor
	s.wake()
}
