//go:build !sensor

package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestHTML wants a page that nothing from the network can act in, whose links
// lead somewhere.
func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := sample().HTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, bad := range []string{"<script", "\x1b", "\u202e", "ZgotmplZ", "src=", "http://"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
	for _, want := range []string{"default-src 'none'", `Made of</b> <a href="#f-f2">Password guessed</a>`, `Part of</b> <a href="#f-f1">`, "https://attack.mitre.org/techniques/T1110/001/", "and 8 more", "not a capture file"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if !ids[m[1]] {
			t.Errorf("the link to #%s leads nowhere", m[1])
		}
	}
	var empty bytes.Buffer
	if err := new(Report).HTML(&empty); err != nil || !strings.Contains(empty.String(), "nothing can be said about the network") {
		t.Errorf("%v, %s", err, empty.String())
	}
}
