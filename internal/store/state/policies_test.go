//go:build !sensor

package state

import (
	"context"
	"strings"
	"testing"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

func TestPolicies(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		ctx, s := context.Background(), fresh()
		put := func(list ...*policy.Policy) error { return s.PutPolicies(ctx, list) }
		a, b := &policy.Policy{ID: "a", Kind: policy.ForProfile, Note: "one"}, &policy.Policy{ID: "b", Kind: policy.ForProfile}
		if err := put(a, b); err != nil || a.Revision != 1 || b.Revision != 1 || a.Created == 0 {
			t.Fatalf("%+v %+v %v", a, b, err)
		}
		again := *a
		again.Note = "two"
		if err := put(&again, &policy.Policy{ID: "b", Kind: policy.ForProfile, Revision: 9}); ident.CodeOf(err) != ident.Invalid || !strings.Contains(err.Error(), `policy "b" has revision 1, not 9`) {
			t.Fatalf("a stale revision: %v", err)
		}
		if p, err := s.Policy(ctx, 0, "a"); err != nil || p.Note != "one" || again.Revision != 1 {
			t.Errorf("half of what failed is there: %+v, %v", p, err)
		}
		for range maxRevisions + 5 {
			if err := put(&again); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.PolicyRevisions(ctx, 0, "a")
		if err != nil || len(list) != maxRevisions || list[0].Revision != maxRevisions+6 || list[0].Changed == 0 {
			t.Errorf("%d revisions, %v", len(list), err)
		}
		if err := s.DeletePolicy(ctx, 0, "a"); err != nil {
			t.Fatal(err)
		}
		if list, err := s.PolicyRevisions(ctx, 0, "a"); err != nil || len(list) != 0 {
			t.Errorf("revisions of a policy that is gone: %d, %v", len(list), err)
		}
	})
}
