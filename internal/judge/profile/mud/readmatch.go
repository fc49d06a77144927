package mud

import (
	"encoding/base64"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matches reads the conditions of an entry; not ok when they can match
// nothing.
func (r *reader) matches(o *object, m *Matches) bool {
	ok := true
	if a, has := o.object("ietf-mud:mud", "mud-acl"); has {
		m.Abstract = r.abstraction(&a)
		a.rest()
	}
	if e, has := o.object("eth", "eth-acl", "l2-acl", "ethernet"); has {
		m.Eth = r.ethernet(&e)
	}
	var old formerPorts
	if ip, has := o.object("ipv4", "ipv4-acl"); has {
		m.IPv4 = &IP{}
		ok = r.ip(&ip, m.IPv4, 4, &old)
		ip.rest()
	}
	if ip, has := o.object("ipv6", "ipv6-acl"); has {
		if m.IPv4 != nil {
			r.fail(o.node.at, o.path, "an entry matches IPv4 or IPv6, not both")
		}
		m.IPv6 = &IP{}
		ok = r.ip(&ip, m.IPv6, 6, &old) && ok
		ip.rest()
	}
	if p, has := o.object("tcp", "tcp-acl"); has {
		m.TCP = r.ports(&p, "tcp")
	}
	if p, has := o.object("udp", "udp-acl"); has {
		m.UDP = r.ports(&p, "udp")
	}
	if i, has := o.object("icmp", "icmp-acl"); has {
		m.ICMP = &ICMP{Type: i.uint8("type", "icmp-type"), Code: i.uint8("code", "icmp-code"), Fields: r.fields(&i, "icmp")}
		i.rest()
	}
	if m.TCP != nil && m.UDP != nil || m.ICMP != nil && (m.TCP != nil || m.UDP != nil) {
		r.fail(o.node.at, o.path, "an entry matches one of TCP, UDP and ICMP, not several")
	}
	ok = r.bare(o, m, &old) && ok
	r.placePorts(o, m, &old)
	o.rest()
	return ok
}

// bare reads the conditions that early drafts had without containers.
func (r *reader) bare(o *object, m *Matches, old *formerPorts) (ok bool) {
	among := func(names ...string) bool {
		return o.index(func(n string) bool { return slices.Contains(names, local(n)) }) >= 0
	}
	const moved = "conditions stand in the containers ietf-mud:mud, ipv4, ipv6, tcp and udp since RFC 8519"
	if m.Abstract == nil && among("manufacturer", "same-manufacturer", "model", "local-networks", "controller", "my-controller") {
		r.warn(o.node.at, o.path, moved)
		m.Abstract = r.abstraction(o)
	}
	ok = true
	if m.IPv4 == nil && m.IPv6 == nil && among("src-dnsname", "dst-dnsname", "protocol", "source-port-range", "destination-port-range",
		"source-ipv4-network", "destination-ipv4-network", "source-ipv6-network", "destination-ipv6-network") {
		r.warn(o.node.at, o.path, moved)
		ip, version := &IP{}, 4
		if m.IPv4 = ip; r.v6 || among("source-ipv6-network", "destination-ipv6-network") {
			m.IPv4, m.IPv6, version = nil, ip, 6
		}
		ok = r.ip(o, ip, version, old)
	}
	if among("direction-initiated") && (m.TCP != nil || m.UDP == nil && m.ICMP == nil) {
		r.warn(o.node.at, o.path, moved)
		if m.TCP == nil {
			m.TCP = &Ports{}
		}
		m.TCP.Initiated = r.initiated(o)
	}
	return ok
}

// abstraction reads the container mud of an entry (RFC 8520, section 7).
func (r *reader) abstraction(o *object) *Abstraction {
	a := &Abstraction{}
	var at int
	if a.Manufacturer, at = o.string("manufacturer"); a.Manufacturer != "" && !isHost(a.Manufacturer) {
		r.warn(at, o.path+"/manufacturer", "%q is neither a domain name nor an address", a.Manufacturer)
	}
	a.SameManufacturer = o.empty("same-manufacturer")
	a.Model = r.uri(o, "model", false)
	a.LocalNetworks = o.empty("local-networks", "local-network")
	a.Controller = r.uri(o, "controller", false, "class")
	a.MyController = o.empty("my-controller")
	return a
}

var macAddress = regexp.MustCompile(`^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$`)

func (r *reader) ethernet(o *object) *Ethernet {
	mac := func(name string) string {
		text, at := o.string(name)
		if text != "" && !macAddress.MatchString(text) {
			r.fail(at, o.path+"/"+name, "%q is not a MAC address", text)
		}
		return strings.ToLower(text)
	}
	e := &Ethernet{
		Destination: mac("destination-mac-address"), DestinationMask: mac("destination-mac-address-mask"),
		Source: mac("source-mac-address"), SourceMask: mac("source-mac-address-mask"),
	}
	if n := o.find("ethertype"); n != nil {
		if t, ok := ethertypes[n.text]; ok && n.kind == '"' {
			e.Type = &t
		} else if v, ok := o.number(n, "ethertype"); ok {
			if v > math.MaxUint16 {
				r.fail(n.at, o.path+"/ethertype", "%s has more than 16 bits", n.text)
			}
			t := uint16(v)
			e.Type = &t
		}
	}
	o.rest()
	return e
}

// ip reads the header of either version; not ok when it can match nothing.
func (r *reader) ip(o *object, ip *IP, version int, old *formerPorts) bool {
	v := "ipv" + strconv.Itoa(version)
	ok := true
	ip.Source = r.prefix(o, "source-"+v+"-network", version, &ok)
	ip.Destination = r.prefix(o, "destination-"+v+"-network", version, &ok)
	ip.SourceName = r.dnsname(o, "ietf-acldns:src-dnsname", &ok)
	ip.DestinationName = r.dnsname(o, "ietf-acldns:dst-dnsname", &ok)
	ip.Protocol = r.protocol(o)
	old.source = r.formerPort(o, "source", old.source)
	old.destination = r.formerPort(o, "destination", old.destination)
	ip.Fields = r.fields(o, v)
	return ok
}

var protocolNames = map[string]uint8{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmp6": 58, "icmpv6": 58, "sctp": 132}

func (r *reader) protocol(o *object) *uint8 {
	if i := o.index(func(n string) bool { return n == "protocol" }); i >= 0 {
		if n := o.node.members[i].value; n.kind == '"' {
			if p, ok := protocolNames[strings.ToLower(n.text)]; ok {
				o.used[i] = true
				r.warn(n.at, o.path+"/protocol", "%q is written %d", n.text, p)
				return &p
			}
		}
	}
	return o.uint8("protocol")
}

func (r *reader) prefix(o *object, name string, version int, ok *bool) netip.Prefix {
	text, at := o.string(name)
	if text == "" {
		return netip.Prefix{}
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, aerr := netip.ParseAddr(text)
		if aerr != nil || a.Zone() != "" {
			r.fail(at, o.path+"/"+name, "%q is not a prefix", text)
			return p
		}
		r.warn(at, o.path+"/"+name, "%q is written with the length of its prefix", text)
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4() != (version == 4) {
		r.warn(at, o.path+"/"+name, "%q is not an address of IPv%d; the entry matches nothing and is left out", text, version)
		*ok = false
		return netip.Prefix{}
	}
	return p.Masked()
}

// hostName is the domain-name of RFC 6991, section 4.
var hostName = regexp.MustCompile(`^((([a-zA-Z0-9_]([a-zA-Z0-9\-_]){0,61})?[a-zA-Z0-9]\.)*([a-zA-Z0-9_]([a-zA-Z0-9\-_]){0,61})?[a-zA-Z0-9]\.?|\.)$`)

func isHost(s string) bool {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Zone() == ""
	}
	return len(s) <= 253 && hostName.MatchString(s)
}

func (r *reader) dnsname(o *object, name string, ok *bool) string {
	text, at := o.string(name)
	switch {
	case text == "" || isHost(text):
		return text
	case strings.HasPrefix(text, "*.") && isHost(text[2:]):
		r.warn(at, o.path+"/"+name, "%q: names with wildcards are not of RFC 8520", text)
		return text
	}
	r.warn(at, o.path+"/"+name, "%q is neither a domain name nor an address; the entry is left out", text)
	*ok = false
	return ""
}

// ports reads the conditions on TCP or UDP.
func (r *reader) ports(o *object, kind string) *Ports {
	p := &Ports{}
	if s, ok := o.object("source-port"); ok {
		p.Source = r.port(&s)
	}
	if d, ok := o.object("destination-port"); ok {
		p.Destination = r.port(&d)
	}
	var old formerPorts
	old.source, old.destination = r.formerPort(o, "source", nil), r.formerPort(o, "destination", nil)
	if p.Source == nil {
		p.Source = old.source
	}
	if p.Destination == nil {
		p.Destination = old.destination
	}
	if kind == "tcp" {
		p.Initiated = r.initiated(o)
	}
	p.Fields = r.fields(o, kind)
	o.rest()
	return p
}

func (r *reader) initiated(o *object) string {
	text, at := o.string("ietf-mud:direction-initiated")
	if text != "" && text != "from-device" && text != "to-device" {
		r.fail(at, o.path+"/ietf-mud:direction-initiated", "%q is neither from-device nor to-device", text)
	}
	return text
}

// port reads a condition on one port (RFC 8519, section 4.2).
func (r *reader) port(o *object) *Port {
	defer o.rest()
	low, high := o.uint("lower-port", 0, math.MaxUint16), o.uint("upper-port", 0, math.MaxUint16)
	single := o.uint("port", 0, math.MaxUint16)
	op, at := o.string("operator")
	switch {
	case low != nil && single != nil:
		r.fail(o.node.at, o.path, "either a port or a range, not both")
		return nil
	case low != nil && high == nil: // a range of drafts with one end
		r.warn(o.node.at, o.path, "upper-port is missing; taken as the port alone")
		single = low
	case low != nil:
		if *low > *high {
			r.fail(o.node.at, o.path, "the range ends, at %d, before it begins, at %d", *high, *low)
		}
		if op != "" {
			r.warn(at, o.path+"/operator", "a range has no operator")
		}
		return &Port{Operator: "range", Port: uint16(*low), Upper: uint16(*high)}
	case single == nil:
		r.fail(o.node.at, o.path, "without a port")
		return nil
	}
	p := &Port{Operator: op, Port: uint16(*single)}
	switch op {
	case "eq", "neq", "lte", "gte":
	case "":
		p.Operator = "eq"
	case "lt", "gt": // of drafts
		r.warn(at, o.path+"/operator", "%q is written %q since RFC 8519", op, op+"e")
		if p.Operator = op + "e"; op == "lt" && p.Port > 0 {
			p.Port--
		} else if op == "gt" && p.Port < math.MaxUint16 {
			p.Port++
		} else {
			r.fail(at, o.path, "no port is beyond %d", p.Port)
		}
	default:
		r.fail(at, o.path+"/operator", "%q is none of eq, neq, lte and gte", op)
	}
	return p
}

// formerPorts are those that drafts had beside the addresses.
type formerPorts struct{ source, destination *Port }

func (r *reader) formerPort(o *object, side string, have *Port) *Port {
	for _, name := range []string{"-port-range-or-operator", "-port-range", "-port-operator"} {
		n := o.find(side + name)
		if n == nil {
			continue
		}
		r.warn(n.at, o.path+"/"+side+name, "ports are written as %s-port of tcp or udp since RFC 8519", side)
		p := r.child(n, o.path+"/"+side+name)
		return r.port(&p)
	}
	return have
}

// placePorts moves the ports of drafts to where they belong.
func (r *reader) placePorts(o *object, m *Matches, old *formerPorts) {
	if old.source == nil && old.destination == nil {
		return
	}
	ip := m.IPv4
	if ip == nil {
		ip = m.IPv6
	}
	to := &m.TCP
	switch {
	case m.TCP != nil, m.UDP == nil && ip.Protocol != nil && *ip.Protocol == 6:
	case m.UDP != nil || ip.Protocol != nil && *ip.Protocol == 17:
		to = &m.UDP
	default:
		r.fail(o.node.at, o.path, "ports of neither TCP nor UDP")
		return
	}
	if *to == nil {
		*to = &Ports{}
	}
	if (*to).Source == nil {
		(*to).Source = old.source
	}
	if (*to).Destination == nil {
		(*to).Destination = old.destination
	}
}

// fieldType says what a header field may hold.
type fieldType struct {
	low, high uint64
	bits      []string // names of bits
	binary    uint64   // bytes at the most, in base64
}

// fieldTypes are the header fields that no profile has (RFC 8519, section 4.2).
var fieldTypes = map[string]map[string]fieldType{
	"ipv4": {
		"dscp": {high: 63}, "ecn": {high: 3}, "length": {high: math.MaxUint16}, "ttl": {high: math.MaxUint8}, "ihl": {low: 5, high: 60},
		"flags": {bits: []string{"reserved", "fragment", "more"}}, "offset": {low: 20, high: math.MaxUint16}, "identification": {high: math.MaxUint16},
	},
	"ipv6": {
		"dscp": {high: 63}, "ecn": {high: 3}, "length": {high: math.MaxUint16}, "ttl": {high: math.MaxUint8}, "flow-label": {high: 1<<20 - 1},
	},
	"tcp": {
		"sequence-number": {high: math.MaxUint32}, "acknowledgement-number": {high: math.MaxUint32}, "data-offset": {low: 5, high: 15},
		"reserved": {high: math.MaxUint8}, "flags": {bits: []string{"cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin"}},
		"window-size": {high: math.MaxUint16}, "urgent-pointer": {high: math.MaxUint16}, "options": {binary: 40},
	},
	"udp":  {"length": {high: math.MaxUint16}},
	"icmp": {"rest-of-header": {binary: math.MaxUint16}},
}

func (r *reader) fields(o *object, header string) (out []Field) {
	for i, m := range o.node.members {
		t, ok := fieldTypes[header][m.name]
		if !ok || o.used[i] {
			continue
		}
		o.used[i] = true
		n, value := &m.value, m.value.text
		switch {
		case t.bits != nil:
			words := strings.Fields(value)
			ok = n.kind == '"' && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(t.bits, w) })
			value = strconv.Quote(strings.Join(words, " "))
		case t.binary > 0:
			b, err := base64.StdEncoding.DecodeString(value)
			ok = n.kind == '"' && err == nil && uint64(len(b)) <= t.binary && len(b) > 0
			value = strconv.Quote(value)
		default:
			v, err := strconv.ParseUint(value, 10, 64)
			ok = n.kind == '0' && err == nil && v >= t.low && v <= t.high
		}
		if !ok {
			r.fail(n.at, o.path+"/"+m.name, "%q is not a value that this field has", n.text)
			continue
		}
		out = append(out, Field{m.name, value})
	}
	return out
}
