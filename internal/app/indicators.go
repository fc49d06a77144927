package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"edgeward/internal/ident"
	"edgeward/internal/judge/intel"
)

// LoadIndicators reads lists of known bad addresses, names, paths and
// fingerprints: files, or folders of which every file is a list. The name of a
// list is the name of its file.
func LoadIndicators(paths []string) (*intel.Set, error) {
	set := intel.New()
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			if _, _, err := set.Load(f, filepath.Base(name)); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
			return nil
		})
		if err != nil {
			return nil, ident.Errorf(ident.NotFound, "a list has one address, network, host name, URL or hash a line", "load indicators: %w", err)
		}
	}
	if set.Len() == 0 {
		return nil, ident.Errorf(ident.Invalid, "a list has one address, network, host name, URL or hash a line", "load indicators: there are none in %q", paths)
	}
	return set, nil
}
