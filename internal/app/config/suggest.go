package config

import (
	"errors"
	"slices"

	"edgeward/internal/ident"
)

// unknown says that a name means nothing, and which one was meant.
func unknown(what, name string, names []string, place string) error {
	hint := "edgeward config schema shows all that there are"
	if near := ident.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return ident.Errorf(ident.Invalid, hint, "%sunknown %s %s", place, what, name)
}

func keysOf[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func prefixed(prefix string, names []string) []string {
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

func join(problems []error) error { return errors.Join(problems...) }
