package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	starveSpan   = 60 * second
	dhcpFlood    = 40 // requests of one machine within floodSpan, whoever they are for
	starveLimit  = 20 // distinct clients in whose name one machine asks
	strangeLimit = 50 // distinct clients of a network that ask and never take what they are offered
	maxMachines  = 2048
)

// starvation finds DHCP exhaustion: one machine that asks in the name of
// many, or a crowd of clients that ask and never settle.
type starvation struct {
	e        *Engine
	machines *table[dhcpMachine]
	places   *table[burst] // clients that have asked and not settled, by place
}

// dhcpMachine is what is remembered of one sending machine.
type dhcpMachine struct {
	clients burst
	meter   meter
	n       uint64
}

func newDHCP(e *Engine) *starvation {
	return &starvation{e: e, machines: newTable[dhcpMachine](maxMachines), places: newTable[burst](64)}
}

func (d *starvation) kinds() []event.Kind { return []event.Kind{event.KindDHCP} }

func (d *starvation) close() {}

func (d *starvation) fact(s *sight) {
	b := s.Body.(*event.DHCP)
	client := mix(textKey(b.ClientMAC), 1)
	place := d.places.make(uint64(s.Place.Tenant)<<16 | uint64(s.Place.Scope))
	switch strings.ToLower(b.MsgType) {
	case "ack":
		place.remove(client)
		return
	case "discover", "request", "inform":
	default:
		return
	}
	if b.Relay.IsValid() && !b.Relay.IsUnspecified() && b.Relay == s.Src {
		return // a relay asks in the name of many by its nature
	}
	about := s.src
	if unspecified(about.addr) || !s.SrcMAC.IsZero() {
		about = actor{mac: s.SrcMAC, home: true, key: event.HostKeyOf(s.Place, s.SrcMAC, [16]byte{})}
	}
	if !s.SrcMAC.IsZero() && s.SrcMAC.String() == b.ClientMAC && strings.EqualFold(b.MsgType, "inform") && b.ClientIP.IsValid() {
		client = mix(client, addrKey(b.ClientIP)) // one card with many addresses
	}
	m := d.machines.make(mix(placeKey(s), macKey(s)))
	m.n++
	n := m.clients.add(s, client, starveSpan)
	if k := m.meter.add(s.when, floodSpan, 1, 0); k >= dhcpFlood {
		d.report(s, &about, m.n, int(k), m.clients.marks, fmt.Sprintf("in the name of %s, up to %d within %s", count(len(m.clients.marks), "client"), k, span(floodSpan)))
		return
	}
	if n >= starveLimit {
		d.report(s, &about, m.n, n, m.clients.marks, "in the name of "+fmt.Sprint(n)+" clients or more")
		return
	}
	if strings.EqualFold(b.MsgType, "discover") {
		if k := place.add(s, client, starveSpan); k >= strangeLimit {
			link := actor{home: true} // each request comes from another address, all forged
			d.report(s, &link, uint64(k), k, place.marks, "in the name of "+fmt.Sprint(k)+" clients or more that took none of the addresses")
		}
	}
}

func (d *starvation) report(s *sight, about *actor, total uint64, n int, marks []mark, how string) {
	rec := d.e.report("dos.dhcp-exhaustion", s, about, "")
	m := uint64(1)
	if rec.isNew() {
		m = max(uint64(n), 1)
		rec.since(marks, starveSpan)
		rec.trail(d.e, marks, "DHCP request", true)
		who := s.SrcMAC.String()
		if !about.valid() {
			rec.address, who = "", "Somebody"
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s %s, within %s.", who, count(rec.n, "DHCP request"), how, span(rec.last-rec.first))
		}
		if total < 2*starveLimit {
			rec.rate(ident.Medium, 0.75)
		}
	}
	if total >= 2*starveLimit {
		rec.grade(ident.High, 0.85)
	}
	rec.peer(&s.dst)
	rec.add(&d.e.ledger, s.when, m)
}

// macKey hashes the frame's source, or the address where there is none.
func macKey(s *sight) uint64 {
	if s.SrcMAC.IsZero() {
		return addrKey(s.Src)
	}
	m := s.SrcMAC
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}
