package profile

import (
	"cmp"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Hosts says what is known of hosts at the time of a fact.
type Hosts interface {
	// Home reports whether an address is one of ours.
	Home(p ident.Place, a netip.Addr) bool
	// Host gives what is known of a host of ours.
	Host(k ident.HostKey) (Host, bool)
}

// Host is what a reader asks about a host.
type Host struct {
	Device string // id of the run or the hub
	Zone   string
	Vendor string
	MUD    string // URL that it announced
	Router bool
}

// Reader turns facts into exchanges. It is used by one goroutine. Its memory
// is bounded: what it knows of names, roles and flows is forgotten oldest
// first.
type Reader struct {
	hosts   Hosts
	names   names
	roles   roles
	flows   flows
	links   links
	tries   attempts
	x       Exchange
	began   int64 // of the capture that is read
	capture uint32
	grace   int64
	fresh   map[ident.HostKey]Host // what hosts were found to be, until it grows old
	asked   int
}

// NewReader makes a reader. hosts may be nil: then home is what is private,
// and nothing is known of anybody.
func NewReader(hosts Hosts) *Reader {
	if hosts == nil {
		hosts = nobody{}
	}
	return &Reader{hosts: hosts, names: newNames(), roles: newRoles(), flows: newFlows(), links: newLinks(), tries: newAttempts(), fresh: map[ident.HostKey]Host{}}
}

// NewLiveReader makes a reader for traffic that was going on before it looked:
// for an hour, a peer without a name may be one that was asked for earlier.
func NewLiveReader(hosts Hosts) *Reader {
	r := NewReader(hosts)
	r.grace = hour
	return r
}

type nobody struct{}

func (nobody) Home(_ ident.Place, a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

func (nobody) Host(ident.HostKey) (Host, bool) { return Host{}, false }

// Read takes the next fact, with its host keys, and tells the exchanges that
// it is. An exchange holds during the call of emit only; its texts as long as
// those of the fact.
func (r *Reader) Read(f *event.Fact, emit func(*Exchange)) {
	if r.began == 0 || r.grace == 0 && (f.Time < r.began || f.Capture != r.capture) {
		r.began, r.capture = f.Time, f.Capture
	}
	r.learn(f)
	if b, ok := f.Body.(*event.Flow); ok {
		r.flow(f, b, emit)
		return
	}
	var scratch [maxActs]Act
	acts := actsOf(f.Body, scratch[:0])
	if len(acts) == 0 {
		return
	}
	back := sentByServer(f.Body)
	x := r.begin(f, back)
	x.Protocol = protocolOf(f.Body)
	x.Weight = 1
	x.Failed = unanswered(f.Body)
	for i := range acts {
		x.Act = acts[i]
		emit(x)
	}
	if f.Flow != 0 {
		r.flows.note(f.Capture, f.Flow)
	}
}

// begin fills in an exchange's ends. back says that the fact's source is the
// side that was asked.
func (r *Reader) begin(f *event.Fact, back bool) *Exchange {
	x := &r.x
	*x = Exchange{
		Time: f.Time, Transport: f.Transport, ClientPort: f.SrcPort, ServerPort: f.DstPort, Place: f.Place, Flow: f.Flow,
		Where: Where{f.Capture, f.Packet, f.Offset},
	}
	x.Client, x.Server = r.side(f.Place, f.SrcHost, f.Src, f.SrcMAC), r.side(f.Place, f.DstHost, f.Dst, f.DstMAC)
	if back {
		x.Client, x.Server = x.Server, x.Client
		x.ClientPort, x.ServerPort = x.ServerPort, x.ClientPort
	}
	x.Unnamed = f.Time-r.began < r.grace
	x.Server.Names = r.names.of(x.Client.Host, f.Capture, f.Flow, f.Place, x.Server.Addr)
	x.Client.Names = r.names.known(x.Server.Host, f.Place, x.Client.Addr)
	return x
}

func (r *Reader) side(p ident.Place, k ident.HostKey, a netip.Addr, mac ident.MAC) Side {
	a = a.Unmap()
	s := Side{Host: k, Addr: a}
	if group(a, mac) {
		s.Roles = Group
		return s
	}
	if !mac.IsZero() && k == event.HostKeyOf(p, mac, [16]byte{}) {
		s.MAC, s.Home, s.Behind = mac, true, r.links.passesOn(p, mac, a)
	}
	if !s.Home {
		s.Home = r.hosts.Home(p, a)
	}
	s.Roles = r.roles.of(p, a)
	if !s.Home {
		return s
	}
	h := r.host(k)
	s.Device, s.Zone, s.Vendor, s.MUD = h.Device, h.Zone, h.Vendor, h.MUD
	if h.Router {
		s.Roles |= Gateway
	}
	return s
}

// maxFresh bounds what is remembered of hosts, and how often it is used
// before it is asked for again.
const maxFresh = 4096

func (r *Reader) host(k ident.HostKey) Host {
	if r.asked++; r.asked > maxFresh {
		clear(r.fresh)
		r.asked = 0
	}
	h, ok := r.fresh[k]
	if !ok {
		h, _ = r.hosts.Host(k)
		if len(r.fresh) < maxFresh {
			r.fresh[k] = h
		}
	}
	return h
}

// group reports whether an address or, without one, a MAC stands for many.
func group(a netip.Addr, mac ident.MAC) bool {
	if !a.IsValid() || a.IsUnspecified() {
		return mac.IsGroup()
	}
	if a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	return mac == ident.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} // the broadcast of a subnet
}

// learn takes what a fact says of names and roles.
func (r *Reader) learn(f *event.Fact) {
	switch b := f.Body.(type) {
	case *event.DNS:
		if !b.Answered {
			return
		}
		name := canonical(b.RRName)
		for i := range b.Answers {
			if a := b.Answers[i].Addr; a.IsValid() {
				r.names.learn(f.SrcHost, f.Place, a.Unmap(), name)
			}
		}
		if b.RCodeNum == 0 && r.hosts.Home(f.Place, f.Dst.Unmap()) {
			r.roles.add(f.Place, f.Dst.Unmap(), Resolver)
		}
	case *event.MDNS:
		for i := range b.Answers {
			if a := b.Answers[i].Addr; a.IsValid() {
				r.names.say(f.Place, a.Unmap(), canonical(b.Answers[i].Name))
			}
		}
	case *event.TLS:
		r.names.shake(f.Capture, f.Flow, cmp.Or(named(b.SNI), certified(b)))
	case *event.QUIC:
		r.names.shake(f.Capture, f.Flow, named(b.SNI))
	case *event.HTTP:
		r.names.shake(f.Capture, f.Flow, named(hostOnly(b.Host)))
	case *event.DHCP:
		for _, s := range b.Routers {
			r.roles.addText(f.Place, s, Gateway)
		}
		for _, s := range b.DNS {
			r.roles.addText(f.Place, s, Resolver)
		}
		r.roles.add(f.Place, b.ServerID.Unmap(), DHCPServer)
		if b.MsgType == "ack" {
			r.links.add(f.Place, b.ClientMAC, b.AssignedIP.Unmap())
		}
		if b.Hostname != "" && b.ClientIP.IsValid() {
			r.names.say(f.Place, b.ClientIP.Unmap(), canonical(b.Hostname))
		}
	case *event.ARP:
		r.links.add(f.Place, b.SenderMAC, b.SenderIP.Unmap())
	case *event.DHCPv6:
		for _, s := range b.DNS {
			r.roles.addText(f.Place, s, Resolver)
		}
	case *event.ICMP:
		if b.Router && b.V6 {
			r.roles.add(f.Place, f.Src.Unmap(), Gateway)
		}
		for _, s := range b.DNS {
			r.roles.addText(f.Place, s, Resolver)
		}
	case *event.NTP:
		if b.Mode == 4 || b.RespLen > 0 {
			server := f.Dst
			if b.Mode == 4 {
				server = f.Src
			}
			r.roles.add(f.Place, server.Unmap(), TimeServer)
		}
	}
}

// certified gives the name for which a server showed a certificate, for
// clients that do not say whom they want. Names of suffixes under which
// anybody can have one say nothing.
func certified(b *event.TLS) string {
	for _, n := range b.SANs {
		n = canonical(n)
		if named(n) == "" {
			continue
		}
		if bare, wild := strings.CutPrefix(n, "*."); wild && !owned("x."+bare) || strings.IndexByte(n, '.') < 0 {
			continue
		}
		return n
	}
	return ""
}

// flow tells the record of a flow. Where its transactions were told one by
// one it has no weight: only its volume counts.
func (r *Reader) flow(f *event.Fact, b *event.Flow, emit func(*Exchange)) {
	x := r.begin(f, false)
	if x.Client.Addr == x.Server.Addr && x.Client.Host == x.Server.Host {
		return
	}
	x.Protocol = b.AppProto
	x.BytesOut, x.BytesIn = b.BytesToServer, b.BytesToClient
	x.Failed = b.DataToServer+b.DataToClient == 0 && b.State != "established" && b.State != "closed" || b.ConnState == "S0" || b.ConnState == "REJ"
	x.Guessed = b.Midstream || b.OneSided && f.Transport == udp && x.Server.Roles&Group == 0 && f.Time-r.began < early
	x.Weight = 1 + b.Aggregated
	if act, ok := control(f.Transport, b, x.Client.Roles); ok {
		x.Act = act
	} else if r.flows.done(f.Capture, f.Flow) {
		x.Weight = b.Aggregated
	} else if x.Failed && r.tries.again(attempt{x.Client.Host, x.Place, x.Server.Addr, x.ServerPort, x.Transport}, f.Time) {
		x.Weight = b.Aggregated
	}
	if b.Start != 0 {
		x.Time = b.Start
	}
	emit(x)
	r.names.forget(f.Capture, f.Flow)
}

// early is how long after its beginning a capture may show datagrams that
// answer others before it.
const early = 10 * 60e9

// The IP protocols that are named here.
const (
	icmp   = 1
	igmp   = 2
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// OpNetwork is what keeps a network going: errors, neighbours, groups.
const OpNetwork = "network"

// control gives the act of a flow that has no ports.
func control(transport uint8, b *event.Flow, from Roles) (Act, bool) {
	switch transport {
	case igmp:
		return Act{Op: OpNetwork}, true
	case icmp:
		switch b.ICMPType {
		case 3, 4, 11, 12: // destination unreachable, source quench, time exceeded, parameter problem (RFC 792)
			return Act{Op: OpNetwork}, true
		case 0, 8:
			if from&(Gateway|DHCPServer) != 0 { // is an address free? (RFC 2131, section 2.2)
				return Act{Op: OpNetwork}, true
			}
			return Act{Op: "echo"}, true
		case 5: // a redirect is for the router to send
			if from&Gateway != 0 {
				return Act{Op: OpNetwork}, true
			}
		}
		return Act{Op: "type " + number(b.ICMPType)}, true
	case icmpv6:
		switch t := b.ICMPType; {
		case t >= 1 && t <= 4, t >= 130 && t <= 136, t == 137 && from&Gateway != 0, t == 143: // RFC 4443, 4861, 3810
			return Act{Op: OpNetwork}, true
		case t == 128 || t == 129:
			return Act{Op: "echo"}, true
		}
		return Act{Op: "type " + number(b.ICMPType)}, true
	}
	return Act{}, false
}

// canonical gives a name in lower case without its final dot; empty when it
// is too long to be one (RFC 1035, section 2.3.4).
func canonical(name string) string {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return ""
	}
	return strings.ToLower(name)
}

// named gives a name as canonical does, and nothing for an address.
func named(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	return canonical(host)
}

// hostOnly takes the port off the Host field of a request.
func hostOnly(host string) string {
	if strings.HasPrefix(host, "[") {
		inner, _, _ := strings.Cut(host[1:], "]")
		return inner
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host, ':') == i {
		return host[:i]
	}
	return host
}
