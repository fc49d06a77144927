package hub

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// The bounds of a finding.
const (
	maxParts    = 128
	maxOther    = 256
	maxMembers  = 64
	maxComments = 500
)

// judged is a finding that a unit works on.
type judged struct {
	*Judged
	dirty bool
}

// claimID names a claim of a tenant.
type claimID struct {
	tenant uint16
	claim  uint64
}

func (u *unit) loadFindings(tenant uint16, ids []string, claims []uint64) error {
	list, err := u.tx.Judged(tenant, slices.Compact(slices.Sorted(slices.Values(ids))))
	if err != nil {
		return err
	}
	var open []uint64
	for _, c := range slices.Compact(slices.Sorted(slices.Values(claims))) {
		if k := (claimID{tenant, c}); !u.asked[k] {
			u.asked[k] = true
			open = append(open, c)
		}
	}
	latest, err := u.tx.Claimed(tenant, open)
	if err != nil {
		return err
	}
	for _, j := range list {
		u.keep(j)
	}
	for _, j := range latest {
		k := u.keep(j)
		u.claims[claimID{tenant, j.Claim}] = k
	}
	return nil
}

// keep takes a finding into the unit's tables, unless it is there.
func (u *unit) keep(j *Judged) *judged {
	tenant := j.Place.Tenant
	if k := u.found[deviceID{tenant, j.ID}]; k != nil {
		return k
	}
	k := &judged{Judged: j}
	u.found[deviceID{tenant, j.ID}] = k
	for _, h := range u.adopt { // not written yet
		u.adoptOne(k, h)
	}
	for _, id := range j.Other {
		u.found[deviceID{tenant, id}] = k
	}
	return k
}

// reported gives the finding that a sensor's report is about: by its id, or
// the same claim in an episode that is not over. It is nil for a new one.
func (u *unit) reported(tenant uint16, f *finding.Finding) (*judged, error) {
	if k := u.found[deviceID{tenant, f.ID}]; k != nil {
		return k, nil
	}
	claims := []uint64{f.Claim}
	if f.Claim == 0 || u.asked[claimID{tenant, f.Claim}] {
		claims = nil
	}
	if err := u.loadFindings(tenant, []string{f.ID}, claims); err != nil {
		return nil, err
	}
	if k := u.found[deviceID{tenant, f.ID}]; k != nil || f.Claim == 0 {
		return k, nil
	}
	k := u.claims[claimID{tenant, f.Claim}]
	if k == nil {
		return nil, nil
	}
	quiet := int64(u.o.Quiet(f.Check))
	if f.FirstSeen > k.LastSeen+quiet || f.LastSeen < k.FirstSeen-quiet || len(k.Other) >= maxOther {
		return nil, nil
	}
	k.Other = append(k.Other, f.ID)
	k.dirty = true
	u.found[deviceID{tenant, f.ID}] = k
	return k, nil
}

// judge takes in a finding as a sensor counts it.
func (u *unit) judge(m *Message, s *account.Sensor, f *finding.Finding) error {
	tenant := m.Batch.Tenant
	k, err := u.reported(tenant, f)
	if err != nil {
		return err
	}
	device := u.deviceOf(tenant, s.Site, f)
	isNew := k == nil
	if isNew {
		silent, err := u.silent(tenant, s.Site, device, f)
		if silent || err != nil {
			return err
		}
		k = u.open(m, s, f)
	}
	grew := k.add(m.Batch.Sensor, m.Batch.Boot, f.Count, f.PeerCount)
	later := f.LastSeen > k.LastSeen
	k.take(f, m.Batch.Sensor, m.Batch.Boot)
	k.Incident, k.Members = u.canonical(tenant, f.Incident, k.Incident), u.members(tenant, k.Members, f.Members)
	if device != "" && device != k.Device {
		u.touch(tenant, k.Device)
		k.Device = device
	}
	if k.Status == finding.Resolved && grew && later {
		k.Status = finding.Open
		k.Reopened++
		k.comment(finding.Comment{Time: u.now, Status: finding.Open})
		u.moment(Moment{Tenant: tenant, Time: f.LastSeen, Device: k.Device, Site: k.Site, Kind: FindingReopened, Subject: k.Check, Finding: k.ID})
		u.out.Again = append(u.out.Again, FindingRef{Tenant: tenant, ID: k.ID, Site: k.Site})
	}
	k.Updated = u.now
	k.dirty = true
	if err := u.hide(k); err != nil {
		return err
	}
	u.touch(tenant, k.Device)
	u.tell(FindingChanged, tenant, k.Site, k.ID, isNew)
	if isNew {
		kind := FindingOpened
		if f.Check == "behaviour.device-lost" {
			kind = DeviceLost
		}
		u.moment(Moment{Tenant: tenant, Time: f.FirstSeen, Device: k.Device, Site: k.Site, Kind: kind, Subject: k.Check, After: k.Severity.String(), Finding: k.ID})
		u.out.Opened = append(u.out.Opened, FindingRef{Tenant: tenant, ID: k.ID, Site: k.Site, Hidden: k.Mute != "" || k.Expected != ""})
	}
	return nil
}

// open makes the finding of a first report.
func (u *unit) open(m *Message, s *account.Sensor, f *finding.Finding) *judged {
	j := &Judged{}
	j.Finding = *f
	j.Place.Tenant = m.Batch.Tenant
	j.Device, j.Count, j.PeerCount, j.Evidence, j.Peers, j.Members, j.Incident = "", 0, 0, nil, nil, nil, ""
	if j.Status != finding.NotTested {
		j.Status = finding.Open
	}
	j.Site, j.Created = s.Site, u.now
	k := &judged{Judged: j}
	u.found[deviceID{m.Batch.Tenant, f.ID}] = k
	if f.Claim != 0 {
		u.claims[claimID{m.Batch.Tenant, f.Claim}] = k
	}
	return k
}

// silent reports whether a finding is no news: what is new about behaviour
// while a site or the device is still learned. The device's record and its
// timeline have it.
func (u *unit) silent(tenant uint16, site, device string, f *finding.Finding) (bool, error) {
	if !strings.HasPrefix(f.Check, "behaviour.") || f.Check == "behaviour.off-profile" { // a person wanted the profile
		return false, nil
	}
	l, err := u.siteLearning(tenant, site)
	if err != nil {
		return false, err
	}
	learning := l.State != "known"
	if !learning && f.Check != "behaviour.new-device" && device != "" {
		t, err := u.thing(tenant, device)
		if err != nil {
			return false, err
		}
		learning = t != nil && t.rec.Learning.State != "known"
	}
	return learning, nil
}

// add notes what a run of a sensor counts; the sum only grows. It reports
// whether it grew.
func (j *Judged) add(sensor string, boot, count uint64, peers int) bool {
	i := slices.IndexFunc(j.Parts, func(p Part) bool { return p.Sensor == sensor && p.Boot == boot })
	if i < 0 {
		if len(j.Parts) >= maxParts {
			j.foldParts()
		}
		j.Parts = append(j.Parts, Part{Sensor: sensor, Boot: boot})
		i = len(j.Parts) - 1
	}
	p := &j.Parts[i]
	grew := count > p.Count
	p.Count, p.Peers = max(p.Count, count), max(p.Peers, peers)
	j.Count, j.PeerCount = 0, 0
	for _, p := range j.Parts {
		j.Count += p.Count
		j.PeerCount = max(j.PeerCount, p.Peers)
	}
	if !slices.Contains(j.Sensors, sensor) {
		j.Sensors = append(j.Sensors, sensor)
		slices.Sort(j.Sensors)
	}
	return grew
}

// foldParts makes room: the two oldest runs, which report no more, become one.
func (j *Judged) foldParts() {
	slices.SortStableFunc(j.Parts, func(a, b Part) int { return cmp.Or(cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.Sensor, b.Sensor)) })
	j.Parts[1].Count += j.Parts[0].Count
	j.Parts[1].Peers = max(j.Parts[0].Peers, j.Parts[1].Peers)
	j.Parts = slices.Delete(j.Parts, 0, 1)
}

// take takes over what a report says. The words are those of the sensor that
// has counted most.
func (j *Judged) take(f *finding.Finding, sensor string, boot uint64) {
	most := true
	var own uint64
	for _, p := range j.Parts {
		if p.Sensor == sensor && p.Boot == boot {
			own = p.Count
		}
	}
	for _, p := range j.Parts {
		most = most && p.Count <= own
	}
	if most {
		j.Title, j.Explanation, j.Remedy, j.Attack = f.Title, f.Explanation, f.Remedy, f.Attack
		j.Address, j.Host = f.Address, f.Host
	}
	j.Severity, j.Confidence = max(j.Severity, f.Severity), max(j.Confidence, f.Confidence)
	if j.FirstSeen == 0 || f.FirstSeen < j.FirstSeen {
		j.FirstSeen = f.FirstSeen
	}
	j.LastSeen = max(j.LastSeen, f.LastSeen)
	j.Peers = union(j.Peers, f.Peers, finding.MaxPeers)
	j.PeerCount = max(j.PeerCount, len(j.Peers))
	for _, e := range f.Evidence {
		if len(j.Evidence) >= finding.MaxEvidence {
			break
		}
		if !slices.ContainsFunc(j.Evidence, func(o finding.Evidence) bool {
			return o.Type == e.Type && o.Time == e.Time && o.Packet == e.Packet && o.Summary == e.Summary
		}) {
			if len(e.Bytes) > finding.MaxEvidenceBytes {
				e.Bytes = e.Bytes[:finding.MaxEvidenceBytes]
			}
			j.Evidence = append(j.Evidence, e)
		}
	}
}

func (j *Judged) comment(c finding.Comment) {
	if len(j.Comments) >= maxComments {
		j.Comments = slices.Delete(j.Comments, 0, 1)
	}
	j.Comments = append(j.Comments, c)
}

// canonical gives the id under which the hub keeps an incident.
func (u *unit) canonical(tenant uint16, id, before string) string {
	if id == "" {
		return before
	}
	if k := u.found[deviceID{tenant, id}]; k != nil {
		return k.ID
	}
	return id
}

func (u *unit) members(tenant uint16, into, more []string) []string {
	for _, id := range more {
		id = u.canonical(tenant, id, "")
		if len(into) < maxMembers && !slices.Contains(into, id) {
			into = append(into, id)
		}
	}
	return into
}

// deviceOf gives the device that a finding is about.
func (u *unit) deviceOf(tenant uint16, site string, f *finding.Finding) string {
	if d := u.resolve(tenant, site, f.Host, f.LastSeen); d != "" {
		return d
	}
	place := ident.Place{Tenant: tenant, Scope: f.Place.Scope}
	if a, err := netip.ParseAddr(f.Address); err == nil {
		return u.resolve(tenant, site, event.HostKeyOf(place, ident.MAC{}, a.Unmap().As16()), f.LastSeen)
	}
	if m, err := ident.ParseMAC(f.Address); err == nil {
		return u.resolve(tenant, site, event.HostKeyOf(place, m, [16]byte{}), f.LastSeen)
	}
	return ""
}

// touch has the risk of a device worked out again.
func (u *unit) touch(tenant uint16, device string) {
	if device == "" {
		return
	}
	t, err := u.thing(tenant, device)
	if err != nil {
		u.err = err
	} else if t != nil {
		t.risk = true
	}
}

// hide works out which mute hides a finding and into which maintenance window
// it falls.
func (u *unit) hide(k *judged) error {
	tenant := k.Place.Tenant
	list, known := u.policies[tenant]
	if !known {
		var err error
		if list, err = u.tx.Policies(tenant); err != nil {
			return err
		}
		u.policies[tenant] = list
	}
	if len(list) == 0 && k.Mute == "" && k.Expected == "" {
		return nil
	}
	target := policy.Target{Check: k.Check, Severity: k.Severity, Device: k.Device, Site: k.Site, Peers: k.Peers}
	if k.Device != "" {
		t, err := u.thing(tenant, k.Device)
		if err != nil {
			return err
		}
		if t != nil {
			target.Type, target.Zone, target.Tags = t.rec.Kind(), ZoneOf(t.rec), t.rec.Set.Tags
		}
	}
	k.Mute, k.Expected = Hidden(list, &target, u.o.Clock().UnixNano(), k.LastSeen)
	return nil
}

// flushFindings writes the findings that changed.
func (u *unit) flushFindings() error {
	var list []*Judged
	for _, id := range slices.SortedFunc(maps.Keys(u.found), func(a, b deviceID) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id))
	}) {
		k := u.found[id]
		if !k.dirty || id.id != k.ID {
			continue
		}
		k.Device = u.final(id.tenant, k.Device)
		list = append(list, k.Judged)
	}
	if u.err != nil {
		return u.err
	}
	return u.tx.SaveJudged(list)
}
