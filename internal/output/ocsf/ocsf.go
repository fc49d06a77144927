// Package ocsf puts facts, devices and findings into the Open Cybersecurity
// Schema Framework, version 1.3.0 (https://schema.ocsf.io), one JSON object a
// line. OCSF has no classes for M2M, industrial and medical protocols: such
// facts become network activity, and what only they say stands in "unmapped"
// under the names of our own event reference. It decides nothing about where
// lines go; package app gives it facts and takes the lines.
package ocsf

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"strconv"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Version is the version of the schema.
const Version = "1.3.0"

// Source says who reports.
type Source struct {
	Version string // of the program
	Sensor  string
}

// The classes that are used, by their class_uid.
const (
	authentication   = 3002
	networkActivity  = 4001
	httpActivity     = 4002
	dnsActivity      = 4003
	dhcpActivity     = 4004
	rdpActivity      = 4005
	smbActivity      = 4006
	sshActivity      = 4007
	ftpActivity      = 4008
	emailActivity    = 4009
	ntpActivity      = 4013
	vulnerability    = 2002
	compliance       = 2003
	detectionFinding = 2004
	inventoryInfo    = 5001
)

// class is how a kind of fact is told.
type class struct {
	uid  int
	name string
	// more fills in what the class has beside the envelope and gives the
	// activity_id.
	more func(o object, b event.Body) int
}

// object is a JSON object. Package json writes its keys in order, so that the
// same fact gives the same bytes.
type object = map[string]any

const other = 99 // activity and status ids: none of those listed

// classes says which kind of fact belongs to which class. Every other kind is
// network activity of the kind "other".
var classes = map[event.Kind]class{
	event.KindFlow:  {networkActivity, "Network Activity", flow},
	event.KindHTTP:  {httpActivity, "HTTP Activity", http},
	event.KindDNS:   {dnsActivity, "DNS Activity", dns},
	event.KindDHCP:  {dhcpActivity, "DHCP Activity", dhcp},
	event.KindRDP:   {rdpActivity, "RDP Activity", nil},
	event.KindSMB:   {smbActivity, "SMB Activity", nil},
	event.KindSSH:   {sshActivity, "SSH Activity", ssh},
	event.KindFTP:   {ftpActivity, "FTP Activity", nil},
	event.KindSMTP:  {emailActivity, "Email Activity", nil},
	event.KindNTP:   {ntpActivity, "NTP Activity", nil},
	event.KindLogin: {authentication, "Authentication", login},
}

// AppendFact appends the line of a fact.
func AppendFact(dst []byte, f *event.Fact, s Source) ([]byte, error) {
	c, ok := classes[f.Kind()]
	if !ok {
		c = class{networkActivity, "Network Activity", nil}
	}
	o := s.base(c.uid, c.name, f.Time)
	o["severity_id"], o["severity"] = 1, "Informational"
	o["src_endpoint"] = endpoint(f.Src, f.SrcPort, f.SrcMAC)
	o["dst_endpoint"] = endpoint(f.Dst, f.DstPort, f.DstMAC)
	if f.Transport != 0 {
		o["connection_info"] = object{"protocol_num": f.Transport, "direction_id": 0}
	}
	activity := other
	if c.more != nil {
		activity = c.more(o, f.Body)
	}
	o["activity_id"], o["type_uid"] = activity, c.uid*100+activity
	fields := append([]byte{'{'}, f.Body.AppendEVE(nil)...)
	fields = append(fields, '}')
	if !json.Valid(fields) {
		fields = []byte("{}")
	}
	o["unmapped"] = object{f.Kind().String(): json.RawMessage(fields)}
	return line(dst, o)
}

// base gives what every object has (Base Event).
func (s Source) base(uid int, name string, t int64) object {
	o := object{
		"class_uid": uid, "class_name": name, "category_uid": uid / 1000, "category_name": categories[uid/1000], "time": t / 1e6,
		"metadata": object{"version": Version, "product": object{"vendor_name": "Edgeward", "name": "edgeward", "version": s.Version}},
	}
	if s.Sensor != "" {
		o["metadata"].(object)["log_provider"] = s.Sensor
	}
	return o
}

var categories = map[int]string{2: "Findings", 3: "Identity & Access Management", 4: "Network Activity", 5: "Discovery"}

func line(dst []byte, o object) ([]byte, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return dst, err
	}
	return append(append(dst, b...), '\n'), nil
}

func endpoint(a netip.Addr, port uint16, mac ident.MAC) object {
	o := object{}
	if a.IsValid() {
		o["ip"] = a.String()
	}
	if port != 0 {
		o["port"] = port
	}
	if !mac.IsZero() {
		o["mac"] = mac.String()
	}
	return o
}

// set adds a field unless it is empty.
func set[T comparable](o object, key string, v T) {
	var zero T
	if v != zero {
		o[key] = v
	}
}

func flow(o object, body event.Body) int {
	b := body.(*event.Flow)
	o["start_time"], o["end_time"] = b.Start/1e6, b.End/1e6
	o["duration"] = max((b.End-b.Start)/1e6, 0)
	o["traffic"] = object{
		"packets_out": b.PktsToServer, "packets_in": b.PktsToClient, "packets": b.PktsToServer + b.PktsToClient,
		"bytes_out": b.BytesToServer, "bytes_in": b.BytesToClient, "bytes": b.BytesToServer + b.BytesToClient,
	}
	if b.AppProto != event.ProtoUnknown {
		o["app_name"] = b.AppProto.String()
	}
	switch b.State {
	case "rejected":
		return 5 // Refuse
	case "closed":
		return 2 // Close
	case "established":
		return 6 // Traffic
	}
	return 1 // Open
}

func http(o object, body event.Body) int {
	b := body.(*event.HTTP)
	request := object{"http_method": b.Method, "url": object{"hostname": b.Host, "path": b.URL}}
	set(request, "user_agent", b.UserAgent)
	set(request, "referrer", b.Referer)
	set(request, "version", b.Protocol)
	o["http_request"] = request
	if b.Status != 0 {
		response := object{"code": b.Status, "length": b.Length}
		set(response, "content_type", b.ContentType)
		o["http_response"] = response
	}
	return map[string]int{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8}[b.Method]
}

func dns(o object, body event.Body) int {
	b := body.(*event.DNS)
	o["query"] = object{"hostname": b.RRName, "type": b.RRType, "class": qclass(b.QClass), "opcode_id": b.Opcode}
	if !b.Answered {
		return 1 // Query
	}
	o["rcode_id"], o["rcode"] = b.RCodeNum, b.RCode
	answers := []object{}
	for _, a := range b.Answers {
		answers = append(answers, object{"type": a.Type, "ttl": a.TTL, "rdata": a.Data})
	}
	o["answers"] = answers
	return 6 // Traffic: both
}

func qclass(c uint16) string {
	if c == 1 || c == 0 {
		return "IN"
	}
	return strconv.Itoa(int(c))
}

func dhcp(o object, body event.Body) int {
	b := body.(*event.DHCP)
	set(o, "transaction_uid", strconv.FormatUint(uint64(b.ID), 16))
	if b.Lease != 0 {
		o["lease_dur"] = b.Lease
	}
	return map[string]int{"discover": 1, "offer": 2, "request": 3, "decline": 4, "ack": 5, "nak": 6, "release": 7, "inform": 8}[b.MsgType]
}

func ssh(o object, body event.Body) int {
	b := body.(*event.SSH)
	set(o, "protocol_ver", b.ServerProto)
	if b.HASSH != "" {
		o["client_hassh"] = object{"fingerprint": object{"algorithm_id": 1, "value": b.HASSH}}
	}
	if b.HASSHServer != "" {
		o["server_hassh"] = object{"fingerprint": object{"algorithm_id": 1, "value": b.HASSHServer}}
	}
	return 6
}

func login(o object, body event.Body) int {
	b := body.(*event.Login)
	o["user"] = object{"name": b.User}
	o["auth_protocol"] = b.Mechanism
	o["is_cleartext"] = b.Clear
	o["service"] = object{"name": b.Service.String()}
	switch b.Outcome {
	case "success":
		o["status_id"], o["status"] = 1, "Success"
	case "failure":
		o["status_id"], o["status"] = 2, "Failure"
	default:
		o["status_id"], o["status"] = 0, "Unknown"
	}
	if b.Count > 1 {
		o["count"] = b.Count
	}
	return 1 // Logon
}

// severities gives severity_id and its name.
var severities = map[ident.Severity]struct {
	id   int
	name string
}{ident.Info: {1, "Informational"}, ident.Low: {2, "Low"}, ident.Medium: {3, "Medium"}, ident.High: {4, "High"}, ident.Critical: {5, "Critical"}}

// AppendFinding appends the line of a finding as it is now.
func AppendFinding(dst []byte, f *finding.Record, s Source) ([]byte, error) {
	uid, name := detectionFinding, "Detection Finding"
	switch f.Kind {
	case finding.Vulnerability:
		uid, name = vulnerability, "Vulnerability Finding"
	case finding.Exposure, finding.Compliance:
		uid, name = compliance, "Compliance Finding"
	}
	o := s.base(uid, name, f.LastSeen)
	activity, status := 1, object{"id": 1, "name": "New"}
	switch {
	case f.Status == finding.Resolved:
		activity, status = 3, object{"id": 4, "name": "Resolved"} // Close
	case f.Mute != "":
		activity, status = 2, object{"id": 3, "name": "Suppressed"}
	case f.Status == finding.Acknowledged:
		activity, status = 2, object{"id": 2, "name": "In Progress"} // Update
	case f.Updated > f.Created:
		activity = 2
	}
	o["activity_id"], o["type_uid"] = activity, uid*100+activity
	o["status_id"], o["status"] = status["id"], status["name"]
	v := severities[f.Severity]
	o["severity_id"], o["severity"] = v.id, v.name
	o["count"], o["start_time"], o["end_time"] = f.Count, f.FirstSeen/1e6, f.LastSeen/1e6
	o["message"] = f.Explanation
	o["confidence_score"] = int(f.Confidence*100 + 0.5)
	info := object{"uid": f.ID, "title": f.Title, "desc": f.Explanation, "types": []string{f.Check}, "first_seen_time": f.FirstSeen / 1e6, "last_seen_time": f.LastSeen / 1e6,
		"analytic": object{"type_id": 1, "type": "Rule", "uid": f.Check, "name": f.Check}}
	if f.Remedy != "" {
		o["remediation"] = object{"desc": f.Remedy}
	}
	if uid == compliance {
		o["compliance"] = object{"control": f.Check, "standards": []string{"edgeward"}, "status_id": 3, "status": "Fail"}
	}
	if len(f.Attack) > 0 {
		list := []object{}
		for _, id := range f.Attack {
			list = append(list, object{"technique": object{"uid": id}})
		}
		info["attacks"] = list
	}
	o["finding_info"] = info
	device := object{"type_id": 0, "uid": f.Device}
	set(device, "name", f.Label)
	if a, err := netip.ParseAddr(f.Address); err == nil {
		device["ip"] = a.String()
	} else {
		set(device, "mac", f.Address)
	}
	o["device"] = device
	evidences := []object{}
	for _, p := range f.Peers {
		evidences = append(evidences, object{"dst_endpoint": object{"ip": p}})
	}
	for _, e := range f.Evidence {
		evidences = append(evidences, object{"data": object{"summary": e.Summary, "packet": e.Packet, "time": ident.Time(e.Time)}})
	}
	if len(evidences) > 0 {
		o["evidences"] = evidences
	}
	return line(dst, o)
}

// types gives device.type_id for our types; the rest is IOT, which is what
// they are.
var types = map[string]int{"server": 1, "nas": 1, "computer": 2, "phone": 5, "tablet": 4, "router": 12, "access-point": 10, "unknown": 0}

// AppendDevice appends the line of a device (Device Inventory Info).
func AppendDevice(dst []byte, d *asset.Record, s Source) ([]byte, error) {
	const iot, collect = 7, 2
	o := s.base(inventoryInfo, "Device Inventory Info", d.LastSeen)
	o["activity_id"], o["type_uid"] = collect, inventoryInfo*100+collect
	o["severity_id"], o["severity"] = 1, "Informational"
	kind, ok := types[d.Kind()]
	if !ok {
		kind = iot
	}
	device := object{"uid": d.ID, "name": d.Label(), "type_id": kind, "type": d.Kind(), "first_seen_time": d.FirstSeen / 1e6, "last_seen_time": d.LastSeen / 1e6, "risk_score": d.Risk}
	if len(d.Names) > 0 {
		device["hostname"] = d.Names[0]
	}
	if len(d.Addresses) > 0 {
		device["ip"] = d.Addresses[0].String()
	}
	if len(d.MACs) > 0 {
		device["mac"] = d.MACs[0].String()
	}
	set(device, "vendor_name", cmp.Or(d.Set.Vendor, d.Vendor.Value))
	set(device, "model", cmp.Or(d.Set.Model, d.Model.Value))
	set(device, "zone", cmp.Or(d.Set.Zone, d.Zone))
	set(device, "location_desc", d.Set.Location)
	if d.OS.Known() {
		device["os"] = object{"name": d.OS.Value, "type_id": 0}
	}
	if d.Firmware.Known() {
		device["hw_info"] = object{"bios_ver": d.Firmware.Value}
	}
	interfaces := []object{}
	for i, a := range d.Addresses {
		n := object{"ip": a.String(), "type_id": 0}
		if i < len(d.MACs) {
			n["mac"] = d.MACs[i].String()
		}
		interfaces = append(interfaces, n)
	}
	if len(interfaces) > 0 {
		device["network_interfaces"] = interfaces
	}
	o["device"] = device
	if d.Set.Owner != "" {
		o["actor"] = object{"user": object{"name": d.Set.Owner}}
	}
	return line(dst, o)
}
