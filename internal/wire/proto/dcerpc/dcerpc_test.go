package dcerpc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

var svcctl = ParseUUID("367abb81-9844-35f1-ad32-98f038001003")

func bind(iface UUID) []byte {
	return AppendBind(nil, 1, &Context{Abstract: iface, Major: 2})
}

// bindAck accepts one context, with the address that the server names.
func bindAck(addr string, result uint16) []byte {
	body := []byte{0xb8, 0x10, 0xb8, 0x10, 1, 2, 3, 4, byte(len(addr) + 1), 0}
	body = append(append(body, addr...), 0)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	body = append(body, 1, 0, 0, 0, byte(result), byte(result>>8), 0, 0)
	body = append(append(body, ndr[:]...), 2, 0, 0, 0)
	return unit(BindAck, 1, FirstFrag|LastFrag, body)
}

func unit(kind byte, call uint32, flags byte, body []byte) []byte {
	n := HeaderLen + len(body)
	b := []byte{5, 0, kind, flags, 0x10, 0, 0, 0, byte(n), byte(n >> 8), 0, 0}
	b = binary.LittleEndian.AppendUint32(b, call)
	return append(b, body...)
}

func response(call uint32, stub []byte) []byte {
	return unit(Response, call, FirstFrag|LastFrag, append(make([]byte, 8), stub...))
}

func fault(call, status uint32) []byte {
	return unit(Fault, call, FirstFrag|LastFrag, binary.LittleEndian.AppendUint32(make([]byte, 8), status))
}

func TestUUID(t *testing.T) {
	const s = "367abb81-9844-35f1-ad32-98f038001003"
	u := ParseUUID(s)
	if got := string(u.AppendText(nil)); got != s || u[0] != 0x81 {
		t.Errorf("%s became %s", s, got)
	}
	for _, bad := range []string{"", "367abb81", "367abb81-9844-35f1-ad32-98f03800100g", "367abb81x9844-35f1-ad32-98f038001003"} {
		if ParseUUID(bad) != (UUID{}) {
			t.Errorf("%q was taken", bad)
		}
	}
	if len(names) < 60 {
		t.Errorf("only %d interfaces", len(names))
	}
	for i := range names {
		if names[i].uuid == (UUID{}) && names[i].name != "" || InterfaceName(names[i].uuid) != names[i].name {
			t.Errorf("interface %s is not found by its identifier", names[i].name)
		}
		if i > 0 && names[i].uuid == names[i-1].uuid {
			t.Errorf("%s and %s share an identifier", names[i].name, names[i-1].name)
		}
	}
}

func TestOperationNames(t *testing.T) {
	for _, tt := range []struct {
		iface string
		opnum uint16
		want  string
	}{
		{"svcctl", 12, "CreateServiceW"}, {"svcctl", 19, "StartServiceW"}, {"svcctl", 45, "CreateServiceWOW64W"},
		{"samr", 64, "SamrConnect5"}, {"samr", 50, "SamrCreateUser2InDomain"}, {"lsarpc", 76, "LsarLookupSids3"},
		{"drsuapi", 3, "DRSGetNCChanges"}, {"srvsvc", 15, "NetrShareEnum"}, {"atsvc", 0, "NetrJobAdd"},
		{"ITaskSchedulerService", 1, "SchRpcRegisterTask"}, {"winreg", 22, "BaseRegSetValue"}, {"epmapper", 3, "ept_map"},
		{"wkssvc", 2, "NetrWkstaUserEnum"}, {"netlogon", 26, "NetrServerAuthenticate3"}, {"netlogon", 30, "NetrServerPasswordSet2"},
		{"spoolss", 65, "RpcRemoteFindFirstPrinterChangeNotificationEx"}, {"spoolss", 89, "RpcAddPrinterDriverEx"},
		{"efsrpc", 0, "EfsRpcOpenFileRaw"}, {"IWbemServices", 24, "ExecMethod"}, {"netdfs", 12, "NetrDfsAddStdRoot"},
		{"svcctl", 60000, ""}, {"samr", 4, ""}, {"", 0, ""},
	} {
		if got := OperationName(tt.iface, tt.opnum); got != tt.want {
			t.Errorf("%s %d is %q, want %q", tt.iface, tt.opnum, got, tt.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	var u Unit
	b := bind(svcctl)
	if n, err := Decode(&u, b); err != nil || n != len(b) || u.Type != Bind {
		t.Fatalf("%d, %v, %+v", n, err, u)
	}
	seen := 0
	if !u.Contexts(func(ctx *Context) {
		seen++
		if ctx.Abstract != svcctl || ctx.Major != 2 || ctx.Transfer != ndr {
			t.Errorf("%+v", ctx)
		}
	}) || seen != 1 {
		t.Error("the list of contexts")
	}
	b = AppendRequest(nil, 7, 3, 12, []byte("stub"))
	if n, err := Decode(&u, b); err != nil || n != len(b) || u.CallID != 7 || u.Context != 3 || u.Opnum != 12 || string(u.Stub) != "stub" {
		t.Errorf("%d, %v, %+v", n, err, u)
	}
	for i := range b[:HeaderLen+8] {
		if _, err := Decode(&u, b[:i]); err != ErrShort {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	b[4] = 0 // big-endian: the length becomes another one
	if _, err := Decode(&u, b); err == nil && u.Whole {
		t.Error("byte order is ignored")
	}
	for name, bad := range map[string][]byte{
		"version":    {4, 0, 0, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0},
		"type":       {5, 0, 9, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0},
		"length":     {5, 0, 0, 3, 0x10, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0},
		"auth":       {5, 0, 0, 3, 0x10, 0, 0, 0, 24, 0, 90, 0, 1, 0, 0, 0},
		"too little": {5, 0, 0, 3, 0x10, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := Decode(&u, bad); err != ErrSyntax {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.DCERPC:
			out = append(out, fmt.Sprintf("%s:%s:%s:%s:%d", b.Request, b.Interface, b.Operation, b.Endpoint, b.Fault))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%s", b.Mechanism, b.User, b.Outcome))
		case *event.Identity:
			out = append(out, "id:"+b.Name+":"+b.OS)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestCalls(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	long := AppendRequest(nil, 3, 0, 19, make([]byte, 60000))
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"service", []dialogue.Turn{
			C(bind(svcctl)), S(bindAck("49667", 0)), C(AppendRequest(nil, 2, 0, 12, []byte("x"))), S(response(2, []byte("y"))),
			C(long), S(fault(3, 5)),
		}, "BIND:svcctl::49667:0 REQUEST:svcctl:CreateServiceW:49667:0 REQUEST:svcctl:StartServiceW:49667:5"},
		{"refused", []dialogue.Turn{C(bind(svcctl)), S(unit(BindNak, 1, 3, []byte{1, 0, 0}))}, "BIND:svcctl:::1"},
		{"context refused", []dialogue.Turn{C(bind(svcctl)), S(bindAck("135", 2))}, "BIND:svcctl::135:2"},
		{"not answered", []dialogue.Turn{C(bind(svcctl)), C(AppendRequest(nil, 2, 0, 1, nil))}, "BIND:svcctl:::0 REQUEST:svcctl:ControlService::0"},
		{"unknown interface", []dialogue.Turn{
			C(bind(UUID{1, 2})), S(bindAck("1", 0)), C(AppendRequest(nil, 2, 0, 1, nil)), S(response(2, nil)),
		}, "BIND:::1:0 REQUEST:::1:0"},
		{"several fragments", []dialogue.Turn{
			C(bind(svcctl)), S(bindAck("1", 0)),
			C(unit(Request, 2, FirstFrag, []byte{0, 0, 0, 0, 0, 0, 12, 0, 1, 2, 3})), C(unit(Request, 2, LastFrag, []byte{0, 0, 0, 0, 0, 0, 12, 0, 4})),
			S(unit(Response, 2, FirstFrag, make([]byte, 9))), S(unit(Response, 2, LastFrag, make([]byte, 9))),
		}, "BIND:svcctl::1:0 REQUEST:svcctl:CreateServiceW:1:0"},
		{"replication without its bind", []dialogue.Turn{
			C(AppendRequest(nil, 1, 0, 0, make([]byte, 40))), C(AppendRequest(nil, 2, 0, 12, make([]byte, 80))), C(AppendRequest(nil, 3, 0, 3, make([]byte, 300))),
			S(response(1, nil)), S(response(2, nil)), S(response(3, nil)),
		}, "REQUEST::::0 REQUEST::::0 REQUEST:drsuapi:DRSGetNCChanges::0"},
		{"services without their bind", []dialogue.Turn{
			C(AppendRequest(nil, 1, 0, 15, make([]byte, 40))), C(AppendRequest(nil, 2, 0, 16, make([]byte, 80))), C(AppendRequest(nil, 3, 0, 3, make([]byte, 20))),
			S(response(1, nil)), S(response(2, nil)), S(response(3, nil)),
		}, "REQUEST::::0 REQUEST::::0 REQUEST::::0"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 135)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestEndpointMapper(t *testing.T) {
	tower := appendTower(nil, svcctl, 49667, netip.AddrFrom4([4]byte{192, 0, 2, 9}))
	stub := make([]byte, 20)
	for _, v := range []uint32{1, 4, 0, 1, 0x20000, uint32(len(tower)), uint32(len(tower))} {
		stub = binary.LittleEndian.AppendUint32(stub, v)
	}
	stub = append(stub, tower...)
	c := prototest.NewConn(6, 135)
	learned := uint16(0)
	c.Env.Learn = func(_ netip.Addr, port uint16, _ uint8, p event.Proto) {
		if p == event.ProtoDCERPC {
			learned = port
		}
	}
	dialogue.Play(t, Protocol, c,
		dialogue.C(bind(epmapper)), dialogue.S(bindAck("135", 0)), dialogue.C(AppendRequest(nil, 2, 0, mapOperation, nil)), dialogue.S(response(2, stub)))
	want := "BIND:epmapper::135:0 ENDPOINT:svcctl::49667:0 REQUEST:epmapper:ept_map:135:0"
	if got := summary(c); got != want || learned != 49667 {
		t.Errorf("got  %s\nwant %s\nlearned %d", got, want, learned)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  proto.Match
	}{
		{"bind", []dialogue.Turn{C(bind(svcctl))}, proto.Yes},
		{"half a bind", []dialogue.Turn{C(bind(svcctl)[:30])}, proto.More},
		{"bind with an odd transfer syntax", []dialogue.Turn{C(bytes.ReplaceAll(bind(svcctl), ndr[:], make([]byte, 16)))}, proto.No},
		{"call", []dialogue.Turn{C(AppendRequest(nil, 1, 0, 1, nil))}, proto.Weak},
		{"call the wrong way round", []dialogue.Turn{S(AppendRequest(nil, 1, 0, 1, nil))}, proto.No},
		{"socks5", []dialogue.Turn{C([]byte{5, 2, 0, 2})}, proto.No},
		{"http", []dialogue.Turn{C([]byte("GET / HTTP/1.1\r\n\r\n"))}, proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 135), tt.turns...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func FuzzDCERPC(f *testing.F) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	auth := append(bind(svcctl), 10, 2, 0, 0, 0, 0, 0, 0)
	auth = append(auth, "NTLMSSP\x00\x03\x00\x00\x00"...)
	auth = append(auth, make([]byte, 60)...)
	binary.LittleEndian.PutUint16(auth[8:], uint16(len(auth)))
	binary.LittleEndian.PutUint16(auth[10:], 72)
	dialogue.Fuzz(f, Protocol, 6, 135,
		dialogue.Seed(C(bind(epmapper)), S(bindAck("135", 0)), C(AppendRequest(nil, 2, 0, 3, nil)), S(response(2, make([]byte, 60)))),
		dialogue.Seed(C(auth), S(fault(1, 5))),
	)
}

// appendTower appends a tower for TCP; tests answer with it.
func appendTower(dst []byte, iface UUID, port uint16, addr netip.Addr) []byte {
	floor := func(left, right []byte) {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(left)))
		dst = append(dst, left...)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(right)))
		dst = append(dst, right...)
	}
	dst = append(dst, 5, 0)
	floor(append(append([]byte{floorUUID}, iface[:]...), 1, 0), []byte{0, 0})
	floor(append(append([]byte{floorUUID}, ndr[:]...), 2, 0), []byte{0, 0})
	floor([]byte{0x0b}, []byte{0, 0})
	floor([]byte{floorTCP}, []byte{byte(port >> 8), byte(port)})
	ip := addr.As4()
	floor([]byte{0x09}, ip[:])
	return dst
}
