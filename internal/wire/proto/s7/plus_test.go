package s7

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func plusMessage(version uint8, h PlusHead) []byte {
	b := AppendPlusHead(nil, &h)
	if version == 3 {
		b = append(append([]byte{plusDigestLen}, make([]byte, plusDigestLen)...), b...)
	}
	return data(AppendPlus(nil, &PlusFragment{Version: version, Data: b, Last: true}))
}

func TestPlus(t *testing.T) {
	const session = 0x3c0
	ask := func(fn uint16, body ...byte) PlusHead {
		return PlusHead{Opcode: PlusRequest, Function: fn, Sequence: 5, Session: session, Body: body}
	}
	tests := []struct {
		name  string
		ask   PlusHead
		reply []byte
		want  event.S7
	}{
		{"session", ask(PlusCreateObject, 0, 0, 1, 0x1d), []byte{0}, event.S7{Function: "create_object", Sub: "session"}},
		{"session set up", ask(PlusSetMultiVars, 0, 0, 3, 0xc0, 1), []byte{0}, event.S7{Function: "set_multi_variables", Sub: "session"}},
		{"subscription", ask(PlusCreateObject, 0x70, 0, 3, 0xc0), []byte{0}, event.S7{Function: "create_object", Sub: "subscription", Class: event.OpRead}},
		{"subscription of a panel", ask(PlusCreateObject, 0, 0, 3, 0xaf, 0, 4, 0, 0, 0, 0, 0, 0xa1, 0x7f, 0xff, 0xc0, 1, 0x87, 0x69, 0, 0), []byte{0}, event.S7{Function: "create_object", Sub: "subscription", Class: event.OpRead}},
		{"block", ask(PlusCreateObject, 0, 0, 0, 3), []byte{0}, event.S7{Function: "create_object", Class: event.OpProgram, Items: []string{"object 0x00000003"}}},
		{"block deleted", ask(PlusDeleteObject, 0x8a, 0x0e, 0, 1), []byte{0}, event.S7{Function: "delete_object", Class: event.OpProgram, Items: []string{"object 0x8a0e0001"}}},
		{"write", ask(PlusSetMultiVars, 0, 0, 0, 0, 1), []byte{0}, event.S7{Function: "set_multi_variables", Class: event.OpWrite}},
		{"stop", ask(PlusSetVariable, 0, 0, 0, 52, 1, 0x90, 0x77, 0, 8, 1), []byte{0}, event.S7{Function: "set_variable", Sub: "operating_state", Class: event.OpMode}},
		{"explore", ask(PlusExplore, 0, 0, 0, 3), []byte{0}, event.S7{Function: "explore", Class: event.OpDiscover, Items: []string{"object 0x00000003"}}},
		{"read refused", ask(PlusGetMultiVars, 0, 0, 0, 0), []byte{0xc0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x83, 0xff, 0xfe}, event.S7{Function: "get_multi_variables", Class: event.OpRead, Error: 0xfffe}},
	}
	for _, tt := range tests {
		for _, version := range []uint8{1, 2, 3} {
			c := prototest.NewConn(6, Port)
			turns := []dialogue.Turn{
				dialogue.C(plusMessage(version, tt.ask)),
				dialogue.S(plusMessage(version, PlusHead{Opcode: PlusResponse, Function: tt.ask.Function, Sequence: 5, Body: tt.reply})),
			}
			dialogue.Play(t, Plus, c, turns...)
			tt.want.Plus, tt.want.Version, tt.want.Answered = true, version, true
			got := dialogue.Facts[event.S7](c)
			if len(got) != 1 || !same(got[0], &tt.want) {
				t.Errorf("%s: version %d:\n got %+v\nwant %+v", tt.name, version, got[0], tt.want)
			}
			if m := dialogue.Recognise(Plus, prototest.NewConn(6, 4000), turns...); m != proto.Yes {
				t.Errorf("%s: match %d, want Yes", tt.name, m)
			}
		}
	}
}

func TestPlusIdentityAndFragments(t *testing.T) {
	body := append([]byte{0, 2, 0x87, 0x3e, 0xa3, 0x82, 0x3f, 0, 0x15, 27}, "1;6ES7 211-1XX31-0XB0 ;V3.0\x82\x40"...)
	whole := AppendPlusHead(nil, &PlusHead{Opcode: PlusResponse, Function: PlusCreateObject, Sequence: 1, Body: body})
	first := data(AppendPlus(nil, &PlusFragment{Version: 1, Data: whole}))
	rest := data(AppendPlus(nil, &PlusFragment{Version: 1, Data: []byte{1, 2, 3}, Last: true}))
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Plus, c, dialogue.S(append(first, rest...)))
	got := dialogue.Facts[event.Identity](c)
	if len(got) != 1 || got[0].Model != "6ES7 211-1XX31-0XB0" || got[0].Firmware != "V3.0" {
		t.Errorf("identity %+v", got)
	}
	if c.Messages[1] != 1 || len(dialogue.Facts[event.Anomaly](c)) != 0 {
		t.Errorf("%d messages, anomalies %v; want one message", c.Messages[1], dialogue.Facts[event.Anomaly](c))
	}
}

func FuzzPlus(f *testing.F) {
	dialogue.Fuzz(f, Plus, 6, Port,
		dialogue.Seed(dialogue.C(plusMessage(2, PlusHead{Opcode: PlusRequest, Function: PlusSetVariable, Sequence: 1, Body: []byte{0, 0, 0, 52, 1, 0x90, 0x77}})),
			dialogue.S(plusMessage(2, PlusHead{Opcode: PlusResponse, Function: PlusSetVariable, Sequence: 1, Body: []byte{0}}))),
		dialogue.Seed(dialogue.C(plusMessage(3, PlusHead{Opcode: PlusRequest, Function: PlusExplore, Sequence: 1, Body: []byte{0, 0, 0, 52}}))),
	)
}
