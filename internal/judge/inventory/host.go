package inventory

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/fingerprint"
)

// Bounds of what is kept for one host.
const (
	maxBeliefs  = 48
	maxServices = 64
	maxUses     = 48
	maxPeers    = 64
	maxNames    = 12
	maxText     = 200
)

// host is what was observed of one address.
type host struct {
	id          hostID
	place       ident.Place
	addr        netip.Addr // not valid when it shows none
	own         ident.MAC  // what it is known by when it shows no address
	mac         ident.MAC  // last MAC seen with it as source
	first, last int64
	packets     uint64 // sent
	bytes       uint64 // sent and received
	active      bool   // it sent something that is not only an unanswered attempt
	beliefs     []belief
	names       []string
	services    []service
	uses        []service
	peers       []peer
	peerKeys    []uint64 // hashes of their addresses, to find them
	peerCount   int
	roles       roleSet
	vlan        uint16
	mud         string
	learned     uint32 // counts new beliefs and what services turned out to speak
	round       uint32 // of Changed in which it was last heard
	told        shown  // what Changed last told of it, and when
	toldAt      int64
	gone        bool // it was forgotten
	shown       [shownSlots]uint64
	prev, next  *host
}

// belief is a clue with where it came from.
type belief struct {
	fingerprint.Clue
	source string
	shown  string // what was seen
	packet uint64
	time   int64
}

type service struct {
	transport uint8
	port      uint16
	proto     event.Proto
	first     int64
	last      int64
	flows     uint64
	clients   map[netip.Addr]struct{}
	client    netip.Addr // the last of them
}

type peer struct {
	asset.Peer
	protos protoSet
}

// protoSet is a set of protocols.
type protoSet [(event.ProtoCount + 63) / 64]uint64

func (s *protoSet) add(p event.Proto) { s[p/64] |= 1 << (p % 64) }

func (s *protoSet) names() []string {
	var out []string
	for i := 1; i < event.ProtoCount; i++ {
		if s[i/64]&(1<<(i%64)) != 0 {
			out = append(out, event.Proto(i).String())
		}
	}
	slices.Sort(out)
	return out
}

// roleSet is what a host does for others.
type roleSet uint16

// The roles.
const (
	roleGateway roleSet = 1 << iota
	roleResolver
	roleDHCP
	roleTime
	roleBroker
)

var roleNames = [...]string{"gateway", "resolver", "dhcp-server", "time-server", "broker"}

func (r roleSet) names() []string {
	var out []string
	for i, n := range roleNames {
		if r&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// hostList is a doubly linked list of hosts.
type hostList struct{ head, tail *host }

func (l *hostList) remove(h *host) {
	if h.prev != nil {
		h.prev.next = h.next
	} else {
		l.head = h.next
	}
	if h.next != nil {
		h.next.prev = h.prev
	} else {
		l.tail = h.prev
	}
	h.prev, h.next = nil, nil
}

func (l *hostList) push(h *host) {
	h.prev = l.tail
	if l.tail != nil {
		l.tail.next = h
	} else {
		l.head = h
	}
	l.tail = h
}

// hostOf gives the host of an address or, without one, of a MAC; nil when it
// is not at home. The host that was silent for longest goes when there are
// too many, those that only tried something in vain first.
func (v *Inventory) hostOf(p ident.Place, a netip.Addr, mac ident.MAC, now int64) *host {
	id := idOf(p, a, mac)
	if id == (hostID{}) || !id.bare() && !v.Home(p, a) {
		return nil
	}
	return v.hostBy(id, p, a.Unmap(), mac, now)
}

// hostBy gives the host of an id.
func (v *Inventory) hostBy(id hostID, p ident.Place, a netip.Addr, mac ident.MAC, now int64) *host {
	h := v.hosts[id]
	if h != nil {
		v.heard(h, now)
		return h
	}
	if len(v.hosts) >= v.opt.MaxHosts {
		v.forget()
	}
	h = &host{id: id, place: p, addr: a, first: now, last: now, round: v.told.round}
	if id.bare() {
		h.addr, h.own = netip.Addr{}, mac
	}
	v.hosts[id] = h
	v.order.push(h)
	return h
}

// heard notes that there is news of a host.
func (v *Inventory) heard(h *host, now int64) {
	if v.order.tail != h {
		v.order.remove(h)
		v.order.push(h)
	}
	h.last, h.first = max(h.last, now), min(h.first, now)
	h.round = v.told.round
}

func (v *Inventory) forget() {
	victim := v.order.head
	for h, n := victim, 0; h != nil && n < 64; h, n = h.next, n+1 {
		if !h.active {
			victim = h
			break
		}
	}
	v.order.remove(victim)
	delete(v.hosts, victim.id)
	victim.gone = true
	v.evicted++
}

type clueKey struct{ field, value string }

const maxClues = 4096

// show matches what a host showed against the fingerprints and keeps the
// beliefs. The value is copied.
func (v *Inventory) show(h *host, field, value string, f *event.Fact) {
	if h == nil || value == "" || v.opt.Matcher == nil {
		return
	}
	value = value[:min(len(value), 1024)]
	if h.showed(maphash.String(v.seed, value) ^ bits.RotateLeft64(maphash.String(v.seed, field), 1)) {
		return
	}
	clues, ok := v.clues[clueKey{field, value}]
	if !ok {
		value = strings.Clone(value)
		clues = v.opt.Matcher.Match(field, value)
		if len(v.clues) >= maxClues {
			clear(v.clues)
		}
		v.clues[clueKey{field, value}] = clues
	}
	for _, c := range clues {
		v.believe(h, c, field, value, f)
	}
}

// shownSlots is how many of the things that a host showed are remembered, so
// that the same is not looked at again and again.
const shownSlots = 8

// showed reports whether a host showed something of late, by its hash, and
// remembers it.
func (h *host) showed(hash uint64) bool {
	slot := &h.shown[hash%shownSlots]
	was := *slot == hash
	*slot = hash
	return was
}

// believe keeps one belief, unless the same is held already.
func (v *Inventory) believe(h *host, c fingerprint.Clue, source, shown string, f *event.Fact) {
	if h == nil || c.Value == "" {
		return
	}
	for i := range h.beliefs {
		b := &h.beliefs[i]
		if b.Attribute == c.Attribute && b.source == source && b.Rule == c.Rule && b.Value == c.Value {
			return
		}
	}
	b := belief{Clue: c, source: source, shown: strings.Clone(shown[:min(len(shown), maxText)]), packet: f.Packet, time: f.Time}
	b.Value = strings.Clone(strings.TrimSpace(c.Value[:min(len(c.Value), maxText)]))
	if b.Value == "" {
		return
	}
	if len(h.beliefs) < maxBeliefs {
		h.learned++
		h.beliefs = append(h.beliefs, b)
		return
	}
	weakest := 0
	for i := range h.beliefs {
		if h.beliefs[i].Confidence < h.beliefs[weakest].Confidence {
			weakest = i
		}
	}
	if h.beliefs[weakest].Confidence < b.Confidence {
		h.learned++
		h.beliefs[weakest] = b
	}
}

// state keeps what a device says of itself in so many words.
func (v *Inventory) state(h *host, attr fingerprint.Attribute, value string, confidence float64, source string, f *event.Fact) {
	if h == nil || value == "" {
		return
	}
	v.believe(h, fingerprint.Clue{Attribute: attr, Value: value, Confidence: confidence}, source, value, f)
}

func (h *host) name(n string) {
	n = strings.TrimSuffix(strings.TrimSpace(n), ".")
	if h == nil || n == "" || len(n) > 120 || len(h.names) >= maxNames || slices.Contains(h.names, n) {
		return
	}
	h.names = append(h.names, strings.Clone(n))
}

// offer notes a service that the host answers on; use one that it uses.
func (h *host) offer(transport uint8, port uint16, p event.Proto, client netip.Addr, now int64) {
	if s := h.note(&h.services, maxServices, transport, port, p, now); s != nil {
		if s.client == client {
			return
		}
		if s.clients == nil {
			s.clients = map[netip.Addr]struct{}{}
		}
		if s.client = client; len(s.clients) < 256 {
			s.clients[client] = struct{}{}
		}
	}
}

func (h *host) use(transport uint8, port uint16, p event.Proto, now int64) {
	h.note(&h.uses, maxUses, transport, port, p, now)
}

// note counts a flow of a service in one of the host's lists.
func (h *host) note(list *[]service, limit int, transport uint8, port uint16, p event.Proto, now int64) *service {
	for i := range *list {
		s := &(*list)[i]
		if s.transport == transport && s.port == port {
			s.last = max(s.last, now)
			s.flows++
			if s.proto == event.ProtoUnknown && p != event.ProtoUnknown {
				s.proto = p
				h.learned++
			}
			return s
		}
	}
	if len(*list) >= limit {
		return nil
	}
	*list = append(*list, service{transport: transport, port: port, proto: p, first: now, last: now, flows: 1})
	return &(*list)[len(*list)-1]
}

// meet notes a conversation with a peer.
func (h *host) meet(a netip.Addr, home bool, p event.Proto, out, in uint64, now int64) {
	x := h.peer(a)
	if x == nil {
		h.peerCount++
		x = h.addPeer(a)
		*x = peer{Peer: asset.Peer{Address: a, Home: home, First: now}}
	}
	x.Flows++
	x.BytesOut += out
	x.BytesIn += in
	x.First, x.Last = min(x.First, now), max(x.Last, now)
	x.protos.add(p)
}

// peer gives what is known of a peer, nil when it is none.
func (h *host) peer(a netip.Addr) *peer {
	k := peerKey(a)
	for i, have := range h.peerKeys {
		if have == k && h.peers[i].Address == a {
			return &h.peers[i]
		}
	}
	return nil
}

// addPeer gives room for a peer. When there is none left, the peer with the
// fewest bytes is forgotten, the higher address first among equals.
func (h *host) addPeer(a netip.Addr) *peer {
	k := peerKey(a)
	if len(h.peers) < maxPeers {
		h.peers, h.peerKeys = append(h.peers, peer{}), append(h.peerKeys, k)
		return &h.peers[len(h.peers)-1]
	}
	victim := 0
	for i := range h.peers {
		x, y := &h.peers[i], &h.peers[victim]
		if n, least := x.BytesIn+x.BytesOut, y.BytesIn+y.BytesOut; n < least || n == least && y.Address.Less(x.Address) {
			victim = i
		}
	}
	h.peerKeys[victim] = k
	return &h.peers[victim]
}

// peerKey hashes an address.
func peerKey(a netip.Addr) uint64 {
	b := a.As16()
	return binary.LittleEndian.Uint64(b[8:])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(b[:8])
}
