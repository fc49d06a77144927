package report

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

type summary struct {
	Captures  []captureJSON  `json:"captures"`
	Skipped   int            `json:"skipped_files"`
	Packets   uint64         `json:"packets"`
	Lines     uint64         `json:"lines"`
	Bytes     uint64         `json:"bytes"`
	Flows     uint64         `json:"flows"`
	Facts     uint64         `json:"facts"`
	Devices   int            `json:"devices"`
	Findings  map[string]int `json:"findings"`
	FirstSeen string         `json:"first_seen,omitempty"`
	LastSeen  string         `json:"last_seen,omitempty"`
	Duration  float64        `json:"duration"` // seconds
}

type captureJSON struct {
	Name     string `json:"name"`
	Format   string `json:"format"`
	Lines    uint64 `json:"lines,omitempty"`
	Skipped  uint64 `json:"skipped_lines,omitempty"`
	Bad      uint64 `json:"bad_lines,omitempty"`
	FirstBad string `json:"first_bad_line,omitempty"`
	Packets  uint64 `json:"packets"`
	Bytes    uint64 `json:"bytes"`
	Error    string `json:"error,omitempty"`
	CutAt    *int64 `json:"cut_at,omitempty"`
}

type protocolJSON struct {
	Flows    uint64 `json:"flows"`
	Messages uint64 `json:"messages"`
	ToServer uint64 `json:"to_server"`
	ToClient uint64 `json:"to_client"`
	Bytes    uint64 `json:"bytes"`
	Errors   uint64 `json:"errors"`
}

type lossJSON struct {
	Truncated    bool   `json:"truncated"`
	KernelDrops  uint64 `json:"kernel_drops"`
	Duplicates   uint64 `json:"duplicates"`
	Undecoded    uint64 `json:"undecoded"`
	Snapped      uint64 `json:"snapped"`
	BadRecords   uint64 `json:"bad_records"`
	BadTimes     uint64 `json:"bad_times"`
	BadLines     uint64 `json:"bad_lines"`
	Fragments    uint64 `json:"fragments_lost"`
	Evicted      uint64 `json:"flows_evicted"`
	Hosts        uint64 `json:"hosts_forgotten"`
	OneSided     uint64 `json:"one_sided"`
	Midstream    uint64 `json:"midstream"`
	Gaps         uint64 `json:"gaps"`
	GapBytes     uint64 `json:"gap_bytes"`
	NoMemory     uint64 `json:"streams_without_memory"`
	ParserErrors uint64 `json:"parser_errors"`
	GaveUp       uint64 `json:"parsers_given_up"`
	Suppressed   uint64 `json:"flows_aggregated"`
	Findings     uint64 `json:"findings_over_limit"`
}

// JSON writes the report as one document. Times are RFC 3339 UTC with
// microseconds, MAC addresses lower-case with colons. Devices and findings are
// written one by one, so that the document is never in memory as a whole.
func (r *Report) JSON(w io.Writer) error {
	d := &documentWriter{w: bufio.NewWriterSize(w, 64<<10)}
	d.field("edgeward", r.Version)
	d.field("summary", r.summary())
	d.list("devices", len(r.Devices), func(e *encoder, i int) { e.device(r.Devices[i]) })
	d.list("findings", len(r.Findings), func(e *encoder, i int) { r.finding(e, r.Findings[i]) })
	protocols := map[string]protocolJSON{}
	for _, p := range r.Protocols {
		protocols[p.Name] = protocolJSON{p.Flows, p.Messages, p.ToServer, p.ToClient, p.Bytes, p.Errors}
	}
	d.field("protocols", protocols)
	d.field("loss", r.Loss.json())
	d.w.WriteString("\n}\n")
	if d.err != nil {
		return d.err
	}
	return d.w.Flush()
}

func (r *Report) summary() summary {
	s := summary{
		Captures: []captureJSON{}, Skipped: r.Skipped, Packets: r.Packets, Lines: r.Lines, Bytes: r.Bytes, Flows: r.Flows, Facts: r.Facts,
		Devices: len(r.Devices), Findings: map[string]int{}, Duration: r.Duration().Seconds(),
	}
	if r.Packets+r.Lines > 0 {
		s.FirstSeen, s.LastSeen = ident.Time(r.First), ident.Time(r.Last)
	}
	for _, c := range r.Captures {
		j := captureJSON{Name: c.Name, Format: c.Format, Lines: c.Lines, Skipped: c.Skipped, Bad: c.Bad, FirstBad: c.FirstBad, Packets: c.Packets, Bytes: c.Bytes, Error: c.Error}
		if c.Cut {
			j.CutAt = &c.CutAt
		}
		s.Captures = append(s.Captures, j)
	}
	for v := ident.Info; v <= ident.Critical; v++ {
		s.Findings[v.String()] = 0
	}
	for _, f := range r.Findings {
		s.Findings[f.Severity.String()]++
	}
	return s
}

// documentWriter writes one JSON object member by member.
type documentWriter struct {
	w     *bufio.Writer
	began bool
	err   error
}

func (d *documentWriter) name(n string) {
	if d.began {
		d.w.WriteString(",\n")
	} else {
		d.w.WriteString("{\n")
	}
	d.began = true
	fmt.Fprintf(d.w, "  %q: ", n)
}

func (d *documentWriter) value(v any, prefix string) {
	b, err := json.MarshalIndent(v, prefix, "  ")
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("write the JSON report: %w", err)
	}
	_, _ = d.w.Write(b) // the buffer keeps the error for Flush
}

func (d *documentWriter) field(n string, v any) {
	d.name(n)
	d.value(v, "  ")
}

func (d *documentWriter) list(n string, count int, item func(*encoder, int)) {
	d.name(n)
	e := encoder{depth: 1}
	e.open('[')
	for i := range count {
		e.next()
		item(&e, i)
		_, _ = d.w.Write(e.b) // the buffer keeps the error for Flush
		e.b = e.b[:0]
	}
	e.close(']')
	_, _ = d.w.Write(e.b)
}

func (l Loss) json() lossJSON {
	return lossJSON{
		Truncated: l.Truncated, KernelDrops: l.KernelDrops, Duplicates: l.Duplicates, Undecoded: l.Undecoded, Snapped: l.Snapped,
		BadRecords: l.BadRecords, BadTimes: l.BadTimes, BadLines: l.BadLines, Fragments: l.Fragments, Evicted: l.Evicted, Hosts: l.Hosts, OneSided: l.OneSided,
		Midstream: l.Midstream, Gaps: l.Gaps, GapBytes: l.GapBytes, NoMemory: l.NoMemory, ParserErrors: l.ParserErrors,
		GaveUp: l.GaveUp, Suppressed: l.Suppressed, Findings: l.FindingsLimit,
	}
}

// device writes a device.
func (e *encoder) device(d *asset.Device) {
	e.open('{')
	e.str("id", d.ID)
	var mac string
	if len(d.MACs) > 0 {
		mac = d.MACs[0].String()
	}
	e.str("mac", mac)
	e.key("macs")
	e.open('[')
	for _, m := range d.MACs {
		e.next()
		e.text(m.String())
	}
	e.close(']')
	e.key("ips")
	e.open('[')
	for _, a := range d.Addresses {
		e.next()
		e.text(a.String())
	}
	e.close(']')
	e.texts("names", d.Names)
	e.str("vendor", known(d.Vendor))
	e.str("model", known(d.Model))
	e.str("type", known(d.Type))
	e.str("os", known(d.OS))
	e.str("firmware", known(d.Firmware))
	e.some("serial", d.Serial.Value)
	e.key("confidence")
	e.open('{')
	for _, b := range [...]struct {
		name string
		asset.Belief
	}{{"firmware", d.Firmware}, {"model", d.Model}, {"os", d.OS}, {"type", d.Type}, {"vendor", d.Vendor}} {
		if b.Known() {
			e.share(b.name, b.Confidence)
		}
	}
	e.close('}')
	e.some("zone", d.Zone)
	e.uint("scope", uint64(d.Place.Scope))
	e.texts("roles", d.Roles)
	e.services("services", d.Services)
	e.services("uses", d.Uses)
	e.key("peers")
	e.open('[')
	for i := range d.Peers {
		e.next()
		e.peer(&d.Peers[i])
	}
	e.close(']')
	e.uint("peer_count", uint64(d.PeerCount))
	e.time("first_seen", d.FirstSeen)
	e.time("last_seen", d.LastSeen)
	e.uint("packets", d.Packets)
	e.uint("bytes", d.Bytes)
	if d.Randomised {
		e.truth("randomised_mac", true)
	}
	e.some("mud_url", d.MUD)
	e.key("evidence")
	e.open('[')
	for i := range d.Evidence {
		b := &d.Evidence[i]
		e.next()
		e.open('{')
		e.str("belief", b.Value)
		e.share("confidence", b.Confidence)
		e.str("source", b.Source)
		e.str("seen", b.Evidence)
		e.counted("packet", b.Packet)
		e.close('}')
	}
	e.close(']')
	e.close('}')
}

func (e *encoder) services(k string, list []asset.Service) {
	e.key(k)
	e.open('[')
	for i := range list {
		s := &list[i]
		e.next()
		e.open('{')
		e.str("transport", s.Transport)
		e.uint("port", uint64(s.Port))
		e.some("protocol", s.Protocol)
		e.uint("flows", s.Flows)
		e.counted("clients", uint64(s.Clients))
		e.time("first_seen", s.First)
		e.time("last_seen", s.Last)
		e.close('}')
	}
	e.close(']')
}

func (e *encoder) peer(p *asset.Peer) {
	e.open('{')
	e.str("ip", p.Address.String())
	e.some("name", p.Name)
	e.truth("home", p.Home)
	e.texts("protocols", p.Protocols)
	e.uint("flows", p.Flows)
	e.uint("bytes_out", p.BytesOut)
	e.uint("bytes_in", p.BytesIn)
	e.close('}')
}

// finding writes a finding.
func (r *Report) finding(e *encoder, f *finding.Finding) {
	e.open('{')
	e.str("id", f.ID)
	e.str("check", f.Check)
	e.str("kind", string(f.Kind))
	e.str("severity", f.Severity.String())
	e.share("confidence", f.Confidence)
	e.str("status", string(f.Status))
	e.str("title", f.Title)
	e.str("explanation", f.Explanation)
	e.maybe("device", f.Device)
	e.str("address", f.Address)
	e.uint("scope", uint64(f.Place.Scope))
	e.texts("peers", f.Peers)
	e.uint("peer_count", uint64(f.PeerCount))
	e.uint("count", f.Count)
	e.time("first_seen", f.FirstSeen)
	e.time("last_seen", f.LastSeen)
	e.texts("attack", f.Attack)
	e.key("evidence")
	e.open('[')
	for i := range f.Evidence {
		e.next()
		r.evidence(e, &f.Evidence[i])
	}
	e.close(']')
	e.maybe("incident", f.Incident)
	if len(f.Members) > 0 {
		e.texts("members", f.Members)
	}
	e.str("remedy", f.Remedy)
	e.close('}')
}

func (r *Report) evidence(e *encoder, v *finding.Evidence) {
	e.open('{')
	e.str("type", r.evidenceType(*v))
	e.time("time", v.Time)
	e.uint("capture", uint64(v.Capture))
	e.counted("packet", v.Packet)
	e.str("summary", v.Summary)
	if len(v.Bytes) > 0 {
		e.key("bytes") // hexadecimal
		e.b = append(e.b, '"')
		e.b = hex.AppendEncode(e.b, v.Bytes)
		e.b = append(e.b, '"')
	}
	e.close('}')
}

// Unknown stands where nothing is believed.
const Unknown = "unknown"

func known(b asset.Belief) string {
	if !b.Known() {
		return Unknown
	}
	return b.Value
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
