package spool

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"edgeward/internal/ident"
)

// A file is a header, records and, once it is sealed, a trailer; all numbers
// are big endian.
//
//	header   "EDGEWSP1", chain (8 bytes), number of the file (8), CRC-32C of these (4)
//	record   length of the payload (4), CRC-32C of the payload (4), payload
//	trailer  0xFFFFFFFF, number of records (4), SHA-256 of everything before
const (
	magic       = "EDGEWSP1"
	chainSize   = 8
	headerSize  = 8 + chainSize + 8 + 4
	recordHead  = 8
	trailerMark = 1<<32 - 1
	trailerSize = 8 + sha256.Size

	sealedSuffix = ".batches"
	openSuffix   = ".open"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealer hashes a file while it grows.
type sealer struct {
	h       hash.Hash
	records uint32
}

func (s *sealer) reset() {
	if s.h == nil {
		s.h = sha256.New()
	}
	s.h.Reset()
	s.records = 0
}

// trailer gives the file's end. The sum goes over everything before its head,
// so that it can be asked for again when writing it failed.
func (s *sealer) trailer() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, trailerSize), trailerMark)
	b = binary.BigEndian.AppendUint32(b, s.records)
	return s.h.Sum(b)
}

func appendHeader(b []byte, chain [chainSize]byte, number uint64) []byte {
	b = append(append(b, magic...), chain[:]...)
	b = binary.BigEndian.AppendUint64(b, number)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func appendRecord(b, payload []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...)
}

// name is a file of the folder.
type name struct {
	name   string
	number uint64
	sealed bool
}

func sealedName(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016d%s", n, sealedSuffix))
}

func openName(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016d%s", n, openSuffix))
}

// list gives the folder's files by number.
func list(dir string) ([]name, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, ident.Errorf(ident.NotFound, "", "read the spool: %w", err)
		}
		return nil, ioError("read the spool", err)
	}
	var names []name
	for _, e := range entries {
		digits, sealed := strings.CutSuffix(e.Name(), sealedSuffix)
		if !sealed {
			var open bool
			if digits, open = strings.CutSuffix(e.Name(), openSuffix); !open {
				continue
			}
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || n == 0 || !e.Type().IsRegular() {
			continue
		}
		names = append(names, name{e.Name(), n, sealed})
	}
	ident.Sort(names, func(a, b *name) int {
		if a.number != b.number {
			if a.number < b.number {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return names, nil
}

// contents is what inspect learned of a file.
type contents struct {
	chain   [chainSize]byte
	number  uint64
	size    int64 // of header, whole records and trailer
	records int64
	torn    int64 // bytes behind them
}

// walker reads a file record by record and checks it.
type walker struct {
	r       *bufio.Reader
	sum     hash.Hash
	c       contents
	payload []byte
	sealed  bool // the trailer was met and fits
}

var errTorn = errors.New("torn")

func newWalker(r io.Reader) (*walker, error) {
	w := &walker{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	var head [headerSize]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "no header: %w", err)
	}
	body := head[:headerSize-4]
	if !bytes.HasPrefix(body, []byte(magic)) || crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(head[headerSize-4:]) {
		return nil, ident.Errorf(ident.Invalid, "", "not a file of batches")
	}
	w.sum.Write(head[:])
	copy(w.c.chain[:], body[len(magic):])
	w.c.number = binary.BigEndian.Uint64(body[len(magic)+chainSize:])
	w.c.size = headerSize
	return w, nil
}

// next gives the payload of the next record, valid until the call after;
// io.EOF behind the trailer or at a clean end, errTorn at damage.
func (w *walker) next() ([]byte, error) {
	var head [recordHead]byte
	n, err := io.ReadFull(w.r, head[:])
	if errors.Is(err, io.EOF) && n == 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, errTorn
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == trailerMark {
		return nil, w.trailer(head[:])
	}
	if size > MaxRecord {
		return nil, errTorn
	}
	if cap(w.payload) < int(size) {
		w.payload = make([]byte, size)
	}
	w.payload = w.payload[:size]
	if _, err := io.ReadFull(w.r, w.payload); err != nil || crc32.Checksum(w.payload, castagnoli) != binary.BigEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	w.sum.Write(head[:])
	w.sum.Write(w.payload)
	w.c.records++
	w.c.size += recordHead + int64(size)
	return w.payload, nil
}

func (w *walker) trailer(head []byte) error {
	var want [sha256.Size]byte
	if _, err := io.ReadFull(w.r, want[:]); err != nil || int64(binary.BigEndian.Uint32(head[4:])) != w.c.records || !bytes.Equal(w.sum.Sum(nil), want[:]) {
		return errTorn
	}
	w.sealed = true
	w.c.size += trailerSize
	return io.EOF
}

// inspect reads a whole file. For a sealed one everything must fit; an open
// one may end in a torn record.
func inspect(path string, sealed bool) (contents, error) {
	f, err := os.Open(path)
	if err != nil {
		return contents{}, ioError("open a spool file", err)
	}
	defer f.Close()
	w, err := newWalker(f)
	if err != nil {
		if !sealed {
			return contents{}, nil // a crash before the header was written
		}
		return contents{}, fmt.Errorf("read %s: %w", path, err)
	}
	for err == nil {
		_, err = w.next()
	}
	if sealed && !w.sealed {
		return w.c, ident.Errorf(ident.Invalid, "", "read %s: damaged behind record %d", path, w.c.records)
	}
	info, err := f.Stat()
	if err != nil {
		return w.c, ioError("open a spool file", err)
	}
	if w.sealed && !sealed { // sealed, but the crash came before the rename
		w.c.size -= trailerSize
	}
	w.c.torn = max(info.Size()-w.c.size, 0)
	return w.c, nil
}

// sealTorn cuts a file behind its last whole record and adds the trailer.
func sealTorn(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return ioError("open a spool file", err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return ioError("cut a torn record", err)
	}
	w, err := newWalker(f)
	for err == nil {
		_, err = w.next()
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("seal %s: %w", path, err)
	}
	s := sealer{w.sum, uint32(w.c.records)}
	if _, err := f.WriteAt(s.trailer(), size); err != nil {
		return ioError("seal a file", err)
	}
	return ioError("seal a file", f.Sync())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return ioError("sync the spool's folder", err)
	}
	defer d.Close()
	return ioError("sync the spool's folder", d.Sync())
}
