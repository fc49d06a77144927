// Package logs reads what other tools have written down about a network and
// makes facts of it, so that nothing that was kept is lost: logs of Zeek (tab
// separated, JSON lines, or CSV with a header), EVE JSON lines of Suricata and
// of this program, and files of NetFlow and IPFIX messages; plain or gzip.
//
// It judges nothing, repairs nothing and keeps no order but that of the lines.
// What a log tells of secrets is sealed. Package app uses it.
package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Format is what a log is written in.
type Format uint8

// The formats. CSV means columns with Zeek's names under a header line.
const (
	None Format = iota
	ZeekTSV
	ZeekJSON
	CSV
	EVE
	NetFlow
)

var formatNames = [...]string{"", "zeek-tsv", "zeek-json", "csv", "eve", "netflow"}

func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return ""
}

// Options says how facts are made.
type Options struct {
	Vault   event.Vault // seals passwords; nil keeps their length only
	Capture uint32      // index of the input in the run
	Place   ident.Place
}

// Stats counts what a Reader read.
type Stats struct {
	Lines    uint64 // or export messages
	Bytes    int64  // of the text, uncompressed
	Facts    uint64
	Flows    uint64
	Skipped  uint64 // lines of a kind that makes no facts: alerts, statistics, other logs
	Bad      uint64 // lines that could not be understood
	FirstBad error  // names the first of them
	First    int64  // the earliest and latest time of a fact, when there is one
	Last     int64

	Protocols [event.ProtoCount]Protocol
}

// Protocol counts the flows of one application protocol.
type Protocol struct{ Flows, Bytes uint64 }

// maxFacts bounds one batch.
const maxFacts = 1024

// perLine is how many facts one line may make.
const perLine = 4

// Reader gives the facts of one log. It is used by one goroutine.
type Reader struct {
	name   string
	format Format
	opt    Options
	closer io.Closer
	parse  parser
	out    *event.Batch
	number uint64 // of the line or message at hand, from 1
	seq    uint64
	stats  Stats
	ended  error // what the input ended with
	doc    document
	joined []byte // scratch memory for lists
}

// parser turns the input into facts step by step.
type parser interface {
	// next works on one line or message, or gives the error that ended the
	// input. A *lineError counts and does no harm.
	next(r *Reader) error
	// drain makes facts of what was kept back, at the end of the input, and
	// reports whether that is all. It makes at most n.
	drain(r *Reader, n int) bool
}

// errSkip says that the line is of a kind that makes no facts.
var errSkip = errors.New("no facts are made of this kind")

// lineError says that a line cannot be understood.
type lineError struct{ reason string }

func (e *lineError) Error() string { return e.reason }

func bad(format string, args ...any) error { return &lineError{fmt.Sprintf(format, args...)} }

// CutError says that a compressed log or a file of messages ends early; all
// facts before that were given.
type CutError struct {
	Offset int64 // of the text, uncompressed
	Reason string
}

func (e *CutError) Error() string {
	return fmt.Sprintf("log is cut at byte %d: %s", e.Offset, e.Reason)
}

const sniffSize = 4 << 10

// Open opens a log. Errors are [ident.Error]s.
func Open(path string, o Options) (*Reader, error) {
	h, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	r, err := New(h, path, o)
	if err != nil {
		h.Close()
		return nil, err
	}
	r.closer = h
	return r, nil
}

func openError(path string, err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ident.Errorf(ident.NotFound, "check the path", "read log %q: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return ident.Errorf(ident.Denied, "check the permissions of the file and its directories", "read log %q: %w", path, err)
	}
	return ident.Errorf(ident.Unavailable, "the disk or the process that feeds it failed; try again", "read log %q: %w", path, err)
}

// New reads a log from a stream; name is used in messages and tells, where the
// content does not, which of Zeek's logs it is.
func New(in io.Reader, name string, o Options) (*Reader, error) {
	b := bufio.NewReaderSize(in, 64<<10)
	if head, _ := b.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, ident.Errorf(ident.Invalid, "copy the file again", "read log %q: gzip data is damaged: %w", name, err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	head, _ := b.Peek(sniffSize)
	r := &Reader{name: name, opt: o, format: Sniff(head)}
	switch r.format {
	case NetFlow:
		r.parse = &export{in: b}
	case None:
		return nil, ident.Errorf(ident.Invalid, "logs are those of Zeek, EVE JSON lines, NetFlow or IPFIX", "read log %q: not a log that is known", name)
	default:
		if r.parse = textParser(r.format, b, name); r.parse == nil {
			return nil, ident.Errorf(ident.Invalid, "use the program with the hub", "read log %q: this build reads no logs of Zeek or in EVE", name)
		}
	}
	return r, nil
}

// Format gives what the log is written in.
func (r *Reader) Format() Format { return r.format }

// Stats gives the counters so far.
func (r *Reader) Stats() Stats { return r.stats }

// Close closes the file.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	c := r.closer
	r.closer = nil
	return c.Close()
}

// Read empties b and fills it with the next facts, 1024 at the most. At the
// end of the log it gives io.EOF, or a [*CutError]; b is empty then.
func (r *Reader) Read(ctx context.Context, b *event.Batch) error {
	b.Reset()
	r.out = b
	defer func() {
		r.out = nil
		r.count(b)
	}()
	for n := 0; r.ended == nil && b.Len() <= maxFacts-perLine; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		err := r.parse.next(r)
		damage := (*lineError)(nil)
		switch {
		case err == nil:
		case err == errSkip:
			r.stats.Skipped++
		case errors.As(err, &damage):
			if r.stats.Bad++; r.stats.FirstBad == nil {
				r.stats.FirstBad = fmt.Errorf("line %d: %w", r.number, err)
			}
		default:
			r.ended = r.end(err)
		}
	}
	if r.ended != nil && b.Len() < maxFacts && r.parse.drain(r, maxFacts-b.Len()) && b.Len() == 0 {
		return r.ended
	}
	return nil
}

// count adds a batch to the counters.
func (r *Reader) count(b *event.Batch) {
	for _, f := range b.Facts() {
		first := f.Time
		if flow, ok := f.Body.(*event.Flow); ok {
			r.stats.Flows++
			first = flow.Start
			if p := &r.stats.Protocols[flow.AppProto]; flow.AppProto != event.ProtoUnknown {
				p.Flows++
				p.Bytes += flow.BytesToServer + flow.BytesToClient
			}
		}
		if r.stats.Facts == 0 {
			r.stats.First, r.stats.Last = first, f.Time
		}
		r.stats.Facts++
		r.stats.First, r.stats.Last = min(r.stats.First, first), max(r.stats.Last, f.Time)
	}
}

// end says for the user how the input ended.
func (r *Reader) end(err error) error {
	cut := (*CutError)(nil)
	switch {
	case err == io.EOF, errors.As(err, &cut):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &CutError{r.stats.Bytes, "gzip data ends early"}
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), strings.HasPrefix(err.Error(), "flate:"):
		return &CutError{r.stats.Bytes, "gzip data is damaged"}
	}
	return ident.Errorf(ident.Unavailable, "the disk or the process that feeds it failed; try again", "read log %q: %w", r.name, err)
}

// header gives the envelope for facts of the line at hand.
func (r *Reader) header() event.Header {
	return event.Header{Packet: r.number, Capture: r.opt.Capture, Place: r.opt.Place}
}

// emit makes a fact.
func emit[T any, P interface {
	*T
	event.Body
}](r *Reader, h *event.Header) P {
	r.seq++
	return event.Add[T, P](r.out, h, event.Order{Packet: h.Packet, Seq: r.seq})
}

// maxText bounds what of one value is kept.
const maxText = 1024

// text copies a value into the batch.
func (r *Reader) text(b []byte) string { return r.out.String(b[:min(len(b), maxText)]) }

// seal keeps what may be kept of a password.
func (r *Reader) seal(service event.Proto, user string, value []byte) event.Secret {
	if r.opt.Vault == nil {
		return event.Secret{Seen: true, Len: uint16(min(len(value), 65535))}
	}
	return r.opt.Vault.Seal(r.out, service.String(), user, value)
}

// FormatOf gives the format of a file, None when it is no log that is known or
// cannot be read.
func FormatOf(path string) Format {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return None
	}
	h, err := os.Open(path)
	if err != nil {
		return None
	}
	defer h.Close()
	return sniffReader(h)
}

// sniffReader gives the format of what a reader begins with.
func sniffReader(in io.Reader) Format {
	head := make([]byte, sniffSize)
	n, _ := io.ReadFull(in, head)
	head = head[:n]
	if n > 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(io.MultiReader(bytes.NewReader(head), in))
		if err != nil {
			return None
		}
		text := make([]byte, sniffSize)
		n, _ = io.ReadFull(z, text)
		head = text[:n]
	}
	return Sniff(head)
}

// FirstTime gives the time of the first fact of a log, io.EOF when it has none.
func FirstTime(path string) (int64, error) {
	r, err := Open(path, Options{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var b event.Batch
	if err := r.Read(context.Background(), &b); err != nil {
		return 0, err
	}
	return r.stats.First, nil
}

// kindOfName gives the Zeek log that a file name speaks of, as in
// "dns.2024-01-01-00-00-00-01-00-00.log.gz".
func kindOfName(name string) kind {
	base, _, _ := strings.Cut(filepath.Base(name), ".")
	return kindByName[base]
}
