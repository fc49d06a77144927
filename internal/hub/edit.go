package hub

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/ident"
)

// Edit is a change that a person makes to identities or to what is believed,
// inside one transaction. What it changes is stored when its function returns
// without an error.
type Edit struct {
	Tx     Tx
	Tenant uint16
	Now    int64  // wall clock
	Actor  string // who, for the timeline
}

func (e *Edit) unit(identities bool) (*unit, error) {
	o := ProjectorOptions{}.withDefaults()
	known := &memory{holders: map[hostRef][]Holder{}}
	if identities {
		var err error
		if known.holders, err = readHolders(e.Tx); err != nil {
			return nil, err
		}
	}
	u := newUnit(e.Tx, known, &o)
	u.now, u.actor = e.Now, e.Actor
	return u, nil
}

// device gives a device that is one: not part of another.
func (e *Edit) device(u *unit, id string) (*thing, error) {
	t, err := u.thing(e.Tenant, id)
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		return nil, ident.Errorf(ident.NotFound, "", "there is no device %q", id)
	case t.rec.MergedTo != "":
		return nil, ident.Errorf(ident.Invalid, "change device "+t.rec.MergedTo+" instead", "device %q has become part of %q", id, t.rec.MergedTo)
	}
	return t, nil
}

// Attributes changes what a person sets of a device.
func (e *Edit) Attributes(id string, edit func(*asset.Attributes) error) (*asset.Record, error) {
	u, err := e.unit(false)
	if err != nil {
		return nil, err
	}
	t, err := e.device(u, id)
	if err != nil {
		return nil, err
	}
	before := t.rec.Set
	after := before
	after.Tags = slices.Clone(before.Tags)
	if err := edit(&after); err != nil {
		return nil, err
	}
	t.rec.Set = after
	t.rec.Updated, t.composed = e.Now, true
	for _, c := range changedAttributes(before, after) {
		u.moment(Moment{Tenant: e.Tenant, Time: e.Now, Device: id, Site: t.rec.Site, Kind: DeviceEdited, Subject: c[0], Before: c[1], After: c[2]})
	}
	return t.rec, u.flush()
}

// changedAttributes gives name, value before and after of what differs.
func changedAttributes(a, b asset.Attributes) (out [][3]string) {
	for _, f := range [][3]string{
		{"label", a.Label, b.Label}, {"type", a.Type, b.Type}, {"vendor", a.Vendor, b.Vendor}, {"model", a.Model, b.Model}, {"zone", a.Zone, b.Zone},
		{"criticality", a.Criticality, b.Criticality}, {"owner", a.Owner, b.Owner}, {"location", a.Location, b.Location}, {"note", a.Note, b.Note},
		{"tags", strings.Join(a.Tags, ", "), strings.Join(b.Tags, ", ")}, {"safety", a.Safety, b.Safety},
		{"trusted", strconv.FormatBool(a.Trusted), strconv.FormatBool(b.Trusted)},
	} {
		if f[1] != f[2] {
			out = append(out, f)
		}
	}
	return out
}

// Merge makes other devices part of one.
func (e *Edit) Merge(into string, others []string) (*asset.Record, error) {
	u, err := e.unit(true)
	if err != nil {
		return nil, err
	}
	t, err := e.device(u, into)
	if err != nil {
		return nil, err
	}
	for _, id := range others {
		if id == into {
			return nil, ident.Errorf(ident.Invalid, "", "device %q cannot become part of itself", id)
		}
		o, err := e.device(u, id)
		if err != nil {
			return nil, err
		}
		if err := u.absorb(t, o, e.Now); err != nil {
			return nil, err
		}
	}
	if err := u.flush(); err != nil {
		return nil, err
	}
	return t.rec, e.Tx.BumpEpoch()
}

// Split makes hosts of a device one of their own.
func (e *Edit) Split(id string, hosts []ident.HostKey) (*asset.Record, error) {
	u, err := e.unit(true)
	if err != nil {
		return nil, err
	}
	t, err := e.device(u, id)
	if err != nil {
		return nil, err
	}
	var held []hostRef
	left := false
	for r, list := range u.known.holders {
		if r.tenant != e.Tenant || len(list) == 0 || list[len(list)-1].Device != id {
			continue
		}
		if slices.Contains(hosts, r.host) {
			held = append(held, r)
		} else {
			left = true
		}
	}
	for _, h := range hosts {
		if !slices.ContainsFunc(held, func(r hostRef) bool { return r.host == h }) {
			return nil, ident.Errorf(ident.NotFound, "", "host %016x is not of device %q", uint64(h), id)
		}
	}
	if len(hosts) == 0 || !left {
		return nil, ident.Errorf(ident.Invalid, "leave at least one host with the device", "split device %q: nothing would be left of it, or nothing taken", id)
	}
	fresh, err := e.carveOut(u, t, held, hosts)
	if err != nil {
		return nil, err
	}
	if err := u.flush(); err != nil {
		return nil, err
	}
	if err := e.Tx.RepointHosts(e.Tenant, id, fresh.rec.ID, hosts); err != nil {
		return nil, err
	}
	if err := Refresh(e.Tx, e.Tenant, []string{id, fresh.rec.ID}); err != nil {
		return nil, err
	}
	return fresh.rec, e.Tx.BumpEpoch()
}

// carveOut makes the new device of a split with its hosts and views.
func (e *Edit) carveOut(u *unit, t *thing, held []hostRef, hosts []ident.HostKey) (*thing, error) {
	seed := make([]byte, 32)
	rand.Read(seed)
	id := t.rec.ID
	newID, err := u.makeDevice(e.Tenant, hex.EncodeToString(seed), t.rec.Site)
	if err != nil {
		return nil, err
	}
	for _, r := range held {
		list := slices.Clone(u.list(r))
		for i := range list {
			if list[i].Device == id {
				list[i].Device, list[i].Pinned = newID, true
			}
		}
		u.put(r, list)
	}
	for _, k := range slices.Clone(u.viewsOf[deviceID{e.Tenant, id}]) {
		v := u.views[k]
		if v.Now == nil {
			continue
		}
		switch {
		case !owns(v.Now, hosts):
		case !slices.ContainsFunc(v.Now.Hosts, func(h ident.HostKey) bool { return !slices.Contains(hosts, h) }):
			u.setDevice(v, newID)
		default:
			now := *v.Now
			v.Now = &now
			u.dirty[k] = true
			if err := u.carve(v, map[string][]ident.HostKey{newID: hosts}); err != nil {
				return nil, err
			}
		}
	}
	fresh := u.things[deviceID{e.Tenant, newID}]
	u.moment(Moment{Tenant: e.Tenant, Time: e.Now, Device: id, Site: t.rec.Site, Kind: DeviceSplit, Subject: newID})
	u.moment(Moment{Tenant: e.Tenant, Time: e.Now, Device: newID, Site: t.rec.Site, Kind: DeviceSplit, Subject: id})
	if err := u.compose(t, e.Now, true); err != nil {
		return nil, err
	}
	return fresh, u.compose(fresh, e.Now, true)
}

// owns reports whether a view has one of the hosts, by name or by address.
func owns(d *asset.Device, hosts []ident.HostKey) bool {
	return slices.ContainsFunc(claims(d, ""), func(c claim) bool { return slices.Contains(hosts, c.ref.host) })
}

// Refresh works out the risk of devices again, after their findings changed.
func Refresh(tx Tx, tenant uint16, devices []string) error {
	list, err := tx.Devices(tenant, devices)
	if err != nil {
		return err
	}
	open, err := tx.OpenFindings(tenant, devices)
	if err != nil {
		return err
	}
	for _, r := range list {
		r.Findings = open[r.ID]
		r.Risk, r.RiskWhy = Risk(r)
	}
	return tx.SaveRisk(list)
}
