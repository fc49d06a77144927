package arp

import (
	"bytes"
	"net/netip"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto/prototest"
)

var (
	macA = ident.MAC{2, 0, 0, 0, 0, 1}
	macB = ident.MAC{2, 0, 0, 0, 0, 2}
	ipA  = netip.MustParseAddr("192.0.2.1")
	ipB  = netip.MustParseAddr("192.0.2.2")
)

func TestFacts(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    Msg
		from ident.MAC
		want event.ARP
	}{
		{
			"request", Msg{1, Request, macA, ipA, ident.MAC{}, ipB}, macA,
			event.ARP{Op: 1, OpName: "request", SenderMAC: "02:00:00:00:00:01", SenderIP: ipA, TargetMAC: "00:00:00:00:00:00", TargetIP: ipB},
		},
		{
			"announcement", Msg{1, Request, macA, ipA, ident.MAC{}, ipA}, macA,
			event.ARP{Op: 1, OpName: "request", SenderMAC: "02:00:00:00:00:01", SenderIP: ipA, TargetMAC: "00:00:00:00:00:00", TargetIP: ipA, Gratuitous: true},
		},
		{
			"reply in another's name", Msg{1, Reply, macA, ipA, macB, ipB}, macB,
			event.ARP{Op: 2, OpName: "reply", SenderMAC: "02:00:00:00:00:01", SenderIP: ipA, TargetMAC: "02:00:00:00:00:02", TargetIP: ipB, Mismatch: true},
		},
		{
			"probe", Msg{1, Request, macA, netip.IPv4Unspecified(), ident.MAC{}, netip.IPv4Unspecified()}, macA,
			event.ARP{Op: 1, OpName: "request", SenderMAC: "02:00:00:00:00:01", SenderIP: netip.IPv4Unspecified(), TargetMAC: "00:00:00:00:00:00", TargetIP: netip.IPv4Unspecified()},
		},
	} {
		c := prototest.NewConn(0, 0)
		c.ClientMAC = tt.from
		Protocol.Frame(c, append(Append(nil, &tt.m), make([]byte, 18)...)) // padded by Ethernet
		facts := c.Env.Out.Facts()
		if len(facts) != 1 || *facts[0].Body.(*event.ARP) != tt.want {
			t.Errorf("%s: got %d facts, %+v", tt.name, len(facts), facts[0].Body)
		}
	}
}

func TestMalformed(t *testing.T) {
	good := Append(nil, &Msg{1, Request, macA, ipA, ident.MAC{}, ipB})
	long := bytes.Clone(good)
	long[4] = 16
	infiniband := bytes.Clone(good)
	infiniband[1] = 32
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"cut", good[:20], "truncated_message"},
		{"address length", long, "invalid_address_length"},
		{"other network", infiniband, ""},
		{"empty", nil, "truncated_message"},
	} {
		c := prototest.NewConn(0, 0)
		Protocol.Frame(c, tt.b)
		got := ""
		for _, f := range c.Env.Out.Facts() {
			got += f.Body.(*event.Anomaly).Event
		}
		if got != tt.want || c.Messages[0] != 1 {
			t.Errorf("%s: anomaly %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, &Msg{1, Request, macA, ipA, ident.MAC{}, ipB}))
	f.Add(Append(nil, &Msg{6, Reply, macA, ipA, macB, ipB}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		n, err := Decode(&m, b)
		if err == nil && !bytes.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding %+v gives %x, want %x", m, Append(nil, &m), b[:n])
		}
		Protocol.Frame(prototest.NewConn(0, 0), b)
	})
}
