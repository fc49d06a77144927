//go:build !sensor

package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"edgeward/internal/account"
)

// entryHash hashes an entry with the hash of the one before. Every field goes
// in with its length, so that no two entries look the same.
func entryHash(e *account.Entry) string {
	h := sha256.New()
	var n [8]byte
	for _, v := range []int64{e.Seq, int64(e.Tenant), e.Time} {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	for _, s := range []string{e.Actor, e.Address, e.Action, e.Object, e.Detail, e.Reason, e.Prev} {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ends are the ends of a tenant's chain.
type ends struct {
	head, base         int64
	headHash, baseHash string
}

func (t *tx) auditEnds(tenant uint16) (e ends, err error) {
	err = t.row("SELECT head, head_hash, base, base_hash FROM audit_ends WHERE tenant = ?", []any{tenant}, &e.head, &e.headHash, &e.base, &e.baseHash)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil
	}
	return e, err
}

func (t *tx) saveAuditEnds(tenant uint16, e ends) error {
	columns := []string{"tenant", "head", "head_hash", "base", "base_hash"}
	return t.bulk("audit_ends", columns, upsert("tenant", columns), [][]any{{tenant, e.head, e.headHash, e.base, e.baseHash}})
}

// Record appends an entry to the log of its tenant.
func (s *Store) Record(ctx context.Context, e *account.Entry) error {
	stored := *e
	for _, v := range []*string{&stored.Actor, &stored.Address, &stored.Action, &stored.Object, &stored.Detail, &stored.Reason} {
		*v = clean(*v)
	}
	err := s.update(ctx, "record in the audit log", func(t *tx) error { return t.record(&stored) })
	if err == nil {
		*e = stored
	}
	return err
}

func (t *tx) record(e *account.Entry) error {
	ends, err := t.auditEnds(e.Tenant)
	if err != nil {
		return err
	}
	if e.Time == 0 {
		e.Time = t.s.clock().UnixNano()
	}
	e.Seq, e.Prev = ends.head+1, ends.headHash
	e.Hash = entryHash(e)
	ends.head, ends.headHash = e.Seq, e.Hash
	columns := []string{"tenant", "seq", "time", "actor", "address", "action", "object", "detail", "reason", "prev", "hash"}
	row := []any{e.Tenant, e.Seq, e.Time, e.Actor, e.Address, e.Action, e.Object, e.Detail, e.Reason, e.Prev, e.Hash}
	if err := t.bulk("audit", columns, "", [][]any{row}); err != nil {
		return err
	}
	return t.saveAuditEnds(e.Tenant, ends)
}

const entrySelect = "SELECT seq, tenant, time, actor, address, action, object, detail, reason, prev, hash FROM audit"

func scanEntry(rows *sql.Rows) (*account.Entry, error) {
	e := &account.Entry{}
	err := rows.Scan(&e.Seq, &e.Tenant, &e.Time, &e.Actor, &e.Address, &e.Action, &e.Object, &e.Detail, &e.Reason, &e.Prev, &e.Hash)
	return e, err
}

// Entries gives entries, newest first.
func (s *Store) Entries(ctx context.Context, f account.AuditFilter) ([]*account.Entry, error) {
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	if f.Actor != "" {
		w.add("actor = ?", f.Actor)
	}
	if f.Object != "" {
		w.add("object = ?", f.Object)
	}
	if n := len(f.Action); n > 0 && f.Action[n-1] == '.' {
		w.add("action >= ? AND action < ?", f.Action, f.Action[:n-1]+"/") // "/" comes right after "."
	} else if n > 0 {
		w.add("action = ?", f.Action)
	}
	if f.From != 0 {
		w.add("time >= ?", f.From)
	}
	if f.To != 0 {
		w.add("time < ?", f.To)
	}
	if f.Before != 0 {
		w.add("seq < ?", f.Before)
	}
	page, args := limit(f.Limit, 0)
	var out []*account.Entry
	err := s.find(ctx, entrySelect+w.String()+" ORDER BY seq DESC"+page, append(w.args, args...), func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		out = append(out, e)
		return err
	})
	return out, err
}

// Verify walks the chain of a tenant and gives the first entry that does not
// fit: that was changed, or that one before it was taken away. When the end
// is missing it is the first that is not there.
func (s *Store) Verify(ctx context.Context, tenant uint16) (int64, error) {
	// The ends and the entries are read in one transaction that writes
	// nothing, so that an entry made meanwhile is no gap.
	var bad int64
	err := s.update(ctx, "verify the audit log", func(t *tx) error {
		ends, err := t.auditEnds(tenant)
		if err != nil {
			return err
		}
		next, prev := ends.base+1, ends.baseHash
		err = t.query(entrySelect+" WHERE tenant = ? ORDER BY seq", []any{tenant}, func(rows *sql.Rows) error {
			e, err := scanEntry(rows)
			if err != nil || bad != 0 {
				return err
			}
			if e.Seq != next || e.Prev != prev || entryHash(e) != e.Hash {
				bad = min(e.Seq, next)
				return nil
			}
			next, prev = e.Seq+1, e.Hash
			return nil
		})
		if err == nil && bad == 0 && (next != ends.head+1 || prev != ends.headHash) {
			bad = next
		}
		return err
	})
	return bad, err
}
