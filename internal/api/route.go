//go:build !sensor

package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/account"
)

// prefix is where the service lives.
const prefix = "/api/v1"

// access says what a route wants of its caller.
type access struct {
	public bool          // anybody may
	self   bool          // any person or program that is logged in may
	role   account.Role  // at least
	right  account.Right // beside the role; empty for none
	scope  string        // resource that a token's scope must name
	write  bool
	global bool   // not for those who are limited to some sites
	audit  string // action that a success is logged as; empty for none
}

// reads is the access of those who look.
func reads(scope string) access { return access{role: account.Viewer, scope: scope} }

// judges is the access of those who work with findings and devices.
func judges(scope, audit string) access {
	return access{role: account.Analyst, scope: scope, write: true, audit: audit}
}

// operates is the access of those who change what runs.
func operates(scope, audit string) access {
	return access{role: account.Operator, scope: scope, write: true, audit: audit}
}

// administers is the access of those who look after accounts and settings.
func administers(scope, audit string) access {
	return access{role: account.Admin, scope: scope, write: audit != "", audit: audit, global: true}
}

// mine is the access to what is the caller's own.
func mine(audit string) access {
	return access{self: true, scope: "session", write: audit != "", audit: audit}
}

// everybody is the access without a login.
func everybody() access { return access{public: true, scope: "session"} }

// scopeName is the scope as a token writes it.
func (a access) scopeName() string {
	if a.write {
		return a.scope + ":write"
	}
	return a.scope + ":read"
}

// option changes an operation.
type option func(*huma.Operation)

// route adds one operation.
func route[I, O any](s *Server, method, path, id, summary string, a access, h func(context.Context, *I) (*O, error), opts ...option) {
	op := huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary, Tags: []string{a.scope},
		MaxBodyBytes: 1 << 20, Extensions: map[string]any{},
		Errors: []int{http.StatusBadRequest, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
	if !a.public {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
		op.Extensions["x-edgeward-scope"] = a.scopeName()
	}
	if a.role != "" {
		op.Extensions["x-edgeward-role"] = string(a.role)
	}
	if a.right != "" {
		op.Extensions["x-edgeward-right"] = string(a.right)
	}
	if a.global {
		op.Extensions["x-edgeward-all-sites"] = true
	}
	for _, o := range opts {
		o(&op)
	}
	slices.Sort(op.Errors)
	if !a.public {
		s.scopes[a.scopeName()] = true
	}
	op.Middlewares = append(huma.Middlewares{s.guard(a)}, op.Middlewares...)
	huma.Register(s.api, op, audited(s, method, a, h))
}

// audited logs a success before anything goes out, and makes errors fit to be
// read by the caller.
func audited[I, O any](s *Server, method string, a access, h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		c := who(ctx)
		if x, named := any(in).(interface{ subject() string }); named {
			c.object = x.subject()
		}
		out, err := h(ctx, in)
		if err == nil && a.audit != "" {
			err = s.record(ctx, c, a.audit, c.object)
		}
		if err != nil {
			return nil, s.public(ctx, method, err)
		}
		return out, nil
	}
}

// missing says that the thing may not exist.
func missing(op *huma.Operation) { op.Errors = append(op.Errors, http.StatusNotFound) }

// conflicts says that the thing may have changed meanwhile.
func conflicts(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
}

// gives says in which media types an operation answers.
func gives(types ...string) option {
	return func(op *huma.Operation) {
		content := map[string]*huma.MediaType{}
		for _, t := range types {
			schema := &huma.Schema{Type: huma.TypeString}
			if t != "text/csv" && t != "text/html" && t != "text/event-stream" && t != "application/x-ndjson" {
				schema.Format = "binary"
			}
			if t == "application/json" {
				schema = &huma.Schema{}
			}
			content[t] = &huma.MediaType{Schema: schema}
		}
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: content}}
	}
}

// takes lets a body through unread, as a stream of at most so many bytes.
func takes(mediaType string, limit int64) option {
	return func(op *huma.Operation) {
		op.MaxBodyBytes = limit
		op.BodyReadTimeout = -1
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}
		op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge)
	}
}

// limit bounds the body.
func limit(bytes int64) option {
	return func(op *huma.Operation) {
		op.MaxBodyBytes = bytes
		op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge)
	}
}

// openAPI gives the head of the service's document.
func openAPI(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Edgeward", Version: version,
			Description: "Everything that the console and the command line do. Errors are problem+json (RFC 9457). Changes by a session need the header X-CSRF-Token with the value that /session gives.",
			License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "the cookie that a login sets"},
				"token":   {Type: "http", Scheme: "bearer", Description: "an API token, edw_..."},
			},
		},
	}
}

// reading makes the access one of looking.
func (a access) reading() access {
	a.write, a.audit = false, ""
	return a
}
