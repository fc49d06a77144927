//go:build !sensor

package state

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

func TestDevices(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		for name, f := range map[string]func(*testing.T, *scene){
			"sensors that see one device":           oneDevice,
			"a restart adds to what was counted":    restart,
			"an address alone joins its device":     addressJoins,
			"an address that is given to another":   addressReused,
			"a telephone with a new address":        wanderer,
			"what a person merges stays merged":     merged,
			"what a person splits stays split":      splits,
			"what a person sets wins":               attributes,
			"learning ends after days with traffic": learned,
			"firmware that changes is told":         firmware,
			"filters":                               filters,
		} {
			t.Run(name, func(t *testing.T) { f(t, newScene(t, fresh())) })
		}
	})
}

func oneDevice(t *testing.T, c *scene) {
	o := c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) {
		d.Vendor = asset.Belief{Value: "Acme", Confidence: 0.6, Time: t0}
		d.Firmware = asset.Belief{Value: "1.0", Confidence: 0.9, Time: t0}
	}))
	if len(o.Changes) != 2 || !o.Changes[1].New {
		t.Errorf("changes: %+v", o.Changes)
	}
	c.apply(c.message("b", 9, []*asset.Device{device("other", mac(1), "10.0.0.5", func(d *asset.Device) {
		d.Vendor = asset.Belief{Value: "Acme Cameras", Confidence: 0.9, Time: t0 + 1}
		d.Firmware = asset.Belief{Value: "1.1", Confidence: 0.7, Time: t0 + minute}
		d.Packets, d.FirstSeen = 32, t0-minute
	})}, nil))
	list := c.list(asset.Filter{})
	if len(list) != 1 {
		t.Fatalf("%d devices", len(list))
	}
	d := list[0]
	if d.Packets != 42 || d.FirstSeen != t0-minute || d.Vendor.Value != "Acme Cameras" || d.Firmware.Value != "1.1" || !slices.Equal(d.Sensors, []string{"a", "b"}) {
		t.Errorf("device: %+v", d)
	}
	if len(d.ID) != 12 {
		t.Errorf("id %q", d.ID)
	}
	id, err := c.s.HostDevice(context.Background(), 1, macKey(mac(1)), t0+1)
	if err != nil || id != d.ID {
		t.Errorf("host is %q, %v", id, err)
	}
}

func restart(t *testing.T, c *scene) {
	service := asset.Service{Transport: "tcp", Port: 23, Protocol: "telnet", First: t0, Last: t0, Flows: 3}
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Services = []asset.Service{service} }))
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Packets, d.Services = 20, []asset.Service{service} }))
	c.apply(c.message("a", 2, []*asset.Device{device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Packets = 5 })}, nil))
	c.apply(c.message("a", 2, []*asset.Device{device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Packets = 6 })}, nil))
	d := c.list(asset.Filter{})[0]
	if d.Packets != 26 || len(d.Services) != 1 || d.Services[0].Flows != 3 {
		t.Errorf("packets %d, services %+v", d.Packets, d.Services)
	}
}

func addressJoins(t *testing.T, c *scene) {
	c.apply(c.message("b", 1, []*asset.Device{behind("r1", "10.0.0.5")}, []*finding.Finding{found("f1", "exposure.x", addrKey(addr("10.0.0.5")), 1)}))
	c.devices(device("l1", mac(1), "10.0.0.5"))
	list := c.list(asset.Filter{})
	if len(list) != 1 || list[0].Packets != 15 {
		t.Fatalf("devices: %+v", list)
	}
	if f := c.findings(finding.Filter{Device: list[0].ID}); len(f) != 1 {
		t.Errorf("the finding is of %+v", c.findings(finding.Filter{}))
	}
}

func addressReused(t *testing.T, c *scene) {
	c.devices(device("l1", mac(1), "10.0.0.5"))
	later := t0 + 3600*second
	c.devices(device("l2", mac(2), "10.0.0.5", func(d *asset.Device) { d.FirstSeen, d.LastSeen = later, later }))
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.LastSeen = later + 1 })) // it still lists its old address
	if n := len(c.list(asset.Filter{})); n != 2 {
		t.Fatalf("%d devices", n)
	}
	ctx := context.Background()
	before, _ := c.s.HostDevice(ctx, 1, addrKey(addr("10.0.0.5")), t0+1)
	after, _ := c.s.HostDevice(ctx, 1, addrKey(addr("10.0.0.5")), later+second)
	one, _ := c.s.HostDevice(ctx, 1, macKey(mac(1)), t0)
	two, _ := c.s.HostDevice(ctx, 1, macKey(mac(2)), later)
	if before != one || after != two || one == two {
		t.Errorf("before %q, after %q; devices %q and %q", before, after, one, two)
	}
}

func wanderer(t *testing.T, c *scene) {
	name := func(d *asset.Device) { d.Names = []string{"annas-phone.local"} }
	c.devices(device("l1", localMAC(1), "10.0.0.5", name))
	c.devices(device("l2", localMAC(2), "10.0.0.6", name, func(d *asset.Device) { d.FirstSeen, d.LastSeen = t0+2*minute, t0+3*minute }))
	if list := c.list(asset.Filter{}); len(list) != 1 || len(list[0].MACs) != 2 {
		t.Fatalf("devices: %+v", list)
	}
	// The same name at the same time is another thing.
	c.devices(device("l3", localMAC(3), "10.0.0.7", name, func(d *asset.Device) { d.FirstSeen, d.LastSeen = t0+2*minute, t0+3*minute }))
	if n := len(c.list(asset.Filter{})); n != 2 {
		t.Errorf("%d devices", n)
	}
}

func merged(t *testing.T, c *scene) {
	ctx := hub.WithActor(context.Background(), "anna")
	c.devices(device("l1", mac(1), "10.0.0.5"), device("l2", mac(2), "10.0.0.6"))
	c.apply(c.message("a", 1, nil, []*finding.Finding{found("f1", "exposure.x", macKey(mac(2)), 1)}))
	list := c.list(asset.Filter{Sort: "label"})
	d, err := c.s.MergeDevices(ctx, 1, list[0].ID, []string{list[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.MACs) != 2 || d.Packets != 20 || d.Findings[ident.Medium] != 1 || d.Risk == 0 {
		t.Errorf("merged: %+v", d)
	}
	c.devices(device("l1", mac(1), "10.0.0.5"), device("l2", mac(2), "10.0.0.6"))
	if n := len(c.list(asset.Filter{})); n != 1 {
		t.Errorf("%d devices after the sensor's next report", n)
	}
	gone, err := c.s.Device(ctx, 1, list[1].ID)
	if err != nil || gone.MergedTo != d.ID {
		t.Errorf("the other: %+v, %v", gone, err)
	}
	moments, err := c.s.Moments(ctx, hub.MomentFilter{Tenant: 1, Device: d.ID, Kinds: []hub.MomentKind{hub.DevicesMerged}})
	if err != nil || len(moments) != 1 || moments[0].Actor != "anna" {
		t.Errorf("moments: %+v, %v", moments, err)
	}
	if _, err := c.s.MergeDevices(ctx, 1, d.ID, []string{"nothing"}); ident.CodeOf(err) != ident.NotFound {
		t.Errorf("merging what is not there: %v", err)
	}
}

func splits(t *testing.T, c *scene) {
	ctx := context.Background()
	both := func() *asset.Device {
		return device("l1", mac(1), "10.0.0.5", func(d *asset.Device) {
			d.MACs, d.Hosts = append(d.MACs, mac(2)), append(d.Hosts, macKey(mac(2)))
		})
	}
	c.devices(both())
	c.apply(c.message("a", 1, nil, []*finding.Finding{found("f1", "exposure.x", macKey(mac(2)), 1)}))
	id := c.list(asset.Filter{})[0].ID
	d, err := c.s.SplitDevice(ctx, 1, id, []ident.HostKey{macKey(mac(2))})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		list := c.list(asset.Filter{})
		if len(list) != 2 {
			t.Fatalf("%d devices", len(list))
		}
		old, _ := c.s.Device(ctx, 1, id)
		part, _ := c.s.Device(ctx, 1, d.ID)
		if !slices.Equal(old.MACs, []ident.MAC{mac(1)}) || !slices.Equal(part.MACs, []ident.MAC{mac(2)}) {
			t.Errorf("MAC addresses: %v and %v", old.MACs, part.MACs)
		}
		if part.Findings[ident.Medium] != 1 || old.Findings[ident.Medium] != 0 {
			t.Errorf("findings: %v and %v", old.Findings, part.Findings)
		}
		c.devices(both()) // the sensor still takes them for one
	}
	if _, err := c.s.SplitDevice(ctx, 1, d.ID, []ident.HostKey{macKey(mac(2))}); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("splitting all off: %v", err)
	}
}

func attributes(t *testing.T, c *scene) {
	ctx := hub.WithActor(context.Background(), "anna")
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Type = asset.Belief{Value: "camera", Confidence: 0.9} }))
	id := c.list(asset.Filter{})[0].ID
	_, err := c.s.EditDevice(ctx, 1, id, func(a *asset.Attributes) error {
		a.Type, a.Label, a.Tags, a.Zone = "doorbell", "Front Door", []string{"leased"}, "yard"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Type = asset.Belief{Value: "camera", Confidence: 0.99} }))
	for _, f := range []asset.Filter{{Types: []string{"doorbell"}}, {Zones: []string{"yard"}}, {Tags: []string{"leased"}}, {Text: "front 10.0.0"}} {
		if list := c.list(f); len(list) != 1 || list[0].Label() != "Front Door" {
			t.Errorf("%+v finds %d", f, len(list))
		}
	}
	if n := len(c.list(asset.Filter{Types: []string{"camera"}})); n != 0 {
		t.Errorf("%d cameras", n)
	}
	moments, _ := c.s.Moments(ctx, hub.MomentFilter{Tenant: 1, Device: id, Kinds: []hub.MomentKind{hub.DeviceEdited}})
	if len(moments) != 4 || moments[0].Actor != "anna" {
		t.Errorf("moments: %+v", moments)
	}
}

func learned(t *testing.T, c *scene) {
	const day = 24 * 3600 * second
	for i := range int64(9) {
		c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.LastSeen = t0 + i*day }))
		d := c.list(asset.Filter{})[0]
		if want := map[bool]string{true: "known", false: "learning"}[i >= 7]; d.Learning.State != want {
			t.Errorf("day %d: %+v", i, d.Learning)
		}
	}
}

func firmware(t *testing.T, c *scene) {
	for _, v := range []string{"1.0", "1.0", "2.0"} {
		c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Firmware = asset.Belief{Value: v, Confidence: 0.9, Time: t0} }))
	}
	moments, err := c.s.Moments(context.Background(), hub.MomentFilter{Tenant: 1})
	if err != nil || len(moments) != 2 || moments[0].Kind != hub.FirmwareNew || moments[0].Before != "1.0" || moments[0].After != "2.0" || moments[1].Kind != hub.DeviceSeen {
		t.Errorf("moments: %+v, %v", moments, err)
	}
}

func filters(t *testing.T, c *scene) {
	for i := range byte(30) {
		c.devices(device(string(rune('A'+i)), mac(i), fmt.Sprintf("10.0.1.%d", i+1), func(d *asset.Device) { d.Bytes, d.FirstSeen = uint64(i), t0+int64(i) }))
	}
	page, n, err := c.s.Devices(context.Background(), asset.Filter{Tenant: 1, Sort: "-bytes", Limit: 5, Offset: 10})
	if err != nil || n != 30 || len(page) != 5 || page[0].Bytes != 19 {
		t.Errorf("%d of %d, %v", len(page), n, err)
	}
	for want, f := range map[int]asset.Filter{0: {Sites: []string{}}, 1: {Host: macKey(mac(3))}, 10: {Since: t0 + 20}, 30: {Sensor: "a"}} {
		if got := len(c.list(f)); got != want {
			t.Errorf("%+v finds %d, want %d", f, got, want)
		}
	}
	for _, hostile := range []string{"%", "_", "\\", "'", "\x00", "\xff"} {
		c.list(asset.Filter{Text: hostile})
	}
}
