package ruleset

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/policy"
)

// withPorts matches the transports that have ports: TCP, UDP, DCCP and SCTP.
const withPorts = " meta l4proto { 6, 17, 33, 132 }"

// transport gives the part of a rule that is about transport and ports,
// beginning with a space; ok is false when it can never match.
func (w *writer) transport(b *body, e *entry) (string, bool) {
	ports := merge(e.Ports, lastPort)
	if len(e.Ports) > 0 && len(ports) == 0 || len(e.From) > 0 && len(merge(e.From, lastPort)) == 0 {
		w.limit(b, e, "ports", "there are no such ports: the line allows nothing")
		return "", false
	}
	port := func(side string, list []policy.Range) string {
		if list = merge(list, lastPort); len(list) == 0 || list[0] == (policy.Range{Last: lastPort}) {
			return ""
		}
		return fmt.Sprintf(" th %s { %s }", side, numbers(list, 1))
	}
	both := port("dport", e.Ports) + port("sport", e.From)
	switch t := strings.ToLower(e.Transport); t {
	case "link":
		return "", false // the table sees no frames without an IP packet: it does not refuse them either
	case "":
		if both != "" {
			return withPorts + both, true
		}
		return "", true
	case "tcp", "6":
		return " meta l4proto 6" + both, true
	case "udp", "17":
		return " meta l4proto 17" + both, true
	case "icmp", "1":
		return w.icmp(b, e, "icmp", 1, "8"), true
	case "icmp6", "58":
		return w.icmp(b, e, "icmpv6", 58, "128"), true
	case "igmp", "2":
		return "", false // is let through for everybody
	case "132", "33":
		return " meta l4proto " + t + both, true
	default:
		if both != "" {
			w.limit(b, e, "ports", "protocol %s has no ports in nftables: all of it is allowed", t)
		}
		return " meta l4proto " + t, true
	}
}

// onlyICMP reports whether the verbs of a line are said by types of ICMP.
func onlyICMP(e *entry) bool {
	switch strings.ToLower(e.Transport) {
	case "icmp", "1", "icmp6", "58":
		return true
	}
	return false
}

// icmp says the verbs of ICMP by their types.
func (w *writer) icmp(b *body, e *entry, name string, number int, echo string) string {
	var types []string
	for _, v := range e.Verbs {
		if v.Op == "echo" {
			types = append(types, echo)
		} else if n, ok := strings.CutPrefix(v.Op, "type "); ok {
			if t, err := strconv.ParseUint(n, 10, 8); err == nil {
				types = append(types, strconv.FormatUint(t, 10))
			}
		}
	}
	if len(e.Verbs) == 0 {
		return fmt.Sprintf(" meta l4proto %d", number)
	}
	if len(types) < len(e.Verbs) {
		w.limit(b, e, "verbs", "one of its verbs is no type of ICMP: it is left out")
	}
	if len(types) == 0 {
		return fmt.Sprintf(" meta l4proto %d %s type { 255 }", number, name)
	}
	slices.Sort(types)
	return fmt.Sprintf(" %s type { %s }", name, strings.Join(slices.Compact(types), ", "))
}

// discoveryPorts are those of the protocols by which neighbours find each
// other, whose answers go to one address: NetBIOS names, SSDP, mDNS, LLMNR.
var discoveryPorts = one(137, 1900, 5353, 5355)

// match is a way to know the peer of a line.
type match struct {
	who   string // by address
	ports string // of a role, with a space in front
}

// whom gives the ways to know the peer of a line; none when nobody is known.
func (w *writer) whom(b *body, e *entry) []match {
	side := "daddr"
	if e.Direction == policy.In {
		side = "saddr"
	}
	if e.set != "" {
		w.names(b, e)
		return []match{{who: fmt.Sprintf("ip %s @name4_%s", side, e.set)}, {who: fmt.Sprintf("ip6 %s @name6_%s", side, e.set)}}
	}
	var out []match
	if hosts, ok := w.peers(b, e); ok && e.Direction == policy.In && !w.o.ByAddress {
		// Who asks is known by what cannot be changed as easily, where it can.
		var macs []string
		var rest []netip.Prefix
		for _, h := range hosts {
			for _, m := range h.macs {
				macs = append(macs, m.String())
			}
			for _, a := range h.addrs {
				if len(h.macs) == 0 {
					rest = append(rest, prefixOf(a))
				}
			}
		}
		if len(macs) > 0 {
			slices.Sort(macs)
			out = append(out, match{who: "ether saddr { " + strings.Join(slices.Compact(macs), ", ") + " }"})
		}
		return append(out, addresses(side, compact(rest), "")...)
	}
	list, any := w.networks(b, e)
	extra := ""
	if e.Peer.Kind == policy.PeerRole {
		switch e.Peer.Value {
		case policy.RoleNetwork:
			return nil // is let through for everybody
		case policy.RoleTime:
			extra = " th dport 123"
			w.limit(b, e, "protocol", "servers of time are known by their port")
		case policy.RoleDHCP:
			extra = " th dport { 67, 68, 546, 547 }"
			list = append(list, netip.MustParsePrefix("0.0.0.0/32"))
			w.limit(b, e, "protocol", "DHCP is known by its ports")
		case policy.RoleDiscovery:
			return w.discovery(b, e, side)
		}
	}
	if any {
		return []match{{ports: extra}}
	}
	return addresses(side, list, extra)
}

func (w *writer) discovery(b *body, e *entry, side string) []match {
	w.limit(b, e, "protocol", "answers to discovery are known by their ports")
	var out []match
	if e.Direction == policy.Out {
		out = append(addresses(side, groups, ""), match{who: "fib daddr type broadcast"})
	}
	list := numbers(discoveryPorts, 1)
	out = append(out, addresses(side, compact(w.local), " th dport { "+list+" }")...)
	return append(out, addresses(side, compact(w.local), " th sport { "+list+" }")...)
}

// names tells what sets of names do not say.
func (w *writer) names(b *body, e *entry) {
	w.limit(b, e, "names", "an address is allowed whichever of its names was asked for, and whoever asked")
	for _, n := range e.Peer.Names {
		if _, ok := feed(n); !ok {
			w.limit(b, e, "names", "DNS does not feed %s: only addresses seen so far are allowed", shown(n))
		}
	}
}

// addresses gives one match for each family of addresses.
func addresses(side string, list []netip.Prefix, ports string) []match {
	var out []match
	for _, six := range []bool{false, true} {
		var names []string
		for _, n := range list {
			if n.Addr().Is6() == six {
				names = append(names, network(n))
			}
		}
		family := "ip"
		if six {
			family = "ip6"
		}
		if len(names) > 0 {
			out = append(out, match{fmt.Sprintf("%s %s { %s }", family, side, wrap(names)), ports})
		}
	}
	return out
}

func network(n netip.Prefix) string {
	if n.IsSingleIP() {
		return n.Addr().String()
	}
	return n.String()
}
