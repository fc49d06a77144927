package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"edgeward/internal/ident"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := binary.LittleEndian
	version := pcapFile(o, magicMicro, LinkEthernet)
	version[4] = 9
	locked := write("locked.pcap", pcapFile(o, magicMicro, LinkEthernet))
	os.Chmod(locked, 0)
	tests := []struct {
		name, path string
		code       ident.Code
		want       string
	}{
		{"missing", filepath.Join(dir, "none.pcap"), ident.NotFound, "no such file"},
		{"directory", dir, ident.Usage, "is a directory"},
		{"empty", write("empty.pcap", nil), ident.Invalid, "is empty"},
		{"empty gzip", write("empty.gz", compress(t, "gzip", nil)), ident.Invalid, "is empty"},
		{"text", write("readme.txt", []byte("# nothing to capture here\n")), ident.Invalid, "not a capture file"},
		{"zipped text", write("readme.gz", compress(t, "gzip", []byte("# nothing to capture here\n"))), ident.Invalid, "not a capture file"},
		{"compressed twice", write("twice.gz", compress(t, "gzip", compress(t, "gzip", version))), ident.Invalid, "not a capture file"},
		{"link type", write("wifi.pcap", pcapFile(o, magicMicro, 127)), ident.Invalid, "802.11 radiotap"},
		{"unheard link type", write("odd.pcap", pcapFile(o, magicMicro, 4711)), ident.Invalid, "link type 4711"},
		{"version", write("version.pcap", version), ident.Invalid, "version 9"},
		{"no permission", locked, ident.Denied, "permission denied"},
	}
	for _, tt := range tests {
		if tt.code == ident.Denied && os.Geteuid() == 0 {
			continue // root may read everything
		}
		f, err := Open(tt.path)
		if err == nil {
			f.Close()
			t.Errorf("%s: opened", tt.name)
			continue
		}
		if ident.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), filepath.Base(tt.path)) || ident.HintOf(err) == "" {
			t.Errorf("%s: code %d, %q, hint %q", tt.name, ident.CodeOf(err), err, ident.HintOf(err))
		}
	}
	_, _, err := readAll(t, iotest.ErrReader(errors.New("disk on fire")))
	if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("failing disk: %v", err)
	}
	file := pcapFile(o, magicMicro, LinkEthernet, randomRecords(10, 100)...)
	for _, format := range []string{"", "gzip", "zstd"} {
		z := compress(t, format, file)
		_, stats, err := readAll(t, io.MultiReader(bytes.NewReader(z[:len(z)-5]), iotest.ErrReader(errors.New("disk on fire"))))
		if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disk on fire") || stats.Truncated {
			t.Errorf("%s, disk fails in the middle: %v", format, err)
		}
	}
}

func TestFilesAndFirstTime(t *testing.T) {
	dir := t.TempDir()
	o := binary.LittleEndian
	put := func(name string, b []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	capture := pcapFile(o, magicMicro, LinkEthernet, record{sec: 12, frac: 34, data: []byte("x")})
	put("b.pcap", capture)
	put("a.gz", compress(t, "gzip", capture))
	put("sub/c", compress(t, "zstd", append(ngSection(o), ngInterfaceBlock(o, LinkEthernet, 0)...)))
	put("sub/wifi.pcap", pcapFile(o, magicMicro, 127))
	put("sub/notes.txt", []byte("text"))
	put("sub/empty.pcap", nil)
	put("sub/text.gz", compress(t, "gzip", []byte("text")))
	files, skipped, err := Files([]string{filepath.Join(dir, "sub", "notes.txt"), "-", dir})
	for i, f := range files {
		if rel, err := filepath.Rel(dir, f); err == nil {
			files[i] = filepath.ToSlash(rel)
		}
	}
	if want := []string{"sub/notes.txt", "-", "a.gz", "b.pcap", "sub/c", "sub/wifi.pcap"}; err != nil || skipped != 3 || !slices.Equal(files, want) {
		t.Errorf("files %q, %d skipped, %v", files, skipped, err)
	}
	if _, _, err := Files([]string{filepath.Join(dir, "none")}); ident.CodeOf(err) != ident.NotFound || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing path: %v", err)
	}
	for _, name := range []string{"a.gz", "b.pcap"} {
		if ns, err := FirstTime(filepath.Join(dir, name)); err != nil || ns != 12_000_034_000 {
			t.Errorf("first time of %s is %d, %v", name, ns, err)
		}
	}
	if _, err := FirstTime(filepath.Join(dir, "sub", "c")); err != io.EOF {
		t.Errorf("first time of a capture without packets: %v", err)
	}
}
