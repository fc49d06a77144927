//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// Document gives a document.
func (s *Store) Document(ctx context.Context, tenant uint16, kind, key string) ([]byte, error) {
	var b []byte
	found, err := s.one(ctx, "SELECT value FROM documents WHERE tenant = ? AND kind = ? AND name = ?", []any{tenant, kind, key}, &b)
	if err == nil && !found {
		return nil, notFound(kind, key)
	}
	return b, err
}

// Documents gives all documents of a kind by their keys.
func (s *Store) Documents(ctx context.Context, tenant uint16, kind string) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := s.find(ctx, "SELECT name, value FROM documents WHERE tenant = ? AND kind = ?", []any{tenant, kind}, func(rows *sql.Rows) error {
		var key string
		var b []byte
		err := rows.Scan(&key, &b)
		out[key] = slices.Clone(b)
		return err
	})
	return out, err
}

// PutDocument stores a document.
func (s *Store) PutDocument(ctx context.Context, tenant uint16, kind, key string, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	return s.update(ctx, "store document", func(t *tx) error { return t.putDocument(tenant, kind, key, value) })
}

func (t *tx) putDocument(tenant uint16, kind, key string, value []byte) error {
	columns := []string{"tenant", "kind", "name", "value"}
	return t.bulk("documents", columns, upsert("tenant, kind, name", columns), [][]any{{tenant, kind, key, value}})
}

// EditDocument changes a document in one transaction. The function gets nil
// when there is none; the document stays as it is when the function gives nil.
func (s *Store) EditDocument(ctx context.Context, tenant uint16, kind, key string, edit func([]byte) ([]byte, error)) error {
	return s.update(ctx, "edit document", func(t *tx) error {
		var b []byte
		err := t.row("SELECT value FROM documents WHERE tenant = ? AND kind = ? AND name = ?", []any{tenant, kind, key}, &b)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		value, err := edit(b)
		if err != nil || value == nil {
			return err
		}
		return t.putDocument(tenant, kind, key, value)
	})
}

// DeleteDocument removes a document; one that is gone is no error.
func (s *Store) DeleteDocument(ctx context.Context, tenant uint16, kind, key string) error {
	return s.update(ctx, "delete document", func(t *tx) error {
		_, err := t.exec("DELETE FROM documents WHERE tenant = ? AND kind = ? AND name = ?", tenant, kind, key)
		return err
	})
}
