package query

import (
	"sort"
	"strings"
	"sync"

	"edgeward/internal/event"
)

// Column is one of the columns that every stored fact has.
type Column uint8

// The columns. Src, Dst and the MACs hold bytes in the store; tests see them
// as addresses and as text.
const (
	ColTime Column = iota
	ColKind
	ColSensor
	ColScope
	ColTransport
	ColVLAN
	ColProtocol
	ColSrcMAC
	ColDstMAC
	ColSrc
	ColDst
	ColSrcPort
	ColDstPort
	ColSrcHost
	ColDstHost
	ColName
	ColVerb
	ColPath
	ColUser
	ColStatus
	ColBytesOut
	ColBytesIn
	ColPackets
	ColFlow
	ColCapture
	ColPacket
	ColIngest
	ColBytes // the sum of both directions; no column of its own
	ColumnCount
)

// Type says what a field holds.
type Type string

// The types of fields, as in the registry and a few more.
const (
	TypeString Type = "string"
	TypeInt    Type = "int"
	TypeBool   Type = "bool"
	TypeTime   Type = "time"
	TypeIP     Type = "ip"
	TypeMAC    Type = "mac"
	TypeSecret Type = "secret"
)

// BodyField is a field of the bodies of one kind: its place in the registry.
type BodyField struct {
	Kind  event.Kind
	Index int
	Type  Type
}

// Field is a name that a query may use.
type Field struct {
	Name    string
	Aliases []string
	Type    Type
	Doc     string
	Columns []Column    // one of these matches; empty for body fields
	Body    []BodyField // of several kinds when they have the name in common
	Values  []string    // those that are known, for completion
}

var transports = map[string]int64{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "icmpv6": 58, "sctp": 132}

// envelope lists the fields of every fact.
var envelope = []Field{
	{Name: "time", Aliases: []string{"timestamp"}, Type: TypeTime, Columns: []Column{ColTime}, Doc: "packet time: 2026-11-22, 2026-11-22T10:15, -1h for an hour ago"},
	{Name: "kind", Aliases: []string{"event_type"}, Type: TypeString, Columns: []Column{ColKind}, Doc: "kind of the fact"},
	{Name: "proto", Aliases: []string{"app_proto", "protocol"}, Type: TypeString, Columns: []Column{ColProtocol}, Doc: "application protocol"},
	{Name: "host", Aliases: []string{"ip", "addr"}, Type: TypeIP, Columns: []Column{ColSrc, ColDst}, Doc: "address of either side, a network as 10.0.0.0/8"},
	{Name: "src", Aliases: []string{"src_ip"}, Type: TypeIP, Columns: []Column{ColSrc}, Doc: "address of the side that asked"},
	{Name: "dst", Aliases: []string{"dest_ip", "dst_ip", "dest"}, Type: TypeIP, Columns: []Column{ColDst}, Doc: "address of the side that was asked"},
	{Name: "port", Type: TypeInt, Columns: []Column{ColSrcPort, ColDstPort}, Doc: "port of either side; 8000..9000 for a range"},
	{Name: "sport", Aliases: []string{"src_port"}, Type: TypeInt, Columns: []Column{ColSrcPort}, Doc: "port of the side that asked"},
	{Name: "dport", Aliases: []string{"dest_port", "dst_port"}, Type: TypeInt, Columns: []Column{ColDstPort}, Doc: "port of the side that was asked"},
	{Name: "transport", Aliases: []string{"ip_proto"}, Type: TypeInt, Columns: []Column{ColTransport}, Doc: "tcp, udp, icmp, or the IP protocol number"},
	{Name: "mac", Type: TypeMAC, Columns: []Column{ColSrcMAC, ColDstMAC}, Doc: "MAC address of either side"},
	{Name: "src_mac", Type: TypeMAC, Columns: []Column{ColSrcMAC}, Doc: "MAC address of the side that asked"},
	{Name: "dst_mac", Aliases: []string{"dest_mac"}, Type: TypeMAC, Columns: []Column{ColDstMAC}, Doc: "MAC address of the side that was asked"},
	{Name: "name", Type: TypeString, Columns: []Column{ColName}, Doc: "who was asked for: DNS name, TLS server name, HTTP host, AE title"},
	{Name: "verb", Type: TypeString, Columns: []Column{ColVerb}, Doc: "what was asked: method, packet type, function"},
	{Name: "path", Type: TypeString, Columns: []Column{ColPath}, Doc: "of what: URL, topic, resource, register, file"},
	{Name: "user", Type: TypeString, Columns: []Column{ColUser}, Doc: "as whom: user, client id, calling AE title"},
	{Name: "status", Type: TypeString, Columns: []Column{ColStatus}, Doc: "with which outcome: code, reason, success or failure"},
	{Name: "bytes", Type: TypeInt, Columns: []Column{ColBytes}, Doc: "of a flow, both directions; 10k, 5M"},
	{Name: "bytes_out", Type: TypeInt, Columns: []Column{ColBytesOut}, Doc: "of a flow, from the side that asked"},
	{Name: "bytes_in", Type: TypeInt, Columns: []Column{ColBytesIn}, Doc: "of a flow, to the side that asked"},
	{Name: "packets", Type: TypeInt, Columns: []Column{ColPackets}, Doc: "of a flow"},
	{Name: "vlan", Type: TypeInt, Columns: []Column{ColVLAN}, Doc: "VLAN id"},
	{Name: sensorField, Type: TypeString, Columns: []Column{ColSensor}, Doc: "name or id of the sensor"},
	{Name: "scope", Type: TypeInt, Columns: []Column{ColScope}, Doc: "number of the place"},
	{Name: "flow", Aliases: []string{"flow_id"}, Type: TypeInt, Columns: []Column{ColFlow}, Doc: "flow id: all facts of one flow"},
	{Name: "capture", Aliases: []string{"pcap_filename"}, Type: TypeString, Columns: []Column{ColCapture}, Doc: "name of the capture file"},
	{Name: "packet", Aliases: []string{"pcap_cnt"}, Type: TypeInt, Columns: []Column{ColPacket}, Doc: "number of the packet in the capture"},
	{Name: "ingest", Type: TypeTime, Columns: []Column{ColIngest}, Doc: "when the sensor saw it"},
	{Name: deviceField, Type: TypeString, Columns: []Column{ColSrcHost, ColDstHost}, Doc: "id or label of a device, whatever its addresses were"},
	{Name: siteField, Type: TypeString, Columns: []Column{ColSensor}, Doc: "site of the sensor"},
	{Name: lastField, Type: TypeTime, Columns: []Column{ColTime}, Doc: "the last 15m, 24h, 7d"},
}

// The fields that are not plain comparisons.
const (
	deviceField = "device"
	siteField   = "site"
	sensorField = "sensor"
	lastField   = "last"
)

// table has all fields by name and by alias.
type table struct {
	list   []*Field // by name, envelope first
	byName map[string]*Field
}

var fields = sync.OnceValue(func() *table {
	t := &table{byName: map[string]*Field{}}
	for i := range envelope {
		f := &envelope[i]
		switch f.Name {
		case "kind":
			for _, k := range event.Registry {
				f.Values = append(f.Values, k.Name)
			}
		case "proto":
			for p := 1; p < event.ProtoCount; p++ {
				f.Values = append(f.Values, event.Proto(p).String())
			}
			sort.Strings(f.Values)
		case "transport":
			for n := range transports {
				f.Values = append(f.Values, n)
			}
			sort.Strings(f.Values)
		}
		t.list = append(t.list, f)
		t.byName[f.Name] = f
		for _, a := range f.Aliases {
			t.byName[a] = f
		}
	}
	var body []*Field
	short := map[string]*Field{}
	for _, k := range event.Registry {
		for i, info := range k.Fields {
			b := BodyField{Kind: k.Kind, Index: i, Type: Type(info.Type)}
			f := &Field{Name: k.Name + "." + info.Name, Type: b.Type, Doc: info.Doc, Body: []BodyField{b}}
			if t.byName[f.Name] == nil {
				t.byName[f.Name] = f
				body = append(body, f)
			}
			// The name alone means the field of all kinds that have it, unless
			// the envelope has it too.
			if s := short[info.Name]; s != nil {
				s.Body = append(s.Body, b)
				s.Doc = ""
			} else if t.byName[info.Name] == nil {
				short[info.Name] = &Field{Name: info.Name, Type: b.Type, Doc: info.Doc, Body: []BodyField{b}}
			}
		}
	}
	for name, f := range short {
		t.byName[name] = f
		body = append(body, f)
	}
	sort.Slice(body, func(i, j int) bool { return body[i].Name < body[j].Name })
	for _, f := range body {
		if f.Type == TypeBool {
			f.Values = []string{"true", "false"}
		}
	}
	t.list = append(t.list, body...)
	return t
})

// Fields gives all fields that a query may use, those of every fact first.
func Fields() []*Field { return fields().list }

// FieldByName gives the field of that name or alias, in any case; nil for none.
func FieldByName(name string) *Field { return fields().byName[strings.ToLower(name)] }

// nearest gives the field's name that is most like a wrong one, empty when
// none is like it.
func nearest(name string) string {
	name = strings.ToLower(name)
	best, at := "", 1+max(1, min(len(name)/3, 3))
	for _, f := range fields().list {
		for _, n := range append([]string{f.Name}, f.Aliases...) {
			if d := distance(name, n, at); d < at {
				best, at = n, d
			}
		}
	}
	return best
}

// distance is the number of letters to insert, delete, change or swap, counted
// no further than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 || len(b) > 64 {
		return limit
	}
	var rows [3][65]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
