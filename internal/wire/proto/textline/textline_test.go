package textline

import (
	"bytes"
	"testing"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in, line string
		n        int
	}{
		{"", "", 0},
		{"no end", "", 0},
		{"a\r\nb", "a", 3},
		{"a\nb", "a", 2},
		{"a\r\x00\nb", "a", 4},
		{"\r\n", "", 2},
	} {
		line, n := Cut([]byte(tt.in))
		if string(line) != tt.line || n != tt.n {
			t.Errorf("Cut(%q) = %q, %d; want %q, %d", tt.in, line, n, tt.line, tt.n)
		}
	}
}

func TestWord(t *testing.T) {
	w, rest := Word([]byte("  RETR \t a file.txt "))
	if string(w) != "RETR" || string(rest) != "a file.txt" {
		t.Errorf("got %q and %q", w, rest)
	}
	if w, rest = Word([]byte("NOOP")); string(w) != "NOOP" || rest != nil {
		t.Errorf("got %q and %q", w, rest)
	}
}

func TestField(t *testing.T) {
	for _, tt := range []struct{ in, name, value string }{
		{"CSeq: 1 OPTIONS", "CSeq", "1 OPTIONS"},
		{"Server:", "Server", ""},
		{"a b: c", "", ""},
		{": c", "", ""},
		{"none", "", ""},
	} {
		name, value := Field([]byte(tt.in))
		if string(name) != tt.name || string(value) != tt.value {
			t.Errorf("Field(%q) = %q, %q", tt.in, name, value)
		}
	}
}

func TestHeadEnd(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int
	}{
		{"A\r\nB: c\r\n\r\nbody", 11},
		{"A\nB: c\n\nbody", 8},
		{"A\r\nB: c\r\n", 0},
		{"A\r\nB: c\r\n\r", 0},
		{"", 0},
	} {
		if got := HeadEnd([]byte(tt.in)); got != tt.want {
			t.Errorf("HeadEnd(%q) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestFields(t *testing.T) {
	got := ""
	for name, value := range Fields([]byte("FIRST x: y\r\nA: 1\r\n folded: 2\r\nnone\r\nB:3\r\n\r\n")) {
		got += string(name) + "=" + string(value) + ";"
	}
	if got != "A=1;B=3;" {
		t.Error(got)
	}
	for range Fields(nil) {
		t.Error("a field in nothing")
	}
}

func TestFolding(t *testing.T) {
	if !Is([]byte("HeLo"), "helo") || Is([]byte("HELOX"), "helo") || Is([]byte("HE"), "helo") {
		t.Error("Is is wrong about case or length")
	}
	if Index([]byte("Login INCORRECT"), "incorrect") != 6 || Index([]byte("x"), "xx") != -1 {
		t.Error("Index is wrong")
	}
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]int{"0": 0, "250": 250, "999999999": 999999999} {
		if n, ok := Number([]byte(in)); !ok || n != want {
			t.Errorf("Number(%q) = %d, %v", in, n, ok)
		}
	}
	for _, in := range []string{"", "-1", "1a", "1000000000"} {
		if _, ok := Number([]byte(in)); ok {
			t.Errorf("Number(%q) was taken", in)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("\n\r\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := HeadEnd(b); n < 0 || n > len(b) {
			t.Fatalf("head of %d bytes in %d", n, len(b))
		}
		total := 0
		for rest := b; ; {
			line, n := Cut(rest)
			if n == 0 {
				break
			}
			if bytes.IndexByte(line, '\n') >= 0 {
				t.Fatal("a line with a line ending in it")
			}
			Field(line)
			Word(line)
			total += n
			rest = rest[n:]
		}
		if total > len(b) {
			t.Fatal("more taken than there was")
		}
	})
}

func TestDecodeReply(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		code uint16
		text string
		last string
		err  error
	}{
		{"220 ready\r\nmore", 11, 220, "ready", "ready", nil},
		{"220-one\r\n 220 not yet\r\n220 two\r\n", 32, 220, "one", "two", nil},
		{"331\r\n", 5, 331, "", "", nil},
		{"220-one\r\n", 0, 0, "", "", ErrShort},
		{"22", 0, 0, "", "", ErrShort},
		{"abcd", 0, 0, "", "", ErrReply},
		{"620 x\r\n", 0, 0, "", "", ErrReply},
		{"2200 x\r\n", 0, 0, "", "", ErrReply},
	} {
		var r Reply
		n, err := DecodeReply(&r, []byte(tt.in))
		if n != tt.n || err != tt.err || err == nil && (r.Code != tt.code || string(r.Text) != tt.text || string(r.Last) != tt.last) {
			t.Errorf("%q: %d, %v, %+v", tt.in, n, err, r)
		}
	}
	var r Reply
	if _, err := DecodeReply(&r, append([]byte("220-x\r\n"), bytes.Repeat([]byte("y\r\n"), MaxReply)...)); err != ErrReply {
		t.Errorf("endless reply: %v", err)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("220-a\r\n220 b\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Reply
		if n, err := DecodeReply(&r, b); err == nil && (n <= 0 || n > len(b)) {
			t.Fatalf("%d of %d", n, len(b))
		}
	})
}
