//go:build !sensor

package state

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// newID makes an id that nobody can guess or take twice.
func newID() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Policies gives policies, the oldest first.
func (s *Store) Policies(ctx context.Context, f policy.Filter) ([]*policy.Policy, error) {
	w := &where{}
	w.add("tenant = ?", f.Tenant)
	if f.Kind != "" {
		w.add("kind = ?", string(f.Kind))
	}
	if f.Active {
		w.add("from_time <= ? AND (expires = 0 OR expires > ?)", f.Now, f.Now)
	}
	var out []*policy.Policy
	err := s.find(ctx, "SELECT record FROM policies"+w.String()+" ORDER BY created, id", w.args, func(rows *sql.Rows) error {
		if err := scanInto(rows, &out); err != nil {
			return err
		}
		out[len(out)-1].Tenant = f.Tenant
		return nil
	})
	return out, err
}

// Policy gives one policy.
func (s *Store) Policy(ctx context.Context, tenant uint16, id string) (*policy.Policy, error) {
	var b []byte
	found, err := s.one(ctx, "SELECT record FROM policies WHERE tenant = ? AND id = ?", []any{tenant, id}, &b)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound("policy", id)
	}
	p := &policy.Policy{}
	err = decode(b, p)
	p.Tenant = tenant
	return p, err
}

// PutPolicy stores a new revision and brings findings up to it.
func (s *Store) PutPolicy(ctx context.Context, p *policy.Policy) error {
	return s.PutPolicies(ctx, []*policy.Policy{p})
}

// PutPolicies stores new revisions of many, all or none.
func (s *Store) PutPolicies(ctx context.Context, list []*policy.Policy) error {
	var stored []policy.Policy
	err := s.update(ctx, "store policies", func(t *tx) error {
		stored = stored[:0]
		hides := map[uint16]bool{} // tenants whose mutes or windows change
		now := s.clock().UnixNano()
		for _, p := range list {
			v, err := t.putPolicy(*p, now)
			if err != nil {
				return err
			}
			stored = append(stored, v)
			if v.Kind != policy.ForProfile {
				hides[v.Tenant] = true
			}
		}
		for tenant := range hides {
			if _, err := t.applyPolicies(tenant, now, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, v := range stored {
		list[i].ID, list[i].Revision, list[i].Created = v.ID, v.Revision, v.Created
	}
	return nil
}

// maxRevisions is how many revisions of a policy are kept.
const maxRevisions = 100

func (t *tx) putPolicy(p policy.Policy, now int64) (policy.Policy, error) {
	if p.ID == "" {
		p.ID = newID()
	}
	var revision int
	err := t.row("SELECT revision FROM policies WHERE tenant = ? AND id = ?", []any{p.Tenant, p.ID}, &revision)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, err
	}
	if p.Revision != revision {
		return p, ident.Errorf(ident.Invalid, "read it again and repeat the change", "policy %q has revision %d, not %d", p.ID, revision, p.Revision)
	}
	p.Revision = revision + 1
	if p.Created == 0 {
		p.Created = now
	}
	b, err := encode(&p)
	if err != nil {
		return p, err
	}
	columns := []string{"tenant", "id", "kind", "revision", "from_time", "expires", "created", "record"}
	row := []any{p.Tenant, p.ID, string(p.Kind), p.Revision, p.From, p.Expires, p.Created, b}
	if err := t.bulk("policies", columns, upsert("tenant, id", columns), [][]any{row}); err != nil {
		return p, err
	}
	columns = []string{"tenant", "policy", "revision", "changed", "record"}
	if err := t.bulk("policy_revisions", columns, upsert("tenant, policy, revision", columns), [][]any{{p.Tenant, p.ID, p.Revision, now, b}}); err != nil {
		return p, err
	}
	_, err = t.exec("DELETE FROM policy_revisions WHERE tenant = ? AND policy = ? AND revision <= ?", p.Tenant, p.ID, p.Revision-maxRevisions)
	return p, err
}

// PolicyRevisions gives what a policy is and was, the newest first.
func (s *Store) PolicyRevisions(ctx context.Context, tenant uint16, id string) ([]hub.PolicyRevision, error) {
	var out []hub.PolicyRevision
	err := s.find(ctx, "SELECT changed, record FROM policy_revisions WHERE tenant = ? AND policy = ? ORDER BY revision DESC", []any{tenant, id}, func(rows *sql.Rows) error {
		var r hub.PolicyRevision
		var b []byte
		if err := rows.Scan(&r.Changed, &b); err != nil {
			return err
		}
		r.Policy = &policy.Policy{}
		err := decode(b, r.Policy)
		r.Policy.Tenant = tenant
		out = append(out, r)
		return err
	})
	return out, err
}

// DeletePolicy removes a policy; what it hid shows again.
func (s *Store) DeletePolicy(ctx context.Context, tenant uint16, id string) error {
	return s.update(ctx, "delete policy", func(t *tx) error {
		n, err := t.exec("DELETE FROM policies WHERE tenant = ? AND id = ?", tenant, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound("policy", id)
		}
		if _, err := t.exec("DELETE FROM policy_revisions WHERE tenant = ? AND policy = ?", tenant, id); err != nil {
			return err
		}
		_, err = t.applyPolicies(tenant, s.clock().UnixNano(), "")
		return err
	})
}

// target is a finding as selectors see it.
type target struct {
	n              int64
	id             string
	mute, expected string
	last           int64
	policy.Target
}

const targetSelect = "SELECT f.n, f.id, f.check_id, f.severity, f.device, f.site, f.peers, f.mute, f.expected, f.last_seen, COALESCE(d.type, ''), COALESCE(d.zone, ''), COALESCE(d.tags, '') " + findingFrom

func scanTarget(rows *sql.Rows, t *target) error {
	var severity int
	var peers, tags string
	if err := rows.Scan(&t.n, &t.id, &t.Check, &severity, &t.Device, &t.Site, &peers, &t.mute, &t.expected, &t.last, &t.Type, &t.Zone, &tags); err != nil {
		return err
	}
	t.Severity, t.Peers, t.Tags = ident.Severity(severity), unlist(peers), unlist(tags)
	return nil
}

func unlist(s string) []string {
	if s = strings.Trim(s, "|"); s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

// applyPolicies works out anew what hides the findings of a tenant, or of one
// device, and gives how many changed.
func (t *tx) applyPolicies(tenant uint16, now int64, device string) (int, error) {
	list, err := t.Policies(tenant)
	if err != nil {
		return 0, err
	}
	query, args := targetSelect+"WHERE f.tenant = ?", []any{tenant}
	if device != "" {
		query, args = query+" AND f.device = ?", append(args, device)
	}
	if len(list) == 0 {
		query += " AND f.hidden = 1"
	}
	var changed []target
	err = t.query(query, args, func(rows *sql.Rows) error {
		var x target
		if err := scanTarget(rows, &x); err != nil {
			return err
		}
		mute, expected := hub.Hidden(list, &x.Target, now, x.last)
		if mute != x.mute || expected != x.expected {
			x.mute, x.expected = mute, expected
			changed = append(changed, x)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	st, err := t.prepare("UPDATE findings SET mute = ?, expected = ?, hidden = ? WHERE n = ?")
	if err != nil {
		return 0, err
	}
	var devices []string
	for _, x := range changed {
		if _, err := st.ExecContext(t.ctx, bind([]any{x.mute, x.expected, x.mute != "" || x.expected != "", x.n})...); err != nil {
			return 0, err
		}
		if x.Device != "" {
			devices = append(devices, x.Device)
		}
	}
	slices.Sort(devices)
	if err := hub.Refresh(t, tenant, slices.Compact(devices)); err != nil {
		return 0, err
	}
	if device == "" {
		columns := []string{"name", "value"}
		name := "policies_applied/" + strconv.Itoa(int(tenant))
		if err := t.bulk("meta", columns, upsert("name", columns), [][]any{{name, strconv.FormatInt(now, 10)}}); err != nil {
			return 0, err
		}
	}
	return len(changed), nil
}

// ApplyPolicies brings what findings say of mutes up to a time. It does
// nothing when no policy began or ended since the last time.
func (s *Store) ApplyPolicies(ctx context.Context, tenant uint16, now int64) (int, error) {
	var value string
	if _, err := s.one(ctx, "SELECT value FROM meta WHERE name = ?", []any{"policies_applied/" + strconv.Itoa(int(tenant))}, &value); err != nil {
		return 0, err
	}
	last, _ := strconv.ParseInt(value, 10, 64) // 0 when nothing was ever applied
	var due int
	_, err := s.one(ctx, "SELECT COUNT(*) FROM policies WHERE tenant = ? AND (from_time > ? AND from_time <= ? OR expires > ? AND expires <= ?)", []any{tenant, last, now, last, now}, &due)
	if err != nil || due == 0 {
		return 0, err
	}
	n := 0
	err = s.update(ctx, "apply policies", func(t *tx) (err error) {
		n, err = t.applyPolicies(tenant, now, "")
		return err
	})
	return n, err
}

// PreviewMute counts what a selector would hide and gives the gravest.
func (s *Store) PreviewMute(ctx context.Context, tenant uint16, selector policy.Selector, sample int) (int, []*finding.Record, error) {
	w := &where{}
	w.add("f.tenant = ?", tenant)
	w.add("f.status IN ('open', 'acknowledged')")
	// The sign keeps engines from looking up all that is shown, when few have
	// the check or the device.
	w.add("+f.hidden = 0")
	w.checks("f.check_id", selector.Checks)
	w.any("f.device", selector.Devices)
	var gravest []target
	n := 0
	graver := func(a, b target) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.last, a.last), cmp.Compare(a.id, b.id))
	}
	err := s.find(ctx, targetSelect+w.String(), w.args, func(rows *sql.Rows) error {
		var x target
		if err := scanTarget(rows, &x); err != nil {
			return err
		}
		if selector.Matches(&x.Target) {
			n++
			if at, _ := slices.BinarySearchFunc(gravest, x, graver); at < sample {
				gravest = slices.Insert(gravest, at, x)
				gravest = gravest[:min(len(gravest), sample)]
			}
		}
		return nil
	})
	var ids []string
	for i := range gravest {
		ids = append(ids, gravest[i].id)
	}
	if err != nil || len(ids) == 0 {
		return n, nil, err
	}
	out, _, err := s.Findings(ctx, finding.Filter{Tenant: tenant, IDs: ids, Limit: len(ids), Sort: "-severity"})
	return n, out, err
}
