package document

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// Change is a difference between two lists of policies.
type Change struct {
	Policy string       `json:"policy"`
	Name   string       `json:"name,omitempty"` // of its profile
	What   string       `json:"what"`           // added, removed, changed
	Line   string       `json:"line,omitempty"` // id of the line; empty when it is about the policy
	Before *policy.Line `json:"before,omitempty"`
	After  *policy.Line `json:"after,omitempty"`
	Text   string       `json:"text"` // for people
}

// The words of a change.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Diff compares policies by id and their lines by what they are about.
// Evidence does not count: what is allowed does.
func Diff(before, after []*policy.Policy) ([]Change, error) {
	old := map[string]*policy.Policy{}
	for _, p := range before {
		old[p.ID] = p
	}
	var out []Change
	seen := map[string]bool{}
	for _, p := range after {
		seen[p.ID] = true
		list, err := diffPolicy(old[p.ID], p)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	for _, p := range before {
		if !seen[p.ID] {
			out = append(out, Change{Policy: p.ID, What: Removed, Text: describe(p)})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(a.Policy, b.Policy) })
	return out, nil
}

func diffPolicy(a, b *policy.Policy) ([]Change, error) {
	if a == nil {
		return []Change{{Policy: b.ID, What: Added, Text: describe(b)}}, nil
	}
	var out []Change
	for _, f := range [][3]string{
		{"kind", string(a.Kind), string(b.Kind)}, {"mode", string(a.Mode), string(b.Mode)}, {"note", a.Note, b.Note},
		{"from", timeText(a.From), timeText(b.From)}, {"expires", timeText(a.Expires), timeText(b.Expires)}, {"selector", selectorText(&a.Selector), selectorText(&b.Selector)},
	} {
		if f[1] != f[2] {
			out = append(out, Change{Policy: b.ID, What: Changed, Text: f[0] + ": " + cmp.Or(f[1], "none") + " → " + cmp.Or(f[2], "none")})
		}
	}
	if a.Kind != policy.ForProfile || b.Kind != policy.ForProfile {
		return out, nil
	}
	x, err := profile.Body(a)
	if err != nil {
		return nil, err
	}
	y, err := profile.Body(b)
	if err != nil {
		return nil, err
	}
	if before, after := membersText(x.Members), membersText(y.Members); before != after {
		out = append(out, Change{Policy: b.ID, Name: y.Name, What: Changed, Text: "members: " + before + " → " + after})
	}
	if before, after := fmt.Sprint(x.Behind), fmt.Sprint(y.Behind); before != after {
		out = append(out, Change{Policy: b.ID, Name: y.Name, What: Changed, Text: "networks behind: " + before + " → " + after})
	}
	return append(out, diffLines(b.ID, x, y)...), nil
}

func diffLines(id string, x, y *policy.Profile) []Change {
	key := func(l *policy.Line) string { return cmp.Or(l.ID, l.Identify()) }
	old := map[string]*policy.Line{}
	for i := range x.Lines {
		old[key(&x.Lines[i])] = &x.Lines[i]
	}
	var out []Change
	for i := range y.Lines {
		l := &y.Lines[i]
		before := old[key(l)]
		delete(old, key(l))
		switch {
		case before == nil:
			out = append(out, Change{Policy: id, Name: y.Name, What: Added, Line: key(l), After: l, Text: Describe(l)})
		case !same(before, l) || !reflect.DeepEqual(before.Peer, l.Peer) || before.Note != l.Note:
			out = append(out, Change{Policy: id, Name: y.Name, What: Changed, Line: key(l), Before: before, After: l, Text: Describe(before) + " → " + Describe(l)})
		}
	}
	for i := range x.Lines {
		if l := &x.Lines[i]; old[key(l)] == l {
			out = append(out, Change{Policy: id, Name: y.Name, What: Removed, Line: key(l), Before: l, Text: Describe(l)})
		}
	}
	return out
}

// WriteChanges writes a change a line, with + - and ~ in front.
func WriteChanges(w io.Writer, list []Change) error {
	last := ""
	for _, c := range list {
		if c.Policy != last {
			last = c.Policy
			if _, err := fmt.Fprintf(w, "%s\n", strconv.Quote(c.Policy)); err != nil {
				return err
			}
		}
		mark := map[string]string{Added: "+", Removed: "-", Changed: "~"}[c.What]
		if _, err := fmt.Fprintf(w, "  %s %s\n", mark, inert(c.Text)); err != nil {
			return err
		}
	}
	return nil
}

// inert keeps a text on its line and off the terminal's controls.
func inert(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
			return '\uFFFD'
		}
		return r
	}, s)
}

func describe(p *policy.Policy) string {
	text := string(p.Kind) + ", mode " + string(p.Mode)
	if x, err := profile.Body(p); p.Kind == policy.ForProfile && err == nil {
		text += fmt.Sprintf(", %q with %d lines for %s", x.Name, len(x.Lines), membersText(x.Members))
	}
	return text
}

func timeText(ns int64) string {
	if ns == 0 {
		return ""
	}
	return yamlText(tree(reflect.ValueOf(ns)))
}

func selectorText(s *policy.Selector) string {
	text, _ := flow(tree(reflect.ValueOf(*s)), 1<<20)
	return text
}

func membersText(list []policy.Member) string {
	var out []string
	for i := range list {
		out = append(out, MemberText(&list[i]))
	}
	return cmp.Or(strings.Join(out, ", "), "nobody")
}

// MemberText names a device by the best that it is known by.
func MemberText(m *policy.Member) string {
	switch {
	case len(m.Names) > 0:
		return m.Names[0]
	case len(m.Addresses) > 0:
		return m.Addresses[0].String()
	case len(m.MACs) > 0:
		return m.MACs[0]
	}
	return m.ID
}

// Describe says what a line allows, on one line.
func Describe(l *policy.Line) string {
	words := []string{string(l.Direction), map[policy.Direction]string{policy.Out: "to", policy.In: "from"}[l.Direction], PeerText(&l.Peer)}
	switch ports := rangesText(l.Ports); {
	case l.Transport == "" && ports == "":
	case ports == "":
		words = append(words, l.Transport)
	default:
		words = append(words, cmp.Or(l.Transport, "port")+" "+ports)
	}
	if l.Protocol != "" {
		words = append(words, l.Protocol)
	}
	var verbs []string
	for _, v := range l.Verbs {
		verbs = append(verbs, strings.TrimSpace(v.Op+" "+strings.Join(v.Targets, " ")))
	}
	if len(verbs) > 0 {
		words = append(words, "("+strings.Join(verbs, "; ")+")")
	}
	if len(l.Hours) > 0 {
		words = append(words, "at hours "+rangesText(l.Hours))
	}
	if l.Limits != (policy.Limits{}) {
		text, _ := flow(tree(reflect.ValueOf(l.Limits)), 1<<20)
		words = append(words, text)
	}
	if l.Proposed {
		words = append(words, "[proposed only]")
	}
	return strings.Join(words, " ")
}

// PeerText names a peer.
func PeerText(p *policy.Peer) string {
	switch p.Kind {
	case policy.PeerAny:
		return "anybody"
	case policy.PeerName:
		return strings.Join(p.Names, ", ")
	case policy.PeerDevice:
		return membersText(p.Devices)
	case policy.PeerNetwork:
		var out []string
		for _, n := range p.Networks {
			out = append(out, n.String())
		}
		return strings.Join(out, ", ")
	case policy.PeerLocal:
		return "anybody at home"
	case policy.PeerRole:
		return "the " + p.Value
	}
	return strings.TrimSpace(string(p.Kind) + " " + p.Value)
}

func rangesText(list []policy.Range) string {
	var out []string
	for _, r := range list {
		out = append(out, tree(reflect.ValueOf(r)).text)
	}
	return strings.Join(out, ",")
}
