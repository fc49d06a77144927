package mud

import (
	"fmt"
	"slices"
	"strings"
)

// formerTypes are the types of lists as drafts and generators wrote them.
var formerTypes = map[string]string{
	"ipv4-acl": "ipv4-acl-type", "ipv6-acl": "ipv6-acl-type", "ipv4": "ipv4-acl-type", "ipv6": "ipv6-acl-type",
	"eth-acl": "eth-acl-type", "ethernet-acl": "eth-acl-type", "ethernet-acl-type": "eth-acl-type",
	"mixed-l2-l3-ipv4-acl": "mixed-eth-ipv4-acl-type", "mixed-l2-l3-ipv6-acl": "mixed-eth-ipv6-acl-type",
	"mixed-eth-ipv4-acl": "mixed-eth-ipv4-acl-type", "mixed-eth-ipv6-acl": "mixed-eth-ipv6-acl-type",
}

// headers says which headers the entries of a type of list may match
// (RFC 8519, section 4.1).
type headers struct{ eth, ipv4, ipv6 bool }

var typeHeaders = map[string]headers{
	"ipv4-acl-type":                {ipv4: true},
	"ipv6-acl-type":                {ipv6: true},
	"eth-acl-type":                 {eth: true},
	"mixed-eth-ipv4-acl-type":      {eth: true, ipv4: true},
	"mixed-eth-ipv6-acl-type":      {eth: true, ipv6: true},
	"mixed-eth-ipv4-ipv6-acl-type": {true, true, true},
}

// typeOf gives the narrowest type of list that matches all of some headers.
func typeOf(h headers) string {
	for _, t := range []string{"ipv4-acl-type", "ipv6-acl-type", "eth-acl-type", "mixed-eth-ipv4-acl-type", "mixed-eth-ipv6-acl-type"} {
		if has := typeHeaders[t]; (has.eth || !h.eth) && (has.ipv4 || !h.ipv4) && (has.ipv6 || !h.ipv6) {
			return t
		}
	}
	return "mixed-eth-ipv4-ipv6-acl-type"
}

// list reads an access control list.
func (r *reader) list(o *object) {
	l := List{}
	var at int
	if len(r.file.Lists) == MaxLists {
		r.fail(o.node.at, o.path, "more than %d lists", MaxLists)
		return
	}
	l.Name, at = o.string("name", "acl-name")
	r.name(&l.Name, at, o.path, fmt.Sprintf("acl-%d", len(r.file.Lists)+1))
	if slices.ContainsFunc(r.file.Lists, func(have List) bool { return have.Name == l.Name }) {
		r.fail(at, o.path, "there are two lists %q", l.Name)
	}
	l.Type, at = o.string("type", "acl-type")
	r.v6 = strings.Contains(l.Type, "ipv6")
	r.direction(o, l.Name)
	taken := names{}
	if aces, ok := o.object("aces", "access-list-entries"); ok {
		for i, n := range aces.list("ace") {
			e := r.child(&n, fmt.Sprintf("%s/ace[%d]", aces.path, i+1))
			if entry, ok := r.entry(&e, i); ok && r.err == nil {
				name := taken.take(entry.Name)
				if name != entry.Name {
					r.warn(n.at, e.path, "a second entry %q", entry.Name)
					entry.Name = name
				}
				l.Entries = append(l.Entries, entry)
			}
		}
		aces.rest()
	}
	l.Type = r.listType(l, at, o.path)
	r.file.Lists = append(r.file.Lists, l)
	o.rest()
}

// direction reads the mark that the early drafts had on the list itself.
func (r *reader) direction(o *object, name string) {
	n := o.find("ietf-mud:packet-direction")
	if n == nil {
		return
	}
	r.warn(n.at, o.path+"/ietf-mud:packet-direction", "directions of lists are written as from-device-policy and to-device-policy")
	switch n.text {
	case "from-device":
		r.file.FromDevice = append(r.file.FromDevice, name)
	case "to-device":
		r.file.ToDevice = append(r.file.ToDevice, name)
	default:
		r.fail(n.at, o.path+"/ietf-mud:packet-direction", "neither from-device nor to-device")
	}
}

// name checks the name of a list or an entry.
func (r *reader) name(name *string, at int, path, instead string) {
	switch {
	case *name == "":
		r.warn(at, path, "without a name")
		*name = instead
	case len(*name) > maxName:
		r.warn(at, path, "the name is longer than %d characters", maxName)
	}
}

const maxName = 64

// names are those that are taken, with the last number that was put behind
// each.
type names map[string]int

// take gives the name, with a number behind it when it is taken.
func (t names) take(name string) string {
	n, taken := t[name]
	if !taken {
		t[name] = 1
		return name
	}
	for n++; ; n++ {
		suffix := fmt.Sprintf("-%d", n)
		if free := name[:min(len(name), maxName-len(suffix))] + suffix; t[free] == 0 {
			t[name], t[free] = n, 1
			return free
		}
	}
}

// listType makes the type of a list fit its entries.
func (r *reader) listType(l List, at int, path string) string {
	t := word(l.Type)
	if now, old := formerTypes[t]; old {
		r.warn(at, path+"/type", "%q is written %q since RFC 8519", l.Type, now)
		t = now
	}
	var need headers
	for _, e := range l.Entries {
		need.eth = need.eth || e.Matches.Eth != nil
		need.ipv4 = need.ipv4 || e.Matches.IPv4 != nil
		need.ipv6 = need.ipv6 || e.Matches.IPv6 != nil
	}
	has, known := typeHeaders[t]
	switch {
	case t == "":
		r.warn(at, path, "the list has no type")
	case !known:
		r.warn(at, path+"/type", "%q is not a type of list", l.Type)
	case need.eth && !has.eth || need.ipv4 && !has.ipv4 || need.ipv6 && !has.ipv6:
		r.warn(at, path+"/type", "entries match headers that a list of type %s does not have", t)
		need = headers{need.eth || has.eth, need.ipv4 || has.ipv4, need.ipv6 || has.ipv6}
	default:
		return t
	}
	return typeOf(need)
}

// entry reads a rule; not ok when it can match nothing, or more than is meant.
func (r *reader) entry(o *object, i int) (Entry, bool) {
	e := Entry{Forwarding: "accept"}
	if r.entries++; r.entries > MaxEntries {
		r.fail(o.node.at, o.path, "more than %d entries", MaxEntries)
		return e, false
	}
	var at int
	e.Name, at = o.string("name", "rule-name", "ace-name")
	r.name(&e.Name, at, o.path, fmt.Sprintf("ace-%d", i+1))
	ok, unknown := true, r.unknown
	if m, has := o.object("matches"); has {
		ok = r.matches(&m, &e.Matches)
	}
	unknown = r.unknown - unknown
	r.actions(o, &e)
	if unknown > 0 && e.Forwarding == "accept" {
		r.warn(o.node.at, o.path, "without the conditions that were not understood it would allow more than is meant; left out")
		ok = false
	}
	o.rest()
	return e, ok
}

var formerActions = map[string]string{"permit": "accept", "deny": "drop"}

// actions reads what becomes of a packet that matches.
func (r *reader) actions(o *object, e *Entry) {
	a, ok := o.object("actions")
	if !ok {
		r.warn(o.node.at, o.path, "without actions; taken as accept")
		return
	}
	defer a.rest()
	for _, former := range []string{"permit", "deny"} { // of drafts that had no type identityref here
		if n := a.find(former); n != nil {
			e.Forwarding = formerActions[former]
			r.warn(n.at, a.path+"/"+former, "written \"forwarding\": %q since RFC 8519", e.Forwarding)
			return
		}
	}
	text, at := a.string("forwarding", "packet-fate", "packet-handling", "simple-actions")
	switch v := word(text); v {
	case "accept", "drop", "reject":
		e.Forwarding = v
	case "permit", "deny":
		e.Forwarding = formerActions[v]
		r.warn(at, a.path+"/forwarding", "%q is written %q since RFC 8519", text, e.Forwarding)
	default:
		r.fail(at, a.path+"/forwarding", "%q is none of accept, drop and reject", text)
	}
	text, at = a.string("logging")
	switch v := word(text); v {
	case "", "log-syslog", "log-none":
		e.Logging = v
	default:
		r.warn(at, a.path+"/logging", "%q is none of log-syslog and log-none; left out", strings.ToValidUTF8(text, "?"))
	}
}
