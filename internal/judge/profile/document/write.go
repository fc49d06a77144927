package document

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/policy"
)

// tree makes nodes of a value; nil for what is left out.
func tree(v reflect.Value) *node {
	text := func(s string) *node { return &node{kind: scalar, text: s} }
	bare := func(s string) *node { return &node{kind: scalar, text: s, bare: true} }
	switch {
	case v.Kind() == reflect.Pointer:
		return tree(v.Elem())
	case v.Type() == rangeType:
		x := v.Interface().(policy.Range)
		if x.First == x.Last {
			return bare(strconv.FormatUint(uint64(x.First), 10))
		}
		return text(strconv.FormatUint(uint64(x.First), 10) + "-" + strconv.FormatUint(uint64(x.Last), 10))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return text(base64.StdEncoding.EncodeToString(v.Bytes()))
	}
	if t, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := t.MarshalText() // addresses, prefixes and severities have a text
		return text(string(b))
	}
	switch v.Kind() {
	case reflect.String:
		return text(strings.ToValidUTF8(v.String(), "\uFFFD"))
	case reflect.Bool:
		return bare(strconv.FormatBool(v.Bool()))
	case reflect.Int64:
		return text(time.Unix(0, v.Int()).UTC().Format(time.RFC3339Nano))
	case reflect.Int:
		return bare(strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		return bare(strconv.FormatFloat(v.Float(), 'f', -1, 64))
	case reflect.Slice:
		n := &node{kind: list}
		for i := range v.Len() {
			n.items = append(n.items, tree(v.Index(i)))
		}
		return n
	case reflect.Struct:
		return treeOf(v)
	}
	return bare(strconv.FormatUint(v.Uint(), 10))
}

// treeOf leaves out the members that are zero, except lists that must be there.
func treeOf(v reflect.Value) *node {
	n := &node{kind: mapping}
	m := membersOf(v.Type())
	for _, name := range m.names {
		f := v.Field(m.index[name])
		_, omit, _ := strings.Cut(v.Type().Field(m.index[name]).Tag.Get("json"), ",")
		maximum := v.Type() == selectorType && name == "at_most" && v.FieldByName("HasMaximum").Bool()
		if empty(f) && (omit != "" || f.Kind() != reflect.Slice) && !maximum {
			continue
		}
		n.keys = append(n.keys, &node{kind: scalar, text: name})
		n.items = append(n.items, tree(f))
	}
	return n
}

func empty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 || v.Kind() == reflect.Struct && v.Type() != rangeType && v.NumField() > 0 && len(treeSafe(v).keys) == 0
}

// treeSafe is treeOf for structs of ours; others have a text.
func treeSafe(v reflect.Value) *node {
	if _, ok := v.Interface().(encoding.TextMarshaler); ok {
		return &node{keys: []*node{nil}}
	}
	return treeOf(v)
}

// width is how long a line may be that holds a value as a whole.
const width = 130

// appendYAML writes a mapping in block style; what fits on a line stands on
// one.
func appendYAML(b []byte, n *node, indent int) []byte {
	for i, k := range n.keys {
		if i > 0 || indent == 0 {
			b = pad(b, indent)
		}
		b = append(append(b, k.text...), ':')
		b = appendValue(b, n.items[i], indent, k.text == "lines" || k.text == "policies" || k.text == "verbs")
	}
	return b
}

// appendValue writes what stands behind a key. open lists have an entry a line.
func appendValue(b []byte, v *node, indent int, open bool) []byte {
	if flat, ok := flow(v, width-indent); ok && (!open || len(v.items) == 0) {
		return append(append(append(b, ' '), flat...), '\n')
	}
	b = append(b, '\n')
	if v.kind == mapping {
		return appendYAML(pad(b, indent+2), v, indent+2)
	}
	for _, item := range v.items {
		b = append(pad(b, indent+2), "- "...)
		if flat, ok := flow(item, width-indent-4); ok && !(item.kind == mapping && item.child("direction") != nil) {
			b = append(append(b, flat...), '\n')
			continue
		}
		b = appendYAML(b, item, indent+4)
	}
	return b
}

func pad(b []byte, n int) []byte { return append(b, strings.Repeat(" ", n)...) }

// flow writes a value on one line, if it fits. Scalars always do.
func flow(n *node, most int) (string, bool) {
	switch n.kind {
	case null:
		return "null", true
	case scalar:
		return yamlText(n), true
	}
	open, end := "[", "]"
	if n.kind == mapping {
		open, end = "{", "}"
	}
	var s strings.Builder
	s.WriteString(open)
	for i, item := range n.items {
		if i > 0 {
			s.WriteString(", ")
		}
		if n.kind == mapping {
			s.WriteString(n.keys[i].text + ": ")
		}
		text, ok := flow(item, most-s.Len())
		if s.WriteString(text); !ok || s.Len() > most {
			return "", false
		}
	}
	s.WriteString(end)
	return s.String(), true
}

// plain are texts that YAML takes for nothing but a text, within lists too.
var plain = regexp.MustCompile(`^[A-Za-z/_][A-Za-z0-9_./+*()^-]*( [A-Za-z0-9_./+*()^-]+)*$`)

// words are texts that a parser takes for something else.
var words = map[string]bool{"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "~": true}

func yamlText(n *node) string {
	if n.bare || plain.MatchString(n.text) && !words[strings.ToLower(n.text)] || rfc3339.MatchString(n.text) {
		return n.text
	}
	return quote(n.text)
}

var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

// quote writes a text so that JSON and YAML read it alike.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text can always be written
	out := strings.TrimSuffix(b.String(), "\n")
	return strings.NewReplacer("\x7f", `\u007f`, "\u0085", `\u0085`, "\u00a0", `\u00a0`, "\ufeff", `\ufeff`).Replace(out)
}

// appendJSON writes the same as JSON, indented.
func appendJSON(b []byte, n *node, indent int) []byte {
	switch n.kind {
	case null:
		return append(b, "null"...)
	case scalar:
		if n.bare {
			return append(b, n.text...)
		}
		return append(b, quote(n.text)...)
	}
	open, end := byte('['), byte(']')
	if n.kind == mapping {
		open, end = '{', '}'
	}
	b = append(b, open)
	for i, item := range n.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = pad(append(b, '\n'), indent+2)
		if n.kind == mapping {
			b = append(append(b, quote(n.keys[i].text)...), ": "...)
		}
		b = appendJSON(b, item, indent+2)
	}
	if len(n.items) > 0 {
		b = pad(append(b, '\n'), indent)
	}
	return append(b, end)
}
