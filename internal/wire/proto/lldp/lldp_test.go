package lldp

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

// element makes one element.
func element(typ int, value string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(typ<<9|len(value)))
	return append(b, value...)
}

// mandatory is how every frame begins.
func mandatory() []byte {
	return slices.Concat(
		element(1, "\x04\x02\x00\x00\x00\x00\x01"),
		element(2, "\x05eth0/1"),
		element(3, "\x00\x78"),
	)
}

func TestFacts(t *testing.T) {
	b := slices.Concat(mandatory(),
		element(4, "uplink"),
		element(5, "door-cam"),
		element(6, "Acme OS 3.1\r\nbuild 7"),
		element(7, "\x00\x94\x00\x90"),
		element(8, "\x05\x01\xc0\x00\x02\x07\x02\x00\x00\x00\x01\x00"),
		element(127, "\x00\x12\xbb\x01\x00\x33\x03"),
		element(127, "\x00\x12\xbb\x05rev B"),
		element(127, "\x00\x12\xbb\x06boot 1"),
		element(127, "\x00\x12\xbb\x07app 2"),
		element(127, "\x00\x12\xbb\x08SN-1"),
		element(127, "\x00\x12\xbb\x09Acme"),
		element(127, "\x00\x12\xbb\x0aPhone 9"),
		element(127, "\x00\x12\xbb\x0bA-77"),
		element(127, "\x00\x80\xc2\x01\x00\x2a"),
		element(127, "\x00\x00\x5e\x01https://acme.example/phone9"),
		element(0, ""),
		make([]byte, 20), // padding of the link
	)
	c := prototest.NewConn(0, 0)
	Protocol.Frame(c, b)
	facts := c.Env.Out.Facts()
	if len(facts) != 2 {
		t.Fatalf("%d facts, want two", len(facts))
	}
	want := &event.LLDP{
		ChassisID: "02:00:00:00:00:01", PortID: "eth0/1", PortDesc: "uplink", SystemName: "door-cam",
		SystemDesc: "Acme OS 3.1 build 7", Capabilities: []string{"router", "station"},
		Management: netip.MustParseAddr("192.0.2.7"), TTL: 120, Vendor: "Acme", Model: "Phone 9",
		Hardware: "rev B", Firmware: "boot 1", Software: "app 2", Serial: "SN-1", Asset: "A-77",
		Class: "endpoint-3", VLAN: 42, MUD: "https://acme.example/phone9",
	}
	if got := facts[0].Body; !reflect.DeepEqual(got, event.Body(want)) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	id := event.Identity{
		Source: "lldp", Vendor: "Acme", Model: "Phone 9", Type: "router", Name: "door-cam", Firmware: "boot 1",
		Hardware: "rev B", Serial: "SN-1", Banner: "Acme OS 3.1 build 7", MUD: "https://acme.example/phone9",
	}
	if got := facts[1].Body.(*event.Identity); *got != id {
		t.Errorf("identity %+v", got)
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want string
		fact bool
	}{
		{"without the end", mandatory(), "", true},
		{"no port", element(1, "\x04\x02\x00\x00\x00\x00\x01"), "truncated_element", true},
		{"wrong order", element(2, "\x05eth0"), "mandatory_element_missing", false},
		{"cut", mandatory()[:12], "truncated_element", true},
		{"short capabilities", slices.Concat(mandatory(), element(7, "\x00")), "truncated_element", true},
		{"short management address", slices.Concat(mandatory(), element(8, "\x20\x01")), "truncated_element", true},
		{"empty", nil, "truncated_element", false},
	} {
		c := prototest.NewConn(0, 0)
		Protocol.Frame(c, tt.b)
		got, fact := "", false
		for _, f := range c.Env.Out.Facts() {
			switch x := f.Body.(type) {
			case *event.Anomaly:
				got = x.Event
			case *event.LLDP:
				fact = true
			}
		}
		if got != tt.want || fact != tt.fact {
			t.Errorf("%s: anomaly %q, fact %t; want %q, %t", tt.name, got, fact, tt.want, tt.fact)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(mandatory())
	f.Add(slices.Concat(mandatory(), element(8, "\x05\x01\xc0\x00\x02\x07\x02\x00\x00\x00\x01\x00"), element(127, "\x00\x12\xbb\x08SN-1"), element(0, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		if n, _ := Decode(&m, b); n > len(b) {
			t.Errorf("Decode took %d of %d bytes", n, len(b))
		}
		Protocol.Frame(prototest.NewConn(0, 0), b)
	})
}
