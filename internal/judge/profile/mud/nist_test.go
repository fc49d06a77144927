package mud_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/policy"
)

// The scenarios are those of NIST's implementation (usnistgov/nist-mud,
// test/unittest), with descriptions of our own: devices 10.0.0.1 and so on at
// home, two servers outside of which one is named.

// described writes a description out of entries as conditions: for what the
// device sends, for what it is sent. extra stands in the container mud.
func described(url, extra string, entries ...[2]string) []byte {
	var lists [2]string
	for d, suffix := range []string{"frdev", "todev"} {
		var aces []string
		for i, e := range entries {
			aces = append(aces, fmt.Sprintf(`{"name": "ace%d-%s", "matches": {%s}, "actions": {"forwarding": "accept"}}`, i, suffix, e[d]))
		}
		lists[d] = fmt.Sprintf(`{"name": "list-%s", "type": "ipv4-acl-type", "aces": {"ace": [%s]}}`, suffix, strings.Join(aces, ","))
	}
	return []byte(fmt.Sprintf(`{"ietf-mud:mud": {"mud-version": 1, "mud-url": %q, "last-update": "2026-03-01T12:00:00Z", "is-supported": true, %s
		"from-device-policy": {"access-lists": {"access-list": [{"name": "list-frdev"}]}},
		"to-device-policy": {"access-lists": {"access-list": [{"name": "list-todev"}]}}},
		"ietf-access-control-list:acls": {"acl": [%s, %s]}}`, url, extra, lists[0], lists[1]))
}

// The parts of entries. A peer has a form for either direction.
type who struct{ abstract, from, to string }

func named(name string) who {
	return who{"", fmt.Sprintf(`"ietf-acldns:dst-dnsname": %q`, name), fmt.Sprintf(`"ietf-acldns:src-dnsname": %q`, name)}
}

func abstractly(leaf, value string) who {
	return who{abstract: fmt.Sprintf(`"ietf-mud:mud": {%q: %s}`, leaf, value)}
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

func over(w who, protocol int, transport, from, to, initiated string) [2]string {
	one := func(name, port string) string {
		ip := fmt.Sprintf(`"ipv4": {%s}`, joined(name, fmt.Sprintf(`"protocol": %d`, protocol)))
		if initiated != "" {
			port = joined(fmt.Sprintf(`"ietf-mud:direction-initiated": %q`, initiated), port)
		}
		return joined(w.abstract, ip, fmt.Sprintf(`"%s": {%s}`, transport, port))
	}
	return [2]string{one(w.from, from), one(w.to, to)}
}

func ports(side string, n int) string {
	return fmt.Sprintf(`"%s-port": {"operator": "eq", "port": %d}`, side, n)
}

// asksTCP lets the device connect to a port of the peer, asksUDP send to it;
// asked lets the peer connect to a port of the device.
func asksTCP(w who, port int) [2]string {
	return over(w, 6, "tcp", ports("destination", port), ports("source", port), "from-device")
}

func asked(w who, port int) [2]string {
	return over(w, 6, "tcp", ports("source", port), ports("destination", port), "to-device")
}

func asksUDP(w who, port int) [2]string {
	return over(w, 17, "udp", ports("destination", port), ports("source", port), "")
}

func anyhow(w who) [2]string { return [2]string{w.abstract, w.abstract} }

var (
	local        = abstractly("local-networks", "[null]")
	sameMaker    = abstractly("same-manufacturer", "[null]")
	myController = abstractly("my-controller", "[null]")
)

func home(n int) profile.Side {
	s := profile.Side{Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), MAC: ident.MAC{2, 0, 0, 0, 0, byte(n)}, Home: true}
	s.Host = event.HostKeyOf(ident.Place{}, s.MAC, [16]byte{})
	return s
}

func outside(last byte, names ...string) profile.Side {
	a := netip.AddrFrom4([4]byte{203, 0, 113, last})
	return profile.Side{Addr: a, Host: event.HostKeyOf(ident.Place{}, ident.MAC{}, a.As16()), Names: names}
}

func announcing(s profile.Side, url string) profile.Side { s.MUD = url; return s }

// try is an exchange and what becomes of it.
type try struct {
	client, server profile.Side
	transport      uint8
	from, to       uint16
	pass           bool
}

func tcp(client, server profile.Side, port uint16, pass bool) try {
	return try{client, server, 6, 41000, port, pass}
}

func udp(client, server profile.Side, port uint16, pass bool) try {
	return try{client, server, 17, 41000, port, pass}
}

// bound is over UDP with both ends at one port.
func bound(client, server profile.Side, port uint16, pass bool) try {
	return try{client, server, 17, port, port, pass}
}

func ping(client, server profile.Side, pass bool) try { return try{client, server, 1, 0, 0, pass} }

// device is a description with the hosts that it is for.
type device struct {
	description []byte
	hosts       []int
	quarantined bool
}

func judge(t *testing.T, devices []device, o profile.Options, tries []try) {
	t.Helper()
	var policies []*policy.Policy
	for i, d := range devices {
		f, err := mud.ReadStrict("description.json", d.description)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := mud.ToProfile(f)
		for _, h := range d.hosts {
			p.Members = append(p.Members, policy.Member{MACs: []string{home(h).MAC.String()}})
		}
		if d.quarantined {
			p = p.Quarantined()
		}
		pol := &policy.Policy{ID: fmt.Sprint("p", i), Kind: policy.ForProfile}
		if err := profile.Envelope(pol, p); err != nil {
			t.Fatal(err)
		}
		policies = append(policies, pol)
	}
	set, err := profile.Compile(policies, o)
	if err != nil {
		t.Fatal(err)
	}
	e := profile.NewEvaluator(set)
	for _, c := range tries {
		x := &profile.Exchange{Client: c.client, Server: c.server, Transport: c.transport, ClientPort: c.from, ServerPort: c.to, Weight: 1}
		if v := e.Judge(x); v.Allowed != c.pass {
			t.Errorf("%s:%d -> %s:%d over %d: allowed is %v, want %v (%s)", c.client.Addr, c.from, c.server.Addr, c.to, c.transport, v.Allowed, c.pass, v.Miss)
		}
	}
}

func TestScenariosOfNIST(t *testing.T) {
	const own = "https://toaster.nist.local/super1"
	www, antd := outside(13, "www.nist.local"), outside(14, "www.antd.local")
	toaster := func(n int) profile.Side { return announcing(home(n), own) }
	brush, hair := announcing(home(2), "https://toothbrush.nist.local/super1"), announcing(home(3), "https://hairbrush.nist.local/super1")
	router := home(8)
	router.Home, router.Roles = false, profile.Gateway // as the administrator of that test says of local-networks

	everything := described(own, "", asksTCP(named("www.nist.local"), 80), asksUDP(myController, 8002), asksUDP(local, 8000), asksUDP(sameMaker, 4000))
	operators := profile.Options{Operators: map[string][]policy.Member{"": {{Addresses: []netip.Addr{home(7).Addr}}}}}
	many := []int{}
	for i := range 100 {
		many = append(many, i+1)
	}
	printer := described(own, `"nist-mud:quarantined-device-policy": {"enabled-ace-names": [{"ace-name": "ace0-frdev"}, {"ace-name": "ace0-todev"}]},`,
		asksTCP(named("www.nist.local"), 800), asked(local, 80))

	for name, c := range map[string]struct {
		devices []device
		options profile.Options
		tries   []try
	}{
		"controller class": {
			[]device{{described(own, "", asksTCP(abstractly("controller", `"https://controller.nist.local"`), 80)), []int{1}, false}},
			profile.Options{Classes: map[string][]policy.Member{"https://controller.nist.local": {{Addresses: []netip.Addr{home(7).Addr}}}}},
			[]try{tcp(toaster(1), home(7), 80, true), udp(toaster(1), home(7), 4000, false), tcp(toaster(1), www, 80, false)},
		},
		"my controller": {
			[]device{{everything, []int{1, 2, 3}, false}}, operators,
			[]try{
				tcp(home(4), www, 80, true), bound(toaster(1), toaster(2), 4000, true), udp(toaster(1), home(7), 8002, true),
				udp(toaster(1), home(4), 8000, true), udp(toaster(1), home(4), 4000, false), tcp(toaster(1), www, 80, true), tcp(toaster(1), antd, 80, false),
			},
		},
		"logging": {
			[]device{{[]byte(strings.Replace(string(everything), `"accept"}`, `"accept", "logging": "log-syslog"}`, 1)), []int{1, 2, 3}, false}}, operators,
			[]try{
				tcp(home(4), www, 80, true), bound(toaster(1), toaster(2), 4000, true), udp(toaster(1), home(7), 8002, true),
				udp(toaster(1), home(4), 8000, true), udp(toaster(1), home(4), 4000, false), tcp(toaster(1), www, 80, true), tcp(toaster(1), antd, 80, false),
			},
		},
		"DHCP": {
			[]device{{everything, []int{1, 2}, false}}, operators,
			[]try{
				tcp(toaster(1), www, 80, true), bound(toaster(1), home(4), 4000, false), bound(toaster(1), toaster(2), 4000, true),
				tcp(toaster(1), antd, 80, false), tcp(home(3), antd, 80, true), bound(toaster(1), toaster(2), 8000, true),
			},
		},
		"DNS": {
			[]device{{described(own, "", asksTCP(named("www.nist.local"), 80)), []int{1, 2, 3}, false}}, profile.Options{},
			[]try{
				tcp(home(4), outside(13), 80, true), tcp(toaster(1), outside(13), 80, false), // its name was not asked for
				tcp(toaster(1), www, 80, true), tcp(toaster(1), antd, 80, false),
			},
		},
		"local networks": {
			[]device{{described(own, "", asksTCP(named("www.nist.local"), 800), asked(local, 80)), []int{1}, false}}, profile.Options{},
			[]try{tcp(toaster(1), home(3), 80, false), tcp(home(3), toaster(1), 80, true), tcp(router, toaster(1), 80, false), tcp(toaster(1), www, 800, true)},
		},
		// NIST's own description of this one accepts anything of the same maker;
		// its implementation then refuses TCP of the device to local networks.
		// Here the description says so.
		"local networks and same manufacturer": {
			[]device{{described(own, "", asksTCP(named("www.nist.local"), 443), asked(local, 80),
				over(sameMaker, 17, "udp", "", "", ""), over(sameMaker, 1, "icmp", "", "", "")), []int{1, 2, 3}, false}},
			profile.Options{},
			[]try{
				tcp(toaster(1), toaster(3), 8010, false), udp(toaster(1), toaster(2), 8008, true), udp(toaster(2), toaster(1), 8008, true),
				udp(toaster(1), home(4), 8008, false), ping(toaster(1), toaster(3), true), tcp(toaster(1), www, 443, true), tcp(toaster(1), antd, 443, false),
			},
		},
		"manufacturer": {
			[]device{
				{described(own, "", asksUDP(abstractly("manufacturer", `"toothbrush.nist.local"`), 8008), asksTCP(abstractly("manufacturer", `"hairbrush.nist.local"`), 8010)), []int{1}, false},
				{described(brush.MUD, "", asksUDP(abstractly("manufacturer", `"toaster.nist.local"`), 8008)), []int{2}, false},
			},
			profile.Options{},
			[]try{tcp(toaster(1), hair, 8010, true), tcp(brush, hair, 8010, false), bound(brush, toaster(1), 8008, true), udp(toaster(1), hair, 8008, false)},
		},
		"model": {
			[]device{{described(own, "", asksUDP(abstractly("model", `"https://toothbrush.nist.local/super1"`), 8008), asksTCP(abstractly("model", `"https://hairbrush.nist.local/super1"`), 8010)), []int{1}, false}},
			profile.Options{},
			[]try{tcp(toaster(1), hair, 8010, true), tcp(brush, toaster(1), 8010, false), bound(toaster(1), brush, 8008, true), udp(toaster(1), hair, 8008, false)},
		},
		"quarantine": {
			[]device{{printer, []int{1}, true}}, profile.Options{},
			[]try{tcp(home(3), toaster(1), 80, false), tcp(toaster(1), home(3), 80, false), tcp(toaster(1), www, 800, true)},
		},
		"out of quarantine": {
			[]device{{printer, []int{1}, false}}, profile.Options{},
			[]try{tcp(home(3), toaster(1), 80, true), tcp(toaster(1), home(3), 80, false), tcp(toaster(1), www, 800, true)},
		},
		"same manufacturer": {
			[]device{{described(own, "", anyhow(sameMaker)), []int{1, 2, 3}, false}}, profile.Options{},
			[]try{
				tcp(toaster(1), toaster(3), 8010, true), udp(toaster(1), toaster(2), 8008, true), udp(toaster(2), toaster(1), 8008, true),
				udp(toaster(1), home(4), 8008, false), ping(toaster(1), toaster(3), true),
			},
		},
		"same manufacturer, at scale": {
			[]device{{described(own, "", anyhow(sameMaker)), many, false}}, profile.Options{},
			func() (all []try) {
				for _, a := range many {
					for _, b := range many {
						if a != b {
							all = append(all, ping(toaster(a), toaster(b), true))
						}
					}
					all = append(all, ping(toaster(a), home(200), false), tcp(toaster(a), www, 80, false))
				}
				return all
			}(),
		},
		"TCP direction": {
			[]device{{described(own, "", asksTCP(local, 800), asked(local, 8000)), []int{1}, false}}, profile.Options{},
			[]try{tcp(home(4), toaster(1), 8000, true), tcp(home(4), toaster(1), 800, false), tcp(toaster(1), home(3), 8000, false), tcp(toaster(1), home(3), 800, true)},
		},
	} {
		t.Run(name, func(t *testing.T) { judge(t, c.devices, c.options, c.tries) })
	}
}
