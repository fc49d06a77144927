package rtsp

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// AppendMedia appends the media of a session description (RFC 8866) in short,
// "video H264/90000, audio PCMA/8000", at most up to most bytes.
func AppendMedia(dst, sdp []byte, most int) []byte {
	room := func(n int) bool { return len(dst)+n <= most }
	mapped := true
	for {
		line, n := textline.Cut(sdp)
		if n == 0 {
			return dst
		}
		sdp = sdp[n:]
		if kind, ok := bytes.CutPrefix(line, []byte("m=")); ok {
			kind, _ = textline.Word(kind)
			if len(dst) > 0 && room(2) {
				dst = append(dst, ", "...)
			}
			if !room(len(kind)) || !textline.Printable(kind) {
				return dst
			}
			dst, mapped = append(dst, kind...), false
		} else if codec, ok := bytes.CutPrefix(line, []byte("a=rtpmap:")); ok && !mapped {
			_, codec = textline.Word(codec)
			if !room(1+len(codec)) || !textline.Printable(codec) {
				return dst
			}
			dst, mapped = append(append(dst, ' '), codec...), true
		}
	}
}
