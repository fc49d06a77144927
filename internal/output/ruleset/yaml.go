package ruleset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// writeYAML writes a JSON document in YAML's block style. Texts stay in double
// quotes with JSON's escapes, which YAML 1.2 has too (section 7.3.1), so that
// none is taken for anything else; keys are words of ours.
func writeYAML(w io.Writer, document []byte) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	yamlWriter{w, d}.value("", 0)
}

type yamlWriter struct {
	w io.Writer
	d *json.Decoder
}

// value writes the next value. mark is what stands before it on its line: a
// colon, a hyphen or nothing. The document is whole, being of our own making.
func (y yamlWriter) value(mark string, indent int) {
	t, err := y.d.Token()
	if err != nil {
		return
	}
	open, nested := t.(json.Delim)
	if !nested {
		text, _ := json.Marshal(t)
		fmt.Fprintf(y.w, " %s\n", text)
		return
	}
	if !y.d.More() {
		_, _ = y.d.Token()
		fmt.Fprintf(y.w, " %s\n", map[json.Delim]string{'{': "{}", '[': "[]"}[open])
		return
	}
	before := strings.Repeat(" ", indent)
	if mark == "-" && open == '{' {
		fmt.Fprint(y.w, " ") // the first key stands behind the hyphen
	} else {
		if mark != "" {
			fmt.Fprintln(y.w)
		}
		fmt.Fprint(y.w, before)
	}
	for i := 0; y.d.More(); i++ {
		if i > 0 {
			fmt.Fprint(y.w, before)
		}
		if open == '[' {
			fmt.Fprint(y.w, "-")
			y.value("-", indent+2)
		} else {
			key, _ := y.d.Token()
			fmt.Fprintf(y.w, "%s:", key)
			y.value(":", indent+2)
		}
	}
	_, _ = y.d.Token()
}
