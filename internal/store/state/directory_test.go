//go:build !sensor

package state

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// TestDirectory wants cards, addresses and counts to be those of the records,
// after reports, edits, merges and splits, and after a step up from a schema
// that had none.
func TestDirectory(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx := context.Background()
		c := newScene(t, fresh())
		for i := 1; i <= 5; i++ {
			c.devices(device(fmt.Sprint("l", i), mac(byte(i)), fmt.Sprintf("10.0.0.%d", i), func(d *asset.Device) {
				d.Names, d.Zone = []string{fmt.Sprint("Name-", i)}, "plant"
				d.FirstSeen = t0 + int64(i)*hour
				if i%2 == 0 {
					d.Type = asset.Belief{Value: "camera", Confidence: 0.9}
				}
			}))
		}
		// A device moves to another address.
		c.devices(device("l5", mac(5), "10.0.0.5", func(d *asset.Device) { d.Addresses = []netip.Addr{addr("10.0.0.55"), addr("fd00::5")} }))
		checkDirectory(t, c.s)
		ids := map[string]string{}
		for _, d := range c.list(asset.Filter{}) {
			ids[d.Label()] = d.ID
		}
		if _, err := c.s.EditDevice(ctx, 1, ids["Name-1"], func(a *asset.Attributes) error {
			a.Label, a.Type, a.Zone, a.Trusted, a.Tags = "Ürsula", "plc", "cell", true, []string{"x", "y"}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		checkDirectory(t, c.s)
		if _, err := c.s.MergeDevices(ctx, 1, ids["Name-1"], []string{ids["Name-2"]}); err != nil {
			t.Fatal(err)
		}
		checkDirectory(t, c.s)
		if _, err := c.s.SplitDevice(ctx, 1, ids["Name-1"], []ident.HostKey{macKey(mac(2))}); err != nil {
			t.Fatal(err)
		}
		checkDirectory(t, c.s)
		err := c.s.update(ctx, "undo", func(x *tx) error {
			for _, statement := range []string{"DROP TABLE device_addresses", "DROP INDEX IF EXISTS devices_card", "UPDATE devices SET display = ''", "DELETE FROM rollups WHERE dimension = 'pair-day'", "UPDATE schema_version SET version = 6"} {
				if _, err := x.exec(statement); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := migrations(&c.s.d)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.s.migrateTo(ctx, list[:8]); err != nil { // those that made what was undone
			t.Fatal(err)
		}
		checkDirectory(t, c.s)
	})
}

func checkDirectory(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	records, _, err := s.Devices(ctx, asset.Filter{Tenant: 1, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var wantCards, wantAddresses []string
	want := hub.Census{Total: len(records)}
	since := t0 + 3*hour
	for _, r := range records {
		wantCards = append(wantCards, fmt.Sprint(r.ID, r.Label(), r.Kind(), hub.ZoneOf(r), r.Site, r.Set.Tags, r.Risk, r.Learning.State != "known"))
		for _, a := range r.Addresses {
			wantAddresses = append(wantAddresses, fmt.Sprintln(a, r.Place.Scope, r.ID))
		}
		for n, yes := range map[*int]bool{&want.New: r.FirstSeen >= since, &want.Unknown: r.Kind() == "unknown", &want.Untrusted: !r.Set.Trusted, &want.Risky: r.Risk >= 10, &want.Learning: r.Learning.State != "known"} {
			if yes {
				*n++
			}
		}
	}
	cards, err := s.Cards(ctx, hub.CardFilter{Tenant: 1})
	var got []string
	for _, c := range cards {
		got = append(got, fmt.Sprint(c.ID, c.Label, c.Type, c.Zone, c.Site, c.Tags, c.Risk, c.Learning))
	}
	slices.Sort(got)
	slices.Sort(wantCards)
	if err != nil || !slices.Equal(got, wantCards) {
		t.Errorf("cards are %v, want %v, %v", got, wantCards, err)
	}
	addresses, err := s.Addresses(ctx, 1, nil)
	got = nil
	for _, a := range addresses {
		got = append(got, fmt.Sprintln(a.Address, a.Scope, a.Device))
	}
	slices.Sort(got)
	slices.Sort(wantAddresses)
	if err != nil || !slices.Equal(got, wantAddresses) {
		t.Errorf("addresses are %v, want %v, %v", got, wantAddresses, err)
	}
	if n, err := s.Census(ctx, 1, nil, since, 10); err != nil || n != want {
		t.Errorf("counted %+v, want %+v, %v", n, want, err)
	}
	if n, err := s.Census(ctx, 1, []string{}, since, 10); err != nil || n != (hub.Census{}) {
		t.Errorf("counted %+v for nobody, %v", n, err)
	}
	some, err := s.Addresses(ctx, 1, []string{addresses[0].Address, "10.9.9.9"})
	if err != nil || !slices.Contains(some, addresses[0]) {
		t.Errorf("who has %s: %v, %v", addresses[0].Address, some, err)
	}
	if few, err := s.Cards(ctx, hub.CardFilter{Tenant: 1, IDs: []string{cards[0].ID}}); err != nil || len(few) != 1 || few[0].ID != cards[0].ID {
		t.Errorf("one card: %v, %v", few, err)
	}
	if none, err := s.Cards(ctx, hub.CardFilter{Tenant: 1, IDs: []string{}}); err != nil || len(none) != 0 {
		t.Errorf("no card: %v, %v", none, err)
	}
}
