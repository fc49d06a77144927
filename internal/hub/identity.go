package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// The bounds of identities.
const (
	maxHosts   = 64 // host keys of a view that count
	maxTenures = 16 // of one host key that are remembered
)

// list gives what is known of a host, oldest first.
func (u *unit) list(r hostRef) []Holder { return u.known.holders[r] }

// current gives who holds a host now.
func (u *unit) current(r hostRef) (Holder, bool) {
	list := u.list(r)
	if len(list) == 0 || list[len(list)-1].Until != 0 {
		return Holder{}, false
	}
	return list[len(list)-1], true
}

// put stores a changed list of a host's holders.
func (u *unit) put(r hostRef, list []Holder) {
	u.known.holders[r] = list
	u.holders[r] = list
}

// hold makes a device the holder of a host from a time on.
func (u *unit) hold(r hostRef, device string, from int64, pinned bool) {
	list := slices.Clone(u.list(r))
	if n := len(list); n > 0 {
		last := &list[n-1]
		if last.Until == 0 && last.Device == device {
			last.Pinned = last.Pinned || pinned
			u.put(r, list)
			return
		}
		from = max(from, last.From+1)
		if last.Until == 0 {
			last.Until = from
		}
		from = max(from, last.Until)
	}
	if len(list) >= maxTenures { // two claim the same address in turns
		list = slices.Delete(list, 1, 2)
	}
	h := Holder{Tenant: r.tenant, Realm: r.realm, Host: r.host, From: from, Device: device, Pinned: pinned}
	u.put(r, append(list, h))
	u.adopt = append(u.adopt, h)
	u.named = append(u.named, h)
	for _, k := range u.found {
		u.adoptOne(k, h)
	}
}

// adoptOne makes a finding that names no device that of the host's device.
func (u *unit) adoptOne(k *judged, h Holder) {
	if k.Device == "" && k.Place.Tenant == h.Tenant && k.Host == h.Host && (h.Realm == "" || k.Site == h.Realm) {
		k.Device, k.dirty = h.Device, true
		u.touch(h.Tenant, h.Device)
	}
}

// resolve gives the device that a host was at a time, empty for none.
func (u *unit) resolve(tenant uint16, site string, h ident.HostKey, at int64) string {
	if h == 0 {
		return ""
	}
	list := u.list(hostRef{tenant, "", h})
	if len(list) == 0 {
		if list = u.list(hostRef{tenant, site, h}); len(list) == 0 {
			return ""
		}
	}
	return heldBy(list, at)
}

// heldBy gives the device of the holder at a time. Before the first one it is
// the first: a sensor tells of a device after it was seen.
func heldBy(list []Holder, at int64) string {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].From <= at || i == 0 {
			if list[i].Until != 0 && at >= list[i].Until && i == len(list)-1 {
				return ""
			}
			return list[i].Device
		}
	}
	return ""
}

// claim is a host key that a view says is the device's.
type claim struct {
	ref  hostRef
	link bool // of a MAC address: it is nobody else's
	addr netip.Addr
}

// claims gives the host keys of what a sensor takes for one device: those
// that it names, and those of its addresses, by which facts from behind a
// router name it.
func claims(d *asset.Device, site string) []claim {
	t := d.Place.Tenant
	links := make(map[ident.HostKey]bool, len(d.MACs))
	for _, m := range d.MACs {
		links[event.HostKeyOf(d.Place, m, [16]byte{})] = true
	}
	var out []claim
	seen := map[ident.HostKey]bool{0: true}
	for _, h := range d.Hosts {
		if seen[h] || len(out) >= maxHosts {
			continue
		}
		seen[h] = true
		c := claim{ref: hostRef{t, site, h}}
		if links[h] {
			c.ref.realm, c.link = "", true
		}
		out = append(out, c)
	}
	for _, a := range d.Addresses {
		h := event.HostKeyOf(d.Place, ident.MAC{}, a.Unmap().As16())
		if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || seen[h] && !slices.ContainsFunc(out, func(c claim) bool { return c.ref.host == h }) || len(out) >= 2*maxHosts {
			continue
		}
		if i := slices.IndexFunc(out, func(c claim) bool { return c.ref.host == h }); i >= 0 {
			out[i].addr = a
			continue
		}
		seen[h] = true
		out = append(out, claim{ref: hostRef{t, site, h}, addr: a})
	}
	return out
}

// settle decides which device a view is of, joins devices that turn out to be
// one, and gives the hosts among the view's that a person has made others'.
func (u *unit) settle(v *View, site string, before *asset.Device) (foreign map[string][]ident.HostKey, err error) {
	d := v.Now
	all := claims(d, site)
	main := v.Device
	if main == "" {
		if main, err = u.homeOf(all, len(d.MACs) > 0); err != nil {
			return nil, err
		}
	}
	if main == "" {
		if main, err = u.newDevice(v, all, site); err != nil {
			return nil, err
		}
	}
	if v.Device != main {
		if _, err := u.thing(v.Tenant, main); err != nil {
			return nil, err
		}
		u.setDevice(v, main)
	}
	for _, c := range all {
		h, held := u.current(c.ref)
		switch {
		case !held:
			u.hold(c.ref, main, d.FirstSeen, false)
		case h.Device == main:
		case h.Pinned:
			if foreign == nil {
				foreign = map[string][]ident.HostKey{}
			}
			foreign[h.Device] = append(foreign[h.Device], c.ref.host)
		default:
			join, err := u.joins(c, h, d)
			if err != nil {
				return nil, err
			}
			if join {
				if main, err = u.merge(v.Tenant, main, h.Device, d.LastSeen); err != nil {
					return nil, err
				}
			} else if before == nil || !slices.Contains(before.Addresses, c.addr) { // an address that it got just now
				u.hold(c.ref, main, d.LastSeen, false)
			}
		}
	}
	return foreign, nil
}

// joins reports whether two devices are one because both claim a host: a MAC
// address is one device's; an address is so as long as the other is known by
// nothing else.
func (u *unit) joins(c claim, h Holder, d *asset.Device) (bool, error) {
	if c.link {
		return true, nil
	}
	other, err := u.thing(c.ref.tenant, h.Device)
	if err != nil || other == nil {
		return false, err
	}
	return len(other.rec.MACs) == 0 || len(d.MACs) == 0, nil
}

// homeOf gives the device that holds one of the hosts: one that a person did
// not split off before one that is, MAC addresses before others.
func (u *unit) homeOf(all []claim, onLink bool) (string, error) {
	pinned := ""
	for _, link := range []bool{true, false} {
		for _, c := range all {
			h, held := u.current(c.ref)
			if !held || c.link != link {
				continue
			}
			if h.Pinned {
				if pinned == "" && link {
					pinned = h.Device
				}
				continue
			}
			if !link && onLink { // an address alone is a weak tie for a device with a MAC address
				t, err := u.thing(c.ref.tenant, h.Device)
				if err != nil {
					return "", err
				}
				if t == nil || len(t.rec.MACs) > 0 {
					continue
				}
			}
			return h.Device, nil
		}
	}
	return pinned, nil
}

// newDevice makes a device with an id that follows from its first host, so
// that the same messages give the same ids.
func (u *unit) newDevice(v *View, all []claim, site string) (string, error) {
	h := sha256.New()
	var b [10]byte
	binary.BigEndian.PutUint16(b[:], v.Tenant)
	if len(all) > 0 {
		binary.BigEndian.PutUint64(b[2:], uint64(all[0].ref.host))
		h.Write([]byte(all[0].ref.realm))
	} else {
		h.Write([]byte(v.Sensor + "\x00" + v.Local))
	}
	h.Write(b[:])
	return u.makeDevice(v.Tenant, hex.EncodeToString(h.Sum(nil)), site)
}

// makeDevice adds a device with the first id of twelve digits in seed that is
// free.
func (u *unit) makeDevice(tenant uint16, seed, site string) (string, error) {
	for i := 0; ; i++ {
		if i+12 > len(seed) {
			sum := sha256.Sum256([]byte(seed))
			seed, i = hex.EncodeToString(sum[:]), 0
		}
		id := seed[i : i+12]
		t, err := u.thing(tenant, id)
		if err != nil {
			return "", err
		}
		if t != nil {
			continue
		}
		u.things[deviceID{tenant, id}] = &thing{composed: true, rec: &asset.Record{
			Device: asset.Device{ID: id, Place: ident.Place{Tenant: tenant}}, Site: site, Created: u.now, Learning: asset.Learning{State: "learning"},
		}}
		return id, nil
	}
}

// merge makes two devices one and gives which is left: the one that a person
// has looked at, else the one that was there first.
func (u *unit) merge(tenant uint16, a, b string, at int64) (string, error) {
	x, err := u.thing(tenant, a)
	if err != nil {
		return "", err
	}
	y, err := u.thing(tenant, b)
	if err != nil {
		return "", err
	}
	switch {
	case x == nil:
		return b, nil
	case y == nil || a == b:
		return a, nil
	}
	if touched(y.rec) && !touched(x.rec) || touched(y.rec) == touched(x.rec) && older(y.rec, x.rec) {
		x, y = y, x
	}
	return x.rec.ID, u.absorb(x, y, at)
}

func touched(r *asset.Record) bool {
	s := r.Set
	return s.Label+s.Type+s.Vendor+s.Model+s.Zone+s.Criticality+s.Owner+s.Location+s.Note+s.Safety != "" || len(s.Tags) > 0 || s.Trusted
}

func older(a, b *asset.Record) bool {
	if a.Created != b.Created {
		return a.Created < b.Created
	}
	if a.FirstSeen != b.FirstSeen && a.FirstSeen != 0 && b.FirstSeen != 0 {
		return a.FirstSeen < b.FirstSeen
	}
	return a.ID < b.ID
}

// absorb makes y part of x.
func (u *unit) absorb(x, y *thing, at int64) error {
	tenant, into, from := x.rec.Place.Tenant, x.rec.ID, y.rec.ID
	for _, k := range slices.Clone(u.viewsOf[deviceID{tenant, from}]) {
		u.setDevice(u.views[k], into)
	}
	for r, list := range u.known.holders {
		if r.tenant != tenant || !slices.ContainsFunc(list, func(h Holder) bool { return h.Device == from }) {
			continue
		}
		list = slices.Clone(list)
		for i := range list {
			if list[i].Device == from {
				list[i].Device = into
			}
		}
		u.put(r, list)
	}
	for _, f := range u.found {
		if f.Place.Tenant == tenant && f.Device == from {
			f.Device, f.dirty = into, true
		}
	}
	for i := range u.moments {
		if u.moments[i].Tenant == tenant && u.moments[i].Device == from {
			u.moments[i].Device = into
		}
	}
	fillAttributes(&x.rec.Set, y.rec.Set)
	if y.rec.Learning.Days > x.rec.Learning.Days {
		x.rec.Learning = y.rec.Learning
	}
	x.rec.Created = min(x.rec.Created, y.rec.Created)
	x.composed, y.composed = true, true
	y.rec.MergedTo, y.rec.Updated = into, u.now
	y.rec.Findings, y.rec.Risk, y.rec.RiskWhy = [5]int{}, 0, nil
	u.repoints = append(u.repoints, repoint{tenant, from, into})
	u.moment(Moment{Tenant: tenant, Time: at, Device: into, Site: x.rec.Site, Kind: DevicesMerged, Subject: from, Before: y.rec.Label()})
	u.tell(DeviceChanged, tenant, y.rec.Site, from, false)
	return u.compose(x, at, true)
}

// fillAttributes takes over what is not set yet.
func fillAttributes(into *asset.Attributes, from asset.Attributes) {
	fill := func(v *string, f string) {
		if *v == "" {
			*v = f
		}
	}
	fill(&into.Label, from.Label)
	fill(&into.Type, from.Type)
	fill(&into.Vendor, from.Vendor)
	fill(&into.Model, from.Model)
	fill(&into.Zone, from.Zone)
	fill(&into.Criticality, from.Criticality)
	fill(&into.Owner, from.Owner)
	fill(&into.Location, from.Location)
	fill(&into.Note, from.Note)
	fill(&into.Safety, from.Safety)
	for _, t := range from.Tags {
		if !slices.Contains(into.Tags, t) {
			into.Tags = append(into.Tags, t)
		}
	}
	into.Trusted = into.Trusted || from.Trusted
}
