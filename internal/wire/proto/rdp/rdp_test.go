package rdp

import (
	"encoding/binary"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
	"edgeward/internal/wire/proto/tpkt"
	"edgeward/internal/wire/proto/utf16le"
)

func packet(kind byte, variable []byte) []byte {
	return tpkt.Append(nil, append([]byte{byte(6 + len(variable)), kind, 0, 0, 0, 0, 0}, variable...))
}

func negotiation(kind byte, v uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{kind, 0, 8, 0}, v)
}

func request(cookie string, protocols uint32) []byte {
	return packet(tpkt.CR, append([]byte(cookie), negotiation(negotiationRequest, protocols)...))
}

func TestOpenings(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  event.RDP
	}{
		{"TLS", []dialogue.Turn{C(request("Cookie: mstshash=admin\r\n", 3)), S(packet(tpkt.CC, negotiation(negotiationResponse, 1)))}, event.RDP{Cookie: "admin", Protocol: "tls"}},
		{"CredSSP", []dialogue.Turn{C(request("", 3)), S(packet(tpkt.CC, negotiation(negotiationResponse, 2)))}, event.RDP{Protocol: "credssp"}},
		{"old server", []dialogue.Turn{C(request("", 3)), S(packet(tpkt.CC, nil))}, event.RDP{Protocol: "rdp"}},
		{"refused", []dialogue.Turn{C(request("", 0)), S(packet(tpkt.CC, negotiation(negotiationFailure, 5)))}, event.RDP{Failure: "HYBRID_REQUIRED_BY_SERVER"}},
		{"no answer", []dialogue.Turn{C(request("Cookie: mstshash=x\r\n", 0))}, event.RDP{Cookie: "x"}},
		{"load balancer", []dialogue.Turn{C(packet(tpkt.CR, []byte("Cookie: msts=3640205228.15629.0000\r\n")))}, event.RDP{Cookie: "3640205228.15629.0000"}},
	} {
		c := prototest.NewConn(6, 3389)
		dialogue.PlayBytes(t, Protocol, c, tt.turns...)
		got := dialogue.Facts[event.RDP](c)
		if len(got) != 1 || *got[0] != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestClient(t *testing.T) {
	core := make([]byte, 56)
	copy(core, []byte{1, 0xc0, 216, 0})
	binary.LittleEndian.PutUint32(core[20:], 2600)
	copy(core[24:], utf16le.Encode(nil, "WORKSTATION-1"))
	data := append([]byte{2, 0xf0, 0x80}, "\x7f\x65 mcs Duca\x81\x10"...)
	c := prototest.NewConn(6, 3389)
	dialogue.Play(t, Protocol, c, dialogue.C(request("", 0)), dialogue.S(packet(tpkt.CC, nil)), dialogue.C(tpkt.Append(nil, append(data, core...))))
	ids := dialogue.Facts[event.Identity](c)
	if len(ids) != 1 || ids[0].Name != "WORKSTATION-1" || ids[0].Banner != "build 2600" {
		t.Errorf("%+v", ids)
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		in   []byte
		want proto.Match
	}{
		{request("Cookie: mstshash=a\r\n", 0), proto.Yes},
		{request("", 1), proto.Yes},
		{request("", 1)[:9], proto.More},
		{packet(tpkt.CR, []byte{0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2}), proto.No}, // S7comm
		{packet(tpkt.CR, nil), proto.Weak},
		{[]byte("GET / HTTP/1.1"), proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 3389), dialogue.C(tt.in)); got != tt.want {
			t.Errorf("%x: %d, want %d", tt.in, got, tt.want)
		}
	}
}

func FuzzRDP(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 3389,
		dialogue.Seed(dialogue.C(request("Cookie: mstshash=a\r\n", 3)), dialogue.S(packet(tpkt.CC, negotiation(negotiationResponse, 0))),
			dialogue.C(tpkt.Append(nil, append([]byte{2, 0xf0, 0x80}, "Duca\x81\x10\x01\xc0\xd8\x00"...)))))
}
