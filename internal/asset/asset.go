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
	Value      string
	Confidence float64 // 0..1
	Source     string  // where it comes from: "oui", "dhcp", "mdns", "ssdp", "http", "person" ...
	Evidence   string  // what was seen, in words
	Packet     uint64  // packet number in the capture where it was seen; 0 when there is none
	Time       int64   // packet time
}

// Known reports whether anything is believed.
func (b Belief) Known() bool { return b.Value != "" }

// Service is a port on which a device answers, or which it uses elsewhere.
type Service struct {
	Transport string // tcp, udp
	Port      uint16
	Protocol  string // application protocol when recognised
	Banner    string
	First     int64
	Last      int64
	Flows     uint64
	Clients   int // distinct peers, at most counted to 1024
}

// Peer is somebody a device talks to.
type Peer struct {
	Address   netip.Addr
	Name      string // name by which it was asked for: DNS, SNI, mDNS
	Home      bool
	Protocols []string
	Flows     uint64
	BytesOut  uint64 // from the device
	BytesIn   uint64 // to the device
	First     int64
	Last      int64
}

// Device is one real thing on the network.
type Device struct {
	ID         string // stable within a run: hash of place and first identity
	Place      ident.Place
	MACs       []ident.MAC
	Addresses  []netip.Addr
	Names      []string
	Vendor     Belief
	Model      Belief
	Type       Belief // a word of the closed list in content/types.yaml
	OS         Belief
	Firmware   Belief
	Serial     Belief
	Evidence   []Belief // all beliefs that were weighed, strongest first, bounded
	Roles      []string // gateway, resolver, dhcp-server, ntp-server, broker ...
	Zone       string
	Services   []Service // offered
	Uses       []Service // used elsewhere, by protocol and port
	Peers      []Peer    // bounded, busiest first
	PeerCount  int
	FirstSeen  int64
	LastSeen   int64
	Packets    uint64
	Bytes      uint64
	Randomised bool   // its MAC is locally administered
	MUD        string // MUD URL it announced (RFC 8520)
	Hosts      []ident.HostKey
}
