package dns

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"edgeward/internal/event"
	sharedtest "edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// facts gives the bodies of one kind that were made on c.
func facts[T event.Body](c *proto.Conn) []T {
	var out []T
	for _, f := range c.Env.Out.Facts() {
		if b, ok := f.Body.(T); ok {
			out = append(out, b)
		}
	}
	return out
}

// send gives a datagram to a parser, d later than the one before.
func send(t *testing.T, p proto.Parser, c *proto.Conn, dir event.Dir, d time.Duration, b []byte) {
	t.Helper()
	c.Time += int64(d)
	c.Wire = len(b)
	if _, err := p.Data(c, dir, b); err != nil {
		t.Fatal(err)
	}
}

func addr(last byte) []byte { return []byte{192, 0, 2, last} }

func TestQuestionAndAnswerAreOneFact(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(17, 53)
	q := question(t, 7, "WWW.example.com", TypeA)
	send(t, p, c, event.ToServer, 0, q)
	send(t, p, c, event.ToServer, time.Millisecond, q) // asked again
	r := response(t, 7, AA|RA, "www.EXAMPLE.com", TypeA, record(TypeA, addr(9)))
	send(t, p, c, event.ToClient, 20*time.Millisecond, r)
	send(t, p, c, event.ToClient, time.Millisecond, r) // the answer to the second
	p.End(c)
	got := facts[*event.DNS](c)
	if len(got) != 1 {
		t.Fatalf("got %d facts, want one", len(got))
	}
	f := got[0]
	if f.Type != "response" || f.RRName != "www.EXAMPLE.com" || f.RRType != "A" || f.RCode != "NOERROR" ||
		!f.AA || !f.RA || !f.RD || f.Unasked || f.Conflict || f.ReqLen != uint16(len(q)) || f.RespLen != uint16(len(r)) || f.RTT != 21000 {
		t.Errorf("fact = %+v", f)
	}
	if len(f.Answers) != 1 || f.Answers[0].Name != "www.EXAMPLE.com" || f.Answers[0].Data != "192.0.2.9" || f.Answers[0].TTL != 60 {
		t.Errorf("answers = %+v", f.Answers)
	}
	if src := c.Env.Out.Facts()[0].Src; src != c.Client {
		t.Errorf("Src = %v, want the client", src)
	}
	if c.Messages != [2]uint32{2, 2} {
		t.Errorf("messages = %v", c.Messages)
	}
}

func TestUnansweredQuestions(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(17, 53)
	send(t, p, c, event.ToServer, 0, question(t, 1, "a.example", TypeA))
	send(t, p, c, event.ToServer, time.Minute, question(t, 2, "b.example", TypeAAAA))
	if n := len(facts[*event.DNS](c)); n != 1 {
		t.Fatalf("%d facts after the wait, want one", n)
	}
	p.End(c)
	got := facts[*event.DNS](c)
	if len(got) != 2 || got[0].RRName != "a.example" || got[1].RRName != "b.example" || got[1].Type != "request" || got[1].Answered || got[1].RRType != "AAAA" {
		t.Errorf("facts = %+v", got)
	}
}

func TestPendingQuestionsAreBounded(t *testing.T) {
	p, c := DNS.New().(*dnsParser), prototest.NewConn(17, 53)
	for i := range 3 * maxPending {
		send(t, p, c, event.ToServer, 0, question(t, byte(i), fmt.Sprintf("h%d.example", i), TypeA))
		if len(p.pending) > maxPending {
			t.Fatalf("%d questions are pending", len(p.pending))
		}
	}
	p.End(c)
	if n := len(facts[*event.DNS](c)); n != 3*maxPending {
		t.Errorf("%d facts, want one for each of %d questions", n, 3*maxPending)
	}
}

func TestUnsolicitedAndConflictingAnswers(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(17, 53)
	send(t, p, c, event.ToServer, 0, question(t, 1, "a.example", TypeA))
	send(t, p, c, event.ToClient, 0, response(t, 2, 0, "a.example", TypeA, record(TypeA, addr(66)))) // guessed id
	send(t, p, c, event.ToClient, 0, response(t, 1, 0, "b.example", TypeA, record(TypeA, addr(66)))) // other name
	send(t, p, c, event.ToClient, 0, response(t, 1, 0, "a.example", TypeA, record(TypeA, addr(66))))
	send(t, p, c, event.ToClient, 0, response(t, 1, 0, "a.example", TypeA, record(TypeA, addr(66)))) // the same again
	send(t, p, c, event.ToClient, 0, response(t, 1, 0, "a.example", TypeA, record(TypeA, addr(1))))  // another one
	got := facts[*event.DNS](c)
	var marks []string
	for _, f := range got {
		marks = append(marks, fmt.Sprintf("%t/%t", f.Unasked, f.Conflict))
	}
	if want := []string{"true/false", "true/false", "false/false", "false/true"}; !slices.Equal(marks, want) {
		t.Errorf("unsolicited/conflict = %v, want %v", marks, want)
	}
	if src := c.Env.Out.Facts()[0].Src; src != c.Server {
		t.Errorf("Src of an unsolicited answer = %v, want its sender", src)
	}
}

func TestStream(t *testing.T) {
	q := question(t, 9, "example.com", TypeTXT)
	r := response(t, 9, 0, "example.com", TypeTXT, record(TypeTXT, wire(5, "hello")))
	frame := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	for step := 1; step < 20; step += 3 {
		p, c := DNS.New(), prototest.NewConn(6, 53)
		for i, b := range [][]byte{frame(q), frame(r)} {
			if n, err := prototest.Feed(p, c, event.Dir(i), b, step); err != nil || n != len(b) {
				t.Fatalf("step %d: %d of %d bytes, %v", step, n, len(b), err)
			}
		}
		got := facts[*event.DNS](c)
		if len(got) != 1 || !got[0].TCP || got[0].Answers[0].Data != "hello" || got[0].RespLen != uint16(len(r)) {
			t.Fatalf("step %d: facts = %+v", step, got)
		}
	}
}

func TestStreamFindsItsWayAfterAGap(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(6, 53)
	q := question(t, 9, "example.com", TypeTXT)
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
	if !p.Gap(c, event.ToServer, 100) {
		t.Fatal("the parser gives up")
	}
	for _, b := range [][]byte{[]byte("middle of something else"), framed} {
		if n, err := p.Data(c, event.ToServer, b); err != nil || n != len(b) {
			t.Fatalf("Data = %d, %v", n, err)
		}
	}
	p.End(c)
	if got := facts[*event.DNS](c); len(got) != 1 || got[0].RRName != "example.com" {
		t.Errorf("facts = %+v", got)
	}
}

func TestHugeStreamMessageIsNotBuffered(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(6, 53)
	r := response(t, 9, 0, "example.com", TypeAXFR, record(TypeA, addr(1)))
	b := append([]byte{0xff, 0xff}, r...)
	b = append(b, make([]byte, maxBuffered)...)
	n, err := p.Data(c, event.ToClient, b)
	if err != nil || n != 2+0xffff {
		t.Errorf("Data = %d, %v; want to skip the whole message", n, err)
	}
}

func TestMalformedMessagesBecomeAnomalies(t *testing.T) {
	loop := wire(header(1, 0, 1, 0, 0, 0), 0xc0, 12, 0, 1, 0, 1)
	p, c := DNS.New(), prototest.NewConn(17, 53)
	send(t, p, c, event.ToServer, 0, question(t, 1, "example.com", TypeA))
	for range 30 {
		send(t, p, c, event.ToServer, 0, loop)
	}
	got := facts[*event.Anomaly](c)
	if len(got) != maxAnomalies || got[0].Event != "compression_loop" || got[0].AppProto != event.ProtoDNS {
		t.Errorf("%d anomalies, the first %+v", len(got), got[0])
	}
	if c.Errors != 30 {
		t.Errorf("Errors = %d", c.Errors)
	}
}

func TestCutPacketIsNotMalformed(t *testing.T) {
	p, c := DNS.New(), prototest.NewConn(17, 53)
	b := response(t, 1, 0, "example.com", TypeA, record(TypeA, addr(1)))
	c.Wire = len(b)
	if _, err := p.Data(c, event.ToClient, b[:len(b)-6]); err != nil {
		t.Fatal(err)
	}
	got := facts[*event.DNS](c)
	if len(facts[*event.Anomaly](c)) != 0 || len(got) != 1 || got[0].RRName != "example.com" || got[0].RespLen != uint16(len(b)) {
		t.Errorf("facts = %+v", got)
	}
}

func TestProbe(t *testing.T) {
	good := question(t, 1, "www.example.com", TypeA)
	answer := response(t, 1, RA, "www.example.com", TypeA, record(TypeA, addr(1)))
	nb := wire(header(5, 0, 1, 0, 0, 0), AppendNetBIOS(nil, "HOST", 0x20), 0, 32, 0, 1)
	for _, tt := range []struct {
		name  string
		probe func(*proto.Sample) proto.Match
		port  uint16
		tcp   bool
		reg   bool
		b     []byte
		want  proto.Match
	}{
		{"query", probeDNS, 53, false, true, good, proto.Yes},
		{"answer", probeDNS, 53, false, true, answer, proto.Yes},
		{"query elsewhere", probeDNS, 9953, false, false, good, proto.Yes},
		{"trailing bytes elsewhere", probeDNS, 9953, false, false, append(slices.Clone(good), 1), proto.No},
		{"multicast port", probeDNS, 5353, false, false, good, proto.No},
		{"zeros", probeDNS, 53, false, true, make([]byte, 40), proto.No},
		{"text", probeDNS, 53, false, true, []byte("GET / HTTP/1.1\r\n\r\n"), proto.No},
		{"cut stream", probeDNS, 53, true, true, wire(0, len(good), good[:20]), proto.More},
		{"stream", probeDNS, 53, true, true, wire(0, len(good), good), proto.Yes},
		{"stream of text", probeDNS, 53, true, true, []byte("SSH-2.0-OpenSSH_9.2\r\n"), proto.No},
		{"mdns", probeMDNS, 5353, false, true, good, proto.Yes},
		{"mdns elsewhere", probeMDNS, 53, false, true, good, proto.No},
		{"llmnr", probeLLMNR, 5355, false, true, good, proto.Yes},
		{"nbns", probeNBNS, 137, false, true, nb, proto.Yes},
		{"no netbios name", probeNBNS, 137, false, true, good, proto.No},
	} {
		transport := uint8(17)
		if tt.tcp {
			transport = 6
		}
		s := &proto.Sample{Port: tt.reg, Conn: prototest.NewConn(transport, tt.port)}
		s.Data[0] = tt.b
		if got := tt.probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
		if n := sharedtest.AllocsPerRun(10, func() { tt.probe(s) }); n != 0 {
			t.Errorf("%s: probe allocates %g times", tt.name, n)
		}
	}
}

func TestMDNSDescribesItsSender(t *testing.T) {
	name := func(s string) []byte { return mustName(t, s).AppendWire(nil) }
	rr := func(owner string, typ uint16, data []byte) []byte {
		return wire(name(owner), 0, int(typ), 0x80, 1, 0, 0, 0, 120, len(data)>>8, len(data)&255, data)
	}
	const instance = "Front door._hap._tcp.local"
	msg := wire(header(0, QR|AA, 0, 2, 0, 1),
		rr("_hap._tcp.local", TypePTR, name(instance)),
		rr(instance, TypeTXT, wire(10, "md=Cam 200", 5, "ci=17", 4, "pv=1")),
		rr("cam-1.local", TypeA, addr(1)))
	p, c := MDNS.New(), prototest.NewConn(17, 5353)
	send(t, p, c, event.ToServer, 0, msg)
	send(t, p, c, event.ToServer, time.Second, msg)
	got := facts[*event.MDNS](c)
	if len(got) != 2 || got[0].Type != "response" || len(got[0].Answers) != 3 || !slices.Contains(got[0].TXT, instance+": ci=17") {
		t.Fatalf("facts = %+v", got)
	}
	ids := facts[*event.Identity](c)
	if len(ids) != 1 {
		t.Fatalf("%d identities, want one", len(ids))
	}
	if id := ids[0]; id.Model != "Cam 200" || id.Type != "camera" || id.Name != "cam-1" || id.Banner != "Front door" || id.Source != "mdns.response" {
		t.Errorf("identity = %+v", id)
	}
}

func TestMDNSQuestionSaysNothingOfTheAsker(t *testing.T) {
	msg := wire(header(0, 0, 1, 1, 0, 0), mustName(t, "_hap._tcp.local").AppendWire(nil), 0, 12, 0x80, 1,
		0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 8, 7, "md=Lamp")
	p, c := MDNS.New(), prototest.NewConn(17, 5353)
	send(t, p, c, event.ToServer, 0, msg)
	got := facts[*event.MDNS](c)
	if len(got) != 1 || got[0].Type != "request" || !slices.Equal(got[0].Queries, []string{"_hap._tcp.local"}) || len(got[0].Answers) != 0 {
		t.Errorf("facts = %+v", got)
	}
	if n := len(facts[*event.Identity](c)); n != 0 {
		t.Errorf("%d identities", n)
	}
}

func TestDescribeTXT(t *testing.T) {
	for _, tt := range []struct {
		service string
		txt     []string
		want    event.Identity
	}{
		{"_dhnap", []string{"model_number=X-1", "hardware_ver=B2", "version=0124"}, event.Identity{Model: "X-1", Hardware: "B2", Firmware: "0124"}},
		{"_other", []string{"version=1", "txtvers=1"}, event.Identity{}},
		{"_ipp", []string{"ty=Acme Jet 9", "usb_MFG=Acme", "usb_MDL=Jet 9"}, event.Identity{Model: "Jet 9", Vendor: "Acme", Type: "printer"}},
		{"_ipp", []string{"rp=printers/Jet", "ty=Acme Jet 9"}, event.Identity{}},
		{"_http", []string{"Acme Network Camera", "path=/"}, event.Identity{Banner: "Acme Network Camera"}},
		{"_raop", []string{"md=0,1,2", "am=Box3,1"}, event.Identity{Model: "Box3,1"}},
		{"_airplay", []string{"model=TV1", "manufacturer=Acme", "serialNumber=S1", "fv=1.2"}, event.Identity{Model: "TV1", Vendor: "Acme", Serial: "S1", Firmware: "1.2"}},
		{"_matterc", []string{"DT=266", "DN=Heater plug"}, event.Identity{Type: "plug", Name: "Heater plug"}},
		{"_googlecast", []string{"fn=Kitchen", "md=Mini", "ve=05"}, event.Identity{Name: "Kitchen", Model: "Mini"}},
	} {
		var data []byte
		for _, s := range tt.txt {
			data = wire(data, len(s), s)
		}
		r := Record{Name: mustName(t, "x."+tt.service+"._tcp.local"), Type: TypeTXT, Data: data}
		var got event.Identity
		describeTXT(prototest.NewConn(17, 5353), &r, &got)
		if got != tt.want {
			t.Errorf("%s %q: %+v, want %+v", tt.service, tt.txt, got, tt.want)
		}
	}
}

func TestLLMNRAnswerNamesItsSender(t *testing.T) {
	p, c := LLMNR.New(), prototest.NewConn(17, 5355)
	send(t, p, c, event.ToServer, 0, question(t, 1, "nas", TypeA))
	send(t, p, c, event.ToClient, 0, response(t, 1, 0, "nas", TypeA, record(TypeA, addr(2))))
	got, ids := facts[*event.LLMNR](c), facts[*event.Identity](c)
	if len(got) != 2 || got[0].Type != "request" || got[1].Type != "response" || got[1].RRName != "nas" {
		t.Fatalf("facts = %+v", got)
	}
	if len(ids) != 1 || ids[0].Name != "nas" {
		t.Errorf("identities = %+v", ids)
	}
}

func TestNBNS(t *testing.T) {
	const registration = Flags(5<<11) | RD | Broadcast
	register := wire(header(1, registration, 1, 0, 0, 1), AppendNetBIOS(nil, "OFFICE-PC", 0x20), 0, 32, 0, 1,
		0xc0, 12, 0, 32, 0, 1, 0, 4, 0x93, 0xe0, 0, 6, 0, 0, 192, 0, 2, 1)
	entry := func(name string, suffix, flags int) []byte {
		return wire(fmt.Sprintf("%-15s", name), suffix, flags, 0)
	}
	table := wire(3, entry("OFFICE-PC", 0, 0x04), entry("WORKGROUP", 0, 0x84), entry("OFFICE-PC", 0x20, 0x04), make([]byte, 46))
	status := wire(header(2, QR|AA, 0, 1, 0, 0), AppendNetBIOS(nil, "*", 0), 0, 33, 0, 1, 0, 0, 0, 0, 0, len(table), table)

	p, c := NBNS.New(), prototest.NewConn(17, 137)
	send(t, p, c, event.ToServer, 0, register)
	send(t, p, c, event.ToClient, 0, status)
	got, ids := facts[*event.NBNS](c), facts[*event.Identity](c)
	if len(got) != 2 || len(ids) != 2 {
		t.Fatalf("%d facts, %d identities", len(got), len(ids))
	}
	if f := got[0]; f.Op != "registration" || f.Name != "OFFICE-PC" || f.Suffix != 0x20 || f.Addr != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("registration = %+v", f)
	}
	if f := got[1]; f.Op != "response" || !slices.Equal(f.Names, []string{"OFFICE-PC<00>", "WORKGROUP<00> group", "OFFICE-PC<20>"}) {
		t.Errorf("status = %+v", f)
	}
	if ids[0].Name != "OFFICE-PC" || ids[1].Source != "nbns.status" || ids[1].Name != "OFFICE-PC" {
		t.Errorf("identities = %+v, %+v", ids[0], ids[1])
	}
}

// FuzzParsers gives any bytes, as datagrams and as a stream, to every parser.
func FuzzParsers(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, pr := range []proto.Protocol{DNS, MDNS, LLMNR, NBNS} {
			for _, transport := range []uint8{17, 6} {
				if transport == 6 && !pr.TCP {
					continue
				}
				c := prototest.NewConn(transport, pr.Ports[0])
				s := &proto.Sample{Port: true, Conn: c}
				s.Data[0] = b
				p := pr.New()
				match := pr.Probe(s)
				for dir := range event.Dir(2) {
					if transport == 6 {
						prototest.Feed(p, c, dir, b, 7)
					} else {
						p.Data(c, dir, b)
					}
				}
				if match == proto.Yes && transport == 17 && c.Errors > 0 {
					t.Errorf("%s: the probe took what the parser calls malformed", pr.ID)
				}
				p.End(c)
				p.Reset()
			}
		}
	})
}

func BenchmarkTransaction(b *testing.B) {
	p, c := DNS.New(), prototest.NewConn(17, 53)
	q := question(b, 1, "metrics.cloud.example.com", TypeA)
	r := response(b, 1, RA, "metrics.cloud.example.com", TypeA, record(TypeA, addr(1)), record(TypeA, addr(2)))
	b.ReportAllocs()
	b.SetBytes(int64(len(q) + len(r)))
	for b.Loop() {
		p.Data(c, event.ToServer, q)
		p.Data(c, event.ToClient, r)
		p.End(c)
		if c.Env.Out.Len() > 1000 {
			c.Env.Out.Reset()
		}
	}
}
