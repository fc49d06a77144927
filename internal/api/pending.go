//go:build !sensor

package api

import (
	"context"
	"errors"
	"io"

	"github.com/danielgtaylor/huma/v2"
)

const cookieName = "edgeward"

func (s *Server) guard(access) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) { next(c) }
}

func pending[I, O any](context.Context, *I) (*O, error) { return nil, errors.New("pending") }

// Upload is a body that is read as it comes.
type Upload struct{ body io.Reader }

// Resolve keeps the body.
func (u *Upload) Resolve(ctx huma.Context) []error { u.body = ctx.BodyReader(); return nil }
