package cdp

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
	b := binary.BigEndian.AppendUint16(nil, uint16(typ))
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(value)))
	return append(b, value...)
}

func switchFrame() []byte {
	return slices.Concat([]byte{2, 180, 0, 0},
		element(1, "core.example"),
		element(2, "\x00\x00\x00\x01\x01\x01\xcc\x00\x04\xc0\x00\x02\x01"),
		element(3, "GigabitEthernet0/1"),
		element(4, "\x00\x00\x00\x29"),
		element(5, "Acme Software, Version 12.2(44)SE, RELEASE\nCopyright"),
		element(6, "cisco WS-X1"),
		element(9, "office"),
		element(10, "\x00\x2a"),
	)
}

func TestFacts(t *testing.T) {
	c := prototest.NewConn(0, 0)
	Protocol.Frame(c, append(switchFrame(), make([]byte, 8)...))
	facts := c.Env.Out.Facts()
	if len(facts) != 2 {
		t.Fatalf("%d facts, want two: %+v", len(facts), facts)
	}
	want := &event.CDP{
		DeviceID: "core.example", Platform: "cisco WS-X1", Version: "Acme Software, Version 12.2(44)SE, RELEASE Copyright",
		PortID: "GigabitEthernet0/1", Address: netip.MustParseAddr("192.0.2.1"), Capabilities: 0x29, NativeVLAN: 42, VTPDomain: "office",
	}
	if got := facts[0].Body; !reflect.DeepEqual(got, event.Body(want)) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	id := event.Identity{
		Source: "cdp", Vendor: "Cisco", Model: "WS-X1", Type: "router", Name: "core.example",
		Firmware: "12.2(44)SE", Banner: want.Version,
	}
	if got := facts[1].Body.(*event.Identity); *got != id {
		t.Errorf("identity %+v", got)
	}
}

func TestOtherMakersKeepTheirPlatform(t *testing.T) {
	c := prototest.NewConn(0, 0)
	Protocol.Frame(c, slices.Concat([]byte{1, 120, 0, 0}, element(1, "ap"), element(6, "RouterBoard 9")))
	id := c.Env.Out.Facts()[1].Body.(*event.Identity)
	if id.Vendor != "" || id.Model != "RouterBoard 9" {
		t.Errorf("identity %+v", id)
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"version", []byte{9, 180, 0, 0}, "unknown_version"},
		{"cut", switchFrame()[:40], "truncated_element"},
		{"element of no length", append([]byte{2, 180, 0, 0}, 0, 1, 0, 0), "truncated_element"},
		{"short capabilities", slices.Concat([]byte{2, 180, 0, 0}, element(4, "\x00")), "truncated_element"},
	} {
		c := prototest.NewConn(0, 0)
		Protocol.Frame(c, tt.b)
		if a, ok := c.Env.Out.Facts()[0].Body.(*event.Anomaly); !ok || a.Event != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, c.Env.Out.Facts()[0].Body, tt.want)
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(switchFrame())
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		if n, _ := Decode(&m, b); n > len(b) {
			t.Errorf("Decode took %d of %d bytes", n, len(b))
		}
		Protocol.Frame(prototest.NewConn(0, 0), b)
	})
}
