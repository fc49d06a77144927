package logs

import (
	"bytes"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/netflow"
)

// eveLines reads EVE JSON lines.
type eveLines struct {
	lines
	names nameLookups
}

// next reads one line.
func (e *eveLines) next(r *Reader) error {
	line, err := e.read(r)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	d := &r.doc
	if err := d.parse(line); err != nil {
		return err
	}
	what := string(d.scalar(0, "event_type"))
	body := d.find(0, what)
	switch what {
	case "flow", "dns", "http", "tls", "mqtt", "dhcp", "ssh":
		if body < 0 {
			return bad("an event of type %s has no member of that name", what)
		}
	default:
		return errSkip
	}
	h := r.header()
	if err := eveHeader(d, &h); err != nil {
		return err
	}
	if what == "dns" {
		return e.names.line(r, &h, body)
	}
	switch what {
	case "flow":
		return r.eveFlow(body, &h)
	case "http":
		r.eveHTTP(body, &h)
	case "tls":
		r.eveTLS(body, &h)
	case "mqtt":
		return r.eveMQTT(body, &h)
	case "dhcp":
		r.eveDHCP(body, &h)
	case "ssh":
		r.eveSSH(body, &h)
	}
	return nil
}

// drain gives the questions that nobody answered.
func (e *eveLines) drain(r *Reader, n int) bool { return e.names.drain(r, n) }

// eveHeader reads what all events have in common.
func eveHeader(d *document, h *event.Header) error {
	var ok bool
	if h.Time, ok = parseTime(d.scalar(0, "timestamp")); !ok {
		return bad("the time %q is none", clip(d.scalar(0, "timestamp")))
	}
	h.Flow = count(d.scalar(0, "flow_id"))
	if h.Src, ok = parseAddr(d.scalar(0, "src_ip")); !ok && d.find(0, "src_ip") >= 0 {
		return bad("the address %q is none", clip(d.scalar(0, "src_ip")))
	}
	if h.Dst, ok = parseAddr(d.scalar(0, "dest_ip")); !ok && d.find(0, "dest_ip") >= 0 {
		return bad("the address %q is none", clip(d.scalar(0, "dest_ip")))
	}
	h.SrcPort, h.DstPort = count16(d.scalar(0, "src_port")), count16(d.scalar(0, "dest_port"))
	h.Transport = transport(d.scalar(0, "proto"), h.Src.Is6())
	if tags := d.find(0, "vlan"); tags >= 0 && d.nodes[tags].first > 0 {
		h.VLAN = count16(d.text1(d.nodes[tags].first)) & 0xfff
	}
	if e := d.find(0, "ether"); e >= 0 {
		h.SrcMAC, h.DstMAC = mac(eitherMAC(d, e, "src_mac")), mac(eitherMAC(d, e, "dest_mac"))
	}
	return nil
}

// eitherMAC gives a MAC address, or the only one of the list that flows have.
func eitherMAC(d *document, ether int32, name string) []byte {
	if v := d.scalar(ether, name); v != nil {
		return v
	}
	list := d.find(ether, name+"s")
	if list < 0 || d.nodes[list].first == 0 || d.nodes[d.nodes[list].first].next != 0 {
		return nil
	}
	return d.text1(d.nodes[list].first)
}

// linkHeader is what Suricata's byte counts have of the link layer.
const linkHeader = 14

// eveFlow makes a flow.
func (r *Reader) eveFlow(body int32, h *event.Header) error {
	d := &r.doc
	start, ok1 := parseTime(d.scalar(body, "start"))
	end, ok2 := parseTime(d.scalar(body, "end"))
	if !ok1 || !ok2 {
		return bad("the flow has no times")
	}
	h.Time = end
	f := emit[event.Flow](r, h)
	if f.Origin = "suricata"; d.find(0, "edgeward_eve") >= 0 {
		f.Origin = "edgeward"
	}
	f.Start, f.End, f.Age = start, max(start, end), uint32(min(max(end-start, 0)/second, 1<<32-1))
	if f.AppProto = parseProto(d.scalar(0, "app_proto"), h.DstPort); f.AppProto != event.ProtoUnknown {
		f.AppProtoBy = "content"
	}
	f.PktsToServer, f.PktsToClient = count(d.scalar(body, "pkts_toserver")), count(d.scalar(body, "pkts_toclient"))
	f.BytesToServer, f.BytesToClient = count(d.scalar(body, "bytes_toserver")), count(d.scalar(body, "bytes_toclient"))
	f.State, f.Reason = r.text(d.scalar(body, "state")), r.text(d.scalar(body, "reason"))
	f.ICMPType, f.ICMPCode = count8(d.scalar(0, "icmp_type")), count8(d.scalar(0, "icmp_code"))
	if tcp := d.find(0, "tcp"); tcp >= 0 {
		f.TCPFlagsTS, f.TCPFlagsTC = hexByte(d.scalar(tcp, "tcp_flags_ts")), hexByte(d.scalar(tcp, "tcp_flags_tc"))
	}
	if v := d.scalar(body, "tcp_flags_ts"); v != nil {
		f.TCPFlagsTS = count8(v)
	}
	if v := d.scalar(body, "tcp_flags_tc"); v != nil {
		f.TCPFlagsTC = count8(v)
	}
	if h.Transport == protoTCP {
		f.Midstream = (f.TCPFlagsTS|f.TCPFlagsTC)&(flagSYN|flagRST) == 0
		mendMidstream(f)
	}
	f.DataToServer, f.DataToClient = count(d.scalar(body, "payload_toserver")), count(d.scalar(body, "payload_toclient"))
	if f.Origin == "suricata" {
		suricataPayload(f, h)
	}
	f.OneSided = f.PktsToServer == 0 || f.PktsToClient == 0
	f.ConnState = event.ConnState(h.Transport, [2]uint64{f.PktsToServer, f.PktsToClient}, [2]uint8{f.TCPFlagsTS, f.TCPFlagsTC})
	return nil
}

// suricataPayload works out how much payload went at the least, since
// Suricata counts the bytes of whole frames.
func suricataPayload(f *event.Flow, h *event.Header) {
	v6 := h.Src.Is6()
	f.DataToServer = netflow.Payload(f.BytesToServer-min(f.BytesToServer, linkHeader*f.PktsToServer), f.PktsToServer, v6, h.Transport, f.TCPFlagsTS)
	f.DataToClient = netflow.Payload(f.BytesToClient-min(f.BytesToClient, linkHeader*f.PktsToClient), f.PktsToClient, v6, h.Transport, f.TCPFlagsTC)
}

// hexByte reads TCP flags as Suricata writes them.
func hexByte(b []byte) uint8 {
	v, _ := strconv.ParseUint(string(b[:min(len(b), 4)]), 16, 16)
	return uint8(v)
}
