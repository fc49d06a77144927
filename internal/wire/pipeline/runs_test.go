package pipeline

import (
	"testing"

	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
	"edgeward/internal/wire/proto"
)

// TestRuns wants a packet that announces to be a run of its own, all packets
// to be in a run, in their order, and no more short runs than allowed.
func TestRuns(t *testing.T) {
	registry := flow.NewRegistry([]proto.Protocol{{Announces: func(b []byte) bool { return b[0] == '!' }}})
	unit := func(announce func(i int) bool) []decode.Packet {
		packets := make([]decode.Packet, 1000)
		for i := range packets {
			packets[i] = decode.Packet{Number: uint64(i), Proto: 6, Payload: []byte(".")}
			if announce(i) {
				packets[i].Payload = []byte("!")
			}
		}
		return packets
	}
	for name, tt := range map[string]struct {
		announce func(i int) bool
		want     int
	}{
		"none":  {func(int) bool { return false }, 4},
		"one":   {func(i int) bool { return i == 300 }, 6},
		"first": {func(i int) bool { return i == 0 }, 5},
		"all":   {func(int) bool { return true }, maxAlone + 4},
	} {
		got, at := 0, uint64(0)
		for r := (runs{registry: registry, rest: unit(tt.announce)}); len(r.rest) > 0; got++ {
			run := r.next()
			if len(run) == 0 || len(run) > runLength || run[0].Number != at {
				t.Fatalf("%s: run %d of %d packets", name, got, len(run))
			}
			at += uint64(len(run))
		}
		if got != tt.want || at != 1000 {
			t.Errorf("%s: %d runs of %d packets, want %d", name, got, at, tt.want)
		}
	}
}
