//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// tx is an open transaction that writes. It implements hub.Tx.
type tx struct {
	s   *Store
	ctx context.Context //nolint:containedctx // it lives as long as the call that has it
	w   *writer
}

var _ hub.Tx = (*tx)(nil)

// writer is the connection that writes, with the statements that are kept
// prepared on it.
type writer struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// maxPrepared bounds the statements that are kept prepared.
const maxPrepared = 256

// connect gives the connection that writes, a new one when the last broke.
func (s *Store) connect(ctx context.Context) error {
	if s.w != nil {
		return nil
	}
	c, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	s.w = &writer{conn: c, prepared: map[string]*sql.Stmt{}}
	return nil
}

// disconnect gives up a connection in an unknown state.
func (s *Store) disconnect() {
	if s.w == nil {
		return
	}
	for _, p := range s.w.prepared {
		_ = p.Close() // goes with the connection
	}
	_ = s.w.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that the pool drops it
	_ = s.w.conn.Close()
	s.w = nil
}

// Update runs f in a transaction, see hub.Ledger.
func (s *Store) Update(ctx context.Context, f func(hub.Tx) error) error {
	return s.update(ctx, "update", func(t *tx) error { return f(t) })
}

// update runs f in the one transaction that writes.
func (s *Store) update(ctx context.Context, doing string, f func(*tx) error) error {
	select {
	case <-s.writing:
	case <-ctx.Done():
		return fmt.Errorf("state store: %s: %w", doing, ctx.Err())
	}
	defer func() { s.writing <- struct{}{} }()
	if err := s.begin(ctx); err != nil {
		return s.done(doing, err)
	}
	err := f(&tx{s: s, ctx: ctx, w: s.w})
	if err == nil {
		_, err = s.w.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// Nobody waits for a rollback to end, and one that fails leaves a
		// connection that is of no use.
		if _, rerr := s.w.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); rerr != nil {
			s.disconnect()
		}
	}
	return s.done(doing, err)
}

// begin starts a transaction; a connection that broke while nobody used it is
// replaced once.
func (s *Store) begin(ctx context.Context) (err error) {
	if s.closed {
		return ident.Errorf(ident.Unavailable, "", "state store: it is closed")
	}
	if c := s.Condition(); ident.CodeOf(c) == ident.Damaged {
		return c // what is written over damage makes it worse
	}
	for range 2 {
		if err = s.connect(ctx); err != nil {
			return err
		}
		if _, err = s.w.conn.ExecContext(ctx, s.d.begin); err == nil || ctx.Err() != nil {
			return err
		}
		s.disconnect()
	}
	return err
}

// exec runs a statement and gives how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.w.conn.ExecContext(t.ctx, t.s.d.rebind(query), bind(args)...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls each for every row.
func (t *tx) query(query string, args []any, each func(rows *sql.Rows) error) error {
	return walk(t.ctx, t.w.conn, t.s.d.rebind(query), bind(args), each)
}

// row reads one row; sql.ErrNoRows when there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	return t.w.conn.QueryRowContext(t.ctx, t.s.d.rebind(query), bind(args)...).Scan(into...)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func walk(ctx context.Context, q querier, query string, args []any, each func(rows *sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// find reads what is committed.
func (s *Store) find(ctx context.Context, query string, args []any, each func(rows *sql.Rows) error) error {
	return s.done("read", walk(ctx, s.read, s.d.rebind(query), bind(args), each))
}

// one reads one row of what is committed and reports whether there is one.
func (s *Store) one(ctx context.Context, query string, args []any, into ...any) (bool, error) {
	err := s.read.QueryRowContext(ctx, s.d.rebind(query), bind(args)...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, s.done("read", nil)
	}
	return err == nil, s.done("read", err)
}

// The sizes in which rows are written at once: few, so that few statements
// are prepared.
var bulkSizes = []int{64, 16, 4, 1}

// bulk writes rows of a table. Tail comes behind the values: what to do with
// those that are there already.
func (t *tx) bulk(table string, columns []string, tail string, rows [][]any) error {
	for _, n := range bulkSizes {
		if len(rows) < n {
			continue
		}
		marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
		query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + strings.TrimSuffix(strings.Repeat(marks+", ", n), ", ") + " " + tail
		st, err := t.prepare(query)
		if err != nil {
			return err
		}
		args := make([]any, 0, n*len(columns))
		for len(rows) >= n {
			args = args[:0]
			for _, r := range rows[:n] {
				args = append(args, r...)
			}
			if _, err := st.ExecContext(t.ctx, bind(args)...); err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
	return nil
}

// prepare gives a statement that is kept for the next transaction.
func (t *tx) prepare(query string) (*sql.Stmt, error) {
	query = t.s.d.rebind(query)
	if st := t.w.prepared[query]; st != nil {
		return st, nil
	}
	st, err := t.w.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	if len(t.w.prepared) >= maxPrepared {
		for q, old := range t.w.prepared {
			_ = old.Close() // a statement that is dropped has nothing left to say
			delete(t.w.prepared, q)
			break
		}
	}
	t.w.prepared[query] = st
	return st, nil
}

// upsert writes the tail that replaces all columns but those of the key.
func upsert(key string, columns []string) string {
	var sets []string
	keys := strings.Split(key, ", ")
next:
	for _, c := range columns {
		for _, k := range keys {
			if c == k {
				continue next
			}
		}
		sets = append(sets, c+" = excluded."+c)
	}
	return "ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

// in writes "column IN (?, ...)" and appends the values to args. Lists are cut
// into pieces of at most inPiece by the callers.
func in[T any](column string, values []T, args *[]any) string {
	for _, v := range values {
		*args = append(*args, v)
	}
	return column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")"
}

const inPiece = 500

func encode(v any) ([]byte, error) { return json.Marshal(v) }

func decode(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("a stored record cannot be read: %w", err)
	}
	return nil
}
