package utf16le

import (
	"testing"
	"unicode/utf8"
)

func TestAppend(t *testing.T) {
	for _, s := range []string{"", "ADMIN$", "Küche", "файл", "日本", "a😀b"} {
		if got := string(Append(nil, Encode(nil, s), 100)); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for in, want := range map[string]string{
		"a\x00b\x00\x00\x00c\x00": "ab",
		"a\x00b":                  "a\ufffd",
		"\x00\xd8a\x00":           "\ufffda",
		"\x00\xdc":                "\ufffd",
		"\x00\xd8":                "\ufffd",
	} {
		if got := string(Append(nil, []byte(in), 100)); got != want {
			t.Errorf("%x became %q, want %q", in, got, want)
		}
	}
	if got := string(Append([]byte("x"), Encode(nil, "日本"), 4)); got != "x日" {
		t.Errorf("cut to %q", got)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("a\x00\x00\xd8\x00\xdc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := Append(nil, b, 64); len(got) > 64 || !utf8.Valid(got) {
			t.Errorf("%d bytes, %q", len(got), got)
		}
	})
}
