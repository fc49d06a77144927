package logs

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// document is one JSON value as a tree in an array. It is reused from line to
// line: parsing makes no garbage once the memory has grown. Keys and values
// are views into the line, or into scratch memory where escapes were undone.
type document struct {
	nodes []node
	text  []byte // undone escapes
	in    []byte
	at    int
}

type node struct {
	key   []byte
	value []byte // of strings and numbers and words; the raw text of others is not kept
	kind  nodeKind
	first int32 // of an object or array: its first member, 0 for none
	next  int32 // the next member of what this is in, 0 for none
}

type nodeKind uint8

const (
	isNull nodeKind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

const (
	maxDepth = 32
	maxNodes = 1 << 16
)

// parse reads a line that is one JSON value. After an error the tree holds
// what was in front of it.
func (d *document) parse(line []byte) error {
	d.nodes, d.text, d.in, d.at = d.nodes[:0], d.text[:0], line, 0
	d.space()
	if _, err := d.value(nil, 0); err != nil {
		return err
	}
	if d.space(); d.at < len(line) {
		return d.fault("something follows the JSON value")
	}
	return nil
}

func (d *document) fault(what string) error { return bad("%s at byte %d", what, d.at+1) }

func (d *document) space() {
	for d.at < len(d.in) {
		switch d.in[d.at] {
		case ' ', '\t', '\r', '\n':
			d.at++
		default:
			return
		}
	}
}

// value reads one value and gives its place in the array.
func (d *document) value(key []byte, depth int) (int32, error) {
	if d.at >= len(d.in) {
		return 0, d.fault("the JSON value ends early")
	}
	if depth > maxDepth || len(d.nodes) >= maxNodes {
		return 0, d.fault("the JSON value is too deep or too large")
	}
	me := int32(len(d.nodes))
	d.nodes = append(d.nodes, node{key: key})
	switch c := d.in[d.at]; {
	case c == '{':
		d.nodes[me].kind = isObject
		return me, d.members(me, '}', depth)
	case c == '[':
		d.nodes[me].kind = isArray
		return me, d.members(me, ']', depth)
	case c == '"':
		s, err := d.str()
		d.nodes[me].kind, d.nodes[me].value = isString, s
		return me, err
	case c == '-' || '0' <= c && c <= '9':
		start := d.at
		for d.at < len(d.in) && numeric(d.in[d.at]) {
			d.at++
		}
		d.nodes[me].kind, d.nodes[me].value = isNumber, d.in[start:d.at]
		return me, nil
	}
	for _, w := range words {
		if bytes.HasPrefix(d.in[d.at:], w.text) {
			d.at += len(w.text)
			d.nodes[me].kind, d.nodes[me].value = w.kind, w.text
			return me, nil
		}
	}
	return me, d.fault("no JSON value")
}

var words = []struct {
	text []byte
	kind nodeKind
}{{[]byte("true"), isBool}, {[]byte("false"), isBool}, {[]byte("null"), isNull}}

func numeric(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// members reads what is in an object or array, whose bracket is at hand.
func (d *document) members(me int32, closing byte, depth int) error {
	d.at++
	last := int32(0)
	for {
		d.space()
		if d.at < len(d.in) && d.in[d.at] == closing && last == 0 {
			d.at++
			return nil
		}
		var key []byte
		if closing == '}' {
			if d.at >= len(d.in) || d.in[d.at] != '"' {
				return d.fault("a name is missing")
			}
			var err error
			if key, err = d.str(); err != nil {
				return err
			}
			if d.space(); d.at >= len(d.in) || d.in[d.at] != ':' {
				return d.fault("a colon is missing")
			}
			d.at++
			d.space()
		}
		n, err := d.value(key, depth+1)
		if n > 0 {
			if last == 0 {
				d.nodes[me].first = n
			} else {
				d.nodes[last].next = n
			}
			last = n
		}
		if err != nil {
			return err
		}
		d.space()
		switch {
		case d.at < len(d.in) && d.in[d.at] == ',':
			d.at++
		case d.at < len(d.in) && d.in[d.at] == closing:
			d.at++
			return nil
		default:
			return d.fault("a comma or bracket is missing")
		}
	}
}

// str reads a string, whose quotation mark is at hand.
func (d *document) str() ([]byte, error) {
	d.at++
	start := d.at
	for d.at < len(d.in) {
		switch d.in[d.at] {
		case '"':
			d.at++
			return d.in[start : d.at-1], nil
		case '\\':
			return d.escaped(start)
		}
		d.at++
	}
	return nil, d.fault("a string ends early")
}

// escaped reads on at the first escape of a string (RFC 8259 section 7).
func (d *document) escaped(start int) ([]byte, error) {
	from := len(d.text)
	d.text = append(d.text, d.in[start:d.at]...)
	for d.at < len(d.in) {
		c := d.in[d.at]
		d.at++
		if c == '"' {
			return d.text[from:len(d.text):len(d.text)], nil
		}
		if c != '\\' {
			d.text = append(d.text, c)
			continue
		}
		if d.at >= len(d.in) {
			break
		}
		c = d.in[d.at]
		d.at++
		switch c {
		case '"', '\\', '/':
			d.text = append(d.text, c)
		case 'b':
			d.text = append(d.text, '\b')
		case 'f':
			d.text = append(d.text, '\f')
		case 'n':
			d.text = append(d.text, '\n')
		case 'r':
			d.text = append(d.text, '\r')
		case 't':
			d.text = append(d.text, '\t')
		case 'u':
			v, ok := d.unit()
			if !ok {
				return nil, d.fault("an escape is damaged")
			}
			if utf16.IsSurrogate(v) && bytes.HasPrefix(d.in[d.at:], []byte(`\u`)) {
				d.at += 2
				low, ok := d.unit()
				if !ok {
					return nil, d.fault("an escape is damaged")
				}
				v = utf16.DecodeRune(v, low)
			}
			d.text = utf8.AppendRune(d.text, v)
		default:
			return nil, d.fault("an escape is unknown")
		}
	}
	return nil, d.fault("a string ends early")
}

func (d *document) unit() (rune, bool) {
	if len(d.in)-d.at < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(d.in[d.at:d.at+4]), 16, 16)
	d.at += 4
	return rune(v), err == nil
}

// find gives the member of an object by name, -1 when there is none.
func (d *document) find(of int32, name string) int32 {
	if of < 0 || int(of) >= len(d.nodes) || d.nodes[of].kind != isObject {
		return -1
	}
	for n := d.nodes[of].first; n > 0; n = d.nodes[n].next {
		if string(d.nodes[n].key) == name {
			return n
		}
	}
	return -1
}

// scalar gives the text of a member that is no list, object or null; nil when
// there is none.
func (d *document) scalar(of int32, name string) []byte {
	n := d.find(of, name)
	if n < 0 {
		return nil
	}
	return d.text1(n)
}

// text1 gives the text of a node that is no list, object or null.
func (d *document) text1(n int32) []byte {
	switch d.nodes[n].kind {
	case isString, isNumber, isBool:
		return d.nodes[n].value
	}
	return nil
}

// each calls f with the members of an array or object.
func (d *document) each(of int32, f func(n int32)) {
	if of < 0 {
		return
	}
	for n := d.nodes[of].first; n > 0; n = d.nodes[n].next {
		f(n)
	}
}
