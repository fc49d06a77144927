package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxFrame bounds what travels through a pipe at once.
const MaxFrame = 16 << 20

// WriteFrame writes a message with its length in front, in one Write, so that
// the other end of a pipe never sees half a length.
func WriteFrame(w io.Writer, message []byte) error {
	if len(message) > MaxFrame {
		return fmt.Errorf("write frame: %d bytes are more than %d", len(message), MaxFrame)
	}
	buf := make([]byte, 0, 4+len(message))
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(message)))
	_, err := w.Write(append(buf, message...))
	if err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// ReadFrame reads a message into buf, which grows as needed, and gives it. The
// error is io.EOF when the stream ends between messages.
func ReadFrame(r io.Reader, buf []byte) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return buf[:0], io.EOF
		}
		return buf[:0], fmt.Errorf("read frame: %w", err)
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > MaxFrame {
		return buf[:0], invalid("a frame of %d bytes is larger than %d", size, MaxFrame)
	}
	// What is announced is not believed before it comes.
	const step = 256 << 10
	buf = buf[:0]
	for left := int(size); left > 0; {
		k := min(left, step)
		at := len(buf)
		buf = append(buf, make([]byte, k)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return buf[:0], fmt.Errorf("read frame: %w", noEOF(err))
		}
		left -= k
	}
	return buf, nil
}

// noEOF tells the end within a frame from the end between frames.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
