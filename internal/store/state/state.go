//go:build !sensor

// Package state keeps what the hub knows but facts: devices, findings,
// policies, accounts, the audit log, roll-ups and the manifest of the event
// log. It is one implementation on two engines, SQLite in a file and
// PostgreSQL, with the same promises; the differences are in dialect.go. It
// implements the interfaces that package hub declares, and makes and reads
// backups. It judges nothing: what becomes of a report is decided in package
// hub. Only package app opens it.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// Options says how a store is opened.
type Options struct {
	Clock ident.Clock // nil for the wall clock
	// Check bounds the time for checking the file after a stop that was not
	// clean; 0 for 1.5 s. What is not done by then is left unchecked.
	Check time.Duration
	// Shared opens beside another process that has the store: for reading.
	Shared bool
	Log    *slog.Logger // nil for none
}

// Store is an open state store. It is safe for concurrent use: one writes at
// a time, others read what was committed.
type Store struct {
	d     dialect
	clock ident.Clock
	log   *slog.Logger
	write *sql.DB // one connection
	read  *sql.DB
	lock  *fileLock // SQLite only

	writing chan struct{} // holds one token: who has it writes, and may use w and closed
	w       *writer
	closed  bool

	mu        sync.Mutex
	condition error
	unchecked bool
}

var (
	_ hub.Devices   = (*Store)(nil)
	_ hub.Findings  = (*Store)(nil)
	_ hub.Policies  = (*Store)(nil)
	_ hub.Users     = (*Store)(nil)
	_ hub.Sessions  = (*Store)(nil)
	_ hub.Tokens    = (*Store)(nil)
	_ hub.Sensors   = (*Store)(nil)
	_ hub.Audit     = (*Store)(nil)
	_ hub.Documents = (*Store)(nil)
	_ hub.Rollups   = (*Store)(nil)
	_ hub.Nodes     = (*Store)(nil)
	_ hub.Ledger    = (*Store)(nil)
	_ hub.Manifest  = (*Store)(nil)
	_ hub.Timeline  = (*Store)(nil)
	_ hub.Zones     = (*Store)(nil)
	_ hub.Mutes     = (*Store)(nil)
	_ hub.Pruner    = (*Store)(nil)
)

// Open opens the store at a data source: "sqlite:" and the path of a file,
// which is made when it is missing, or the "postgres://" URL of a database.
// Older schemas are brought up to date; a newer one is refused.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	s, err := prepare(ctx, dsn, &o)
	if err != nil {
		return nil, err
	}
	if o.Shared {
		err = s.refuseOther(ctx)
	} else {
		err = s.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close(false))
	}
	return s, nil
}

// prepare connects to a data source and looks at no table.
func prepare(ctx context.Context, dsn string, o *Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Check <= 0 {
		o.Check = 1500 * time.Millisecond
	}
	s := &Store{clock: o.Clock, log: o.Log, writing: make(chan struct{}, 1)}
	s.writing <- struct{}{}
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		err = s.openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"), *o)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		err = s.openPostgres(ctx, dsn)
	default:
		return nil, ident.Errorf(ident.Usage, "write sqlite:PATH or postgres://USER@HOST/DATABASE", "open state store: it is neither of SQLite nor of PostgreSQL")
	}
	if err != nil {
		return nil, errors.Join(err, s.close(false))
	}
	return s, nil
}

// Close ends the store. What was committed is safe whether or not it is called.
func (s *Store) Close() error { return s.close(true) }

func (s *Store) close(clean bool) error {
	var errs []error
	<-s.writing
	defer func() { s.writing <- struct{}{} }()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.w != nil {
		for _, p := range s.w.prepared {
			errs = append(errs, p.Close())
		}
		errs = append(errs, s.w.conn.Close())
		s.w = nil
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release(clean))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close state store: %w", err)
	}
	return nil
}

// Condition gives what is wrong with the store: the last failure that was not
// the caller's and that nothing has succeeded since; nil when it is well. Damage
// stays for as long as the store is open, since other pages can still be read.
func (s *Store) Condition() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.condition
}

// Unchecked reports whether the last stop was not clean and the check of the
// file did not end in the time it was given.
func (s *Store) Unchecked() bool { return s.unchecked }

// Engine gives "sqlite" or "postgres".
func (s *Store) Engine() string { return s.d.name }

// Size gives the bytes that the store takes.
func (s *Store) Size(ctx context.Context) (int64, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, s.d.size).Scan(&n)
	return n, s.done("size", err)
}

// done tells the failures of the engine from those of callers, remembers
// them as the store's condition and gives them a code.
func (s *Store) done(doing string, err error) error {
	if err == nil {
		s.mu.Lock()
		if ident.CodeOf(s.condition) != ident.Damaged {
			s.condition = nil
		}
		s.mu.Unlock()
		return nil
	}
	if e := (*ident.Error)(nil); errors.As(err, &e) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("state store: %s: %w", doing, err)
	}
	code, hint := s.d.classify(err)
	out := ident.Errorf(code, hint, "state store: %s: %w", doing, err)
	if code == ident.Damaged {
		out = ident.Errorf(code, hint, "state store: it is damaged: %s: %w", doing, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ident.CodeOf(s.condition) == ident.Damaged {
		return out
	}
	s.condition = out
	if code == ident.Damaged {
		s.log.Error("the state store is damaged; nothing more is written to it, and what sensors send stays in the stream", "error", err, "hint", hint)
	}
	return out
}

func notFound(what, id string) error {
	return ident.Errorf(ident.NotFound, "", "there is no %s %q", what, id)
}
