package hub

import (
	"edgeward/internal/asset"
	"edgeward/internal/policy"
)

// Hidden gives the mute that hides a finding at a time of the wall clock, and
// the maintenance window that it fell into when it was last seen; empty for
// none. Of several the first in the list counts.
func Hidden(list []*policy.Policy, t *policy.Target, now, lastSeen int64) (mute, window string) {
	for _, p := range list {
		switch {
		case p.Kind == policy.Mute && mute == "" && p.Holds(now) && p.Selector.Matches(t):
			mute = p.ID
		case p.Kind == policy.Maintenance && window == "" && p.Holds(lastSeen) && p.Selector.Matches(t):
			window = p.ID
		}
	}
	return mute, window
}

// ZoneOf gives a device's zone: what a person set, else what is believed.
func ZoneOf(r *asset.Record) string {
	if r.Set.Zone != "" {
		return r.Set.Zone
	}
	return r.Zone
}
