package hub

import "time"

// The bounds of a Horizon.
const (
	// clockLeap is how far the wall clock may be from where it should be.
	clockLeap = 24 * time.Hour
	// leapPatience is how long a clock that leapt must go on from there before
	// it is believed: long enough for a person to be told and to set it right.
	leapPatience = 24 * time.Hour
	// sameLeap is how far two leaps may be apart and count as one.
	sameLeap = time.Hour
)

// Horizon gives the time at which ages are counted when what is old is
// forgotten. That is the wall clock, unless it leapt by more than a day: a
// clock that a battery, a wrong time server or an attack set ahead by a year
// would otherwise make everything old at once. Until it has gone on for a day
// from where it leapt to, ages are counted as if it had not. A clock that was
// set back makes nothing old.
//
// The fields are what is to be kept between runs; the zero value believes the
// first time that it is told. It is for one goroutine.
type Horizon struct {
	Believed int64 `json:"believed"`         // where the wall clock was, or should have been, at the last call
	Leap     int64 `json:"leap,omitempty"`   // how far ahead of that it was, negative behind; 0 while it is believed
	Waited   int64 `json:"waited,omitempty"` // nanoseconds for which it has gone on so

	base  int64         // where the wall clock was when it was last believed without a doubt,
	since time.Duration // and when that was
	last  time.Duration // when the last call was
	begun bool
}

// At gives the time that counts when the wall clock says wall. ran is how long
// this run has lasted by a clock that nobody sets.
func (h *Horizon) At(wall int64, ran time.Duration) int64 {
	if !h.begun {
		h.begun = true
		h.base, h.since, h.last = h.Believed, ran, ran
		if ahead := wall - h.Believed; h.Believed == 0 || ahead >= -int64(clockLeap) && ahead <= int64(clockLeap) {
			h.base = wall
		}
	}
	step := int64(ran - h.last)
	h.last = ran
	h.Believed = h.base + int64(ran-h.since)
	leap := wall - h.Believed
	if leap >= -int64(clockLeap) && leap <= int64(clockLeap) {
		h.Believed, h.Leap, h.Waited = wall, 0, 0
		return wall
	}
	if apart := leap - h.Leap; h.Leap != 0 && apart >= -int64(sameLeap) && apart <= int64(sameLeap) {
		h.Waited += step
	} else {
		h.Leap, h.Waited = leap, 0
	}
	if h.Waited >= int64(leapPatience) {
		h.base, h.since = wall, ran
		h.Believed, h.Leap, h.Waited = wall, 0, 0
		return wall
	}
	return min(wall, h.Believed)
}
