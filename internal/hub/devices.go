package hub

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// The most moments of one kind that one report of a device makes.
const maxNews = 8

// observe takes in what a sensor believes about a device now.
func (u *unit) observe(m *Message, s *account.Sensor, d *asset.Device) error {
	k := ViewKey{m.Batch.Tenant, m.Batch.Sensor, d.ID}
	v, err := u.view(k)
	if err != nil {
		return err
	}
	if v == nil {
		v = &View{ViewKey: k, Boot: m.Batch.Boot}
		u.views[k] = v
	}
	switch {
	case m.Batch.Boot < v.Boot:
		return nil // of a run that was put together already
	case m.Batch.Boot > v.Boot:
		v.Past = fold(v.Past, v.Now)
		v.Boot, v.Now = m.Batch.Boot, nil
	}
	before := v.Now
	v.Now = bounded(d)
	u.dirty[k] = true
	foreign, err := u.settle(v, s.Site, before)
	if err != nil {
		return err
	}
	if err := u.carve(v, foreign); err != nil {
		return err
	}
	t, err := u.thing(k.Tenant, v.Device)
	if err != nil {
		return err
	}
	if t == nil { // its row is gone: somebody has deleted it by hand
		return ident.Errorf(ident.Internal, "restore a backup", "apply batch: sensor %q sees device %s, which is not stored", k.Sensor, v.Device)
	}
	if err := u.compose(t, v.Now.LastSeen, false); err != nil {
		return err
	}
	return u.wanderer(t)
}

// carve gives the hosts that a person made a device of their own what the
// view says of them.
func (u *unit) carve(v *View, foreign map[string][]ident.HostKey) error {
	for _, device := range slices.Sorted(maps.Keys(foreign)) {
		t, err := u.thing(v.Tenant, device)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		k := ViewKey{v.Tenant, v.Sensor, v.Local + "#" + device}
		part, err := u.view(k)
		if err != nil {
			return err
		}
		if part == nil {
			part = &View{ViewKey: k}
			u.views[k] = part
		}
		part.Boot, part.Now = v.Boot, split(v.Now, foreign[device])
		u.dirty[k] = true
		if part.Device != device {
			u.setDevice(part, device)
		}
		if err := u.compose(t, v.Now.LastSeen, false); err != nil {
			return err
		}
	}
	return nil
}

// split takes the hosts out of d and gives a device of them alone.
func split(d *asset.Device, hosts []ident.HostKey) *asset.Device {
	out := &asset.Device{ID: d.ID, Place: d.Place, Hosts: slices.Clone(hosts), FirstSeen: d.FirstSeen, LastSeen: d.LastSeen}
	macs, addrs := d.MACs, d.Addresses
	d.MACs, d.Addresses = nil, nil
	for _, m := range macs {
		if slices.Contains(hosts, event.HostKeyOf(d.Place, m, [16]byte{})) {
			out.MACs = append(out.MACs, m)
			out.Randomised = out.Randomised || m.IsLocal()
		} else {
			d.MACs = append(d.MACs, m)
		}
	}
	for _, a := range addrs {
		if slices.Contains(hosts, event.HostKeyOf(d.Place, ident.MAC{}, a.Unmap().As16())) {
			out.Addresses = append(out.Addresses, a)
		} else {
			d.Addresses = append(d.Addresses, a)
		}
	}
	d.Hosts = slices.DeleteFunc(slices.Clone(d.Hosts), func(h ident.HostKey) bool { return slices.Contains(hosts, h) })
	return out
}

// compose makes a device's record out of what its sensors believe, and notes
// what is new about it. With quiet it notes nothing.
func (u *unit) compose(t *thing, at int64, quiet bool) error {
	r := t.rec
	tenant := r.Place.Tenant
	old := r.Device
	isNew := old.FirstSeen == 0
	var views []*View
	for _, k := range u.viewsOf[deviceID{tenant, r.ID}] {
		views = append(views, u.views[k])
	}
	best := compose(r, views)
	t.composed = true
	r.Updated = u.now
	if best != nil {
		s, err := u.sensorOf(tenant, best.Sensor)
		if err != nil {
			return err
		}
		if s != nil && s.Site != "" {
			r.Site = s.Site
		}
	}
	was := r.Learning.State
	learn(&r.Learning, r.FirstSeen, r.LastSeen, u.o.Days)
	u.tell(DeviceChanged, tenant, r.Site, r.ID, isNew)
	if quiet {
		return nil
	}
	note := func(kind MomentKind, subject, before, after string) {
		u.moment(Moment{Tenant: tenant, Time: at, Device: r.ID, Site: r.Site, Kind: kind, Subject: subject, Before: before, After: after})
	}
	if isNew {
		u.moment(Moment{Tenant: tenant, Time: r.FirstSeen, Device: r.ID, Site: r.Site, Kind: DeviceSeen, Subject: r.Label(), After: r.Kind()})
		return nil
	}
	if was == "learning" && r.Learning.State == "known" {
		note(DeviceLearned, "", "", "")
	}
	news := 0
	for _, a := range r.Addresses {
		if !slices.Contains(old.Addresses, a) && news < maxNews {
			news++
			note(AddressNew, a.String(), "", "")
		}
	}
	news = 0
	for _, s := range r.Services {
		if news < maxNews && !slices.ContainsFunc(old.Services, func(o asset.Service) bool { return o.Port == s.Port && o.Transport == s.Transport }) {
			news++
			note(ServiceNew, strings.TrimSpace(fmt.Sprintf("%s/%d %s", s.Transport, s.Port, s.Protocol)), "", "")
		}
	}
	if old.Firmware.Known() && r.Firmware.Known() && old.Firmware.Value != r.Firmware.Value {
		note(FirmwareNew, "", old.Firmware.Value, r.Firmware.Value)
	}
	return nil
}

const day = int64(24 * 3600 * 1e9)

// learn counts the days with traffic; after enough of them a thing is known.
func learn(l *asset.Learning, first, last int64, days int) {
	today := floorDiv(last, day)
	switch {
	case l.Days == 0:
		l.State, l.Since, l.Days, l.Day = "learning", first, 1, today
	case today > l.Day:
		l.Days++
		l.Day = today
	}
	if l.Days > days {
		l.State = "known"
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// wanderer joins a device with a randomised MAC address to the one that had
// the same name at the same site before and is gone since: telephones change
// their address and keep their name.
func (u *unit) wanderer(t *thing) error {
	r := t.rec
	name := WandererName(r)
	if name == "" || r.MergedTo != "" {
		return nil
	}
	tenant := r.Place.Tenant
	ids, err := u.tx.Wanderers(tenant, r.Site, name)
	if err != nil {
		return err
	}
	for k, o := range u.things {
		if k.tenant == tenant && o.rec.Site == r.Site && WandererName(o.rec) == name && !slices.Contains(ids, k.id) {
			ids = append(ids, k.id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		o, err := u.thing(tenant, id)
		if err != nil {
			return err
		}
		if o == nil || id == r.ID || o.rec.MergedTo != "" || WandererName(o.rec) != name || o.rec.LastSeen >= r.FirstSeen || u.pinned(tenant, id) || u.pinned(tenant, r.ID) {
			continue
		}
		_, err = u.merge(tenant, id, r.ID, r.FirstSeen)
		return err
	}
	return nil
}

func (u *unit) pinned(tenant uint16, device string) bool {
	for r, list := range u.known.holders {
		if r.tenant == tenant && slices.ContainsFunc(list, func(h Holder) bool { return h.Pinned && h.Device == device }) {
			return true
		}
	}
	return false
}

// generic lists names that many devices of one make have.
var generic = []string{"android", "iphone", "ipad", "localhost", "unknown", "device", "espressif", "esp"}

// WandererName gives the name by which a device with nothing but randomised
// MAC addresses may be known again, empty for others.
func WandererName(r *asset.Record) string {
	if !r.Randomised || len(r.Names) == 0 || slices.ContainsFunc(r.MACs, func(m ident.MAC) bool { return !m.IsLocal() }) {
		return ""
	}
	name := strings.ToLower(strings.TrimSuffix(r.Names[0], ".local"))
	if utf8.RuneCountInString(name) < 5 || slices.Contains(generic, name) {
		return ""
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	return name
}

// sensorOf gives a sensor that may not be in the messages at hand.
func (u *unit) sensorOf(tenant uint16, id string) (*account.Sensor, error) {
	k := deviceID{tenant, id}
	if s, known := u.sensors[k]; known {
		return s, nil
	}
	list, err := u.tx.Sensors(tenant, []string{id})
	if err != nil {
		return nil, err
	}
	u.sensors[k] = nil
	if len(list) > 0 {
		u.sensors[k] = list[0]
	}
	return u.sensors[k], nil
}
