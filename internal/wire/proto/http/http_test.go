package http

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, in string
		want     string // the head as Append writes it
		flaws    Flaw
		err      error
	}{
		{name: "request", in: "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX:y\r\n\r\nrest",
			want: "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n"},
		{name: "response", in: "HTTP/1.1 404 Not Found\r\nServer: s\r\n\r\n",
			want: "HTTP/1.1 404 Not Found\r\nServer: s\r\n\r\n"},
		{name: "response without reason", in: "HTTP/1.0 200\r\n\r\n", want: "HTTP/1.0 200 \r\n\r\n"},
		{name: "rtsp", in: "OPTIONS rtsp://h/s RTSP/1.0\r\nCSeq: 1\r\n\r\n",
			want: "OPTIONS rtsp://h/s RTSP/1.0\r\nCSeq: 1\r\n\r\n"},
		{name: "sip", in: "SIP/2.0 100 Trying\r\nVia: x\r\n\r\n", want: "SIP/2.0 100 Trying\r\nVia: x\r\n\r\n"},
		{name: "ssdp", in: "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n",
			want: "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n"},
		{name: "empty lines first", in: "\r\n\r\nGET / HTTP/1.1\r\n\r\n", want: "GET / HTTP/1.1\r\n\r\n"},
		{name: "bare line feeds", in: "GET / HTTP/1.1\nA: b\n\n", want: "GET / HTTP/1.1\r\nA: b\r\n\r\n", flaws: FlawBareLF},
		{name: "folded", in: "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n d\r\nE: f\r\n\r\n",
			want: "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n d\r\nE: f\r\n\r\n", flaws: FlawFolded},
		{name: "folded without field", in: "GET / HTTP/1.1\r\n c\r\nE: f\r\n\r\n", want: "GET / HTTP/1.1\r\nE: f\r\n\r\n", flaws: FlawFolded},
		{name: "no colon", in: "GET / HTTP/1.1\r\nwhat\r\nE: f\r\n\r\n", want: "GET / HTTP/1.1\r\nE: f\r\n\r\n", flaws: FlawNoColon},
		{name: "space before colon", in: "GET / HTTP/1.1\r\nE : f\r\n\r\n", want: "GET / HTTP/1.1\r\nE: f\r\n\r\n", flaws: FlawFieldName},
		{name: "NUL in value", in: "GET / HTTP/1.1\r\nE: f\x00\r\n\r\n", want: "GET / HTTP/1.1\r\nE: f\x00\r\n\r\n", flaws: FlawControl},
		{name: "space in target", in: "GET /a b HTTP/1.1\r\n\r\n", want: "GET /a b HTTP/1.1\r\n\r\n", flaws: FlawTarget},
		{name: "no version", in: "GET /a\r\n\r\n", want: "GET /a\r\n\r\n", flaws: FlawNoVersion},
		{name: "cut", in: "GET / HTTP/1.1\r\nHost: h\r\n", err: ErrShort},
		{name: "empty", in: "", err: ErrShort},
		{name: "lower-case method", in: "get / HTTP/1.1\r\n\r\n", err: ErrStartLine},
		{name: "binary", in: "\x16\x03\x01\x00\x05\n\n", err: ErrStartLine},
		{name: "status of two digits", in: "HTTP/1.1 20 OK\r\n\r\n", err: ErrStartLine},
		{name: "too long", in: "GET / HTTP/1.1\r\nA: " + strings.Repeat("b", MaxHead) + "\r\n\r\n", err: ErrTooLong},
		{name: "too long, no end", in: "GET / HTTP/1.1\r\nA: " + strings.Repeat("b", MaxHead), err: ErrTooLong},
	}
	var h Head
	for _, tt := range tests {
		n, err := Decode(&h, []byte(tt.in))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
			continue
		}
		if err != nil {
			continue
		}
		if got := string(Append(nil, &h)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if h.Flaws != tt.flaws {
			t.Errorf("%s: flaws %b, want %b", tt.name, h.Flaws, tt.flaws)
		}
		if rest := tt.in[n:]; rest != "" && rest != "rest" {
			t.Errorf("%s: %d bytes taken, %q left", tt.name, n, rest)
		}
	}
}

func TestTooManyFields(t *testing.T) {
	in := "GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", MaxFields+1) + "\r\n"
	var h Head
	if n, err := Decode(&h, []byte(in)); err != nil || n != len(in) {
		t.Fatalf("took %d of %d: %v", n, len(in), err)
	}
	if len(h.Fields) != MaxFields || h.Flaws != FlawTooManyFields {
		t.Errorf("%d fields, flaws %b", len(h.Fields), h.Flaws)
	}
}

func TestGetIgnoresCase(t *testing.T) {
	var h Head
	if _, err := Decode(&h, []byte("GET / HTTP/1.1\r\nCONTENT-type: a\r\nContent-Type: b\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := string(h.Get("content-type")); got != "a" {
		t.Errorf("got %q, want the first value", got)
	}
	if h.Get("content-typ") != nil {
		t.Error("a prefix of a name is another name")
	}
}

func TestDecodeFields(t *testing.T) {
	var h Head
	n, err := DecodeFields(&h, []byte("A: b\r\nC: d\r\n\r\nrest"))
	if err != nil || n != len("A: b\r\nC: d\r\n\r\n") || string(h.Get("c")) != "d" {
		t.Errorf("took %d, %v, %q", n, err, h.Fields)
	}
	if n, err := DecodeFields(&h, []byte("\r\nrest")); n != 2 || err != nil || len(h.Fields) != 0 {
		t.Errorf("no fields: took %d, %v", n, err)
	}
	if _, err := DecodeFields(&h, []byte("A: b\r\n")); !errors.Is(err, ErrShort) {
		t.Errorf("cut: %v", err)
	}
}

func TestFraming(t *testing.T) {
	tests := []struct {
		name, head, method string
		want               Framing
		length             uint64
		err                error
	}{
		{"get", "GET / HTTP/1.1", "", NoBody, 0, nil},
		{"post", "POST / HTTP/1.1\r\nContent-Length: 5", "", Length, 5, nil},
		{"post chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked", "", Chunked, 0, nil},
		{"both", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "", Chunked, 0, ErrBoth},
		{"negative", "POST / HTTP/1.1\r\nContent-Length: -5", "", NoBody, 0, ErrLength},
		{"plus", "POST / HTTP/1.1\r\nContent-Length: +5", "", NoBody, 0, ErrLength},
		{"contradiction", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6", "", NoBody, 0, ErrLength},
		{"repeated", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5", "", Length, 5, nil},
		{"list", "POST / HTTP/1.1\r\nContent-Length: 5, 5", "", Length, 5, nil},
		{"overflow", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999", "", NoBody, 0, ErrLength},
		{"ok", "HTTP/1.1 200 OK\r\nContent-Length: 5", "GET", Length, 5, nil},
		{"ok empty", "HTTP/1.1 200 OK\r\nContent-Length: 0", "GET", NoBody, 0, nil},
		{"ok, no length", "HTTP/1.1 200 OK", "GET", UntilClose, 0, nil},
		{"ok, unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity", "GET", UntilClose, 0, nil},
		{"head", "HTTP/1.1 200 OK\r\nContent-Length: 5", "HEAD", NoBody, 0, nil},
		{"connect", "HTTP/1.1 200 OK\r\nContent-Length: 5", "CONNECT", NoBody, 0, nil},
		{"connect refused", "HTTP/1.1 403 No\r\nContent-Length: 5", "CONNECT", Length, 5, nil},
		{"no content", "HTTP/1.1 204 No Content\r\nContent-Length: 5", "GET", NoBody, 0, nil},
		{"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5", "GET", NoBody, 0, nil},
		{"continue", "HTTP/1.1 100 Continue", "POST", NoBody, 0, nil},
	}
	var h Head
	for _, tt := range tests {
		if _, err := Decode(&h, []byte(tt.head+"\r\n\r\n")); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		f, n, err := RequestFraming(&h)
		if !h.IsRequest() {
			f, n, err = ResponseFraming(&h, []byte(tt.method))
		}
		if f != tt.want || n != tt.length || !errors.Is(err, tt.err) {
			t.Errorf("%s: framing %d of %d bytes, %v; want %d of %d, %v", tt.name, f, n, err, tt.want, tt.length, tt.err)
		}
	}
}

func TestDecodeChunkSize(t *testing.T) {
	tests := []struct {
		in   string
		size uint64
		n    int
		err  error
	}{
		{"0\r\n", 0, 3, nil},
		{"1aF\r\nx", 0x1af, 5, nil},
		{"a;name=\"v\"\r\n", 10, 12, nil},
		{"5  \r\n", 5, 5, nil},
		{"5\n", 5, 2, nil},
		{"", 0, 0, ErrShort},
		{"5", 0, 0, ErrShort},
		{"5\r", 0, 0, ErrShort},
		{"\r\n", 0, 0, ErrChunk},
		{"g\r\n", 0, 0, ErrChunk},
		{"5 5\r\n", 0, 0, ErrChunk},
		{"-1\r\n", 0, 0, ErrChunk},
		{"ffffffffffffffff\r\n", 0, 0, ErrChunk},
		{"1;" + strings.Repeat("x", maxChunkLine), 0, 0, ErrChunk},
	}
	for _, tt := range tests {
		size, n, err := DecodeChunkSize([]byte(tt.in))
		if size != tt.size || n != tt.n || !errors.Is(err, tt.err) {
			t.Errorf("%.20q: got %d, %d, %v; want %d, %d, %v", tt.in, size, n, err, tt.size, tt.n, tt.err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("M-SEARCH * HTTP/1.1\n\n"))
	f.Add([]byte("\r\nGET /a b\r\n: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again Head
		n, err := Decode(&h, b)
		if err != nil {
			return
		}
		if n > len(b) || len(h.Fields) > MaxFields {
			t.Fatalf("took %d of %d bytes, %d fields", n, len(b), len(h.Fields))
		}
		RequestFraming(&h)
		ResponseFraming(&h, h.Method)
		if h.Flaws&^FlawBareLF != 0 {
			return
		}
		// What the standard allows is the same after writing and reading.
		out := Append(nil, &h)
		m, err := Decode(&again, out)
		if err != nil || m != len(out) {
			t.Fatalf("%q written as %q: took %d, %v", b, out, m, err)
		}
		if !bytes.Equal(out, Append(nil, &again)) {
			t.Fatalf("%q and %q differ", out, Append(nil, &again))
		}
	})
}

func FuzzDecodeChunkSize(f *testing.F) {
	f.Add([]byte("1a;x\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		size, n, err := DecodeChunkSize(b)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("took %d of %d bytes", n, len(b))
		}
		if again, _, err := DecodeChunkSize(AppendChunkSize(nil, size)); err != nil || again != size {
			t.Fatalf("size %d became %d, %v", size, again, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	in := []byte("GET /description.xml HTTP/1.1\r\nHost: 192.0.2.7:49152\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\n" +
		"Accept: text/html,application/xml;q=0.9\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n")
	var h Head
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(&h, in); err != nil {
			b.Fatal(err)
		}
	}
}
