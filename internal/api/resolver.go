//go:build !sensor

package api

import (
	"context"
	"strings"

	"edgeward/internal/ident"
)

// resolver answers what queries name, as far as the caller may see it.
type resolver struct {
	s *Server
	c *caller
}

// DeviceHosts gives the host keys that ever stood for a device.
func (r resolver) DeviceHosts(ctx context.Context, _ uint16, device string) ([]ident.HostKey, error) {
	d, err := r.s.directory(ctx, r.c)
	if err != nil {
		return nil, err
	}
	var hosts []ident.HostKey
	for id, card := range d {
		if id != device && !strings.EqualFold(card.Label, device) {
			continue
		}
		tenures, err := r.s.Devices.Tenures(ctx, r.c.tenant, id)
		if err != nil {
			return nil, err
		}
		for _, t := range tenures {
			hosts = append(hosts, t.Host)
		}
	}
	return hosts, nil
}

// SiteSensors gives the ids of the sensors of a site.
func (r resolver) SiteSensors(ctx context.Context, _ uint16, site string) ([]string, error) {
	if !r.c.sees(site) {
		return nil, nil
	}
	found, err := r.s.visibleSensors(ctx, r.c)
	var ids []string
	for _, x := range found {
		if strings.EqualFold(x.Site, site) {
			ids = append(ids, x.ID)
		}
	}
	return ids, err
}

// SensorNames gives the names of sensors by their ids.
func (r resolver) SensorNames(ctx context.Context, _ uint16) (map[string]string, error) {
	found, err := r.s.visibleSensors(ctx, r.c)
	names := make(map[string]string, len(found))
	for _, x := range found {
		names[x.ID] = x.Name
	}
	return names, err
}
