package logs

import (
	"bufio"
	"bytes"
	"io"
)

// maxLine bounds a line; a longer one counts as bad.
const maxLine = 1 << 20

// lines gives the lines of a text.
type lines struct {
	in   *bufio.Reader
	long []byte // a line that did not fit into the reader's memory
}

// read gives the next line without its end; it is valid until the next call.
// A line that is too long is passed over and given as a *lineError.
func (l *lines) read(r *Reader) ([]byte, error) {
	b, err := l.in.ReadSlice('\n')
	r.stats.Bytes += int64(len(b))
	if err == bufio.ErrBufferFull {
		l.long = append(l.long[:0], b...)
		tooLong := false
		for err == bufio.ErrBufferFull {
			b, err = l.in.ReadSlice('\n')
			r.stats.Bytes += int64(len(b))
			if tooLong = tooLong || len(l.long)+len(b) > maxLine; !tooLong {
				l.long = append(l.long, b...)
			}
		}
		b = l.long
		if tooLong {
			r.number++
			r.stats.Lines++
			if err != nil && err != io.EOF {
				return nil, err
			}
			return nil, bad("the line is longer than %d bytes", maxLine)
		}
	}
	if err != nil && (err != io.EOF || len(b) == 0) {
		return nil, err
	}
	r.number++
	r.stats.Lines++
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	if r.number == 1 {
		b = bytes.TrimPrefix(b, byteOrderMark)
	}
	return b, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")
