// Package dissect shows one frame to people: its layers, and the fields of
// each with their place in the bytes. It is the slow and wordy sibling of
// package decode, for the few packets that somebody looks at; nothing is
// concluded from what it says. It stands on the standard library only, and
// package app runs it in a confined process.
package dissect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"edgeward/internal/ident"
)

// Layer is one header, or the data behind them.
type Layer struct {
	Name   string  `json:"name"`
	Offset int     `json:"offset"`
	Length int     `json:"length"`
	Fields []Field `json:"fields"`
}

// Field is one value in a layer. Offset counts from the beginning of the frame.
type Field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// maxLayers bounds the headers of one frame; tunnels in tunnels end there.
const maxLayers = 16

// Frame gives the layers of an Ethernet frame. A frame that is cut, as
// evidence is, ends with the layers that are whole and the rest as data.
func Frame(b []byte) []Layer {
	d := &dissector{b: b}
	d.ethernet()
	if d.at < len(b) {
		d.data()
	}
	return d.layers
}

// dissector walks through a frame.
type dissector struct {
	b      []byte
	at     int
	layers []Layer
}

// begin starts a layer of n bytes; false when they are not there.
func (d *dissector) begin(name string, n int) (*Layer, bool) {
	if len(d.b)-d.at < n || len(d.layers) >= maxLayers {
		return nil, false
	}
	d.layers = append(d.layers, Layer{Name: name, Offset: d.at, Length: n})
	return &d.layers[len(d.layers)-1], true
}

// field adds a value whose bytes are at an offset in the layer.
func (l *Layer) field(name string, at, n int, value string) {
	l.Fields = append(l.Fields, Field{name, value, l.Offset + at, n})
}

func (d *dissector) u16(at int) uint16 { return binary.BigEndian.Uint16(d.b[at:]) }
func (d *dissector) u32(at int) uint32 { return binary.BigEndian.Uint32(d.b[at:]) }

func (d *dissector) mac(at int) string { return ident.MAC(d.b[at : at+6]).String() }

func (d *dissector) addr(at, n int) string {
	a, _ := netip.AddrFromSlice(d.b[at : at+n])
	return a.String()
}

func hex16(v uint16) string { return fmt.Sprintf("0x%04x", v) }

func named(v int, names map[int]string) string {
	if n := names[v]; n != "" {
		return n + " (" + strconv.Itoa(v) + ")"
	}
	return strconv.Itoa(v)
}

var etherTypes = map[int]string{
	0x0800: "IPv4", 0x0806: "ARP", 0x86dd: "IPv6", 0x8100: "VLAN", 0x88a8: "VLAN (provider)", 0x88cc: "LLDP", 0x8892: "PROFINET",
	0x88b8: "GOOSE", 0x88ba: "Sampled Values", 0x88a4: "EtherCAT", 0x888e: "802.1X", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session", 0x8847: "MPLS",
}

func etherType(v uint16) string {
	if v < 0x0600 {
		return "length " + strconv.Itoa(int(v))
	}
	if n := etherTypes[int(v)]; n != "" {
		return n + " (" + hex16(v) + ")"
	}
	return hex16(v)
}

func (d *dissector) ethernet() {
	l, ok := d.begin("Ethernet", 14)
	if !ok {
		return
	}
	l.field("destination", 0, 6, d.mac(d.at))
	l.field("source", 6, 6, d.mac(d.at+6))
	t := d.u16(d.at + 12)
	l.field("type", 12, 2, etherType(t))
	d.at += 14
	for t == 0x8100 || t == 0x88a8 {
		if l, ok = d.begin("VLAN", 4); !ok {
			return
		}
		tag := d.u16(d.at)
		l.field("priority", 0, 1, strconv.Itoa(int(tag>>13)))
		l.field("id", 0, 2, strconv.Itoa(int(tag&0xfff)))
		t = d.u16(d.at + 2)
		l.field("type", 2, 2, etherType(t))
		d.at += 4
	}
	d.network(t)
}

func (d *dissector) network(etherType uint16) {
	switch etherType {
	case 0x0800:
		d.ipv4()
	case 0x86dd:
		d.ipv6()
	case 0x0806:
		d.arp()
	}
}

func (d *dissector) arp() {
	if len(d.b)-d.at < 28 || d.b[d.at+4] != 6 || d.b[d.at+5] != 4 {
		return
	}
	l, ok := d.begin("ARP", 28)
	if !ok {
		return
	}
	l.field("operation", 6, 2, named(int(d.u16(d.at+6)), map[int]string{1: "request", 2: "reply"}))
	l.field("sender MAC", 8, 6, d.mac(d.at+8))
	l.field("sender address", 14, 4, d.addr(d.at+14, 4))
	l.field("target MAC", 18, 6, d.mac(d.at+18))
	l.field("target address", 24, 4, d.addr(d.at+24, 4))
	d.at += 28
}

var protocols = map[int]string{1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 17: "UDP", 41: "IPv6", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 89: "OSPF", 132: "SCTP"}

func (d *dissector) ipv4() {
	if len(d.b)-d.at < 20 {
		return
	}
	n := int(d.b[d.at]&15) * 4
	if d.b[d.at]>>4 != 4 || n < 20 {
		return
	}
	l, ok := d.begin("IPv4", n)
	if !ok {
		return
	}
	at := d.at
	l.field("header length", 0, 1, strconv.Itoa(n))
	l.field("DSCP", 1, 1, strconv.Itoa(int(d.b[at+1]>>2)))
	l.field("total length", 2, 2, strconv.Itoa(int(d.u16(at+2))))
	l.field("identification", 4, 2, hex16(d.u16(at+4)))
	fragment := d.u16(at + 6)
	l.field("flags", 6, 1, flags(uint(fragment>>13), "more fragments", "do not fragment", "reserved"))
	l.field("fragment offset", 6, 2, strconv.Itoa(int(fragment&0x1fff)*8))
	l.field("TTL", 8, 1, strconv.Itoa(int(d.b[at+8])))
	l.field("protocol", 9, 1, named(int(d.b[at+9]), protocols))
	l.field("checksum", 10, 2, hex16(d.u16(at+10)))
	l.field("source", 12, 4, d.addr(at+12, 4))
	l.field("destination", 16, 4, d.addr(at+16, 4))
	d.at += n
	if fragment&0x1fff == 0 {
		d.transport(int(d.b[at+9]))
	}
}

func (d *dissector) ipv6() {
	l, ok := d.begin("IPv6", 40)
	if !ok {
		return
	}
	at := d.at
	l.field("flow label", 0, 4, fmt.Sprintf("0x%05x", d.u32(at)&0xfffff))
	l.field("payload length", 4, 2, strconv.Itoa(int(d.u16(at+4))))
	l.field("next header", 6, 1, named(int(d.b[at+6]), protocols))
	l.field("hop limit", 7, 1, strconv.Itoa(int(d.b[at+7])))
	l.field("source", 8, 16, d.addr(at+8, 16))
	l.field("destination", 24, 16, d.addr(at+24, 16))
	next := int(d.b[at+6])
	d.at += 40
	for next == 0 || next == 43 || next == 60 { // hop-by-hop, routing, destination options
		if len(d.b)-d.at < 8 {
			return
		}
		n := 8 + int(d.b[d.at+1])*8
		l, ok := d.begin("IPv6 extension", n)
		if !ok {
			return
		}
		l.field("header", 0, 1, strconv.Itoa(next))
		next = int(d.b[d.at])
		d.at += n
	}
	d.transport(next)
}

func (d *dissector) transport(protocol int) {
	switch protocol {
	case 6:
		d.tcp()
	case 17:
		d.udp()
	case 1, 58:
		d.icmp(protocol)
	case 4:
		d.ipv4()
	case 41:
		d.ipv6()
	}
}

func (d *dissector) tcp() {
	if len(d.b)-d.at < 20 {
		return
	}
	n := int(d.b[d.at+12]>>4) * 4
	if n < 20 {
		return
	}
	l, ok := d.begin("TCP", n)
	if !ok {
		return
	}
	at := d.at
	l.field("source port", 0, 2, strconv.Itoa(int(d.u16(at))))
	l.field("destination port", 2, 2, strconv.Itoa(int(d.u16(at+2))))
	l.field("sequence", 4, 4, strconv.FormatUint(uint64(d.u32(at+4)), 10))
	l.field("acknowledgement", 8, 4, strconv.FormatUint(uint64(d.u32(at+8)), 10))
	l.field("flags", 13, 1, flags(uint(d.b[at+13]), "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"))
	l.field("window", 14, 2, strconv.Itoa(int(d.u16(at+14))))
	l.field("checksum", 16, 2, hex16(d.u16(at+16)))
	if n > 20 {
		l.field("options", 20, n-20, strconv.Itoa(n-20)+" bytes")
	}
	d.at += n
}

func (d *dissector) udp() {
	l, ok := d.begin("UDP", 8)
	if !ok {
		return
	}
	l.field("source port", 0, 2, strconv.Itoa(int(d.u16(d.at))))
	l.field("destination port", 2, 2, strconv.Itoa(int(d.u16(d.at+2))))
	l.field("length", 4, 2, strconv.Itoa(int(d.u16(d.at+4))))
	l.field("checksum", 6, 2, hex16(d.u16(d.at+6)))
	d.at += 8
}

var icmpTypes = map[int]string{0: "echo reply", 3: "destination unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"}

var icmp6Types = map[int]string{1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 128: "echo request", 129: "echo reply", 133: "router solicitation", 134: "router advertisement", 135: "neighbour solicitation", 136: "neighbour advertisement", 143: "multicast listener report"}

func (d *dissector) icmp(protocol int) {
	name, names := "ICMP", icmpTypes
	if protocol == 58 {
		name, names = "ICMPv6", icmp6Types
	}
	l, ok := d.begin(name, 8)
	if !ok {
		return
	}
	l.field("type", 0, 1, named(int(d.b[d.at]), names))
	l.field("code", 1, 1, strconv.Itoa(int(d.b[d.at+1])))
	l.field("checksum", 2, 2, hex16(d.u16(d.at+2)))
	d.at += 8
}

// flags names the bits that are set, the lowest first.
func flags(v uint, names ...string) string {
	var set []string
	for i, n := range names {
		if v>>i&1 == 1 {
			set = append(set, n)
		}
	}
	if set == nil {
		return "none"
	}
	return strings.Join(set, ", ")
}

// shown is how much of the data is given as text.
const shown = 256

func (d *dissector) data() {
	n := len(d.b) - d.at
	if len(d.layers) >= maxLayers {
		return
	}
	l, _ := d.begin("Data", n)
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(latin(d.b[d.at:d.at+min(n, shown)])))
	l.field("text", 0, min(n, shown), text)
	d.at = len(d.b)
}

// latin makes one rune of each byte.
func latin(b []byte) []rune {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return out
}
