//go:build !sensor

package api

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
)

// addressKey is an address in one of several networks.
type addressKey struct {
	scope   uint16
	address string
}

// byAddress gives the ids of devices by the addresses that they have now.
func (s *Server) byAddress(ctx context.Context, c *caller) (map[addressKey]string, error) {
	d, err := s.directory(ctx, c)
	return d.addresses, err
}

// card is what lists say of a device besides its id.
type card struct {
	label, kind, zone, site string
	risk                    int
}

// directory is who is who, for labels in lists.
type directory struct {
	cards     map[string]card
	addresses map[addressKey]string
}

// directory reads the devices that the caller may see, at most scanLimit.
// What it gives is kept for some seconds, since every screen asks for it.
func (s *Server) directory(ctx context.Context, c *caller) (directory, error) {
	key := directoryKey{c.tenant, strings.Join(c.sites, "\x00")}
	s.directoryMu.Lock()
	defer s.directoryMu.Unlock()
	if d, ok := s.directories[key]; ok && s.now()-d.at < directoryLife {
		return d.directory, nil
	}
	d := directory{map[string]card{}, map[addressKey]string{}}
	err := s.eachDevice(ctx, asset.Filter{Tenant: c.tenant, Sites: c.only(nil)}, scanLimit, func(r *asset.Record) error {
		d.cards[r.ID] = card{r.Label(), r.Kind(), cmp.Or(r.Set.Zone, r.Zone), r.Site, r.Risk}
		for _, a := range r.Addresses {
			d.addresses[addressKey{r.Place.Scope, a.Unmap().String()}] = r.ID
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	if len(s.directories) > 50 {
		clear(s.directories)
	}
	s.directories[key] = knownDirectory{s.now(), d}
	return d, nil
}

type directoryKey struct {
	tenant uint16
	sites  string
}

type knownDirectory struct {
	at int64
	directory
}

// directoryLife is how old a directory may be, in nanoseconds.
const directoryLife = 5e9

// label names a device or an address.
func (d directory) label(id string) string {
	if c, ok := d.cards[id]; ok {
		return c.label
	}
	return id
}

// isAddress reports whether a key of a roll-up is an address and not a device.
func isAddress(key string) bool {
	_, err := netip.ParseAddr(key)
	return err == nil
}

// visible reports whether one end of a pair may be shown: addresses may, and
// devices that the caller sees.
func (d directory) visible(id string) bool {
	_, ok := d.cards[id]
	return ok || isAddress(id)
}

// addTo adds a word to a short list, once.
func addTo(words []string, w string, most int) []string {
	if w == "" || slices.Contains(words, w) || len(words) >= most {
		return words
	}
	return append(words, w)
}
