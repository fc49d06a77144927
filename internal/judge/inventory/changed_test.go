package inventory

import (
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// told gives the first addresses of the devices that changed.
func told(v *Inventory) []string {
	out := []string{}
	v.Changed(func(d *asset.Device) { out = append(out, d.Addresses[0].String()) })
	return out
}

func TestChanged(t *testing.T) {
	v := New(Options{})
	now := int64(1e18)
	mac := func(n byte) ident.MAC { return ident.MAC{2, 0, 0, 0, 0, n} }
	flow := func(src, dst string, n byte, port uint16) {
		now += second
		f := &event.Fact{
			Header: event.Header{Time: now, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcMAC: mac(n), DstMAC: mac(200), DstPort: port, Transport: 6},
			Body:   &event.Flow{Start: now, PktsToServer: 3, PktsToClient: 3, BytesToServer: 300, BytesToClient: 300, DataToClient: 100, TCPFlagsTC: 2, ConnState: "SF"},
		}
		v.Observe([]*event.Fact{f})
	}
	want := func(what string, list ...string) {
		t.Helper()
		if got := told(v); !slices.Equal(got, list) {
			t.Errorf("%s: %v are told, want %v", what, got, list)
		}
	}
	want("nothing heard")
	flow("10.0.0.3", "10.0.0.2", 3, 80)
	want("two new devices", "10.0.0.2", "10.0.0.3")
	want("nothing since")
	flow("10.0.0.3", "10.0.0.2", 3, 80)
	want("the same again")
	flow("10.0.0.3", "192.0.2.7", 3, 443)
	want("a new peer", "10.0.0.3")
	flow("10.0.0.4", "10.0.0.2", 4, 22)
	want("a new service, peer and device", "10.0.0.2", "10.0.0.4")
	for range 70 {
		flow("10.0.0.3", "10.0.0.2", 3, 80)
	}
	want("heard for a minute", "10.0.0.2", "10.0.0.3")
	if n := v.Count(); n != 3 || n != len(v.Devices()) {
		t.Errorf("%d devices counted, %d listed, want 3", n, len(v.Devices()))
	}

	// Two addresses of one MAC become one device as soon as that is known.
	id := v.Devices()[1].ID
	arp := func(ip string, n byte) {
		now += second
		a := netip.MustParseAddr(ip)
		v.Observe([]*event.Fact{{Header: event.Header{Time: now, SrcMAC: mac(n)}, Body: &event.ARP{SenderMAC: mac(n).String(), SenderIP: a}}})
	}
	arp("10.0.0.3", 9)
	arp("10.0.0.4", 9)
	var got []*asset.Device
	v.Changed(func(d *asset.Device) { got = append(got, d) })
	if i := slices.IndexFunc(got, func(d *asset.Device) bool { return len(d.Addresses) == 2 }); i < 0 || got[i].ID == id && len(got) != 1 {
		t.Errorf("%d devices are told after a merge", len(got))
	}
}
