package netbios

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func request(called, calling string) []byte {
	return Append(nil, Request, EncodeName(EncodeName(nil, called, 0x20), calling, 0))
}

func TestNames(t *testing.T) {
	for _, name := range []string{"FILES", "*SMBSERVER", "FIFTEEN-LETTERS", ""} {
		got, suffix, n, ok := AppendName(nil, EncodeName(nil, name, 0x1d))
		if !ok || n != 34 || string(got) != name || suffix != 0x1d {
			t.Errorf("%q became %q, suffix %x, %d, %v", name, got, suffix, n, ok)
		}
	}
	bad := EncodeName(nil, "X", 0)
	bad[5] = 'z'
	if _, _, _, ok := AppendName(nil, bad); ok {
		t.Error("a letter outside A to P was taken")
	}
}

func TestDecode(t *testing.T) {
	var p Packet
	b := Append(nil, Message, []byte("\xfeSMB"))
	if n, err := Decode(&p, b); err != nil || n != 8 || string(p.Payload) != "\xfeSMB" {
		t.Errorf("%d, %v, %+v", n, err, p)
	}
	if n, err := Decode(&p, b[:6]); err != nil || n != 8 || len(p.Payload) != 2 {
		t.Errorf("cut: %d, %v, %+v", n, err, p)
	}
	for _, bad := range [][]byte{{0x81, 0, 0, 5}, {0x42, 0, 0, 0}, {0x85, 0, 0, 1}, {0x83, 0, 0, 0}} {
		if _, err := Decode(&p, bad); err != ErrSyntax {
			t.Errorf("%x: %v", bad, err)
		}
	}
	if _, err := Decode(&p, []byte{0, 0, 0}); err != ErrShort {
		t.Error(err)
	}
}

func TestSession(t *testing.T) {
	c := prototest.NewConn(6, 139)
	if m := dialogue.Recognise(Protocol, c, dialogue.C(request("SRV", "PC"))); m != proto.Yes {
		t.Fatalf("recognised as %d", m)
	}
	dialogue.PlayBytes(t, Protocol, c, dialogue.C(request("SRV", "PC")), dialogue.S([]byte{Positive, 0, 0, 0}))
	ids := dialogue.Facts[event.Identity](c)
	if len(ids) != 2 || ids[0].Name != "PC" || ids[1].Name != "SRV" {
		t.Errorf("identities %+v", ids)
	}
	c = prototest.NewConn(6, 139)
	p := Protocol.New()
	p.Data(c, event.ToServer, request("*SMBSERVER", "PC"))
	p.Data(c, event.ToClient, []byte{Positive, 0, 0, 0})
	if next, ok := c.Becoming(); !ok || next != event.ProtoSMB {
		t.Errorf("becomes %v, %v", next, ok)
	}
	for _, other := range []string{"GET / HTTP/1.1", "\x00\x00\x00\x90\xffSMB", "\x81\x00\x00\x44 short names that are none whatsoever, and then some more of them all"} {
		if m := dialogue.Recognise(Protocol, prototest.NewConn(6, 139), dialogue.C(other)); m != proto.No {
			t.Errorf("%q: %d", other, m)
		}
	}
}

func FuzzNetBIOS(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 139,
		dialogue.Seed(dialogue.C(request("SRV", "PC")), dialogue.S([]byte{Positive, 0, 0, 0})),
		dialogue.Seed(dialogue.S([]byte{Negative, 0, 0, 1, 0x82})))
}

func TestProbeDoesNotAllocate(t *testing.T) {
	s := &proto.Sample{Conn: prototest.NewConn(6, 139)}
	s.Data[0] = request("SERVER", "CLIENT")
	if n := shared.AllocsPerRun(100, func() { probe(s) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
