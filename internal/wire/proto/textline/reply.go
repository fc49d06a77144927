package textline

import "errors"

// MaxReply is how long a reply of several lines may be.
const MaxReply = 16 << 10

// The errors of DecodeReply.
var (
	ErrShort = errors.New("textline: incomplete reply")
	ErrReply = errors.New("textline: no numbered reply")
)

// Reply is a numbered reply as FTP (RFC 959 section 4.2) and SMTP (RFC 5321
// section 4.2) give it, in one line or several.
type Reply struct {
	Code uint16 // 100 to 599
	Text []byte // of the first line
	Last []byte // of the last line; the same as Text when there is one line
	All  []byte // all lines with their codes
}

// DecodeReply reads the reply at the beginning of b and gives its length.
func DecodeReply(dst *Reply, b []byte) (n int, err error) {
	*dst = Reply{}
	line, n := Cut(b)
	if n == 0 {
		if len(b) >= 4 && !isReplyLine(b) || len(b) > MaxReply {
			return 0, ErrReply
		}
		return 0, ErrShort
	}
	if !isReplyLine(line) {
		return 0, ErrReply
	}
	dst.Code = uint16(line[0]-'0')*100 + uint16(line[1]-'0')*10 + uint16(line[2]-'0')
	dst.Text = replyText(line)
	dst.Last = dst.Text
	if len(line) > 3 && line[3] == '-' {
		for {
			next, k := Cut(b[n:])
			if k == 0 {
				if len(b) > MaxReply {
					return 0, ErrReply
				}
				return 0, ErrShort
			}
			n += k
			if len(next) >= 3 && string(next[:3]) == string(line[:3]) && (len(next) == 3 || next[3] == ' ') {
				dst.Last = replyText(next)
				break
			}
		}
	}
	dst.All = b[:n]
	return n, nil
}

// isReplyLine reports whether a line begins with a code and a space, a hyphen
// or its end.
func isReplyLine(b []byte) bool {
	return len(b) >= 3 && b[0] >= '1' && b[0] <= '5' && isDigit(b[1]) && isDigit(b[2]) && (len(b) == 3 || b[3] == ' ' || b[3] == '-')
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func replyText(line []byte) []byte {
	if len(line) < 4 {
		return nil
	}
	return TrimSpace(line[4:])
}
