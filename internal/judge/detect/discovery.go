package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
)

const (
	discoverySpan  = 60 * second
	discoveryLimit = 5 // distinct hosts asked for a device's service one by one
)

// discovery finds who looks for devices by their own protocols, one host
// after the other. Questions to a multicast group are how discovery is meant
// to work, and are left alone.
type discovery struct {
	e      *Engine
	askers *table[m2mAsker]
}

// m2mAsker is what is remembered of one asking host.
type m2mAsker struct {
	pin
	asked  crowd // hosts asked
	deaf   crowd // hosts that were probed on a device's port, the port in the note
	protos wordSet
}

func (a *m2mAsker) clean() {
	asked, deaf := a.asked, a.deaf
	asked.clean()
	deaf.clean()
	*a = m2mAsker{asked: asked, deaf: deaf}
}

func newDiscovery(e *Engine) *discovery {
	return &discovery{e: e, askers: newTable[m2mAsker](maxScanners)}
}

func (d *discovery) kinds() []event.Kind {
	return []event.Kind{event.KindFlow, event.KindCoAP, event.KindModbus, event.KindENIP, event.KindBACnet, event.KindS7, event.KindICS, event.KindKasa, event.KindSSDP, event.KindMQTTSN}
}

func (d *discovery) close() {}

// m2mPorts are ports on which only devices and their servers listen. Probing
// many hosts on one of them tells what is looked for; by itself a port says
// nothing.
var m2mPorts = map[uint16]string{
	1883: "MQTT", 8883: "MQTT", 1884: "MQTT-SN", 5683: "CoAP", 5684: "CoAP", 5685: "CoAP", 5672: "AMQP", 502: "Modbus", 802: "Modbus",
	102: "S7 or MMS", 20000: "DNP3", 44818: "EtherNet/IP", 2222: "EtherNet/IP", 47808: "BACnet", 4840: "OPC UA", 2404: "IEC 60870-5-104", 4712: "Synchrophasor",
	9600: "FINS", 48898: "ADS", 5007: "MELSEC", 5094: "HART-IP", 34964: "PROFINET", 1911: "Fox", 4911: "Fox", 18245: "GE-SRTP", 1962: "PCWorx", 789: "Crimson",
	104: "DICOM", 11112: "DICOM", 4242: "DICOM", 2575: "HL7", 9999: "Kasa", 6668: "Tuya", 37777: "Dahua", 34567: "DVRIP", 554: "RTSP", 8554: "RTSP", 3702: "WS-Discovery", 1900: "SSDP",
}

func (d *discovery) fact(s *sight) {
	if s.group || !s.Src.IsValid() {
		return
	}
	proto := ""
	switch b := s.Body.(type) {
	case *event.Flow:
		d.flow(s, b)
		return
	case *event.CoAP:
		if b.Method == "GET" && strings.HasSuffix(b.Path, ".well-known/core") && b.Dir == event.ToServer {
			proto = "CoAP"
		}
	case *event.SSDP:
		if b.Method == "M-SEARCH" {
			proto = "SSDP"
		}
	case *event.MQTTSN:
		if b.Type == "searchgw" || b.Type == "SEARCHGW" {
			proto = "MQTT-SN"
		}
	case *event.Kasa:
		if strings.HasSuffix(b.Command, "get_sysinfo") && s.Transport == protoUDP {
			proto = "Kasa"
		}
	case event.Operator:
		if requestOf(s).class == event.OpDiscover {
			proto = b.Operation().Protocol
		}
	}
	if proto == "" {
		return
	}
	a := d.askers.make(hostKey(s.Place, s.Src))
	if a.asked.meet(s, s.Dst, discoverySpan, 0) >= discoveryLimit {
		d.report(s, a, &a.asked, proto, 1)
	}
}

// flow counts the hosts that were probed on a device's port: without an
// answer, or with a first word and nothing after it.
func (d *discovery) flow(s *sight, f *event.Flow) {
	name, ok := m2mPorts[s.DstPort]
	if !ok || classify(s, f) == noProbe {
		return
	}
	a := d.askers.make(hostKey(s.Place, s.Src))
	a.deaf.meet(s, s.Dst, discoverySpan, s.DstPort)
	hosts := 0
	for _, m := range a.deaf.marks {
		if m.note == s.DstPort && near(m.time, s.when, discoverySpan) {
			hosts++
		}
	}
	if hosts >= discoveryLimit {
		d.report(s, a, &a.deaf, name, uint64(f.Aggregated)+1)
	}
}

func (d *discovery) report(s *sight, a *m2mAsker, c *crowd, proto string, n uint64) {
	a.protos.add(proto)
	rec := d.e.report("recon.m2m-discovery", s, &s.src, "")
	if rec.isNew() {
		a.keep()
		rec.trail(d.e, c.marks, "asked for "+proto, false)
		rec.since(c.marks, discoverySpan)
		c.join(rec)
		n = max(n, uint64(len(c.marks)))
		rec.tell = func() string {
			return fmt.Sprintf("%s asked %s one by one for %s, within %s.", rec.address, count(rec.peerSet.count(), "host"), a.protos.String(), span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&d.e.ledger, s.when, n)
}
