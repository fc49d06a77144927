//go:build !sensor

package api

import (
	"context"
	"net/netip"
	"slices"

	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
)

// studyDevices bounds the devices of which a look into the event log knows.
const studyDevices = 20_000

// hosts is what the hub knows of hosts, for profiles.
type hosts struct {
	devices []*asset.Device // as people and sensors together see them
	known   map[ident.HostKey]profile.Host
	home    func(netip.Addr) bool
}

var _ profile.Hosts = (*hosts)(nil)

// Home reports whether an address is one of ours.
func (h *hosts) Home(_ ident.Place, a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || h.home != nil && h.home(a)
}

// Host gives what is known of a host.
func (h *hosts) Host(k ident.HostKey) (profile.Host, bool) {
	x, ok := h.known[k]
	return x, ok
}

// hosts reads the devices that the caller may see.
func (s *Server) hosts(ctx context.Context, c *caller) (*hosts, error) {
	h := &hosts{known: map[ident.HostKey]profile.Host{}}
	if s.Home != nil {
		h.home = s.Home(ctx, c.tenant)
	}
	f := asset.Filter{Tenant: c.tenant, Sites: c.only(nil), Limit: 500}
	for f.Offset = 0; f.Offset < studyDevices; f.Offset += f.Limit {
		page, _, err := s.Devices.Devices(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			h.add(r)
		}
		if len(page) < f.Limit {
			break
		}
	}
	return h, nil
}

func (h *hosts) add(r *asset.Record) {
	d := r.Device
	for _, set := range []struct {
		belief *asset.Belief
		value  string
	}{{&d.Vendor, r.Set.Vendor}, {&d.Model, r.Set.Model}, {&d.Type, r.Set.Type}} {
		if set.value != "" {
			*set.belief = asset.Belief{Value: set.value, Confidence: 1, Source: "person"}
		}
	}
	if r.Set.Label != "" && !slices.Contains(d.Names, r.Set.Label) {
		d.Names = append([]string{r.Set.Label}, d.Names...)
	}
	d.Zone = hub.ZoneOf(r)
	h.devices = append(h.devices, &d)
	for _, k := range d.Hosts {
		h.known[k] = profile.Host{Device: d.ID, Zone: d.Zone, Vendor: d.Vendor.Value, MUD: d.MUD, Router: slices.Contains(d.Roles, "gateway")}
	}
}
