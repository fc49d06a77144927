//go:build !sensor

package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"edgeward/internal/event"
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

// completions bounds what is offered at a time.
const completions = 50

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
	at := min(in.At, len(in.Text))
	for at > 0 && at < len(in.Text) && !utf8.RuneStart(in.Text[at]) {
		at--
	}
	from := strings.LastIndexAny(in.Text[:at], " ()\t\n") + 1
	word := in.Text[from:at]
	add := func(item CompletionItem) {
		if len(out.Items) < completions {
			item.To = at
			out.Items = append(out.Items, item)
		}
	}
	if i := strings.IndexByte(word, ':'); i > 0 {
		begun := strings.ToLower(word[i+1:])
		for _, v := range s.values(ctx, c, strings.ToLower(strings.TrimPrefix(word[:i], "-"))) {
			if strings.HasPrefix(strings.ToLower(v), begun) {
				if strings.ContainsAny(v, " \"()") {
					v = `"` + strings.ReplaceAll(v, `"`, "") + `"`
				}
				add(CompletionItem{Insert: v, From: from + i + 1, Kind: "value"})
			}
		}
		return ok(out)
	}
	begun := strings.ToLower(strings.TrimPrefix(word, "-"))
	from += len(word) - len(begun)
	// Names that begin so come first, then those that have it at a later part.
	for _, fits := range []func(string) bool{
		func(n string) bool { return strings.HasPrefix(n, begun) },
		func(n string) bool { return !strings.HasPrefix(n, begun) && strings.Contains(n, "."+begun) },
	} {
		for _, f := range query.Fields() {
			if fits(strings.ToLower(f.Name)) {
				add(CompletionItem{Insert: f.Name + ":", From: from, Kind: "field", Doc: f.Doc})
			}
		}
	}
	for _, k := range []string{"AND", "OR", "NOT"} {
		if begun != "" && strings.HasPrefix(strings.ToLower(k), begun) {
			add(CompletionItem{Insert: k, From: from, Kind: "keyword"})
		}
	}
	return ok(out)
}

// values gives what is known that a field may hold.
func (s *Server) values(ctx context.Context, c *caller, name string) []string {
	f := query.FieldByName(name)
	if f == nil {
		return nil
	}
	var out []string
	switch f.Name {
	case "kind":
		for k := range event.Kind(event.KindCount) {
			out = append(out, k.String())
		}
	case "device", "site", "sensor":
		found, err := s.visibleSensors(ctx, c)
		if err != nil {
			return nil
		}
		for _, x := range found {
			switch f.Name {
			case "site":
				out = addTo(out, x.Site, 1000)
			case "sensor":
				out = append(out, x.ID)
			}
		}
		if f.Name == "device" {
			d, err := s.directory(ctx, c)
			if err != nil {
				return nil
			}
			for _, x := range d.cards {
				out = append(out, x.label)
			}
		}
	default:
		out = append(out, f.Values...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
