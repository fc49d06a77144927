package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"edgeward/internal/ident"
)

// Sources are where values come from, the strongest first.
type Sources struct {
	Flags   map[string][]string // by key, as the command line gave them
	Environ []string            // as os.Environ gives it
	File    string              // YAML; empty for none
}

// Value is one value with its origin.
type Value struct {
	Key    string
	Text   string // secrets are masked
	Origin string // "default", "file:line", an environment variable, or "flag"
}

// Loaded is a configuration that was put together.
type Loaded struct {
	Config
	origins map[string]string
}

// leaf is one value that can be set.
type leaf struct {
	key   string
	value reflect.Value
	field reflect.StructField
}

// leaves lists the values of a struct in their order, lists of structs left out.
func leaves(v reflect.Value, prefix string) []leaf {
	var out []leaf
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := prefix + f.Tag.Get("yaml")
		switch {
		case f.Type.Kind() == reflect.Struct:
			out = append(out, leaves(v.Field(i), key+".")...)
		case isSection(f.Type):
		default:
			out = append(out, leaf{key, v.Field(i), f})
		}
	}
	return out
}

// isSection reports whether a type is a list of structs.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// variable gives the environment variable of a key.
func variable(key string) string {
	return "EDGEWARD_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Load puts the configuration together. Everything that is wrong is told, each
// with its place.
func Load(s Sources) (*Loaded, error) {
	l := &Loaded{origins: map[string]string{}}
	if err := setDefaults(reflect.ValueOf(&l.Config).Elem()); err != nil {
		return nil, err
	}
	var problems []error
	if s.File != "" {
		b, err := os.ReadFile(s.File)
		if err != nil {
			return nil, ident.Errorf(ident.NotFound, "edgeward config init writes one", "read the configuration: %w", err)
		}
		problems = l.file(s.File, b)
	}
	known := map[string]leaf{}
	for _, x := range leaves(reflect.ValueOf(&l.Config).Elem(), "") {
		known[variable(x.key)] = x
		if texts, ok := s.Flags[x.key]; ok {
			l.origins[x.key] = "flag"
			if err := x.set(texts); err != nil {
				problems = append(problems, ident.Errorf(ident.Usage, "", "flag for %s: %w", x.key, err))
			}
		}
	}
	for _, e := range s.Environ {
		name, text, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "EDGEWARD_") || elsewhere[name] {
			continue
		}
		x, ok := known[name]
		switch {
		case !ok:
			problems = append(problems, unknown("environment variable", name, keysOf(known), ""))
		case s.Flags[x.key] != nil:
		default:
			l.origins[x.key] = name
			if err := x.set(split(text)); err != nil {
				problems = append(problems, ident.Errorf(ident.Invalid, "", "environment variable %s: %w", name, err))
			}
		}
	}
	if len(problems) == 0 {
		problems = l.together()
	}
	return l, join(problems)
}

// elsewhere are variables that other parts of the program read.
var elsewhere = map[string]bool{"EDGEWARD_CONFIG": true, "EDGEWARD_URL": true, "EDGEWARD_TOKEN": true, "EDGEWARD_SENSOR_ARGS": true, "EDGEWARD_CA": true}

// split takes a list apart. A value that is no list is its first and only part
// again, since set joins it.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// set gives the leaf a value.
func (x leaf) set(texts []string) error {
	enum := x.field.Tag.Get("enum")
	if x.value.Kind() != reflect.Slice {
		text := strings.Join(texts, ",")
		v, err := parse(x.value.Type(), text, enum)
		if err == nil {
			x.value.Set(v)
			err = check(x.field.Tag.Get("check"), text)
		}
		return err
	}
	list := reflect.MakeSlice(x.value.Type(), 0, len(texts))
	for _, t := range texts {
		t = strings.TrimSpace(t)
		v, err := parse(x.value.Type().Elem(), t, enum)
		if err == nil {
			err = check(x.field.Tag.Get("check"), t)
		}
		if err != nil {
			return err
		}
		list = reflect.Append(list, v)
	}
	x.value.Set(list)
	return nil
}

func setDefaults(v reflect.Value) error {
	for _, x := range leaves(v, "") {
		if text, ok := x.field.Tag.Lookup("default"); ok {
			if err := x.set([]string{text}); err != nil {
				return fmt.Errorf("default of %s: %w", x.key, err)
			}
		}
	}
	return nil
}

// Values lists every value with its origin.
func (l *Loaded) Values() []Value {
	var out []Value
	list := func(v reflect.Value, prefix string) {
		for _, x := range leaves(v, prefix) {
			origin := l.origins[x.key]
			if origin == "" {
				origin = "default"
			}
			out = append(out, Value{x.key, show(x.value), origin})
		}
	}
	list(reflect.ValueOf(&l.Config).Elem(), "")
	for i := range l.Outputs {
		list(reflect.ValueOf(&l.Outputs[i]).Elem(), fmt.Sprintf("outputs[%d].", i))
	}
	return out
}

// Origin gives where a value comes from.
func (l *Loaded) Origin(key string) string { return l.origins[key] }
