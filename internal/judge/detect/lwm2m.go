package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const maxManaged = 8192

// lwm2mChecks finds LwM2M devices that are managed by somebody else than the
// servers at which they registered.
type lwm2mChecks struct {
	e       *Engine
	devices *table[managed]
}

// managed is one device and the servers that it chose itself.
type managed struct {
	pin
	servers  []netip.Addr
	endpoint string
	users    []netip.Addr // hosts that operated it before any registration was seen
}

func newLwM2M(e *Engine) *lwm2mChecks {
	return &lwm2mChecks{e: e, devices: newTable[managed](maxManaged)}
}

func (l *lwm2mChecks) kinds() []event.Kind { return []event.Kind{event.KindCoAP} }

func (l *lwm2mChecks) close() {}

func (l *lwm2mChecks) fact(s *sight) {
	b := s.Body.(*event.CoAP)
	switch b.LwM2M {
	case "":
	case "register", "update", "bootstrap-request", "send":
		m := l.devices.make(hostKey(s.Place, s.Src))
		if len(m.servers) < 8 && !slices.Contains(m.servers, s.Dst) {
			m.servers = append(m.servers, s.Dst)
		}
		if b.Endpoint != "" {
			m.endpoint = clip(b.Endpoint, 60)
		}
	case "deregister":
	case "write", "write-attributes", "execute", "delete", "create", "bootstrap-write", "bootstrap-delete", "bootstrap-finish", "write-partial", "write-composite":
		l.operate(s, b)
	}
}

// operate judges one change of a device by another host.
func (l *lwm2mChecks) operate(s *sight, b *event.CoAP) {
	m := l.devices.make(hostKey(s.Place, s.Dst))
	if slices.Contains(m.servers, s.Src) {
		return
	}
	known := len(m.servers) > 0
	if !known {
		// Without a registration only a second manager is strange.
		if len(m.users) < 8 && !slices.Contains(m.users, s.Src) {
			m.users = append(m.users, s.Src)
		}
		if m.users[0] == s.Src {
			return
		}
	}
	rec := l.e.reportAt("lwm2m.unauthorized-write", s, &s.dst, by(&s.src))
	if rec.isNew() {
		m.keep()
		if !known {
			rec.rate(ident.Medium, 0.6)
		}
		did := &wordSet{}
		rec.memory = did
		by := s.Src
		rec.tell = func() string {
			name, why := "", "is managed by another host"
			if m.endpoint != "" {
				name = fmt.Sprintf(" (endpoint %q)", m.endpoint)
			}
			if len(m.servers) > 0 {
				why = fmt.Sprintf("registered at %s", m.servers[0])
			}
			return fmt.Sprintf("%s, at which the device never registered, did the following on %s%s, which %s: %s.", by, rec.address, name, why, did.String())
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*wordSet); ok {
			did.add(b.LwM2M + " " + b.Object)
		}
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(l.e, s, "LwM2M "+b.LwM2M+" of "+b.Object)
	}
	rec.add(&l.e.ledger, s.when, 1)
}
