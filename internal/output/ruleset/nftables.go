package ruleset

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// table is what dnsmasq feeds and what an operator lists or deletes.
const table = "edgeward_profiles"

// nftables writes one table that takes its former self's place in one
// transaction. A packet that begins a flow goes to the chain of the profile
// of who sent it, by MAC address or else by address, then to that of whom it
// is for, by address; what both allow returns from them, whatever else meets
// the end of a chain. What belongs to a flow that was let in passes.
func (w *writer) nftables() {
	w.header("#", "Profiles as an nftables table.")
	w.line("# Load it: nft -f FILE   List it: nft list table inet %s   Take it away: nft delete table inet %s", table, table)
	w.line("add table inet %s", table)
	w.line("delete table inet %s", table)
	w.line("table inet %s {", table)
	w.nameSets()
	for _, b := range w.profiles {
		w.chains(b)
	}
	w.devicesMaps()
	w.line(`	chain judge {
		ct state established,related return
		icmp type { 3, 4, 11, 12 } return
		icmpv6 type { 1-4, 130-136, 143 } return
		meta l4proto 2 return
		ether saddr vmap @from_mac
		ip saddr vmap @from_ip4
		ip6 saddr vmap @from_ip6
		ip daddr vmap @to_ip4
		ip6 daddr vmap @to_ip6
	}`)
	for _, hook := range []string{"forward", "input", "output"} {
		w.line("\tchain %s {\n\t\ttype filter hook %s priority filter - 5; policy accept;\n\t\tjump judge\n\t}", hook, hook)
	}
	w.line("}")
	if len(w.sets) > 0 {
		w.limit(nil, nil, "reload", "loading the table anew forgets what DNS had fed: the addresses in the file are let through, others when their names are asked for again")
	}
	w.limit(nil, nil, "link", "nftables on a router sees what is routed and what the router itself is asked; devices on one link talk past it, and frames without an IP packet are not judged")
	w.limit(nil, nil, "flows", "a flow is judged when it begins: those that stand when the table is loaded go on, and one exchange is counted a flow")
}

// nameSets declares a set for each family and line whose peer has names.
func (w *writer) nameSets() {
	timeout := w.timeout()
	done := map[string]bool{}
	for _, b := range w.profiles {
		for _, e := range b.lines {
			if e.set == "" || done[e.set] {
				continue
			}
			done[e.set] = true
			four, six := split(w.lastSeen(e))
			for _, s := range []struct {
				family, kind string
				addrs        []netip.Addr
			}{{"4", "ipv4_addr", four}, {"6", "ipv6_addr", six}} {
				w.line("\tset name%s_%s {\n\t\ttype %s\n\t\tflags timeout\n\t\ttimeout %ds", s.family, e.set, s.kind, timeout)
				w.elements(words(s.addrs))
				w.line("\t}")
			}
		}
	}
}

// timeout gives the seconds that an address stays in the set of a name.
func (w *writer) timeout() int64 {
	return max(int64(cmp.Or(w.o.Timeout, 24*time.Hour)/time.Second), 1)
}

// chains writes what a profile allows its devices to ask, and what they may
// be asked.
func (w *writer) chains(b *body) {
	for i, e := range b.lines {
		w.ceilings(b, e, i)
	}
	for _, dir := range []policy.Direction{policy.Out, policy.In} {
		w.line("\tchain %s_%s {", dir, b.key)
		w.line("\t\tcomment %s", comment(b.policy.ID))
		for i, e := range b.lines {
			if e.Direction == dir {
				w.allow(b, e, i)
			}
		}
		name := plain(b.policy.ID, 64)
		switch b.mode {
		case policy.Enforce:
			w.line("\t\tcounter drop comment %s", comment("refused "+name))
		case policy.Warn:
			group := ""
			if w.o.LogGroup != 0 {
				group = " group " + strconv.Itoa(int(w.o.LogGroup))
			}
			w.line("\t\tlimit rate 10/second burst 50 packets log prefix \"edgeward %s %s \"%s", dir, name, group)
			w.line("\t\tcounter comment %s", comment("off profile "+name))
		default:
			w.line("\t\tcounter comment %s", comment("off profile "+name))
		}
		w.line("\t}")
	}
}

// comment quotes a text. nftables knows no escapes in strings and takes at
// most 127 bytes.
func comment(s string) string { return `"` + plain(s, 120) + `"` }

// maxRate bounds a ceiling of flows: the kernel counts in nanoseconds of 64
// bits.
const maxRate = 1_000_000

// ceilings declares the counters that hold for all rules of a line.
func (w *writer) ceilings(b *body, e *entry, i int) {
	l := e.Limits
	rate := func(n uint64, unit string) {
		switch {
		case n == 0:
		case n > maxRate:
			w.limit(b, e, "rate", "%d a %s is more than nftables can count: it is left out", n, unit)
		default:
			w.line("\tlimit %s {\n\t\trate %d/%s burst %d packets\n\t}", rateName(b, i, unit), n, unit, n)
		}
	}
	rate(l.PerHour, "hour")
	rate(uint64(l.PerSecond), "second")
	if l.PerHour != 0 && l.PerHour <= maxRate {
		w.limit(b, e, "rate", "the ceiling of %d an hour refills all the time and does not begin anew with the hour; flows are counted, not their transactions", l.PerHour)
	}
	if l.PerSecond != 0 && l.PerSecond <= maxRate {
		w.limit(b, e, "rate", "the ceiling of %d a second counts flows, not their transactions", l.PerSecond)
	}
	if l.BytesIn+l.BytesOut+l.PerMessage != 0 {
		w.limit(b, e, "bytes", "nftables has no quota that begins anew with the hour, and none for a flow: volume is not limited")
	}
}

func rateName(b *body, i int, unit string) string {
	return fmt.Sprintf("rate_%s_%d_%s", b.key, i, unit)
}

// allow writes the rules of one line, one for each way to know its peer.
func (w *writer) allow(b *body, e *entry, i int) {
	what, ok := w.transport(b, e)
	if !ok {
		return
	}
	l4 := len(what) // where the ports of a role go
	if len(e.Hours) > 0 {
		hours := merge(e.Hours, 23)
		if len(hours) == 0 {
			w.limit(b, e, "hours", "a day has the hours 0 to 23: the line allows nothing")
			return
		}
		what += " meta hour { " + numbers(hours, 3600) + " }" // seconds: hours in words would be those of the zone of who loads it
	}
	if n := e.Limits.PerHour; n != 0 && n <= maxRate {
		what += " limit name " + strconv.Quote(rateName(b, i, "hour"))
	}
	if n := e.Limits.PerSecond; n != 0 && n <= maxRate {
		what += " limit name " + strconv.Quote(rateName(b, i, "second"))
	}
	for _, m := range w.whom(b, e) {
		if m.ports != "" && e.Transport == "" {
			m.ports = withPorts + m.ports
		}
		rule := strings.TrimSpace(m.who + what[:l4] + m.ports + what[l4:])
		w.line("\t\t%s counter return comment %s", rule, comment(e.id))
	}
	if e.Protocol != "" && e.Peer.Kind != policy.PeerRole {
		w.limit(b, e, "protocol", "that it is %s is not looked at: transport and ports stand for it", e.Protocol)
	}
	if len(e.Verbs) > 0 && !onlyICMP(e) {
		w.limit(b, e, "verbs", "what is said in the protocol is not looked at")
	}
}

// devicesMaps writes which chain judges which device.
func (w *writer) devicesMaps() {
	mac, from, to := map[ident.MAC]*body{}, map[netip.Addr]*body{}, map[netip.Addr]*body{}
	for _, b := range w.profiles {
		for _, h := range b.hosts {
			if len(h.addrs) == 0 && (len(h.macs) == 0 || w.o.ByAddress) {
				w.limit(b, nil, "members", "a device of which no address is known is not held to the profile")
			} else if len(h.addrs) == 0 {
				w.limit(b, nil, "members", "of a device no address is known: who asks it is not held to the profile")
			}
			byMAC := len(h.macs) > 0 && !w.o.ByAddress
			for _, m := range h.macs {
				if byMAC {
					mac[m] = b
				}
			}
			for _, a := range h.addrs {
				if to[a] = b; !byMAC {
					from[a] = b
				}
			}
		}
	}
	w.verdicts("from_mac", "ether_addr", policy.Out, sortedMap(mac, func(a ident.MAC) string { return a.String() }, nil))
	for _, s := range []struct {
		name  string
		dir   policy.Direction
		addrs map[netip.Addr]*body
	}{{"from", policy.Out, from}, {"to", policy.In, to}} {
		w.verdicts(s.name+"_ip4", "ipv4_addr", s.dir, sortedMap(s.addrs, netip.Addr.String, netip.Addr.Is4))
		w.verdicts(s.name+"_ip6", "ipv6_addr", s.dir, sortedMap(s.addrs, netip.Addr.String, netip.Addr.Is6))
	}
}

type element struct{ key, chain string }

// sortedMap gives the elements of a map in order, those of one family only
// when keep is set.
func sortedMap[K comparable](m map[K]*body, text func(K) string, keep func(K) bool) []element {
	var out []element
	for k, b := range m {
		if keep == nil || keep(k) {
			out = append(out, element{text(k), b.key})
		}
	}
	slices.SortFunc(out, func(a, b element) int { return cmp.Compare(a.key, b.key) })
	return out
}

func (w *writer) verdicts(name, kind string, dir policy.Direction, list []element) {
	w.line("\tmap %s {\n\t\ttype %s : verdict", name, kind)
	var names []string
	for _, e := range list {
		names = append(names, fmt.Sprintf("%s : jump %s_%s", e.key, dir, e.chain))
	}
	w.elements(names)
	w.line("\t}")
}

// elements writes the elements of a set or map; none is no line.
func (w *writer) elements(list []string) {
	if len(list) > 0 {
		w.line("\t\telements = { %s }", wrap(list))
	}
}

// wrap joins with commas, on more lines than one when there are many.
func wrap(list []string) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
			if i%8 == 0 {
				b.WriteString("\n\t\t\t")
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

func split(list []netip.Addr) (four, six []netip.Addr) {
	for _, a := range list {
		if a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	return four, six
}

func words(list []netip.Addr) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}
