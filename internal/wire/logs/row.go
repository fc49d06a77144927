package logs

import "bytes"

// row is one line of a Zeek log. Values that are not set are nil; a value that
// is set and empty has length 0. Everything in it is valid until the next line.
type row struct {
	values  [columnCount][]byte
	list    byte // what parts the elements of a list
	scratch []byte
}

func (w *row) clear() { clear(w.values[:]) }

func (w *row) has(c column) bool { return w.values[c] != nil }

func (w *row) get(c column) []byte { return w.values[c] }

// kind tells which log the line is from, by what it says itself.
func (w *row) kind() kind {
	if p := w.values[colPath]; p != nil {
		return kindOfPath(p)
	}
	return kindOf(w.has)
}

// each gives the elements of a list, at most n.
func (w *row) each(c column, n int, f func([]byte)) {
	v := w.values[c]
	if len(v) == 0 {
		return
	}
	for range n {
		one, rest, more := bytes.Cut(v, []byte{w.list})
		f(one)
		if !more {
			return
		}
		v = rest
	}
}

// set takes in a value of a text table.
func (w *row) set(c column, v []byte) {
	if c != colNone && w.values[c] == nil {
		w.values[c] = w.unescape(v)
	}
}

// unescape undoes \xHH, with which Zeek writes bytes that are not printable.
func (w *row) unescape(v []byte) []byte {
	i := bytes.Index(v, []byte(`\x`))
	if i < 0 {
		return v
	}
	from := len(w.scratch)
	w.scratch = append(w.scratch, v[:i]...)
	for ; i < len(v); i++ {
		if v[i] == '\\' && i+3 < len(v) && v[i+1] == 'x' {
			if h, l := hex(v[i+2]), hex(v[i+3]); h >= 0 && l >= 0 {
				w.scratch = append(w.scratch, byte(h<<4|l))
				i += 3
				continue
			}
		}
		w.scratch = append(w.scratch, v[i])
	}
	return w.scratch[from:len(w.scratch):len(w.scratch)]
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// json takes in the members of a JSON object. Members of objects in it get
// names with dots; lists are joined in scratch memory.
func (w *row) json(d *document, scratch []byte) []byte {
	w.clear()
	w.list = 0
	if d.nodes[0].kind != isObject {
		return scratch
	}
	for n := d.nodes[0].first; n > 0; n = d.nodes[n].next {
		m := &d.nodes[n]
		if m.kind == isObject {
			for k := m.first; k > 0; k = d.nodes[k].next {
				var name [64]byte
				dotted := append(append(append(name[:0], m.key...), '.'), d.nodes[k].key...)
				scratch = w.member(d, k, columnNames[string(dotted)], scratch)
			}
			continue
		}
		scratch = w.member(d, n, columnNames[string(m.key)], scratch)
	}
	return scratch
}

func (w *row) member(d *document, n int32, c column, scratch []byte) []byte {
	if c == colNone {
		return scratch
	}
	switch m := &d.nodes[n]; m.kind {
	case isArray:
		from := len(scratch)
		for k := m.first; k > 0; k = d.nodes[k].next {
			if k != m.first {
				scratch = append(scratch, 0)
			}
			scratch = append(scratch, d.text1(k)...)
		}
		w.values[c] = scratch[from:len(scratch):len(scratch)]
	case isNull, isObject:
	default:
		w.values[c] = m.value
	}
	return scratch
}
