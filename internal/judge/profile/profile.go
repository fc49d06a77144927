// Package profile makes the least that each device needs out of what it does,
// and says of any exchange whether such a profile allows it. It is the
// reference: whatever enforces a profile must decide as [Evaluator] does.
//
// A [Reader] turns facts into exchanges; a [Learner] makes policies out of
// exchanges; [Compile] and [Evaluator] judge exchanges by policies; a [Proof]
// counts what would have been blocked. It reads no packets, keeps nothing on
// disk and enforces nothing. Planes may use it.
package profile

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Exchange is what is judged: one transaction of a protocol whose verbs are
// understood, else one flow.
type Exchange struct {
	Time   int64  // packet time, nanoseconds UTC
	Weight uint32 // how many like exchanges it stands for, at least 1
	Client Side   // who asked
	Server Side

	Transport  uint8 // IP protocol number; 0 for the link layer
	ClientPort uint16
	ServerPort uint16
	Protocol   event.Proto // by content; 0 when not recognised
	Act        Act
	// Guessed says that which side asked is not known: the flow was picked up
	// without its beginning.
	Guessed bool
	// Unnamed says that a peer without a name may have one that was asked for
	// before anybody looked.
	Unnamed bool
	// Failed says that nothing came of it: refused or unanswered.
	Failed bool

	BytesOut, BytesIn uint64 // of the client, of the server
	Place             ident.Place
	Flow              uint64
	Where             Where
}

// turned is the exchange as if the other side had asked.
func (x *Exchange) turned() Exchange {
	t := *x
	t.Client, t.Server = x.Server, x.Client
	t.ClientPort, t.ServerPort = x.ServerPort, x.ClientPort
	t.BytesOut, t.BytesIn = x.BytesIn, x.BytesOut
	return t
}

// Where points to the packets of an exchange.
type Where struct {
	Capture uint32
	Packet  uint64
	Offset  int64
}

// Side is one end of an exchange.
type Side struct {
	Host   ident.HostKey
	Addr   netip.Addr
	MAC    ident.MAC // on the link; zero when behind a router
	Home   bool
	Behind bool     // its frames come from a host of ours that has other addresses of its own
	Device string   // id of the run or the hub; empty for outsiders
	Names  []string // by which the other end asked for it, lower case
	Roles  Roles
	Zone   string
	Vendor string
	MUD    string // URL that the device announced
}

// Roles are what the network has given to a side to do.
type Roles uint8

// The roles; see the words in package policy.
const (
	Gateway Roles = 1 << iota
	Resolver
	TimeServer
	DHCPServer
	Group // a multicast or broadcast address
)

// Act is what a transaction does, in its protocol's own words.
type Act struct {
	Op     string // lower case; empty for a flow as a whole
	Target string
	As     string
	Unit   uint32
	First  uint32 // of the points or registers
	Last   uint32
	Points bool // First and Last count
	Units  bool // Unit counts
	Filter bool // Target is a topic filter, not a topic
	Retain bool
	QoS    uint8
	Size   uint32 // bytes of what is carried
}
