package pipeline

import (
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
)

// maxAlone is how many packets of a unit may be runs of their own, so that
// traffic which is made of announcements costs no more than other traffic.
const maxAlone = 64

// runs parts the packets of a unit. What the partitions learned is exchanged
// between two runs, so a packet that announces a conversation is a run of its
// own: the announcement is known when the conversation begins, which may be
// with the next packet.
type runs struct {
	registry *flow.Registry
	rest     []decode.Packet
	alone    int
}

// next takes a run off, which is not empty. The rest must not be empty.
func (r *runs) next() []decode.Packet {
	n := 0
	for limit := min(runLength, len(r.rest)); n < limit; n++ {
		if r.alone < maxAlone && r.registry.Announces(&r.rest[n]) {
			if n == 0 {
				r.alone++
				n = 1
			}
			break
		}
	}
	run := r.rest[:n]
	r.rest = r.rest[n:]
	return run
}
