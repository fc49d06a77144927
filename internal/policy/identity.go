package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/netip"
	"slices"
)

// Identify gives the id of a line: a hash of the exchanges it is about, that
// is of its direction, peer, transport, ports and protocol. Verbs, ceilings,
// hours and evidence do not count, so that a line that is learned again keeps
// its id; nor does the id that a run gave to a device, as long as the device
// is known by something that lasts.
func (l *Line) Identify() string {
	h := sha256.New()
	write(h, string(l.Direction), l.Transport, l.Protocol, string(l.Peer.Kind), l.Peer.Value)
	sorted(h, l.Peer.Names, func(n string) string { return n })
	sorted(h, l.Peer.Devices, memberKey)
	sorted(h, l.Peer.Networks, netip.Prefix.String)
	ranges(h, l.Ports)
	ranges(h, l.From)
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func write(h hash.Hash, words ...string) {
	for _, w := range words {
		fmt.Fprintf(h, "%d:%s", len(w), w)
	}
}

func sorted[T any](h hash.Hash, list []T, word func(T) string) {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = word(v)
	}
	slices.Sort(words)
	fmt.Fprintf(h, "[%d", len(words))
	write(h, words...)
}

func ranges(h hash.Hash, list []Range) {
	sorted(h, list, func(r Range) string { return fmt.Sprint(r.First, r.Last) })
}

// memberKey names a device by what wins of what it is known by.
func memberKey(m Member) string {
	switch {
	case len(m.MACs) > 0:
		return "mac " + slices.Min(m.MACs)
	case len(m.Names) > 0:
		return "name " + slices.Min(m.Names)
	case len(m.Addresses) > 0:
		return "address " + slices.MinFunc(m.Addresses, netip.Addr.Compare).String()
	}
	return "id " + m.ID
}
