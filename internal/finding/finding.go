// Package finding holds the judgements: a claim about a device or host with
// its evidence, severity, confidence, a stable check id, a remedy and a status.
// It holds types and their identity only; package judge/detect makes them,
// outputs show them. It imports package ident only.
package finding

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"time"

	"edgeward/internal/ident"
)

// Kind says what sort of claim a finding is.
type Kind string

// The kinds of claims.
const (
	Exposure      Kind = "exposure"      // something is open that need not be
	Detection     Kind = "detection"     // something bad happened
	Vulnerability Kind = "vulnerability" // an advisory applies
	Compliance    Kind = "compliance"    // a provision is not met
)

// Status is where a finding stands.
type Status string

// The states of a finding.
const (
	Open         Status = "open"
	Acknowledged Status = "acknowledged"
	Resolved     Status = "resolved"
	NotTested    Status = "not-tested"
)

// Check is an entry of the catalogue: what is common to all findings with its
// id. Ids are stable: a user's mutes and scripts refer to them.
type Check struct {
	ID          string         `yaml:"id"`
	Kind        Kind           `yaml:"kind"`
	Severity    ident.Severity `yaml:"severity"`
	Confidence  float64        `yaml:"confidence"` // 0..1, what a finding has unless its detector says otherwise
	Title       string         `yaml:"title"`
	Explanation string         `yaml:"explanation"` // what it means, in plain words; the detector adds what it saw
	Remedy      string         `yaml:"remedy"`
	Attack      []string       `yaml:"attack"` // MITRE ATT&CK technique ids, Enterprise or ICS
	Quiet       time.Duration  `yaml:"quiet"`  // an episode ends after this time without the cause
	Group       string         `yaml:"group"`  // in words: what makes two findings of one host the same
}

// EvidenceType says what a piece of evidence refers to.
type EvidenceType string

// The types of evidence.
const (
	Packet EvidenceType = "packet"
	Fact   EvidenceType = "fact"
	File   EvidenceType = "file"
	Probe  EvidenceType = "probe"
)

// MaxEvidence and MaxEvidenceBytes bound what a finding keeps.
const (
	MaxEvidence      = 8
	MaxEvidenceBytes = 512
)

// Evidence is one thing a finding rests on.
type Evidence struct {
	Type    EvidenceType `cbor:"1"`
	Time    int64        `cbor:"2"` // packet time
	Capture uint32       `cbor:"3"` // index of the capture
	Packet  uint64       `cbor:"4"` // packet number in it; 0 when there is none
	Summary string       `cbor:"5"` // one line: what can be seen there
	Bytes   []byte       `cbor:"6"` // the beginning of the packet, when it was still at hand
	// Headers is how many of Bytes are headers, up to the end of the transport
	// header: what comes behind may be somebody's data. 0 when it is not known.
	Headers int `cbor:"7"`
}

// Finding is one claim. A thousand packets of one attack are one finding.
type Finding struct {
	ID          string         `cbor:"1"` // see ID
	Check       string         `cbor:"2"`
	Kind        Kind           `cbor:"3"`
	Severity    ident.Severity `cbor:"4"`
	Confidence  float64        `cbor:"5"`
	Status      Status         `cbor:"6"`
	Title       string         `cbor:"7"`
	Explanation string         `cbor:"8"`
	Remedy      string         `cbor:"9"`
	Attack      []string       `cbor:"10"`
	Host        ident.HostKey  `cbor:"11"` // whom it is about
	Address     string         `cbor:"12"` // that host's address or MAC as seen
	Device      string         `cbor:"13"` // device id when the host is a device, else empty
	Place       ident.Place    `cbor:"14"`
	Peers       []string       `cbor:"15"` // addresses on the other side, at most MaxPeers
	PeerCount   int            `cbor:"16"` // how many there were
	Count       uint64         `cbor:"17"` // packets, attempts or messages that this stands for
	FirstSeen   int64          `cbor:"18"`
	LastSeen    int64          `cbor:"19"`
	Evidence    []Evidence     `cbor:"20"`
	Incident    string         `cbor:"21"` // id of the incident that it is a member of
	Members     []string       `cbor:"22"` // ids of the findings that this incident is made of
	Episode     int64          `cbor:"23"` // start of the episode
	Claim       uint64         `cbor:"24"` // see Claim; 0 when unknown
}

// MaxPeers bounds the peers that are listed.
const MaxPeers = 32

// ID gives the identity of a finding: the same claim about the same host in
// the same episode has the same id, from whichever sensor it comes.
func ID(place ident.Place, check string, host ident.HostKey, group string, episode int64) string {
	h := fnv.New128a()
	var b [8]byte
	binary.BigEndian.PutUint16(b[:], place.Tenant)
	binary.BigEndian.PutUint16(b[2:], place.Scope)
	h.Write(b[:4])
	h.Write([]byte(check))
	h.Write([]byte{0})
	binary.BigEndian.PutUint64(b[:], uint64(host))
	h.Write(b[:])
	h.Write([]byte(group))
	h.Write([]byte{0})
	binary.BigEndian.PutUint64(b[:], uint64(episode))
	h.Write(b[:])
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Claim gives the identity of what a finding claims without its episode: two
// sensors, or one before and after a restart, date the start of an episode
// differently, and the hub puts their findings together by it.
func Claim(place ident.Place, check string, host ident.HostKey, group string) uint64 {
	h := fnv.New64a()
	var b [12]byte
	binary.BigEndian.PutUint16(b[:], place.Tenant)
	binary.BigEndian.PutUint16(b[2:], place.Scope)
	binary.BigEndian.PutUint64(b[4:], uint64(host))
	h.Write(b[:])
	h.Write([]byte(check))
	h.Write([]byte{0})
	h.Write([]byte(group))
	return max(h.Sum64(), 1)
}
