// Package content carries the reference knowledge that ships inside the
// program as data: the catalogue of checks, fingerprints, the closed list of
// device types. It only embeds the files; those who use one parse it. It holds
// no knowledge about any one network.
package content

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
)

// Version is the version of what is embedded.
const Version = "2026.11"

// Files holds the data files beside this one, by name.
//
//go:embed *.yaml
var Files embed.FS

// newer is what is used in the place of the embedded files, where it has them.
var newer atomic.Pointer[fs.FS]

// Use makes the files of a verified bundle win over the embedded ones; nil
// goes back to those. It is called before anything is loaded.
func Use(files fs.FS) {
	if files == nil {
		newer.Store(nil)
		return
	}
	newer.Store(&files)
}

// File gives a data file, such as types.yaml or fingerprints/cameras.yaml.
func File(name string) ([]byte, error) {
	if files := newer.Load(); files != nil {
		b, err := fs.ReadFile(*files, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	switch name {
	case "oui.bin":
		return OUI, nil
	case "credentials.tsv":
		return []byte(Credentials), nil
	}
	if b, err := Files.ReadFile(name); err == nil {
		return b, nil
	}
	return Fingerprints.ReadFile(name)
}

// FingerprintFiles gives the names of the files with fingerprints.
func FingerprintFiles() ([]string, error) {
	seen := map[string]bool{}
	var names []string
	add := func(files fs.FS) error {
		list, err := fs.Glob(files, "fingerprints/*.yaml")
		for _, n := range list {
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
		return err
	}
	if files := newer.Load(); files != nil {
		if err := add(*files); err != nil {
			return nil, fmt.Errorf("list fingerprints: %w", err)
		}
	}
	return names, add(Fingerprints)
}

// Checks gives the catalogue of checks (YAML, see judge/detect.ParseCatalogue).
func Checks() []byte {
	b, err := File("checks.yaml")
	if err != nil {
		panic("content: checks.yaml is not embedded") // cannot happen: the build embeds it
	}
	return b
}
