// Package netflow reads what routers, switches and probes export about the
// flows they saw: NetFlow version 5, NetFlow version 9 (RFC 3954) and IPFIX
// (RFC 7011), with both directions in one record (RFC 5103) or in two.
//
// A [Decoder] turns export messages into records, a [Joiner] makes one of the
// two records of a conversation, and the analyser in this package makes flow
// facts of exports that are seen in traffic; package wire/logs does the same
// with files (RFC 5655). It knows no sFlow and keeps no counters of routers.
package netflow

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"edgeward/internal/ident"
)

// The versions of the header's first field.
const (
	V5    = 5
	V9    = 9
	IPFIX = 10
)

// Errors of Decode.
var (
	ErrShort   = errors.New("the message is not complete")
	ErrVersion = errors.New("the version is not 5, 9 or 10")
	ErrHeader  = errors.New("the header contradicts itself")
	ErrSet     = errors.New("a set is longer than its message")
)

// Record is one flow record. Counters that the exporter did not send are 0.
type Record struct {
	Version  uint16
	Domain   uint32     // source id, observation domain, or engine of version 5
	Exported int64      // when the message was sent, nanoseconds since 1970 UTC
	Exporter netip.Addr // when a record names it

	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Protocol         uint8 // IP protocol number
	ICMPType         uint8
	ICMPCode         uint8
	SrcMAC, DstMAC   ident.MAC
	VLAN             uint16

	Start, End     int64 // nanoseconds since 1970 UTC
	Octets         uint64
	Packets        uint64
	Flags          uint8 // TCP flags of all packets together
	ReverseOctets  uint64
	ReversePackets uint64
	ReverseFlags   uint8
	Biflow         bool  // the record has both directions (RFC 5103)
	EndReason      uint8 // of flowEndReason: 1 idle, 2 active timeout, 3 end seen, 4 forced, 5 lack of resources
}

// Stats counts what a Decoder came across.
type Stats struct {
	Messages   uint64
	Records    uint64
	Templates  uint64
	NoTemplate uint64 // data sets whose template had not been seen
	Forgotten  uint64 // templates given up for lack of room
	Ignored    uint64 // records that describe no flow between two addresses
}

// Decoder reads the messages of one exporter, or of one file, and keeps their
// templates: at most 128. The zero value is ready to use. It is not safe for
// concurrent use.
type Decoder struct {
	Stats     Stats
	templates map[templateKey]*template
	order     []templateKey    // oldest first
	boots     map[uint32]int64 // when exporters started, by observation domain
	record    Record
}

// Reset forgets all templates and counters.
func (d *Decoder) Reset() {
	clear(d.templates)
	clear(d.boots)
	*d = Decoder{templates: d.templates, order: d.order[:0], boots: d.boots}
}

// Decode reads the message that b begins with and gives each of its flow
// records to the function, which must not keep it. It gives the length of the
// message. [ErrShort] asks for more of it.
//
// A version 9 header does not tell the message's length: it ends where b does
// or where something begins that is no set but a header, so b should hold at
// least 64 KiB unless the input is at its end.
func (d *Decoder) Decode(b []byte, each func(*Record)) (int, error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	switch binary.BigEndian.Uint16(b) {
	case V5:
		return d.decodeV5(b, each)
	case V9:
		return d.decodeV9(b, each)
	case IPFIX:
		return d.decodeIPFIX(b, each)
	}
	return 0, ErrVersion
}

// begin clears the record for the next one of a message.
func (d *Decoder) begin(version uint16, domain uint32, exported int64) *Record {
	d.record = Record{Version: version, Domain: domain, Exported: exported}
	return &d.record
}

// give hands a record over, unless it is about no two addresses.
func (d *Decoder) give(r *Record, each func(*Record)) {
	if !r.Src.IsValid() || !r.Dst.IsValid() || r.Src.Is4() != r.Dst.Is4() {
		d.Stats.Ignored++
		return
	}
	if r.Protocol == protoICMP || r.Protocol == protoICMPv6 {
		// Routers put type and code into the destination port.
		if r.ICMPType == 0 && r.ICMPCode == 0 {
			r.ICMPType, r.ICMPCode = uint8(r.DstPort>>8), uint8(r.DstPort)
		}
		r.SrcPort, r.DstPort = 0, 0
	}
	if r.Start == 0 && r.End == 0 {
		r.Start, r.End = r.Exported, r.Exported
	}
	if r.Start == 0 {
		r.Start = r.End
	}
	r.End = max(r.End, r.Start)
	d.Stats.Records++
	each(r)
}

// IP protocol numbers.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

const (
	second      = int64(1e9)
	millisecond = int64(1e6)
	minute      = 60 * second
)

// between gives the moments of a flow whose first and last packet are told by
// the exporter's uptime in milliseconds, which turns over after 49 days. A
// flow does not end after it was exported: where it seems to, since some
// exporters leave the uptime of the header at 0, it ended right then.
func between(now int64, uptime, first, last uint32) (start, end int64) {
	end = now - int64(int32(uptime-last))*millisecond
	if end > now+minute {
		end = now
	}
	return end - int64(last-first)*millisecond, end
}

// Header of version 5, as Cisco documents it: 24 bytes and 48 for each record.
const (
	v5Header  = 24
	v5Record  = 48
	v5Records = 30 // at most, in one message
)

func (d *Decoder) decodeV5(b []byte, each func(*Record)) (int, error) {
	if len(b) < v5Header {
		return 0, ErrShort
	}
	count := int(binary.BigEndian.Uint16(b[2:]))
	nanos := binary.BigEndian.Uint32(b[12:])
	if count == 0 || count > v5Records || nanos >= 1e9 {
		return 0, ErrHeader
	}
	n := v5Header + count*v5Record
	if len(b) < n {
		return 0, ErrShort
	}
	uptime := binary.BigEndian.Uint32(b[4:])
	now := int64(binary.BigEndian.Uint32(b[8:]))*second + int64(nanos)
	d.Stats.Messages++
	for p := b[v5Header:n]; len(p) > 0; p = p[v5Record:] {
		r := d.begin(V5, uint32(binary.BigEndian.Uint16(b[20:])), now)
		r.Src, r.Dst = netip.AddrFrom4([4]byte(p)), netip.AddrFrom4([4]byte(p[4:]))
		r.Packets, r.Octets = uint64(binary.BigEndian.Uint32(p[16:])), uint64(binary.BigEndian.Uint32(p[20:]))
		r.Start, r.End = between(now, uptime, binary.BigEndian.Uint32(p[24:]), binary.BigEndian.Uint32(p[28:]))
		r.SrcPort, r.DstPort = binary.BigEndian.Uint16(p[32:]), binary.BigEndian.Uint16(p[34:])
		r.Flags, r.Protocol = p[37], p[38]
		d.give(r, each)
	}
	return n, nil
}
