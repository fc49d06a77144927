package snmp

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/prototest"
)

var (
	oidDescr  = append(slices.Clone(oidSystem), 1, 0)
	oidObject = append(slices.Clone(oidSystem), 2, 0)
	oidName   = append(slices.Clone(oidSystem), 5, 0)
	oidModel  = append(slices.Clone(oidEntity), 13, 1)
	oidSerial = append(slices.Clone(oidPrinter), 5, 1, 1, 17, 1)
)

func get(community string, id int32, oids ...[]byte) *Msg {
	m := &Msg{Version: 2, Community: []byte(community), PDU: Get, RequestID: id}
	for _, o := range oids {
		m.Bindings = AppendBinding(m.Bindings, o, ber.Null, nil)
	}
	return m
}

func response(community string, id int32) *Msg {
	m := &Msg{Version: 2, Community: []byte(community), PDU: Response, RequestID: id}
	m.Bindings = AppendBinding(m.Bindings, oidDescr, ber.OctetString, []byte("Acme router\r\nversion 7"))
	m.Bindings = AppendBinding(m.Bindings, oidObject, ber.ObjectID, []byte{0x2b, 6, 1, 4, 1, 0x82, 0x37, 1})
	m.Bindings = AppendBinding(m.Bindings, oidName, ber.OctetString, []byte("gw-1"))
	m.Bindings = AppendBinding(m.Bindings, oidModel, ber.OctetString, []byte("R7"))
	return m
}

func usm(pdu PDU, id int32, user string, flags uint8) *Msg {
	return &Msg{
		Version: 3, ID: id, MaxSize: 65507, Flags: flags, SecurityModel: 3, EngineID: []byte("\x80\x00\x1f\x88engine"),
		EngineBoots: 3, EngineTime: 1000, User: []byte(user), AuthParams: make([]byte, 12), PDU: pdu, RequestID: id,
	}
}

// play gives messages to a parser: m[i] in direction dirs[i].
func play(t testing.TB, dirs string, messages ...*Msg) *proto.Conn {
	t.Helper()
	c, p := prototest.NewConn(17, 161), Protocol.New()
	for i, m := range messages {
		dir := event.ToServer
		if dirs[i] == 'c' {
			dir = event.ToClient
		}
		c.Time += int64(time.Millisecond)
		if _, err := p.Data(c, dir, Append(nil, m)); err != nil {
			t.Fatal(err)
		}
	}
	p.End(c)
	return c
}

func bodies[T event.Body](c *proto.Conn) (out []T) {
	for _, f := range c.Env.Out.Facts() {
		if b, ok := f.Body.(T); ok {
			out = append(out, b)
		}
	}
	return out
}

func TestMessagesAndIdentity(t *testing.T) {
	c := play(t, "sc", get("private", 9, oidDescr, oidName), response("private", 9))
	got := bodies[*event.SNMP](c)
	if len(got) != 2 {
		t.Fatalf("%d facts", len(got))
	}
	secret := event.Secret{Seen: true, Len: 7}
	if want := (&event.SNMP{Version: 2, Community: secret, PDUType: "get_request", Vars: []string{"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"}}); !reflect.DeepEqual(got[0], want) {
		t.Errorf("request %+v", got[0])
	}
	want := &event.SNMP{
		Version: 2, Community: secret, PDUType: "response", SysDescr: "Acme router version 7", SysName: "gw-1", SysObject: "1.3.6.1.4.1.311.1",
		Vars: []string{"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.47.1.1.1.1.13.1"},
	}
	if !reflect.DeepEqual(got[1], want) {
		t.Errorf("response %+v", got[1])
	}
	ids := bodies[*event.Identity](c)
	if len(ids) != 1 || *ids[0] != (event.Identity{Source: "snmp.system", Name: "gw-1", Model: "R7", Banner: "Acme router version 7"}) {
		t.Errorf("identities %+v", ids)
	}
}

func TestPrinterTellsItsSerial(t *testing.T) {
	m := &Msg{Version: 1, Community: []byte("public"), PDU: Response}
	m.Bindings = AppendBinding(nil, oidSerial, ber.OctetString, []byte("PR-5"))
	ids := bodies[*event.Identity](play(t, "c", m))
	if len(ids) != 1 || ids[0].Type != "printer" || ids[0].Serial != "PR-5" {
		t.Errorf("identities %+v", ids)
	}
	m.Bindings = AppendBinding(nil, oidSerial, ber.Context|1, nil) // noSuchInstance
	if ids := bodies[*event.Identity](play(t, "c", m)); len(ids) != 0 {
		t.Errorf("a device without the printer MIB is %+v", ids[0])
	}
}

func TestTrap(t *testing.T) {
	trap := &Msg{Version: 1, Community: []byte("public"), PDU: TrapV1, Enterprise: []byte{0x2b, 6, 1, 4, 1, 9}, AgentAddr: []byte{192, 0, 2, 1}, Generic: 3, Uptime: 100}
	c := play(t, "s", trap)
	got := bodies[*event.SNMP](c)
	if len(got) != 1 || got[0].PDUType != "trap_v1" || got[0].SysObject != "1.3.6.1.4.1.9" {
		t.Errorf("facts %+v", got)
	}
	if logins := bodies[*event.Login](c); len(logins) != 0 {
		t.Errorf("a trap is no login: %+v", logins[0])
	}
}

func TestLogins(t *testing.T) {
	report := func(id int32, counter byte) *Msg {
		m := usm(Report, id, "", 0)
		m.Bindings = AppendBinding(nil, append(slices.Clone(usmStats), counter, 0), ber.Application|1, []byte{1})
		return m
	}
	encrypted := func(id int32) *Msg {
		m := usm(Get, id, "ops", FlagAuth|FlagPriv)
		m.Encrypted = []byte("opaque bytes")
		return m
	}
	for _, tt := range []struct {
		name     string
		dirs     string
		messages []*Msg
		want     []string
	}{
		{"polled", "scscsc", []*Msg{get("a", 1), response("a", 1), get("a", 2), response("a", 2), get("a", 3), response("a", 3)}, []string{"community  success 0"}},
		{"silence", "sss", []*Msg{get("a", 1), get("a", 2), get("a", 3)}, []string{"community  unknown 3"}},
		{"guessing", "sssc", []*Msg{get("a", 1), get("b", 2), get("c", 3), response("c", 3)}, []string{"community  success 0", "community  unknown 0", "community  unknown 0"}},
		{"unknown user", "sc", []*Msg{usm(Get, 7, "ops", FlagReportable), report(7, 3)}, []string{"usm ops failure 0"}},
		{"discovery", "scsc", []*Msg{usm(Get, 7, "", FlagReportable), report(7, 4), usm(Get, 8, "ops", FlagAuth), usm(Response, 8, "ops", FlagAuth)}, []string{"usm ops success 0"}},
		{"encrypted", "scs", []*Msg{encrypted(1), encrypted(1), encrypted(2)}, []string{"usm ops success 0"}},
	} {
		var got []string
		for _, l := range bodies[*event.Login](play(t, tt.dirs, tt.messages...)) {
			got = append(got, fmt.Sprintf("%s %s %s %d", l.Mechanism, l.User, l.Outcome, l.Count))
			if l.Service != event.ProtoSNMP || l.Clear != (l.Mechanism == "community") || l.Secret.Seen != l.Clear {
				t.Errorf("%s: %+v", tt.name, l)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	c, p := prototest.NewConn(17, 161), Protocol.New().(*parser)
	for i := range 100 {
		p.Data(c, event.ToServer, Append(nil, get(fmt.Sprint("guess", i), int32(i))))
		if len(p.attempts) > maxAttempts {
			t.Fatalf("%d attempts are kept", len(p.attempts))
		}
	}
	p.End(c)
	if n := len(bodies[*event.Login](c)); n != 100 {
		t.Errorf("%d logins, want 100", n)
	}
}

func TestOID(t *testing.T) {
	for _, tt := range []struct {
		oid  []byte
		want string
	}{
		{[]byte{0x2b, 6, 1}, "1.3.6.1"},
		{[]byte{0x78, 1}, "2.40.1"},
		{[]byte{0x2b, 0x82, 0x37}, "1.3.311"},
		{[]byte{0x00}, "0.0"},
		{nil, ""},
	} {
		if got := string(AppendOID(nil, tt.oid)); got != tt.want {
			t.Errorf("AppendOID(%x) = %q, want %q", tt.oid, got, tt.want)
		}
	}
	if got := AppendOID(nil, bytes.Repeat([]byte{1}, 5000)); len(got) > 200 {
		t.Errorf("an endless identifier becomes %d bytes", len(got))
	}
}

func TestMalformed(t *testing.T) {
	good := Append(nil, get("public", 1, oidDescr))
	version := bytes.Clone(good)
	version[4] = 9
	pdu := bytes.Clone(good)
	pdu[13] = 0xbf
	for _, tt := range []struct {
		name string
		b    []byte
	}{
		{"cut", good[:len(good)-4]},
		{"version", version},
		{"PDU", pdu},
		{"binding", Append(nil, &Msg{Version: 2, PDU: Get, Bindings: []byte{4, 1, 'x'}})},
		{"empty", nil},
		{"text", []byte("hello, this is no SNMP")},
	} {
		c := prototest.NewConn(17, 161)
		Protocol.New().Data(c, event.ToServer, tt.b)
		if a := bodies[*event.Anomaly](c); len(a) != 1 || a[0].Event != "malformed_message" || len(c.Env.Out.Facts()) != 1 {
			t.Errorf("%s: facts %+v", tt.name, c.Env.Out.Facts()[0].Body)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"request", Append(nil, get("public", 1, oidDescr)), proto.Yes},
		{"version 3", Append(nil, usm(Get, 1, "ops", FlagReportable)), proto.Yes},
		{"trailing bytes", append(Append(nil, get("public", 1)), 0), proto.No},
		{"LDAP bind", []byte("\x30\x1f\x02\x01\x01\x60\x1a\x02\x01\x03\x04\x0fcn=admin,dc=x,d\x80\x04pass"), proto.No},
		{"text", []byte("0123456789012345678901234567"), proto.No},
	} {
		s := &proto.Sample{Conn: prototest.NewConn(17, 161)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("%s: %g allocations", tt.name, n)
		}
	}
}

// FuzzDecode checks that what was encoded decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, m := range []*Msg{get("public", 1, oidDescr), response("x", 2), usm(Get, 3, "ops", FlagAuth), {Version: 1, PDU: TrapV1, Enterprise: oidSystem, AgentAddr: []byte{1, 2, 3, 4}}} {
		f.Add(Append(nil, m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again Msg
		if n, err := Decode(&m, b); err == nil {
			if n > len(b) {
				t.Fatalf("Decode took %d of %d bytes", n, len(b))
			}
			once := Append(nil, &m)
			if _, err := Decode(&again, once); m.Version < 3 || m.SecurityModel == 3 {
				if err != nil {
					t.Fatalf("decoding %x: %v", once, err)
				}
				if twice := Append(nil, &again); !bytes.Equal(once, twice) {
					t.Errorf("encoding again gives %x, want %x", twice, once)
				}
			}
		}
		c, p := prototest.NewConn(17, 161), Protocol.New()
		p.Data(c, event.ToServer, b)
		p.Data(c, event.ToClient, b)
		p.End(c)
	})
}
