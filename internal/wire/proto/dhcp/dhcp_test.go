package dhcp

import (
	"bytes"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func opt(code byte, data string) []byte { return AppendOption(nil, code, []byte(data)) }

func ask(options ...[]byte) *Msg {
	return &Msg{
		Op: BootRequest, HardwareType: 1, HardwareLen: 6, ID: 0x1234, HardwareAddr: [16]byte{2, 0, 0, 0, 0, 9},
		Cookie: true, Options: append(slices.Concat(options...), OptEnd),
	}
}

func feed(t testing.TB, dir event.Dir, b []byte) *proto.Conn {
	t.Helper()
	c := prototest.NewConn(17, 67)
	p := Protocol.New()
	if _, err := p.Data(c, dir, b); err != nil {
		t.Fatal(err)
	}
	p.End(c)
	return c
}

func TestRequest(t *testing.T) {
	m := ask(opt(OptMessageType, "\x03"), opt(OptClientID, "\x01abcdef"), opt(OptRequestedIP, "\xc0\x00\x02\x09"),
		opt(OptHostname, "porch-cam\x00"), opt(OptVendorClass, "udhcp 1.2"), opt(OptParameters, "\x01\x03\x06\x0f"),
		opt(OptMUD, "https://acme.example/cam"), opt(OptFQDN, "\x05\x00\x00\x05porch\x07example\x00"), opt(OptUserClass, "\x03iot"),
		opt(OptVendorInfo, "\x00\x00\x0d\xe9\x09\x02\x02S1\x03\x03GW9"))
	c := feed(t, event.ToServer, Append(nil, m))
	facts := c.Env.Out.Facts()
	if len(facts) != 2 {
		t.Fatalf("%d facts, want two", len(facts))
	}
	want := &event.DHCP{
		Type: "request", MsgType: "request", ID: 0x1234, ClientMAC: "02:00:00:00:00:09", Requested: netip.MustParseAddr("192.0.2.9"),
		Hostname: "porch-cam", FQDN: "porch.example", VendorID: "udhcp 1.2", ParamList: "1,3,6,15", UserClass: "iot",
		ClientID: "61:62:63:64:65:66", Params: []string{"subnet_mask", "router", "dns_server", "domain"},
		Options: "53,61,50,12,60,55,161,81,77,125", MUD: "https://acme.example/cam",
	}
	if got := facts[0].Body; !reflect.DeepEqual(got, event.Body(want)) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	id := event.Identity{Source: "dhcp.request", Name: "porch-cam", Banner: "udhcp 1.2", MUD: "https://acme.example/cam", Serial: "S1", Model: "GW9"}
	if got := facts[1].Body.(*event.Identity); *got != id {
		t.Errorf("identity %+v", got)
	}
	if mac := facts[1].SrcMAC; mac != (ident.MAC{2, 0, 0, 0, 0, 9}) {
		t.Errorf("the identity is about %v, not about who asked", mac)
	}
}

func TestReply(t *testing.T) {
	m := ask(opt(OptMessageType, "\x05"), opt(OptServerID, "\xc0\x00\x02\x01"), opt(OptSubnetMask, "\xff\xff\xff\x00"),
		opt(OptRouters, "\xc0\x00\x02\x01\xc0\x00\x02\x02"), opt(OptDNS, "\xc0\x00\x02\x35"), opt(OptLease, "\x00\x01\x51\x80"),
		opt(OptDomain, "example"), opt(OptRenewal, "\x00\x00\x00\x05"), opt(OptRebinding, "\x00\x00\x00\x09"))
	m.Op, m.YourIP = BootReply, netip.MustParseAddr("192.0.2.9")
	facts := feed(t, event.ToClient, Append(nil, m)).Env.Out.Facts()
	addr := netip.MustParseAddr
	want := &event.DHCP{
		Type: "reply", MsgType: "ack", ID: 0x1234, ClientMAC: "02:00:00:00:00:09", AssignedIP: addr("192.0.2.9"), ServerID: addr("192.0.2.1"),
		Subnet: addr("255.255.255.0"), Routers: []string{"192.0.2.1", "192.0.2.2"}, DNS: []string{"192.0.2.53"}, Lease: 86400,
		Domain: "example", Options: "53,54,1,3,6,51,15,58,59", Renewal: 5, Rebinding: 9,
	}
	if len(facts) != 1 || !reflect.DeepEqual(facts[0].Body, event.Body(want)) {
		t.Errorf("%d facts, got %+v\nwant %+v", len(facts), facts[0].Body, want)
	}
	if facts[0].Src != netip.MustParseAddr("192.0.2.2") {
		t.Errorf("Src = %v, want the server", facts[0].Src)
	}
}

func TestRelayedRequestSaysNothingOfTheRelay(t *testing.T) {
	m := ask(opt(OptMessageType, "\x01"), opt(OptHostname, "far-away"))
	m.RelayIP, m.Hops = netip.MustParseAddr("192.0.2.1"), 1
	c := feed(t, event.ToServer, Append(nil, m))
	facts := c.Env.Out.Facts()
	if len(facts) != 1 || facts[0].Body.(*event.DHCP).Relay != m.RelayIP || !facts[0].SrcMAC.IsZero() {
		t.Errorf("%d facts, %+v", len(facts), facts[0])
	}
}

func TestOverloadedOptions(t *testing.T) {
	m := ask(opt(OptMessageType, "\x01"), opt(OptOverload, "\x03"))
	m.File = opt(OptHostname, "in-file")
	m.ServerName = opt(OptVendorClass, "in-sname")
	f := feed(t, event.ToServer, Append(nil, m)).Env.Out.Facts()[0].Body.(*event.DHCP)
	if f.Hostname != "in-file" || f.VendorID != "in-sname" || f.Options != "53,52,12,60" {
		t.Errorf("fact %+v", f)
	}
}

func TestMalformed(t *testing.T) {
	good := Append(nil, ask(opt(OptMessageType, "\x01"), opt(OptHostname, "name")))
	op := bytes.Clone(good)
	op[0] = 9
	for _, tt := range []struct {
		name string
		b    []byte
		want string
		fact bool
	}{
		{"cut fields", good[:100], "truncated_message", false},
		{"operation", op, "invalid_fixed_fields", false},
		{"cut option", good[:len(good)-3], "truncated_option", true},
	} {
		got, fact := "", false
		for _, f := range feed(t, event.ToServer, tt.b).Env.Out.Facts() {
			switch x := f.Body.(type) {
			case *event.Anomaly:
				got = x.Event
			case *event.DHCP:
				fact = x.MsgType == "discover"
			}
		}
		if got != tt.want || fact != tt.fact {
			t.Errorf("%s: anomaly %q, fact %t", tt.name, got, fact)
		}
	}
}

func TestProbe(t *testing.T) {
	dhcp := Append(nil, ask(opt(OptMessageType, "\x01")))
	bootp := append(Append(nil, &Msg{Op: BootRequest, HardwareType: 1, HardwareLen: 6}), make([]byte, 64)...)
	for _, tt := range []struct {
		name string
		b    []byte
		port bool
		want proto.Match
	}{
		{"at home", dhcp, true, proto.Yes},
		{"elsewhere", dhcp, false, proto.Weak},
		{"BOOTP", bootp, true, proto.Weak},
		{"BOOTP elsewhere", bootp, false, proto.No},
		{"zeros", make([]byte, 400), true, proto.No},
		{"short", dhcp[:200], true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(17, 67)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("%s: %g allocations", tt.name, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, ask(opt(OptMessageType, "\x01"), opt(OptHostname, "name"))))
	f.Add(Append(nil, ask(opt(OptMessageType, "\x03"), opt(OptFQDN, "\x04\x00\x00\x02ab"), opt(OptOverload, "\x03"), opt(OptVendorInfo, "\x00\x00\x0d\xe9\x02\x02\x00"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		n, err := Decode(&m, b)
		if err == nil && m.Cookie && !bytes.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding again gives %x, want %x", Append(nil, &m), b)
		}
		feed(t, event.ToServer, b)
		feed(t, event.ToClient, b)
	})
}
