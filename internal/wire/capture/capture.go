// Package capture brings packets in: pcap and pcapng files (plain, gzip, zstd),
// folders, standard input, and live interfaces through an AF_PACKET ring. It
// knows nothing of what is in a packet.
//
// Packet path packages and app may use it.
package capture

import (
	"context"
	"fmt"
)

// LinkType is a link-layer header type as registered at tcpdump.org.
type LinkType uint16

// The link types that package decode understands; no others are handed out.
const (
	LinkNull      LinkType = 0
	LinkEthernet  LinkType = 1
	LinkRawBSD    LinkType = 12 // raw IP on some systems
	LinkRawOpen   LinkType = 14 // raw IP on OpenBSD
	LinkRaw       LinkType = 101
	LinkLoop      LinkType = 108
	LinkLinuxSLL  LinkType = 113
	LinkIPv4      LinkType = 228
	LinkIPv6      LinkType = 229
	LinkLinuxSLL2 LinkType = 276
)

// known reports whether package decode understands the link type.
func (l LinkType) known() bool {
	switch l {
	case LinkNull, LinkEthernet, LinkRawBSD, LinkRawOpen, LinkRaw, LinkLoop, LinkLinuxSLL, LinkIPv4, LinkIPv6, LinkLinuxSLL2:
		return true
	}
	return false
}

func (l LinkType) String() string {
	if name := linkNames[l]; name != "" {
		return name
	}
	return fmt.Sprintf("link type %d", uint16(l))
}

// linkNames names the link types that are handed out, and those that users
// are most likely to ask about.
var linkNames = map[LinkType]string{
	LinkNull: "BSD loopback", LinkEthernet: "Ethernet", LinkRawBSD: "raw IP", LinkRawOpen: "raw IP", LinkRaw: "raw IP",
	LinkLoop: "OpenBSD loopback", LinkLinuxSLL: "Linux cooked", LinkIPv4: "raw IPv4", LinkIPv6: "raw IPv6", LinkLinuxSLL2: "Linux cooked v2",
	6: "Token Ring", 9: "PPP", 10: "FDDI", 50: "PPP with HDLC", 51: "PPPoE", 105: "IEEE 802.11", 119: "Prism 802.11", 127: "802.11 radiotap",
	163: "AVS 802.11", 187: "Bluetooth HCI", 189: "USB", 192: "PPI", 195: "IEEE 802.15.4", 201: "Bluetooth HCI", 220: "USB", 227: "CAN",
	230: "IEEE 802.15.4", 239: "netfilter log", 251: "Bluetooth LE", 253: "netlink", 256: "Bluetooth LE", 258: "PKTAP", 283: "IEEE 802.15.4 TAP",
}

// Frame is one captured frame. Data belongs to the batch it came in.
type Frame struct {
	Data      []byte
	Time      int64    // nanoseconds since 1970 UTC
	WireLen   uint32   // length on the wire; more than len(Data) when the snapshot length cut it
	Link      LinkType // link type of its interface
	Interface uint16   // index of the interface in the source
	Number    uint64   // 1 for the first frame of the source
	Offset    int64    // byte offset of its record in the (uncompressed) file
}

// Source hands out frames in batches. It is used by one goroutine.
type Source interface {
	// Read fills b with at least one frame, or gives io.EOF at the end. A
	// *CutError ends a capture that stops in the middle of a record; all
	// frames before the cut have been handed out.
	Read(ctx context.Context, b *Batch) error
	Stats() Stats
	Close() error
}

// Stats counts what a source saw and lost.
type Stats struct {
	Packets    uint64
	Bytes      uint64
	Dropped    uint64 // by the kernel, for lack of room
	Freezes    uint64 // times the ring was full
	Skipped    uint64 // packets that could not be used: unknown interface or link type
	Snapped    uint64 // frames cut by the snapshot length
	BadTimes   uint64 // time stamps that make no sense and were mended
	BadLengths uint64 // lengths on the wire that make no sense and were mended
	Truncated  bool   // the capture ended in the middle of a record
	CutOffset  int64  // where, when Truncated
}

// Add sums the counters of two sources.
func (s *Stats) Add(o Stats) {
	s.Packets += o.Packets
	s.Bytes += o.Bytes
	s.Dropped += o.Dropped
	s.Freezes += o.Freezes
	s.Skipped += o.Skipped
	s.Snapped += o.Snapped
	s.BadTimes += o.BadTimes
	s.BadLengths += o.BadLengths
	if o.Truncated {
		s.Truncated, s.CutOffset = true, o.CutOffset
	}
}

// CutError says that a capture ends in the middle of a record.
type CutError struct {
	Offset int64 // byte offset of the record that is not whole
	Reason string
}

func (e *CutError) Error() string {
	return fmt.Sprintf("capture is cut at byte %d: %s", e.Offset, e.Reason)
}
