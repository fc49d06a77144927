package detect

import (
	"bytes"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

const maxSummary = 200

// wants reports whether there is room for the evidence of a fact, so that it
// need not be put into words otherwise.
func (r *record) wants(s *sight) bool {
	if r == nil || len(r.evidence) >= finding.MaxEvidence {
		return false
	}
	return !r.shows(mark{packet: s.Packet, capture: s.Capture})
}

// show adds the fact's packet to the evidence, unless it is there already or
// there is enough.
func (r *record) show(e *Engine, s *sight, summary string) {
	if !r.wants(s) {
		return
	}
	ev := finding.Evidence{Type: finding.Fact, Time: s.when, Capture: s.Capture, Packet: s.Packet, Summary: clip(summary, maxSummary)}
	if s.Packet != 0 {
		ev.Type = finding.Packet
		if e.packets != nil {
			frame, headers := e.packets.Lookup(s.Capture, s.Packet)
			ev.Bytes, ev.Headers = e.presentable(s, frame, headers)
		}
	}
	r.evidence = append(r.evidence, ev)
}

// trail adds the packets of earlier marks to the evidence, as far as they are
// still in memory; plain says that they hold no secrets. Of all others only the
// headers are kept.
func (r *record) trail(e *Engine, marks []mark, summary string, plain bool) {
	if r == nil {
		return
	}
	for _, m := range marks {
		if len(r.evidence) >= finding.MaxEvidence {
			return
		}
		if m.packet == 0 || r.shows(m) {
			continue
		}
		ev := finding.Evidence{Type: finding.Packet, Time: m.time, Capture: m.capture, Packet: m.packet, Summary: summary}
		if e.packets != nil {
			frame, headers := e.packets.Lookup(m.capture, m.packet)
			if !plain && !e.show { // a payload may hold secrets
				frame = frame[:min(len(frame), max(headers, 0))]
			}
			if len(frame) > 0 {
				ev.Bytes, ev.Headers = beginning(frame, headers)
			}
		}
		r.evidence = append(r.evidence, ev)
	}
}

func (r *record) shows(m mark) bool {
	for i := range r.evidence {
		if r.evidence[i].Packet == m.packet && r.evidence[i].Capture == m.capture {
			return true
		}
	}
	return false
}

// plainKinds are the facts whose packets hold no secrets: headers, names and
// control messages. Of all others only the headers are kept, since a payload
// may hold passwords or personal data.
var plainKinds = func() (ok [event.KindCount]bool) {
	for _, k := range []event.Kind{
		event.KindRate, event.KindARP, event.KindICMP, event.KindDNS, event.KindDHCP, event.KindDHCPv6,
		event.KindNTP, event.KindSSDP, event.KindTLS, event.KindQUIC, event.KindSSH, event.KindModbus, event.KindDNP3,
		event.KindS7, event.KindENIP, event.KindBACnet, event.KindIEC104, event.KindICS, event.KindPortmap,
	} {
		ok[k] = true
	}
	return ok
}()

// presentable gives a copy of the part of a frame that may be shown, and how
// much of it is headers.
func (e *Engine) presentable(s *sight, frame []byte, headers int) ([]byte, int) {
	if len(frame) == 0 {
		return nil, 0
	}
	if headers <= 0 {
		headers = headerEnd(s, frame)
	}
	if e.show || plainKinds[s.Kind()] {
		return beginning(frame, headers)
	}
	if headers <= 0 {
		return nil, 0
	}
	return beginning(frame[:min(len(frame), headers)], headers)
}

// beginning gives a copy of the first bytes of a frame, and how many of them
// are headers.
func beginning(frame []byte, headers int) ([]byte, int) {
	kept := bytes.Clone(frame[:min(len(frame), finding.MaxEvidenceBytes)])
	return kept, min(max(headers, 0), len(kept))
}

// headerEnd finds where the transport header ends in a frame of which nothing
// else is known, whatever the link type and tunnels before it: behind the pair
// of addresses and ports of the fact. It gives 0 when they are not found.
func headerEnd(s *sight, frame []byte) int {
	if !s.Src.IsValid() || !s.Dst.IsValid() {
		return 0
	}
	src, dst := s.Src.AsSlice(), s.Dst.AsSlice()
	at := bytes.LastIndex(frame[:min(len(frame), 256)], append(bytes.Clone(src), dst...))
	if at < 0 {
		at = bytes.LastIndex(frame[:min(len(frame), 256)], append(bytes.Clone(dst), src...))
	}
	if at < 0 {
		return 0
	}
	end := at + 2*len(src)
	switch s.Transport {
	case 6:
		if end+13 > len(frame) {
			return end
		}
		return min(len(frame), end+max(20, int(frame[end+12]>>4)*4))
	case 17:
		return min(len(frame), end+8)
	}
	return end
}

// clip gives a copy of a text for display, shortened to n bytes, cutting nothing in the middle of a
// character and replacing what a terminal would act upon.
func clip(text string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '.'
		}
		return r
	}, text)
	if len(clean) <= n {
		return strings.Clone(clean)
	}
	return ident.Clip(clean, n) + "..."
}
