package mqtt

import (
	"bytes"
	"unicode/utf8"
)

// checkString holds a string against section 1.5.4 of MQTT 5.0. Strict mode
// also refuses what the standard lets a receiver refuse: control characters
// and code points that Unicode says are no characters.
func checkString(s []byte, strict bool) *Fault {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e {
			return checkRunes(s[i:], strict)
		}
	}
	return nil
}

func checkRunes(s []byte, strict bool) *Fault {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && n == 1:
			return ErrUTF8
		case r == 0:
			return ErrNUL
		case !strict:
		case r < 0x20, r >= 0x7f && r <= 0x9f:
			return ErrControl
		case r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
			return ErrControl
		}
		s = s[n:]
	}
	return nil
}

// checkTopic holds a topic name against section 4.7 of MQTT 5.0, beyond its
// being a string.
func checkTopic(s []byte) *Fault {
	if bytes.IndexByte(s, '#') >= 0 || bytes.IndexByte(s, '+') >= 0 {
		return ErrTopicWildcard
	}
	return nil
}

// sharePrefix begins the filter of a shared subscription (section 4.8.2).
var sharePrefix = []byte("$share/")

// checkFilter holds a topic filter against section 4.7 and, in MQTT 5.0, 4.8.2.
func checkFilter(s []byte, v Version) *Fault {
	if len(s) == 0 {
		return ErrFilterEmpty
	}
	if v == V5 && bytes.HasPrefix(s, sharePrefix) {
		name, filter, ok := bytes.Cut(s[len(sharePrefix):], []byte{'/'})
		if !ok || len(name) == 0 || len(filter) == 0 || bytes.ContainsAny(name, "#+") {
			return ErrShared
		}
		s = filter
	}
	for i, c := range s {
		switch c {
		case '#':
			if i != len(s)-1 || i > 0 && s[i-1] != '/' {
				return ErrFilter
			}
		case '+':
			if i > 0 && s[i-1] != '/' || i < len(s)-1 && s[i+1] != '/' {
				return ErrFilter
			}
		}
	}
	return nil
}
