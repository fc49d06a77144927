package yaml

import (
	"strings"
	"testing"
	"time"
)

type thing struct {
	Name  string        `yaml:"name"`
	Ports []uint16      `yaml:"ports"`
	Every time.Duration `yaml:"every"`
}

func TestDecode(t *testing.T) {
	var list []thing
	text := "# things\n- name: a\n  ports: [1, 2]\n  every: 720h\n- {name: \"b: c\"}\n"
	if err := Decode([]byte(text), &list); err != nil || len(list) != 2 || list[0].Every != 720*time.Hour || list[0].Ports[1] != 2 || list[1].Name != "b: c" {
		t.Errorf("%+v %v", list, err)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		if err := Decode([]byte(empty), &list); err != nil {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\ncolour: red\n":    "line 2: field colour not found",
		"name: a\nname: b\n":        "line 2: mapping key \"name\" already defined at line 1",
		"name: a\nports: [70000]\n": "line 2: cannot unmarshal",
		"name: [\n":                 "line 1: ",
		"name: a\n---\nname: b\n":   "one document",
		"- a\n":                     "line 1: cannot unmarshal",
	} {
		err := Decode([]byte(text), new(thing))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("- name: a\n  ports: [1, 2]\n"))
	f.Add([]byte("- &a {name: x}\n- *a\n- <<: *a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var list []thing
		if err := Decode(b, &list); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
	})
}
