package detect

import (
	"fmt"
	"net/netip"

	"edgeward/internal/event"
)

// reachable finds services of our devices that hosts on the internet use.
type reachable struct{ e *Engine }

func newReachable(e *Engine) *reachable { return &reachable{e: e} }

func (r *reachable) kinds() []event.Kind { return []event.Kind{event.KindFlow} }

func (r *reachable) close() {}

func (r *reachable) fact(s *sight) {
	f := s.Body.(*event.Flow)
	if s.src.home || !s.dst.home || !public(s.Src) || f.Midstream {
		return
	}
	switch s.Transport {
	case protoTCP:
		if f.TCPFlagsTS&flagACK == 0 || f.TCPFlagsTC&(flagSYN|flagACK) != flagSYN|flagACK || f.DataToServer == 0 || f.DataToClient == 0 {
			return
		}
	case protoUDP:
		// The other side of our own traffic comes first now and then.
		if f.PktsToClient == 0 || s.SrcPort < 1024 || s.DstPort >= 32768 {
			return
		}
	default:
		return
	}
	rec := r.e.reportAt("exposure.internet-reachable", s, &s.dst, onPort(transport(s.Transport), s.DstPort))
	if rec.isNew() {
		src, on, p := s.Src, s.DstPort, f.AppProto.String()
		if p != "" {
			p = " (" + p + ")"
		}
		what := transport(s.Transport)
		rec.tell = func() string {
			return fmt.Sprintf("%s connected from outside to %s port %d%s of %s and was answered; %s did so in all.", src, what, on, p, rec.address, count(max(1, rec.peerSet.count()), "outside host"))
		}
	}
	rec.peer(&s.src)
	rec.show(r.e, s, "connection from outside, answered")
	rec.add(&r.e.ledger, s.when, 1)
}

// public reports whether an address is one of the internet.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedSpace.Contains(a)
}

// sharedSpace is what carriers use behind their own translation (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
