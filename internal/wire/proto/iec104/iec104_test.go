package iec104

import (
	"bytes"
	"reflect"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func uframe(function uint8) []byte { return Append(nil, &APDU{Format: FormatU, Function: function}) }

func sframe() []byte { return Append(nil, &APDU{Format: FormatS, Receive: 4}) }

// iframe makes a frame with one object at address 0x010203.
func iframe(typ, cause uint8, negative bool, element ...byte) []byte {
	a := ASDU{Type: typ, Number: 1, Cause: cause, Negative: negative, Address: 7, Objects: append([]byte{3, 2, 1}, element...)}
	return Append(nil, &APDU{Format: FormatI, ASDU: AppendASDU(nil, &a)})
}

type turn struct {
	dir event.Dir
	b   []byte
}

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []*event.IEC104) {
	c := prototest.NewConn(6, 2404)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	var out []*event.IEC104
	for _, f := range c.Env.Out.Facts() {
		if x, ok := f.Body.(*event.IEC104); ok {
			out = append(out, x)
		}
	}
	return c, out
}

func TestConversation(t *testing.T) {
	cs := make([]byte, 7)
	turns := []turn{
		{event.ToServer, uframe(StartDTAct)}, {event.ToClient, uframe(StartDTCon)},
		{event.ToServer, iframe(100, causeActivation, false, 20)},
		// confirmation, a measured value and the end in one segment
		{event.ToClient, bytes.Join([][]byte{iframe(100, causeActCon, false, 20), iframe(13, 20, false, 0, 0, 0, 0, 0), iframe(100, causeActTerm, false, 20)}, nil)},
		{event.ToServer, sframe()},
		{event.ToServer, iframe(45, causeActivation, false, 0x81)}, {event.ToClient, iframe(45, causeActCon, false, 0x81)},
		{event.ToServer, iframe(45, causeActivation, false, 0x01)}, {event.ToClient, iframe(45, causeActCon, true, 0x01)},
		{event.ToServer, iframe(103, causeActivation, false, cs...)},
		{event.ToServer, iframe(105, causeActivation, false, 1)}, {event.ToClient, iframe(105, 44, false, 1)},
		{event.ToServer, iframe(102, causeRequest, false)}, {event.ToClient, iframe(1, causeRequest, false, 1)},
		{event.ToServer, iframe(120, causeFile, false, 1, 0, 9, 0, 0, 0)},
	}
	for _, step := range []int{0, 1, 4} {
		c, got := talk(t, step, turns...)
		if c.Messages != [2]uint32{9, 8} || c.Errors != 0 {
			t.Errorf("step %d: messages %v, errors %d", step, c.Messages, c.Errors)
		}
		want := []event.IEC104{
			{Frame: "U", Control: "STARTDT act", Class: event.OpMode, Answered: true},
			{Frame: "I", Type: "C_IC_NA_1", TypeNum: 100, Cause: "activation confirmation", Class: event.OpRead, Answered: true},
			{Frame: "I", Type: "M_ME_NC_1", TypeNum: 13, Cause: "interrogated by station", Dir: event.ToClient},
			{Frame: "I", Type: "C_IC_NA_1", TypeNum: 100, Cause: "activation termination", Dir: event.ToClient},
			{Frame: "I", Type: "C_SC_NA_1", TypeNum: 45, Cause: "activation confirmation", Control: "select", Class: event.OpWrite, Answered: true},
			{Frame: "I", Type: "C_SC_NA_1", TypeNum: 45, Cause: "activation confirmation", Control: "execute", Class: event.OpWrite, Answered: true, Neg: true},
			{Frame: "I", Type: "C_RP_NA_1", TypeNum: 105, Cause: "unknown type identification", Class: event.OpRestart, Answered: true, Neg: true},
			{Frame: "I", Type: "C_RD_NA_1", TypeNum: 102, Cause: "request", Class: event.OpRead, Answered: true},
			{Frame: "I", Type: "M_SP_NA_1", TypeNum: 1, Cause: "request", Dir: event.ToClient},
			{Frame: "I", Type: "F_FR_NA_1", TypeNum: 120, Cause: "file transfer", Class: event.OpProgram},
			{Frame: "I", Type: "C_CS_NA_1", TypeNum: 103, Cause: "activation", Class: event.OpWrite},
		}
		if len(got) != len(want) {
			t.Fatalf("step %d: %d facts, want %d", step, len(got), len(want))
		}
		for i, w := range want {
			if w.Frame == "I" {
				w.CA, w.IOA, w.Objects = 7, 0x010203, 1
			}
			if !reflect.DeepEqual(*got[i], w) {
				t.Errorf("step %d fact %d:\n got %+v\nwant %+v", step, i, *got[i], w)
			}
		}
	}
}

func TestConfirmationWithoutItsRequestIsTheClientsDoing(t *testing.T) {
	c := prototest.NewConn(6, 2404)
	p := Protocol.New()
	b := iframe(46, causeActCon, false, 2)
	if _, err := p.Data(c, event.ToClient, b); err != nil {
		t.Fatal(err)
	}
	f := c.Env.Out.Facts()[0]
	if x := f.Body.(*event.IEC104); f.Src != c.Client || x.Class != event.OpWrite || !x.Answered {
		t.Errorf("src %v: %+v", f.Src, x)
	}
}

func TestMalformed(t *testing.T) {
	for name, b := range map[string][]byte{
		"objects do not fit": iframe(45, causeActivation, false, 1, 2, 3),
		"unknown type":       iframe(99, causeActivation, false, 1),
		"unknown cause":      iframe(45, 60, false, 1),
		"length over 253":    append([]byte{Start, 254}, make([]byte, 254)...),
		"length below 4":     {Start, 3, 0, 0, 0},
		"two U functions":    {Start, 4, 0x0f, 0, 0, 0},
		"ASDU is cut":        {Start, 7, 0, 0, 0, 0, 45, 1, 6},
	} {
		c, got := talk(t, 0, turn{event.ToServer, append(b, uframe(TestFRAct)...)})
		if c.Errors != 1 {
			t.Errorf("%s: %d anomalies", name, c.Errors)
		}
		if len(got) == 0 || got[len(got)-1].Control != "TESTFR act" {
			t.Errorf("%s: the frame behind it is lost", name)
		}
	}
}

func TestPickedUpInTheMiddle(t *testing.T) {
	c := prototest.NewConn(6, 2404)
	p := Protocol.New()
	p.Gap(c, event.ToClient, 0)
	b := append([]byte{9, Start, Start, 4, 1, 3, 3}, iframe(13, 3, false, 0, 0, 0, 0, 0)...)
	if n, err := prototest.Feed(p, c, event.ToClient, append(b, sframe()...), 3); err != nil || n != len(b)+6 {
		t.Fatal(n, err)
	}
	if c.Messages[1] != 2 || c.Errors != 0 {
		t.Errorf("%d messages, %d errors", c.Messages[1], c.Errors)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"start", uframe(StartDTAct), proto.Yes},
		{"value", iframe(13, 3, false, 0, 0, 0, 0, 0), proto.Yes},
		{"acknowledgement", sframe(), proto.Weak},
		{"half a frame", uframe(StartDTAct)[:4], proto.More},
		{"text", []byte("hello, world"), proto.No},
		{"value of a wrong length", iframe(13, 3, false, 0), proto.No},
	} {
		var s proto.Sample
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in APDU, a ASDU, raw []byte) bool {
		in.Format %= 3
		switch in.Send, in.Receive = in.Send&0x7fff, in.Receive&0x7fff; in.Format {
		case FormatI:
			a.Number, a.Cause, a.Objects = a.Number&0x7f, a.Cause&0x3f, raw[:min(len(raw), MaxLen-10)]
			in.ASDU, in.Function = AppendASDU(nil, &a), 0
		case FormatS:
			in.ASDU, in.Send, in.Function = nil, 0, 0
		default:
			in = APDU{Format: FormatU, Function: TestFRCon}
		}
		var out APDU
		b := Append(nil, &in)
		n, err := Decode(&out, b)
		return err == nil && n == len(b) && out.Format == in.Format && out.Send == in.Send && out.Receive == in.Receive &&
			out.Function == in.Function && bytes.Equal(out.ASDU, in.ASDU)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	c := prototest.NewConn(6, 2404)
	p := Protocol.New()
	b := bytes.Join([][]byte{iframe(13, 3, false, 0, 0, 0, 0, 0), sframe(), iframe(45, causeActivation, false, 1)}, nil)
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		if _, err := p.Data(c, event.ToServer, b); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(append(uframe(StartDTAct), iframe(100, causeActivation, false, 20)...), uframe(StartDTCon), uint8(0))
	f.Add(iframe(102, causeRequest, false), iframe(1, causeRequest, false, 1), uint8(2))
	f.Fuzz(func(t *testing.T, up, down []byte, step uint8) {
		var s proto.Sample
		s.Data[0], s.Data[1] = up, down
		probe(&s)
		c := prototest.NewConn(6, 2404)
		p := Protocol.New()
		prototest.Feed(p, c, event.ToServer, up, int(step))
		prototest.Feed(p, c, event.ToClient, down, int(step))
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, up, int(step))
		p.End(c)
	})
}

func BenchmarkParser(b *testing.B) {
	c := prototest.NewConn(6, 2404)
	p := Protocol.New()
	seg := bytes.Join([][]byte{iframe(13, 3, false, 0, 0, 0, 0, 0), iframe(13, 3, false, 0, 0, 0, 0, 0), sframe()}, nil)
	b.SetBytes(int64(len(seg)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToClient, seg)
	}
}
