//go:build !sensor

package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
)

// prunePiece bounds the rows that one transaction forgets, so that others do
// not wait long.
const prunePiece = 2000

// waitFor is how long what was summed by host waits for its device.
const waitFor = 24 * hour

// Prune forgets what is older than it is to be kept.
func (s *Store) Prune(ctx context.Context, tenant uint16, k hub.Keep, now int64) (int, error) {
	total := 0
	pieces := func(doing, query string, args ...any) error {
		for {
			var n int64
			err := s.update(ctx, doing, func(t *tx) (err error) {
				n, err = t.exec(query, append(append([]any{}, args...), prunePiece)...)
				return err
			})
			total += int(n)
			if err != nil || n < prunePiece {
				return err
			}
		}
	}
	rollup := func(condition string, before int64) error {
		const key = "tenant, dimension, hour, name, sensor"
		return pieces("forget roll-ups", "DELETE FROM rollups WHERE ("+key+") IN (SELECT "+key+" FROM rollups WHERE tenant = ? AND dimension "+condition+" AND hour < ? LIMIT ?)", tenant, before-hour)
	}
	var errs []error
	if k.Rollups > 0 {
		for _, d := range []string{hub.ByTotal, hub.ByDevice, hub.ByProtocol, hub.ByKind, hub.ByVLAN, hub.ByPair} {
			errs = append(errs, rollup("= '"+d+"'", now-k.Rollups))
		}
		const key = "tenant, day, name, sensor"
		errs = append(errs, rollup("= '"+byPairDay+"'", now-k.Rollups-day),
			pieces("forget days of devices", "DELETE FROM device_days WHERE ("+key+") IN (SELECT "+key+" FROM device_days WHERE tenant = ? AND day < ? LIMIT ?)", tenant, now-k.Rollups-day-hour))
	}
	if k.Pairs > 0 {
		errs = append(errs, rollup("= '"+hub.ByPair+"'", now-k.Pairs), rollup("= '"+byPairDay+"'", now-k.Pairs-day))
	}
	for _, d := range []string{hub.ByHost, hub.ByStranger} { // whoever is not a device by now is none
		errs = append(errs, rollup("= '"+d+"'", now-waitFor))
	}
	if k.Nodes > 0 {
		const key = "tenant, server, protocol, kind, name, client, sensor"
		errs = append(errs, pieces("forget nodes", "DELETE FROM nodes WHERE ("+key+") IN (SELECT "+key+" FROM nodes WHERE tenant = ? AND last_seen < ? LIMIT ?)", tenant, now-k.Nodes))
	}
	if k.Moments > 0 {
		errs = append(errs, pieces("forget moments", "DELETE FROM moments WHERE (tenant, seq) IN (SELECT tenant, seq FROM moments WHERE tenant = ? AND noted < ? LIMIT ?)", tenant, now-k.Moments))
	}
	if k.Resolved > 0 {
		n, err := s.pruneFindings(ctx, tenant, now-k.Resolved)
		total += n
		errs = append(errs, err)
	}
	if k.Evidence > 0 {
		n, err := s.pruneEvidence(ctx, tenant, now-k.Evidence)
		total += n
		errs = append(errs, err)
	}
	if k.Audit > 0 {
		n, err := s.pruneAudit(ctx, tenant, now-k.Audit)
		total += n
		errs = append(errs, err)
	}
	if total > 0 && k.Nodes > 0 {
		// The projection remembers which entries there are.
		errs = append(errs, s.update(ctx, "forget nodes", func(t *tx) error { return t.BumpEpoch() }))
	}
	return total, errors.Join(errs...)
}

// pruneFindings forgets resolved findings that were last seen before a time,
// with the words they are found by.
func (s *Store) pruneFindings(ctx context.Context, tenant uint16, before int64) (int, error) {
	total := 0
	for {
		var n int64
		err := s.update(ctx, "forget findings", func(t *tx) error {
			const which = "SELECT n FROM findings WHERE tenant = ? AND status = 'resolved' AND last_seen < ? ORDER BY n LIMIT ?"
			args := []any{tenant, before, prunePiece}
			key := "rowid"
			if t.s.d.postgres() {
				key = "n"
			}
			if _, err := t.exec("DELETE FROM findings_words WHERE "+key+" IN ("+which+")", args...); err != nil {
				return err
			}
			if _, err := t.exec("DELETE FROM finding_ids WHERE tenant = ? AND finding IN (SELECT id FROM findings WHERE n IN ("+which+"))", append([]any{tenant}, args...)...); err != nil {
				return err
			}
			var err error
			n, err = t.exec("DELETE FROM findings WHERE n IN ("+which+")", args...)
			if err != nil || n == 0 {
				return err
			}
			return t.BumpEpoch()
		})
		total += int(n)
		if err != nil || n < prunePiece {
			return total, err
		}
	}
}

// pruneEvidence takes the bytes of packets out of findings that were last
// seen before a time. What was seen, in words, stays.
func (s *Store) pruneEvidence(ctx context.Context, tenant uint16, before int64) (int, error) {
	const piece = 200
	total := 0
	for {
		n := 0
		err := s.update(ctx, "forget evidence", func(t *tx) error {
			var list []*hub.Judged
			if err := t.judged(tenant, judgedSelect+"WHERE f.tenant = ? AND f.has_bytes = 1 AND f.last_seen < ? LIMIT ?", []any{tenant, before, piece}, &list); err != nil {
				return err
			}
			for _, j := range list {
				evidence := make([]finding.Evidence, len(j.Evidence))
				for i, e := range j.Evidence {
					e.Bytes = nil
					evidence[i] = e
				}
				j.Evidence = evidence
			}
			n = len(list)
			return t.SaveJudged(list)
		})
		total += n
		if err != nil || n < piece {
			return total, err
		}
	}
}

// pruneAudit forgets the oldest entries of the audit log and says so in it;
// the chain goes on from the hash of the last one that went.
func (s *Store) pruneAudit(ctx context.Context, tenant uint16, before int64) (int, error) {
	gone := 0
	err := s.update(ctx, "forget audit entries", func(t *tx) error {
		ends, err := t.auditEnds(tenant)
		if err != nil {
			return err
		}
		// The newest entry always stays.
		var last int64
		if err := t.row("SELECT COALESCE(MAX(seq), 0) FROM audit WHERE tenant = ? AND time < ? AND seq < ?", []any{tenant, before, ends.head}, &last); err != nil || last <= ends.base {
			return err
		}
		if err := t.row("SELECT hash FROM audit WHERE tenant = ? AND seq = ?", []any{tenant, last}, &ends.baseHash); err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM audit WHERE tenant = ? AND seq <= ?", tenant, last)
		if err != nil {
			return err
		}
		gone, ends.base = int(n), last
		if err := t.saveAuditEnds(tenant, ends); err != nil {
			return err
		}
		return t.record(&account.Entry{Tenant: tenant, Actor: "system", Action: "audit.prune", Object: "audit", Detail: strings.TrimSpace(fmt.Sprintf("%d entries up to number %d", n, last))})
	})
	return gone, err
}
