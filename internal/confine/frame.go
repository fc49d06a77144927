package confine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxFrame is the most bytes of a frame's content. Both sides hold to it: the
// parent because the child may be an attacker's by now.
const MaxFrame = 16 << 20

// Frame is one message from the child: a kind and its content. On the pipe it
// is the kind in one byte, the length in four (big-endian), and the content.
type Frame struct {
	Kind    byte
	Content []byte
}

// The kinds that this package makes itself. Users take other letters.
const (
	stateFrame = 'S' // the State of the child, in JSON: the first frame
	errorFrame = 'E' // why the child ends, as text
)

// Writer writes frames. It is safe for concurrent use.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter makes a Writer.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one frame. It waits until the parent takes it.
func (w *Writer) Write(kind byte, content []byte) error {
	if len(content) > MaxFrame {
		return fmt.Errorf("write a frame: %d bytes are more than %d", len(content), MaxFrame)
	}
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(content)))
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(head[:]); err != nil {
		return fmt.Errorf("write a frame: %w", err)
	}
	if _, err := w.w.Write(content); err != nil {
		return fmt.Errorf("write a frame: %w", err)
	}
	return nil
}

// errFrame says that the child does not keep to the form.
var errFrame = errors.New("the child's output is not what it should be")

// reader reads frames. Memory grows with what has come, not with what a
// length claims.
type reader struct{ r *bufio.Reader }

func (r *reader) next() (Frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: a frame is cut", errFrame)
		}
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > MaxFrame {
		return Frame{}, fmt.Errorf("%w: a frame of %d bytes", errFrame, n)
	}
	f := Frame{Kind: head[0]}
	const step = 1 << 20
	for left := int(n); left > 0; {
		k := min(left, step)
		at := len(f.Content)
		f.Content = append(f.Content, make([]byte, k)...)
		if _, err := io.ReadFull(r.r, f.Content[at:]); err != nil {
			return Frame{}, fmt.Errorf("%w: a frame is cut", errFrame)
		}
		left -= k
	}
	return f, nil
}
