//go:build !sensor

package api

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/hub"
)

// directory is who is who, for labels in lists.
type directory map[string]hub.Card

// directory names the devices that the caller may see, at most scanLimit.
// What it gives is kept for some seconds, since many screens ask for it.
func (s *Server) directory(ctx context.Context, c *caller) (directory, error) {
	key := directoryKey{c.tenant, strings.Join(c.sites, "\x00")}
	s.directoryMu.Lock()
	defer s.directoryMu.Unlock()
	if d, ok := s.directories[key]; ok && s.fresh(d.at, directoryLife) {
		return d.directory, nil
	}
	d, err := s.cards(ctx, hub.CardFilter{Tenant: c.tenant, Sites: c.only(nil), Limit: scanLimit})
	if err != nil {
		return nil, err
	}
	if len(s.directories) > 50 {
		clear(s.directories)
	}
	s.directories[key] = knownDirectory{s.now(), d}
	return d, nil
}

// named gives a directory of some of the devices that the caller may see.
func (s *Server) named(ctx context.Context, c *caller, ids []string) (directory, error) {
	slices.Sort(ids)
	return s.cards(ctx, hub.CardFilter{Tenant: c.tenant, Sites: c.only(nil), IDs: append([]string{}, slices.Compact(ids)...)})
}

func (s *Server) cards(ctx context.Context, f hub.CardFilter) (directory, error) {
	list, err := s.Devices.Cards(ctx, f)
	d := make(directory, len(list))
	for _, x := range list {
		d[x.ID] = x
	}
	return d, err
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
	if c, ok := d[id]; ok {
		return c.Label
	}
	return id
}

// isAddress reports whether a key of a roll-up is an address and not a device.
func isAddress(key string) bool {
	_, err := netip.ParseAddr(key)
	return err == nil
}

// addTo adds a word to a short list, once.
func addTo(words []string, w string, most int) []string {
	if w == "" || slices.Contains(words, w) || len(words) >= most {
		return words
	}
	return append(words, w)
}
