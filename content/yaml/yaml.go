// Package yaml reads YAML files into structs, strictly: a key that the struct
// does not have is an error, since it is a mistake of whoever wrote the file.
package yaml

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode reads the one document of a file; v is as for encoding/json, with
// yaml tags. A file without content leaves v as it is. Errors are one line and
// name the line of the file.
func Decode(b []byte, v any) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return oneLine(err)
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return errors.New("one document is enough")
	}
	return nil
}

// oneLine leaves out the names of our types, which say nothing to whoever
// wrote the file.
func oneLine(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(wrong.Errors))
	for i, l := range wrong.Errors {
		lines[i], _, _ = strings.Cut(l, " in type ")
	}
	return errors.New(strings.Join(lines, "; "))
}
