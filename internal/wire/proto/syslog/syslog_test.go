package syslog

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func TestPriority(t *testing.T) {
	for _, tt := range []struct {
		in  string
		pri uint8
		n   int
	}{
		{"<0>x", 0, 3},
		{"<34>1 2003", 34, 4},
		{"<191>x", 191, 5},
		{"<192>x", 0, 0},
		{"<007>x", 0, 0},
		{"<>x", 0, 0},
		{"<1", 0, 0},
		{"<html>", 0, 0},
		{"", 0, 0},
	} {
		if pri, n := Priority([]byte(tt.in)); pri != tt.pri || n != tt.n {
			t.Errorf("Priority(%q) = %d, %d", tt.in, pri, n)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		in        string
		transport uint8
		port      bool
		want      proto.Match
	}{
		{"<34>su: failed", 17, true, proto.Yes},
		{"<34>su: failed", 17, false, proto.No},
		{"<34>", 17, true, proto.No},
		{"<34>su: failed\n", 6, true, proto.Yes},
		{"20 <34>1 - - - - - - x", 6, true, proto.Yes},
		{"20 ", 6, true, proto.More},
		{"1022\x00user\x00", 6, true, proto.No}, // remote shell
	} {
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(tt.transport, 514)}
		s.Data[0] = []byte(tt.in)
		if got := probe(s); got != tt.want {
			t.Errorf("probe(%q) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestStreamIsCountedByMessages(t *testing.T) {
	for _, in := range []string{"<1>a\n<2>b\n<3>c\n", "5 <1>ab5 <2>ab<3>c\n"} {
		for step := 1; step <= len(in); step++ {
			c := prototest.NewConn(6, 514)
			if n, err := prototest.Feed(Protocol.New(), c, event.ToServer, []byte(in), step); err != nil || n < len(in) || c.Messages[0] != 3 {
				t.Errorf("%q in steps of %d: %d messages, %d bytes, %v", in, step, c.Messages[0], n, err)
			}
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add([]byte("<34>su\n20 <1>x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, transport := range []uint8{6, 17} {
			c := prototest.NewConn(transport, 514)
			s := &proto.Sample{Port: true, Conn: c}
			s.Data[0] = b
			probe(s)
			prototest.Feed(Protocol.New(), c, event.ToServer, b, 3)
		}
	})
}
