package document

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// reader fills values from nodes and gathers what is wrong.
type reader struct {
	name     string
	problems []Problem
}

func (r *reader) fail(n *node, hint, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{File: r.name, Line: n.line, Column: n.col, Text: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// wants says what a node should be.
func (r *reader) wants(n *node, path, what string) {
	got := map[kind]string{null: "nothing", scalar: strconv.Quote(ident.Clip(n.text, 60)), list: "a list", mapping: "keys and values"}[n.kind]
	r.fail(n, "", "%s: want %s, not %s", path, what, got)
}

var (
	rangeType    = reflect.TypeFor[policy.Range]()
	selectorType = reflect.TypeFor[policy.Selector]()
)

// read fills one value. All that are int64 are times.
func (r *reader) read(n *node, v reflect.Value, path string) {
	if n.kind == null {
		return // a key without a value is as if it were not there
	}
	if v.Kind() == reflect.Pointer {
		x := reflect.New(v.Type().Elem())
		r.read(n, x.Elem(), path)
		v.Set(x)
		return
	}
	switch {
	case v.Type() == rangeType:
		r.readRange(n, v, path)
		return
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		b, err := base64.StdEncoding.DecodeString(n.text)
		if n.kind != scalar || err != nil || len(b) > maxText {
			r.wants(n, path, "base64")
			return
		}
		v.SetBytes(b)
		return
	case v.Kind() == reflect.Slice:
		r.readList(n, v, path)
		return
	}
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if n.kind != scalar {
			r.wants(n, path, "one value")
		} else if err := t.UnmarshalText([]byte(n.text)); err != nil {
			r.fail(n, "", "%s: %v", path, err)
		}
		return
	}
	if v.Kind() == reflect.Struct {
		r.readStruct(n, v, path)
		return
	}
	r.readScalar(n, v, path)
}

func (r *reader) readScalar(n *node, v reflect.Value, path string) {
	if n.kind != scalar {
		r.wants(n, path, "one value")
		return
	}
	switch v.Kind() {
	case reflect.String:
		if len(n.text) > maxText {
			r.fail(n, "", "%s: a text of %d bytes is longer than %d", path, len(n.text), maxText)
			return
		}
		v.SetString(n.text)
	case reflect.Bool:
		if !n.bare || n.text != "true" && n.text != "false" {
			r.wants(n, path, "true or false")
			return
		}
		v.SetBool(n.text == "true")
	case reflect.Int64:
		t, err := time.Parse(time.RFC3339Nano, n.text)
		if err != nil || t.Year() < 1970 || t.Year() > 2261 {
			r.wants(n, path, "a time such as 2026-11-22T08:00:00Z")
			return
		}
		v.SetInt(t.UnixNano())
	case reflect.Int:
		x, err := strconv.ParseInt(n.text, 10, 32)
		if err != nil || x < 0 {
			r.wants(n, path, "a number that is not negative")
			return
		}
		v.SetInt(x)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, err := strconv.ParseUint(n.text, 10, v.Type().Bits())
		if err != nil {
			r.wants(n, path, fmt.Sprintf("a number from 0 to %d", uint64(1)<<v.Type().Bits()-1))
			return
		}
		v.SetUint(x)
	case reflect.Float64:
		x, err := strconv.ParseFloat(n.text, 64)
		if err != nil || x < 0 || x > 1e12 {
			r.wants(n, path, "a number that is not negative")
			return
		}
		v.SetFloat(x)
	default:
		panic("document: a member of type " + v.Type().String()) // the shapes are ours
	}
}

// readRange reads "80" or "1000-2000".
func (r *reader) readRange(n *node, v reflect.Value, path string) {
	first, last, two := strings.Cut(n.text, "-")
	if !two {
		last = first
	}
	a, aerr := strconv.ParseUint(strings.TrimSpace(first), 10, 32)
	b, berr := strconv.ParseUint(strings.TrimSpace(last), 10, 32)
	if n.kind != scalar || aerr != nil || berr != nil {
		r.wants(n, path, `a number or a range such as "1000-2000"`)
		return
	}
	v.Set(reflect.ValueOf(policy.Range{First: uint32(a), Last: uint32(b)}))
}

// readList reads a list; one value is a list of one.
func (r *reader) readList(n *node, v reflect.Value, path string) {
	items := n.items
	switch n.kind {
	case scalar:
		if e := v.Type().Elem(); e.Kind() == reflect.Struct && e != rangeType {
			r.wants(n, path, "a list")
			return
		}
		items = []*node{n}
	case mapping:
		r.wants(n, path, "a list")
		return
	}
	if len(items) > maxList {
		r.fail(n, "", "%s: %d entries are more than %d", path, len(items), maxList)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if item.kind == null {
			r.wants(item, fmt.Sprintf("%s[%d]", path, i), "a value")
			continue
		}
		r.read(item, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (r *reader) readStruct(n *node, v reflect.Value, path string) {
	if n.kind != mapping {
		r.wants(n, path, "keys and values")
		return
	}
	fields := membersOf(v.Type())
	seen := map[string]bool{}
	for i, k := range n.keys {
		at, ok := fields.index[k.text]
		switch {
		case !ok:
			hint := "there are " + strings.Join(fields.names, ", ")
			if near := ident.Nearest(k.text, fields.names); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.fail(k, hint, "unknown key %s", strconv.Quote(below(path, k.text)))
			continue
		case seen[k.text]:
			r.fail(k, "", "%s is there twice", below(path, k.text))
			continue
		}
		seen[k.text] = true
		r.read(n.items[i], v.Field(at), below(path, k.text))
	}
	if v.Type() == selectorType && seen["at_most"] {
		v.FieldByName("HasMaximum").SetBool(true)
	}
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// members are the keys of a struct.
type members struct {
	names []string
	index map[string]int
}

// known are the members of the few types that there are.
var known sync.Map

func membersOf(t reflect.Type) members {
	if m, ok := known.Load(t); ok {
		return m.(members)
	}
	m := members{index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" || t == selectorType && name == "has_maximum" {
			continue
		}
		m.names = append(m.names, name)
		m.index[name] = i
	}
	known.Store(t, m)
	return m
}
