//go:build !sensor

package app

import (
	"context"

	"edgeward/internal/app/config"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
)

// openObjects gives the object store for the event log, nil for the data folder.
func openObjects(_ context.Context, c *config.Config) (*segment.ObjectStore, error) {
	if c.Store.S3.Endpoint == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	return nil, ident.Errorf(ident.Unavailable, "", "object stores")
}
