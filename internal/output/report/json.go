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

type deviceJSON struct {
	ID         string             `json:"id"`
	MAC        string             `json:"mac"`
	MACs       []string           `json:"macs"`
	IPs        []string           `json:"ips"`
	Names      []string           `json:"names"`
	Vendor     string             `json:"vendor"`
	Model      string             `json:"model"`
	Type       string             `json:"type"`
	OS         string             `json:"os"`
	Firmware   string             `json:"firmware"`
	Serial     string             `json:"serial,omitempty"`
	Confidence map[string]float64 `json:"confidence"`
	Zone       string             `json:"zone,omitempty"`
	Scope      uint16             `json:"scope"`
	Roles      []string           `json:"roles"`
	Services   []serviceJSON      `json:"services"`
	Uses       []serviceJSON      `json:"uses"`
	Peers      []peerJSON         `json:"peers"`
	PeerCount  int                `json:"peer_count"`
	FirstSeen  string             `json:"first_seen"`
	LastSeen   string             `json:"last_seen"`
	Packets    uint64             `json:"packets"`
	Bytes      uint64             `json:"bytes"`
	Randomised bool               `json:"randomised_mac,omitempty"`
	MUD        string             `json:"mud_url,omitempty"`
	Evidence   []beliefJSON       `json:"evidence"`
}

type serviceJSON struct {
	Transport string `json:"transport"`
	Port      uint16 `json:"port"`
	Protocol  string `json:"protocol,omitempty"`
	Flows     uint64 `json:"flows"`
	Clients   int    `json:"clients,omitempty"`
	FirstSeen string `json:"first_seen"`
	LastSeen  string `json:"last_seen"`
}

type peerJSON struct {
	IP        string   `json:"ip"`
	Name      string   `json:"name,omitempty"`
	Home      bool     `json:"home"`
	Protocols []string `json:"protocols"`
	Flows     uint64   `json:"flows"`
	BytesOut  uint64   `json:"bytes_out"`
	BytesIn   uint64   `json:"bytes_in"`
}

type beliefJSON struct {
	Belief     string  `json:"belief"`
	Confidence float64 `json:"confidence"`
	Source     string  `json:"source"`
	Seen       string  `json:"seen"`
	Packet     uint64  `json:"packet,omitempty"`
}

type findingJSON struct {
	ID          string         `json:"id"`
	Check       string         `json:"check"`
	Kind        string         `json:"kind"`
	Severity    string         `json:"severity"`
	Confidence  float64        `json:"confidence"`
	Status      string         `json:"status"`
	Title       string         `json:"title"`
	Explanation string         `json:"explanation"`
	Device      *string        `json:"device"`
	Address     string         `json:"address"`
	Scope       uint16         `json:"scope"`
	Peers       []string       `json:"peers"`
	PeerCount   int            `json:"peer_count"`
	Count       uint64         `json:"count"`
	FirstSeen   string         `json:"first_seen"`
	LastSeen    string         `json:"last_seen"`
	Attack      []string       `json:"attack"`
	Evidence    []evidenceJSON `json:"evidence"`
	Incident    *string        `json:"incident"`
	Members     []string       `json:"members,omitempty"`
	Remedy      string         `json:"remedy"`
}

type evidenceJSON struct {
	Type    string `json:"type"`
	Time    string `json:"time"`
	Capture uint32 `json:"capture"`
	Packet  uint64 `json:"packet,omitempty"`
	Summary string `json:"summary"`
	Bytes   string `json:"bytes,omitempty"` // hexadecimal
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
	d.list("devices", len(r.Devices), func(i int) any { return deviceOf(r.Devices[i]) })
	d.list("findings", len(r.Findings), func(i int) any { return r.findingOf(r.Findings[i]) })
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

func (d *documentWriter) list(n string, count int, item func(int) any) {
	d.name(n)
	d.w.WriteByte('[')
	for i := range count {
		if i > 0 {
			d.w.WriteByte(',')
		}
		d.w.WriteString("\n    ")
		d.value(item(i), "    ")
	}
	if count > 0 {
		d.w.WriteString("\n  ")
	}
	d.w.WriteByte(']')
}

func (l Loss) json() lossJSON {
	return lossJSON{
		Truncated: l.Truncated, KernelDrops: l.KernelDrops, Duplicates: l.Duplicates, Undecoded: l.Undecoded, Snapped: l.Snapped,
		BadRecords: l.BadRecords, BadTimes: l.BadTimes, BadLines: l.BadLines, Fragments: l.Fragments, Evicted: l.Evicted, Hosts: l.Hosts, OneSided: l.OneSided,
		Midstream: l.Midstream, Gaps: l.Gaps, GapBytes: l.GapBytes, NoMemory: l.NoMemory, ParserErrors: l.ParserErrors,
		GaveUp: l.GaveUp, Suppressed: l.Suppressed, Findings: l.FindingsLimit,
	}
}

func deviceOf(d *asset.Device) deviceJSON {
	j := deviceJSON{
		ID: d.ID, MACs: []string{}, IPs: []string{}, Names: orEmpty(d.Names),
		Vendor: known(d.Vendor), Model: known(d.Model), Type: known(d.Type), OS: known(d.OS), Firmware: known(d.Firmware), Serial: d.Serial.Value,
		Confidence: map[string]float64{}, Zone: d.Zone, Scope: d.Place.Scope, Roles: orEmpty(d.Roles),
		Services: services(d.Services), Uses: services(d.Uses), Peers: []peerJSON{}, PeerCount: d.PeerCount,
		FirstSeen: ident.Time(d.FirstSeen), LastSeen: ident.Time(d.LastSeen), Packets: d.Packets, Bytes: d.Bytes,
		Randomised: d.Randomised, MUD: d.MUD, Evidence: []beliefJSON{},
	}
	for _, m := range d.MACs {
		j.MACs = append(j.MACs, m.String())
	}
	if len(j.MACs) > 0 {
		j.MAC = j.MACs[0]
	}
	for _, a := range d.Addresses {
		j.IPs = append(j.IPs, a.String())
	}
	for name, b := range map[string]asset.Belief{"vendor": d.Vendor, "model": d.Model, "type": d.Type, "os": d.OS, "firmware": d.Firmware} {
		if b.Known() {
			j.Confidence[name] = round(b.Confidence)
		}
	}
	for _, p := range d.Peers {
		j.Peers = append(j.Peers, peerJSON{p.Address.String(), p.Name, p.Home, orEmpty(p.Protocols), p.Flows, p.BytesOut, p.BytesIn})
	}
	for _, b := range d.Evidence {
		j.Evidence = append(j.Evidence, beliefJSON{b.Value, round(b.Confidence), b.Source, b.Evidence, b.Packet})
	}
	return j
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

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func services(list []asset.Service) []serviceJSON {
	out := []serviceJSON{}
	for _, s := range list {
		out = append(out, serviceJSON{s.Transport, s.Port, s.Protocol, s.Flows, s.Clients, ident.Time(s.First), ident.Time(s.Last)})
	}
	return out
}

func (r *Report) findingOf(f *finding.Finding) findingJSON {
	j := findingJSON{
		ID: f.ID, Check: f.Check, Kind: string(f.Kind), Severity: f.Severity.String(), Confidence: round(f.Confidence), Status: string(f.Status),
		Title: f.Title, Explanation: f.Explanation, Address: f.Address, Scope: f.Place.Scope, Peers: orEmpty(f.Peers), PeerCount: f.PeerCount, Count: f.Count,
		FirstSeen: ident.Time(f.FirstSeen), LastSeen: ident.Time(f.LastSeen), Attack: orEmpty(f.Attack), Evidence: []evidenceJSON{}, Members: f.Members, Remedy: f.Remedy,
	}
	if f.Device != "" {
		j.Device = &f.Device
	}
	if f.Incident != "" {
		j.Incident = &f.Incident
	}
	for _, e := range f.Evidence {
		j.Evidence = append(j.Evidence, evidenceJSON{r.evidenceType(e), ident.Time(e.Time), e.Capture, e.Packet, e.Summary, hex.EncodeToString(e.Bytes)})
	}
	return j
}
