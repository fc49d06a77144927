package decode

import "encoding/binary"

// systems remembers the hop limits of hosts that opened or accepted TCP
// connections of late, from which follows how they put overlapping fragments
// together: 64 is what Linux and the BSDs send, 128 Windows, 255 Solaris and
// many small devices. Of hosts that share a place the last one counts.
type systems [systemSlots]system

// system is a host with the hop limit that its packets came with.
type system struct {
	addr [16]byte
	ttl  uint8
}

const systemSlots = 1024

func (s *systems) of(a *[16]byte) *system {
	h := binary.LittleEndian.Uint64(a[8:]) ^ binary.LittleEndian.Uint64(a[:8])
	return &s[h*mix1>>54]
}

// note takes the sender of a SYN.
func (s *systems) note(p *Packet) { *s.of(&p.Src) = system{p.Src, p.TTL} }

// overlap gives how a host puts overlapping fragments together, other when
// nothing is known of it.
func (s *systems) overlap(a *[16]byte, other Overlap) Overlap {
	switch h := s.of(a); {
	case h.addr != *a || h.ttl == 0:
		return other
	case h.ttl <= 64:
		return OverlapLinux
	case h.ttl <= 128:
		return OverlapWindows
	}
	return OverlapFirst
}
