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
	called map[string]int // how many devices have a name
}

func newBuilder(l *Learner, devices []*asset.Device) *builder {
	b := &builder{l: l, byHost: map[ident.HostKey]*asset.Device{}, byAddr: map[netip.Addr]*asset.Device{}, called: map[string]int{}}
	for _, d := range devices {
		for _, k := range d.Hosts {
			b.byHost[k] = d
		}
		for _, a := range d.Addresses {
			b.byAddr[a] = d
		}
		for _, n := range d.Names {
			b.called[canonical(n)]++
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

// policy puts a subject's profile into its envelope.
func (b *builder) policy(s *subject) *policy.Policy {
	p := &policy.Profile{Name: nameOf(s), Unseen: s.history.unseen(), Behind: s.history.behind, Lines: b.lines(s)}
	for _, d := range s.devices {
		p.Members = append(p.Members, b.member(d))
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

// member says by what a device can be known elsewhere: not by a name that
// others have as well.
func (b *builder) member(d *asset.Device) policy.Member {
	m := policy.Member{ID: d.ID}
	for _, mac := range d.MACs[:min(len(d.MACs), maxMemberNames)] {
		m.MACs = append(m.MACs, mac.String())
	}
	for _, n := range d.Names {
		if b.called[canonical(n)] == 1 && len(m.Names) < maxMemberNames {
			m.Names = append(m.Names, n)
		}
	}
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
