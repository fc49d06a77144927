package p2p

// bencode walks over bencoded text (BEP 3, "bencoding") without copying.
type bencode struct {
	b   []byte
	i   int
	bad bool
}

// maxBencodeDepth is how deeply lists and dictionaries may be nested.
const maxBencodeDepth = 8

// next gives the kind of the next value: d, l, i, s for a string, or 0.
func (s *bencode) next() byte {
	if s.i >= len(s.b) {
		return 0
	}
	switch c := s.b[s.i]; {
	case c == 'd' || c == 'l' || c == 'i':
		return c
	case c >= '0' && c <= '9':
		return 's'
	}
	return 0
}

// text reads a string.
func (s *bencode) text() []byte {
	n, digits := 0, 0
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' && digits < 6 {
		n = n*10 + int(s.b[s.i]-'0')
		s.i++
		digits++
	}
	if digits == 0 || s.i >= len(s.b) || s.b[s.i] != ':' || n > len(s.b)-s.i-1 {
		s.bad = true
		return nil
	}
	t := s.b[s.i+1 : s.i+1+n]
	s.i += 1 + n
	return t
}

// skip steps over a value of any kind.
func (s *bencode) skip(depth int) {
	switch s.next() {
	case 's':
		s.text()
	case 'i':
		s.integer()
	case 'l':
		if depth > maxBencodeDepth {
			s.bad = true
			return
		}
		s.i++
		for !s.bad && !s.end() {
			s.skip(depth + 1)
		}
	case 'd':
		s.dict(depth, func([]byte) { s.skip(depth + 1) })
	default:
		s.bad = true
	}
}

// integer steps over an integer.
func (s *bencode) integer() {
	s.i++
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	s.bad = s.bad || s.i == start || s.i-start > 20 || !s.end()
}

// end steps over the end of a list, dictionary or integer, if it is next.
func (s *bencode) end() bool {
	if s.i >= len(s.b) {
		s.bad = true
		return false
	}
	if s.b[s.i] == 'e' {
		s.i++
		return true
	}
	return false
}

// dict calls each with the keys of a dictionary; each must take the value.
func (s *bencode) dict(depth int, each func(key []byte)) {
	if s.next() != 'd' || depth > maxBencodeDepth {
		s.bad = true
		return
	}
	s.i++
	for !s.bad && !s.end() {
		if s.bad {
			return
		}
		key := s.text()
		if s.bad {
			return
		}
		each(key)
	}
}
