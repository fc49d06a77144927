package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"edgeward/internal/ident"
)

// maxFile is the most bytes of a configuration file.
const maxFile = 1 << 20

// file takes the values of a YAML file, and gives everything that is wrong in it.
func (l *Loaded) file(name string, b []byte) []error {
	if len(b) > maxFile {
		return []error{ident.Errorf(ident.Invalid, "", "%s: more than %d bytes", name, maxFile)}
	}
	tree, err := parser.ParseBytes(b, 0)
	if err != nil {
		line := ""
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			line = ":" + strconv.Itoa(y.GetToken().Position.Line)
			err = errors.New(y.GetMessage())
		}
		return []error{ident.Errorf(ident.Invalid, "the file is no YAML", "%s%s: %w", name, line, err)}
	}
	r := &fileReader{name: name, origins: l.origins}
	for i, d := range tree.Docs {
		if i > 0 {
			r.fail(d.Body, "one document is enough")
			break
		}
		if d.Body != nil {
			r.section(d.Body, reflect.ValueOf(&l.Config).Elem(), "")
		}
	}
	return r.problems
}

type fileReader struct {
	name     string
	origins  map[string]string
	problems []error
}

func (r *fileReader) at(n ast.Node) string {
	return r.name + ":" + strconv.Itoa(n.GetToken().Position.Line)
}

func (r *fileReader) fail(n ast.Node, format string, args ...any) {
	r.problems = append(r.problems, ident.Errorf(ident.Invalid, "", "%s: %w", r.at(n), fmt.Errorf(format, args...)))
}

// pairs gives the keys and values of a mapping.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	case *ast.NullNode:
		return nil, true
	}
	return nil, false
}

// section reads a mapping into a struct.
func (r *fileReader) section(n ast.Node, v reflect.Value, prefix string) {
	if _, ok := n.(*ast.CommentGroupNode); ok {
		return // the file has nothing but comments
	}
	list, ok := pairs(n)
	if !ok {
		r.fail(n, "%s: want keys and values", where(prefix))
		return
	}
	fields := map[string]int{}
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("yaml")] = i
	}
	seen := map[string]bool{}
	for _, p := range list {
		key := p.Key.GetToken().Value
		i, ok := fields[key]
		if !ok {
			r.problems = append(r.problems, unknown("key", prefix+key, prefixed(prefix, keysOf(fields)), r.at(p.Key)+": "))
			continue
		}
		if seen[key] {
			r.fail(p.Key, "%s is there twice", prefix+key)
		}
		seen[key] = true
		f, field := v.Field(i), v.Type().Field(i)
		switch {
		case field.Type.Kind() == reflect.Struct:
			r.section(p.Value, f, prefix+key+".")
		case isSection(field.Type):
			r.sections(p.Value, f, prefix+key)
		default:
			r.value(p.Value, leaf{prefix + key, f, field})
		}
	}
}

func where(prefix string) string {
	if prefix == "" {
		return "the file"
	}
	return strings.TrimSuffix(prefix, ".")
}

// sections reads a list of mappings.
func (r *fileReader) sections(n ast.Node, v reflect.Value, key string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, null := n.(*ast.NullNode); !null {
			r.fail(n, "%s: want a list", key)
		}
		return
	}
	for i, item := range seq.Values {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := setDefaults(e); err != nil {
			r.fail(item, "%w", err)
		}
		r.section(item, e, fmt.Sprintf("%s[%d].", key, i))
		v.Set(reflect.Append(v, e))
	}
}

// value reads a scalar or a list of them.
func (r *fileReader) value(n ast.Node, x leaf) {
	var texts []string
	if seq, ok := n.(*ast.SequenceNode); ok {
		if x.value.Kind() != reflect.Slice {
			r.fail(n, "%s: want one value, not a list", x.key)
			return
		}
		for _, item := range seq.Values {
			t, ok := scalar(item)
			if !ok {
				r.fail(item, "%s: want plain values in the list", x.key)
				return
			}
			texts = append(texts, t)
		}
	} else if _, null := n.(*ast.NullNode); null {
		return // a key without a value leaves the default
	} else if t, ok := scalar(n); ok {
		texts = []string{t}
	} else {
		r.fail(n, "%s: want a plain value", x.key)
		return
	}
	if err := x.set(texts); err != nil {
		r.fail(n, "%s: %w", x.key, err)
		return
	}
	r.origins[x.key] = r.at(n)
}

// scalar gives the text of a plain value. Aliases are none: a file of this
// size needs no short forms that grow.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}
