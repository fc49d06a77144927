package profile

import (
	"cmp"
	"slices"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

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
	byHost, byPeer := map[ident.HostKey][]doingKey{}, map[ident.HostKey][]doingKey{}
	for _, k := range keys {
		byHost[k.host] = append(byHost[k.host], k)
		if k.peer.host != 0 {
			byPeer[k.peer.host] = append(byPeer[k.peer.host], k)
		}
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
		for _, k := range byPeer[f.Host] { // the same, seen from the peers
			if k.host != f.Host && (peers[b.ownText(k.host)] || f.PeerCount > len(f.Peers)) {
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
