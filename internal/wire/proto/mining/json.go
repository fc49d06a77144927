package mining

// This file reads JSON (RFC 8259) without copying: a value is found by its
// beginning and end, strings keep their escapes. It is strict about structure
// and lax about numbers and literals, whose spelling does not matter here.

// maxDepth is how deeply arrays and objects may be nested.
const maxDepth = 24

// scanner walks over JSON text. short says that the text ended too early, bad
// that it is no JSON.
type scanner struct {
	b     []byte
	i     int
	short bool
	bad   bool
}

func (s *scanner) stopped() bool { return s.short || s.bad }

// peek gives the next byte that is no white space, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	s.short = true
	return 0
}

// take steps over the byte c if it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.short {
		return false
	}
	s.i++
	return true
}

// text reads a string and gives what is between the quotes.
func (s *scanner) text() []byte {
	if !s.take('"') {
		s.bad = s.bad || !s.short
		return nil
	}
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '"':
			s.i++
			return s.b[start : s.i-1]
		case '\\':
			s.i++
		case '\n', '\r', 0:
			s.bad = true
			return nil
		}
	}
	s.short = true
	return nil
}

// skip steps over a value of any kind and gives its text.
func (s *scanner) skip(depth int) []byte {
	c := s.peek()
	start := s.i
	switch {
	case s.short:
		return nil
	case c == '"':
		s.text()
	case c == '{':
		s.object(depth, func([]byte) { s.skip(depth + 1) })
	case c == '[':
		s.array(depth, func(int) { s.skip(depth + 1) })
	default:
		s.word()
	}
	if s.stopped() {
		return nil
	}
	return s.b[start:s.i]
}

// word steps over a number, true, false or null.
func (s *scanner) word() {
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		c := s.b[s.i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E' {
			continue
		}
		s.bad = s.i == start
		return
	}
	s.short = true
}

// object calls member with each name; member must take the value.
func (s *scanner) object(depth int, member func(name []byte)) {
	if depth > maxDepth || !s.take('{') {
		s.bad = s.bad || !s.short
		return
	}
	if s.take('}') {
		return
	}
	for !s.stopped() {
		name := s.text()
		if s.stopped() {
			return
		}
		if !s.take(':') {
			s.bad = s.bad || !s.short
			return
		}
		if member(name); s.stopped() {
			return
		}
		if s.take(',') {
			continue
		}
		if !s.stopped() && !s.take('}') {
			s.bad = s.bad || !s.short
		}
		return
	}
}

// array calls element with each position; element must take the value.
func (s *scanner) array(depth int, element func(i int)) {
	if depth > maxDepth || !s.take('[') {
		s.bad = s.bad || !s.short
		return
	}
	if s.take(']') {
		return
	}
	for i := 0; !s.stopped(); i++ {
		if element(i); s.stopped() {
			return
		}
		if s.take(',') {
			continue
		}
		if !s.stopped() && !s.take(']') {
			s.bad = s.bad || !s.short
		}
		return
	}
}
