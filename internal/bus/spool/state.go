package spool

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"

	"edgeward/internal/ident"
)

// state is what the folder remembers beside its files: how far they have been
// read, and which number comes next even when all files were carried away.
type state struct {
	chain                  [chainSize]byte
	next                   uint64
	cursor                 Position
	lostFiles, lostRecords int64
}

const (
	stateName = "cursor"
	stateSize = chainSize + 6*8 + 4
)

func readState(dir string) (state, error) {
	var st state
	b, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		return st, err
	}
	if len(b) != stateSize || crc32.Checksum(b[:stateSize-4], castagnoli) != binary.BigEndian.Uint32(b[stateSize-4:]) {
		return st, ident.Errorf(ident.Invalid, "", "the spool's cursor is damaged")
	}
	copy(st.chain[:], b)
	for i, p := range []*int64{&st.cursor.Offset, &st.cursor.count, &st.lostFiles, &st.lostRecords} {
		*p = int64(binary.BigEndian.Uint64(b[chainSize+16+8*i:]))
	}
	st.next = binary.BigEndian.Uint64(b[chainSize:])
	st.cursor.File = binary.BigEndian.Uint64(b[chainSize+8:])
	return st, nil
}

func (s state) append(b []byte) []byte {
	b = append(b, s.chain[:]...)
	b = binary.BigEndian.AppendUint64(b, s.next)
	b = binary.BigEndian.AppendUint64(b, s.cursor.File)
	for _, v := range []int64{s.cursor.Offset, s.cursor.count, s.lostFiles, s.lostRecords} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// saveState writes the state where it changed; s.mu is held. It is replaced
// as a whole and not synced: an older one costs reading twice, no more.
func (s *Spool) saveState() error {
	st := state{s.chain, s.next, s.cursor, s.stats.LostFiles, s.stats.LostRecords}
	if st == s.saved {
		return nil
	}
	path := filepath.Join(s.o.Dir, stateName)
	if err := os.WriteFile(path+".new", st.append(nil), 0o600); err != nil {
		return ioError("write the spool's cursor", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return ioError("write the spool's cursor", err)
	}
	s.saved = st
	return nil
}
