package detect

import "edgeward/internal/event"

const (
	refusedLogins = 12 // connections in which a login seems to have been refused, within guessSpan
	loginUp       = 3000
	loginDown     = 4000 // bytes: a session in which somebody got in says more, mostly
	loginTime     = 20 * second
)

// guessedAt is what is remembered of the connections of one source to one
// login service.
type guessedAt struct {
	recent burst
	size   uint64 // what the service said last
}

// flow judges connections of which only a log's record is known, or whose
// packets do not tell what became of the login: a login service that ends one
// short talk after the other, all of one size, is refusing somebody.
func (g *guessing) flow(s *sight, f *event.Flow) {
	if f.Origin == "" && (f.AppProto != event.ProtoSSH || g.sealed.get(s.Flow) == nil) || s.Transport != protoTCP || s.group || f.Midstream {
		return
	}
	switch f.AppProto {
	case event.ProtoSSH, event.ProtoFTP, event.ProtoTelnet, event.ProtoRDP, event.ProtoVNC:
	default:
		return
	}
	least := uint64(20)
	if f.AppProto == event.ProtoSSH {
		least = 800 // less is no exchange of keys: somebody looks whether the service is there
	}
	if f.DataToServer < least || f.DataToServer > loginUp || f.DataToClient < least || f.DataToClient > loginDown || f.End-f.Start > loginTime {
		return
	}
	c := g.flows.make(mix(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)), uint64(f.AppProto)))
	last := c.size
	c.size = f.DataToClient
	if last > 0 && distance(int64(last), int64(c.size))*5 > c.size {
		c.recent.clean()
	}
	if n := c.recent.add(s, mix(s.Packet, uint64(s.when)), guessSpan); n >= refusedLogins {
		count := uint64(f.Aggregated) + 1
		if n == refusedLogins {
			count += refusedLogins - 1
		}
		g.attempt(s, attempt{service: f.AppProto, outcome: "unknown", count: count})
	}
}
