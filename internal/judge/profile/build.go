package profile

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// builder makes profiles of what a learner saw.
type builder struct {
	l      *Learner
	byHost map[ident.HostKey]*asset.Device
	byAddr map[netip.Addr]*asset.Device
}

func newBuilder(l *Learner, devices []*asset.Device) *builder {
	b := &builder{l: l, byHost: map[ident.HostKey]*asset.Device{}, byAddr: map[netip.Addr]*asset.Device{}}
	for _, d := range devices {
		for _, k := range d.Hosts {
			b.byHost[k] = d
		}
		for _, a := range d.Addresses {
			b.byAddr[a] = d
		}
	}
	return b
}

// device gives the device of a host. Before it was known whose an address is,
// facts named the host by that address alone.
func (b *builder) device(k ident.HostKey, a netip.Addr) *asset.Device {
	if d := b.byHost[k]; d != nil {
		return d
	}
	if d := b.byAddr[a]; d != nil && event.HostKeyOf(d.Place, ident.MAC{}, a.As16()) == k {
		return d
	}
	return nil
}

// own gives the device that a host of the learner's is.
func (b *builder) own(k ident.HostKey) *asset.Device {
	if h := b.l.hosts[k]; h != nil {
		return b.device(k, h.addr)
	}
	return b.byHost[k]
}

// subject is whom one profile is made for.
type subject struct {
	key     string
	devices []*asset.Device
	doings  []*placedDoing
	left    []policy.LeftOut
	history history
	times   []string // names of the servers of time that were used
}

type placedDoing struct {
	doingKey
	*doing
}

func (b *builder) policies() []*policy.Policy {
	subjects := map[string]*subject{}
	var order []string
	counted, heard := map[string]bool{}, map[ident.HostKey]bool{}
	keys := make([]doingKey, 0, len(b.l.doings))
	for k := range b.l.doings {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareDoings)
	leave := b.leaving(keys)
	for _, k := range keys {
		d := b.own(k.host)
		if d == nil || !b.wanted(d) {
			continue
		}
		name := d.ID
		if b.l.o.PerClass {
			name = cmp.Or(classOf(d), d.ID)
		}
		s := subjects[name]
		if s == nil {
			s = &subject{key: name}
			subjects[name] = s
			order = append(order, name)
		}
		if !counted[d.ID] {
			counted[d.ID] = true
			s.devices = append(s.devices, d)
		}
		if !heard[k.host] {
			heard[k.host] = true
			s.history.add(b.l.hosts[k.host])
		}
		doing := b.l.doings[k]
		if f, ok := leave[k]; ok {
			s.leave(f, doing.n, b.peerText(k))
			continue
		}
		s.doings = append(s.doings, &placedDoing{k, doing})
	}
	var out []*policy.Policy
	for _, name := range order {
		out = append(out, b.policy(subjects[name]))
	}
	return out
}

func compareDoings(a, b doingKey) int {
	side := func(k doingKey) int {
		if k.in {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(side(a), side(b)), cmp.Compare(a.peer.role, b.peer.role), cmp.Compare(a.peer.host, b.peer.host),
		a.peer.addr.Compare(b.peer.addr), cmp.Compare(a.transport, b.transport), cmp.Compare(a.port, b.port), cmp.Compare(a.proto, b.proto))
}

// wanted reports whether a device is among those asked for.
func (b *builder) wanted(d *asset.Device) bool {
	return len(b.l.o.Devices) == 0 || slices.ContainsFunc(b.l.o.Devices, func(s string) bool { return Is(d, s) })
}

// Is reports whether a text names a device: its id, a MAC address, an address
// or a name.
func Is(d *asset.Device, text string) bool {
	text = strings.TrimSpace(text)
	if d.ID == text || slices.ContainsFunc(d.Names, func(n string) bool { return strings.EqualFold(n, text) }) {
		return true
	}
	if mac, err := ident.ParseMAC(text); err == nil && slices.Contains(d.MACs, mac) {
		return true
	}
	a, err := netip.ParseAddr(text)
	return err == nil && slices.Contains(d.Addresses, a.Unmap())
}

// classOf names the like of a device; empty when too little is known of it.
func classOf(d *asset.Device) string {
	if !d.Type.Known() || !d.Vendor.Known() && !d.Model.Known() {
		return ""
	}
	return strings.ToLower(strings.Join([]string{d.Vendor.Value, d.Model.Value, d.Type.Value}, "|"))
}

func (h *history) add(o *history) {
	if o == nil {
		return
	}
	if h.exchanges == 0 {
		h.first, h.last = o.first, o.last
	}
	h.first, h.last = min(h.first, o.first), max(h.last, o.last)
	h.span += o.span
	h.exchanges += o.exchanges
	h.hours |= o.hours
	h.weekdays |= o.weekdays
	h.over += o.over
	for _, n := range o.behind {
		h.passOn(n)
	}
	h.started = h.started || o.started
	h.large = h.large || o.large
}

func (s *subject) leave(f *leaving, n uint64, peer string) {
	for i := range s.left {
		if l := &s.left[i]; l.Finding == f.id && l.Peer == peer {
			l.Exchanges += n
			return
		}
	}
	if len(s.left) < 256 {
		s.left = append(s.left, policy.LeftOut{Exchanges: n, Reason: f.title, Finding: f.id, Check: f.check, Peer: peer})
	}
}

// leaving is a finding whose traffic is left out.
type leaving struct{ id, check, title string }

// leaving gives the doings that are part of a finding: those of its host with
// its peers, from both sides, and, where it has more peers than it lists,
// what its host did in the same way with others.
func (b *builder) leaving(keys []doingKey) map[doingKey]*leaving {
	out := map[doingKey]*leaving{}
	if len(b.l.left) == 0 {
		return out
	}
	byHost := map[ident.HostKey][]doingKey{}
	for _, k := range keys {
		byHost[k.host] = append(byHost[k.host], k)
	}
	for _, f := range b.l.left {
		why := &leaving{f.ID, f.Check, f.Title}
		peers := map[string]bool{}
		for _, p := range f.Peers {
			peers[p] = true
		}
		var own []doingKey // of the host with the peers
		for _, k := range byHost[f.Host] {
			if k.peer.role == "" && peers[b.addrText(k)] {
				out[k] = why
				own = append(own, k)
			}
		}
		if f.PeerCount > len(f.Peers) {
			for _, k := range byHost[f.Host] {
				if k.peer.role == "" && slices.ContainsFunc(own, func(o doingKey) bool {
					return o.in == k.in && o.transport == k.transport && o.port == k.port && o.proto == k.proto
				}) {
					out[k] = why
				}
			}
		}
		for _, k := range keys { // the same, seen from the peers
			if k.peer.host == f.Host && k.host != f.Host && (peers[b.ownText(k.host)] || f.PeerCount > len(f.Peers)) {
				if turned := (doingKey{host: f.Host, in: !k.in, peer: peerKey{host: k.host}, transport: k.transport, port: k.port, proto: k.proto}); out[turned] != nil {
					out[k] = why
				}
			}
		}
	}
	return out
}

func (b *builder) addrText(k doingKey) string {
	if d := b.l.doings[k]; d.addr.IsValid() {
		return d.addr.String()
	}
	return ""
}

func (b *builder) ownText(k ident.HostKey) string {
	if h := b.l.hosts[k]; h != nil && h.addr.IsValid() {
		return h.addr.String()
	}
	return ""
}

func (b *builder) peerText(k doingKey) string { return cmp.Or(k.peer.role, b.addrText(k)) }

// policy puts a subject's profile into its envelope.
func (b *builder) policy(s *subject) *policy.Policy {
	p := &policy.Profile{Name: nameOf(s), Unseen: s.history.unseen(), Behind: s.history.behind, Lines: b.lines(s)}
	for _, d := range s.devices {
		p.Members = append(p.Members, memberOf(d))
	}
	first := s.devices[0]
	p.Vendor, p.Model, p.Type = first.Vendor.Value, first.Model.Value, first.Type.Value
	if first.MUD != "" {
		p.MUD = &policy.MUD{URL: first.MUD}
	}
	p.Learned = &policy.Learned{
		First: s.history.first, Last: s.history.last, DeviceDays: days(s.history.span), Exchanges: s.history.exchanges, LeftOut: s.left,
	}
	if s.history.over > 0 {
		p.Learned.LeftOut = append(p.Learned.LeftOut, policy.LeftOut{Exchanges: s.history.over, Reason: "it does more different things than are kept of one device"})
	}
	env := &policy.Policy{
		ID: "profile-" + slug(s.key), Kind: policy.ForProfile, Revision: 1, Tenant: b.l.o.Tenant, Mode: policy.Observe, Origin: policy.FromFile,
		Created: s.history.last, Author: cmp.Or(b.l.o.Author, "edgeward"), Note: fmt.Sprintf("learned from %d exchanges", s.history.exchanges),
	}
	for _, d := range s.devices {
		env.Selector.Devices = append(env.Selector.Devices, d.ID)
	}
	if err := Envelope(env, p); err != nil {
		panic("a profile is always JSON: " + err.Error())
	}
	return env
}

// days gives a span in days, to a ten-thousandth.
func days(span int64) float64 { return math.Round(float64(span)/float64(24*hour)*1e4) / 1e4 }

func nameOf(s *subject) string {
	d := s.devices[0]
	kind := strings.Join(strings.Fields(d.Vendor.Value+" "+d.Model.Value+" "+d.Type.Value), " ")
	switch {
	case len(s.devices) > 1:
		return fmt.Sprintf("%s (%d devices)", cmp.Or(kind, "devices"), len(s.devices))
	case kind != "":
		return kind
	case len(d.Names) > 0:
		return d.Names[0]
	case len(d.Addresses) > 0:
		return d.Addresses[0].String()
	}
	return d.ID
}

// maxMemberNames bounds what is written of one member.
const maxMemberNames = 8

func memberOf(d *asset.Device) policy.Member {
	m := policy.Member{ID: d.ID}
	for _, mac := range d.MACs[:min(len(d.MACs), maxMemberNames)] {
		m.MACs = append(m.MACs, mac.String())
	}
	m.Names = append(m.Names, d.Names[:min(len(d.Names), maxMemberNames)]...)
	m.Addresses = append(m.Addresses, d.Addresses[:min(len(d.Addresses), maxMemberNames)]...)
	return m
}

// The things that a device does seldom, and that nobody can allow who has not
// seen them.
const (
	UnseenUpdate  = "firmware-update"
	UnseenRestart = "restart"
	UnseenNight   = "night"
	UnseenWeekend = "weekend"
	UnseenWeek    = "whole-week"
	UnseenMonth   = "month-end"
)

func (h *history) unseen() []string {
	var out []string
	if !h.large {
		out = append(out, UnseenUpdate)
	}
	if !h.started {
		out = append(out, UnseenRestart)
	}
	if h.hours&0x3f == 0 { // from 0 to 5 UTC
		out = append(out, UnseenNight)
	}
	if h.weekdays&(1<<0|1<<6) == 0 {
		out = append(out, UnseenWeekend)
	}
	if h.last-h.first < 7*24*hour {
		out = append(out, UnseenWeek)
	}
	if h.last-h.first < 31*24*hour {
		out = append(out, UnseenMonth)
	}
	return out
}

// lineKey is what a line is made for, once peers are known by what they are.
type lineKey struct {
	in        bool
	kind      policy.PeerKind
	value     string // role, key of a device, or which group of names
	transport uint8
	proto     event.Proto
}

// draft is a line that is being made.
type draft struct {
	lineKey
	doings []*placedDoing
	ports  []uint32
	names  []string
	addrs  []netip.Addr
	peers  map[string]*asset.Device
}

// lines makes the lines of one profile.
func (b *builder) lines(s *subject) []policy.Line {
	fold(s.doings)
	named := groupNames(s.doings)
	drafts := map[lineKey]*draft{}
	var order []*draft
	for _, d := range s.doings {
		k := lineKey{in: d.in, transport: d.transport, proto: d.proto}
		switch {
		case d.peer.role == servesAll:
			k.kind = policy.PeerLocal
		case d.peer.role != "":
			k.kind, k.value = policy.PeerRole, d.peer.role
			if d.peer.role == policy.RoleDiscovery && !discovers(d.proto) {
				k.value += fmt.Sprint(" ", min(d.port, ephemeral)) // those above change from one time to the next
			}
			if d.peer.role == policy.RoleTime {
				s.times = append(s.times, d.names...)
			}
		case d.peer.host != 0:
			k.kind, k.value = policy.PeerDevice, b.deviceName(d.peer.host, d.addr)
		case len(d.names) > 0 && !d.in:
			k.kind, k.value = policy.PeerName, named[d.names[0]]
		default:
			k.kind, k.value = policy.PeerNetwork, fmt.Sprint(d.port)
		}
		if k.kind != policy.PeerNetwork && k.kind != policy.PeerRole && d.port < 1024 {
			k.value += fmt.Sprint(" ", d.port) // the verbs of one port are not those of another
		}
		dr := drafts[k]
		if dr == nil {
			dr = &draft{lineKey: k, peers: map[string]*asset.Device{}}
			drafts[k] = dr
			order = append(order, dr)
		}
		dr.doings = append(dr.doings, d)
		dr.add(d, b)
	}
	lines := []policy.Line{
		{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleNetwork}, Note: "errors, neighbours and groups"},
		{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleNetwork}, Note: "errors, neighbours and groups"},
	}
	for i := range lines {
		lines[i].ID = lines[i].Identify()
	}
	for _, dr := range order {
		lines = append(lines, b.line(dr, s)...)
	}
	return lines[:min(len(lines), MaxLines)]
}

func (dr *draft) add(d *placedDoing, b *builder) {
	if d.transport == tcp || d.transport == udp {
		if !slices.Contains(dr.ports, uint32(d.port)) {
			dr.ports = append(dr.ports, uint32(d.port))
		}
	}
	for _, n := range d.names {
		if !slices.Contains(dr.names, n) {
			dr.names = append(dr.names, n)
		}
	}
	if d.peer.addr.IsValid() && !slices.Contains(dr.addrs, d.peer.addr) {
		dr.addrs = append(dr.addrs, d.peer.addr)
	}
	if d.peer.host != 0 {
		if dev := b.device(d.peer.host, d.addr); dev != nil {
			dr.peers[dev.ID] = dev
		} else if d.addr.IsValid() && !slices.Contains(dr.addrs, d.addr) {
			dr.addrs = append(dr.addrs, d.addr)
		}
	}
}

func (b *builder) deviceName(k ident.HostKey, a netip.Addr) string {
	if d := b.device(k, a); d != nil {
		return d.ID
	}
	return a.String()
}

// fold gives what could not be recognised, since nothing was said, to what was
// at the same peer and port.
func fold(doings []*placedDoing) {
	type end struct {
		in        bool
		peer      peerKey
		transport uint8
		port      uint16
	}
	known := map[end]event.Proto{}
	for _, d := range doings {
		if d.proto != 0 {
			known[end{d.in, d.peer, d.transport, d.port}] = d.proto
		}
	}
	for _, d := range doings {
		if d.proto == 0 && d.silent {
			if p, ok := known[end{d.in, d.peer, d.transport, d.port}]; ok {
				d.proto = p
			}
		}
	}
}

// groupNames puts names together that stand for one address, so that one
// service is one line: it gives each name the first of its group.
func groupNames(doings []*placedDoing) map[string]string {
	parent := map[string]string{}
	var root func(string) string
	root = func(n string) string {
		for parent[n] != n {
			n = parent[n]
		}
		return n
	}
	for _, d := range doings {
		if d.in || d.peer.role != "" || d.home {
			continue
		}
		for _, n := range d.names {
			if parent[n] == "" {
				parent[n] = n
			}
			a, c := root(d.names[0]), root(n)
			if a != c {
				parent[max(a, c)] = min(a, c)
			}
		}
	}
	out := make(map[string]string, len(parent))
	for n := range parent {
		out[n] = root(n)
	}
	return out
}

// slug writes a text with letters, digits and hyphens only.
func slug(s string) string {
	out := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || isDigit(c) {
			return c
		}
		if c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return '-'
	}, s)
	return strings.Trim(out[:min(len(out), 64)], "-")
}
