package main

import (
	"cmp"
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
	check   string
	recall  map[string]share // by origin
	right   int              // captures of attacks that expect it, on which it fired
	alarms  int              // captures that must stay quiet, on which it fired above info
	watched int              // captures of the third kind on which it fired above info
}

// summary is the outcome of all cases.
type summary struct {
	checks   []*checkScore
	recall   map[string]share // groups met, by origin
	quiet    map[string]share // captures that stayed quiet, by origin
	attacks  map[string]int
	hours    float64
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
			for _, g := range r.Expect {
				hit := slices.ContainsFunc(g, func(c string) bool { return fired[c] })
				count(s.recall, r.Origin, hit)
				count(score(g[0]).recall, r.Origin, hit)
				for _, c := range g {
					if fired[c] {
						score(c).right++
					}
				}
			}
		case "quiet":
			s.hours += r.hours
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
					score(c).watched++
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

func (s *summary) print(out io.Writer) { fmt.Fprint(out, s.markdown()) }

// markdown writes the tables.
func (s *summary) markdown() string {
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
	fmt.Fprintf(&b, "\nFalse alarms (detections above info) on the quiet captures: %d in %.0f hours of packet time.\n", s.alarms, s.hours)
	fmt.Fprintf(&b, "\n## By check\n\nRecall counts captures of attacks in which the check is the first of an expected group; precision counts captures on which it fired, rightly or on a capture that must stay quiet.\n\n")
	fmt.Fprintf(&b, "| check | recall, real | recall, lab | recall, synthetic | precision | fired above info on unjudged captures |\n|---|---|---|---|---|---|\n")
	for _, c := range s.checks {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %d |\n", c.check, c.recall["real"], c.recall["lab"], c.recall["synthetic"], share{c.right, c.right + c.alarms}, c.watched)
	}
	if len(s.flows) > 0 {
		fmt.Fprintf(&b, "\n## Labelled flow records\n\nA record counts as told when a detection above info about one of its two hosts names the other (or has more peers than it can list) at that time. No payload, names or rates can be seen in these records.\n\n")
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
