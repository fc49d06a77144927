//go:build !sensor

package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"edgeward/internal/hub"
	"edgeward/internal/query"
)

// storedQuery is the document of a saved query.
type storedQuery struct {
	SavedQueryInput
	User    string `json:"user"` // id
	Author  string `json:"author"`
	Updated int64  `json:"updated"`
}

func queryOf(id string, q storedQuery) SavedQuery {
	return SavedQuery{id, q.Name, q.Text, q.Span, list(q.Columns), q.Shared, q.Author, Time(q.Updated)}
}

func (s *Server) listQueries(ctx context.Context, _ *nothing) (*reply[Page[SavedQuery]], error) {
	c := who(ctx)
	docs, err := all[storedQuery](ctx, s, c.tenant, hub.QueryKind)
	if err != nil {
		return nil, err
	}
	p := Page[SavedQuery]{Items: []SavedQuery{}}
	for id, q := range docs {
		if q.Shared || q.User == c.user.ID {
			p.Items = append(p.Items, queryOf(id, q))
		}
	}
	slices.SortFunc(p.Items, func(a, b SavedQuery) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	p.Total = len(p.Items)
	return ok(p)
}

// maxQueries bounds the saved queries of a tenant.
const maxQueries = 2000

func (s *Server) createQuery(ctx context.Context, in *savedQueryInput) (*reply[SavedQuery], error) {
	c := who(ctx)
	docs, err := s.Documents.Documents(ctx, c.tenant, hub.QueryKind)
	if err != nil {
		return nil, err
	}
	if len(docs) >= maxQueries {
		return nil, refuse(http.StatusConflict, "conflict", "there are too many saved queries: delete some")
	}
	return s.putQuery(ctx, c, newID(), in.Body)
}

func (s *Server) putQuery(ctx context.Context, c *caller, id string, in SavedQueryInput) (*reply[SavedQuery], error) {
	q := storedQuery{in, c.user.ID, c.name, s.now()}
	if err := s.save(ctx, c.tenant, hub.QueryKind, id, q); err != nil {
		return nil, err
	}
	c.object = in.Name
	return ok(queryOf(id, q))
}

// ownQuery wants a saved query to be the caller's; one of somebody else that
// is shared may be changed by those who look after all.
func (s *Server) ownQuery(ctx context.Context, c *caller, id string) error {
	q, err := fetch[storedQuery](ctx, s, c.tenant, hub.QueryKind, id, "query")
	if err != nil {
		return err
	}
	if q.User != c.user.ID && !(q.Shared && oversees(c)) {
		return unknown("query")
	}
	return nil
}

func (s *Server) editQuery(ctx context.Context, in *savedQueryChange) (*reply[SavedQuery], error) {
	c := who(ctx)
	if err := s.ownQuery(ctx, c, in.ID); err != nil {
		return nil, err
	}
	return s.putQuery(ctx, c, in.ID, in.Body)
}

func (s *Server) deleteQuery(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	if err := s.ownQuery(ctx, c, in.ID); err != nil {
		return nil, err
	}
	return &none{}, s.Documents.DeleteDocument(ctx, c.tenant, hub.QueryKind, in.ID)
}

func fieldKinds(f *query.Field) string {
	var kinds []string
	for _, b := range f.Body {
		kinds = addTo(kinds, b.Kind.String(), 1000)
	}
	return strings.Join(kinds, " ")
}

func (s *Server) listFields(context.Context, *nothing) (*reply[[]FieldDoc], error) {
	out := []FieldDoc{}
	for _, f := range query.Fields() {
		out = append(out, FieldDoc{Name: f.Name, Type: string(f.Type), Kind: fieldKinds(f), Doc: f.Doc})
	}
	return ok(out)
}

func (s *Server) complete(ctx context.Context, in *completeQuery) (*reply[Completion], error) {
	c := who(ctx)
	out := Completion{Items: []CompletionItem{}}
	if strings.TrimSpace(in.Text) != "" {
		_, err := query.Parse(ctx, in.Text, query.Options{Tenant: c.tenant, Now: s.now(), Resolver: resolver{s, c}})
		if qe := (*query.Error)(nil); errors.As(err, &qe) {
			out.Error, out.At = qe.Error(), qe.Pos
		} else if err != nil {
			return nil, err
		}
	}
	for _, x := range query.Complete(in.Text, in.At, func(f *query.Field) []string { return s.values(ctx, c, f) }) {
		out.Items = append(out.Items, CompletionItem{x.Insert, x.From, x.To, x.Kind, x.Doc})
	}
	return ok(out)
}

// values gives what the hub knows that a field may hold.
func (s *Server) values(ctx context.Context, c *caller, f *query.Field) []string {
	var out []string
	switch f.Name {
	case "device":
		d, err := s.directory(ctx, c)
		if err != nil {
			return nil
		}
		for _, x := range d {
			out = append(out, x.Label)
		}
	case "site", "sensor":
		found, err := s.visibleSensors(ctx, c)
		if err != nil {
			return nil
		}
		for _, x := range found {
			if f.Name == "site" {
				out = append(out, x.Site)
			} else {
				out = append(out, cmp.Or(x.Name, x.ID))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
