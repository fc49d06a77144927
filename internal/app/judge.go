package app

import (
	"net/netip"

	"edgeward/content"
	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/credential"
	"edgeward/internal/judge/detect"
	"edgeward/internal/judge/fingerprint"
	"edgeward/internal/judge/inventory"
)

// judge is the stage that turns facts into things and judgements.
type judge struct {
	inventory *inventory.Inventory
	detect    *detect.Engine
}

// JudgeOptions says what the judge stage is to know of the network.
type JudgeOptions struct {
	Home        []netip.Prefix
	Zones       []inventory.Zone
	Recog       string          // folder of recog XML files, empty for none
	Prints      *fingerprint.DB // used in place of the embedded ones and those of Recog; nil for them
	Checks      []finding.Check // used in place of the catalogue; nil for that
	ShowSecrets bool
	Indicators  detect.Indicators // known bad addresses and names; nil for none
}

func newJudge(o JudgeOptions) (*judge, error) {
	checks, err := catalogue()
	if err != nil {
		return nil, err
	}
	if o.Checks != nil {
		checks = o.Checks
	}
	types, err := loadTypes()
	if err != nil {
		return nil, err
	}
	prints, err := embeddedFingerprints()
	switch {
	case o.Prints != nil:
		prints, err = o.Prints, nil
	case o.Recog != "":
		prints, err = loadFingerprints(o.Recog, types)
	}
	if err != nil {
		return nil, err
	}
	inv := inventory.New(inventory.Options{Home: o.Home, Zones: o.Zones, Matcher: prints, Types: types})
	return &judge{
		inventory: inv,
		detect:    detect.New(detect.Options{Checks: checks, Devices: devices{inv}, ShowSecrets: o.ShowSecrets, Indicators: o.Indicators}),
	}, nil
}

func (j *judge) observe(facts []*event.Fact, packets detect.Packets) {
	j.inventory.Observe(facts)
	j.detect.Observe(facts, packets)
}

// settle has findings name the device that their host turned out to belong to:
// which addresses are one thing may have become clear only after they were
// made. A device that was forgotten for lack of room is not named.
func (j *judge) settle(found []*finding.Finding, list []*asset.Device) {
	known := make(map[string]bool, len(list))
	for _, d := range list {
		known[d.ID] = true
	}
	for _, f := range found {
		if f.Device == "" || known[f.Device] {
			continue
		}
		f.Device = ""
		if about, ok := j.inventory.About(f.Host); ok && known[about.Device] {
			f.Device = about.Device
		}
	}
}

// devices shows the inventory to detection.
type devices struct{ inv *inventory.Inventory }

var _ detect.Devices = devices{}

func (d devices) Home(p ident.Place, a netip.Addr) bool { return d.inv.Home(p, a) }

func (d devices) Router(p ident.Place, mac ident.MAC) bool { return d.inv.Router(p, mac) }

func (d devices) Host(k ident.HostKey) (detect.Host, bool) {
	a, ok := d.inv.About(k)
	return detect.Host{Device: a.Device, Type: a.Type, Zone: a.Zone, FirstSeen: a.FirstSeen}, ok
}

// vault seals secrets with a key of this run.
func vault(show bool) event.Vault {
	return credential.New(content.Credentials, credential.RandomKey(), show)
}
