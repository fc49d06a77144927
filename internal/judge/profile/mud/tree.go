package mud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"edgeward/internal/ident"
)

// The limits of a file. The largest that are published have a tenth of them.
const (
	MaxSize    = 4 << 20 // bytes
	MaxEntries = 16384   // access control entries of all lists
	MaxLists   = 256
	maxDepth   = 32
	maxValues  = 1 << 18
	maxWarned  = 1000
)

// node is a JSON value that knows where it stands in its file.
type node struct {
	kind    byte // '{', '[', '"', '0', 't' or 'n', as it begins
	at      int  // offset of its last byte when a scalar, else of its first
	text    string
	members []member
	items   []node
}

type member struct {
	name  string
	value node
}

// source is a file that is being read.
type source struct {
	name     string
	newlines []int // offsets
	warnings []Warning
}

func newSource(name string, data []byte) *source {
	s := &source{name: name}
	for i, b := range data {
		if b == '\n' {
			s.newlines = append(s.newlines, i)
		}
	}
	return s
}

// line gives the number of the line of an offset, from 1.
func (s *source) line(offset int) int { return sort.SearchInts(s.newlines, offset) + 1 }

func (s *source) errorf(at int, path, format string, args ...any) error {
	if path != "" {
		format, args = "%s: "+format, append([]any{path}, args...)
	}
	return ident.Errorf(ident.Invalid, "", "%s:%d: "+format, append([]any{s.name, s.line(at)}, args...)...)
}

func (s *source) warn(at int, path, format string, args ...any) {
	switch len(s.warnings) {
	case maxWarned:
	case maxWarned - 1:
		s.warnings = append(s.warnings, Warning{Line: s.line(at), Path: path, Text: "from here on there are more warnings than are kept"})
	default:
		s.warnings = append(s.warnings, Warning{Line: s.line(at), Path: path, Text: fmt.Sprintf(format, args...)})
	}
}

// parse makes the tree of a whole file.
func (s *source) parse(data []byte) (node, error) {
	if len(data) > MaxSize {
		return node{}, ident.Errorf(ident.Invalid, "", "%s: %d bytes, more than the %d of a usage description", s.name, len(data), MaxSize)
	}
	p := parser{source: s, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, s.errorf(int(p.dec.InputOffset()), "", "something follows the JSON value")
	}
	return root, nil
}

type parser struct {
	*source
	dec    *json.Decoder
	values int
}

func (p *parser) value(depth int) (node, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return node{}, p.broken(err)
	}
	n := node{at: int(p.dec.InputOffset()) - 1}
	if p.values++; p.values > maxValues {
		return node{}, p.errorf(n.at, "", "more than %d values", maxValues)
	}
	if depth > maxDepth {
		return node{}, p.errorf(n.at, "", "nested deeper than %d levels", maxDepth)
	}
	switch v := tok.(type) {
	case json.Delim:
		n.kind = byte(v)
		if v == '{' {
			err = p.object(&n, depth)
		} else {
			err = p.array(&n, depth)
		}
	case string:
		n.kind, n.text = '"', v
	case json.Number:
		n.kind, n.text = '0', v.String()
	case bool:
		n.kind, n.text = 't', fmt.Sprint(v)
	default:
		n.kind, n.text = 'n', "null"
	}
	return n, err
}

func (p *parser) object(n *node, depth int) error {
	seen := map[string]bool{}
	for p.dec.More() {
		tok, err := p.dec.Token()
		if err != nil {
			return p.broken(err)
		}
		name, _ := tok.(string) // the decoder lets nothing else be a name
		if seen[name] {
			return p.errorf(int(p.dec.InputOffset())-1, "", "the name %q comes twice in one object", name)
		}
		seen[name] = true
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.members = append(n.members, member{name, v})
	}
	return p.end()
}

func (p *parser) array(n *node, depth int) error {
	for p.dec.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, v)
	}
	return p.end()
}

func (p *parser) end() error {
	if _, err := p.dec.Token(); err != nil {
		return p.broken(err)
	}
	return nil
}

func (p *parser) broken(err error) error {
	at := int(p.dec.InputOffset())
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		at = max(int(e.Offset)-1, at)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return p.errorf(at, "", "the JSON ends in the middle")
	}
	return p.errorf(at, "", "not JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
}
