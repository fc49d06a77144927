package profile_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

const second, hour = int64(1e9), int64(3600e9)

var begin = int64(1_700_000_000) * second

// host is a device of a small home.
type host struct {
	mac  ident.MAC
	addr netip.Addr
}

func newHost(n byte) host {
	return host{ident.MAC{0x24, 0x6f, 0x28, 0, 0, n}, netip.AddrFrom4([4]byte{192, 168, 1, n})}
}

func (h host) key() ident.HostKey { return event.HostKeyOf(ident.Place{}, h.mac, [16]byte{}) }

func (h host) device() *asset.Device {
	return &asset.Device{
		ID: fmt.Sprintf("d%02x", h.mac[5]), MACs: []ident.MAC{h.mac}, Addresses: []netip.Addr{h.addr}, Hosts: []ident.HostKey{h.key()},
		Vendor: asset.Belief{Value: "Acme", Confidence: 0.9}, Model: asset.Belief{Value: "P1", Confidence: 0.9}, Type: asset.Belief{Value: "plug", Confidence: 0.9},
	}
}

var (
	plug, other, phone = newHost(10), newHost(11), newHost(12)
	router             = newHost(1)
	cloud              = netip.MustParseAddr("203.0.113.7")
)

// scene makes facts one after the other, as the inventory leaves them.
type scene struct {
	facts []*event.Fact
	flow  uint64
	now   int64
}

func newScene() *scene { return &scene{now: begin} }

func (s *scene) fact(src host, dst any, transport uint8, port uint16, body event.Body) *event.Fact {
	s.now += second
	f := &event.Fact{Body: body}
	f.Time, f.Transport, f.SrcPort, f.DstPort, f.Flow, f.Packet = s.now, transport, 40000, port, s.flow, uint64(len(s.facts)+1)
	f.Src, f.SrcMAC, f.SrcHost = src.addr, src.mac, src.key()
	switch d := dst.(type) {
	case host:
		f.Dst, f.DstMAC, f.DstHost = d.addr, d.mac, d.key()
	case netip.Addr:
		f.Dst, f.DstMAC, f.DstHost = d, router.mac, event.HostKeyOf(ident.Place{}, ident.MAC{}, d.As16())
	}
	s.facts = append(s.facts, f)
	return f
}

func (s *scene) resolves(h host, name string, a netip.Addr) {
	s.flow++
	s.fact(h, router, 17, 53, &event.DNS{RRName: name, RRType: "A", Answered: true, Answers: []event.DNSAnswer{{Name: name, Type: "A", Addr: a}}})
	s.ends(h, router, 17, 53, event.ProtoDNS)
}

func (s *scene) ends(src host, dst any, transport uint8, port uint16, p event.Proto) *event.Flow {
	b := &event.Flow{AppProto: p, BytesToServer: 500, BytesToClient: 900, DataToServer: 300, DataToClient: 700, State: "closed", ConnState: "SF"}
	s.fact(src, dst, transport, port, b)
	return b
}

func (s *scene) talks(src host, dst any, transport uint8, port uint16, p event.Proto) *event.Flow {
	s.flow++
	return s.ends(src, dst, transport, port, p)
}

func (s *scene) says(src host, dst any, transport uint8, port uint16, p event.Proto, bodies ...event.Body) {
	s.flow++
	for _, b := range bodies {
		s.fact(src, dst, transport, port, b)
	}
	s.ends(src, dst, transport, port, p)
}

func (s *scene) exchanges() []profile.Exchange {
	var out []profile.Exchange
	r := profile.NewReader(nil)
	for _, f := range s.facts {
		r.Read(f, func(x *profile.Exchange) {
			c := *x
			c.Client.Names, c.Server.Names = slices.Clone(x.Client.Names), slices.Clone(x.Server.Names)
			out = append(out, c)
		})
	}
	return out
}

func learn(t testing.TB, o profile.LearnOptions, s *scene, found ...*finding.Finding) []*policy.Policy {
	t.Helper()
	l := profile.NewLearner(o)
	for _, x := range s.exchanges() {
		l.Observe(&x)
	}
	for _, f := range found {
		l.Leave(f)
	}
	return l.Policies([]*asset.Device{plug.device(), other.device(), phone.device(), router.device()})
}

func prove(t testing.TB, policies []*policy.Policy, s *scene) *profile.Result {
	t.Helper()
	set, err := profile.Compile(policies, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := profile.NewProof(set, profile.ProofOptions{})
	for _, x := range s.exchanges() {
		p.Observe(&x)
	}
	return p.Result()
}

func publish(topic, client string, size uint32) *event.MQTT {
	return &event.MQTT{Type: "publish", ClientID: client, Publish: event.MQTTPublish{Topic: topic, Len: size}}
}

func connect(client string) *event.MQTT {
	return &event.MQTT{Type: "connect", Connect: event.MQTTConnect{ClientID: client}}
}

func modbus(unit uint8, class event.OpClass, address, quantity uint16) *event.Modbus {
	return &event.Modbus{Unit: unit, Class: class, Address: address, Quantity: quantity, Answered: true}
}

// ordinary is what the plug does on a day.
func ordinary() *scene {
	s := newScene()
	s.fact(host{}, plug, 17, 68, &event.DHCP{Type: "reply", MsgType: "ack", ClientMAC: plug.mac.String(), AssignedIP: plug.addr, DNS: []string{router.addr.String()}, Routers: []string{router.addr.String()}})
	s.resolves(plug, "api2.acme.example.com", cloud)
	s.talks(plug, cloud, 6, 443, event.ProtoTLS)
	s.resolves(plug, "ntp.acme.example.com", netip.MustParseAddr("203.0.113.9"))
	s.says(plug, netip.MustParseAddr("203.0.113.9"), 17, 123, event.ProtoNTP, &event.NTP{Mode: 3, RespLen: 48})
	s.says(plug, other, 6, 1883, event.ProtoMQTT, connect("plug-10"), publish("home/plug/state", "plug-10", 20))
	s.says(phone, plug, 6, 80, event.ProtoHTTP, &event.HTTP{Method: "GET", URL: "/status/17?x=1"})
	s.says(other, plug, 6, 502, event.ProtoModbus, modbus(1, event.OpRead, 100, 10))
	s.talks(plug, netip.MustParseAddr("239.255.255.250"), 17, 1900, event.ProtoSSDP)
	return s
}

func TestWhatWasLearnedIsAllowed(t *testing.T) {
	p := learn(t, profile.LearnOptions{}, ordinary())
	if r := prove(t, p, ordinary()); r.Summary.WouldBlock != 0 || r.Summary.Exchanges < 9 {
		t.Errorf("%+v %+v", r.Summary, r.Blocked)
	}
}

// TestWhatDiffersIsTold wants each kind of difference to be refused, with its
// reason and a packet.
func TestWhatDiffersIsTold(t *testing.T) {
	policies := learn(t, profile.LearnOptions{Devices: []string{plug.mac.String()}}, ordinary())
	evil := netip.MustParseAddr("198.51.100.66")
	for name, c := range map[string]struct {
		reason string
		do     func(*scene)
	}{
		"another server": {"peer", func(s *scene) { s.talks(plug, evil, 6, 443, event.ProtoTLS) }},
		"the server's other port": {"port", func(s *scene) {
			s.resolves(plug, "api2.acme.example.com", cloud)
			s.talks(plug, cloud, 6, 8443, event.ProtoTLS)
		}},
		"another protocol": {"protocol", func(s *scene) {
			s.resolves(plug, "api2.acme.example.com", cloud)
			s.talks(plug, cloud, 6, 443, event.ProtoIRC)
		}},
		"another name": {"target", func(s *scene) { s.resolves(plug, "cnc.evil.example.net", evil) }},
		"names in secret": {"verb", func(s *scene) {
			s.says(plug, router, 17, 53, event.ProtoDNS, &event.DNS{RRName: "a.example.net", RRType: "TXT"})
		}},
		"another topic": {"target", func(s *scene) {
			s.says(plug, other, 6, 1883, event.ProtoMQTT, publish("home/door/open", "plug-10", 20))
		}},
		"as somebody else": {"identity", func(s *scene) { s.says(plug, other, 6, 1883, event.ProtoMQTT, connect("door-1")) }},
		"a large message": {"size", func(s *scene) {
			s.says(plug, other, 6, 1883, event.ProtoMQTT, publish("home/plug/state", "plug-10", 90000))
		}},
		"retained": {"retain", func(s *scene) {
			b := publish("home/plug/state", "plug-10", 20)
			b.Publish.Retain = true
			s.says(plug, other, 6, 1883, event.ProtoMQTT, b)
		}},
		"a command": {"verb", func(s *scene) {
			s.says(phone, plug, 6, 80, event.ProtoHTTP, &event.HTTP{Method: "POST", URL: "/status/17"})
		}},
		"another path": {"target", func(s *scene) {
			s.says(phone, plug, 6, 80, event.ProtoHTTP, &event.HTTP{Method: "GET", URL: "/cgi-bin/x"})
		}},
		"a write":         {"verb", func(s *scene) { s.says(other, plug, 6, 502, event.ProtoModbus, modbus(1, event.OpWrite, 100, 1)) }},
		"other registers": {"points", func(s *scene) { s.says(other, plug, 6, 502, event.ProtoModbus, modbus(1, event.OpRead, 105, 10)) }},
		"another unit":    {"points", func(s *scene) { s.says(other, plug, 6, 502, event.ProtoModbus, modbus(2, event.OpRead, 100, 10)) }},
		"another asker":   {"peer", func(s *scene) { s.talks(newHost(66), plug, 6, 80, event.ProtoHTTP) }},
		"the phone's address": {"peer", func(s *scene) {
			thief := newHost(67)
			thief.addr = phone.addr
			s.talks(thief, plug, 6, 80, event.ProtoHTTP)
		}},
		"a flood": {"rate", func(s *scene) {
			s.resolves(plug, "api2.acme.example.com", cloud)
			s.talks(plug, cloud, 6, 443, event.ProtoTLS).Aggregated = 100000
		}},
		"much in little": {"rate", func(s *scene) {
			s.resolves(plug, "api2.acme.example.com", cloud)
			s.talks(plug, cloud, 6, 443, event.ProtoTLS).BytesToServer = 1 << 30
		}},
		"a redirect of anyone": {"peer", func(s *scene) { s.talks(other, plug, 1, 0, 0).ICMPType = 5 }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			s.fact(host{}, plug, 17, 68, &event.DHCP{DNS: []string{router.addr.String()}})
			c.do(s)
			r := prove(t, policies, s)
			if len(r.Blocked) == 0 {
				t.Fatalf("nothing is refused of %+v", r.Summary)
			}
			b := r.Blocked[len(r.Blocked)-1]
			if b.Reason != c.reason || b.Why == "" || len(b.Samples) == 0 || b.Samples[0].Packet == 0 || r.Summary.WouldBlock == 0 {
				t.Errorf("%+v", b)
			}
		})
	}
}

// TestHarmlessChangesAreAllowed has what changes from day to day and means
// nothing.
func TestHarmlessChangesAreAllowed(t *testing.T) {
	policies := learn(t, profile.LearnOptions{Devices: []string{plug.mac.String()}}, ordinary())
	s := newScene()
	s.fact(host{}, plug, 17, 68, &event.DHCP{DNS: []string{router.addr.String()}})
	moved := netip.MustParseAddr("203.0.113.200")
	s.resolves(plug, "api7.acme.example.com", moved) // its maker's next server
	s.talks(plug, moved, 6, 443, event.ProtoTLS)
	s.resolves(plug, "ntp3.acme.example.com", moved)
	s.says(plug, moved, 17, 123, event.ProtoNTP, &event.NTP{Mode: 3, RespLen: 48})
	s.says(phone, plug, 6, 80, event.ProtoHTTP, &event.HTTP{Method: "GET", URL: "/status/18"})
	s.says(other, plug, 6, 502, event.ProtoModbus, modbus(1, event.OpRead, 102, 3))
	s.talks(plug, cloud, 1, 0, 0).ICMPType = 3
	late := s.talks(plug, netip.MustParseAddr("203.0.113.201"), 6, 443, event.ProtoTLS)
	late.Midstream = true // began before the capture: its name cannot be known
	for range 3 {
		vain := s.talks(phone, plug, 6, 80, 0)
		vain.ConnState, vain.DataToServer, vain.DataToClient, vain.BytesToClient = "S0", 0, 0, 0
	}
	r := prove(t, policies, s)
	for _, b := range r.Blocked {
		t.Errorf("%+v", *b)
	}
	if r.Summary.Undecided != 1 {
		t.Errorf("%+v", r.Summary)
	}
}

func TestAttacksAreLeftOut(t *testing.T) {
	s := ordinary()
	s.talks(newHost(66), plug, 6, 23, event.ProtoTelnet)
	attack := &finding.Finding{ID: "f1", Check: "credential.guessing", Title: "Guessing", Kind: finding.Detection, Severity: ident.High, Host: plug.key(), Peers: []string{"192.168.1.66"}, PeerCount: 1}
	policies := learn(t, profile.LearnOptions{Devices: []string{plug.mac.String()}}, s, attack)
	body, err := profile.Body(policies[0])
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(body.Lines, func(l policy.Line) bool { return l.Protocol == "telnet" }) {
		t.Error("the attack became a line")
	}
	if l := body.Learned.LeftOut; len(l) != 1 || l[0].Finding != "f1" || l[0].Exchanges != 1 || l[0].Peer != "192.168.1.66" {
		t.Errorf("%+v", l)
	}
}

func TestWhatIsPassedOnIsNotTheDevices(t *testing.T) {
	guest := host{plug.mac, netip.MustParseAddr("10.22.22.2")}
	s := ordinary()
	s.talks(guest, netip.MustParseAddr("198.51.100.1"), 6, 443, event.ProtoTLS)
	policies := learn(t, profile.LearnOptions{Devices: []string{plug.mac.String()}}, s)
	body, _ := profile.Body(policies[0])
	if len(body.Behind) != 1 || body.Behind[0].String() != "10.22.22.0/24" {
		t.Errorf("%v", body.Behind)
	}
	later := ordinary()
	later.talks(guest, netip.MustParseAddr("198.51.100.2"), 6, 80, event.ProtoHTTP)
	spoofed := host{plug.mac, netip.MustParseAddr("10.99.0.7")}
	later.talks(spoofed, netip.MustParseAddr("198.51.100.3"), 17, 80, 0)
	if r := prove(t, policies, later); r.Summary.WouldBlock != 1 || r.Blocked[0].Peer != "198.51.100.3" {
		t.Errorf("%+v %+v", r.Summary, r.Blocked)
	}
}

func TestPerClass(t *testing.T) {
	s := newScene()
	for i, h := range []host{plug, other} {
		s.resolves(h, "api.acme.example.com", cloud)
		s.talks(h, cloud, 6, uint16(443+i), event.ProtoTLS)
	}
	policies := learn(t, profile.LearnOptions{PerClass: true, Devices: []string{"d0a", "192.168.1.11"}}, s)
	if len(policies) != 1 {
		t.Fatalf("%d policies", len(policies))
	}
	body, _ := profile.Body(policies[0])
	if len(body.Members) != 2 || body.Vendor != "Acme" {
		t.Errorf("%+v", body)
	}
	swapped := newScene()
	swapped.resolves(plug, "api.acme.example.com", cloud)
	swapped.talks(plug, cloud, 6, 444, event.ProtoTLS)
	if r := prove(t, policies, swapped); r.Summary.WouldBlock != 0 {
		t.Errorf("%+v", r.Blocked)
	}
}

// TestWiderLinesWait wants registrable domains only with a person's consent.
func TestWiderLinesWait(t *testing.T) {
	s := newScene()
	for _, n := range []string{"alpha", "beta", "gamma"} {
		s.resolves(plug, n+".acme.example.com", cloud)
	}
	s.talks(plug, cloud, 6, 443, event.ProtoTLS)
	next := newScene()
	next.resolves(plug, "delta.acme.example.com", netip.MustParseAddr("203.0.113.77"))
	next.talks(plug, netip.MustParseAddr("203.0.113.77"), 6, 443, event.ProtoTLS)
	for consent, want := range map[bool]string{false: "proposed", true: ""} {
		r := prove(t, learn(t, profile.LearnOptions{Domains: consent, Devices: []string{"d0a"}}, s), next)
		got := ""
		for _, b := range r.Blocked {
			if b.Port == 443 {
				got = b.Reason
			}
		}
		if got != want {
			t.Errorf("consent %v: %q, want %q", consent, got, want)
		}
	}
}

func TestScenariosDoNotGetThrough(t *testing.T) {
	policies := learn(t, profile.LearnOptions{Devices: []string{"d0a"}}, ordinary())
	set, err := profile.Compile(policies, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range profile.Scenarios() {
		if r := set.Replay(policies[0], sc, begin); r.Blocked != r.Exchanges || r.Exchanges == 0 {
			t.Errorf("%s: %d of %d blocked, first through %q", sc.ID, r.Blocked, r.Exchanges, r.Through)
		}
	}
}

// TestBound compares with the tables of the Poisson distribution.
func TestBound(t *testing.T) {
	for _, c := range []struct {
		k    uint64
		want float64
	}{{0, 3}, {1, 4.744}, {2, 6.296}, {10, 16.962}, {100, 118.08}, {5000, 5118.0}} {
		if got := profile.Bound(c.k, 1); math.Abs(got-c.want)/c.want > 0.002 {
			t.Errorf("Bound(%d, 1) = %.3f, want %.3f", c.k, got, c.want)
		}
	}
	if !math.IsInf(profile.Bound(0, 0), 1) {
		t.Error("no time bounds nothing")
	}
}

// TestLittleIsNotEnough wants no proof of a day, and one of a month.
func TestLittleIsNotEnough(t *testing.T) {
	policies := learn(t, profile.LearnOptions{Devices: []string{"d0a"}}, ordinary())
	s := ordinary()
	if r := prove(t, policies, s); r.Summary.Enough || !strings.HasPrefix(r.Summary.Verdict, "not enough seen") {
		t.Errorf("%+v", r.Summary)
	}
	for range 31 * 24 {
		s.now += hour
		s.talks(plug, netip.MustParseAddr("239.255.255.250"), 17, 1900, event.ProtoSSDP)
	}
	r := prove(t, policies, s)
	if days := r.Summary.DeviceDays; !r.Summary.Enough || days < 30.9 || days > 31.1 || math.Abs(r.Summary.Bound-3/days) > 1e-9 || strings.Contains(r.Summary.Verdict, "proven") {
		t.Errorf("%+v", r.Summary)
	}
}

func TestBrokenProfiles(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":            `{`,
		"unknown kind":       `{"lines":[{"id":"l1","direction":"out","peer":{"kind":"friend"}}]}`,
		"unknown role":       `{"lines":[{"id":"l1","direction":"out","peer":{"kind":"role","value":"king"}}]}`,
		"unknown direction":  `{"lines":[{"id":"l1","direction":"up","peer":{"kind":"any"}}]}`,
		"unknown transport":  `{"lines":[{"id":"l1","direction":"out","transport":"300","peer":{"kind":"any"}}]}`,
		"unknown protocol":   `{"lines":[{"id":"l1","direction":"out","protocol":"morse","peer":{"kind":"any"}}]}`,
		"broken MAC address": `{"members":[{"macs":["zz"]}]}`,
	} {
		_, err := profile.Compile([]*policy.Policy{{ID: "p1", Kind: policy.ForProfile, Body: json.RawMessage(body)}}, profile.Options{})
		if err == nil || !strings.Contains(err.Error(), "p1") || strings.Contains(body, "l1") && !strings.Contains(err.Error(), "l1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCompile wants no profile to break the evaluator.
func FuzzCompile(f *testing.F) {
	policies := learn(f, profile.LearnOptions{}, ordinary())
	for _, p := range policies {
		f.Add([]byte(p.Body))
	}
	exchanges := ordinary().exchanges()
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := profile.Compile([]*policy.Policy{{ID: "p", Kind: policy.ForProfile, Body: body}}, profile.Options{})
		if err != nil {
			return
		}
		e := profile.NewEvaluator(set)
		for i := range exchanges {
			e.Judge(&exchanges[i])
		}
	})
}

// fleet is many profiles of forty lines.
func fleet(n int) []*policy.Policy {
	out := make([]*policy.Policy, n)
	for i := range out {
		p := policy.Profile{Name: "plug", Members: []policy.Member{{MACs: []string{ident.MAC{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}.String()}}}}
		for k := range 40 {
			l := policy.Line{Direction: policy.Out, Transport: "tcp", Ports: []policy.Range{{First: uint32(443 + k%4), Last: uint32(443 + k%4)}}, Protocol: "tls", Limits: policy.Limits{PerHour: 1 << 40}}
			l.Peer = policy.Peer{Kind: policy.PeerName, Names: []string{fmt.Sprintf("api%d.maker%d.example.com", k, i%50)}}
			if k%4 == 3 {
				l.Protocol, l.Ports = "mqtt", []policy.Range{{First: 1883, Last: 1883}}
				l.Verbs = []policy.Verb{{Op: "publish", Targets: []string{fmt.Sprintf("home/%d/+/state", k)}, MaxSize: 4096}}
			}
			l.ID = l.Identify()
			p.Lines = append(p.Lines, l)
		}
		out[i] = &policy.Policy{ID: fmt.Sprint("p", i), Kind: policy.ForProfile}
		if err := profile.Envelope(out[i], &p); err != nil {
			panic(err)
		}
	}
	return out
}

// TestTenThousandProfiles holds the memory that many profiles take.
func TestTenThousandProfiles(t *testing.T) {
	if testing.Short() {
		t.Skip("a long comparison")
	}
	policies := fleet(10_000)
	for _, p := range policies {
		_ = p
	}
	before := heap()
	set, err := profile.Compile(policies, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := profile.NewEvaluator(set)
	used := heap() - before
	t.Logf("%d profiles of 40 lines take %d MB beside their text", set.Len(), used>>20)
	if used > 200<<20 {
		t.Errorf("%d MB", used>>20)
	}
	runtime.KeepAlive(e)
	runtime.KeepAlive(policies)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkJudge judges exchanges of 10,000 devices with 40 lines each, half
// of them on the last lines, a tenth on none.
func BenchmarkJudge(b *testing.B) {
	set, err := profile.Compile(fleet(10_000), profile.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := profile.NewEvaluator(set)
	xs := make([]profile.Exchange, 4096)
	for i := range xs {
		n := i * 7919 % 10_000
		k := i % 40
		x := profile.Exchange{Time: begin, Weight: 1, Transport: 6, ServerPort: uint16(443 + k%4), Protocol: event.ProtoTLS}
		x.Client = profile.Side{Host: ident.HostKey(n + 1), MAC: ident.MAC{2, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)}, Home: true}
		x.Server = profile.Side{Host: 1 << 40, Addr: cloud, Names: []string{fmt.Sprintf("api%d.maker%d.example.com", k, n%50)}}
		if k%4 == 3 {
			x.Protocol, x.ServerPort = event.ProtoMQTT, 1883
			x.Act = profile.Act{Op: "publish", Target: fmt.Sprintf("home/%d/a/state", k), Size: 20}
		}
		if i%10 == 0 {
			x.Server.Names = nil
		}
		xs[i] = x
	}
	b.ReportAllocs()
	b.ResetTimer()
	allowed := 0
	for i := range b.N {
		if e.Judge(&xs[i%len(xs)]).Allowed {
			allowed++
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
	if b.N > 10_000 && allowed == 0 {
		b.Fatal("nothing is allowed")
	}
}
