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
	Value      string  `cbor:"1"`
	Confidence float64 `cbor:"2"` // 0..1
	Source     string  `cbor:"3"` // where it comes from: "oui", "dhcp", "mdns", "ssdp", "http", "person" ...
	Evidence   string  `cbor:"4"` // what was seen, in words
	Packet     uint64  `cbor:"5"` // packet number in the capture where it was seen; 0 when there is none
	Time       int64   `cbor:"6"` // packet time
}

// Known reports whether anything is believed.
func (b Belief) Known() bool { return b.Value != "" }

// Service is a port on which a device answers, or which it uses elsewhere.
type Service struct {
	Transport string `cbor:"1"` // tcp, udp
	Port      uint16 `cbor:"2"`
	Protocol  string `cbor:"3"` // application protocol when recognised
	Banner    string `cbor:"4"`
	First     int64  `cbor:"5"`
	Last      int64  `cbor:"6"`
	Flows     uint64 `cbor:"7"`
	Clients   int    `cbor:"8"` // distinct peers, at most counted to 1024
}

// Peer is somebody a device talks to.
type Peer struct {
	Address   netip.Addr `cbor:"1"`
	Name      string     `cbor:"2"` // name by which it was asked for: DNS, SNI, mDNS
	Home      bool       `cbor:"3"`
	Protocols []string   `cbor:"4"`
	Flows     uint64     `cbor:"5"`
	BytesOut  uint64     `cbor:"6"` // from the device
	BytesIn   uint64     `cbor:"7"` // to the device
	First     int64      `cbor:"8"`
	Last      int64      `cbor:"9"`
}

// Device is one real thing on the network.
type Device struct {
	ID         string          `cbor:"1"` // stable within a run: hash of place and first identity
	Place      ident.Place     `cbor:"2"`
	MACs       []ident.MAC     `cbor:"3"`
	Addresses  []netip.Addr    `cbor:"4"`
	Names      []string        `cbor:"5"`
	Vendor     Belief          `cbor:"6"`
	Model      Belief          `cbor:"7"`
	Type       Belief          `cbor:"8"` // a word of the closed list in content/types.yaml
	OS         Belief          `cbor:"9"`
	Firmware   Belief          `cbor:"10"`
	Serial     Belief          `cbor:"11"`
	Evidence   []Belief        `cbor:"12"` // all beliefs that were weighed, strongest first, bounded
	Roles      []string        `cbor:"13"` // gateway, resolver, dhcp-server, ntp-server, broker ...
	Zone       string          `cbor:"14"`
	Services   []Service       `cbor:"15"` // offered
	Uses       []Service       `cbor:"16"` // used elsewhere, by protocol and port
	Peers      []Peer          `cbor:"17"` // bounded, busiest first
	PeerCount  int             `cbor:"18"`
	FirstSeen  int64           `cbor:"19"`
	LastSeen   int64           `cbor:"20"`
	Packets    uint64          `cbor:"21"`
	Bytes      uint64          `cbor:"22"`
	Randomised bool            `cbor:"23"` // its MAC is locally administered
	MUD        string          `cbor:"24"` // MUD URL it announced (RFC 8520)
	Hosts      []ident.HostKey `cbor:"25"`
}
