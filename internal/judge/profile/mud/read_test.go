package mud_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/shared"
)

// published gives the files that makers and researchers have published.
func published(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(shared.Dir(t, "data", "mud"), "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no files", err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = data
	}
	return out
}

func TestPublishedFiles(t *testing.T) {
	for name, data := range published(t) {
		f, warnings, err := mud.Read(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, w := range warnings {
			t.Log(name, w)
		}
		out, err := mud.Write(f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := mud.ReadStrict(name, out)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(f, again) {
			t.Errorf("%s: read back, it is another", name)
		}
		p, limits := mud.ToProfile(f)
		for _, l := range limits {
			t.Log(name, l)
		}
		f2, limits, err := mud.FromProfile(p, mud.Options{})
		for _, l := range limits {
			t.Log(name, "back", l)
		}
		out, err = mud.Write(f2)
		if err != nil {
			t.Error(err)
			continue
		}
		f3, err := mud.ReadStrict(name, out)
		if err != nil {
			t.Error(err)
			continue
		}
		p2, limits := mud.ToProfile(f3)
		for _, l := range limits {
			t.Log(name, "again", l)
		}
		if !reflect.DeepEqual(p, p2) {
			t.Errorf("%s: the profile is another: %d lines, %d", name, len(p.Lines), len(p2.Lines))
			for i := range min(len(p.Lines), len(p2.Lines)) {
				if !reflect.DeepEqual(p.Lines[i], p2.Lines[i]) {
					t.Errorf("%+v\n%+v", p.Lines[i], p2.Lines[i])
					break
				}
			}
		}
	}
}
