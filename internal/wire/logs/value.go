package logs

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const second = int64(1e9)

// parseTime reads seconds since 1970 with their fraction, or a date and time
// as in RFC 3339 with or without a colon in the zone, in nanoseconds. Numbers
// that would be seconds beyond the year 5000 are milliseconds.
func parseTime(b []byte) (int64, bool) {
	if len(b) > 10 && b[4] == '-' {
		return parseDate(b)
	}
	if ns, ok := parseSeconds(b); ok {
		return ns, true
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(f > -latest && f <= latest) {
		return 0, false
	}
	return int64(f * 1e9), true
}

// latest is the last second that a time may be.
const latest = 9e9

// parseSeconds reads decimal seconds, or what is too many and hence
// milliseconds, exactly, in nanoseconds.
func parseSeconds(b []byte) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	if len(whole) == 0 || len(whole) > 13 {
		return 0, false
	}
	var s, ns int64
	for _, c := range whole {
		if c < '0' || c > '9' {
			return 0, false
		}
		s = s*10 + int64(c-'0')
	}
	unit := second / 10
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		ns += int64(c-'0') * unit
		unit /= 10
	}
	if s > latest {
		ns = s%1000*1e6 + ns/1000
		s /= 1000
	}
	if s > latest {
		return 0, false
	}
	if negative {
		return -(s*second + ns), true
	}
	return s*second + ns, true
}

// parseDate reads "2024-05-06T07:08:09.123456+0200" and its like.
func parseDate(b []byte) (int64, bool) {
	if len(b) < 19 || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	var v [6]int
	for i, at := range [...]int{0, 5, 8, 11, 14, 17} {
		n := 2
		if i == 0 {
			n = 4
		}
		for _, c := range b[at : at+n] {
			if c < '0' || c > '9' {
				return 0, false
			}
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	if v[0] < 1900 || v[0] > 2200 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60 {
		return 0, false
	}
	ns, rest := int64(0), b[19:]
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		rest = rest[1:]
		for unit := second / 10; len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9'; rest = rest[1:] {
			ns += int64(rest[0]-'0') * unit
			unit /= 10
		}
	}
	offset, ok := parseZone(rest)
	return time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], 0, time.UTC).UnixNano() + ns - offset, ok
}

// parseZone reads the distance to UTC.
func parseZone(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, true
	}
	digits := bytes.ReplaceAll(b[1:], []byte(":"), nil)
	n, err := strconv.Atoi(string(digits))
	if err != nil || len(digits) != 4 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	offset := int64(n/100*3600+n%100*60) * second
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// parseUint reads a whole number; a fraction of zeros is allowed.
func parseUint(b []byte) (uint64, bool) {
	if i := bytes.IndexByte(b, '.'); i > 0 && len(bytes.Trim(b[i+1:], "0")) == 0 {
		b = b[:i]
	}
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}

// count reads a whole number, 0 when there is none.
func count(b []byte) uint64 {
	v, _ := parseUint(b)
	return v
}

func count32(b []byte) uint32 { return uint32(min(count(b), 1<<32-1)) }

func count16(b []byte) uint16 { return uint16(min(count(b), 1<<16-1)) }

func count8(b []byte) uint8 { return uint8(min(count(b), 255)) }

// truth reads T, true or 1.
func truth(b []byte) bool {
	return len(b) == 1 && (b[0] == 'T' || b[0] == 't' || b[0] == '1') || bytes.EqualFold(b, []byte("true"))
}

// parseAddr reads an address; an IPv4 address inside an IPv6 one is given as
// the former, and zones are left out.
func parseAddr(b []byte) (netip.Addr, bool) {
	if len(b) < 2 || len(b) > 64 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap().WithZone(""), true
}

func addr(b []byte) netip.Addr {
	a, _ := parseAddr(b)
	return a
}

func mac(b []byte) (m ident.MAC) {
	if len(b) >= 12 && len(b) <= 17 {
		m, _ = ident.ParseMAC(string(b))
	}
	return m
}

// IP protocol numbers.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// transport reads the name or number of an IP protocol.
func transport(b []byte, v6 bool) uint8 {
	switch string(bytes.ToLower(b[:min(len(b), 16)])) {
	case "tcp":
		return protoTCP
	case "udp":
		return protoUDP
	case "icmp":
		if v6 {
			return protoICMPv6
		}
		return protoICMP
	case "icmp6", "ipv6-icmp", "icmpv6":
		return protoICMPv6
	case "sctp":
		return 132
	case "igmp":
		return 2
	case "gre":
		return 47
	case "esp":
		return 50
	}
	return count8(b)
}

// protoNames are the names that Zeek and Suricata have for protocols that are
// called something else here.
var protoNames = map[string]event.Proto{
	"ssl": event.ProtoTLS, "dce_rpc": event.ProtoDCERPC, "krb": event.ProtoKerberos, "krb_tcp": event.ProtoKerberos, "krb5": event.ProtoKerberos,
	"rfb": event.ProtoVNC, "ldap_tcp": event.ProtoLDAP, "ldap_udp": event.ProtoLDAP, "s7comm": event.ProtoS7, "opcua_binary": event.ProtoOPCUA,
	"iec60870_104": event.ProtoIEC104, "bittorrent-dht": event.ProtoBitTorrent, "netbios_ns": event.ProtoNBNS, "nbns": event.ProtoNBNS, "ikev2": 0,
	"ethernet_ip": event.ProtoENIP, "profinet": event.ProtoPNDCP, "http2": event.ProtoHTTP2,
}

// parseProto reads the name of an application protocol; of several, the first
// that is known.
func parseProto(b []byte, port uint16) event.Proto {
	secure := false
	for len(b) > 0 {
		name, rest, _ := bytes.Cut(b, []byte(","))
		b = rest
		p, other := protoNames[string(name)]
		if !other && len(name) > 0 && name[0] != '-' { // Zeek marks what it gave up with a minus sign
			p = event.ProtoByName(string(name))
		}
		if p == event.ProtoDNS {
			switch port {
			case 5353:
				return event.ProtoMDNS
			case 5355:
				return event.ProtoLLMNR
			case 137:
				return event.ProtoNBNS
			}
		}
		switch p {
		case event.ProtoUnknown:
		case event.ProtoTLS:
			secure = true // what it carries says more, as in "ssl,rdp"
		default:
			return p
		}
	}
	if secure {
		return event.ProtoTLS
	}
	return event.ProtoUnknown
}

// flowID hashes what a log calls a connection (FNV-1a).
func flowID(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	h := uint64(0xcbf29ce484222325)
	for _, c := range b {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h>>11 | 1
}
