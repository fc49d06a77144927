//go:build !sensor

package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

// policyDir keeps the policies of a folder in the state: they are read-only
// there, come with their files and go with them. A file that is broken leaves
// what it said before in force.
type policyDir struct {
	h   *Hub
	dir string
}

// policyFiles is the kind of the document that says which policies came of
// which file.
const policyFiles = "policy-files"

// run loads the folder now and whenever the process is told to (SIGHUP).
func (d *policyDir) run(ctx context.Context) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	for {
		if err := d.load(ctx); err != nil && ctx.Err() == nil {
			for _, e := range separate(err) {
				d.h.o.Log.Error("policies of the folder are not as their files say", "error", e, "hint", ident.HintOf(e))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again:
		}
	}
}

// separate gives the errors that were joined.
func separate(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // only the outermost error is looked at
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, separate(e)...)
	}
	return out
}

// load brings the state to what the files say. The error joins what is wrong
// with each.
func (d *policyDir) load(ctx context.Context) error {
	files, broken, err := d.read()
	if err != nil {
		return err
	}
	before := map[string][]string{}
	if b, err := d.h.State.Document(ctx, 0, policyFiles, "folder"); err == nil {
		if err := json.Unmarshal(b, &before); err != nil {
			return ident.Errorf(ident.Invalid, "", "read which policies came of which file: %w", err)
		}
	} else if ident.CodeOf(err) != ident.NotFound {
		return err
	}
	files, broken = d.sensible(files, broken)
	var change []*policy.Policy
	after := map[string][]string{}
	for _, f := range files {
		fresh, err := d.changed(ctx, f)
		if err != nil {
			broken[f.Name] = err
			continue
		}
		change = append(change, fresh...)
		after[f.Name] = []string{}
		for _, p := range f.Policies {
			after[f.Name] = append(after[f.Name], p.ID)
		}
	}
	for name := range broken {
		after[name] = before[name] // its previous version stays
	}
	return errors.Join(d.store(ctx, change, before, after), joinFiles(broken))
}

func joinFiles(broken map[string]error) error {
	names := make([]string, 0, len(broken))
	for n := range broken {
		names = append(names, n)
	}
	slices.Sort(names)
	var errs []error
	for _, n := range names {
		errs = append(errs, broken[n])
	}
	return errors.Join(errs...)
}

// read reads the files in the order of their names.
func (d *policyDir) read() (files []*document.File, broken map[string]error, err error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, nil, ident.Errorf(ident.NotFound, "make the folder, or take policies out of the configuration", "read the policies: %w", err)
	}
	broken = map[string]error{}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			continue
		}
		path := filepath.Join(d.dir, e.Name())
		f, err := readPolicies(path, nil)
		if err != nil {
			broken[path] = err
			continue
		}
		files = append(files, f)
	}
	return files, broken, nil
}

// sensible leaves out the files in which something makes no sense, alone or
// beside those that come before.
func (d *policyDir) sensible(files []*document.File, broken map[string]error) ([]*document.File, map[string]error) {
	now := time.Now().UnixNano()
	var good []*document.File
	for _, f := range files {
		problems := document.Check(now, append(slices.Clone(good), f)...)
		if err := document.Errors(problems); err != nil {
			broken[f.Name] = err
			continue
		}
		for _, p := range problems {
			if p.File == f.Name {
				d.h.o.Log.Warn("a policy file", "problem", p.Error())
			}
		}
		good = append(good, f)
	}
	return good, broken
}

// changed gives the policies of a file that are not in the state as they are.
func (d *policyDir) changed(ctx context.Context, f *document.File) ([]*policy.Policy, error) {
	var out []*policy.Policy
	for i, p := range f.Policies {
		p.Origin, p.Author = policy.FromFile, cmp.Or(p.Author, "file")
		old, err := d.h.State.Policy(ctx, 0, p.ID)
		switch {
		case ident.CodeOf(err) == ident.NotFound:
			p.Revision = 0
		case err != nil:
			return nil, err
		case old.Origin != policy.FromFile:
			return nil, ident.Errorf(ident.Invalid, "give it another id, or delete the other", "%s: the id %q is that of a policy of the console", f.Place(i, -1), p.ID)
		default:
			a, aerr := document.Canonical(old)
			b, berr := document.Canonical(p)
			if err := errors.Join(aerr, berr); err != nil {
				return nil, err
			}
			if bytes.Equal(a, b) {
				continue
			}
			p.Revision, p.Created = old.Revision, old.Created
		}
		out = append(out, p)
	}
	return out, nil
}

// store changes all at once, and removes what no file has any more.
func (d *policyDir) store(ctx context.Context, change []*policy.Policy, before, after map[string][]string) error {
	if len(change) > 0 {
		if err := d.h.State.PutPolicies(ctx, change); err != nil {
			return err
		}
	}
	stays := map[string]bool{}
	for _, ids := range after {
		for _, id := range ids {
			stays[id] = true
		}
	}
	gone := 0
	for _, ids := range before {
		for _, id := range ids {
			if stays[id] {
				continue
			}
			stays[id] = true // once
			if err := d.h.State.DeletePolicy(ctx, 0, id); err != nil && ident.CodeOf(err) != ident.NotFound {
				return err
			}
			gone++
		}
	}
	b, err := json.Marshal(after)
	if err != nil {
		return err
	}
	if len(change)+gone > 0 {
		d.h.o.Log.Info("policies of the folder", "folder", d.dir, "changed", len(change), "removed", gone)
	}
	return d.h.State.PutDocument(ctx, 0, policyFiles, "folder", b)
}
