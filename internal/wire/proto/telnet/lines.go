package telnet

// maxLine is how much is kept of a line in either direction.
const maxLine = 512

// escapes drops terminal escape sequences (ECMA-48 section 5.4, and OSC).
type escapes uint8

const (
	escNone escapes = iota
	escStart
	escControl // in a control sequence, until a final byte
	escString  // in an operating system command, until BEL or ESC
)

// swallow reports whether the byte belongs to an escape sequence.
func (e *escapes) swallow(ch byte) bool {
	switch *e {
	case escNone:
		if ch != 0x1b {
			return false
		}
		*e = escStart
	case escStart:
		switch ch {
		case '[', 'O', '(', ')':
			*e = escControl
		case ']', 'P':
			*e = escString
		default:
			*e = escNone
		}
	case escControl:
		if ch >= 0x40 && ch <= 0x7e || ch < ' ' {
			*e = escNone
		}
	case escString:
		if ch == 7 || ch == '\n' || ch == 0x1b {
			*e = escNone
		}
	}
	return true
}

// typed gathers the line that the client is typing, key by key or at once.
type typed struct {
	line []byte
	esc  escapes
	open bool // a line was begun
	cr   bool // the last byte was a carriage return
}

func (t *typed) reset() { *t = typed{line: t.line[:0]} }

// empty reports whether the next byte begins a line.
func (t *typed) empty() bool { return !t.open && t.esc == escNone }

// put takes a byte and reports whether it ended the line.
func (t *typed) put(ch byte) bool {
	cr := t.cr
	t.cr = ch == '\r'
	if t.esc.swallow(ch) {
		return false
	}
	switch {
	case cr && (ch == '\n' || ch == 0): // second half of CR LF or CR NUL
	case ch == '\r', ch == '\n':
		return true
	case ch == 8 || ch == 0x7f: // erase
		if len(t.line) > 0 {
			t.line = t.line[:len(t.line)-1]
		}
	case ch == 3, ch == 4, ch == 0x15, ch == 0x1a: // interrupt, end, kill line, suspend
		t.line = t.line[:0]
		t.open = false
	case ch < ' ' && ch != '\t':
	default:
		t.open = true
		if len(t.line) < maxLine {
			t.line = append(t.line, ch)
		}
	}
	return false
}

// next makes ready for the next line.
func (t *typed) next() { t.line, t.open = t.line[:0], false }

// screen gathers the line that the server is writing.
type screen struct {
	line []byte
	esc  escapes
	cr   bool
}

func (s *screen) reset() { *s = screen{line: s.line[:0]} }

// put takes a byte and reports whether it ended the line.
func (s *screen) put(ch byte) bool {
	cr := s.cr
	s.cr = cr && ch == 0
	if s.esc.swallow(ch) {
		return false
	}
	switch ch {
	case '\n':
		return true
	case '\r':
		s.cr = true
		return false
	case 8, 0x7f:
		if len(s.line) > 0 {
			s.line = s.line[:len(s.line)-1]
		}
		return false
	}
	if ch < ' ' && ch != '\t' {
		return false
	}
	if cr { // the line is written anew
		s.line = s.line[:0]
	}
	if len(s.line) < maxLine {
		s.line = append(s.line, ch)
	}
	return false
}
