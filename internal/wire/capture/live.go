package capture

// LiveOptions say what to capture from a network interface, and how.
type LiveOptions struct {
	Interface string
	// Index is given to every frame as its Interface, to tell several
	// interfaces apart in a scope map.
	Index uint16
	// FanoutGroup and FanoutSize let several rings share the packets of one
	// interface: each of FanoutSize calls of OpenLive with the same group gets
	// its part, both directions of a flow in the same one, IPv4 fragments put
	// together by the kernel. The group must be unique on the machine. One
	// ring, or none given, gets everything as it was on the wire.
	FanoutGroup uint16
	FanoutSize  int
	Filter      string // pcap-filter expression, see package filter; empty takes everything
	BlockSize   int    // bytes of a ring block, rounded up to a power of two; 1 MiB when zero
	Blocks      int    // blocks in the ring; 32 when zero
	SnapLen     int    // bytes of a packet at most; 262144 when zero
	Promiscuous bool   // ask the card for packets to other machines, as a mirror port needs
	// SkipOutgoing leaves out what this machine sends itself. On loopback
	// devices that is always done, for everything comes back in.
	SkipOutgoing bool
}

// Defaults and limits of LiveOptions.
const (
	liveBlockSize = 1 << 20
	liveBlocks    = 32
	liveSnapLen   = 256 << 10
	maxLiveBlock  = 16 << 20
	maxLiveRing   = 512 << 20
)
