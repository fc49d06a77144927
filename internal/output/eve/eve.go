// Package eve writes facts and findings as JSON lines in the shape of
// Suricata's EVE, with Suricata's event types and field names where it has
// them and ours in the same spirit where it has not. Every line carries
// edgeward_eve, the version of this format.
//
// It knows nothing of where lines go. Package app and the command line use it.
package eve

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/netip"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Version is the version of the format.
const Version = 1

// Writer writes lines. It is used by one goroutine.
type Writer struct {
	w      io.Writer
	sensor string
	buf    []byte
	err    error
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

// NewWriter makes a Writer whose lines name the sensor, if it has a name.
func NewWriter(w io.Writer, sensor string) *Writer {
	return &Writer{w: w, sensor: sensor, buf: make([]byte, 0, flushAt+16<<10)}
}

// Fact writes one fact.
func (w *Writer) Fact(f *event.Fact) {
	w.buf = AppendFact(w.buf, f, w.sensor)
	w.end()
}

// Alert writes a finding, as it is now, as an alert.
func (w *Writer) Alert(f *finding.Finding) {
	w.buf = AppendAlert(w.buf, f, w.sensor)
	w.end()
}

// Stats writes a statistics line: members is JSON without braces.
func (w *Writer) Stats(now int64, members []byte) {
	b := append(w.buf, `{"timestamp":"`...)
	b = ident.AppendTime(b, now)
	b = append(b, '"')
	b = appendHost(b, w.sensor)
	b = append(b, `,"event_type":"stats","edgeward_eve":1,"stats":{`...)
	b = append(b, members...)
	w.buf = append(b, '}', '}')
	w.end()
}

func (w *Writer) end() {
	w.buf = append(w.buf, '\n')
	if len(w.buf) >= flushAt {
		_ = w.Flush() // the writer keeps the error for the last Flush
	}
}

// Flush writes out what is gathered and gives the first error there was.
func (w *Writer) Flush() error {
	if len(w.buf) > 0 && w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
	return w.err
}

// AppendFact appends a fact as one JSON object.
func AppendFact(b []byte, f *event.Fact, sensor string) []byte {
	kind := f.Kind()
	b = append(b, `{"timestamp":"`...)
	b = ident.AppendTime(b, f.Time)
	b = append(b, '"')
	if f.Flow != 0 {
		b = append(b, `,"flow_id":`...)
		b = strconv.AppendUint(b, f.Flow, 10)
	}
	b = appendHost(b, sensor)
	if f.Packet != 0 {
		b = append(b, `,"pcap_cnt":`...)
		b = strconv.AppendUint(b, f.Packet, 10)
	}
	b = append(b, `,"event_type":"`...)
	b = append(b, kind.String()...)
	b = append(b, '"')
	if f.VLAN != 0 {
		b = append(b, `,"vlan":[`...)
		b = strconv.AppendUint(b, uint64(f.VLAN), 10)
		b = append(b, ']')
	}
	if f.Place.Tenant != 0 {
		b = append(b, `,"tenant_id":`...)
		b = strconv.AppendUint(b, uint64(f.Place.Tenant), 10)
	}
	if f.Place.Scope != 0 {
		b = append(b, `,"scope":`...)
		b = strconv.AppendUint(b, uint64(f.Place.Scope), 10)
	}
	ports := f.Transport == 6 || f.Transport == 17 || f.Transport == 132
	b = appendEndpoint(b, "src", f.Src, f.SrcPort, ports)
	b = appendEndpoint(b, "dest", f.Dst, f.DstPort, ports)
	if f.Transport != 0 {
		b = append(b, `,"proto":"`...)
		b = appendTransport(b, f.Transport)
		b = append(b, '"')
	}
	if f.Src.IsValid() && f.Dst.IsValid() && f.Transport != 0 {
		b = append(b, `,"community_id":"`...)
		b = AppendCommunityID(b, f)
		b = append(b, '"')
	}
	if !f.SrcMAC.IsZero() || !f.DstMAC.IsZero() {
		b = append(b, `,"ether":{"src_mac":"`...)
		b, _ = f.SrcMAC.AppendText(b)
		b = append(b, `","dest_mac":"`...)
		b, _ = f.DstMAC.AppendText(b)
		b = append(b, `"}`...)
	}
	if f.Tx != 0 {
		b = append(b, `,"tx_id":`...)
		b = strconv.AppendUint(b, uint64(f.Tx-1), 10)
	}
	b = append(b, `,"edgeward_eve":1,"`...)
	b = append(b, kind.String()...)
	b = append(b, '"', ':', '{')
	if flow, ok := f.Body.(*event.Flow); ok {
		b = flow.AppendEVE(b)
		b = append(b, '}')
		if flow.AppProto != event.ProtoUnknown {
			b = append(b, `,"app_proto":"`...)
			b = append(b, flow.AppProto.String()...)
			b = append(b, '"')
		}
		return append(b, '}')
	}
	b = f.Body.AppendEVE(b)
	return append(b, '}', '}')
}

// appendHost appends the name of the sensor, if it has one.
func appendHost(b []byte, sensor string) []byte {
	if sensor == "" {
		return b
	}
	b = append(b, `,"host":`...)
	return event.AppendJSONString(b, sensor)
}

func appendEndpoint(b []byte, side string, a netip.Addr, port uint16, ports bool) []byte {
	if !a.IsValid() {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, side...)
	b = append(b, `_ip":"`...)
	b = a.AppendTo(b)
	b = append(b, '"')
	if ports {
		b = append(b, ',', '"')
		b = append(b, side...)
		b = append(b, `_port":`...)
		b = strconv.AppendUint(b, uint64(port), 10)
	}
	return b
}

func appendTransport(b []byte, t uint8) []byte {
	switch t {
	case 1:
		return append(b, "ICMP"...)
	case 2:
		return append(b, "IGMP"...)
	case 6:
		return append(b, "TCP"...)
	case 17:
		return append(b, "UDP"...)
	case 58:
		return append(b, "IPv6-ICMP"...)
	case 132:
		return append(b, "SCTP"...)
	}
	return strconv.AppendUint(b, uint64(t), 10)
}

// AppendCommunityID appends the Community ID, version 1, seed 0, of a fact's
// addresses (github.com/corelight/community-id-spec).
func AppendCommunityID(b []byte, f *event.Fact) []byte {
	var in [2 + 16 + 16 + 2 + 4]byte
	src, dst, sp, dp := f.Src, f.Dst, f.SrcPort, f.DstPort
	if f.Transport == 1 || f.Transport == 58 {
		sp, dp = icmpPorts(f)
	}
	if c := src.Compare(dst); c > 0 || c == 0 && sp > dp {
		src, dst, sp, dp = dst, src, dp, sp
	}
	n := 2
	n += copyAddr(in[n:], src)
	n += copyAddr(in[n:], dst)
	in[n] = f.Transport
	n += 2
	if f.Transport == 1 || f.Transport == 58 || f.Transport == 6 || f.Transport == 17 || f.Transport == 132 {
		binary.BigEndian.PutUint16(in[n:], sp)
		binary.BigEndian.PutUint16(in[n+2:], dp)
		n += 4
	}
	sum := sha1.Sum(in[:n])
	b = append(b, "1:"...)
	return base64.StdEncoding.AppendEncode(b, sum[:])
}

func copyAddr(b []byte, a netip.Addr) int {
	if a.Is4() {
		v := a.As4()
		return copy(b, v[:])
	}
	v := a.As16()
	return copy(b, v[:])
}

// icmpPorts gives the type and its answer's type (or the code) as the
// specification wants them in place of ports.
func icmpPorts(f *event.Fact) (uint16, uint16) {
	var typ, code uint8
	switch body := f.Body.(type) {
	case *event.Flow:
		typ, code = body.ICMPType, body.ICMPCode
	case *event.ICMP:
		typ, code = body.Type, body.Code
	}
	pairs := map[uint8]uint8{8: 0, 0: 8, 9: 10, 10: 9, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
	if f.Transport == 58 {
		pairs = map[uint8]uint8{128: 129, 129: 128, 130: 131, 131: 130, 133: 134, 134: 133, 135: 136, 136: 135, 139: 140, 140: 139, 144: 145, 145: 144}
	}
	if other, ok := pairs[typ]; ok {
		return uint16(typ), uint16(other)
	}
	return uint16(typ), uint16(code)
}

// AppendAlert appends a finding as an EVE alert.
func AppendAlert(b []byte, f *finding.Finding, sensor string) []byte {
	b = append(b, `{"timestamp":"`...)
	b = ident.AppendTime(b, f.LastSeen)
	b = append(b, '"')
	b = appendHost(b, sensor)
	for _, e := range f.Evidence {
		if e.Packet != 0 {
			b = append(b, `,"pcap_cnt":`...)
			b = strconv.AppendUint(b, e.Packet, 10)
			break
		}
	}
	b = append(b, `,"event_type":"alert"`...)
	if f.Address != "" {
		b = append(b, `,"src_ip":`...)
		b = event.AppendJSONString(b, f.Address)
	}
	if len(f.Peers) > 0 {
		b = append(b, `,"dest_ip":`...)
		b = event.AppendJSONString(b, f.Peers[0])
	}
	b = append(b, `,"edgeward_eve":1,"alert":{"action":"allowed","gid":1,"signature":`...)
	b = event.AppendJSONString(b, f.Check+": "+f.Title)
	b = append(b, `,"category":`...)
	b = event.AppendJSONString(b, string(f.Kind))
	b = append(b, `,"severity":`...)
	b = strconv.AppendInt(b, int64(eveSeverity(f.Severity)), 10)
	b = append(b, `,"metadata":{"attack":[`...)
	for i, a := range f.Attack {
		if i > 0 {
			b = append(b, ',')
		}
		b = event.AppendJSONString(b, a)
	}
	b = append(b, `]}},"finding":{"id":"`...)
	b = append(b, f.ID...)
	b = append(b, `","check":`...)
	b = event.AppendJSONString(b, f.Check)
	b = append(b, `,"severity":"`...)
	b = append(b, f.Severity.String()...)
	b = append(b, `","confidence":`...)
	b = strconv.AppendFloat(b, f.Confidence, 'g', 3, 64)
	b = append(b, `,"count":`...)
	b = strconv.AppendUint(b, f.Count, 10)
	if f.Device != "" {
		b = append(b, `,"device":`...)
		b = event.AppendJSONString(b, f.Device)
	}
	b = append(b, `,"first_seen":"`...)
	b = ident.AppendTime(b, f.FirstSeen)
	b = append(b, `","last_seen":"`...)
	b = ident.AppendTime(b, f.LastSeen)
	b = append(b, `","explanation":`...)
	b = event.AppendJSONString(b, f.Explanation)
	if f.Incident != "" {
		b = append(b, `,"incident":"`...)
		b = append(b, f.Incident...)
		b = append(b, '"')
	}
	return append(b, '}', '}')
}

// eveSeverity maps to Suricata's numbers, where 1 is the gravest.
func eveSeverity(s ident.Severity) int {
	switch s {
	case ident.Critical, ident.High:
		return 1
	case ident.Medium:
		return 2
	case ident.Low:
		return 3
	}
	return 4
}
