package logs

import (
	"bufio"
	"errors"
	"io"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/netflow"
)

// export reads a file of NetFlow or IPFIX messages, one behind the other (for
// IPFIX: RFC 5655).
type export struct {
	in      *bufio.Reader
	buf     []byte // what was read, from pos on not yet worked on
	pos     int
	ended   error
	decoder netflow.Decoder
	joiner  netflow.Joiner
	ready   []ready // records that wait for room in a batch
	given   int     // how many of them have been made facts
	flushed bool
}

// ready is a record with the number of the message that completed it.
type ready struct {
	record  netflow.Record
	message uint64
}

// window is how much must be at hand to know where a message ends.
const window = 64 << 10

// next gives a few of the records that are done, or works on one message.
func (e *export) next(r *Reader) error {
	if e.given < len(e.ready) {
		e.give(r, perLine)
		return nil
	}
	if err := e.fill(); err != nil {
		return err
	}
	if e.pos == len(e.buf) {
		return e.ended
	}
	r.number++
	r.stats.Lines++
	push := func(x *netflow.Record) { e.ready = append(e.ready, ready{*x, r.number}) }
	n, err := e.decoder.Decode(e.buf[e.pos:], func(x *netflow.Record) { e.joiner.Add(x, push) })
	e.pos += n
	at := r.stats.Bytes
	r.stats.Bytes += int64(n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, netflow.ErrShort):
		if e.ended == io.EOF {
			e.ended = &CutError{at, "the file ends inside a message"}
		}
		e.pos = len(e.buf)
		return nil
	case n > 0:
		return bad("%v", err)
	}
	e.ended, e.pos = &CutError{at, err.Error()}, len(e.buf)
	return nil
}

// fill reads until a whole message is at hand or the input ends.
func (e *export) fill() error {
	if len(e.buf)-e.pos >= window || e.ended != nil {
		return nil
	}
	if cap(e.buf) < 4*window {
		e.buf = append(make([]byte, 0, 4*window), e.buf...)
	}
	n := copy(e.buf, e.buf[e.pos:])
	e.buf, e.pos = e.buf[:n], 0
	m, err := io.ReadFull(e.in, e.buf[n:cap(e.buf)])
	e.buf = e.buf[:n+m]
	switch {
	case err == io.ErrUnexpectedEOF && m < cap(e.buf)-n, err == io.EOF:
		// ReadFull says the same of a stream that ended and of damaged gzip data.
		if _, err = e.in.Peek(1); err != nil {
			e.ended = err
		}
	case err != nil:
		e.ended = err
	}
	return nil
}

// give makes facts of at most n records.
func (e *export) give(r *Reader, n int) {
	for end := min(e.given+n, len(e.ready)); e.given < end; e.given++ {
		x := &e.ready[e.given]
		h := event.Header{Packet: x.message, Capture: r.opt.Capture, Place: r.opt.Place}
		x.record.Header(&h)
		x.record.Fact(emit[event.Flow](r, &h), netip.Addr{})
	}
	if e.given == len(e.ready) {
		e.ready, e.given = e.ready[:0], 0
	}
}

// drain gives what waited for its other direction.
func (e *export) drain(r *Reader, n int) bool {
	if !e.flushed {
		e.flushed = true
		e.joiner.Flush(func(x *netflow.Record) { e.ready = append(e.ready, ready{*x, r.number}) })
	}
	e.give(r, n)
	return e.given == len(e.ready)
}
