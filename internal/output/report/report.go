// Package report shows the outcome of an analysis: as a text for people, as
// one self-contained HTML page, and as one JSON document. The shape of the
// document is a contract; fields are added, never renamed.
//
// It computes nothing: package app fills a Report in.
package report

import (
	"fmt"
	"strings"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Report is the outcome of an analysis.
type Report struct {
	Version   string // of the program
	Captures  []Capture
	Skipped   int // files in folders that are no captures
	Packets   uint64
	Lines     uint64 // of logs
	Bytes     uint64
	First     int64 // packet times
	Last      int64
	Flows     uint64
	Facts     uint64
	Devices   []*asset.Device
	Findings  []*finding.Finding
	Protocols []Protocol
	Loss      Loss

	// DeviceCount and FindingCount stand for the lists in a report of counters
	// only.
	DeviceCount, FindingCount int
}

// Capture is one input: a capture, or a log that another tool made.
type Capture struct {
	Name     string
	Format   string // capture, or the name of the log's format; empty when it was not recognised
	Packets  uint64
	Lines    uint64 // of a log
	Skipped  uint64 // lines of a kind that tells nothing about the network
	Bad      uint64 // lines that could not be understood
	FirstBad string // which line was the first of them, and why
	Bytes    uint64
	Error    string // why it could not be read, or not to its end
	Cut      bool   // it ends in the middle of a record
	CutAt    int64  // where
}

// problem says what is wrong with the capture without naming it once more.
func (c Capture) problem() string {
	if c.Error == "" && c.Bad > 0 {
		return plural(c.Bad, "line") + " could not be understood, first " + c.FirstBad
	}
	return strings.TrimPrefix(c.Error, fmt.Sprintf("read capture %q: ", c.Name))
}

// Protocol counts one application protocol.
type Protocol struct {
	Name     string
	Flows    uint64
	Messages uint64
	ToServer uint64
	ToClient uint64
	Bytes    uint64
	Errors   uint64
}

// Loss says what could not be seen.
type Loss struct {
	Truncated     bool
	KernelDrops   uint64
	Duplicates    uint64 // copies made by a mirror port, left out
	Undecoded     uint64
	Snapped       uint64 // packets cut by the snapshot length
	BadRecords    uint64
	BadTimes      uint64
	BadLines      uint64 // of logs
	Fragments     uint64 // fragments of datagrams that never became whole
	Evicted       uint64 // flows ended early for lack of memory
	Hosts         uint64 // hosts forgotten for lack of memory
	OneSided      uint64
	Midstream     uint64
	Gaps          uint64
	GapBytes      uint64
	NoMemory      uint64
	ParserErrors  uint64
	GaveUp        uint64
	Suppressed    uint64
	FindingsLimit uint64
}

// Count sums up findings at or above a severity by kind.
func (r *Report) Count(s ident.Severity, k finding.Kind) (n int) {
	for _, f := range r.Findings {
		if f.Severity >= s && (k == "" || f.Kind == k) {
			n++
		}
	}
	return n
}

// Duration gives the packet time between the first and the last packet.
func (r *Report) Duration() time.Duration {
	if r.Last < r.First {
		return 0
	}
	return time.Duration(r.Last - r.First)
}
