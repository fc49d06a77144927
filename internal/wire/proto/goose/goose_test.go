package goose

import (
	"bytes"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func message(state, sequence uint32, simulation bool) []byte {
	f := Frame{
		AppID: 3, ControlBlock: []byte("Bay1PROT/LLN0$GO$Trip"), TimeToLive: 2000, DataSet: []byte("Bay1PROT/LLN0$Trip"),
		ID: []byte("trip"), State: state, Sequence: sequence, Simulation: simulation, ConfigRev: 1, Entries: 1,
	}
	return Append(nil, &f, [8]byte{}, []byte{0x83, 1, 0})
}

func TestFactsOfNewStatesOnly(t *testing.T) {
	c := prototest.NewConn(0, 0)
	for sequence := range uint32(50) {
		frame(c, append(message(7, sequence, false), 0, 0, 0)) // with Ethernet padding
	}
	frame(c, message(8, 0, true))
	var got []*event.ICS
	names := 0
	for _, f := range c.Env.Out.Facts() {
		switch x := f.Body.(type) {
		case *event.ICS:
			got = append(got, x)
		case *event.Identity:
			if x.Name == "Bay1PROT" {
				names++
			}
		}
	}
	if len(got) != 3 || names != 1 || c.Messages[0] != 51 {
		t.Fatalf("%d facts, %d names, %d messages", len(got), names, c.Messages[0])
	}
	if x := got[0]; x.Verb != "state" || x.Code != 7 || x.Name != "Bay1PROT/LLN0$GO$Trip" || x.Target != "Bay1PROT/LLN0$Trip" {
		t.Errorf("%+v", x)
	}
	if got[2].Verb != "simulated state" || got[2].Code != 8 {
		t.Errorf("%+v", got[2])
	}
}

func TestMalformed(t *testing.T) {
	good := message(1, 1, false)
	for name, b := range map[string][]byte{
		"empty":           nil,
		"cut":             good[:40],
		"length too long": append([]byte{0, 3, 0xff, 0xff}, good[4:]...),
		"no such PDU":     append(append([]byte{}, good[:8]...), bytes.Repeat([]byte{0x30}, len(good)-8)...),
	} {
		c := prototest.NewConn(0, 0)
		frame(c, b)
		if c.Errors != 1 || c.Messages[0] != 0 {
			t.Errorf("%s: %d anomalies, %d messages", name, c.Errors, c.Messages[0])
		}
	}
}

func TestRoundTrip(t *testing.T) {
	same := func(in Frame, utc [8]byte) bool {
		for _, p := range []*uint32{&in.TimeToLive, &in.State, &in.Sequence, &in.ConfigRev, &in.Entries} {
			*p >>= 1
		}
		var got Frame
		b := Append(nil, &in, utc, nil)
		n, err := Decode(&got, b)
		return err == nil && n == len(b) && got.AppID == in.AppID && bytes.Equal(got.ControlBlock, in.ControlBlock) &&
			got.State == in.State && got.Sequence == in.Sequence && got.Simulation == in.Simulation && got.Entries == in.Entries &&
			bytes.Equal(got.DataSet, in.DataSet) && bytes.Equal(got.ID, in.ID) && got.TimeToLive == in.TimeToLive
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(message(1, 0, false))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame(prototest.NewConn(0, 0), b)
	})
}
