// Package content carries the reference knowledge that ships inside the
// program as data: the catalogue of checks, fingerprints, the closed list of
// device types. It only embeds the files; those who use one parse it. It holds
// no knowledge about any one network.
package content

import "embed"

// Files holds the data files beside this one, by name.
//
//go:embed *.yaml
var Files embed.FS

// Checks gives the catalogue of checks (YAML, see judge/detect.ParseCatalogue).
func Checks() []byte {
	b, err := Files.ReadFile("checks.yaml")
	if err != nil {
		panic("content: checks.yaml is not embedded") // cannot happen: the build embeds it
	}
	return b
}
