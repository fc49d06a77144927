package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"edgeward/internal/ident"
)

// kind is what a node is.
type kind uint8

const (
	null kind = iota
	scalar
	list
	mapping
)

// node is a value of a file with its place, the same for YAML and JSON.
type node struct {
	kind      kind
	bare      bool   // a scalar that stands without quotes: a number or a truth value
	text      string // of a scalar
	line, col int
	keys      []*node // of a mapping, scalars
	items     []*node // of a list or a mapping
}

// child gives the value of a key; nil when it is not there.
func (n *node) child(key string) *node {
	if n == nil {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.items[i]
		}
	}
	return nil
}

// maxDepth bounds how deep values lie in one another; a profile needs ten.
const maxDepth = 32

func parse(name string, b []byte) (*node, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	start := bytes.TrimLeft(b, " \t\r\n")
	limit := MaxYAML
	isJSON := len(start) > 0 && start[0] == '{'
	if isJSON {
		limit = MaxJSON
	}
	switch {
	case len(b) > limit:
		return nil, ident.Errorf(ident.Invalid, "use several files, or JSON, which may be larger", "%s: more than %d MiB", name, limit>>20)
	case !utf8.Valid(b):
		at := 0
		for r, size := utf8.DecodeRune(b); r != utf8.RuneError || size != 1; r, size = utf8.DecodeRune(b[at:]) {
			at += size
		}
		line, col := newlines(b).at(at)
		return nil, Problem{File: name, Line: line, Column: col, Text: "these bytes are no UTF-8"}.Error()
	case len(start) == 0:
		return nil, Problem{File: name, Line: 1, Column: 1, Text: "the file is empty", Hint: "begin with edgeward: 1, then policies:"}.Error()
	case isJSON:
		return parseJSON(name, b)
	}
	return parseYAML(name, b)
}

// lineStarts are the offsets at which lines begin.
type lineStarts []int

func newlines(b []byte) lineStarts {
	out := lineStarts{0}
	for i, c := range b {
		if c == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}

// at gives line and column of an offset, from 1.
func (l lineStarts) at(offset int) (line, col int) {
	line = sort.Search(len(l), func(i int) bool { return l[i] > offset })
	return line, offset - l[line-1] + 1
}

// parseJSON reads JSON token by token, so that places are known and depth is
// bounded.
func parseJSON(name string, b []byte) (*node, error) {
	p := &jsonParser{b: b, lines: newlines(b), d: json.NewDecoder(bytes.NewReader(b))}
	p.d.UseNumber()
	n, err := p.value(0)
	if err == nil {
		if _, more := p.d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind the end of the document")
		}
	}
	if err == nil {
		return n, nil
	}
	at := int(p.d.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = int(syntax.Offset) - 1
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		at, err = len(b), errors.New("the file ends in the middle")
	}
	line, col := p.lines.at(min(max(at, 0), len(b)))
	return nil, Problem{File: name, Line: line, Column: col, Text: err.Error()}.Error()
}

type jsonParser struct {
	b     []byte
	lines lineStarts
	d     *json.Decoder
}

// next gives a token and a node at its place.
func (p *jsonParser) next() (json.Token, *node, error) {
	at := int(p.d.InputOffset())
	for at < len(p.b) && bytes.IndexByte([]byte(" \t\r\n,:"), p.b[at]) >= 0 {
		at++
	}
	t, err := p.d.Token()
	n := &node{}
	n.line, n.col = p.lines.at(at)
	return t, n, err
}

func (p *jsonParser) value(depth int) (*node, error) {
	t, n, err := p.next()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	switch t := t.(type) {
	case string:
		n.kind, n.text = scalar, t
	case json.Number:
		n.kind, n.text, n.bare = scalar, t.String(), true
	case bool:
		n.kind, n.text, n.bare = scalar, strconv.FormatBool(t), true
	case json.Delim:
		n.kind = list
		if t == '{' {
			n.kind = mapping
		}
		for p.d.More() {
			if n.kind == mapping {
				key, k, err := p.next()
				if err != nil {
					return nil, err
				}
				k.kind, k.text = scalar, key.(string) // nothing else is a key
				n.keys = append(n.keys, k)
			}
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
		if _, err := p.d.Token(); err != nil {
			return nil, err
		}
	}
	return n, nil
}

var errDeep = errors.New("values lie too deep in one another")

// parseYAML reads YAML. Anchors and aliases, which make small files grow, and
// tags, which it does not need, are refused.
func parseYAML(name string, b []byte) (*node, error) {
	fail := func(line, col int, text, hint string) error {
		return Problem{File: name, Line: max(line, 1), Column: max(col, 1), Text: text, Hint: hint}.Error()
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, fail(1, 1, "the file is empty", "begin with edgeward: 1, then policies:")
	case err != nil:
		line, text := yamlError(err)
		return nil, fail(line, 1, text, "the file is no YAML")
	}
	if err := d.Decode(&more); err == nil {
		return nil, fail(more.Line, more.Column, "one document is enough", "")
	} else if !errors.Is(err, io.EOF) {
		line, text := yamlError(err)
		return nil, fail(line, 1, text, "the file is no YAML")
	}
	n, bad, why := nodeOf(doc.Content[0], 0)
	if bad != nil {
		return nil, fail(bad.Line, bad.Column, why, "")
	}
	return n, nil
}

// yamlError takes the line out of a message of the parser: "yaml: line 3: ...".
func yamlError(err error) (line int, text string) {
	text = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, message, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				return line, message
			}
		}
	}
	return 1, text
}

// nodeOf makes a node; bad is what cannot be one.
func nodeOf(y *yaml.Node, depth int) (n *node, bad *yaml.Node, why string) {
	switch {
	case depth > maxDepth:
		return nil, y, errDeep.Error()
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		return nil, y, "anchors and aliases are not taken"
	case y.Style&yaml.TaggedStyle != 0:
		return nil, y, "tags are not taken"
	}
	n = &node{line: y.Line, col: y.Column}
	switch y.Kind {
	case yaml.ScalarNode:
		tag := y.ShortTag()
		if tag == "!!null" {
			return n, nil, ""
		}
		n.kind, n.text, n.bare = scalar, y.Value, tag == "!!int" || tag == "!!float" || tag == "!!bool"
		return n, nil, ""
	case yaml.SequenceNode:
		n.kind = list
	default:
		n.kind = mapping
	}
	for i, c := range y.Content {
		if n.kind == mapping && i%2 == 0 {
			if c.Kind != yaml.ScalarNode || c.Anchor != "" || c.Style&yaml.TaggedStyle != 0 {
				return nil, c, "a key is a plain word"
			}
			n.keys = append(n.keys, &node{kind: scalar, text: c.Value, line: c.Line, col: c.Column})
			continue
		}
		item, bad, why := nodeOf(c, depth+1)
		if bad != nil {
			return nil, bad, why
		}
		n.items = append(n.items, item)
	}
	return n, nil, ""
}
