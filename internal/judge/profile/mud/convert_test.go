package mud_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/policy"
)

// brief writes a line in a few words.
func brief(l *policy.Line) string {
	words := []string{string(l.Direction), string(l.Peer.Kind)}
	if l.Peer.Value != "" {
		words = append(words, l.Peer.Value)
	}
	words = append(words, l.Peer.Names...)
	for _, n := range l.Peer.Networks {
		words = append(words, n.String())
	}
	if l.Transport != "" {
		words = append(words, l.Transport)
	}
	for i, list := range [][]policy.Range{l.Ports, l.From} {
		for _, r := range list {
			words = append(words, fmt.Sprintf("%s%d-%d", []string{"", "from "}[i], r.First, r.Last))
		}
	}
	if l.Proposed {
		words = append(words, "proposed")
	}
	return strings.Join(words, " ")
}

// entries writes a description of lists given as entries in JSON.
func entries(kind, from, to string) []byte {
	return []byte(fmt.Sprintf(`{"ietf-mud:mud": {"mud-version": 1, "mud-url": "https://lamps.example/lamp", "last-update": "2026-03-01T12:00:00Z", "is-supported": true,
		"from-device-policy": {"access-lists": {"access-list": [{"name": "from"}]}}, "to-device-policy": {"access-lists": {"access-list": [{"name": "to"}]}}},
		"ietf-access-control-list:acls": {"acl": [{"name": "from", "type": "%[1]s", "aces": {"ace": [%[2]s]}}, {"name": "to", "type": "%[1]s", "aces": {"ace": [%[3]s]}}]}}`, kind, from, to))
}

func ace(name, matches, action string) string {
	return fmt.Sprintf(`{"name": %q, "matches": {%s}, "actions": {"forwarding": %q}}`, name, matches, action)
}

func TestLinesOfEntries(t *testing.T) {
	const v4 = "ipv4-acl-type"
	for name, c := range map[string]struct {
		data   []byte
		want   []string
		limits []string // their lines and what they are about; %s stands for no id
	}{
		"a connection of the device": {described("https://x.example/d", "", asksTCP(named("A.Example."), 443)), []string{"out name a.example tcp 443-443"}, nil},
		"a connection to the device": {described("https://x.example/d", "", asked(local, 80)), []string{"in local tcp 80-80"}, nil},
		"without a direction the port tells": {
			described("https://x.example/d", "", over(named("a.example"), 6, "tcp", ports("destination", 80), ports("source", 80), "")), []string{"out name a.example tcp 80-80"}, nil,
		},
		"without a port either may begin": {described("https://x.example/d", "", over(local, 6, "tcp", "", "", "")), []string{"out local tcp", "in local tcp"}, nil},
		"over UDP at home either may begin from the port": {
			described("https://x.example/d", "", asksUDP(local, 5683)), []string{"out local udp 5683-5683", "in local udp 5683-5683 from 5683-5683"}, nil,
		},
		"over UDP to a name the device begins": {described("https://x.example/d", "", asksUDP(named("a.example"), 5684)), []string{"out name a.example udp 5684-5684"}, nil},
		"resolver and time are roles": {
			described("https://x.example/d", "", asksUDP(abstractly("controller", `"urn:ietf:params:mud:dns"`), 53), asksUDP(abstractly("controller", `"urn:ietf:params:mud:ntp"`), 123)),
			[]string{"out role resolver udp 53-53", "out role time udp 123-123"}, nil,
		},
		"a ping of the device": {
			entries(v4, ace("a", `"ietf-mud:mud": {"my-controller": [null]}, "icmp": {"type": 8, "code": 0}`, "accept"), ace("a", `"ietf-mud:mud": {"my-controller": [null]}, "icmp": {"type": 0, "code": 0}`, "accept")),
			[]string{"out operators icmp"}, nil,
		},
		"other types of ICMP": {
			entries(v4, ace("a", `"ietf-mud:mud": {"local-networks": [null]}, "icmp": {"type": 13}`, "accept"), ""),
			[]string{"out local icmp"}, []string{"from/a type of ICMP", "%s one direction"},
		},
		"an address by name is a network": {
			entries(v4, ace("a", `"ipv4": {"ietf-acldns:dst-dnsname": "192.0.2.7", "protocol": 132}`, "accept"), ace("a", `"ipv4": {"ietf-acldns:src-dnsname": "192.0.2.7", "protocol": 132}`, "accept")),
			[]string{"out network 192.0.2.7/32 132", "in network 192.0.2.7/32 132"}, nil,
		},
		"operators on ports": {
			entries(v4, ace("a", `"tcp": {"ietf-mud:direction-initiated": "from-device", "destination-port": {"operator": "neq", "port": 23}, "source-port": {"operator": "gte", "port": 1024}}`, "accept")+","+
				ace("b", `"tcp": {"ietf-mud:direction-initiated": "from-device", "destination-port": {"operator": "lte", "port": 1023}}`, "accept"), ""),
			[]string{"out any tcp 0-22 24-65535 from 1024-65535", "out any tcp 0-1023"}, []string{"%s one direction", "%s one direction"},
		},
		"groups have no answers": {
			entries(v4, ace("a", `"ietf-mud:mud": {"local-networks": [null]}, "ipv4": {"destination-ipv4-network": "239.255.255.250/32"}, "udp": {"destination-port": {"operator": "eq", "port": 1900}}`, "accept")+","+
				ace("b", `"ipv4": {"destination-ipv4-network": "255.255.255.255/32", "protocol": 17}, "udp": {"destination-port": {"operator": "eq", "port": 67}}`, "accept"),
				ace("c", `"ipv4": {"destination-ipv4-network": "224.0.0.251/32"}, "udp": {"destination-port": {"operator": "eq", "port": 5353}}`, "accept")),
			[]string{"out network 239.255.255.250/32 udp 1900-1900", "out role discovery udp 67-67"}, []string{"from/b peer", "to/c the entry"},
		},
		"what is refused first is not allowed": {
			entries(v4, ace("no", `"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "protocol": 6}, "tcp": {"destination-port": {"operator": "lte", "port": 79}}`, "drop")+","+
				ace("a", `"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "protocol": 6}, "tcp": {"ietf-mud:direction-initiated": "from-device"}`, "accept")+","+
				ace("b", `"ipv4": {"ietf-acldns:dst-dnsname": "a.example", "protocol": 6}, "tcp": {"ietf-mud:direction-initiated": "from-device", "destination-port": {"operator": "eq", "port": 80}}`, "accept")+","+
				ace("all", ``, "drop"), ""),
			[]string{"out name a.example tcp proposed", "out name a.example tcp 80-80"}, []string{"from/no drop", "%s an exception", "from/all drop", "%s one direction", "%s one direction"},
		},
		"protocol 0 is none of IPv4": {entries(v4, ace("a", `"ipv4": {"protocol": 0}`, "accept"), ""), []string{}, []string{"from/a the entry"}},
		"protocol 0 of IPv6 is in front of another": {
			entries("ipv6-acl-type", ace("a", `"ipv6": {"protocol": 0, "destination-ipv6-network": "ff02::16/128"}`, "accept"), ""), []string{"out network ff02::16/128 icmp6"}, []string{"from/a protocol"},
		},
		"what contradicts itself matches nothing": {
			entries(v4, ace("a", `"ipv4": {"protocol": 17}, "tcp": {}`, "accept"), ""), []string{}, []string{"from/a the entry"},
		},
		"the link is not judged": {
			entries("mixed-eth-ipv4-acl-type", ace("a", `"eth": {"ethertype": 34958}`, "accept")+","+ace("b", `"eth": {"destination-mac-address": "02:00:00:00:00:01"}, "ipv4": {"protocol": 2}`, "accept"), ""),
			[]string{"out any igmp", "in any igmp"}, []string{"from/a the entry", "from/b MAC addresses", "%s one direction", "%s one direction"},
		},
	} {
		f, err := readStrict(c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, limits := mud.ToProfile(f)
		got := []string{}
		for i := range p.Lines {
			l := &p.Lines[i]
			got = append(got, brief(l))
			if l.ID != l.Identify() {
				t.Errorf("%s: the id of %s", name, brief(l))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		var said []string
		for _, l := range limits {
			line := l.Line
			if slices.ContainsFunc(p.Lines, func(have policy.Line) bool { return have.ID == line }) {
				line = "%s"
			}
			said = append(said, line+" "+l.What)
		}
		if !slices.Equal(said, c.limits) {
			t.Errorf("%s: limits %q, want %q", name, said, c.limits)
		}
		if slices.ContainsFunc(p.Lines, func(l policy.Line) bool { return l.Proposed }) {
			continue // which no file has
		}
		if err := reprofile(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwins joins the entries for both versions of IP.
func TestTwins(t *testing.T) {
	f, err := readStrict(luminaire)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := mud.ToProfile(f)
	both, _, err := mud.FromProfile(p, mud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(both.Lists) != 4 {
		t.Fatalf("%d lists", len(both.Lists))
	}
	again, _ := mud.ToProfile(both)
	if !reflect.DeepEqual(p, again) {
		t.Errorf("%+v\n%+v", p, again)
	}
}

func TestLimitsOfFiles(t *testing.T) {
	retain := false
	port := []policy.Range{{First: 8883, Last: 8883}}
	name := policy.Peer{Kind: policy.PeerName, Names: []string{"mqtt.example"}}
	for words, c := range map[string]struct {
		line  policy.Line
		what  []string
		wrote int // entries
	}{
		"nothing": {policy.Line{Peer: name, Transport: "tcp", Ports: port}, nil, 4},
		"all that a line may say": {policy.Line{
			Peer: name, Transport: "tcp", Ports: port, Protocol: "mqtt", Verbs: []policy.Verb{{Op: "publish", Retain: &retain}},
			Limits: policy.Limits{PerHour: 60}, Hours: []policy.Range{{First: 8, Last: 17}},
		}, []string{"protocol", "verbs", "rates", "hours"}, 4},
		"proposed":           {policy.Line{Peer: name, Transport: "tcp", Ports: port, Proposed: true}, []string{"proposed"}, 0},
		"a pattern":          {policy.Line{Peer: policy.Peer{Kind: policy.PeerName, Names: []string{"*.example", "a.example"}}, Transport: "tcp", Ports: port}, []string{"peer"}, 4},
		"a device":           {policy.Line{Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{ID: "1"}}}, Transport: "tcp", Ports: port}, []string{"peer"}, 4},
		"a zone":             {policy.Line{Peer: policy.Peer{Kind: policy.PeerZone, Value: "yard"}, Transport: "tcp", Ports: port}, []string{"peer"}, 4},
		"the gateway":        {policy.Line{Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleGateway}, Transport: "tcp", Ports: port}, []string{"peer"}, 4},
		"the resolver":       {policy.Line{Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleResolver}, Transport: "udp", Ports: port}, nil, 4},
		"discovery":          {policy.Line{Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleDiscovery}, Transport: "udp", Ports: port}, []string{"peer"}, 3},
		"being discovered":   {policy.Line{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleDiscovery}, Transport: "udp", Ports: port}, []string{"who begins", "peer"}, 4},
		"the network itself": {policy.Line{Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleNetwork}}, []string{"peer"}, 0},
		"a maker's name":     {policy.Line{Peer: policy.Peer{Kind: policy.PeerMaker, Value: "Lamps & Sons"}}, []string{"peer"}, 0},
		"UDP at home":        {policy.Line{Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "udp", Ports: port}, []string{"who begins"}, 4},
		"any transport":      {policy.Line{Peer: name}, []string{"who begins"}, 4},
		"ICMP":               {policy.Line{Peer: name, Transport: "icmp"}, []string{"type of ICMP"}, 2},
		"the link":           {policy.Line{Peer: name, Transport: "link"}, []string{"transport"}, 0},
		"ports of SCTP":      {policy.Line{Peer: name, Transport: "132", Ports: port}, []string{"who begins", "ports"}, 0},
	} {
		l := c.line
		if l.Direction == "" {
			l.Direction = policy.Out
		}
		l.ID = l.Identify()
		f, limits, err := mud.FromProfile(&policy.Profile{Name: "lamp", Lines: []policy.Line{l}}, mud.Options{URL: "https://x.example/d", Updated: time.Unix(1, 0)})
		if err != nil {
			t.Errorf("%s: %v", words, err)
			continue
		}
		var what []string
		for _, limit := range limits {
			what = append(what, limit.What)
			if limit.Line != l.ID || limit.Why == "" {
				t.Errorf("%s: %+v", words, limit)
			}
		}
		if slices.Sort(what); !slices.Equal(what, slices.Sorted(slices.Values(c.what))) {
			t.Errorf("%s: limits %q, want %q", words, what, c.what)
		}
		wrote := 0
		for _, list := range f.Lists {
			wrote += len(list.Entries)
		}
		if wrote != c.wrote {
			t.Errorf("%s: %d entries, want %d", words, wrote, c.wrote)
		}
		if _, err := rewrite(f); err != nil {
			t.Errorf("%s: %v", words, err)
		}
	}
	if _, _, err := mud.FromProfile(&policy.Profile{}, mud.Options{}); err == nil || !strings.Contains(err.Error(), "no URL") {
		t.Errorf("without a URL: %v", err)
	}
}

// TestAnyProfile writes profiles at random: whatever comes out is in the form
// of the RFC, and the profile of that is stable.
func TestAnyProfile(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	span := func() (out []policy.Range) {
		for range r.IntN(3) {
			a, b := r.Uint32N(65536), r.Uint32N(65536)
			out = append(out, policy.Range{First: min(a, b), Last: max(a, b)})
		}
		return out
	}
	for range 100 {
		p := &policy.Profile{Name: "any", Vendor: "Lamps"}
		for range 1 + r.IntN(12) {
			l := policy.Line{
				Direction: policy.Direction(pick("out", "in")), Transport: pick("", "tcp", "udp", "icmp", "icmp6", "igmp", "47", "link"), Ports: span(), From: span(),
				Quarantine: r.IntN(4) == 0, Proposed: r.IntN(8) == 0,
				Peer: policy.Peer{Kind: policy.PeerKind(pick("any", "role", "name", "device", "zone", "network", "local", "maker", "model", "class", "operators"))},
			}
			switch l.Peer.Kind {
			case policy.PeerRole:
				l.Peer.Value = pick("gateway", "resolver", "time", "dhcp", "discovery", "network")
			case policy.PeerName:
				l.Peer.Names = []string{pick("a.example", "*.b.example"), pick("c#.example", "d.example")}
			case policy.PeerNetwork:
				l.Peer.Networks = []netip.Prefix{netip.MustParsePrefix(pick("192.0.2.0/24", "2001:db8::/32")), netip.MustParsePrefix(pick("224.0.0.251/32", "ff02::fb/128"))}
			case policy.PeerMaker:
				l.Peer.Value = pick("", "lamps.example", "Lamps")
			case policy.PeerModel, policy.PeerClass:
				l.Peer.Value = pick("https://lamps.example/l1", "urn:example:hub")
			}
			l.ID = pick(l.Identify(), "", "a line / of somebody's own", strings.Repeat("long ", 30))
			p.Lines = append(p.Lines, l)
		}
		f, _, err := mud.FromProfile(p, mud.Options{URL: "https://x.example/d", Updated: time.Unix(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rewrite(f); err != nil {
			t.Fatal(err)
		}
		if err := reprofile(f); err != nil {
			t.Fatal(err)
		}
	}
}
