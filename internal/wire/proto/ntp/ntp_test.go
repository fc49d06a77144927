package ntp

import (
	"bytes"
	"reflect"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

type step struct {
	dir event.Dir
	b   []byte
}

func header(mode, stratum uint8, ref string, origin, transmit uint64) []byte {
	m := Msg{Version: 4, Mode: mode, Stratum: stratum, Origin: origin, Transmit: transmit}
	copy(m.RefID[:], ref)
	return Append(nil, &m)
}

func monlist() []byte { return []byte{0x17, 0, 3, 42, 0, 0, 0, 0} }

func TestFacts(t *testing.T) {
	answer := append([]byte{0xd7, 0, 3, 42}, make([]byte, 436)...)
	readvar := []byte{0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	variables := append([]byte{0x16, 0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8}, "stratum="...)
	for _, tt := range []struct {
		name  string
		steps []step
		want  []event.NTP
	}{
		{"exchange", []step{{0, header(Client, 0, "", 0, 9)}, {1, header(Server, 2, "\xc0\x00\x02\x01", 9, 10)}},
			[]event.NTP{{Version: 4, Mode: 3, Stratum: 2, RefID: "192.0.2.1", ReqLen: 48, RespLen: 48}}},
		{"stratum 1", []step{{0, header(Client, 0, "", 0, 9)}, {1, header(Server, 1, "GPS", 9, 10)}},
			[]event.NTP{{Version: 4, Mode: 3, Stratum: 1, RefID: "GPS", ReqLen: 48, RespLen: 48}}},
		{"unanswered", []step{{0, header(Client, 0, "", 0, 9)}, {0, header(Client, 0, "", 0, 10)}},
			[]event.NTP{{Version: 4, Mode: 3, ReqLen: 48}, {Version: 4, Mode: 3, ReqLen: 48}}},
		{"unasked", []step{{1, header(Server, 1, "PPS", 9, 10)}},
			[]event.NTP{{Version: 4, Mode: 4, Stratum: 1, RefID: "PPS", RespLen: 48}}},
		{"broadcast", []step{{0, header(Broadcast, 1, "LOCL", 0, 9)}},
			[]event.NTP{{Version: 4, Mode: 5, Stratum: 1, RefID: "LOCL", ReqLen: 48}}},
		{"monlist", []step{{0, monlist()}, {1, answer}, {1, answer}, {1, answer}},
			[]event.NTP{{Version: 2, Mode: 7, ReqCode: 42, ReqLen: 8, RespLen: 3 * 440}}},
		{"control", []step{{0, readvar}, {1, variables}},
			[]event.NTP{{Version: 2, Mode: 6, ReqCode: 2, ReqLen: 12, RespLen: 20}}},
		{"reflected", []step{{1, answer}, {1, answer}},
			[]event.NTP{{Version: 2, Mode: 7, ReqCode: 42, RespLen: 880}}},
	} {
		c, p := prototest.NewConn(17, Port), Protocol.New()
		for _, s := range tt.steps {
			if _, err := p.Data(c, s.dir, s.b); err != nil {
				t.Fatal(err)
			}
		}
		p.End(c)
		var got []event.NTP
		for _, f := range c.Env.Out.Facts() {
			got = append(got, *f.Body.(*event.NTP))
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		b          []byte
	}{
		{"version", "invalid_version", append([]byte{0x3b}, make([]byte, 47)...)},
		{"mode", "invalid_mode", append([]byte{0x20}, make([]byte, 47)...)},
		{"cut", "truncated_message", header(Client, 0, "", 0, 9)[:40]},
		{"empty", "truncated_message", nil},
	} {
		c := prototest.NewConn(17, Port)
		Protocol.New().Data(c, event.ToServer, tt.b)
		if a, ok := c.Env.Out.Facts()[0].Body.(*event.Anomaly); !ok || a.Event != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, c.Env.Out.Facts()[0].Body, tt.want)
		}
	}
}

func TestProbe(t *testing.T) {
	ask, answer := header(Client, 0, "", 0, 9), header(Server, 2, "abcd", 9, 10)
	for _, tt := range []struct {
		name          string
		newest, other []byte
		port          bool
		want          proto.Match
	}{
		{"at home", ask, nil, true, proto.Yes},
		{"monlist", monlist(), nil, true, proto.Yes},
		{"elsewhere", ask, nil, false, proto.Weak},
		{"elsewhere, answered", answer, ask, false, proto.Yes},
		{"elsewhere, another's answer", header(Server, 2, "abcd", 8, 10), ask, false, proto.No},
		{"monlist elsewhere", monlist(), nil, false, proto.No},
		{"text", []byte("#not a time server, but long enough to be one"), nil, true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Dir: event.ToClient, Conn: prototest.NewConn(17, Port)}
		s.Data[1], s.Data[0] = tt.newest, tt.other
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(header(Client, 0, "", 0, 9))
	f.Add(header(Server, 1, "GPS", 9, 10))
	f.Add(monlist())
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		n, err := Decode(&m, b)
		if err == nil && m.Mode < Control && !bytes.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding again gives %x, want %x", Append(nil, &m), b)
		}
		c, p := prototest.NewConn(17, Port), Protocol.New()
		p.Data(c, event.ToServer, b)
		p.Data(c, event.ToClient, b)
		p.Data(c, event.ToServer, b)
		p.End(c)
	})
}
