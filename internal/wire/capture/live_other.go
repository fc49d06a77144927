//go:build !linux

package capture

import (
	"context"

	"edgeward/internal/ident"
)

// OpenLive captures from an interface, which needs Linux.
func OpenLive(_ context.Context, opt LiveOptions) (Source, error) {
	return nil, ident.Errorf(ident.Unavailable, "capture to a file and analyse that", "capture from interface %q: live capture needs Linux", opt.Interface)
}
