//go:build !sensor

package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/account"
)

// operation is one of the document, with what it wants of its caller.
type operation struct {
	method, path, id string
	OperationID      string                `json:"operationId"`
	Security         []map[string][]string `json:"security"`
	Role             account.Role          `json:"x-edgeward-role"`
	Right            account.Right         `json:"x-edgeward-right"`
	AllSites         bool                  `json:"x-edgeward-all-sites"`
	Scope            string                `json:"x-edgeward-scope"`
}

func operations(t *testing.T) []operation {
	t.Helper()
	b, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	var out []operation
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			op := operation{method: strings.ToUpper(method), path: path}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			op.id = op.OperationID
			out = append(out, op)
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.id, b.id) })
	return out
}

// open lists the operations that anybody may call. Adding one is a decision.
var open = []string{"begin-oidc", "finish-oidc", "get-setup", "login", "set-up"}

// concrete fills in the path with things of the site zeeland of tenant 1, which
// no caller of tenant 0 may see.
func (o operation) concrete(thing string) string {
	p := o.path
	for what, id := range map[string]string{"/devices/": "device-" + thing, "/findings/": "finding-" + thing, "/sensors/": "sensor-" + thing} {
		p = strings.ReplaceAll(p, what+"{id}", what+id)
	}
	for _, name := range []string{"{id}", "{name}", "{run}"} {
		p = strings.ReplaceAll(p, name, "none")
	}
	return p
}

// bodies are what operations need to come as far as their authorisation and
// beyond it, by id.
var bodies = map[string]any{
	"read-evidence": map[string]any{"reason": "looking into an incident"}, "download-evidence": map[string]any{"reason": "looking into an incident"},
	"edit-device": map[string]any{"label": "x"}, "edit-finding": map[string]any{"comment": "x"}, "edit-sensor": map[string]any{"name": "x"},
	"merge-devices": map[string]any{"others": []string{"device-none"}}, "split-device": map[string]any{"hosts": []string{"01"}},
	"edit-devices":  map[string]any{"ids": []string{"device-zeeland"}, "set": map[string]any{"label": "x"}},
	"edit-findings": map[string]any{"ids": []string{"finding-zeeland"}, "set": map[string]any{"comment": "x"}},
}

func (o operation) body() any {
	if b := bodies[o.id]; b != nil {
		return b
	}
	if o.method == http.MethodGet || o.method == http.MethodDelete {
		return nil
	}
	return map[string]any{}
}

func (o operation) header(token string) map[string]string {
	h := map[string]string{}
	if token != "" {
		h["Authorization"] = "Bearer " + token
	}
	return h
}

// TestNoRouteWithoutAuthorisation walks the document: nobody and a wrong
// token get nowhere but where the list says, and each role as far as its
// role, right and sites go.
func TestNoRouteWithoutAuthorisation(t *testing.T) {
	h := newHouse(t)
	var public []string
	for _, o := range operations(t) {
		if len(o.Security) == 0 {
			public = append(public, o.id)
			continue
		}
		if o.Scope == "" {
			t.Errorf("%s has no scope", o.id)
		}
		if o.id == "stream" { // does not end by itself; it has a test of its own
			continue
		}
		ask := func(token string) answer {
			h.s.clients = newClients()
			h.s.guesses = newThrottle(1000, 0)
			return h.send(request{o.method, o.concrete("zeeland"), o.body(), o.header(token)})
		}
		for what, token := range map[string]string{"nobody": "", "a wrong token": tokenPrefix + "wrong", "no token at all": "x"} {
			if a := ask(token); a.status != http.StatusUnauthorized {
				t.Errorf("%s as %s: %d, want 401: %.200s", o.id, what, a.status, a.body)
			}
		}
		for _, role := range account.Roles {
			for _, prefix := range []string{"", "north-"} {
				name := prefix + string(role)
				if prefix == "" {
					name += "0"
				}
				if o.id == "logout" || strings.HasPrefix(o.id, "end-") {
					continue
				}
				a := ask(h.tokens[name])
				may := (o.Role == "" || role.AtLeast(o.Role)) && (o.Right == "" || prefix != "") && !(o.AllSites && prefix != "")
				refused := a.status == http.StatusForbidden && strings.Contains(a.body, problemType) && containsAny(a.body, `:role"`, `:right"`, `:sites"`, `:scope"`)
				if may == refused && !(may && containsAny(a.body, "name one of your sites", "look after all sites", "at most the role", "not yours")) {
					t.Errorf("%s as %s: %d, may %v: %.200s", o.id, name, a.status, may, a.body)
				}
				if a.status == http.StatusUnauthorized {
					t.Errorf("%s as %s: not let in", o.id, name)
				}
				if a.status == http.StatusInternalServerError {
					t.Errorf("%s as %s: %s", o.id, name, a.body)
				}
			}
		}
	}
	if !slices.Equal(public, open) {
		t.Errorf("open to anybody: %v, want %v", public, open)
	}
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(text, p) })
}

// TestNobodySeesWhatIsNotTheirs reads everything as people of one site and of
// another tenant, and looks for traces of what is not theirs.
func TestNobodySeesWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	for _, o := range operations(t) {
		if o.method != http.MethodGet || len(o.Security) == 0 || o.id == "stream" {
			continue
		}
		for _, x := range []struct {
			name  string
			never []string
		}{
			{"north-admin", []string{"south", "zeeland", "10.0.2.2", "10.0.3.2"}},
			{"admin0", []string{"zeeland", "10.0.3.2"}},
			{"admin1", []string{"north", "south", "10.0.1.2", "10.0.2.2"}},
		} {
			for _, thing := range []string{"north", "south", "zeeland"} {
				h.s.clients = newClients()
				path := o.concrete(thing)
				for k, v := range map[string]string{"import": "", "get-top": "?field=kind", "get-m2m-tree": "?server=device-" + thing + "&protocol=mqtt", "get-graph": "?device=device-" + thing} {
					if o.id == k {
						path += v
					}
				}
				a := h.send(request{o.method, path, nil, o.header(h.tokens[x.name])})
				if a.status >= 500 && a.status != http.StatusServiceUnavailable {
					t.Errorf("%s as %s: %d %s", o.id, x.name, a.status, a.body)
				}
				// These are about people, who may be named after a site, or about words.
				if slices.Contains([]string{"list-users", "list-names", "list-tokens", "list-audit", "export-audit", "get-changes", "list-types", "list-checks", "list-fields"}, o.id) {
					continue
				}
				for _, word := range x.never {
					if strings.Contains(strings.ToLower(a.body), word) {
						t.Errorf("%s %s as %s tells of %s: %.300s", o.id, path, x.name, word, a.body)
					}
				}
			}
		}
	}
}

// TestNobodyChangesWhatIsNotTheirs tries every change on the things of
// another site and another tenant.
func TestNobodyChangesWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	for name, thing := range map[string]string{"north-admin": "south", "admin0": "zeeland", "admin1": "north"} {
		for path, body := range map[string]any{
			"PATCH /devices/device-" + thing:                     map[string]any{"label": "taken"},
			"POST /devices/device-" + thing + "/merge":           map[string]any{"others": []string{"device-north"}},
			"POST /devices/device-" + thing + "/split":           map[string]any{"hosts": []string{"3ea"}},
			"PATCH /findings/finding-" + thing:                   map[string]any{"status": "resolved"},
			"POST /findings/finding-" + thing + "/evidence":      map[string]any{"reason": "looking into an incident"},
			"POST /findings/finding-" + thing + "/evidence.pcap": map[string]any{"reason": "looking into an incident"},
			"PATCH /sensors/sensor-" + thing:                     map[string]any{"name": "taken"},
			"POST /sensors/sensor-" + thing + "/revoke":          nil,
		} {
			method, path, _ := strings.Cut(path, " ")
			if a := h.as(name, method, path, body); a.status != http.StatusNotFound && !(strings.Contains(path, "evidence") && a.status == http.StatusForbidden) {
				t.Errorf("%s %s as %s: %d %.200s", method, path, name, a.status, a.body)
			}
		}
		for path, body := range map[string]any{
			"/devices":  map[string]any{"ids": []string{"device-" + thing}, "set": map[string]any{"label": "taken"}},
			"/findings": map[string]any{"ids": []string{"finding-" + thing}, "set": map[string]any{"comment": "taken"}},
		} {
			a := h.as(name, patch, path, body)
			var b Bulk
			if a.decode(t, &b); b.Changed != 0 {
				t.Errorf("%s as %s changed %d of another", path, name, b.Changed)
			}
		}
	}
}
