// Package shared finds the folder of captures and data that tests compare
// with. It is test input that is not part of the repository: where it is
// missing, tests skip with a clear line, except in CI, where they fail. Only
// test files import this package.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir gives the path of a folder below the shared folder, which lies beside
// the repository.
func Dir(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			p := filepath.Join(append([]string{d, "..", "shared"}, elem...)...)
			if _, err := os.Stat(p); err == nil {
				return p
			}
			break
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the folder shared/%s beside the repository is missing", filepath.Join(elem...))
	}
	t.Skipf("skipped: the folder shared/%s beside the repository is missing", filepath.Join(elem...))
	return ""
}

// Captures gives the paths of the captures of some folders, or of all folders
// when none is named.
func Captures(t testing.TB, folders ...string) []string {
	t.Helper()
	root := Dir(t, "captures")
	if len(folders) == 0 {
		folders = []string{""}
	}
	var out []string
	for _, f := range folders {
		err := filepath.WalkDir(filepath.Join(root, f), func(p string, e os.DirEntry, err error) error {
			if ext := filepath.Ext(p); err == nil && !e.IsDir() && (ext == ".pcap" || ext == ".pcapng") {
				out = append(out, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
