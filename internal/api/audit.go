//go:build !sensor

package api

import (
	"context"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/account"
)

func entryOf(e *account.Entry) Entry {
	return Entry{Seq: e.Seq, Time: Time(e.Time), Actor: e.Actor, Address: e.Address, Action: e.Action, Object: e.Object, Detail: e.Detail, Reason: e.Reason, Hash: e.Hash}
}

func (f AuditFilter) of(tenant uint16) account.AuditFilter {
	return account.AuditFilter{Tenant: tenant, Actor: f.Actor, Action: f.Action, Object: f.Object, From: int64(f.From.Time), To: int64(f.To.Time)}
}

func (s *Server) listAudit(ctx context.Context, in *auditQuery) (*reply[AuditPage], error) {
	f := in.AuditFilter.of(who(ctx).tenant)
	f.Before, f.Limit = in.Before, in.Limit
	found, err := s.Audit.Entries(ctx, f)
	if err != nil {
		return nil, err
	}
	p := AuditPage{Items: []Entry{}}
	for _, e := range found {
		p.Items = append(p.Items, entryOf(e))
	}
	if len(found) == in.Limit {
		p.Next = found[len(found)-1].Seq
	}
	return ok(p)
}

func (s *Server) verifyAudit(ctx context.Context, _ *nothing) (*reply[Verification], error) {
	first, err := s.Audit.Verify(ctx, who(ctx).tenant)
	if err != nil {
		return nil, err
	}
	return ok(Verification{first == 0, first})
}

// exportRows bounds every export.
const exportRows = 100_000

func (s *Server) exportAudit(ctx context.Context, in *auditExport) (*huma.StreamResponse, error) {
	f := in.AuditFilter.of(who(ctx).tenant)
	head := []string{"seq", "time", "actor", "address", "action", "object", "detail", "reason", "hash"}
	return s.export("audit", in.Format, head, func(row func(v any, cells ...string) error) error {
		f.Limit = 1000
		for n := 0; n < exportRows; {
			found, err := s.Audit.Entries(ctx, f)
			if err != nil {
				return err
			}
			for _, x := range found {
				e := entryOf(x)
				if err := row(e, strconv.FormatInt(e.Seq, 10), stamp(e.Time), e.Actor, e.Address, e.Action, e.Object, e.Detail, e.Reason, e.Hash); err != nil {
					return err
				}
			}
			if n += len(found); len(found) < f.Limit {
				return nil
			}
			f.Before = found[len(found)-1].Seq
		}
		return nil
	}), nil
}
