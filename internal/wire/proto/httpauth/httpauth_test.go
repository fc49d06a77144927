package httpauth

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tt := range []struct {
		value, scheme, user, password string
		ok                            bool
	}{
		{basic("admin:12345"), "basic", "admin", "12345", true},
		{basic("admin:a:b"), "basic", "admin", "a:b", true},
		{basic("admin:"), "basic", "admin", "", true},
		{basic("admin"), "", "", "", false},
		{"Basic !!!", "", "", "", false},
		{"basic " + strings.Repeat("A", 1000), "", "", "", false},
		{`Digest username="root", realm="AXIS_1", nonce="0", uri="rtsp://a/b,c=d", response="f"`, "digest", "root", "", true},
		{`Digest realm="x", username=bob,nonce=1`, "digest", "bob", "", true},
		{`Digest realm="x"`, "", "", "", false},
		{"Bearer abc", "", "", "", false},
		{"", "", "", "", false},
	} {
		var c Credentials
		var buf [MaxPair]byte
		ok := Decode(&c, &buf, []byte(tt.value))
		if ok != tt.ok || ok && (c.Scheme != tt.scheme || string(c.User) != tt.user || string(c.Password) != tt.password) {
			t.Errorf("%.40s: %v, %s, %q, %q", tt.value, ok, c.Scheme, c.User, c.Password)
		}
	}
}

func TestChallenge(t *testing.T) {
	scheme, realm := Challenge([]byte(`Digest realm="Login to 3C7:9, x", nonce="a"`))
	if string(scheme) != "Digest" || string(realm) != "Login to 3C7:9, x" {
		t.Errorf("%q, %q", scheme, realm)
	}
}

func TestStale(t *testing.T) {
	if !Stale([]byte(`Digest realm="a", stale=TRUE, nonce="b"`)) || Stale([]byte(`Digest realm="stale=true"`)) || Stale(nil) {
		t.Error("stale is read wrongly")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`Digest username="root", realm="AXIS_1", nonce=`))
	f.Add([]byte("Basic YTpi"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var c Credentials
		var buf [MaxPair]byte
		Decode(&c, &buf, b)
		Challenge(b)
	})
}
