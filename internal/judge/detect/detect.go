// Package detect turns facts into judgements. Each family of checks keeps its
// own small, bounded memory of the hosts it watches and reports what it sees
// to a ledger, which makes one finding of a thousand packets of one attack.
//
// It decides by behaviour in packet time; it knows neither packets nor
// protocols' bytes, keeps no inventory (see [Devices], which judge/inventory
// implements) and sends nothing anywhere. Package app drives it; only one
// goroutine may use an Engine at a time.
package detect

import (
	"net/netip"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Options say how an Engine works.
type Options struct {
	Checks      []finding.Check // the catalogue; a check that is not in it is never reported
	Devices     Devices         // nil: private addresses are home and no device is known
	Indicators  Indicators      // known bad addresses and names; nil for none
	Learning    time.Duration   // how long a device must be heard before it has a habit; 0 for a day
	ShowSecrets bool            // evidence keeps packet bytes that may hold secrets
}

// Packets gives the bytes of recent packets, so that findings can show them.
type Packets interface {
	// Lookup gives the frame of a packet or nil when it is gone, and how many
	// of its bytes are headers, up to the end of the transport header; 0 when
	// that is not known. The bytes are valid until the next call.
	Lookup(capture uint32, number uint64) (frame []byte, headers int)
}

// family is a group of checks that share memory.
type family interface {
	kinds() []event.Kind
	fact(s *sight)
	close()
}

// Engine runs all families over the facts.
type Engine struct {
	devices    Devices
	show       bool
	packets    Packets
	ledger     ledger
	names      *names
	hosts      *hosts
	spread     *propagation
	incidents  *incidents
	knownHosts *table[knownHost]
	acquainted acquaintances
	families   []family
	byKind     [event.KindCount][]family
	seen       sight
	slabs      slabs
	now        int64 // packet time of the fact at hand
}

// New makes an Engine.
func New(o Options) *Engine {
	e := &Engine{devices: o.Devices, show: o.ShowSecrets}
	if e.devices == nil {
		e.devices = privateDevices{}
	}
	if o.Learning <= 0 {
		o.Learning = 24 * time.Hour
	}
	e.ledger.init(o.Checks)
	e.names = newNames()
	e.knownHosts = newTable[knownHost](maxHosts)
	e.hosts = newHosts(o.Learning)
	e.spread = newPropagation(e)
	e.families = []family{
		newRecon(e), newWebScan(e), newDiscovery(e), e.spread, newInjection(e), newGuessing(e), newLoader(e), newPayload(e),
		newExposure(e), newPayloadLeak(e), newReachable(e), newContacts(e, o.Indicators),
		newBeacon(e), newBots(e), newDGA(e), newTunnel(e), newPingTunnel(e), newTorture(e),
		newExfiltration(e), newAbuse(e), newProxy(e),
		newFlood(e), newStalled(e), newAmplification(e), newDHCP(e), newIPv6(e),
		newLateral(e), newSpoof(e), newHijack(e),
		newMQTT(e), newBrokerLoad(e), newCoAP(e), newLwM2M(e), newICS(e), newHealth(e),
		newBehaviour(e), newVisibility(e),
	}
	for _, f := range e.families {
		for _, k := range f.kinds() {
			e.byKind[k] = append(e.byKind[k], f)
		}
	}
	e.incidents = newIncidents(e)
	e.ledger.opened = e.incidents.opened
	return e
}

// Observe takes in one batch of facts in their order. Nothing of them is kept.
func (e *Engine) Observe(facts []*event.Fact, p Packets) {
	e.packets = p
	s := &e.seen
	s.slabs = &e.slabs
	for _, f := range facts {
		s.set(e, f)
		e.now = f.Time
		e.hosts.note(s)
		e.names.learn(s)
		for _, fam := range e.byKind[f.Kind()] {
			fam.fact(s)
		}
	}
	s.Fact = nil
	e.packets = nil
}

// Close says that no more facts come: what is pending is decided.
func (e *Engine) Close() {
	for _, f := range e.families {
		f.close()
	}
}

// Updates gives the findings that are new since the last call, or that grew
// notably: twice the count, a higher severity, a new incident.
func (e *Engine) Updates() []*finding.Finding { return e.ledger.updates() }

// Growth gives, as Updates does, what is new, and what counts more than when
// it was given last, however little. It is for those who keep counts.
func (e *Engine) Growth() []*finding.Finding { return e.ledger.growth() }

// Findings gives all findings that are remembered, gravest first, then by
// time and id.
func (e *Engine) Findings() []*finding.Finding { return e.ledger.findings() }

// Count gives the number of findings that are remembered.
func (e *Engine) Count() int { return e.ledger.count() }

// Dropped gives the number of claims that were not kept because too many
// others were open.
func (e *Engine) Dropped() uint64 { return e.ledger.dropped }

// report gives the record of a check about a host for the moment of a fact.
func (e *Engine) report(check string, s *sight, about *actor, group string) *record {
	return e.reportAt(check, s, about, named(group))
}

// reportAt does the same for groups that are not a single word.
func (e *Engine) reportAt(check string, s *sight, about *actor, g group) *record {
	return e.ledger.at(check, s.Place, about, e.device(s.Place, about), g, s.when)
}

// has gives the record of a check about a host whose episode holds the moment
// of a fact.
func (e *Engine) has(check string, s *sight, about *actor) *record {
	return e.hadWithin(check, s, about, 0)
}

// hadWithin gives the record of a check about a host whose episode meets the
// span of time that begins with a fact.
func (e *Engine) hadWithin(check string, s *sight, about *actor, span int64) *record {
	if d := e.device(s.Place, about); d != "" {
		if r := e.ledger.has(check, hostID{s.Place, textKey(d)}, s.when, s.when+span); r != nil {
			return r
		}
	}
	return e.ledger.has(check, hostID{s.Place, uint64(about.key)}, s.when, s.when+span)
}

// device gives the id of a host's device, empty when it is none.
func (e *Engine) device(p ident.Place, a *actor) string { return e.host(p, a).Device }

// host gives what the inventory says of a host. It is remembered for a while,
// since it is asked often and says the same.
func (e *Engine) host(p ident.Place, a *actor) *Host {
	if !a.home || a.key == 0 {
		return &nobody
	}
	h := e.knownHosts.make(placed(p, a.key))
	if h.Device == "" || !near(h.asked, e.now, minute) {
		h.Host, _ = e.devices.Host(a.key)
		h.asked = e.now
	}
	return &h.Host
}

var nobody Host

// knownHost is a host as it was told.
type knownHost struct {
	Host
	asked int64
}

// actor is one side of a fact.
type actor struct {
	key  ident.HostKey
	addr netip.Addr
	mac  ident.MAC
	home bool
}

// valid reports whether the side is known at all.
func (a *actor) valid() bool { return a.addr.IsValid() || !a.mac.IsZero() }

// String gives the address, or the MAC of what has none.
func (a *actor) String() string {
	if a.addr.IsValid() {
		return a.addr.String()
	}
	if !a.mac.IsZero() {
		return a.mac.String()
	}
	return "unknown"
}

// sight is a fact with what all families want to know of it.
type sight struct {
	*event.Fact
	src, dst actor
	when     int64 // packet time of what the fact tells; a flow's start
	slabs    *slabs
	group    bool // the destination is a multicast or broadcast address
}

func (s *sight) set(e *Engine, f *event.Fact) {
	s.Fact = f
	s.when = f.Time
	if b, ok := f.Body.(*event.Flow); ok {
		s.when = b.Start
	}
	s.group = isGroup(f.Dst) || f.DstMAC.IsGroup()
	s.src = actor{key: f.SrcHost, addr: f.Src, mac: f.SrcMAC, home: e.home(f.Place, f.Src)}
	s.dst = actor{key: f.DstHost, addr: f.Dst, mac: f.DstMAC, home: !s.group && e.home(f.Place, f.Dst)}
}

// home reports whether an address is of this network; a host without address
// is on the link, hence home.
func (e *Engine) home(p ident.Place, a netip.Addr) bool {
	return !a.IsValid() || e.devices.Home(p, a)
}

// victim gives the side that a finding about an attack by src on dst is
// about: the attacked host if it is ours, else the attacker.
func (s *sight) victim() (about, other *actor) {
	if s.dst.home || !s.src.home {
		return &s.dst, &s.src
	}
	return &s.src, &s.dst
}

// culprit gives the side that a finding about misbehaviour of src is about:
// the misbehaving host if it is ours, else the one that bears it.
func (s *sight) culprit() (about, other *actor) {
	if s.src.home || !s.dst.home {
		return &s.src, &s.dst
	}
	return &s.dst, &s.src
}

// isGroup reports whether the address means many hosts.
func isGroup(a netip.Addr) bool {
	if a.IsMulticast() {
		return true
	}
	if a.Is4() {
		b := a.As4()
		return b == [4]byte{255, 255, 255, 255}
	}
	return false
}
