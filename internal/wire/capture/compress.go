package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window a zstd capture may ask for. All levels but
// the two highest "ultra" ones stay below.
const maxWindow = 32 << 20

// peek reads the first bytes, fewer when there are no more, and gives a reader
// that begins with them.
func peek(r io.Reader) (head []byte, all io.Reader, err error) {
	head = make([]byte, sniffSize)
	n, err := io.ReadFull(r, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return head[:n], bytes.NewReader(head[:n]), nil
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), r), err
}

// source remembers a read error of the system, so that it is not taken for
// damage of the compressed data.
type source struct {
	in  io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// damageError says what is wrong with compressed data.
type damageError struct{ reason string }

func (e *damageError) Error() string { return e.reason }

// inflater decompresses. Its errors are those of the source or a damageError.
type inflater struct {
	src    *source
	open   func() (io.Reader, func(), error)
	out    io.Reader
	finish func()
	format string
}

// decompress gives a reader of the data inside a compressed file, nil when
// the first bytes are not those of one.
func decompress(head []byte, all io.Reader, src *source) *inflater {
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		return &inflater{src: src, format: "gzip", open: func() (io.Reader, func(), error) {
			z, err := gzip.NewReader(all)
			return z, func() {}, err
		}}
	case len(head) >= 4 && (bytes.Equal(head[:4], []byte{0x28, 0xb5, 0x2f, 0xfd}) || head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})):
		return &inflater{src: src, format: "zstd", open: func() (io.Reader, func(), error) {
			z, err := zstd.NewReader(all, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, nil, err
			}
			return z, z.Close, nil
		}}
	}
	return nil
}

func (z *inflater) Read(b []byte) (int, error) {
	if z.out == nil {
		out, finish, err := z.open()
		if err != nil {
			return 0, z.explain(err)
		}
		z.out, z.finish = out, finish
	}
	n, err := z.out.Read(b)
	if err != nil && err != io.EOF {
		err = z.explain(err)
	}
	return n, err
}

func (z *inflater) explain(err error) error {
	switch {
	case z.src.err != nil:
		return z.src.err
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return &damageError{z.format + " data ends early"}
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &damageError{fmt.Sprintf("zstd data needs a window of more than %d MiB; decompress it with zstd --long=31 first", maxWindow>>20)}
	}
	return &damageError{fmt.Sprintf("%s data is damaged: %v", z.format, err)}
}

func (z *inflater) close() {
	if z.finish != nil {
		z.finish()
		z.finish = nil
	}
}
