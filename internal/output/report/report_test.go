package report

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// hostile is what a device may call itself.
const hostile = "cam\x1b[2J\n<script>alert(1)</script>\u202eexe\x00\xff"

// sample is a report with what is awkward: hostile names, no device, an
// incident, a member of it, and a device of which nothing is known.
func sample() *Report {
	mac := ident.MAC{0xc0, 0x56, 0xe3, 1, 2, 3}
	t := int64(1772366400e9)
	return &Report{
		Version: "1.2.3", Packets: 1234567, Bytes: 3 << 20, First: t, Last: t + 90e9, Flows: 1, Facts: 7,
		Captures: []Capture{{Name: "a" + hostile, Packets: 1234567}, {Name: "b.pcap", Error: `read capture "b.pcap": not a capture file`}},
		Devices: []*asset.Device{
			{ID: "d1", MACs: []ident.MAC{mac}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")}, Names: []string{hostile},
				Vendor:   asset.Belief{Value: "Maker" + hostile, Confidence: 0.666, Source: "oui", Evidence: hostile},
				Services: []asset.Service{{Transport: "tcp", Port: 80, Protocol: "http", First: t, Last: t}},
				Peers:    []asset.Peer{{Address: netip.MustParseAddr("192.0.2.9"), Name: hostile}}, PeerCount: 3, FirstSeen: t, LastSeen: t + 1e9},
			{ID: "d2"},
		},
		Findings: []*finding.Finding{
			{ID: "f1", Check: "infection.device-compromised", Kind: finding.Detection, Severity: ident.Critical, Confidence: 0.95, Status: finding.Open,
				Title: "Device compromised", Explanation: "What happened: " + hostile, Device: "d1", Address: "192.0.2.7", Count: 2,
				FirstSeen: t, LastSeen: t + 1e9, Members: []string{"f2", "f9"}, Attack: []string{"T1110.001"}},
			{ID: "f2", Check: "credential.guessed", Kind: finding.Detection, Severity: ident.High, Status: finding.Open, Title: "Password guessed",
				Device: "d1", Address: "192.0.2.7", Peers: []string{hostile}, PeerCount: 20, Count: 1, Incident: "f1", FirstSeen: t, LastSeen: t,
				Evidence: []finding.Evidence{{Type: finding.Packet, Time: t, Packet: 5, Summary: hostile, Bytes: []byte(hostile)}}},
			{ID: "f3", Check: "behaviour.new-device", Kind: finding.Detection, Severity: ident.Info, Status: finding.Open, Title: "New network", FirstSeen: t, LastSeen: t},
		},
		Protocols: []Protocol{{Name: "http", Flows: 1, Messages: 2, Bytes: 99}},
		Loss:      Loss{Truncated: true, Duplicates: 4},
	}
}

// TestTextIsSafe wants what came from the network to stay text: no control
// characters, no lines of its own, no turned writing.
func TestTextIsSafe(t *testing.T) {
	for _, color := range []bool{false, true} {
		var b bytes.Buffer
		if err := sample().Text(&b, TextOptions{Color: color, Width: 80}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if color {
			if !strings.Contains(text, "\x1b[1mDevice compromised\x1b[0m") {
				t.Errorf("the title is not bold in\n%q", text)
			}
			text = regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(text, "")
		}
		for _, r := range text {
			if r < 0x20 && r != '\n' || r == 0x7f || r == '\u202e' || r == utf8.RuneError {
				t.Errorf("character %U in the text", r)
			}
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "<script>") {
				t.Errorf("a line of its own: %q", line)
			}
		}
		for _, want := range []string{"1,234,567 packets", "2 devices, 1 flow", "1 critical", "b.pcap (not a capture file)", "sure to 95 %", "nothing is known of what it is", "left out: 4", "behaviour.new-device"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
}

// TestTextWidth wants prose to stay within the width, colours or not.
func TestTextWidth(t *testing.T) {
	r := sample()
	r.Findings[0].Explanation = strings.Repeat("word ", 200)
	var plain, coloured bytes.Buffer
	if err := r.Text(&plain, TextOptions{Width: 60}); err != nil {
		t.Fatal(err)
	}
	if err := r.Text(&coloured, TextOptions{Width: 60, Color: true}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(plain.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); strings.Contains(line, "word") && n > 60 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if got := regexp.MustCompile(`\x1b\[[0-9;]+m`).ReplaceAllString(coloured.String(), ""); got != plain.String() {
		t.Errorf("colours change the text:\n%s\nand\n%s", got, plain.String())
	}
}

// TestJSON wants the names that the documentation promises.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := sample().JSON(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Summary   map[string]any
		Devices   []map[string]any
		Findings  []map[string]any
		Protocols map[string]map[string]any
		Loss      map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	wantKeys := func(what string, m map[string]any, keys string) {
		t.Helper()
		for k := range strings.FieldsSeq(keys) {
			if _, ok := m[k]; !ok {
				t.Errorf("%s has no %s", what, k)
			}
		}
	}
	for _, d := range doc.Devices {
		wantKeys("a device", d, "mac macs ips names vendor model type os firmware confidence services peers first_seen last_seen evidence")
	}
	for _, f := range doc.Findings {
		wantKeys("a finding", f, "id check kind severity confidence status title explanation device scope peers count first_seen last_seen attack evidence incident remedy")
	}
	wantKeys("loss", doc.Loss, "truncated kernel_drops duplicates flows_evicted one_sided parser_errors")
	for got, want := range map[any]any{
		doc.Devices[0]["mac"]: "c0:56:e3:01:02:03", doc.Devices[0]["first_seen"]: "2026-03-01T12:00:00.000000Z", doc.Devices[1]["type"]: Unknown,
		doc.Findings[0]["device"]: "d1", doc.Findings[1]["incident"]: "f1", doc.Loss["truncated"]: true, doc.Protocols["http"]["messages"]: 2.0,
	} {
		if got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if doc.Findings[2]["device"] != nil || doc.Findings[0]["incident"] != nil {
		t.Error("what is not there is not null")
	}
}

// TestEmptyJSON wants lists where there is nothing, not null.
// TestJSONIsIndented wants the text that encoding/json would write.
func TestJSONIsIndented(t *testing.T) {
	var got, compact, want bytes.Buffer
	if err := sample().JSON(&got); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&compact, got.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&want, compact.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	if g := strings.TrimSpace(got.String()); g != want.String() {
		t.Errorf("got:\n%s\nwant:\n%s", g, want.String())
	}
	for i := range 256 {
		for _, s := range []string{string([]byte{byte(i)}), "a" + string(rune(i)) + "b"} {
			var e encoder
			e.text(s)
			if quoted, _ := json.Marshal(s); string(e.b) != string(quoted) {
				t.Errorf("%q is written as %s, want %s", s, e.b, quoted)
			}
		}
	}
}

func TestEmptyJSON(t *testing.T) {
	var b bytes.Buffer
	if err := new(Report).JSON(&b); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) || strings.Contains(b.String(), "null") {
		t.Errorf("no lists in\n%s", b.String())
	}
}
