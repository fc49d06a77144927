package bundle

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"edgeward/internal/ident"
)

func TestSignedAndVerified(t *testing.T) {
	secret, public, err := Generate("test key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ParsePublic(public)
	if err != nil || pub.Name != "test key" {
		t.Fatal(pub, err)
	}
	var out bytes.Buffer
	payload := bytes.Repeat([]byte("payload "), 100)
	if err := Sign(&out, key, Manifest{Kind: Program, Version: "1.2.3", System: "linux-amd64"}, payload); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	m, by, err := Verify(bytes.NewReader(out.Bytes()), []Key{pub}, Program, &got)
	if err != nil || m.Version != "1.2.3" || by.Name != "test key" || !bytes.Equal(got.Bytes(), payload) {
		t.Fatalf("%+v, %v", m, err)
	}
	for i := range out.Bytes() {
		b := bytes.Clone(out.Bytes())
		b[i] ^= 1
		if _, _, err := Verify(bytes.NewReader(b), []Key{pub}, Program, &bytes.Buffer{}); err == nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
	for what, b := range map[string][]byte{"cut": out.Bytes()[:out.Len()-1], "longer": append(bytes.Clone(out.Bytes()), 0), "empty": nil} {
		if _, _, err := Verify(bytes.NewReader(b), []Key{pub}, Program, &bytes.Buffer{}); ident.CodeOf(err) != ident.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := Verify(bytes.NewReader(out.Bytes()), []Key{pub}, Content, &bytes.Buffer{}); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("another kind: %v", err)
	}
	_, otherPublic, _ := Generate("")
	other, _ := ParsePublic(otherPublic)
	for _, keys := range [][]Key{nil, {other}} {
		if _, _, err := Verify(bytes.NewReader(out.Bytes()), keys, Program, &bytes.Buffer{}); ident.CodeOf(err) != ident.Denied {
			t.Errorf("not trusted: %v", err)
		}
	}
}

func TestPackedAndUnpacked(t *testing.T) {
	src := fstest.MapFS{
		"checks.yaml": {Data: []byte("a")}, "oui.bin": {Data: []byte("b")}, "fingerprints/x.yaml": {Data: []byte("c")},
		"content.go": {Data: []byte("no")}, "fingerprints/x_test.go": {Data: []byte("no")},
	}
	p, err := Pack(src)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Unpack(bytes.NewReader(p), dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"checks.yaml": "a", "oui.bin": "b", "fingerprints/x.yaml": "c"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != want || err != nil {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "*")); len(list) != 3 {
		t.Errorf("unpacked %v", list)
	}
	again, _ := Pack(src)
	if !bytes.Equal(p, again) {
		t.Error("packing twice gives different bytes")
	}
}

func TestHostilePayloads(t *testing.T) {
	archive := func(f func(w *tar.Writer)) []byte {
		var out bytes.Buffer
		z, _ := zstd.NewWriter(&out)
		w := tar.NewWriter(z)
		f(w)
		w.Close()
		z.Close()
		return out.Bytes()
	}
	file := func(name string, size int64) []byte {
		return archive(func(w *tar.Writer) {
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644})
			buf := make([]byte, 1<<20)
			for n := size; n > 0; n -= int64(len(buf)) {
				w.Write(buf[:min(int64(len(buf)), n)])
			}
		})
	}
	for what, p := range map[string][]byte{
		"upwards": file("../x.yaml", 1), "absolute": file("/tmp/x.yaml", 1), "elsewhere": file("bin/x.yaml", 1), "a program": file("x.sh", 1),
		"a bomb": file("x.yaml", 200<<20),
		"a link": archive(func(w *tar.Writer) {
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "x.yaml", Linkname: "/etc/passwd"})
		}),
		"nothing":   archive(func(*tar.Writer) {}),
		"no archve": []byte("hello"),
		"twice": archive(func(w *tar.Writer) {
			for range 2 {
				w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x.yaml", Mode: 0o644})
			}
		}),
	} {
		dir := t.TempDir()
		if err := Unpack(bytes.NewReader(p), filepath.Join(dir, "in")); err == nil {
			t.Errorf("%s was unpacked", what)
		}
		if list, _ := filepath.Glob(filepath.Join(dir, "*")); len(list) > 1 {
			t.Errorf("%s left %v", what, list)
		}
	}
}

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		v, than string
		want    bool
	}{{"1.2", "1.1", true}, {"1.10", "1.9", true}, {"1.1", "1.1", false}, {"1.1.1", "1.1", true}, {"2026.11.2", "2026.11.10", false}, {"1", "", true}, {"1.0", "1.1", false}, {"", "1", false}} {
		if got := Newer(c.v, c.than); got != c.want {
			t.Errorf("Newer(%q, %q) is %v", c.v, c.than, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	secret, public, _ := Generate("fuzz")
	key, _ := ParseSecret(secret)
	pub, _ := ParsePublic(public)
	var out bytes.Buffer
	Sign(&out, key, Manifest{Kind: Content, Version: "1"}, []byte("x"))
	f.Add(out.Bytes())
	f.Add(fmt.Appendf(nil, "%s\xff\xff\xff\xff", magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := Verify(bytes.NewReader(b), []Key{pub}, Content, &bytes.Buffer{}); err == nil && !bytes.Equal(b, out.Bytes()) {
			t.Error("a forged bundle was accepted")
		}
	})
}
