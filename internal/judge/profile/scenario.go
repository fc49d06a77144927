package profile

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Scenario is an attack against a device, or by one that was taken over, as
// the exchanges that it needs. What the traits are from is in Source.
type Scenario struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Source string `json:"source"`
	steps  []step
}

// step is a number of like exchanges of a scenario.
type step struct {
	in        bool // somebody asks the device; else the device asks
	inside    bool // the other side is at home
	n         int  // with as many different addresses
	transport uint8
	port      uint16
	proto     event.Proto
	act       Act
	name      string // that the device asked for
	bytes     uint64
}

// Scenarios are the attacks that a profile is tried against. They are made
// of published traits, not recorded.
func Scenarios() []Scenario { return scenarios }

var scenarios = []Scenario{
	{ID: "mirai-infect", Title: "A worm logs in with factory passwords", Source: "Antonakakis et al., Understanding the Mirai Botnet, USENIX Security 2017", steps: []step{
		{in: true, n: 1, transport: tcp, port: 23, proto: event.ProtoTelnet},
		{in: true, n: 1, transport: tcp, port: 2323, proto: event.ProtoTelnet},
		{n: 1, transport: tcp, port: 80, proto: event.ProtoHTTP, act: Act{Op: "get", Target: "/bins/mirai.arm7"}, bytes: 120 << 10},
	}},
	{ID: "mirai-spread", Title: "The device looks for others to infect", Source: "Antonakakis et al., 2017, section 3", steps: []step{
		{n: 64, transport: tcp, port: 23}, {n: 8, transport: tcp, port: 2323}, {n: 16, transport: tcp, port: 37215}, {n: 16, transport: tcp, port: 52869},
	}},
	{ID: "mirai-control", Title: "The device takes orders of a botnet", Source: "Antonakakis et al., 2017, section 2.1", steps: []step{
		{n: 1, transport: tcp, port: 48101}, {n: 1, transport: tcp, port: 23, name: "cnc.example.net"},
		{n: 1, transport: udp, port: 53, proto: event.ProtoDNS, act: Act{Op: "query", Target: "cnc.example.net"}},
	}},
	{ID: "irc-bot", Title: "The device joins a channel of bots", Source: "MITRE ATT&CK T1071", steps: []step{{n: 1, transport: tcp, port: 6667, proto: event.ProtoIRC}}},
	{ID: "flood", Title: "The device floods somebody", Source: "Antonakakis et al., 2017, table 8", steps: []step{
		{n: 1, transport: udp, port: 80, bytes: 1 << 30}, {n: 1, transport: tcp, port: 80, bytes: 1 << 20}, {n: 32, transport: udp, port: 53, proto: event.ProtoDNS, act: Act{Op: "query any", Target: "a1b2.victim.example"}},
	}},
	{ID: "mine", Title: "The device mines for somebody else", Source: "MITRE ATT&CK T1496", steps: []step{{n: 1, transport: tcp, port: 3333, proto: event.ProtoStratum, name: "pool.example.org"}}},
	{ID: "proxy", Title: "The device carries traffic of strangers", Source: "FBI, 911 S5 advisory, 2024", steps: []step{
		{in: true, n: 4, transport: tcp, port: 1080, proto: event.ProtoSOCKS}, {n: 32, transport: tcp, port: 443, proto: event.ProtoTLS, name: "shop.example.com"},
	}},
	{ID: "dns-tunnel", Title: "Data leave in names", Source: "MITRE ATT&CK T1071.004", steps: []step{
		{n: 1, transport: udp, port: 53, proto: event.ProtoDNS, act: Act{Op: "query txt", Target: "mzxw6ytboi2dgmrtgaydamjqgaydambq.t.example.net"}},
		{n: 1, transport: udp, port: 53, proto: event.ProtoDNS, act: Act{Op: "query", Target: "nbswy3dpeb3w64tmmqqgm33pmjqxe.t.example.net"}},
	}},
	{ID: "lateral", Title: "The device attacks its neighbours", Source: "MITRE ATT&CK T1021", steps: []step{
		{inside: true, n: 16, transport: tcp, port: 445, proto: event.ProtoSMB}, {inside: true, n: 16, transport: tcp, port: 22, proto: event.ProtoSSH}, {inside: true, n: 4, transport: tcp, port: 502, proto: event.ProtoModbus, act: Act{Op: "write", Units: true, Unit: 1, Points: true, First: 0, Last: 9}},
	}},
	{ID: "neighbour", Title: "A neighbour scans and asks the device", Source: "MITRE ATT&CK T1046", steps: []step{
		{in: true, inside: true, n: 1, transport: tcp, port: 22}, {in: true, inside: true, n: 1, transport: tcp, port: 445}, {in: true, inside: true, n: 1, transport: tcp, port: 8080, proto: event.ProtoHTTP, act: Act{Op: "get", Target: "/cgi-bin/;wget"}},
		{in: true, inside: true, n: 1, transport: tcp, port: 502, proto: event.ProtoModbus, act: Act{Op: "write", Units: true, Unit: 1}},
	}},
	{ID: "m2m-spy", Title: "A stranger reads and writes all topics", Source: "Lundgren, Taking over the world through MQTT, Black Hat 2017", steps: []step{
		{in: true, n: 1, transport: tcp, port: 1883, proto: event.ProtoMQTT, act: Act{Op: "subscribe", Target: "#", Filter: true, As: "spy"}},
		{n: 1, transport: tcp, port: 1883, proto: event.ProtoMQTT, act: Act{Op: "subscribe", Target: "#", Filter: true, As: "spy"}, name: "broker.example.org"},
		{in: true, n: 1, transport: udp, port: 5683, proto: event.ProtoCoAP, act: Act{Op: "get", Target: "/.well-known/core"}},
	}},
}

// Replayed is what a profile does to a scenario.
type Replayed struct {
	Scenario
	Exchanges int    `json:"exchanges"`
	Blocked   int    `json:"blocked"`
	Through   string `json:"through,omitempty"` // what was not blocked first
}

// Replay tries a set's profile of one member against a scenario.
func (s *Set) Replay(p *policy.Policy, sc Scenario, at int64) Replayed {
	r := Replayed{Scenario: sc}
	for i := range s.profiles {
		if s.profiles[i].policy.ID != p.ID {
			continue
		}
		e := NewEvaluator(s)
		own := sideOf(&s.profiles[i].member)
		for _, st := range sc.steps {
			for k := range st.n {
				x := st.exchange(own, k, at)
				r.Exchanges++
				if v := e.Judge(&x); !v.Allowed {
					r.Blocked++
				} else if r.Through == "" {
					r.Through = TransportName(st.transport) + " port " + number(st.port)
				}
			}
		}
	}
	return r
}

func sideOf(m *policy.Member) Side {
	s := Side{Device: m.ID, Home: true, Host: 1}
	if len(m.MACs) > 0 {
		s.MAC, _ = ident.ParseMAC(m.MACs[0])
	}
	if len(m.Addresses) > 0 {
		s.Addr = m.Addresses[0]
	}
	return s
}

// exchange makes the k-th exchange of a step. The addresses are those set
// aside for documentation (RFC 5737), so that no line is for them.
func (st *step) exchange(own Side, k int, at int64) Exchange {
	other := Side{Host: ident.HostKey(1000 + k), Addr: netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + k)})}
	if st.inside {
		other.Home, other.MAC, other.Addr = true, ident.MAC{2, 0, 0, 0, 1, byte(k)}, netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + k)})
	}
	if st.name != "" {
		other.Names = []string{st.name}
	}
	x := Exchange{
		Time: at, Weight: 1, Client: own, Server: other, Transport: st.transport, ClientPort: 40000, ServerPort: st.port, Protocol: st.proto, Act: st.act,
		BytesOut: max(st.bytes, 100), BytesIn: 100,
	}
	if st.in {
		x.Client, x.Server = other, own
	}
	return x
}
