package policy

import "net/netip"

// Profile is the least that a device, or a class of like devices, needs: the
// body of a policy of that kind. Whatever no line allows is off the profile.
type Profile struct {
	Name    string   `json:"name"`    // for people
	Members []Member `json:"members"` // whom it is for
	Vendor  string   `json:"vendor,omitempty"`
	Model   string   `json:"model,omitempty"`
	Type    string   `json:"type,omitempty"` // a word of the closed list
	MUD     *MUD     `json:"mud,omitempty"`
	Lines   []Line   `json:"lines"`
	// Behind are networks whose traffic the devices pass on, as a plug does for
	// the telephone that sets it up: what comes from there is not theirs.
	Behind []netip.Prefix `json:"behind,omitempty"`
	// Unseen names what a device of this kind does and this one was never
	// seen to do: firmware-update, restart, night, weekend ...
	Unseen  []string `json:"unseen,omitempty"`
	Learned *Learned `json:"learned,omitempty"` // nil when a person or a maker wrote it
}

// Member is a device by what it can be known by elsewhere. A MAC address wins
// over names, names over addresses.
type Member struct {
	ID        string       `json:"id,omitempty"` // the hub's or the run's
	MACs      []string     `json:"macs,omitempty"`
	Names     []string     `json:"names,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// MUD is what a manufacturer usage description says beside its access lists
// (RFC 8520, section 3).
type MUD struct {
	URL           string `json:"url,omitempty"`
	LastUpdate    string `json:"last_update,omitempty"`    // RFC 3339
	CacheValidity int    `json:"cache_validity,omitempty"` // hours
	Supported     bool   `json:"supported,omitempty"`
	SystemInfo    string `json:"system_info,omitempty"`
	Documentation string `json:"documentation,omitempty"`
	Firmware      string `json:"firmware_rev,omitempty"`
	Software      string `json:"software_rev,omitempty"`
	// SignedBy is the subject of the certificate whose signature was checked;
	// empty for none.
	SignedBy string `json:"signed_by,omitempty"`
}

// Learned says from what a profile was made.
type Learned struct {
	First      int64     `json:"first"` // packet time, nanoseconds UTC
	Last       int64     `json:"last"`
	DeviceDays float64   `json:"device_days"`
	Exchanges  uint64    `json:"exchanges"`
	LeftOut    []LeftOut `json:"left_out,omitempty"`
}

// LeftOut is traffic that a profile was not made from.
type LeftOut struct {
	Exchanges uint64 `json:"exchanges"`
	Reason    string `json:"reason"`            // in words
	Finding   string `json:"finding,omitempty"` // id of the finding that it is
	Check     string `json:"check,omitempty"`
	Peer      string `json:"peer,omitempty"`
}

// Quarantined gives what is left of the profile while its devices are in
// quarantine. It shares its lines' memory.
func (p *Profile) Quarantined() *Profile {
	q := *p
	q.Lines = nil
	for _, l := range p.Lines {
		if l.Quarantine {
			q.Lines = append(q.Lines, l)
		}
	}
	return &q
}

// Direction says who asks.
type Direction string

// The directions of a line, seen from the device.
const (
	Out Direction = "out" // the device asks
	In  Direction = "in"  // the peer asks
)

// Line allows one peer one way of talking with the device.
type Line struct {
	ID        string    `json:"id"` // see Identify: learned again, it is the same
	Direction Direction `json:"direction"`
	Peer      Peer      `json:"peer"`
	Transport string    `json:"transport"`       // tcp, udp, icmp, icmp6, igmp, link for frames without IP, or the IP protocol's number; empty for any
	Ports     []Range   `json:"ports,omitempty"` // of the side that is asked; none for any
	From      []Range   `json:"from,omitempty"`  // ports of the side that asks; none for any
	Protocol  string    `json:"protocol,omitempty"`
	Verbs     []Verb    `json:"verbs,omitempty"` // none for any
	Limits    Limits    `json:"limits,omitzero"`
	Hours     []Range   `json:"hours,omitempty"` // of the day, UTC, first and last; none for always
	// Proposed lines are wider than what was seen and allow nothing until a
	// person has consented.
	Proposed bool `json:"proposed,omitempty"`
	// Quarantine lines still allow while the device is in quarantine; the
	// others then do not.
	Quarantine bool     `json:"quarantine,omitempty"`
	Note       string   `json:"note,omitempty"`
	Evidence   Evidence `json:"evidence,omitzero"`
}

// PeerKind says how a peer is known.
type PeerKind string

// The kinds of peers. Those that only a manufacturer knows to use are of
// RFC 8520, section 8.
const (
	PeerAny       PeerKind = "any"
	PeerRole      PeerKind = "role"      // Value is one of the roles below
	PeerName      PeerKind = "name"      // Names that the device, or its handshake, asked for
	PeerDevice    PeerKind = "device"    // a device of ours, in Devices
	PeerZone      PeerKind = "zone"      // Value is the zone
	PeerNetwork   PeerKind = "network"   // Networks
	PeerLocal     PeerKind = "local"     // anybody at home: local-networks
	PeerMaker     PeerKind = "maker"     // devices of the manufacturer Value; same-manufacturer when that is empty
	PeerModel     PeerKind = "model"     // devices whose MUD URL is Value
	PeerClass     PeerKind = "class"     // the controllers that an administrator put in the class with the URI Value: controller
	PeerOperators PeerKind = "operators" // those that an administrator put in charge of this device: my-controller
)

// The roles that a network gives to somebody.
const (
	RoleGateway   = "gateway"   // the router on the link
	RoleResolver  = "resolver"  // who answers DNS: named by DHCP or a router, or asked and answering at home
	RoleTime      = "time"      // servers of time, whichever the device has been told of
	RoleDHCP      = "dhcp"      // servers and relays of addresses
	RoleDiscovery = "discovery" // multicast and broadcast on the link, and the answers to it
	RoleNetwork   = "network"   // what keeps a network going: ICMP errors, neighbour discovery, group membership
)

// Peer says with whom a line is about. Which fields count is said by Kind.
type Peer struct {
	Kind     PeerKind       `json:"kind"`
	Value    string         `json:"value,omitempty"`
	Names    []string       `json:"names,omitempty"` // see MatchName
	Devices  []Member       `json:"devices,omitempty"`
	Networks []netip.Prefix `json:"networks,omitempty"`
}

// Range is from its first to its last number, both included.
type Range struct {
	First uint32 `json:"first"`
	Last  uint32 `json:"last"`
}

// Contains reports whether n is in the range.
func (r Range) Contains(n uint32) bool { return r.First <= n && n <= r.Last }

// Verb is what may be said in a line's protocol.
type Verb struct {
	// Op is the protocol's own word, in lower case: a method (get), a packet
	// type (publish, subscribe, connect), a service (c-store), a message type
	// (oru^r01), or the class of an industrial function (read, write).
	Op string `json:"op"`
	// Targets are topic filters, paths, names, points, in the protocol's own
	// words; see MatchTarget. None for any.
	Targets []string `json:"targets,omitempty"`
	// As are the identities under which it is said: client ids, titles of
	// application entities ("CALLING>CALLED"), sending applications. None for any.
	As        []string `json:"as,omitempty"`
	Units     []Range  `json:"units,omitempty"`     // Modbus units, outstations, common addresses
	Addresses []Range  `json:"addresses,omitempty"` // registers, coils, points
	MaxSize   uint32   `json:"max_size,omitempty"`  // bytes; 0 for any
	MaxQoS    *uint8   `json:"max_qos,omitempty"`
	Retain    *bool    `json:"retain,omitempty"` // false forbids it
	Evidence  Evidence `json:"evidence,omitzero"`
}

// Limits are ceilings of a line. Zero is none.
type Limits struct {
	PerHour    uint64 `json:"per_hour,omitempty"`      // exchanges
	BytesOut   uint64 `json:"bytes_out_ph,omitempty"`  // from the device, in an hour
	BytesIn    uint64 `json:"bytes_in_ph,omitempty"`   // to the device, in an hour
	PerMessage uint64 `json:"bytes_message,omitempty"` // of one exchange, both ways
	PerSecond  uint32 `json:"per_second,omitempty"`    // exchanges
}

// Evidence is why a line or a verb is there.
type Evidence struct {
	Count    uint64   `json:"count"`
	First    int64    `json:"first,omitempty"` // packet time, nanoseconds UTC
	Last     int64    `json:"last,omitempty"`
	Days     int      `json:"days,omitempty"` // on which it was seen
	BytesOut uint64   `json:"bytes_out,omitempty"`
	BytesIn  uint64   `json:"bytes_in,omitempty"`
	Samples  []Sample `json:"samples,omitempty"` // at most MaxSamples, the first ones and the last
}

// MaxSamples bounds the samples of one line or verb.
const MaxSamples = 3

// Sample points to packets.
type Sample struct {
	Capture string `json:"capture,omitempty"` // file, or id of the capture at the hub
	Packet  uint64 `json:"packet,omitempty"`  // number in it, from 1
	Time    int64  `json:"time"`
	Fact    string `json:"fact,omitempty"` // id of the fact in the event log
}
