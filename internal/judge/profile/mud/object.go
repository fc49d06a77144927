package mud

import (
	"math"
	"strconv"
	"strings"
)

// object is a JSON object whose members are asked for by the names of the
// RFC. Names of the drafts and prefixes that are missing or too many are taken
// with a warning. The first hard error stays in the source.
type object struct {
	*reader
	node *node
	path string
	used []bool
}

// child makes the object of a value, which must be one.
func (r *reader) child(n *node, path string) object {
	if n.kind != '{' {
		r.fail(n.at, path, "not an object")
		n = &node{kind: '{', at: n.at}
	}
	return object{r, n, path, make([]bool, len(n.members))}
}

// local gives a name without the module in front of it (RFC 7951, section 4).
func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// find gives the member with a name or, with a warning, one of its former
// names; nil when there is none.
func (o *object) find(name string, former ...string) *node {
	i := o.index(func(n string) bool { return n == name })
	if i < 0 {
		i = o.index(func(n string) bool { return local(n) == local(name) })
	}
	for _, old := range former {
		if i < 0 {
			i = o.index(func(n string) bool { return local(n) == old })
		}
	}
	if i < 0 {
		return nil
	}
	m := &o.node.members[i]
	o.used[i] = true
	if m.name != name {
		o.warn(m.value.at, o.path+"/"+m.name, "%q is written %q since RFC 8520", m.name, name)
	}
	return &m.value
}

func (o *object) index(is func(string) bool) int {
	for i, m := range o.node.members {
		if !o.used[i] && is(m.name) {
			return i
		}
	}
	return -1
}

// rest warns of the members that nobody asked for.
func (o *object) rest() {
	for i, m := range o.node.members {
		if !o.used[i] {
			o.unknown++
			o.warn(m.value.at, o.path+"/"+m.name, "not understood; left out")
		}
	}
}

// string gives a text; empty when it is missing.
func (o *object) string(name string, former ...string) (string, int) {
	n := o.find(name, former...)
	if n == nil {
		return "", o.node.at
	}
	if n.kind != '"' {
		o.fail(n.at, o.path+"/"+name, "not a string")
		return "", n.at
	}
	return n.text, n.at
}

// uint gives a whole number; nil when it is missing.
func (o *object) uint(name string, low, high uint64, former ...string) *uint64 {
	n := o.find(name, former...)
	if n == nil {
		return nil
	}
	v, ok := o.number(n, name)
	if !ok {
		return nil
	}
	if v < low || v > high {
		o.fail(n.at, o.path+"/"+name, "%s is not from %d to %d", n.text, low, high)
		return nil
	}
	return &v
}

// number reads a whole number, from a string as well, with a warning.
func (o *object) number(n *node, name string) (uint64, bool) {
	switch n.kind {
	case '"':
		o.warn(n.at, o.path+"/"+name, "the number is written as a string")
	case '0':
	default:
		o.fail(n.at, o.path+"/"+name, "not a number")
		return 0, false
	}
	v, err := strconv.ParseUint(n.text, 0, 64)
	if err != nil || n.kind == '0' && strings.ContainsAny(n.text, ".eE") {
		o.fail(n.at, o.path+"/"+name, "%q is not a whole number", n.text)
		return 0, false
	}
	return v, true
}

func (o *object) uint8(name string, former ...string) *uint8 {
	v := o.uint(name, 0, math.MaxUint8, former...)
	if v == nil {
		return nil
	}
	b := uint8(*v)
	return &b
}

// bool gives a truth; nil when it is missing.
func (o *object) bool(name string, former ...string) *bool {
	n := o.find(name, former...)
	if n == nil {
		return nil
	}
	if n.kind == '"' && (n.text == "true" || n.text == "false") {
		o.warn(n.at, o.path+"/"+name, "the boolean is written as a string")
	} else if n.kind != 't' {
		o.fail(n.at, o.path+"/"+name, "neither true nor false")
		return nil
	}
	v := n.text == "true"
	return &v
}

// empty reports whether a leaf of type empty is there, which is written
// [null] (RFC 7951, section 6.9).
func (o *object) empty(name string, former ...string) bool {
	n := o.find(name, former...)
	if n == nil {
		return false
	}
	if n.kind == 't' && n.text == "false" {
		o.warn(n.at, o.path+"/"+name, "false is written by leaving the name out")
		return false
	}
	if n.kind != '[' || len(n.items) != 1 || n.items[0].kind != 'n' {
		o.warn(n.at, o.path+"/"+name, "an empty value is written [null]")
	}
	return true
}

// list gives the items of an array; a single object stands for itself, with a
// warning.
func (o *object) list(name string, former ...string) []node {
	n := o.find(name, former...)
	switch {
	case n == nil:
		return nil
	case n.kind == '{':
		o.warn(n.at, o.path+"/"+name, "an array of one is written without its brackets")
		return []node{*n}
	case n.kind != '[':
		o.fail(n.at, o.path+"/"+name, "not an array")
		return nil
	}
	return n.items
}

// object gives a member that is an object; ok is false when it is missing.
func (o *object) object(name string, former ...string) (object, bool) {
	n := o.find(name, former...)
	if n == nil {
		return object{}, false
	}
	return o.child(n, o.path+"/"+name), true
}
