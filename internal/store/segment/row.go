package segment

import (
	"net/netip"
	"strings"

	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/query"
)

// row is one fact as a file has it. Every column is required; what a fact
// does not have is zero or empty. Column names are part of the format: other
// programs read these files (docs/event-log.md).
type row struct {
	Time      int64  `parquet:"time,delta"` // nanoseconds UTC
	ID        uint64 `parquet:"id"`
	Kind      string `parquet:"kind,dict"`
	Sensor    string `parquet:"sensor,dict"`
	Scope     int32  `parquet:"scope,dict"`
	Transport int32  `parquet:"transport,dict"` // IP protocol number
	VLAN      int32  `parquet:"vlan,dict"`
	Protocol  string `parquet:"protocol,dict"`
	SrcMAC    string `parquet:"src_mac,dict"` // 6 bytes
	DstMAC    string `parquet:"dst_mac,dict"`
	Src       string `parquet:"src,dict"` // 4 or 16 bytes
	Dst       string `parquet:"dst,dict"`
	SrcPort   int32  `parquet:"src_port,dict"`
	DstPort   int32  `parquet:"dst_port,dict"`
	SrcHost   int64  `parquet:"src_host,dict"`
	DstHost   int64  `parquet:"dst_host,dict"`
	Name      string `parquet:"name,dict"`
	Verb      string `parquet:"verb,dict"`
	Path      string `parquet:"path,dict"`
	User      string `parquet:"user,dict"`
	Status    string `parquet:"status,dict"`
	BytesOut  int64  `parquet:"bytes_out,delta"`
	BytesIn   int64  `parquet:"bytes_in,delta"`
	Packets   int64  `parquet:"packets,delta"`
	Flow      uint64 `parquet:"flow"`
	Tx        int32  `parquet:"tx,delta"`
	Capture   string `parquet:"capture,dict"` // name of the file; empty live
	CaptureNo int32  `parquet:"capture_no,dict"`
	Packet    int64  `parquet:"packet,delta"`
	Offset    int64  `parquet:"offset,delta"`
	Ingest    int64  `parquet:"ingest,delta"`
	Body      string `parquet:"body"` // CBOR
}

// rowFixed is about what a row takes in memory without its body.
const rowFixed = 496

func (r *row) size() int64 { return rowFixed + int64(len(r.Body)) }

// The families: kinds that are asked for together share files. Their names
// are part of the format.
const (
	familyFlow   = "flow"
	familyName   = "name"
	familyWeb    = "web"
	familyM2M    = "m2m"
	familyLAN    = "lan"
	familyOT     = "ot"
	familyAccess = "access"
	familyOther  = "other"
)

var families = map[string]string{
	"flow": familyFlow, "rate": familyFlow,
	"dns": familyName, "mdns": familyName, "llmnr": familyName, "nbns": familyName,
	"http": familyWeb, "websocket": familyWeb, "tls": familyWeb, "quic": familyWeb, "fileinfo": familyWeb, "rtsp": familyWeb, "sip": familyWeb,
	"mqtt": familyM2M, "mqttsn": familyM2M, "coap": familyM2M, "amqp": familyM2M, "kasa": familyM2M, "tuya": familyM2M,
	"arp": familyLAN, "icmp": familyLAN, "dhcp": familyLAN, "dhcpv6": familyLAN, "ssdp": familyLAN, "lldp": familyLAN, "cdp": familyLAN, "ntp": familyLAN, "snmp": familyLAN, "tftp": familyLAN, "portmap": familyLAN,
	"modbus": familyOT, "dnp3": familyOT, "s7": familyOT, "enip": familyOT, "bacnet": familyOT, "opcua": familyOT, "iec104": familyOT, "ics": familyOT, "dicom": familyOT, "hl7": familyOT,
	"login": familyAccess, "telnet": familyAccess, "ssh": familyAccess, "ftp": familyAccess, "smb": familyAccess, "krb5": familyAccess, "dcerpc": familyAccess, "rdp": familyAccess, "vnc": familyAccess, "irc": familyAccess, "smtp": familyAccess, "socks": familyAccess, "mining": familyAccess, "p2p": familyAccess,
}

func familyOf(kind string) string {
	if f := families[kind]; f != "" {
		return f
	}
	return familyOther
}

// bodies decodes bodies into memory that it uses again.
type bodies [event.KindCount]event.Body

// decode reads a body, whose strings become part of raw. It is valid until
// the next one of its kind is decoded.
func (b *bodies) decode(k event.Kind, raw string) (event.Body, error) {
	if b[k] == nil {
		b[k] = event.NewBody(k)
	}
	if err := b[k].DecodeCBOR(raw); err != nil {
		return nil, err
	}
	return b[k], nil
}

// maxColumn bounds the text in a promoted column; the body has it whole.
const maxColumn = 512

func column(s string) string {
	if len(s) > maxColumn {
		s = s[:maxColumn]
	}
	return s
}

// fill makes r the row of a fact. A body that cannot be decoded is an error;
// one of a kind that this version does not know is kept as it is.
func (r *row) fill(b *bus.Batch, index int, scratch *bodies, words *intern) error {
	f := &b.Facts[index]
	raw := string(f.Raw)
	*r = row{
		Time: f.Time, ID: b.FactID(index), Kind: words.get(f.KindName), Sensor: words.get(b.Sensor),
		Scope: int32(f.Place.Scope), Transport: int32(f.Transport), VLAN: int32(f.VLAN),
		Src: words.addr(f.Src), Dst: words.addr(f.Dst), SrcPort: int32(f.SrcPort), DstPort: int32(f.DstPort),
		SrcHost: int64(f.SrcHost), DstHost: int64(f.DstHost), SrcMAC: words.mac(f.SrcMAC), DstMAC: words.mac(f.DstMAC),
		Flow: f.Flow, Tx: int32(f.Tx), Packet: int64(f.Packet), Offset: f.Offset, Ingest: f.Ingest, CaptureNo: int32(f.Capture), Body: raw,
	}
	if c := b.CaptureOf(f); c != nil {
		r.Capture = words.get(c.Name)
	}
	if !f.Known {
		return nil
	}
	body, err := scratch.decode(f.BodyKind, raw)
	if err != nil {
		return err
	}
	c := event.ColumnsOf(body)
	r.Protocol = words.get(c.Protocol)
	r.Name, r.Verb, r.Path, r.User, r.Status = column(c.Name), column(c.Verb), column(c.Path), column(c.User), column(c.Status)
	r.BytesOut, r.BytesIn, r.Packets = int64(c.BytesOut), int64(c.BytesIn), int64(c.Packets)
	return nil
}

// intern keeps one copy of words that come again and again.
type intern struct {
	words map[string]string
}

const maxWords = 1 << 14

func (w *intern) get(s string) string {
	if s == "" {
		return ""
	}
	if v, ok := w.words[s]; ok {
		return v
	}
	return w.add(strings.Clone(s))
}

func (w *intern) add(s string) string {
	if w.words == nil || len(w.words) >= maxWords {
		w.words = make(map[string]string, 256)
	}
	w.words[s] = s
	return s
}

func (w *intern) bytes(b []byte) string {
	if v, ok := w.words[string(b)]; ok {
		return v
	}
	return w.add(string(b))
}

func (w *intern) addr(a netip.Addr) string {
	switch {
	case a.Is4():
		v := a.As4()
		return w.bytes(v[:])
	case a.IsValid():
		v := a.As16()
		return w.bytes(v[:])
	}
	return ""
}

func (w *intern) mac(m ident.MAC) string {
	if m.IsZero() {
		return ""
	}
	return w.bytes(m[:])
}

func addrOf(s string) netip.Addr {
	a, _ := netip.AddrFromSlice([]byte(s))
	return a
}

func macOf(s string) (m ident.MAC) {
	copy(m[:], s)
	return m
}

// record gives the row as readers see it. The body is decoded when this
// version knows its kind.
func (r *row) record(tenant uint16) query.Record {
	out := query.Record{
		ID: bus.ID(r.Time, r.ID), Time: r.Time, Ingest: r.Ingest, Place: ident.Place{Tenant: tenant, Scope: uint16(r.Scope)},
		Sensor: r.Sensor, KindName: r.Kind, Capture: r.Capture, Packet: uint64(r.Packet), Offset: r.Offset, Flow: r.Flow,
		Transport: uint8(r.Transport), VLAN: uint16(r.VLAN), Protocol: r.Protocol, SrcMAC: macOf(r.SrcMAC), DstMAC: macOf(r.DstMAC),
		Src: addrOf(r.Src), Dst: addrOf(r.Dst), SrcPort: uint16(r.SrcPort), DstPort: uint16(r.DstPort),
		SrcHost: ident.HostKey(r.SrcHost), DstHost: ident.HostKey(r.DstHost),
		Name: r.Name, Verb: r.Verb, Path: r.Path, User: r.User, Status: r.Status,
		BytesOut: uint64(r.BytesOut), BytesIn: uint64(r.BytesIn), Packets: uint64(r.Packets),
	}
	kind, known := event.KindByName(r.Kind)
	if !known {
		return out
	}
	body, err := event.DecodeBody(kind, r.Body)
	if err != nil {
		return out
	}
	out.Kind = kind
	out.Fact = &event.Fact{
		Header: event.Header{
			Time: r.Time, Packet: out.Packet, Offset: r.Offset, Capture: uint32(r.CaptureNo), Place: out.Place, Flow: r.Flow, Tx: uint32(r.Tx),
			SrcMAC: out.SrcMAC, DstMAC: out.DstMAC, Src: out.Src, Dst: out.Dst, SrcPort: out.SrcPort, DstPort: out.DstPort,
			Transport: out.Transport, VLAN: out.VLAN,
		},
		Ingest: r.Ingest, SrcHost: out.SrcHost, DstHost: out.DstHost, Body: body,
	}
	if out.Src.IsValid() && out.Dst.IsValid() && out.Transport != 0 {
		out.Community = string(eve.AppendCommunityID(nil, out.Fact))
	}
	return out
}
