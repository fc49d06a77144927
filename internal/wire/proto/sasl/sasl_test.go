package sasl

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	var buf [MaxText]byte
	text, ok := Decode(&buf, []byte(base64.StdEncoding.EncodeToString([]byte("admin\x00bob\x00s3cret"))))
	user, password, ok2 := Plain(text)
	if !ok || !ok2 || string(user) != "bob" || string(password) != "s3cret" {
		t.Errorf("got %q, %q, %v, %v", user, password, ok, ok2)
	}
	for _, bad := range []string{"", "bob", "\x00bob", "\x00\x00x", "a\x00b\x00c\x00d"} {
		if _, _, ok := Plain([]byte(bad)); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestDecode(t *testing.T) {
	var buf [MaxText]byte
	if text, ok := Decode(&buf, []byte("=")); !ok || len(text) != 0 {
		t.Error("the empty response was refused")
	}
	for _, bad := range []string{"*", "a b", strings.Repeat("A", 4*MaxText)} {
		if _, ok := Decode(&buf, []byte(bad)); ok {
			t.Errorf("%.10q was taken", bad)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("AGJvYgBz"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var buf [MaxText]byte
		if text, ok := Decode(&buf, b); ok {
			Plain(text)
		}
	})
}
