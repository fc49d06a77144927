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
	"slices"
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

// Set is a set of data files: those of a bundle win over the embedded ones.
type Set struct{ files fs.FS }

// In gives the set of a bundle's files; nil for the embedded ones alone.
func In(files fs.FS) Set { return Set{files} }

// Current gives the set in use.
func Current() Set {
	if files := newer.Load(); files != nil {
		return Set{*files}
	}
	return Set{}
}

// File gives a data file of the set in use, see [Set.File].
func File(name string) ([]byte, error) { return Current().File(name) }

// File gives a data file, such as types.yaml or fingerprints/cameras.yaml.
func (s Set) File(name string) ([]byte, error) {
	if s.files != nil {
		b, err := fs.ReadFile(s.files, name)
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
func (s Set) FingerprintFiles() ([]string, error) {
	names, err := fs.Glob(Fingerprints, "fingerprints/*.yaml")
	if err != nil || s.files == nil {
		return names, err
	}
	more, err := fs.Glob(s.files, "fingerprints/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list fingerprints: %w", err)
	}
	names = append(names, more...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Checks gives the catalogue of checks (YAML, see judge/detect.ParseCatalogue).
func Checks() []byte {
	b, err := File("checks.yaml")
	if err != nil {
		panic("content: checks.yaml is not embedded") // cannot happen: the build embeds it
	}
	return b
}
