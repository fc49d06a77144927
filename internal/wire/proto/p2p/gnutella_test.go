package p2p

import (
	"strings"
	"testing"

	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestGnutella(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	c := prototest.NewConn(6, 6346)
	dialogue.PlayBytes(t, Gnutella, c,
		C([]byte("GNUTELLA CONNECT/0.6\r\nNode: 192.0.2.1:6346\r\nUser-Agent: Foxy 1.9.8\r\n\r\n")),
		S([]byte("GNUTELLA/0.6 503 No QRP\r\nUser-Agent: Foxy 1.9.9\r\n\r\n")))
	if got := facts(c); got != "gnutella:Foxy 1.9.8" || c.Messages != [2]uint32{1, 1} {
		t.Errorf("%s, %v", got, c.Messages)
	}
	for in, want := range map[string]error{
		"GNUTELLA CONNECT/0.4\n\n":        nil,
		"GNUTELLA OK\n\n":                 nil,
		"GNUTELLA/0.6 200 OK\r\nX: y\r\n": ErrShort,
		"GNUT":                            ErrShort,
		"GET / HTTP/1.1\r\n\r\n":          ErrSyntax,
		"GNUTELLA CONNECT/0.6\r\n" + strings.Repeat("a", maxGreeting): ErrSyntax,
	} {
		if _, _, err := DecodeGreeting([]byte(in)); err != want {
			t.Errorf("%.40q: %v, want %v", in, err, want)
		}
	}
}

func FuzzGnutella(f *testing.F) {
	dialogue.Fuzz(f, Gnutella, 6, 6346, dialogue.Seed(dialogue.C([]byte("GNUTELLA CONNECT/0.6\r\nUser-Agent: x\r\n\r\n")), dialogue.S([]byte("GNUTELLA OK\n\n"))))
}
