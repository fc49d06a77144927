// Package asset holds the things: devices and what is believed about them,
// each belief with its evidence and confidence. It holds types only; package
// judge/inventory makes them. It imports package ident only.
package asset

import (
	"net/netip"

	"edgeward/internal/ident"
)

// Belief is one thing held to be true of a device.
type Belief struct {
	Value      string  `cbor:"1,keyasint,omitempty"`
	Confidence float64 `cbor:"2,keyasint,omitempty"` // 0..1
	Source     string  `cbor:"3,keyasint,omitempty"` // where it comes from: "oui", "dhcp", "mdns", "ssdp", "http", "person" ...
	Evidence   string  `cbor:"4,keyasint,omitempty"` // what was seen, in words
	Packet     uint64  `cbor:"5,keyasint,omitempty"` // packet number in the capture where it was seen; 0 when there is none
	Time       int64   `cbor:"6,keyasint,omitempty"` // packet time
}

// Known reports whether anything is believed.
func (b Belief) Known() bool { return b.Value != "" }

// Service is a port on which a device answers, or which it uses elsewhere.
type Service struct {
	Transport string `cbor:"1,keyasint,omitempty"` // tcp, udp
	Port      uint16 `cbor:"2,keyasint,omitempty"`
	Protocol  string `cbor:"3,keyasint,omitempty"` // application protocol when recognised
	Banner    string `cbor:"4,keyasint,omitempty"`
	First     int64  `cbor:"5,keyasint,omitempty"`
	Last      int64  `cbor:"6,keyasint,omitempty"`
	Flows     uint64 `cbor:"7,keyasint,omitempty"`
	Clients   int    `cbor:"8,keyasint,omitempty"` // distinct peers, at most counted to 1024
}

// Peer is somebody a device talks to.
type Peer struct {
	Address   netip.Addr `cbor:"1,keyasint,omitempty"`
	Name      string     `cbor:"2,keyasint,omitempty"` // name by which it was asked for: DNS, SNI, mDNS
	Home      bool       `cbor:"3,keyasint,omitempty"`
	Protocols []string   `cbor:"4,keyasint,omitempty"`
	Flows     uint64     `cbor:"5,keyasint,omitempty"`
	BytesOut  uint64     `cbor:"6,keyasint,omitempty"` // from the device
	BytesIn   uint64     `cbor:"7,keyasint,omitempty"` // to the device
	First     int64      `cbor:"8,keyasint,omitempty"`
	Last      int64      `cbor:"9,keyasint,omitempty"`
}

// Device is one real thing on the network.
type Device struct {
	ID         string          `cbor:"1,keyasint,omitempty"` // stable within a run: hash of place and first identity
	Place      ident.Place     `cbor:"2,keyasint,omitempty"`
	MACs       []ident.MAC     `cbor:"3,keyasint,omitempty"`
	Addresses  []netip.Addr    `cbor:"4,keyasint,omitempty"`
	Names      []string        `cbor:"5,keyasint,omitempty"`
	Vendor     Belief          `cbor:"6,keyasint,omitempty"`
	Model      Belief          `cbor:"7,keyasint,omitempty"`
	Type       Belief          `cbor:"8,keyasint,omitempty"` // a word of the closed list in content/types.yaml
	OS         Belief          `cbor:"9,keyasint,omitempty"`
	Firmware   Belief          `cbor:"10,keyasint,omitempty"`
	Serial     Belief          `cbor:"11,keyasint,omitempty"`
	Evidence   []Belief        `cbor:"12,keyasint,omitempty"` // all beliefs that were weighed, strongest first, bounded
	Roles      []string        `cbor:"13,keyasint,omitempty"` // gateway, resolver, dhcp-server, ntp-server, broker ...
	Zone       string          `cbor:"14,keyasint,omitempty"`
	Services   []Service       `cbor:"15,keyasint,omitempty"` // offered
	Uses       []Service       `cbor:"16,keyasint,omitempty"` // used elsewhere, by protocol and port
	Peers      []Peer          `cbor:"17,keyasint,omitempty"` // bounded, busiest first
	PeerCount  int             `cbor:"18,keyasint,omitempty"`
	FirstSeen  int64           `cbor:"19,keyasint,omitempty"`
	LastSeen   int64           `cbor:"20,keyasint,omitempty"`
	Packets    uint64          `cbor:"21,keyasint,omitempty"`
	Bytes      uint64          `cbor:"22,keyasint,omitempty"`
	Randomised bool            `cbor:"23,keyasint,omitempty"` // its MAC is locally administered
	MUD        string          `cbor:"24,keyasint,omitempty"` // MUD URL it announced (RFC 8520)
	Hosts      []ident.HostKey `cbor:"25,keyasint,omitempty"`
}
