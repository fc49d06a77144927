package kasa

// members visits the members of a JSON object in their order; of anything else
// there are none. Names and values are views into b, written as they are there
// (this protocol's names need no escapes). It allocates nothing, and of an
// object that is cut it visits what is whole.
func members(b []byte, visit func(name, value []byte)) {
	i := blanks(b, 0)
	if i >= len(b) || b[i] != '{' {
		return
	}
	for i++; ; {
		i = blanks(b, i)
		if i < len(b) && b[i] == ',' {
			i = blanks(b, i+1)
		}
		end := textEnd(b, i)
		if end < 0 {
			return
		}
		name := b[i+1 : end-1]
		if i = blanks(b, end); i >= len(b) || b[i] != ':' {
			return
		}
		i = blanks(b, i+1)
		if end = valueEnd(b, i); end < 0 {
			return
		}
		visit(name, b[i:end])
		i = end
	}
}

func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// textEnd gives the offset behind the string that begins at i, -1 when there
// is none.
func textEnd(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// valueEnd gives the offset behind the value that begins at i, -1 when it is
// cut.
func valueEnd(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			if i = textEnd(b, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // behind a number or word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}

// number reads an integer of at most nine digits, 0 when v is none.
func number(v []byte) int32 {
	negative := len(v) > 0 && v[0] == '-'
	if negative {
		v = v[1:]
	}
	if len(v) == 0 || len(v) > 9 {
		return 0
	}
	n := int32(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int32(c-'0')
	}
	if negative {
		return -n
	}
	return n
}
