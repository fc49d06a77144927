//go:build sensor

package fingerprint

import "edgeward/internal/ident"

// LoadRecog refuses: the small build reads no XML.
func (d *DB) LoadRecog(dir string, _ func(string) bool) (loaded, skipped int, err error) {
	return 0, 0, ident.Errorf(ident.Invalid, "use the program with the hub", "load recog %q: this build reads no XML", dir)
}
