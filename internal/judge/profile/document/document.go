// Package document reads, checks and writes policy files: what a person
// reviews, keeps under version control and hands to a hub. A file is YAML or
// JSON with the header "edgeward: 1" and a list of policies; their members are
// called as in the API, except that times are RFC 3339, ranges are "80" or
// "1000-2000", and a profile stands below "profile". Everything that is wrong
// is told with file, line and column. The bytes are taken for hostile: sizes,
// depth and counts are bounded, and there are no aliases.
//
// Command line, hub and API use it; it keeps nothing.
package document

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// Version is the only version of the format so far.
const Version = 1

// Bounds of a file.
const (
	MaxYAML     = 16 << 20 // bytes
	MaxJSON     = 256 << 20
	MaxPolicies = 20_000
	maxText     = 4096 // bytes of one text
	maxList     = 65_536
	maxProblems = 100
)

// File is a policy file that was read.
type File struct {
	Name     string
	Policies []*policy.Policy
	Profiles []*policy.Profile // the bodies, by the same index; nil where a policy is none
	list     *node             // of the policies, for their places
}

// envelope is a policy as a file has it.
type envelope struct {
	ID        string          `json:"id,omitempty"`
	Kind      policy.Kind     `json:"kind"`
	Revision  int             `json:"revision,omitempty"`
	Mode      policy.Mode     `json:"mode,omitempty"`
	Origin    policy.Origin   `json:"origin,omitempty"`
	From      int64           `json:"from,omitempty"`
	Expires   int64           `json:"expires,omitempty"`
	Created   int64           `json:"created,omitempty"`
	Author    string          `json:"author,omitempty"`
	Note      string          `json:"note,omitempty"`
	Selector  policy.Selector `json:"selector,omitzero"`
	Signature []byte          `json:"signature,omitempty"`
	Profile   *policy.Profile `json:"profile,omitempty"`
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Policy  string `json:"policy,omitempty"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
	Warning bool   `json:"warning,omitempty"` // it can be used all the same
}

// Error gives the problem as an error with its place in front.
func (p Problem) Error() error {
	text := p.Text
	if p.Policy != "" {
		text = fmt.Sprintf("policy %q: %s", p.Policy, text)
	}
	return ident.Errorf(ident.Invalid, p.Hint, "%s:%d:%d: %s", p.File, p.Line, p.Column, text)
}

// Errors joins the problems that are no warnings; nil for none.
func Errors(list []Problem) error {
	var errs []error
	for _, p := range list {
		if !p.Warning {
			errs = append(errs, p.Error())
		}
	}
	return errors.Join(errs...)
}

// Read reads a file. The error joins everything that is wrong with its form,
// each with its place; whether it makes sense is for [Check].
func Read(name string, b []byte) (*File, error) {
	root, err := parse(name, b)
	if err != nil {
		return nil, err
	}
	r := &reader{name: name}
	f := &File{Name: name}
	var doc struct {
		Edgeward int        `json:"edgeward"`
		Policies []envelope `json:"policies"`
	}
	if root.kind != mapping {
		r.fail(root, "begin with edgeward: 1, then policies:", "this is no policy file")
		return nil, Errors(r.problems)
	}
	if head := root.child("edgeward"); head == nil {
		r.fail(root, "begin with edgeward: 1, then policies:", "the header edgeward: 1 is missing: this is no policy file")
		return nil, Errors(r.problems)
	}
	r.read(root, reflect.ValueOf(&doc).Elem(), "")
	if head := root.child("edgeward"); len(r.problems) == 0 && doc.Edgeward != Version {
		r.fail(head, "use a newer edgeward", "version %d of the format is not known: this program reads %d", doc.Edgeward, Version)
	}
	f.list = root.child("policies")
	if f.list == nil && len(r.problems) == 0 {
		r.fail(root, "write policies: [] for none", "there is no list of policies")
	}
	if len(doc.Policies) > MaxPolicies {
		r.fail(f.list, "use several files", "there are %d policies, more than %d", len(doc.Policies), MaxPolicies)
	}
	for i := range doc.Policies {
		if len(r.problems) > 0 {
			break
		}
		p, err := doc.Policies[i].policy()
		if err != nil {
			r.fail(f.at(i), "", "%v", err)
			break
		}
		f.Policies, f.Profiles = append(f.Policies, p), append(f.Profiles, doc.Policies[i].Profile)
	}
	if err := Errors(r.problems); err != nil {
		return nil, err
	}
	return f, nil
}

// policy gives the noun.
func (e *envelope) policy() (*policy.Policy, error) {
	p := &policy.Policy{
		ID: e.ID, Kind: cmp.Or(e.Kind, policy.ForProfile), Revision: e.Revision, Selector: e.Selector, Mode: cmp.Or(e.Mode, policy.Observe), Origin: cmp.Or(e.Origin, policy.FromFile),
		Signature: e.Signature, From: e.From, Expires: e.Expires, Created: e.Created, Author: e.Author, Note: e.Note,
	}
	if e.Profile == nil {
		return p, nil
	}
	for i := range e.Profile.Lines {
		if l := &e.Profile.Lines[i]; l.ID == "" {
			l.ID = l.Identify()
		}
	}
	return p, profile.Envelope(p, e.Profile)
}

// Format is how a file is written.
type Format string

// The formats of policy files.
const (
	YAML Format = "yaml"
	JSON Format = "json"
)

// Write writes a file, the same bytes for the same policies in any order.
func Write(w io.Writer, list []*policy.Policy, format Format) error {
	doc := struct {
		Edgeward int        `json:"edgeward"`
		Policies []envelope `json:"policies"`
	}{Edgeward: Version, Policies: []envelope{}}
	for _, p := range list {
		e, err := envelopeOf(p)
		if err != nil {
			return err
		}
		doc.Policies = append(doc.Policies, *e)
	}
	slices.SortStableFunc(doc.Policies, func(a, b envelope) int { return cmp.Compare(a.ID, b.ID) })
	t := tree(reflect.ValueOf(doc))
	var out []byte
	if format == JSON {
		out = append(appendJSON(nil, t, 0), '\n')
	} else {
		out = appendYAML(nil, t, 0)
		if len(out) > MaxYAML {
			return ident.Errorf(ident.Invalid, "write JSON, or fewer devices", "the policies take %d MiB as YAML, more than the %d that can be read again", len(out)>>20, MaxYAML>>20)
		}
	}
	_, err := w.Write(out)
	return err
}

func envelopeOf(p *policy.Policy) (*envelope, error) {
	e := &envelope{
		ID: p.ID, Kind: p.Kind, Revision: p.Revision, Selector: p.Selector, Mode: p.Mode, Signature: p.Signature,
		From: p.From, Expires: p.Expires, Created: p.Created, Author: p.Author, Note: p.Note,
	}
	if p.Origin != policy.FromFile {
		e.Origin = p.Origin // it is a file's anyway
	}
	if p.Kind != policy.ForProfile || len(p.Body) == 0 {
		return e, nil
	}
	var err error
	e.Profile, err = profile.Body(p)
	return e, err
}

// Canonical gives the bytes that a signature is over: everything that the
// policy says, without what changes on its way (revision, origin, time of
// making, which sensors have it).
func Canonical(p *policy.Policy) ([]byte, error) {
	signed := *p
	signed.Signature, signed.Revision, signed.Origin, signed.Created, signed.Applied = nil, 0, "", 0, nil
	e, err := envelopeOf(&signed)
	if err != nil {
		return nil, err
	}
	return append([]byte("edgeward policy 1\n"), appendJSON(nil, tree(reflect.ValueOf(*e)), 0)...), nil
}
