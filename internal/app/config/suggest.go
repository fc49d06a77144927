package config

import (
	"errors"
	"slices"

	"edgeward/internal/ident"
)

// unknown says that a name means nothing, and which one was meant.
func unknown(what, name string, names []string, place string) error {
	hint := "edgeward config schema shows all that there are"
	if near := nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return ident.Errorf(ident.Invalid, hint, "%sunknown %s %s", place, what, name)
}

// nearest gives the name that differs least, if it differs little.
func nearest(name string, names []string) string {
	best, least := "", max(len(name)/3, 2)+1
	for _, n := range names {
		if d := distance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = min(last, row[j], row[j+1]) + 1
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
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
