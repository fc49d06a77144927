package ruleset

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/policy"
)

// The range of signature ids that is kept for local use.
const (
	firstSID = 1_000_000
	lastSID  = 1_999_999
)

// maxRule bounds a rule: Suricata reads lines of at most 8 KiB.
const maxRule = 8000

// suricata writes rules. Who may talk with whom is decided on the packet that
// begins a flow: lines pass it, what is left is told or dropped. What is said
// is told by rules that match what no verb of the line has, since a pass would
// let the rest of the flow go by unseen.
func (w *writer) suricata() {
	w.header("#", "Profiles as Suricata rules; the order of actions must be pass, drop, reject, alert (the default).")
	w.line("# In suricata.yaml: rule-files: [FILE]   Reload: suricatasc -c reload-rules")
	sids := map[uint32]bool{}
	for _, b := range w.profiles {
		s := &suricata{writer: w, b: b, sids: sids, device: b.addrs}
		if len(s.device) == 0 {
			w.limit(b, nil, "members", "no address of its devices is known: there are no rules for it")
			continue
		}
		w.limit(b, nil, "members", "devices are known by address: one that gets another is not held to the profile")
		s.profile()
	}
	w.limit(nil, nil, "both sides", "where both ends have a profile, what one of them passes is passed for both")
	w.limit(nil, nil, "verified", "the rules follow the documentation of Suricata 6; no Suricata has read them here")
}

type suricata struct {
	*writer
	b      *body
	sids   map[uint32]bool
	device []netip.Prefix
}

// sid gives a line's signature its number, from what it is and not from where
// it stands.
func (s *suricata) sid(words ...string) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%q", append([]string{s.b.policy.ID}, words...))
	id := firstSID + h.Sum32()%(lastSID-firstSID+1)
	for s.sids[id] {
		if id++; id > lastSID {
			id = firstSID
		}
	}
	s.sids[id] = true
	return id
}

func (s *suricata) profile() {
	s.line("")
	for _, e := range s.b.lines {
		s.pass(e)
	}
	for _, e := range s.b.lines {
		s.verbs(e)
	}
	action := "alert"
	if s.b.mode == policy.Enforce {
		action = "drop"
	}
	device := group(s.device)
	for _, dir := range []policy.Direction{policy.Out, policy.In} {
		from, to := device, "any"
		if dir == policy.In {
			from, to = "any", device
		}
		for _, t := range []struct{ proto, extra string }{{"tcp", "flags:S,12; "}, {"udp", "flow:to_server; "}, {"icmp", "itype:8; "}} {
			s.rule(action, t.proto, from, "any", to, "any", "off profile "+string(dir)+" "+t.proto, t.extra, s.sid("default", string(dir), t.proto), nil)
		}
	}
	s.limit(s.b, nil, "protocols", "only TCP, UDP and echo requests are judged")
}

// rule writes one rule. Its parts are numbers and addresses, and texts that
// went through plain or expression.
func (s *suricata) rule(action, proto, from, fromPort, to, toPort, msg, options string, sid uint32, e *entry) {
	meta := "policy " + plain(strings.ReplaceAll(s.b.policy.ID, " ", "_"), 64)
	if e != nil {
		meta += ", line " + plain(strings.ReplaceAll(e.id, " ", "_"), 64)
	}
	rule := fmt.Sprintf(`%s %s %s %s -> %s %s (msg:"EDGEWARD %s %s"; %smetadata:%s; sid:%d; rev:%d;)`,
		action, proto, from, fromPort, to, toPort, plain(s.b.policy.ID, 64), msg, options, meta, sid, max(s.b.policy.Revision, 1))
	if len(rule) > maxRule {
		s.limit(s.b, e, "length", "a rule of %d bytes is longer than Suricata reads: it is left out", len(rule))
		return
	}
	s.line("%s", rule)
}

// ends gives who a line's packets go between; ok is false when nobody.
func (s *suricata) ends(e *entry) (from, to string, ok bool) {
	list, any := s.networks(s.b, e)
	peer := "any"
	if !any {
		if len(list) == 0 {
			return "", "", false
		}
		peer = group(list)
	}
	if e.Direction == policy.In {
		return peer, group(s.device), true
	}
	return group(s.device), peer, true
}

// pass lets through what begins a flow on a line.
func (s *suricata) pass(e *entry) {
	if isRole(e, policy.RoleNetwork) {
		return // what it is about is not judged
	}
	from, to, ok := s.ends(e)
	if e.Peer.Kind == policy.PeerName {
		s.limit(s.b, e, "names", "addresses are those last seen, whichever of their names was asked for: make the rules again when they change")
	}
	if !ok {
		return
	}
	fromPort, toPort := portGroup(e.From), portGroup(portsOf(e))
	if toPort == "" || fromPort == "" {
		s.limit(s.b, e, "ports", "there are no such ports: the line allows nothing")
		return
	}
	add := func(proto, fromPort, toPort, what string) {
		s.rule("pass", proto, from, fromPort, to, toPort, "line "+plain(e.id, 64), what, s.sid("pass", e.id, proto, fromPort), e)
	}
	switch t := strings.ToLower(e.Transport); t {
	case "tcp", "6":
		add("tcp", fromPort, toPort, "flags:S,12; ")
	case "udp", "17":
		add("udp", fromPort, toPort, "flow:to_server; ")
	case "icmp", "1", "icmp6", "58":
		add("icmp", "any", "any", "itype:8; ")
	case "":
		add("tcp", fromPort, toPort, "flags:S,12; ")
		add("udp", fromPort, toPort, "flow:to_server; ")
		if toPort == "any" && fromPort == "any" {
			add("icmp", "any", "any", "itype:8; ")
		}
	default:
		s.limit(s.b, e, "transport", "transport %s is not judged", plain(t, 16))
	}
	if isRole(e, policy.RoleDiscovery) {
		s.limit(s.b, e, "protocol", "discovery is known by its ports")
		add("udp", portGroup(discoveryPorts), "any", "flow:to_server; ") // answers to one address
	}
	if len(e.Hours) > 0 {
		s.limit(s.b, e, "hours", "the line holds at any hour")
	}
	if e.Limits != (policy.Limits{}) {
		s.limit(s.b, e, "rate", "rates and volume are not limited")
	}
}

func isRole(e *entry, role string) bool {
	return e.Peer.Kind == policy.PeerRole && e.Peer.Value == role
}

// portsOf gives the ports of a line, which for some roles are those of their
// protocols.
func portsOf(e *entry) []policy.Range {
	switch {
	case isRole(e, policy.RoleTime):
		return one(123)
	case isRole(e, policy.RoleDHCP):
		return one(67, 68, 546, 547)
	case isRole(e, policy.RoleDiscovery) && len(e.Ports) == 0:
		return discoveryPorts
	}
	return e.Ports
}

// group writes networks as Suricata's lists of addresses.
func group(list []netip.Prefix) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = network(n)
	}
	return "[" + strings.Join(words, ",") + "]"
}

// portGroup writes ports as Suricata's lists; empty when there are none such.
func portGroup(list []policy.Range) string {
	if len(list) == 0 {
		return "any"
	}
	var words []string
	for _, r := range merge(list, lastPort) {
		if r.First == r.Last {
			words = append(words, fmt.Sprint(r.First))
		} else {
			words = append(words, fmt.Sprintf("%d:%d", r.First, r.Last))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "[" + strings.Join(words, ",") + "]"
}

// alone reports whether no other line of the profile could allow what a line
// is about, so that what its verbs do not have is off the profile.
func (s *suricata) alone(e *entry) bool {
	mine, any := s.networks(s.b, e)
	return !slices.ContainsFunc(s.b.lines, func(o *entry) bool {
		if o == e || isRole(o, policy.RoleNetwork) || o.Direction != e.Direction || o.Transport != "" && e.Transport != "" && !strings.EqualFold(o.Transport, e.Transport) || !share(portsOf(o), portsOf(e)) {
			return false
		}
		theirs, anyOther := s.networks(s.b, o)
		return any || anyOther || overlap(mine, theirs)
	})
}

func share(a, b []policy.Range) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	return slices.ContainsFunc(a, func(x policy.Range) bool {
		return slices.ContainsFunc(b, func(y policy.Range) bool { return x.First <= y.Last && y.First <= x.Last })
	})
}
