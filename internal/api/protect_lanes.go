//go:build !sensor

package api

import (
	"cmp"

	"edgeward/internal/hub/study"
	"edgeward/internal/policy"
)

// ProtectLane is what passes between a device and one peer in one verb.
type ProtectLane struct {
	Direction string          `json:"direction" enum:"out,in" doc:"out: the device asks"`
	Peer      string          `json:"peer" doc:"address"`
	PeerLabel string          `json:"peer_label" doc:"the peer's name; empty for none"`
	Device    string          `json:"device,omitempty" doc:"id of the peer, where it is a device"`
	Role      string          `json:"role,omitempty" doc:"what the network has the peer for"`
	Transport string          `json:"transport"`
	Port      uint16          `json:"port"`
	Protocol  string          `json:"protocol"`
	Op        string          `json:"op" doc:"empty for a flow as a whole"`
	Targets   []string        `json:"targets" doc:"the first ones"`
	More      int             `json:"more_targets"`
	Evidence  ProfileEvidence `json:"evidence"`
	Refused   uint64          `json:"refused" doc:"exchanges that the shown profile refuses, also of the time that it was learned from"`
	Strip     []uint32        `json:"strip" doc:"exchanges of spans of equal length, from the first exchange to the last"`
}

// lanes gives what a device did, and when that was.
func lanes(read *study.Study, p *policy.Policy, d directory, out *Protect) error {
	found, first, last, err := read.Lanes(p)
	if err != nil {
		return err
	}
	out.First, out.Last, out.Lanes = Time(first), Time(last), []ProtectLane{}
	for i := range found {
		l := &found[i]
		label := l.Name
		if card, known := d[l.Device]; known {
			label = cmp.Or(card.Label, label)
		}
		out.Lanes = append(out.Lanes, ProtectLane{
			string(l.Direction), l.Peer, label, l.Device, l.Role, l.Transport, l.Port, l.Protocol, l.Op, list(l.Targets), l.More, lineEvidence(&l.Evidence), l.Refused, l.Strip[:],
		})
	}
	return nil
}
