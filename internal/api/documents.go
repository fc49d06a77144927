//go:build !sensor

package api

import (
	"context"
	"encoding/json"
	"fmt"

	"edgeward/internal/ident"
)

// load reads a document into v, which stays as it is when there is none.
func (s *Server) load(ctx context.Context, tenant uint16, kind, key string, v any) error {
	b, err := s.Documents.Document(ctx, tenant, kind, key)
	switch {
	case ident.CodeOf(err) == ident.NotFound, err == nil && b == nil:
		return nil
	case err != nil:
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read the document %s/%s: %w", kind, key, err)
	}
	return nil
}

// fetch reads a document that must be there.
func fetch[T any](ctx context.Context, s *Server, tenant uint16, kind, key, what string) (T, error) {
	var v T
	b, err := s.Documents.Document(ctx, tenant, kind, key)
	if ident.CodeOf(err) == ident.NotFound || err == nil && b == nil {
		return v, unknown(what)
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("read the document %s/%s: %w", kind, key, err)
	}
	return v, nil
}

// all reads the documents of a kind, by key. One that cannot be read is left
// out and logged.
func all[T any](ctx context.Context, s *Server, tenant uint16, kind string) (map[string]T, error) {
	docs, err := s.Documents.Documents(ctx, tenant, kind)
	if err != nil {
		return nil, err
	}
	out := make(map[string]T, len(docs))
	for key, b := range docs {
		var v T
		if err := json.Unmarshal(b, &v); err != nil {
			s.Log.WarnContext(ctx, "a document cannot be read", "kind", kind, "key", key, "error", err)
			continue
		}
		out[key] = v
	}
	return out, nil
}

// save writes a document.
func (s *Server) save(ctx context.Context, tenant uint16, kind, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the document %s/%s: %w", kind, key, err)
	}
	return s.Documents.PutDocument(ctx, tenant, kind, key, b)
}
