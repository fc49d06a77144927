//go:build !sensor

package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/hub/tables"
	"edgeward/internal/ident"
)

// The bounds of what an import tells.
const (
	importRows   = 1000
	importErrors = 50
)

func (s *Server) importDevices(ctx context.Context, in *importQuery) (*reply[Import], error) {
	entries, problems, err := tables.Parse(tables.Format(in.Format), bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, invalid(plain(ident.Clip(err.Error(), 300)))
	}
	return s.applyTable(ctx, entries, problems, in.Site, in.DryRun)
}

func (s *Server) importTables(ctx context.Context, in *tablesInput) (*reply[Import], error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	b := in.Body
	c := who(ctx)
	c.object = b.Address
	t := tables.Target{Address: b.Address, User: b.User, Auth: b.Auth, AuthKey: b.AuthKey, Privacy: b.Privacy, PrivKey: b.PrivacyKey}
	if b.Version != "3" {
		t.Community = cmp.Or(b.Community, "public")
	}
	entries, err := tables.Walk(ctx, t)
	if err != nil {
		return nil, invalid(plain(ident.Clip(err.Error(), 300)))
	}
	return s.applyTable(ctx, entries, nil, b.Site, b.DryRun)
}

// applyTable sets what a table says of devices. What a person has set before
// stays, except where the table is a list that people keep (a CMDB).
func (s *Server) applyTable(ctx context.Context, entries []tables.Entry, problems []tables.Problem, site string, dry bool) (*reply[Import], error) {
	c := who(ctx)
	if !dry && !c.role.AtLeast("analyst") {
		return nil, refuse(403, "role", "this takes the role analyst")
	}
	out := Import{DryRun: dry, Read: len(entries), Skipped: len(problems), Rows: []ImportRow{}, Errors: []string{}}
	for _, p := range problems[:min(len(problems), importErrors)] {
		out.Errors = append(out.Errors, fmt.Sprintf("line %d: %s", p.Line, plain(ident.Clip(p.Text, 200))))
	}
	var asked []string
	if site != "" {
		asked = []string{site}
	}
	byMAC, byIP := map[string]*asset.Record{}, map[string]*asset.Record{}
	err := s.eachDevice(ctx, asset.Filter{Tenant: c.tenant, Sites: c.only(asked)}, scanLimit, func(r *asset.Record) error {
		for _, m := range r.MACs {
			byMAC[m.String()] = r
		}
		for _, a := range r.Addresses {
			byIP[a.Unmap().String()] = r
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		row := ImportRow{Line: e.Line, Changes: map[string]string{}}
		var r *asset.Record
		if !e.MAC.IsZero() {
			row.Key = e.MAC.String()
			r = byMAC[row.Key]
		}
		if r == nil && e.Address.IsValid() {
			row.Key = cmp.Or(row.Key, e.Address.String())
			r = byIP[e.Address.Unmap().String()]
		}
		if r != nil {
			row.Device, row.Label = r.ID, r.Label()
			set := r.Set
			row.Changes = fill(&set, e)
			if len(row.Changes) > 0 {
				out.Changed++
				if !dry {
					if _, err := s.Devices.EditDevice(ctx, c.tenant, r.ID, func(a *asset.Attributes) error { fill(a, e); return nil }); err != nil {
						return nil, err
					}
				}
				r.Set = set
			}
		}
		if len(out.Rows) < importRows {
			out.Rows = append(out.Rows, row)
		}
	}
	c.detail = fmt.Sprintf("%d rows, %d devices changed", out.Read, out.Changed)
	if dry {
		c.detail = "preview: " + c.detail
	}
	return ok(out)
}

// fill sets what an entry says and gives what it changed.
func fill(a *asset.Attributes, e tables.Entry) map[string]string {
	did := map[string]string{}
	set := func(name string, to *string, v string, over bool) {
		v = ident.Clip(plain(strings.TrimSpace(v)), 200)
		if v != "" && v != *to && (over || *to == "") {
			*to, did[name] = v, v
		}
	}
	x := e.Set
	set("label", &a.Label, x.Label, true)
	set("label", &a.Label, e.Name, false)
	set("type", &a.Type, x.Type, true)
	set("vendor", &a.Vendor, x.Vendor, true)
	set("model", &a.Model, x.Model, true)
	set("zone", &a.Zone, x.Zone, true)
	set("criticality", &a.Criticality, x.Criticality, true)
	set("owner", &a.Owner, x.Owner, true)
	set("location", &a.Location, x.Location, true)
	set("note", &a.Note, x.Note, true)
	set("safety", &a.Safety, x.Safety, true)
	if e.Switch != "" || e.Port != "" {
		where := strings.TrimSpace(e.Switch + " " + e.Port)
		set("location", &a.Location, where, false)
	}
	for _, t := range x.Tags {
		if before := len(a.Tags); t != "" {
			a.Tags = addTo(a.Tags, ident.Clip(plain(t), 64), 50)
			if len(a.Tags) > before {
				did["tags"] = strings.Join(a.Tags, " ")
			}
		}
	}
	return did
}
