package dicom

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func uid(s string) []byte { return []byte(uidRoot + s) }

// element makes a data set element in implicit or explicit VR.
func element(explicit bool, tag uint32, vr, value string) []byte {
	if len(value)%2 == 1 {
		value += " "
	}
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag>>16))
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	if explicit {
		b = append(b, vr...)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	}
	return append(b, value...)
}

func ask(field uint16, id uint16, class string, data bool, moveTo string) []byte {
	return AppendCommand(nil, &Command{Field: field, ID: id, SOPClass: uid(class), DataSet: data, MoveTo: []byte(moveTo)})
}

func answer(field uint16, id, status uint16, completed uint16) []byte {
	return AppendCommand(nil, &Command{Field: field | response, ID: id, Status: status, Completed: completed})
}

// pdata wraps fragments, each into its own item of one P-DATA-TF.
func pdata(items ...PDV) []byte {
	var body []byte
	for i := range items {
		items[i].Context = 1
		body = AppendPDV(body, &items[i])
	}
	return Append(nil, &PDU{Type: PData, Body: body})
}

func cmd(b []byte) []byte { return pdata(PDV{Command: true, Last: true, Data: b}) }

func data(b []byte) []byte { return pdata(PDV{Last: true, Data: b}) }

func short(t PDUType, b ...byte) []byte { return Append(nil, &PDU{Type: t, Body: b}) }

func association(called, calling string, services ...string) *Associate {
	a := &Associate{
		CalledAE: []byte(called), CallingAE: []byte(calling), Application: []byte(ApplicationContext),
		MaxLength: 16384, ImplUID: []byte("1.2.276.0.7230010.3.0.3.6.7"), ImplVersion: []byte("OFFIS_DCMTK_367"),
	}
	for i, s := range services {
		a.Contexts = append(a.Contexts, Context{ID: uint8(2*i + 1), Abstract: uid(s), Transfer: uid("1.2")})
	}
	return a
}

// turn is what one side sends.
type turn struct {
	dir event.Dir
	b   []byte
}

// talk plays a conversation and gives the facts.
func talk(t testing.TB, step int, turns ...turn) []*event.Fact {
	c := prototest.NewConn(6, 11112)
	p := Protocol.New()
	for _, u := range turns {
		feed(t, p, c, u, step)
	}
	p.End(c)
	return c.Env.Out.Facts()
}

// feed honours skips beyond what was given, as the packet path does.
func feed(t testing.TB, p proto.Parser, c *proto.Conn, u turn, step int) {
	if step <= 0 {
		step = len(u.b)
	}
	done, end := 0, 0
	for end < len(u.b) {
		end = min(end+step, len(u.b))
		for done < end {
			n, err := p.Data(c, u.dir, u.b[done:end])
			if err != nil {
				t.Fatalf("at %d: %v", done, err)
			}
			if n <= 0 {
				break
			}
			done += n
		}
	}
	if done != len(u.b) {
		t.Fatalf("parser took %d of %d bytes", done, len(u.b))
	}
}

func dicoms(facts []*event.Fact) (out []*event.DICOM) {
	for _, f := range facts {
		if d, ok := f.Body.(*event.DICOM); ok {
			out = append(out, d)
		}
	}
	return out
}

func TestQueryAndRetrieve(t *testing.T) {
	query := bytes.Join([][]byte{
		element(true, 0x00080052, "CS", "STUDY"),
		element(true, 0x00100010, "PN", "*"),
		element(true, 0x00100020, "LO", ""),
	}, nil)
	one := bytes.Join([][]byte{
		element(false, 0x00080052, "", "STUDY"),
		element(false, 0x0020000d, "", "1.2.3.4"),
	}, nil)
	ac := association("PACS", "WORKSTATION")
	ac.Contexts = []Context{{ID: 1, Transfer: uid("1.2")}, {ID: 3, Result: 3, Transfer: uid("1.2")}}
	turns := []turn{
		{event.ToServer, AppendAssociate(nil, association("PACS", "WORKSTATION", "5.1.4.1.2.2.1", "5.1.4.1.2.2.2"), false)},
		{event.ToClient, AppendAssociate(nil, ac, true)},
		{event.ToServer, cmd(ask(CFindRQ, 1, "5.1.4.1.2.2.1", true, ""))},
		{event.ToServer, data(query)},
		{event.ToClient, cmd(answer(CFindRQ, 1, 0xff00, 0))},
		{event.ToClient, data(bytes.Repeat([]byte("DOE^JANE"), 9000))},
		{event.ToClient, cmd(answer(CFindRQ, 1, 0xff00, 0))},
		{event.ToClient, data([]byte("DOE^JANE"))},
		{event.ToClient, cmd(answer(CFindRQ, 1, 0, 0))},
		{event.ToServer, cmd(ask(CMoveRQ, 2, "5.1.4.1.2.2.2", true, "ELSEWHERE"))},
		{event.ToServer, data(one)},
		{event.ToClient, cmd(answer(CMoveRQ, 2, 0xa801, 7))},
		{event.ToServer, short(ReleaseRQ, 0, 0, 0, 0)},
		{event.ToClient, short(ReleaseRP, 0, 0, 0, 0)},
	}
	for _, step := range []int{0, 1, 7, 1460} {
		got := dicoms(talk(t, step, turns...))
		if len(got) != 4 {
			t.Fatalf("step %d: %d facts", step, len(got))
		}
		a, find, move, rel := got[0], got[1], got[2], got[3]
		if !a.Accepted || a.CalledAE != "PACS" || a.CallingAE != "WORKSTATION" || a.Impl != "OFFIS_DCMTK_367" || len(a.Services) != 2 {
			t.Errorf("association %+v", a)
		}
		if find.Command != "C-FIND" || !find.Wildcard || find.Results != 2 || !find.Answered || find.Class != event.OpRead ||
			find.SOPClass != "Study Root Query/Retrieve - FIND" {
			t.Errorf("C-FIND %+v", find)
		}
		if move.Command != "C-MOVE" || move.Wildcard || move.MoveTo != "ELSEWHERE" || move.SubOps != 7 || !move.Operation().Denied {
			t.Errorf("C-MOVE %+v", move)
		}
		if rel.PDU != "release" || !rel.Answered {
			t.Errorf("release %+v", rel)
		}
	}
	facts := talk(t, 0, turns...)
	var types []string
	for _, f := range facts {
		if id, ok := f.Body.(*event.Identity); ok {
			types = append(types, id.Name+" "+id.Type)
		}
	}
	if want := []string{"WORKSTATION ", "PACS pacs"}; !reflect.DeepEqual(types, want) {
		t.Errorf("identities %q, want %q", types, want)
	}
	if strings.Contains(eve(facts), "DOE^JANE") {
		t.Error("patient data in a fact")
	}
}

func eve(facts []*event.Fact) string {
	var b []byte
	for _, f := range facts {
		b = f.Body.AppendEVE(append(b, '{'))
	}
	return string(b)
}

func TestRejectionsAndAborts(t *testing.T) {
	rq := AppendAssociate(nil, association("ANY-SCP", "GUESS1", "1.1"), false)
	got := dicoms(talk(t, 0, turn{event.ToServer, rq}, turn{event.ToClient, short(AssociateRJ, 0, 1, 1, 7)}))
	if len(got) != 1 || got[0].PDU != "reject" || got[0].Reject != "called AE title not recognized" || !got[0].Operation().Denied {
		t.Errorf("rejection: %+v", got)
	}
	got = dicoms(talk(t, 0, turn{event.ToServer, rq}, turn{event.ToClient, short(Abort, 0, 0, 2, 2)}))
	if len(got) != 2 || got[0].PDU != "abort" || got[0].Reject != "unexpected PDU" || got[1].Answered {
		t.Errorf("abort: %+v", got)
	}
}

func TestUserIdentityIsALogin(t *testing.T) {
	a := association("PACS", "X", "1.1")
	a.User = UserIdentity{Type: 2, Primary: []byte("radiology"), Secondary: []byte("hunter2")}
	ac := association("PACS", "X")
	ac.Contexts = []Context{{ID: 1, Transfer: uid("1.2")}}
	for _, tc := range []struct {
		reply   []byte
		outcome string
	}{
		{AppendAssociate(nil, ac, true), "success"},
		{short(AssociateRJ, 0, 1, 1, 1), "failure"},
		{nil, "unknown"},
	} {
		var turns []turn
		turns = append(turns, turn{event.ToServer, AppendAssociate(nil, a, false)})
		if tc.reply != nil {
			turns = append(turns, turn{event.ToClient, tc.reply})
		}
		facts := talk(t, 0, turns...)
		var l *event.Login
		for _, f := range facts {
			if x, ok := f.Body.(*event.Login); ok {
				l = x
			}
		}
		if l == nil || l.User != "radiology" || l.Outcome != tc.outcome || l.Secret.Len != 7 || !l.Clear {
			t.Errorf("%s: login %+v", tc.outcome, l)
		}
		if strings.Contains(eve(facts), "hunter2") {
			t.Error("a passcode is in a fact")
		}
	}
}

func TestMatchesEverybody(t *testing.T) {
	worklist := func(date string) []byte {
		inner := element(true, 0x00400002, "DA", date)
		item := append([]byte("\xfe\xff\x00\xe0\xff\xff\xff\xff"), inner...)
		item = append(item, "\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00"...)
		sq := append([]byte("\x40\x00\x00\x01SQ\x00\x00\xff\xff\xff\xff"), item...)
		return append(element(true, 0x00100010, "PN", ""), sq...)
	}
	for _, tc := range []struct {
		name string
		set  []byte
		all  bool
	}{
		{"empty name", element(true, 0x00100010, "PN", ""), true},
		{"star", element(false, 0x00100010, "", "*"), true},
		{"star components", element(false, 0x00100010, "", "*^*"), true},
		{"prefix", element(false, 0x00100010, "", "A*"), false},
		{"modality only", element(true, 0x00080060, "CS", "CT"), true},
		{"level only", element(true, 0x00080052, "CS", "PATIENT"), true},
		{"one day", element(true, 0x00080020, "DA", "20240102"), false},
		{"a week", element(true, 0x00080020, "DA", "20240102-20240109"), false},
		{"all time", element(true, 0x00080020, "DA", "19000101-20991231"), true},
		{"until", element(true, 0x00080020, "DA", "-20991231"), true},
		{"since", element(true, 0x00080020, "DA", "20240101-"), false},
		{"patient id", element(true, 0x00100020, "LO", "4711"), false},
		{"study uid", element(false, 0x0020000d, "", "1.2.3"), false},
		{"worklist of a day", worklist("20240102"), false},
		{"worklist of all", worklist(""), true},
	} {
		if all, ok := matchesEverybody(tc.set); !ok || all != tc.all {
			t.Errorf("%s: %v %v, want %v", tc.name, all, ok, tc.all)
		}
	}
	if _, ok := matchesEverybody([]byte("\x78\x9c\x03\x00\x00\x00\x00\x01x")); ok {
		t.Error("a deflated data set cannot be judged")
	}
}

func TestPickedUpInTheMiddle(t *testing.T) {
	c := prototest.NewConn(6, 11112)
	p := Protocol.New()
	p.Gap(c, event.ToServer, 0)
	b := append(bytes.Repeat([]byte{0x7f, 0x04, 0x00}, 500), cmd(ask(CStoreRQ, 9, "5.1.4.1.1.2", true, ""))...)
	b = append(b, data(make([]byte, 200))...)
	feed(t, p, c, turn{event.ToServer, b}, 100)
	feed(t, p, c, turn{event.ToClient, cmd(answer(CStoreRQ, 9, 0, 0))}, 0)
	p.End(c)
	got := dicoms(c.Env.Out.Facts())
	if len(got) != 1 || got[0].Command != "C-STORE" || got[0].Class != event.OpWrite || !got[0].Answered {
		t.Errorf("%+v", got)
	}
}

func TestProbe(t *testing.T) {
	rq := AppendAssociate(nil, association("A", "B", "1.1"), false)
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"request", rq, proto.Yes},
		{"part of a request", rq[:40], proto.More},
		{"command", cmd(ask(CEchoRQ, 1, "1.1", false, "")), proto.Yes},
		{"data", data(make([]byte, 300)), proto.Weak},
		{"release", short(ReleaseRQ, 0, 0, 0, 0), proto.Weak},
		{"http", []byte("GET / HTTP/1.1\r\n\r\n"), proto.No},
		{"smb", []byte("\x00\x00\x00\x2f\xffSMB"), proto.No},
		{"tls", []byte("\x16\x03\x01\x02\x00\x01\x00"), proto.No},
		{"zeros", make([]byte, 64), proto.No},
	} {
		var s proto.Sample
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestImplementer(t *testing.T) {
	for _, tc := range []struct{ uid, vendor, toolkit string }{
		{"1.2.840.113619.6.336", "GE Healthcare", ""},
		{"1.2.276.0.7230010.3.0.3.6.4", "", "OFFIS DCMTK"},
		{"1.2.840.1136190", "", ""},
		{"1.3.46.670589", "Philips", ""},
	} {
		if v, k := implementer([]byte(tc.uid)); v != tc.vendor || k != tc.toolkit {
			t.Errorf("%s: %q %q", tc.uid, v, k)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	command := func(field, id, status uint16, class, to string, set bool, completed uint16) bool {
		in := Command{Field: field | 1, ID: id, DataSet: set, SOPClass: trim([]byte(class)), MoveTo: trim([]byte(to)), Completed: completed}
		if in.IsResponse() {
			in.Status = status
		}
		var out Command
		err := DecodeCommand(&out, AppendCommand(nil, &in))
		return err == nil && out.Field == in.Field && out.ID == in.ID && out.DataSet == in.DataSet && out.Status == in.Status &&
			bytes.Equal(out.SOPClass, in.SOPClass) && bytes.Equal(out.MoveTo, in.MoveTo) && out.Completed == in.Completed
	}
	if err := quick.Check(command, nil); err != nil {
		t.Error(err)
	}
	in := association("CALLED", "CALLING", "1.1", "5.1.4.31")
	in.User = UserIdentity{Type: 2, Primary: []byte("u"), Secondary: []byte("p")}
	var pdu PDU
	b := AppendAssociate(nil, in, false)
	n, err := Decode(&pdu, b)
	if err != nil || n != len(b) {
		t.Fatal(n, err)
	}
	var out Associate
	if err := DecodeAssociate(&out, pdu.Body); err != nil || !reflect.DeepEqual(&out, in) {
		t.Errorf("%v\n got %+v\nwant %+v", err, out, *in)
	}
}

func FuzzParser(f *testing.F) {
	rq := AppendAssociate(nil, association("A", "B", "1.1", "5.1.4.31"), false)
	f.Add(rq, AppendAssociate(nil, association("A", "B"), true), uint8(0))
	f.Add(cmd(ask(CFindRQ, 1, "5.1.4.1.2.2.1", true, "")), cmd(answer(CFindRQ, 1, 0, 0)), uint8(3))
	f.Add(data(element(true, 0x00100010, "PN", "*")), short(Abort, 0, 0, 2, 1), uint8(1))
	f.Fuzz(func(t *testing.T, up, down []byte, step uint8) {
		var s proto.Sample
		s.Data[0], s.Data[1] = up, down
		probe(&s)
		matchesEverybody(up)
		c := prototest.NewConn(6, 104)
		p := Protocol.New()
		prototest.Feed(p, c, event.ToServer, up, int(step))
		prototest.Feed(p, c, event.ToClient, down, int(step))
		p.Gap(c, event.ToServer, 3)
		prototest.Feed(p, c, event.ToServer, up, int(step))
		p.End(c)
		p.Reset()
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, 11112)
	p := Protocol.New()
	rq := append(cmd(ask(CStoreRQ, 9, "5.1.4.1.1.2", true, "")), data(make([]byte, 200))...)
	rsp := cmd(answer(CStoreRQ, 9, 0, 0))
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
