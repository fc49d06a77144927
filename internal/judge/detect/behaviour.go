package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	maxHabits     = 65536
	lookAround    = 10 * minute // how often silent devices are looked for
	shortestLoss  = 2 * hour
	pausesToLoss  = 30 // times the usual pause
	newPeersKnown = 6  // names shown
)

// behaviour compares what devices do with what they did in their learning
// time. It says nothing about a device that is still learned, and of a network
// at its start only that it is there.
type behaviour struct {
	e        *Engine
	known    *table[bool]     // peers, services and protocols of a host
	firmware *table[firmware] // by host and source
	heard    *table[bool]     // hosts that were announced
	lost     *table[bool]     // hosts that are lost
	looked   int64
}

// firmware is the version that a host told last.
type firmware struct{ version, model string }

func newBehaviour(e *Engine) *behaviour {
	return &behaviour{
		e: e, known: newTable[bool](maxHabits), firmware: newTable[firmware](maxIdentity), heard: newTable[bool](maxHosts), lost: newTable[bool](maxHosts),
	}
}

func (b *behaviour) kinds() []event.Kind {
	return []event.Kind{event.KindFlow, event.KindIdentity, event.KindARP, event.KindDHCP, event.KindMDNS}
}

func (b *behaviour) close() {}

func (b *behaviour) fact(s *sight) {
	b.hear(s)
	switch f := s.Body.(type) {
	case *event.Flow:
		b.flow(s, f)
	case *event.Identity:
		b.version(s, f)
	}
	if s.Time-b.looked > lookAround || b.looked-s.Time > lookAround {
		b.look(s)
	}
}

// met notes something about a host and reports whether it was known.
func (b *behaviour) met(s *sight, k ident.HostKey, what uint64) bool {
	v := b.known.make(mix(placed(s.Place, k), what))
	was := *v
	*v = true
	return was
}

// hear announces devices: one line for the network as it is found, and later
// one for each that joins.
func (b *behaviour) hear(s *sight) {
	if !s.src.home || !s.src.valid() || unspecified(s.src.addr) && s.src.mac.IsZero() {
		return
	}
	h := b.heard.make(placed(s.Place, s.src.key))
	if *h {
		return
	}
	info := b.e.host(s.Place, &s.src)
	if info.Device == "" {
		return
	}
	*h = true
	if !b.e.hosts.settled() {
		network := actor{home: true}
		rec := b.e.report("behaviour.new-device", s, &network, "network")
		if rec.isNew() {
			rec.title = "New network"
			rec.address = ""
			rec.tell = func() string {
				return fmt.Sprintf("This network was seen for the first time; %s were heard while it was learned.", count(rec.n, "host"))
			}
		}
		rec.add(&b.e.ledger, s.when, 1)
		return
	}
	rec := b.e.report("behaviour.new-device", s, &s.src, "")
	if rec.isNew() {
		kind := info.Type
		if kind == "" {
			kind = "unknown"
		}
		mac := s.src.mac
		rec.tell = func() string {
			return fmt.Sprintf("%s (%s, type %s) was heard for the first time at %s.", rec.address, mac, kind, clock(rec.first))
		}
	}
	rec.show(b.e, s, "first packet of the device")
	rec.add(&b.e.ledger, s.when, 1)
}

func (b *behaviour) flow(s *sight, f *event.Flow) {
	if s.group || f.PktsToClient == 0 || f.PktsToServer == 0 || f.DataToServer+f.DataToClient == 0 {
		return
	}
	if s.src.home {
		b.client(s, f)
	}
	if s.dst.home && s.DstPort < 49152 && f.DataToClient > 0 && !f.Midstream {
		known := b.met(s, s.dst.key, uint64(s.DstPort)<<8|uint64(s.Transport))
		if !known && b.e.hosts.habit(s.Place, s.dst.key) {
			b.service(s, f)
		}
	}
}

// client judges whom a device contacts and how.
func (b *behaviour) client(s *sight, f *event.Flow) {
	domain := b.e.names.domain(s.Place, s.Dst)
	peer := mix(domain, 3)
	if domain == 0 {
		peer = mix(addrKey(network(s)), 4)
	}
	knownPeer := b.met(s, s.src.key, peer)
	knownProto := f.AppProto == event.ProtoUnknown || b.met(s, s.src.key, mix(uint64(f.AppProto), 5))
	if knownPeer && knownProto || !b.e.hosts.habit(s.Place, s.src.key) {
		return
	}
	single := singlePurpose(b.e.host(s.Place, &s.src).Type)
	if !knownProto {
		b.deviation(s, "behaviour.new-protocol", f.AppProto.String(), single && !knownPeer && domain == 0, func(r *record) string {
			return fmt.Sprintf("%s used %s for the first time since it is known, with %s.", r.address, f.AppProto, b.e.named(s.Place, s.Dst))
		})
	}
	if !knownPeer {
		// A device of one purpose that contacts an address without a name on an
		// odd port is stranger than one whose maker moved to another cloud.
		odd := single && domain == 0 && !s.dst.home && !usualPort(s.DstPort)
		b.deviation(s, "behaviour.new-peer", "", odd, func(r *record) string {
			return fmt.Sprintf("%s contacted %s on port %d for the first time since it is known.", r.address, b.e.named(s.Place, s.Dst), s.DstPort)
		})
	}
}

// deviation reports what is new; strange means that it is more than news.
// Says is put into words at once, as it may use the fact.
func (b *behaviour) deviation(s *sight, check, group string, strange bool, says func(*record) string) {
	rec := b.e.report(check, s, &s.src, group)
	if rec == nil {
		return
	}
	if rec.isNew() {
		rec.severity = ident.Info
		said := &wordSet{}
		rec.memory = said
		rec.tell = func() string { return strings.Join(said.words, " ") }
	}
	if said, ok := rec.memory.(*wordSet); ok && len(said.words) < newPeersKnown {
		said.words = append(said.words, says(rec))
	}
	if strange {
		rec.grade(rec.book.Severity, rec.book.Confidence)
	}
	rec.peer(&s.dst)
	rec.show(b.e, s, "first contact of its kind")
	rec.add(&b.e.ledger, s.when, 1)
}

func (b *behaviour) service(s *sight, f *event.Flow) {
	rec := b.e.reportAt("behaviour.new-service", s, &s.dst, onPort(transport(s.Transport), s.DstPort))
	if rec.isNew() {
		if !singlePurpose(b.e.host(s.Place, &s.dst).Type) || s.DstPort >= 1024 && f.AppProto == event.ProtoUnknown {
			rec.severity = ident.Info // computers and routers offer new things all the time
		}
		by, on, what := s.Src, s.DstPort, f.AppProto.String()
		if what != "" {
			what = " (" + what + ")"
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s answered %s on port %d%s for the first time since it is known.", rec.address, by, on, what)
		}
	}
	rec.peer(&s.src)
	rec.show(b.e, s, "first answer of the service")
	rec.add(&b.e.ledger, s.when, 1)
}

// version watches the firmware that devices tell.
func (b *behaviour) version(s *sight, id *event.Identity) {
	if id.Firmware == "" || !s.src.home {
		return
	}
	v := b.firmware.make(mix(placed(s.Place, s.src.key), textKey(id.Source)))
	was := *v
	if was.version == id.Firmware && was.model == id.Model {
		return
	}
	*v = firmware{version: strings.Clone(id.Firmware), model: strings.Clone(id.Model)}
	if was.version == "" || was.version == id.Firmware || was.model != id.Model || !b.e.hosts.habit(s.Place, s.src.key) {
		return
	}
	rec := b.e.report("behaviour.firmware-changed", s, &s.src, "")
	if rec.isNew() {
		old, now := clip(was.version, 40), clip(id.Firmware, 40)
		rec.tell = func() string {
			return fmt.Sprintf("%s told firmware version %s before and tells %s since %s.", rec.address, old, now, clock(rec.first))
		}
	}
	rec.show(b.e, s, "firmware version "+id.Firmware)
	rec.add(&b.e.ledger, s.when, 1)
}

// look looks for devices that fell silent while the network goes on.
func (b *behaviour) look(s *sight) {
	gap := s.Time - b.looked
	b.looked = s.Time
	if gap > hour || gap < 0 {
		return // nobody was heard meanwhile: the sensor was away
	}
	b.e.hosts.eachKnown(func(k uint64, d *dossier) {
		usual := d.lived / int64(d.facts)
		silence := s.Time - d.last
		gone := b.lost.make(k)
		if silence < max(shortestLoss, pausesToLoss*usual, 2*d.pause) || silence > 7*24*hour {
			*gone = false
			return
		}
		if *gone {
			return
		}
		*gone = true
		rec := b.e.ledger.at("behaviour.device-lost", s.Place, &d.home, b.e.device(s.Place, &d.home), group{}, s.Time)
		if rec.isNew() {
			last := d.last
			rec.tell = func() string {
				return fmt.Sprintf("%s was last heard at %s; before, it was heard about every %s.", rec.address, clock(last), interval(max(usual, second)))
			}
		}
		rec.add(&b.e.ledger, s.Time, 1)
	})
}
