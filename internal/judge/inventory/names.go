package inventory

import (
	"net/netip"
	"strings"
)

// nameCache remembers by which name an address was asked for. The name asked
// for last counts; the oldest entry goes when there are too many.
type nameCache struct {
	names map[netip.Addr]string
	ring  []netip.Addr
	at    int
}

const maxCachedNames = 16384

func newNameCache() *nameCache { return &nameCache{names: map[netip.Addr]string{}} }

func (c *nameCache) learn(a netip.Addr, name string) {
	a = a.Unmap()
	if !a.IsValid() || name == "" || len(name) > 253 {
		return
	}
	if old, ok := c.names[a]; ok {
		if old != name {
			c.names[a] = strings.Clone(name)
		}
		return
	}
	if len(c.ring) < maxCachedNames {
		c.ring = append(c.ring, a)
	} else {
		delete(c.names, c.ring[c.at])
		c.ring[c.at] = a
		c.at = (c.at + 1) % maxCachedNames
	}
	c.names[a] = strings.Clone(name)
}

func (c *nameCache) of(a netip.Addr) string { return c.names[a.Unmap()] }
