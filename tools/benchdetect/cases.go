package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"edgeward/content/yaml"
	"edgeward/internal/app"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

//go:embed cases.yaml
var caseList []byte

// testCase is what must be said about the captures that a pattern fits.
type testCase struct {
	File   string     `yaml:"file"`
	Kind   string     `yaml:"kind"`
	Origin string     `yaml:"origin"`
	Reason string     `yaml:"reason"`
	Expect [][]string `yaml:"expect"`
}

func loadCases() ([]testCase, error) {
	var cases []testCase
	if err := yaml.Decode(caseList, &cases); err != nil {
		return nil, fmt.Errorf("read case list: %w", err)
	}
	for _, c := range cases {
		if c.Kind != "attack" && c.Kind != "quiet" && c.Kind != "observe" {
			return nil, fmt.Errorf("read case list: %s: unknown kind %q", c.File, c.Kind)
		}
		if _, err := path.Match(c.File, ""); err != nil {
			return nil, fmt.Errorf("read case list: %s: %w", c.File, err)
		}
	}
	return cases, nil
}

// result is what came out for one capture.
type result struct {
	testCase
	name     string
	findings []*finding.Finding
	missed   [][]string         // groups that nothing met
	alarms   []*finding.Finding // detections above info where there should be none
	hours    float64            // packet time
	err      error
}

func (r *result) failed() bool { return r.err != nil || len(r.missed) > 0 || len(r.alarms) > 0 }

// runCases analyses every capture that a case fits, in order of name.
func runCases(ctx context.Context, folder, only string, cases []testCase) ([]*result, error) {
	var names []string
	err := filepath.WalkDir(folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, p)
		if err == nil && !d.IsDir() && (strings.HasSuffix(p, ".pcap") || strings.HasSuffix(p, ".pcapng")) {
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for captures: %w", err)
	}
	slices.Sort(names)
	var out []*result
	for _, name := range names {
		if ok, _ := path.Match(only, name); only != "" && !ok {
			continue
		}
		i := slices.IndexFunc(cases, func(c testCase) bool { ok, _ := path.Match(c.File, name); return ok })
		if i < 0 {
			continue // malformed captures have tests of their own
		}
		out = append(out, runCase(ctx, folder, name, cases[i]))
	}
	return out, nil
}

func runCase(ctx context.Context, folder, name string, c testCase) *result {
	r := &result{testCase: c, name: name}
	report, err := app.Analyze(ctx, app.AnalyzeOptions{Paths: []string{filepath.Join(folder, filepath.FromSlash(name))}, Workers: 1})
	if err != nil {
		r.err = err
		return r
	}
	r.findings = report.Findings
	r.hours = math.Min(float64(report.Last-report.First)/3600e9, 24*14)
	switch c.Kind {
	case "attack":
		for _, group := range c.Expect {
			if !slices.ContainsFunc(r.findings, func(f *finding.Finding) bool { return slices.Contains(group, f.Check) }) {
				r.missed = append(r.missed, group)
			}
		}
	case "quiet":
		for _, f := range r.findings {
			if alarming(f) {
				r.alarms = append(r.alarms, f)
			}
		}
	}
	return r
}

// alarming reports whether a finding would disturb somebody.
func alarming(f *finding.Finding) bool {
	return f.Kind == finding.Detection && f.Severity > ident.Info
}

func (r *result) print(out io.Writer) {
	verdict := "ok"
	switch {
	case r.err != nil:
		verdict = "ERROR " + r.err.Error()
	case len(r.missed) > 0:
		verdict = "MISSED"
		for _, g := range r.missed {
			verdict += " " + strings.Join(g, "|")
		}
	case len(r.alarms) > 0:
		verdict = "FALSE ALARM"
	case r.Kind == "observe":
		verdict = "observed"
	}
	fmt.Fprintf(out, "%-8s %-9s %s: %s\n", r.Kind, r.Origin, r.name, verdict)
	for _, f := range r.findings {
		if alarming(f) || r.failed() {
			fmt.Fprintf(out, "    %-8s %-28s %-18s n=%-6d %s\n", f.Severity, f.Check, f.Address, f.Count, firstSentence(f.Explanation))
		}
	}
}

func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i > 0 && i < 200 {
		return text[:i+1]
	}
	return text[:min(len(text), 200)]
}
