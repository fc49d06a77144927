package app

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
	"edgeward/internal/shared"
)

// TestProfilesOfSetUps learns the profile of each device of IoT SENTINEL from
// its set-up and proves it on others: from one on the rest, and from all but
// one on that. What is blocked is logged: it must be new to a person, too.
func TestProfilesOfSetUps(t *testing.T) {
	root := shared.Dir(t, "captures")
	if testing.Short() {
		t.Skip("a long comparison")
	}
	files, err := filepath.Glob(filepath.Join(root, "lan", "sentinel-*.pcap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no set-ups: %v", err)
	}
	macs := map[string]string{}
	table, err := os.ReadFile(filepath.Join(root, "lan", "sentinel-device-macs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if c := strings.Split(line, "\t"); len(c) > 1 {
			macs[c[0]] = c[1]
		}
	}
	setups := map[string][]string{}
	for _, f := range files {
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(f), "sentinel-"), "-Setup")
		setups[name] = append(setups[name], f)
	}
	var one, most profile.Summary
	for name, list := range setups {
		if macs[name] == "" || len(list) < 2 {
			t.Errorf("%s: %d set-ups, MAC address %q", name, len(list), macs[name])
			continue
		}
		for i, f := range list {
			rest := append(append([]string(nil), list[:i]...), list[i+1:]...)
			first := proposed(t, macs[name], f)
			for _, g := range rest {
				tally(t, &one, "from one", first, g)
			}
			tally(t, &most, "from all but one", proposed(t, macs[name], rest...), f)
		}
	}
	for _, c := range []struct {
		what string
		s    profile.Summary
		most float64
	}{{"from one", one, 0.02}, {"from all but one", most, 0.005}} {
		share := float64(c.s.WouldBlock) / float64(c.s.Exchanges)
		t.Logf("%s: %d of %d exchanges would be blocked, %.2f %%; of %d it cannot be known", c.what, c.s.WouldBlock, c.s.Exchanges, 100*share, c.s.Undecided)
		if share > c.most {
			t.Errorf("%s: more than %.1f %%", c.what, 100*c.most)
		}
	}
}

func proposed(t *testing.T, device string, paths ...string) []*policy.Policy {
	t.Helper()
	p, err := Propose(t.Context(), ProposeOptions{Analyze: AnalyzeOptions{Paths: paths}, Learn: profile.LearnOptions{Devices: []string{device}}})
	if err != nil {
		t.Fatal(err)
	}
	return p.Policies
}

func tally(t *testing.T, sum *profile.Summary, what string, policies []*policy.Policy, path string) {
	t.Helper()
	r, _, err := Prove(t.Context(), ProveOptions{Analyze: AnalyzeOptions{Paths: []string{path}}, Policies: policies})
	if err != nil {
		t.Fatal(err)
	}
	sum.Exchanges += r.Summary.Exchanges
	sum.WouldBlock += r.Summary.WouldBlock
	sum.Undecided += r.Summary.Undecided
	for _, b := range r.Blocked {
		t.Logf("%s, %s: %d x %s", what, filepath.Base(path), b.Count, b.Why)
	}
}

// TestProfilesAllowWhatTheyWereLearnedFrom proves each capture on itself, by
// way of a policy file: but for what is left out as an attack, next to nothing
// may be blocked. What is left is in captures whose addresses are damaged on
// purpose. Each profile can be exported.
func TestProfilesAllowWhatTheyWereLearnedFrom(t *testing.T) {
	captures := shared.Captures(t)
	if testing.Short() {
		t.Skip("a long comparison")
	}
	var exchanges, blocked uint64
	for _, f := range captures {
		analyze := AnalyzeOptions{Paths: []string{f}}
		p, err := Propose(t.Context(), ProposeOptions{Analyze: analyze})
		if err != nil {
			continue // nobody of ours in it, or cut short
		}
		attacked := false
		for _, q := range p.Policies {
			body, err := profile.Body(q)
			if err != nil {
				t.Fatal(err)
			}
			attacked = attacked || len(body.Learned.LeftOut) > 0
		}
		list := throughAFile(t, f, p.Policies)
		for _, format := range ruleset.Formats() {
			if _, err := format.Write(io.Discard, list, ruleset.Options{}); err != nil {
				t.Errorf("%s as %s: %v", f, format.Name, err)
			}
		}
		r, _, err := Prove(t.Context(), ProveOptions{Analyze: analyze, Policies: list})
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if attacked {
			continue
		}
		exchanges += r.Summary.Exchanges
		blocked += r.Summary.WouldBlock
		for _, b := range r.Blocked {
			t.Logf("%s: %d x %s", filepath.Base(f), b.Count, b.Why)
		}
	}
	t.Logf("%d of %d exchanges", blocked, exchanges)
	if exchanges < 1000 || float64(blocked) > 0.002*float64(exchanges) {
		t.Errorf("%d of %d exchanges would be blocked by profiles that were learned from them", blocked, exchanges)
	}
}

// throughAFile gives policies as they come out of their file.
func throughAFile(t *testing.T, name string, list []*policy.Policy) []*policy.Policy {
	t.Helper()
	var b bytes.Buffer
	if err := document.Write(&b, list, document.YAML); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	f, err := document.Read("policy.yaml", b.Bytes())
	if err == nil {
		err = document.Errors(document.Check(0, f))
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return list
	}
	return f.Policies
}
