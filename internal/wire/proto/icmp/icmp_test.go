package icmp

import (
	"encoding/hex"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// unhex reads hexadecimal with spaces.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	linkLocal = "fe800000000000000000000000000001"
	document  = "20010db8000000000000000000000053"
	udp4      = "4500001c 00010000 40110000 c0000201 c6336407 04d2 1f90 0008 0000"
	udp6      = "60000000 0010 00 40" + document + linkLocal + "11 00 000000000000" + "04d2 1f90 0008 0000"
	ra        = "86 00 0000 40 00 0708 00000000 00000000" +
		"01 01 020000000001" +
		"03 04 40 c0 00015180 00003840 00000000 20010db8000000010000000000000000" +
		"19 03 0000 00000e10" + document
)

func conn6() *proto.Conn {
	c := prototest.NewConn(ProtocolV6, 0)
	c.Client, c.Server, c.TTL = netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::1"), 255
	return c
}

func TestFacts(t *testing.T) {
	addr := netip.MustParseAddr
	for _, tt := range []struct {
		name string
		v6   bool
		msg  string
		want *event.ICMP
	}{
		{"echo request", false, "08 00 0000 0001 0001" + "6162636465666768", &event.ICMP{Type: 8, Name: "echo-request", Len: 8}},
		{"echo reply", false, "00 00 0000 0001 0001", nil},
		{"port unreachable", false, "03 03 0000 00000000" + udp4, &event.ICMP{
			Type: 3, Code: 3, Name: "port-unreachable", Len: 28,
			OrigSrc: addr("192.0.2.1"), OrigDst: addr("198.51.100.7"), OrigProto: 17, OrigDstPort: 8080,
		}},
		{"unreachable without the packet", false, "03 01 0000 00000000 4500", &event.ICMP{Type: 3, Code: 1, Name: "host-unreachable", Len: 2}},
		{"redirect", false, "05 01 0000 c0000263" + udp4, &event.ICMP{
			Type: 5, Code: 1, Name: "redirect", Len: 28, Target: addr("192.0.2.99"),
			OrigSrc: addr("192.0.2.1"), OrigDst: addr("198.51.100.7"), OrigProto: 17, OrigDstPort: 8080,
		}},
		{"router advertisement of RFC 1256", false, "09 00 0000 01 02 0708 c0000201 00000000", &event.ICMP{Type: 9, Name: "router-advertisement", Len: 8, Target: addr("192.0.2.1"), Lifetime: 1800}},
		{"neighbour solicitation", true, "87 00 0000 00000000" + document + "01 01 020000000001", &event.ICMP{
			V6: true, Type: 135, Name: "neighbor-solicitation", Len: 24, Target: addr("2001:db8::53"), LinkAddr: "02:00:00:00:00:01",
		}},
		{"neighbour advertisement", true, "88 00 0000 a0000000" + document + "02 01 020000000002", &event.ICMP{
			V6: true, Type: 136, Name: "neighbor-advertisement", Len: 24, Target: addr("2001:db8::53"), LinkAddr: "02:00:00:00:00:02", Router: true, Override: true,
		}},
		{"router advertisement", true, ra, &event.ICMP{
			V6: true, Type: 134, Name: "router-advertisement", Len: 72, LinkAddr: "02:00:00:00:00:01", Lifetime: 1800,
			Prefixes: []string{"2001:db8:0:1::/64"}, DNS: []string{"2001:db8::53"},
		}},
		{"redirect of ICMPv6", true, "89 00 0000 00000000" + linkLocal + document, &event.ICMP{
			V6: true, Type: 137, Name: "redirect", Len: 32, Target: addr("fe80::1"), OrigDst: addr("2001:db8::53"),
		}},
		{"error behind an extension header", true, "01 04 0000 00000000" + udp6, &event.ICMP{
			V6: true, Type: 1, Code: 4, Name: "port-unreachable", Len: 56,
			OrigSrc: addr("2001:db8::53"), OrigDst: addr("fe80::1"), OrigProto: 17, OrigDstPort: 8080,
		}},
		{"listener report", true, "8f 00 0000 00000000", nil},
	} {
		c := conn6()
		if !tt.v6 {
			c = prototest.NewConn(ProtocolV4, 0)
		}
		Protocol.Frame(c, unhex(t, tt.msg))
		facts := c.Env.Out.Facts()
		if tt.want == nil {
			if len(facts) != 0 || c.Messages[0] != 1 {
				t.Errorf("%s: %d facts, want none", tt.name, len(facts))
			}
			continue
		}
		if len(facts) != 1 || !reflect.DeepEqual(facts[0].Body, event.Body(tt.want)) {
			t.Errorf("%s: %d facts\n got %+v\nwant %+v", tt.name, len(facts), facts[0].Body, tt.want)
		}
	}
}

func TestInvalidMessages(t *testing.T) {
	solicit := "87 00 0000 00000000" + document
	for _, tt := range []struct {
		name string
		ttl  uint8
		src  string
		msg  string
		want string
	}{
		{"from another link", 64, "fe80::1", solicit, "nd_invalid_hop_limit"},
		{"code", 255, "fe80::1", "87 01 0000 00000000" + document, "nd_invalid_code"},
		{"multicast target", 255, "fe80::1", "87 00 0000 00000000 ff020000000000000000000000000001", "nd_multicast_target"},
		{"advertisement from afar", 255, "2001:db8::1", ra, "nd_invalid_source"},
		{"option of no length", 255, "fe80::1", solicit + "01 00 020000000001", "nd_invalid_option"},
		{"option behind the end", 255, "fe80::1", solicit + "01 02 020000000001", "nd_invalid_option"},
		{"short", 255, "fe80::1", "86 00 0000 0000", "icmp_truncated"},
		{"no target", 255, "fe80::1", "88 00 0000 00000000 2001", "icmp_truncated"},
	} {
		c := conn6()
		c.TTL, c.Client = tt.ttl, netip.MustParseAddr(tt.src)
		Protocol.Frame(c, unhex(t, tt.msg))
		facts := c.Env.Out.Facts()
		if len(facts) != 1 {
			t.Errorf("%s: %d facts", tt.name, len(facts))
			continue
		}
		if a, ok := facts[0].Body.(*event.Anomaly); !ok || a.Event != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, facts[0].Body, tt.want)
		}
	}
}

func TestFrameDoesNotAllocate(t *testing.T) {
	c := conn6()
	for _, msg := range []string{"80 00 0000 0001 0001 6162", ra} {
		b := unhex(t, msg)
		Protocol.Frame(c, b)
		if n := shared.AllocsPerRun(20, func() { c.Env.Out.Reset(); Protocol.Frame(c, b) }); n != 0 {
			t.Errorf("%.2s: %g allocations", msg, n)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, msg := range []string{ra, "03 03 0000 00000000" + udp4, "01 04 0000 00000000" + udp6, "89 00 0000 00000000" + linkLocal + document} {
		f.Add(unhex(f, msg), true)
		f.Add(unhex(f, msg), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, v6 bool) {
		c := conn6()
		if !v6 {
			c = prototest.NewConn(ProtocolV4, 0)
		}
		Protocol.Frame(c, b)
		if n := c.Env.Out.Len(); n > 1 {
			t.Errorf("%d facts of one message", n)
		}
	})
}
