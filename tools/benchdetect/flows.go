package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/app"
	"edgeward/internal/finding"
)

// flowResult is how the records of one file were judged.
type flowResult struct {
	name   string
	labels []labelShare
	checks []string
}

type labelShare struct {
	label string
	share share
}

// labelledFlow is a connection record with what its makers say of it.
type labelledFlow struct {
	src, dst string
	start    int64
	label    string
}

// runFlows judges every labelled file of connection records.
func runFlows(ctx context.Context, folder string) ([]flowResult, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var out []flowResult
	for _, f := range files {
		flows, err := readFlows(f)
		if err != nil {
			return nil, fmt.Errorf("read flow records %s: %w", f, err)
		}
		if len(flows) == 0 {
			continue
		}
		r, err := judgeFlows(ctx, f, flows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// judgeFlows analyses the file as a user would and looks for each record in
// what was found.
func judgeFlows(ctx context.Context, file string, flows []labelledFlow) (flowResult, error) {
	report, err := app.Analyze(ctx, app.AnalyzeOptions{Paths: []string{file}, Workers: 1})
	if err != nil {
		return flowResult{}, err
	}
	found := report.Findings
	shares := map[string]share{}
	for i := range flows {
		v := shares[flows[i].label]
		v.all++
		if told(&flows[i], found) {
			v.hit++
		}
		shares[flows[i].label] = v
	}
	r := flowResult{name: filepath.Base(file)}
	for l, v := range shares {
		r.labels = append(r.labels, labelShare{l, v})
	}
	slices.SortFunc(r.labels, func(a, b labelShare) int { return cmp.Compare(a.label, b.label) })
	seen := map[string]int{}
	for _, f := range found {
		if alarming(f) {
			seen[f.Check]++
		}
	}
	for c, n := range seen {
		r.checks = append(r.checks, fmt.Sprintf("%s (%d)", c, n))
	}
	slices.Sort(r.checks)
	return r, nil
}

// told reports whether a finding tells of a record.
func told(f *labelledFlow, found []*finding.Finding) bool {
	const slack = 60e9
	for _, d := range found {
		if !alarming(d) || f.start < d.FirstSeen-slack || f.start > d.LastSeen+slack {
			continue
		}
		var other string
		switch d.Address {
		case f.src:
			other = f.dst
		case f.dst:
			other = f.src
		default:
			continue
		}
		if slices.Contains(d.Peers, other) || d.PeerCount > len(d.Peers) {
			return true
		}
	}
	return false
}

// readFlows reads connection records as Zeek writes them: tab-separated, JSON
// lines or comma-separated with a header.
func readFlows(name string) ([]labelledFlow, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 1<<20)
	head, _ := r.Peek(1)
	switch {
	case len(head) == 0:
		return nil, nil
	case head[0] == '#':
		return readTSV(r)
	case head[0] == '{':
		return readJSON(r)
	}
	return readCSV(r)
}

func readCSV(r io.Reader) ([]labelledFlow, error) {
	c := csv.NewReader(r)
	names, err := c.Read()
	if err != nil {
		return nil, err
	}
	var out []labelledFlow
	for {
		row, err := c.Read()
		if err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if f, ok := record(func(key string) string { return field(names, row, key) }); ok {
			out = append(out, f)
		}
	}
}

func field(names, row []string, key string) string {
	if i := slices.Index(names, key); i >= 0 && i < len(row) && row[i] != "-" && row[i] != "(empty)" {
		return row[i]
	}
	return ""
}

func readTSV(r io.Reader) ([]labelledFlow, error) {
	var names []string
	var out []labelledFlow
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		line := sc.Text()
		if rest, ok := strings.CutPrefix(line, "#fields\t"); ok {
			names = strings.Split(rest, "\t")
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		if f, ok := record(func(key string) string { return field(names, row, key) }); ok {
			out = append(out, f)
		}
	}
	return out, sc.Err()
}

func readJSON(r io.Reader) ([]labelledFlow, error) {
	var out []labelledFlow
	for d := json.NewDecoder(r); ; {
		var row map[string]any
		if err := d.Decode(&row); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		f, ok := record(func(key string) string {
			switch v := row[key].(type) {
			case string:
				return v
			case float64:
				return strconv.FormatFloat(v, 'f', -1, 64)
			}
			return ""
		})
		if ok {
			out = append(out, f)
		}
	}
}

// record takes what is needed of one row.
func record(get func(string) string) (labelledFlow, bool) {
	src, err1 := netip.ParseAddr(get("id.orig_h"))
	dst, err2 := netip.ParseAddr(get("id.resp_h"))
	ts, err3 := strconv.ParseFloat(get("ts"), 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return labelledFlow{}, false
	}
	f := labelledFlow{src: src.String(), dst: dst.String(), start: int64(math.Round(ts*1e6)) * 1000}
	f.label = strings.TrimSpace(get("label") + " " + get("detailed-label") + get("detailedlabel"))
	if f.label == "" {
		f.label = "(no label)"
	}
	return f, true
}
