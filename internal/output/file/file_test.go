package file

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// whole gives all lines that are kept, oldest first.
func whole(t *testing.T, path string) (lines []string, files int) {
	t.Helper()
	old, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(old)
	for _, p := range append(old, path) {
		f, err := os.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = f
		if strings.HasSuffix(p, ".gz") {
			if r, err = gzip.NewReader(f); err != nil {
				t.Fatal(err)
			}
		}
		b, err := io.ReadAll(r)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
	}
	return lines, len(old) + 1
}

func TestRotateBySize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "eve.json")
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	w, err := Open(Options{Path: path, Size: 100, Keep: 50, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 40 {
		line := fmt.Sprintf("line %02d of some length", i)
		want = append(want, line)
		if _, err := fmt.Fprintln(w, line); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lines, files := whole(t, path)
	if !slices.Equal(lines, want) || files != 10 {
		t.Errorf("%d files hold %d lines", files, len(lines))
	}
}

func TestRotateByAgeAndKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eve.json")
	now := time.Now()
	w, err := Open(Options{Path: path, Age: time.Hour, Keep: 3, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 10 {
		fmt.Fprintf(w, "%d\n", i)
		now = now.Add(61 * time.Minute)
	}
	if lines, files := whole(t, path); files != 4 || strings.Join(lines, " ") != "6 7 8 9" {
		t.Errorf("%d files: %v", files, lines)
	}
}

func TestUnfinishedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eve.json")
	if err := os.WriteFile(path, []byte("whole\nhal"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, "next")
	w.Close()
	if lines, _ := whole(t, path); strings.Join(lines, "|") != "whole|hal|next" {
		t.Errorf("%v", lines)
	}
}
