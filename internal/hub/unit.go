package hub

import (
	"cmp"
	"maps"
	"slices"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// hostRef names a host key in its realm, see Holder.
type hostRef struct {
	tenant uint16
	realm  string
	host   ident.HostKey
}

// memory is what the projection remembers between transactions: which device
// each host is, and which keys the hours and servers of late have. It equals
// what is stored, or is thrown away.
type memory struct {
	epoch      int64
	checkpoint Checkpoint
	holders    map[hostRef][]Holder // in order of From; the last one may last
	hours      *recent[hourKey, *hourKeys]
	servers    *recent[serverKey, map[uint64]struct{}]
	unnamed    map[uint16]map[tenantHost]map[unnamed]struct{} // what waits for devices, of the tenants that are in it
}

// The most hours and servers whose keys are remembered.
const (
	rememberedHours   = 48
	rememberedServers = 256
)

func remember(tx Tx, epoch int64) (*memory, error) {
	cp, err := tx.Checkpoint(Projected)
	if err != nil {
		return nil, err
	}
	m := &memory{
		epoch: epoch, checkpoint: cp, hours: newRecent[hourKey, *hourKeys](rememberedHours),
		servers: newRecent[serverKey, map[uint64]struct{}](rememberedServers), unnamed: map[uint16]map[tenantHost]map[unnamed]struct{}{},
	}
	m.holders, err = readHolders(tx)
	return m, err
}

func readHolders(tx Tx) (map[hostRef][]Holder, error) {
	out := map[hostRef][]Holder{}
	err := tx.Holders(func(h Holder) {
		r := hostRef{h.Tenant, h.Realm, h.Host}
		out[r] = append(out[r], h)
	})
	for _, list := range out {
		slices.SortFunc(list, func(a, b Holder) int { return cmp.Compare(a.From, b.From) })
	}
	return out, err
}

// deviceID names a device of any tenant.
type deviceID struct {
	tenant uint16
	id     string
}

// thing is a device that a unit works on.
type thing struct {
	rec      *asset.Record
	composed bool // all of it is to be written
	risk     bool // its findings may have changed
}

// unit is the work of one transaction: what it loaded and changed. It is
// written by flush.
type unit struct {
	tx    Tx
	known *memory
	o     *ProjectorOptions
	out   Outcome
	now   int64 // wall clock of the message or call at hand
	actor string

	things    map[deviceID]*thing
	views     map[ViewKey]*View
	dirty     map[ViewKey]bool
	viewsOf   map[deviceID][]ViewKey // complete for the devices that are in it
	holders   map[hostRef][]Holder   // changed rows, to be written
	adopt     []Holder
	named     []Holder // hosts that got a device by the message at hand
	repoints  []repoint
	sensors   map[deviceID]*account.Sensor
	reporting map[deviceID]bool // whose rows change
	sites     map[deviceID]*asset.Learning
	found     map[deviceID]*judged
	claims    map[claimID]*judged
	asked     map[claimID]bool // claims that were looked up
	policies  map[uint16][]*policy.Policy
	sums      map[hourKey]*hourSums
	nodes     map[nodeKey]*Node
	moments   []Moment
	told      map[Change]int // index in out.Changes
	err       error          // of a question whose asker could not wait for it
}

// repoint says that what was one device's is another's.
type repoint struct {
	tenant   uint16
	from, to string
}

func newUnit(tx Tx, known *memory, o *ProjectorOptions) *unit {
	return &unit{
		tx: tx, known: known, o: o,
		things: map[deviceID]*thing{}, views: map[ViewKey]*View{}, dirty: map[ViewKey]bool{}, viewsOf: map[deviceID][]ViewKey{},
		holders: map[hostRef][]Holder{}, sensors: map[deviceID]*account.Sensor{}, reporting: map[deviceID]bool{}, sites: map[deviceID]*asset.Learning{},
		found: map[deviceID]*judged{}, claims: map[claimID]*judged{}, asked: map[claimID]bool{}, policies: map[uint16][]*policy.Policy{},
		sums: map[hourKey]*hourSums{}, nodes: map[nodeKey]*Node{}, told: map[Change]int{},
	}
}

// prefetch reads in a few questions what the messages are about.
func (u *unit) prefetch(messages []Message) error {
	var keys []ViewKey
	sensors := map[uint16][]string{}
	found, claims := map[uint16][]string{}, map[uint16][]uint64{}
	for i := range messages {
		b := messages[i].Batch
		if !slices.Contains(sensors[b.Tenant], b.Sensor) {
			sensors[b.Tenant] = append(sensors[b.Tenant], b.Sensor)
		}
		for _, d := range b.Devices {
			keys = append(keys, ViewKey{b.Tenant, b.Sensor, d.ID})
		}
		for _, f := range b.Findings {
			found[b.Tenant] = append(found[b.Tenant], f.ID)
			if f.Claim != 0 {
				claims[b.Tenant] = append(claims[b.Tenant], f.Claim)
			}
		}
	}
	for tenant, ids := range sensors {
		list, err := u.tx.Sensors(tenant, ids)
		if err != nil {
			return err
		}
		for _, s := range list {
			u.sensors[deviceID{tenant, s.ID}] = s
		}
	}
	if err := u.loadViews(keys); err != nil {
		return err
	}
	devices := map[uint16][]string{}
	for tenant, ids := range found {
		if err := u.loadFindings(tenant, ids, claims[tenant]); err != nil {
			return err
		}
	}
	for i := range messages {
		b := messages[i].Batch
		site := ""
		if s := u.sensors[deviceID{b.Tenant, b.Sensor}]; s != nil {
			site = s.Site
		}
		for _, f := range b.Findings {
			if id := u.deviceOf(b.Tenant, site, f); id != "" {
				devices[b.Tenant] = append(devices[b.Tenant], id)
			}
		}
	}
	for _, k := range u.found {
		if k.Device != "" {
			devices[k.Place.Tenant] = append(devices[k.Place.Tenant], k.Device)
		}
	}
	for tenant, ids := range devices {
		slices.Sort(ids)
		if err := u.loadDevices(tenant, slices.Compact(ids)); err != nil {
			return err
		}
	}
	return nil
}

// loadViews reads views with their devices and the other views of those.
func (u *unit) loadViews(keys []ViewKey) error {
	slices.SortFunc(keys, compareViewKeys)
	views, err := u.tx.Views(slices.Compact(keys))
	if err != nil {
		return err
	}
	devices := map[uint16][]string{}
	for _, v := range views {
		devices[v.Tenant] = append(devices[v.Tenant], v.Device)
	}
	for tenant, ids := range devices {
		slices.Sort(ids)
		if err := u.loadDevices(tenant, slices.Compact(ids)); err != nil {
			return err
		}
	}
	return nil
}

func compareViewKeys(a, b ViewKey) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Local, b.Local))
}

// loadDevices reads devices with all their views.
func (u *unit) loadDevices(tenant uint16, ids []string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		_, known := u.viewsOf[deviceID{tenant, id}]
		return known
	})
	if len(ids) == 0 {
		return nil
	}
	records, err := u.tx.Devices(tenant, ids)
	if err != nil {
		return err
	}
	for _, r := range records {
		if k := (deviceID{tenant, r.ID}); u.things[k] == nil {
			u.things[k] = &thing{rec: r}
		}
	}
	views, err := u.tx.ViewsOf(tenant, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		u.viewsOf[deviceID{tenant, id}] = nil
	}
	for _, v := range views {
		if _, known := u.views[v.ViewKey]; known {
			continue
		}
		u.views[v.ViewKey] = v
		k := deviceID{tenant, v.Device}
		u.viewsOf[k] = append(u.viewsOf[k], v.ViewKey)
	}
	for _, id := range ids {
		slices.SortFunc(u.viewsOf[deviceID{tenant, id}], compareViewKeys)
	}
	return nil
}

// thing gives a device with all that its record is made of; nil when there is
// none.
func (u *unit) thing(tenant uint16, id string) (*thing, error) {
	if err := u.loadDevices(tenant, []string{id}); err != nil {
		return nil, err
	}
	return u.things[deviceID{tenant, id}], nil
}

// view gives what a sensor believes, nil when it has not said anything yet.
func (u *unit) view(k ViewKey) (*View, error) {
	if v := u.views[k]; v != nil {
		return v, nil
	}
	if err := u.loadViews([]ViewKey{k}); err != nil {
		return nil, err
	}
	return u.views[k], nil
}

// setDevice makes a view one of a device.
func (u *unit) setDevice(v *View, device string) {
	if v.Device != "" {
		old := deviceID{v.Tenant, v.Device}
		u.viewsOf[old] = slices.DeleteFunc(slices.Clone(u.viewsOf[old]), func(k ViewKey) bool { return k == v.ViewKey })
	}
	v.Device = device
	k := deviceID{v.Tenant, device}
	u.viewsOf[k] = append(slices.Clone(u.viewsOf[k]), v.ViewKey)
	slices.SortFunc(u.viewsOf[k], compareViewKeys)
	u.dirty[v.ViewKey] = true
}

// tell notes a change for those who watch.
func (u *unit) tell(kind ChangeKind, tenant uint16, site, id string, isNew bool) {
	c := Change{Kind: kind, Tenant: tenant, ID: id}
	if i, told := u.told[c]; told {
		u.out.Changes[i].New = u.out.Changes[i].New || isNew
		u.out.Changes[i].Site = site
		return
	}
	u.told[c] = len(u.out.Changes)
	c.Site, c.New, c.Time = site, isNew, u.now
	u.out.Changes = append(u.out.Changes, c)
}

// moment notes what happened.
func (u *unit) moment(m Moment) {
	m.Noted, m.Actor = u.now, u.actor
	u.moments = append(u.moments, m)
}

// flush writes what has changed.
func (u *unit) flush() error {
	for _, step := range []func() error{u.flushSensors, u.flushIdentity, u.flushFindings, u.flushDevices, u.flushSums} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) flushIdentity() error {
	views := make([]*View, 0, len(u.dirty))
	for _, k := range slices.SortedFunc(maps.Keys(u.dirty), compareViewKeys) {
		views = append(views, u.views[k])
	}
	if err := u.tx.SaveViews(views); err != nil {
		return err
	}
	var holders []Holder
	for _, list := range u.holders {
		holders = append(holders, list...)
	}
	slices.SortFunc(holders, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.Host, b.Host), cmp.Compare(a.From, b.From))
	})
	if err := u.tx.SaveHolders(holders); err != nil {
		return err
	}
	for _, r := range u.repoints {
		if err := u.tx.Repoint(r.tenant, r.from, r.to); err != nil {
			return err
		}
	}
	for _, h := range u.adopt {
		h.Device = u.final(h.Tenant, h.Device)
		if err := u.tx.Adopt(h); err != nil {
			return err
		}
	}
	return nil
}

// final gives the device that a device has become in this unit.
func (u *unit) final(tenant uint16, id string) string {
	for range len(u.repoints) + 1 {
		t := u.things[deviceID{tenant, id}]
		if t == nil || t.rec.MergedTo == "" {
			return id
		}
		id = t.rec.MergedTo
	}
	return id
}

func (u *unit) flushDevices() error {
	refresh := map[uint16][]string{}
	for k, t := range u.things {
		if t.rec.MergedTo == "" && (t.composed || t.risk) {
			refresh[k.tenant] = append(refresh[k.tenant], k.id)
		}
	}
	for tenant, ids := range refresh {
		open, err := u.tx.OpenFindings(tenant, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r := u.things[deviceID{tenant, id}].rec
			r.Findings = open[id]
			r.Risk, r.RiskWhy = Risk(r)
		}
	}
	var whole, risk []*asset.Record
	for _, k := range slices.SortedFunc(maps.Keys(u.things), func(a, b deviceID) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id))
	}) {
		switch t := u.things[k]; {
		case t.composed:
			whole = append(whole, t.rec)
		case t.risk:
			risk = append(risk, t.rec)
		}
	}
	if err := u.tx.SaveDevices(whole); err != nil {
		return err
	}
	return u.tx.SaveRisk(risk)
}
