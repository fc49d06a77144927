package report

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"edgeward/internal/ident"
)

// encoder writes indented JSON as encoding/json does, member by member, without
// reflection and without going over it a second time to indent it.
type encoder struct {
	b     []byte
	depth int
	empty bool // nothing was written into what was opened last
}

// open begins an object or array.
func (e *encoder) open(c byte) {
	e.b = append(e.b, c)
	e.depth++
	e.empty = true
}

// next begins an element of an array or, for key, a member of an object.
func (e *encoder) next() {
	if !e.empty {
		e.b = append(e.b, ',')
	}
	e.line()
	e.empty = false
}

func (e *encoder) line() {
	e.b = append(e.b, '\n')
	for range e.depth {
		e.b = append(e.b, "  "...)
	}
}

// close ends an object or array.
func (e *encoder) close(c byte) {
	e.depth--
	if !e.empty {
		e.line()
	}
	e.b = append(e.b, c)
	e.empty = false
}

// key begins a member. Keys are plain words.
func (e *encoder) key(k string) {
	e.next()
	e.b = append(e.b, '"')
	e.b = append(e.b, k...)
	e.b = append(e.b, `": `...)
}

// plain says which bytes stand for themselves in a JSON text in HTML.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// text appends a value.
func (e *encoder) text(s string) {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || !plain[s[i]] {
			quoted, _ := json.Marshal(s) // a string cannot fail
			e.b = append(e.b, quoted...)
			return
		}
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, s...)
	e.b = append(e.b, '"')
}

// The following append a member.

func (e *encoder) str(k, v string) {
	e.key(k)
	e.text(v)
}

// some is str for members that are left out when they are empty.
func (e *encoder) some(k, v string) {
	if v != "" {
		e.str(k, v)
	}
}

// maybe is str for members that are null when they are empty.
func (e *encoder) maybe(k, v string) {
	if v != "" {
		e.str(k, v)
		return
	}
	e.key(k)
	e.b = append(e.b, "null"...)
}

func (e *encoder) uint(k string, v uint64) {
	e.key(k)
	e.b = strconv.AppendUint(e.b, v, 10)
}

// counted is uint for members that are left out when they are zero.
func (e *encoder) counted(k string, v uint64) {
	if v != 0 {
		e.uint(k, v)
	}
}

// share appends a number of two decimals.
func (e *encoder) share(k string, v float64) {
	e.key(k)
	e.b = strconv.AppendFloat(e.b, round(v), 'f', -1, 64)
}

func (e *encoder) truth(k string, v bool) {
	e.key(k)
	e.b = strconv.AppendBool(e.b, v)
}

func (e *encoder) time(k string, ns int64) {
	e.key(k)
	e.b = append(e.b, '"')
	e.b = ident.AppendTime(e.b, ns)
	e.b = append(e.b, '"')
}

func (e *encoder) texts(k string, list []string) {
	e.key(k)
	e.open('[')
	for _, s := range list {
		e.next()
		e.text(s)
	}
	e.close(']')
}
