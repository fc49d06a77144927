package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// share is a count of successes among trials.
type share struct{ hit, all int }

func (s share) String() string {
	if s.all == 0 {
		return "-"
	}
	lo, hi := s.wilson()
	return fmt.Sprintf("%d/%d = %.1f %% [%.1f, %.1f]", s.hit, s.all, 100*float64(s.hit)/float64(s.all), 100*lo, 100*hi)
}

// wilson gives the 95 % score interval (Wilson 1927).
func (s share) wilson() (lo, hi float64) {
	const z = 1.959964
	n, p := float64(s.all), float64(s.hit)/float64(s.all)
	mid, half, scale := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n)), 1+z*z/n
	return math.Max(0, (mid-half)/scale), math.Min(1, (mid+half)/scale)
}

// checkScore is how one check did.
type checkScore struct {
	check  string
	recall map[string]share // by origin
	right  int              // captures of attacks that expect it, on which it fired
	alarms int              // captures that must stay quiet, on which it fired above info
	beside int              // captures on which it fired above info and that say nothing about it
}

// summary is the outcome of all cases.
type summary struct {
	checks   []*checkScore
	recall   map[string]share // groups met, by origin
	quiet    map[string]share // captures that stayed quiet, by origin
	attacks  map[string]int
	hours    []float64 // packet time that the quiet captures span
	alarms   int
	failures int
	flows    []flowResult
}

var origins = []string{"real", "lab", "synthetic"}

func summarise(results []*result) *summary {
	s := &summary{recall: map[string]share{}, quiet: map[string]share{}, attacks: map[string]int{}}
	byCheck := map[string]*checkScore{}
	score := func(check string) *checkScore {
		c := byCheck[check]
		if c == nil {
			c = &checkScore{check: check, recall: map[string]share{}}
			byCheck[check] = c
			s.checks = append(s.checks, c)
		}
		return c
	}
	count := func(m map[string]share, origin string, hit bool) {
		v := m[origin]
		v.all++
		if hit {
			v.hit++
		}
		m[origin] = v
	}
	for _, r := range results {
		if r.failed() {
			s.failures++
		}
		fired, loud := map[string]bool{}, map[string]bool{}
		for _, f := range r.findings {
			fired[f.Check] = true
			loud[f.Check] = loud[f.Check] || alarming(f)
		}
		switch r.Kind {
		case "attack":
			s.attacks[r.Origin]++
			expected := map[string]bool{}
			for _, g := range r.Expect {
				for _, c := range g {
					expected[c] = true
				}
				hit := slices.ContainsFunc(g, func(c string) bool { return fired[c] })
				count(s.recall, r.Origin, hit)
				count(score(g[0]).recall, r.Origin, hit)
				for _, c := range g {
					if fired[c] {
						score(c).right++
					}
				}
			}
			for c, l := range loud {
				if l && !expected[c] {
					score(c).beside++
				}
			}
		case "quiet":
			s.hours = append(s.hours, r.hours)
			s.alarms += len(r.alarms)
			count(s.quiet, r.Origin, len(r.alarms) == 0 && r.err == nil)
			for c, l := range loud {
				if l {
					score(c).alarms++
				}
			}
		default:
			for c, l := range loud {
				if l {
					score(c).beside++
				}
			}
		}
	}
	slices.SortFunc(s.checks, func(a, b *checkScore) int { return cmp.Compare(a.check, b.check) })
	return s
}

func total(m map[string]share) share {
	var t share
	for _, v := range m {
		t.hit += v.hit
		t.all += v.all
	}
	return t
}

func (s *summary) print(out io.Writer) { fmt.Fprint(out, s.tables()) }

// page is what stands above the tables in the documentation.
const page = `# Detection quality

Written by ` + "`go run ./tools/benchdetect -markdown docs/detection-quality.md`" + `; ` + "`make bench-detect`" + ` prints the same tables.

## What is measured

Edgeward analyses each capture by itself, with the settings it has from the start, and what it says is compared with the case list (` + "`tools/benchdetect/cases.yaml`" + `), which gives the reason for each case. The captures are other people's and no part of this repository.

- **Attack**: the capture holds an attack of which there is no doubt. Each group of checks that the list names must be met.
- **Quiet**: nothing in the capture is an attack. Any *detection* above info is a false alarm; exposures, which say how a device is set up, are not.
- Captures of which the truth is not certain are analysed but not judged. What fires on them, or on an attack without being asked for, is counted in the last column of the second table, so that it can be looked at.

The origin is told apart. *Real* are recordings of real programs on real networks, most of them short and made to show one thing. *Lab* are recordings of real programs between private network namespaces. *Synthetic* were written to a file by a program. Lab and synthetic captures show that a detector works; they say nothing about how it fares in the field.

What these numbers are not:

- **Not a forecast.** The detectors were written and tuned with these captures at hand, so 100 % here means that nothing known is missed, not that nothing will be.
- **Few cases.** The brackets are 95 % score intervals (Wilson). With one capture a check that is right each time may still be right only one time in five.
- **Not all checks.** The checks that no capture here shows are tested with hand-made facts only (` + "`internal/judge/detect/scene_*_test.go`" + `: an attack and a benign near miss for each).
- The quiet captures are short, too, and begin in the middle. Checks that learn what is usual (` + "`behaviour.*`" + `) have hardly had time to speak on them.

Known to be missed: remote control between two hosts of one network by a program of its own; calls by TLS at the pace of ordinary polling to a host that was looked up by name; a long connection that says nothing odd; floods inside a tunnel, which is taken off before packets are counted, and whose packets have no sender on the link; peer-to-peer networks of malware whose protocol is not known.

`

// unseen is what was measured once, by hand, on captures that are not in the
// shared folder.
//
//go:embed unseen.md
var unseen string

// markdown writes the page for the documentation.
func (s *summary) markdown() string { return page + s.tables() + unseen }

// tables writes the tables.
func (s *summary) tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## In all\n\n| | real | lab | synthetic | all |\n|---|---|---|---|---|\n")
	row := func(name string, m map[string]share) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, o := range origins {
			fmt.Fprintf(&b, " %s |", m[o])
		}
		fmt.Fprintf(&b, " %s |\n", total(m))
	}
	fmt.Fprintf(&b, "| captures of attacks |")
	n := 0
	for _, o := range origins {
		fmt.Fprintf(&b, " %d |", s.attacks[o])
		n += s.attacks[o]
	}
	fmt.Fprintf(&b, " %d |\n", n)
	row("expected findings made (recall)", s.recall)
	row("captures that must stay quiet and do (specificity)", s.quiet)
	hours := 0.0
	for _, h := range s.hours {
		hours += h
	}
	slices.Sort(s.hours)
	fmt.Fprintf(&b, "\nFalse alarms (detections above info) on the quiet captures: %d.", s.alarms)
	if n := len(s.hours); n > 0 {
		fmt.Fprintf(&b, " From first to last packet these span %.0f hours in all, but half of them less than %.1f minutes.", hours, s.hours[n/2]*60)
	}
	fmt.Fprintf(&b, "\n")
	fmt.Fprintf(&b, "\n## By check\n\nRecall counts captures of attacks in which the check is the first of an expected group; precision counts captures on which it fired, rightly or on a capture that must stay quiet. The last column counts captures on which it fired above info and of which the list says nothing about it.\n\n")
	fmt.Fprintf(&b, "| check | recall, real | recall, lab | recall, synthetic | precision | fired, not judged |\n|---|---|---|---|---|---|\n")
	for _, c := range s.checks {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %d |\n", c.check, c.recall["real"], c.recall["lab"], c.recall["synthetic"], share{c.right, c.right + c.alarms}, c.beside)
	}
	if len(s.flows) > 0 {
		fmt.Fprintf(&b, "\n## Labelled flow records\n\nConnection records whose makers say what they are, analysed as a user would. A record counts as told when a detection above info about one of its two hosts names the other (or has more peers than it can list) at that time. Of benign records fewer are better. No payload, names or rates can be seen in these records. Of the benign records of CTU-Malware-Capture-34-1 that are told, all go to the bots' controller or to an address that is flooded at that time.\n\n")
		fmt.Fprintf(&b, "| set | label | records | told |\n|---|---|---|---|\n")
		for _, f := range s.flows {
			for _, l := range f.labels {
				fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", f.name, l.label, l.share.all, l.share)
			}
			fmt.Fprintf(&b, "| %s | *checks that fired* | | %s |\n", f.name, strings.Join(f.checks, ", "))
		}
	}
	return b.String()
}
