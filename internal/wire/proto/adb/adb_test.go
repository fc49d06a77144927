package adb

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDecodeIsInverseOfAppend(t *testing.T) {
	b := Append(nil, OPEN, 7, 9, []byte("shell:id\x00"))
	var h Header
	n, err := Decode(&h, b)
	if err != nil || n != HeaderLen || h.Command != OPEN || h.Arg0 != 7 || h.Arg1 != 9 || int(h.Len) != len(b)-n {
		t.Errorf("%d, %v, %+v", n, err, h)
	}
	b[20] ^= 1
	if _, err := Decode(&h, b); err != ErrSyntax {
		t.Errorf("a wrong check value: %v", err)
	}
}

func TestDecodeBanner(t *testing.T) {
	var b Banner
	DecodeBanner(&b, []byte("device::ro.product.name=p212;ro.product.model=TV BOX;ro.product.device=x;features=cmd\x00"))
	if string(b.Kind) != "device" || string(b.Name) != "p212" || string(b.Model) != "TV BOX" || string(b.Device) != "x" {
		t.Errorf("%q", b)
	}
	DecodeBanner(&b, []byte(":::;;=;"))
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.Telnet:
			out = append(out, strings.TrimRight(fmt.Sprintf("%s:%s:%s", b.Event, b.Command, b.Output), ":"))
		case *event.Login:
			out = append(out, b.Mechanism+":"+b.Outcome)
		case *event.FileInfo:
			out = append(out, fmt.Sprintf("file:%s:%d", b.Filename, b.Size))
		case *event.Identity:
			out = append(out, "id:"+b.Model)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " | ")
}

func TestConversations(t *testing.T) {
	C := func(cmd, a uint32, s string) dialogue.Turn { return dialogue.C(Append(nil, cmd, a, 0, []byte(s))) }
	S := func(cmd, a uint32, s string) dialogue.Turn { return dialogue.S(Append(nil, cmd, a, 0, []byte(s))) }
	banner := "device::ro.product.model=BOX;"
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"open to all", []dialogue.Turn{C(CNXN, 1, "host::\x00"), S(CNXN, 1, banner), C(OPEN, 1, "shell:cd /tmp; wget x\x00"), S(OKAY, 1, ""), S(WRTE, 1, "saved\n"), C(OKAY, 1, ""), S(CLSE, 0, "")},
			"id:BOX | login | command:cd /tmp; wget x:saved"},
		{"proved at the second try", []dialogue.Turn{C(CNXN, 1, "host::"), S(AUTH, 1, strings.Repeat("t", 20)), C(AUTH, 2, "sig"), S(AUTH, 1, strings.Repeat("t", 20)), C(AUTH, 3, "key"), S(CNXN, 1, banner)},
			"publickey:failure | id:BOX | publickey:success | login"},
		{"file", []dialogue.Turn{C(OPEN, 1, "sync:\x00"), C(WRTE, 1, "SEND\x10\x00\x00\x00/data/x.arm,0777"), C(WRTE, 1, "DATA\x05\x00\x00\x00abcde"), C(WRTE, 1, "DONE\x00\x00\x00\x00")}, "file:/data/x.arm:5"},
		{"never finished", []dialogue.Turn{C(OPEN, 1, "shell:\x00")}, "command:sh"},
		{"long output", []dialogue.Turn{C(OPEN, 1, "exec:id"), S(WRTE, 1, strings.Repeat("y", 9000)), S(CLSE, 0, "")}, "command:id:" + strings.Repeat("y", 256)},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 5555)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestProbe(t *testing.T) {
	for in, want := range map[string]proto.Match{
		string(Append(nil, CNXN, 0x1000000, 4096, []byte("host::\x00"))): proto.Yes,
		"CNXN":                              proto.More,
		"CNXN" + strings.Repeat("\x00", 20): proto.No,
		"GET / HTTP/1.1\r\n":                proto.No,
		"{\"id\":1}":                        proto.No,
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 5555), dialogue.C(in)); got != want {
			t.Errorf("%.20q: %d, want %d", in, got, want)
		}
	}
}

func FuzzADB(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 5555,
		dialogue.Seed(dialogue.C(Append(nil, CNXN, 1, 0, []byte("host::"))), dialogue.S(Append(nil, CNXN, 1, 0, []byte("device::a=b;"))),
			dialogue.C(Append(nil, OPEN, 1, 0, []byte("shell:id"))), dialogue.S(Append(nil, WRTE, 1, 0, []byte("uid"))), dialogue.C(Append(nil, WRTE, 1, 0, []byte("SEND\x01\x00\x00\x00a")))))
}
