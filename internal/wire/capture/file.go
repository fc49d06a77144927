package capture

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"edgeward/internal/ident"
)

// File reads a pcap or pcapng capture, plain or compressed, in order. It is a
// Source.
type File struct {
	name    string
	in      io.Reader
	closer  io.Closer
	inflate *inflater                   // nil for plain files
	ready   func(context.Context) error // waits until in has something, for pipes
	pool    *pool
	parse   parser

	cur    *block // filled to end, frames taken up to pos
	pos    int
	end    int
	base   int64 // offset in the capture of the first byte of cur
	record int64 // offset of the record at hand
	skip   int64 // bytes of it that are still to be passed over
	chunk  int   // how much to read at once
	ended  error // what the input ended with: io.EOF or an error
	failed error // what ended the capture, for the user

	number   uint64
	lastTime int64
	stats    Stats
}

// parser knows one file format. next looks at the record that begins in b, of
// which more may follow, and gives its length. It gives 0 when it needs more,
// which must never be more than maxRecord in all, and an error when the record
// is damaged. A length of more than len(b) skips a record without its bytes.
// It appends a frame to the batch when the record holds one.
type parser interface {
	next(f *File, b []byte, to *Batch) (n int64, err error)
}

// errShort says that the record is not all there yet.
var errShort = errors.New("record is not complete")

// Open opens a capture file. Errors are [ident.Error]s that say in one line
// what is wrong with the file. A file that is cut inside its header opens, and
// the first Read gives the [CutError].
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, openError(path, err)
	}
	if info.IsDir() {
		return nil, ident.Errorf(ident.Usage, "give the files in it, or let analyze read the whole directory", "read capture %q: it is a directory", path)
	}
	h, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	f, err := newFile(h, path)
	if err != nil {
		h.Close()
		return nil, err
	}
	f.closer = h
	if !info.Mode().IsRegular() {
		f.ready = pollReader(h)
	}
	return f, nil
}

func openError(path string, err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ident.Errorf(ident.NotFound, "check the path", "read capture %q: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return ident.Errorf(ident.Denied, "check the permissions of the file and its directories", "read capture %q: %w", path, err)
	}
	return ident.Errorf(ident.Unavailable, readHint, "read capture %q: %w", path, err)
}

// NewReader reads a capture from a stream; name is used in messages.
func NewReader(r io.Reader, name string) (*File, error) {
	f, err := newFile(r, name)
	if err != nil {
		return nil, err
	}
	if h, ok := r.(*os.File); ok {
		f.ready = pollReader(h)
	}
	return f, nil
}

// sniffSize is how much of a file tells what it is.
const sniffSize = 24

func newFile(r io.Reader, name string) (*File, error) {
	f := &File{name: name, chunk: readSize}
	src := &source{in: r}
	head, rest, err := peek(src)
	if err != nil {
		return nil, ident.Errorf(ident.Unavailable, readHint, "read capture %q: %w", name, err)
	}
	if len(head) > 0 {
		if inner := decompress(head, rest, src); inner != nil {
			f.inflate = inner
			if head, rest, err = peek(inner); err != nil && len(head) < 4 {
				if src.err != nil {
					inner.close()
					return nil, ident.Errorf(ident.Unavailable, readHint, "read capture %q: %w", name, src.err)
				}
				f.fail(0, err.Error())
				return f, nil
			}
		}
	}
	if len(head) == 0 {
		if f.inflate != nil {
			f.inflate.close()
		}
		return nil, ident.Errorf(ident.Invalid, "nothing was written to it; record it again", "read capture %q: the file is empty", name)
	}
	f.in = rest
	parse, size, err := sniff(head)
	if err != nil && f.inflate != nil {
		f.inflate.close()
	}
	switch {
	case errors.Is(err, errShort):
		f.fail(0, "file ends inside its header")
		return f, nil
	case errors.Is(err, errNotCapture):
		return nil, ident.Errorf(ident.Invalid, "captures are pcap or pcapng files, plain, gzip or zstd", "read capture %q: not a capture file", name)
	case err != nil:
		return nil, ident.Errorf(ident.Invalid, unsupportedHint, "read capture %q: %w", name, err)
	}
	f.parse, f.skip = parse, size
	return f, nil
}

// Hints for the user.
const (
	unsupportedHint = "record on an interface with Ethernet, raw IP, Linux cooked or loopback framing"
	readHint        = "the disk or the process that feeds it failed; try again"
)

// fail ends the capture at an offset.
func (f *File) fail(offset int64, reason string) {
	f.stats.Truncated, f.stats.CutOffset = true, offset
	f.failed = &CutError{Offset: offset, Reason: reason}
}

// Name gives the name that messages use.
func (f *File) Name() string { return f.name }

// Stats gives the counters so far.
func (f *File) Stats() Stats { return f.stats }

// Close closes the file. Batches that are still in use stay valid.
func (f *File) Close() error {
	if f.cur != nil {
		f.cur.release()
		f.cur = nil
	}
	if f.failed == nil {
		f.failed = fs.ErrClosed
	}
	if f.inflate != nil {
		f.inflate.close()
	}
	if f.closer == nil {
		return nil
	}
	c := f.closer
	f.closer = nil
	return c.Close()
}

// Read fills b with at least one frame. See [Source].
func (f *File) Read(ctx context.Context, b *Batch) error {
	b.reset()
	for {
		if f.cur != nil && f.failed == nil {
			f.frames(b)
			if len(b.Frames) > 0 {
				return nil
			}
		}
		if f.failed != nil {
			return f.failed
		}
		if err := f.fill(ctx); err != nil {
			return err
		}
	}
}

// frames takes frames out of what has been read.
func (f *File) frames(b *Batch) {
	for len(b.Frames) < batchFrames {
		if f.skip > 0 {
			n := min(f.skip, int64(f.end-f.pos))
			f.pos += int(n)
			if f.skip -= n; f.skip > 0 {
				break
			}
		}
		n, err := f.parse.next(f, f.cur.data[f.pos:f.end], b)
		if err == errShort {
			break
		}
		if err != nil {
			f.fail(f.base+int64(f.pos), err.Error())
			break
		}
		f.record, f.skip = f.base+int64(f.pos), n
	}
	if len(b.Frames) > 0 {
		b.hold(f.cur)
	}
}

// fill reads more of the capture, into a new block when the old one is full.
func (f *File) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.ended != nil {
		f.finish()
		return nil
	}
	if f.cur == nil || f.end == len(f.cur.data) {
		if err := f.turn(ctx); err != nil {
			return err
		}
	}
	if f.ready != nil {
		if err := f.ready(ctx); err != nil {
			return err
		}
	}
	n, err := f.in.Read(f.cur.data[f.end:min(len(f.cur.data), f.end+f.chunk)])
	f.end += n
	f.ended = err
	return nil
}

// turn goes on to a new block and takes along the beginning of a record.
func (f *File) turn(ctx context.Context) error {
	if f.pool == nil {
		f.pool = newPool(fileBlocks)
	}
	next, err := f.pool.get(ctx)
	if err != nil {
		return err
	}
	if f.cur != nil {
		n := copy(next.data, f.cur.data[f.pos:f.end])
		f.base += int64(f.pos)
		f.pos, f.end = 0, n
		f.cur.release()
	}
	f.cur = next
	return nil
}

// finish says how the capture ended, when all that could be read of it has
// been handed out.
func (f *File) finish() {
	at := f.base + int64(f.pos)
	if f.skip > 0 {
		at = f.record
	}
	damage := (*damageError)(nil)
	switch {
	case errors.As(f.ended, &damage):
		f.fail(at, damage.Error())
	case f.ended != io.EOF:
		f.failed = ident.Errorf(ident.Unavailable, readHint, "read capture %q: %w", f.name, f.ended)
	case f.skip > 0 || f.pos < f.end:
		f.fail(at, "file ends inside a record")
	case f.number == 0 && f.stats.Skipped > 0:
		f.failed = ident.Errorf(ident.Invalid, unsupportedHint, "read capture %q: no packet has a link type that is supported", f.name)
	default:
		f.failed = io.EOF
	}
}

// Files lists the captures behind paths in the order given, the files of each
// directory in the order of their paths. Directories are walked for files that
// look like captures, or that one of the functions takes to be of use;
// skipped counts the others. "-" and plain files are taken as they are, so
// that opening them tells what is wrong with them.
func Files(paths []string, also ...func(name string) bool) (files []string, skipped int, err error) {
	for _, path := range paths {
		if path == "-" {
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, 0, openError(path, err)
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
			if err != nil {
				if name == path {
					return openError(name, err)
				}
				skipped++ // a directory below that cannot be read
				return nil
			}
			if e.IsDir() {
				return nil
			}
			if looksLikeCapture(name) || slices.ContainsFunc(also, func(f func(string) bool) bool { return f(name) }) {
				files = append(files, name)
			} else {
				skipped++
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return files, skipped, nil
}

// looksLikeCapture reports whether a regular file begins like a capture. One
// that may not be read counts as well: opening it tells the user.
func looksLikeCapture(name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	h, err := os.Open(name)
	if err != nil {
		return errors.Is(err, fs.ErrPermission)
	}
	defer h.Close()
	src := &source{in: h}
	head, rest, err := peek(src)
	if err != nil || len(head) == 0 {
		return false
	}
	if inner := decompress(head, rest, src); inner != nil {
		head, _, _ = peek(inner)
		inner.close()
	}
	_, _, err = sniff(head)
	return len(head) >= 4 && !errors.Is(err, errNotCapture)
}

// FirstTime gives the time of the first packet of a capture, io.EOF when it
// has none.
func FirstTime(path string) (int64, error) {
	f, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	f.chunk = 4 << 10
	var b Batch
	if err := f.Read(context.Background(), &b); err != nil {
		return 0, err
	}
	t := b.Frames[0].Time
	b.Release()
	return t, nil
}
