package identity

import (
	"strings"
	"testing"
	"unicode/utf8"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain", "plain"},
		{" \x00padded\x00\x00 ", "padded"},
		{"two\r\nlines", "two lines"},
		{"bell\a and \xff", "bell. and ."},
		{"Wohnzimmer-Küche", "Wohnzimmer-Küche"},
		{"\u202egnp", ".gnp"},
		{"", ""},
		{strings.Repeat("a", MaxText+9), strings.Repeat("a", MaxText)},
		{"a" + strings.Repeat("ü", MaxText), "a" + strings.Repeat("ü", (MaxText-1)/2)},
	} {
		if got := Text(prototest.NewConn(17, 1), []byte(tt.in)); got != tt.want {
			t.Errorf("Text(%.30q) = %.30q (%d bytes), want %.30q", tt.in, got, len(got), tt.want)
		}
	}
}

func TestOnce(t *testing.T) {
	c := prototest.NewConn(17, 1)
	var o Once
	o.Tell(c, event.ToServer, &event.Identity{Source: "test"})
	o.Tell(c, event.ToServer, &event.Identity{Source: "test", Name: "a"})
	o.Tell(c, event.ToServer, &event.Identity{Source: "test", Name: "a"})
	o.Tell(c, event.ToClient, &event.Identity{Source: "test", Name: "a"})
	o.Tell(c, event.ToServer, &event.Identity{Source: "test", Model: "a"})
	facts := c.Env.Out.Facts()
	if len(facts) != 3 {
		t.Fatalf("%d facts, want one for each of three statements", len(facts))
	}
	if facts[0].Src != c.Client || facts[1].Src != c.Server {
		t.Errorf("facts are about %v and %v", facts[0].Src, facts[1].Src)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a\n\tb\xc3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := AppendText(nil, b)
		if len(got) > MaxText || !utf8.Valid(got) {
			t.Errorf("AppendText(%q) = %q", b, got)
		}
	})
}
