package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
)

// Recognise looks at the beginning of a stream and gives what log it is, with
// a reader that begins there again. Of what is no log at first sight it takes
// no more than 24 bytes, so that a capture that somebody still writes is not
// kept waiting.
func Recognise(in io.Reader) (Format, io.Reader, error) {
	head := make([]byte, 24)
	n, err := io.ReadFull(in, head)
	head = head[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return None, in, err
	}
	again := io.MultiReader(bytes.NewReader(head), in)
	zipped := n > 2 && head[0] == 0x1f && head[1] == 0x8b
	if !zipped && !texty(head) && !exported(head) {
		return None, again, nil
	}
	b := bufio.NewReaderSize(again, 64<<10)
	start, err := b.Peek(sniffSize)
	if err != nil && err != io.EOF {
		return None, b, err
	}
	if zipped {
		z, err := gzip.NewReader(bytes.NewReader(start))
		if err != nil {
			return None, b, nil
		}
		text := make([]byte, sniffSize)
		n, _ := io.ReadFull(z, text)
		start = text[:n]
	}
	return Sniff(start), b, nil
}

// texty reports whether bytes may begin a text.
func texty(b []byte) bool {
	b = bytes.TrimPrefix(b, byteOrderMark)
	for _, c := range b[:min(len(b), 4)] {
		if c >= 0x7f || c < ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return len(b) > 0
}

// exported reports whether bytes may begin an export message.
func exported(b []byte) bool {
	return len(b) > 1 && b[0] == 0 && (b[1] == 5 || b[1] == 9 || b[1] == 10)
}
