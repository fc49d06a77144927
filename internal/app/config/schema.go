package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// schema is the part of JSON Schema (draft 2020-12) that is needed.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Default     any                `json:"default,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Additional  *bool              `json:"additionalProperties,omitempty"`
}

// Schema gives the JSON Schema of the file, for editors.
func Schema() ([]byte, error) {
	s := object(reflect.TypeFor[Config](), "Configuration of Edgeward")
	s.Schema, s.ID, s.Title = "https://json-schema.org/draft/2020-12/schema", "https://edgeward.example/config.schema.json", "Edgeward"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return b.Bytes(), err
}

func object(t reflect.Type, doc string) *schema {
	no := false
	s := &schema{Type: []string{"object", "null"}, Description: doc, Properties: map[string]*schema{}, Additional: &no}
	for i := range t.NumField() {
		f := t.Field(i)
		p := property(f.Type, f.Tag)
		p.Description = f.Tag.Get("doc")
		s.Properties[f.Tag.Get("yaml")] = p
	}
	return s
}

func property(t reflect.Type, tag reflect.StructTag) *schema {
	switch {
	case t.Kind() == reflect.Struct:
		return object(t, tag.Get("doc"))
	case t.Kind() == reflect.Slice:
		return &schema{Type: []string{"array", "null"}, Items: property(t.Elem(), "")}
	}
	s := &schema{}
	text, has := tag.Lookup("default")
	if has {
		s.Default = text
	}
	switch {
	case t == reflect.TypeFor[Size]():
		s.Type, s.Pattern = []string{"string", "integer", "null"}, "^[0-9]+[KkMmGgTt]?([Ii]?[Bb])?$"
	case t == reflect.TypeFor[Duration]():
		s.Type, s.Pattern = []string{"string", "integer", "null"}, "^([0-9]+[dw]|([0-9.]+(ns|us|µs|ms|s|m|h))+|0)$"
	case t.Kind() == reflect.Bool:
		s.Type = []string{"boolean", "null"}
		if has {
			s.Default = text == "true"
		}
	case t.Kind() == reflect.Int:
		zero := 0
		s.Type, s.Minimum = []string{"integer", "null"}, &zero
		if n, err := strconv.Atoi(text); err == nil {
			s.Default = n
		}
	default:
		s.Type = "string"
		if e := tag.Get("enum"); e != "" {
			s.Enum = strings.Split(e, ",")
		} else {
			s.Type = []string{"string", "null"}
		}
	}
	return s
}

// Entry describes one key.
type Entry struct {
	Key, Variable, Default, Doc string
	Words                       []string // that are allowed; nil for all
}

// Entries lists every key, those of lists with [] in their names.
func Entries() []Entry { return entries(reflect.TypeFor[Config](), "") }

func entries(t reflect.Type, prefix string) []Entry {
	var out []Entry
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("yaml")
		switch {
		case f.Type.Kind() == reflect.Struct:
			out = append(out, entries(f.Type, key+".")...)
		case isSection(f.Type):
			out = append(out, entries(f.Type.Elem(), key+"[].")...)
		default:
			e := Entry{Key: key, Default: f.Tag.Get("default"), Doc: f.Tag.Get("doc")}
			if !strings.Contains(key, "[]") {
				e.Variable = variable(key)
			}
			if words := f.Tag.Get("enum"); words != "" {
				e.Words = strings.Split(words, ",")
			}
			out = append(out, e)
		}
	}
	return out
}

// Example gives a file with every key as a comment and its default.
func Example() []byte {
	var b bytes.Buffer
	b.WriteString("# yaml-language-server: $schema=config.schema.json\n# Configuration of Edgeward. Every key is optional; what is commented out shows\n# the default. edgeward config check says what is wrong with this file.\n")
	example(&b, reflect.TypeFor[Config](), "")
	return b.Bytes()
}

func example(b *bytes.Buffer, t reflect.Type, indent string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, text := f.Tag.Get("yaml"), f.Tag.Get("default")
		fmt.Fprintf(b, "\n#%s # %s", indent, f.Tag.Get("doc"))
		if e := f.Tag.Get("enum"); e != "" {
			fmt.Fprintf(b, " (%s)", strings.ReplaceAll(e, ",", ", "))
		}
		switch {
		case f.Type.Kind() == reflect.Struct:
			fmt.Fprintf(b, "\n#%s %s:", indent, key)
			example(b, f.Type, indent+"  ")
		case isSection(f.Type):
			fmt.Fprintf(b, "\n#%s %s:\n#%s   - name: siem\n#%s     kind: syslog\n#%s     address: 192.0.2.10:514\n", indent, key, indent, indent, indent)
		case f.Type.Kind() == reflect.Slice:
			fmt.Fprintf(b, "\n#%s %s: []\n", indent, key)
		case f.Type.Kind() == reflect.Bool && text == "":
			fmt.Fprintf(b, "\n#%s %s: false\n", indent, key)
		default:
			fmt.Fprintf(b, "\n#%s %s: %s\n", indent, key, text)
		}
	}
}
