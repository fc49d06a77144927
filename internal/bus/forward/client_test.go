package forward

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"edgeward/internal/ident"
)

func read(text []byte) (status int, body []byte, err error) {
	c := &client{r: bufio.NewReader(bytes.NewReader(text))}
	a, size, err := c.readHead(func() bool { return true })
	if err != nil {
		return 0, nil, err
	}
	if size > maxAnswer {
		return a.status, nil, nil
	}
	body, err = io.ReadAll(a)
	return a.status, body, err
}

func TestAnswersAreReadAsHTTP(t *testing.T) {
	for _, c := range []struct {
		text   string
		status int
		body   string
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"},
		{"HTTP/1.1 200\ncontent-length:  2 \n\n{}rest", 200, "{}"},
		{"HTTP/1.0 503 Away\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 503, ""},
		{"HTTP/1.1 200 OK\r\n\r\n{}", 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", 0, ""},
		{"SSH-2.0-x\r\n", 0, ""},
		{"HTTP/1.1 100 Continue\r\n\r\n", 0, ""},
		{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", maxHeaderBytes) + "\r\nContent-Length: 0\r\n\r\n", 0, ""},
		{"", 0, ""},
	} {
		status, body, err := read([]byte(c.text))
		if status != c.status || string(body) != c.body || (err == nil) != (c.status != 0) {
			t.Errorf("%.60q: %d %q %v", c.text, status, body, err)
		}
	}
}

func TestHubAddress(t *testing.T) {
	for url, want := range map[string]string{
		"https://hub.example.org": "hub.example.org:8444", "https://192.0.2.1:9000/": "192.0.2.1:9000", "https://[2001:db8::1]": "[2001:db8::1]:8444",
		"http://hub": "", "hub:8444": "", "https://": "", "https://hub/path": "", "::": "",
	} {
		if got, err := HubAddress(url); got != want || (err == nil) != (want != "") || want == "" && ident.CodeOf(err) != ident.Usage {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
}

func TestTokens(t *testing.T) {
	pin := [32]byte{1, 2, 3}
	token := NewToken(pin)
	if got, err := TokenPin(" " + token + "\n"); got != pin || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if TokenHash(token+"\n") != TokenHash(token) || NewToken(pin) == token {
		t.Error("hashes or tokens are wrong")
	}
	if _, err := TokenPin(token[:len(token)-1]); ident.CodeOf(err) != ident.Usage {
		t.Errorf("a part of a token: %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if status, body, err := read(b); err == nil && (status < 200 || status > 599 || len(body) > len(b)) {
			t.Errorf("%d with %d bytes out of %d", status, len(body), len(b))
		}
	})
}
