package main

import (
	"bufio"
	"cmp"
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

	"edgeward/content"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/judge/detect"
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
	event.Header
	event.Flow
	label string
}

// runFlows judges every labelled file of connection records.
func runFlows(folder string) ([]flowResult, error) {
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
		r, err := judgeFlows(filepath.Base(f), flows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// judgeFlows lets detection see the records as if the flow table had made
// them: each when it ends.
func judgeFlows(name string, flows []labelledFlow) (flowResult, error) {
	checks, err := detect.ParseCatalogue(content.Checks())
	if err != nil {
		return flowResult{}, err
	}
	e := detect.New(detect.Options{Checks: checks})
	order := make([]int, len(flows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(flows[a].End, flows[b].End) })
	var facts []*event.Fact
	for _, i := range order {
		f := &flows[i]
		fact := &event.Fact{Header: f.Header, Body: &f.Flow}
		fact.SrcHost, fact.DstHost = event.HostKeyOf(f.Place, f.SrcMAC, f.Src.As16()), event.HostKeyOf(f.Place, f.DstMAC, f.Dst.As16())
		facts = append(facts, fact)
	}
	e.Observe(facts, nil)
	e.Close()
	found := e.Findings()
	shares := map[string]share{}
	for i := range flows {
		v := shares[flows[i].label]
		v.all++
		if told(&flows[i], found) {
			v.hit++
		}
		shares[flows[i].label] = v
	}
	r := flowResult{name: name}
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
		if !alarming(d) || f.Start < d.FirstSeen-slack || f.Start > d.LastSeen+slack {
			continue
		}
		var other string
		switch d.Address {
		case f.Src.String():
			other = f.Dst.String()
		case f.Dst.String():
			other = f.Src.String()
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

// record makes a flow fact of one row.
func record(get func(string) string) (labelledFlow, bool) {
	var f labelledFlow
	src, err1 := netip.ParseAddr(get("id.orig_h"))
	dst, err2 := netip.ParseAddr(get("id.resp_h"))
	ts, err3 := strconv.ParseFloat(get("ts"), 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return f, false
	}
	number := func(key string) uint64 { n, _ := strconv.ParseUint(get(key), 10, 64); return n }
	seconds, _ := strconv.ParseFloat(get("duration"), 64)
	f.Src, f.Dst, f.SrcPort, f.DstPort = src, dst, uint16(number("id.orig_p")), uint16(number("id.resp_p"))
	f.Start = int64(math.Round(ts*1e6)) * 1000
	f.End = f.Start + int64(seconds*1e9)
	f.Time = f.End
	f.Age = uint32(seconds)
	f.Transport = map[string]uint8{"tcp": 6, "udp": 17, "icmp": 1}[get("proto")]
	f.PktsToServer, f.PktsToClient = max(number("orig_pkts"), 1), number("resp_pkts") // packets with a bad checksum are not counted
	f.BytesToServer, f.BytesToClient = number("orig_ip_bytes"), number("resp_ip_bytes")
	f.DataToServer, f.DataToClient = number("orig_bytes"), number("resp_bytes")
	f.ConnState = get("conn_state")
	f.AppProto = event.ProtoByName(map[string]string{"ssl": "tls", "krb_tcp": "krb5"}[get("service")])
	if f.AppProto == event.ProtoUnknown {
		f.AppProto = event.ProtoByName(get("service"))
	}
	if f.Transport == 1 {
		f.ICMPType, f.ICMPCode, f.SrcPort, f.DstPort = uint8(f.SrcPort), uint8(f.DstPort), 0, 0
	}
	f.TCPFlagsTS, f.TCPFlagsTC = flags(get("history"))
	f.Midstream = f.Transport == 6 && f.TCPFlagsTS&2 == 0
	f.OneSided = f.PktsToServer == 0 || f.PktsToClient == 0
	f.SYNOptions = "unknown" // the records do not tell
	f.label = strings.TrimSpace(get("label") + " " + get("detailed-label") + get("detailedlabel"))
	if f.label == "" {
		f.label = "(no label)"
	}
	return f, true
}

// flags makes TCP flags of Zeek's history: capitals are the originator's.
func flags(history string) (ts, tc uint8) {
	for i := 0; i < len(history); i++ {
		c := history[i]
		var f uint8
		switch c | 0x20 {
		case 's':
			f = 0x02
		case 'h':
			f = 0x12
		case 'a', 'd':
			f = 0x10
		case 'f':
			f = 0x11
		case 'r':
			f = 0x04
		}
		if c >= 'A' && c <= 'Z' {
			ts |= f
		} else {
			tc |= f
		}
	}
	return ts, tc
}
