package dhcpv6

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func opt(code uint16, data string) []byte { return AppendOption(nil, code, []byte(data)) }

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

const (
	duid    = "0003000102000000000a"
	address = "20010db8000000000000000000000005"
)

func solicit() []byte {
	return Append(nil, &Msg{Type: Solicit, ID: 0xabcdef, Options: slices.Concat(
		opt(OptClientID, unhex(duid)), opt(OptRequest, "\x00\x17\x00\x70"),
		opt(OptVendorClass, "\x00\x00\x01\x37\x00\x08Acme Cam"), opt(OptFQDN, "\x00\x05porch\x07example"),
		opt(OptMUD, "https://acme.example/cam"))})
}

func relayed(inner []byte) []byte {
	return slices.Concat([]byte{RelayForward, 0}, make([]byte, 32), AppendOption(nil, OptRelayMessage, inner))
}

func feed(t testing.TB, b []byte) *proto.Conn {
	t.Helper()
	c := prototest.NewConn(17, 547)
	p := Protocol.New()
	if _, err := p.Data(c, event.ToServer, b); err != nil {
		t.Fatal(err)
	}
	p.End(c)
	return c
}

func TestFacts(t *testing.T) {
	client := &event.DHCPv6{
		MsgType: "solicit", ID: 0xabcdef, DUID: duid, ClientMAC: "02:00:00:00:00:0a", FQDN: "porch.example", VendorID: "Acme Cam",
		Enterprise: 311, ParamList: "23,112", MUD: "https://acme.example/cam",
	}
	reply := Append(nil, &Msg{Type: Reply, ID: 7, Options: slices.Concat(
		opt(OptServerID, unhex("0002000001370102")),
		opt(OptIANA, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"+string(opt(OptAddress, unhex(address+"0000000a00000014")))),
		opt(OptIAPD, "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"+string(opt(OptPrefix, unhex("0000000a0000001438"+address[:16]+"0000000000000000")))),
		opt(OptDNS, unhex(address)))})
	for _, tt := range []struct {
		name string
		b    []byte
		want *event.DHCPv6
		told int
	}{
		{"solicit", solicit(), client, 1},
		{"relayed twice", relayed(relayed(solicit())), client, 0},
		{"reply", reply, &event.DHCPv6{
			MsgType: "reply", ID: 7, ServerDUID: "0002000001370102", Addresses: []string{"2001:db8::5", "2001:db8::/56"}, DNS: []string{"2001:db8::5"},
		}, 0},
	} {
		facts := feed(t, tt.b).Env.Out.Facts()
		if len(facts) != 1+tt.told || !reflect.DeepEqual(facts[0].Body, event.Body(tt.want)) {
			t.Errorf("%s: %d facts\n got %+v\nwant %+v", tt.name, len(facts), facts[0].Body, tt.want)
			continue
		}
		if tt.told > 0 {
			want := event.Identity{Source: "dhcpv6.request", Name: "porch.example", Banner: "Acme Cam", MUD: "https://acme.example/cam"}
			if got := facts[1].Body.(*event.Identity); *got != want {
				t.Errorf("identity %+v", got)
			}
		}
	}
}

func TestLinkAddr(t *testing.T) {
	for _, tt := range []struct {
		duid string
		want string
	}{
		{"00010001" + "2a2a2a2a" + "02000000000b", "02:00:00:00:00:0b"},
		{"00030001" + "02000000000c", "02:00:00:00:00:0c"},
		{"00030006" + "02000000000c", ""}, // not Ethernet
		{"00020001" + "02000000000c", ""}, // by enterprise
		{"0003", ""},
	} {
		mac, ok := LinkAddr([]byte(unhex(tt.duid)))
		if ok != (tt.want != "") || ok && mac.String() != tt.want {
			t.Errorf("LinkAddr(%s) = %v, %t", tt.duid, mac, ok)
		}
	}
}

func TestMalformed(t *testing.T) {
	deep := solicit()
	for range 2 * maxRelays {
		deep = relayed(deep)
	}
	for _, tt := range []struct {
		name, want string
		b          []byte
	}{
		{"empty", "truncated_message", nil},
		{"type", "invalid_message_type", []byte{0, 1, 2, 3}},
		{"cut option", "truncated_option", solicit()[:20]},
		{"too many relays", "truncated_message", deep},
		{"relay of nothing", "truncated_message", relayed(nil)},
	} {
		facts := feed(t, tt.b).Env.Out.Facts()
		if a, ok := facts[0].Body.(*event.Anomaly); !ok || a.Event != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, facts[0].Body, tt.want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		b    []byte
		port bool
		want proto.Match
	}{
		{solicit(), true, proto.Yes},
		{solicit(), false, proto.No},
		{[]byte{1, 2, 3, 4}, true, proto.No},
		{[]byte("GET / HTTP/1.1"), true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(17, 547)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("probe(%.10q) = %d, want %d", tt.b, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(solicit())
	f.Add(relayed(solicit()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		n, err := Decode(&m, b)
		if err == nil && m.Relays == 0 && !bytes.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding again gives %x, want %x", Append(nil, &m), b)
		}
		feed(t, b)
	})
}
