package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sort"
	"strconv"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

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

// parseYAML reads YAML. What it does not need, and what makes small files grow
// (anchors, aliases, tags), is refused before the parser sees it.
func parseYAML(name string, b []byte) (*node, error) {
	tokens := lexer.Tokenize(string(b))
	fail := func(t *token.Token, text, hint string) error {
		p := Problem{File: name, Line: 1, Column: 1, Text: text, Hint: hint}
		if t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
		return p.Error()
	}
	if t, why := refused(tokens); why != "" {
		return nil, fail(t, why, "")
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) {
			return nil, fail(y.GetToken(), y.GetMessage(), "the file is no YAML")
		}
		return nil, fail(nil, err.Error(), "the file is no YAML")
	}
	var body ast.Node
	for _, d := range tree.Docs {
		switch {
		case d.Body == nil:
		case body != nil:
			return nil, fail(d.Body.GetToken(), "one document is enough", "")
		default:
			body = d.Body
		}
	}
	if body == nil {
		return nil, fail(nil, "the file is empty", "begin with edgeward: 1, then policies:")
	}
	n, bad := nodeOf(body, 0)
	if bad != nil {
		return nil, fail(bad.GetToken(), "this is neither text, number, list nor mapping, or it lies too deep", "")
	}
	return n, nil
}

// refused finds what is not taken, and bounds how deep the parser, which calls
// itself, will go.
func refused(tokens token.Tokens) (*token.Token, string) {
	flow, line, entries, values := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries, values = t.Position.Line, 0, 0
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return t, "anchors and aliases are not taken"
		case token.TagType, token.DirectiveType, token.MappingKeyType:
			return t, "tags, directives and complex keys are not taken"
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			entries++
		case token.MappingValueType:
			if flow == 0 {
				values++
			}
		}
		switch {
		case flow > maxDepth || entries > maxDepth || t.Position.IndentNum > 8*maxDepth:
			return t, errDeep.Error()
		case values > 1:
			return t, "a second value on one line: put the text in quotes"
		}
	}
	return nil, ""
}

// nodeOf makes a node; the second is what cannot be one.
func nodeOf(n ast.Node, depth int) (*node, ast.Node) {
	if depth > maxDepth {
		return nil, n
	}
	at := n.GetToken()
	out := &node{line: at.Position.Line, col: at.Position.Column}
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.NullNode:
		return out, nil
	case *ast.CommentGroupNode:
		return out, nil
	case *ast.StringNode:
		out.kind, out.text = scalar, n.Value
		return out, nil
	case *ast.LiteralNode:
		out.kind, out.text = scalar, n.Value.Value
		return out, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text, out.bare = scalar, at.Value, true
		return out, nil
	case *ast.SequenceNode:
		out.kind = list
		for _, v := range n.Values {
			if v == nil {
				return nil, n
			}
			item, bad := nodeOf(v, depth+1)
			if bad != nil {
				return nil, bad
			}
			out.items = append(out.items, item)
		}
		return out, nil
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return nil, n
	}
	out.kind = mapping
	for i, p := range pairs {
		k := p.Key.GetToken()
		if i == 0 {
			out.line, out.col = k.Position.Line, k.Position.Column
		}
		v, bad := nodeOf(p.Value, depth+1)
		if bad != nil {
			return nil, bad
		}
		out.keys = append(out.keys, &node{kind: scalar, text: k.Value, line: k.Position.Line, col: k.Position.Column})
		out.items = append(out.items, v)
	}
	return out, nil
}
