package profile

import (
	"strings"

	"edgeward/internal/event"
)

// maxActs bounds the acts of one fact: the filters of a SUBSCRIBE.
const maxActs = 16

// actsOf appends what a transaction does; nothing for facts that are no
// transactions, or whose verbs nobody limits.
func actsOf(body event.Body, acts []Act) []Act {
	switch b := body.(type) {
	case *event.DNS:
		return append(acts, queryOf(b))
	case *event.NTP:
		if b.Mode == 4 || b.Mode == 2 || b.Mode == 5 { // answers and broadcasts
			return acts
		}
		return append(acts, Act{Op: ntpMode(b.Mode), Size: b.ReqLen})
	case *event.HTTP:
		if b.Method == "" {
			return acts
		}
		path, _, _ := strings.Cut(b.URL, "?")
		if i := strings.Index(path, "://"); i >= 0 { // of a request to a proxy
			if _, rest, ok := strings.Cut(path[i+3:], "/"); ok {
				path = "/" + rest
			} else {
				path = "/"
			}
		}
		return append(acts, Act{Op: lower(b.Method), Target: path, Size: clip(b.ReqLength)})
	case *event.RTSP:
		return append(acts, Act{Op: lower(b.Method)})
	case *event.MQTT:
		return mqttActs(b, acts)
	case *event.MQTTSN:
		if b.Dir == event.ToClient {
			return acts
		}
		switch op := lower(b.Type); op {
		case "connect", "publish", "subscribe", "register":
			return append(acts, Act{Op: op, Filter: op == "subscribe", Target: b.Topic, As: b.ClientID, QoS: b.QoS, Retain: b.Retain, Size: b.Len})
		}
		return acts
	case *event.CoAP:
		return coapActs(b, acts)
	case *event.Modbus:
		op := string(b.Class)
		if b.UMAS != "" {
			op = string(cmpClass(b.Class)) + " umas"
		}
		a := Act{Op: op, Unit: uint32(b.Unit), Units: true}
		if b.Class == event.OpRead || b.Class == event.OpWrite {
			a.First, a.Last, a.Points = uint32(b.Address), uint32(b.Address)+max(uint32(b.Quantity), 1)-1, true
		}
		a.Target = b.Name
		return append(acts, a)
	case *event.DNP3:
		a := Act{Op: classOr(b.Class, b.Function), Target: b.Function, Unit: uint32(b.Dst), Units: true}
		if b.Control != "" {
			a.First, a.Last, a.Points = b.Point, b.Point, true
		}
		return append(acts, a)
	case *event.IEC104:
		if b.Frame == "S" || b.Type == "" && b.Control == "" {
			return acts
		}
		if b.Type == "" {
			return append(acts, Act{Op: "control", Target: lower(b.Control)})
		}
		return append(acts, Act{Op: classOr(b.Class, b.Type), Target: b.Type, Unit: uint32(b.CA), Units: true, First: b.IOA, Last: b.IOA + max(uint32(b.Objects), 1) - 1, Points: b.Dir == event.ToServer})
	case *event.DICOM:
		op := lower(b.Command)
		if op == "" {
			op = lower(b.PDU)
		}
		target := b.SOPClass
		if b.MoveTo != "" {
			target = b.MoveTo
		}
		return append(acts, Act{Op: op, Target: target, As: b.CallingAE + ">" + b.CalledAE})
	case *event.HL7:
		return append(acts, Act{Op: lower(b.Type), As: b.SendApp + ">" + b.RecvApp, Size: b.Length})
	case *event.BACnet:
		if b.Service == "" {
			return acts
		}
		return append(acts, Act{Op: classOr(b.Class, b.Service), Target: b.Object})
	case *event.OPCUA:
		if b.Service == "" {
			return append(acts, Act{Op: lower(b.Message)})
		}
		return append(acts, Act{Op: classOr(b.Class, b.Service), Target: first(b.Nodes)})
	case *event.SNMP:
		return append(acts, Act{Op: lower(b.PDUType)})
	case *event.Kasa:
		return append(acts, Act{Op: b.Command})
	case *event.TFTP:
		return append(acts, Act{Op: b.Packet, Target: b.File})
	case *event.FTP:
		return append(acts, Act{Op: lower(b.Command)})
	case *event.SSDP, *event.MDNS, *event.DHCP, *event.DHCPv6:
		return acts // by role, flow by flow
	case event.Operator:
		o := b.Operation()
		return append(acts, Act{Op: classOr(o.Class, o.Verb), Target: o.Target})
	}
	return acts
}

func queryOf(b *event.DNS) Act {
	a := Act{Op: "query", Target: canonical(b.RRName), Size: uint32(b.ReqLen)}
	switch b.RRType {
	case "A", "AAAA", "HTTPS", "SVCB", "CNAME":
	default:
		a.Op = "query " + lower(b.RRType)
	}
	if b.Opcode != 0 {
		a.Op = "opcode " + number(b.Opcode)
	}
	return a
}

func mqttActs(b *event.MQTT, acts []Act) []Act {
	if b.Dir == event.ToClient {
		return acts // a delivery: the subscription was the act
	}
	switch b.Type {
	case "connect":
		acts = append(acts, Act{Op: "connect", As: b.Connect.ClientID})
		if b.Connect.WillTopic != "" {
			acts = append(acts, Act{Op: "will", Target: b.Connect.WillTopic, As: b.Connect.ClientID, QoS: b.Connect.WillQoS, Retain: b.Connect.WillRetain, Size: b.Connect.WillLen})
		}
	case "publish":
		p := &b.Publish
		acts = append(acts, Act{Op: "publish", Target: p.Topic, As: b.ClientID, QoS: p.QoS, Retain: p.Retain, Size: p.Len})
	case "subscribe":
		for i := range b.Subscribe.Topics {
			if t := &b.Subscribe.Topics[i]; len(acts) < maxActs {
				acts = append(acts, Act{Op: "subscribe", Target: t.Filter, As: b.ClientID, QoS: t.QoS, Filter: true})
			}
		}
	default:
		if b.Malformed != "" {
			acts = append(acts, Act{Op: "malformed", Target: b.Malformed})
		}
	}
	return acts
}

func coapActs(b *event.CoAP, acts []Act) []Act {
	switch {
	case b.Malformed != "":
		return append(acts, Act{Op: "malformed", Target: b.Malformed})
	case b.Notification || b.Signal != "" || b.Method == "":
		return acts
	}
	a := Act{Op: lower(b.Method), Target: b.Path, As: b.Endpoint, Size: b.PayloadLen}
	if b.Observe == "register" {
		a.Op += " observe"
	}
	if b.Proxy != "" {
		a.Op += " proxy"
	}
	return append(acts, a)
}

// sentByServer reports whether a fact's source is the side that was asked.
func sentByServer(body event.Body) bool {
	switch b := body.(type) {
	case *event.IEC104:
		return b.Dir == event.ToClient
	case *event.DNP3:
		return b.Unsolicited
	}
	return false
}

// protocolOf gives the protocol whose transaction a fact is.
func protocolOf(body event.Body) event.Proto {
	switch b := body.(type) {
	case *event.ICS:
		return b.Protocol
	case *event.S7:
		if b.Plus {
			return event.ProtoS7Plus
		}
		return event.ProtoS7
	}
	return kindProtos[body.Kind()]
}

// kindProtos is built from the names that kinds and protocols share.
var kindProtos = func() (table [event.KindCount]event.Proto) {
	for k := range table {
		table[k] = event.ProtoByName(event.Kind(k).String())
	}
	return table
}()

// unanswered reports whether nothing came of a transaction.
func unanswered(body event.Body) bool {
	switch b := body.(type) {
	case *event.DNS:
		return !b.Answered
	case *event.CoAP:
		return !b.Answered
	case event.Operator:
		o := b.Operation()
		return !o.Reply || o.Denied
	}
	return false
}

func classOr(class event.OpClass, verb string) string {
	if class != event.OpNone && class != event.OpOther {
		return string(class)
	}
	return lower(verb)
}

func cmpClass(class event.OpClass) event.OpClass {
	if class == event.OpNone {
		return event.OpOther
	}
	return class
}

func ntpMode(mode uint8) string {
	switch mode {
	case 3:
		return "client"
	case 1:
		return "symmetric"
	case 6:
		return "control"
	case 7:
		return "private"
	}
	return "mode " + number(mode)
}

// lower is strings.ToLower without memory for what is in lower case, or one
// of the words that protocols shout.
func lower(s string) string {
	if l, ok := shouted[s]; ok {
		return l
	}
	return strings.ToLower(s)
}

var shouted = func() map[string]string {
	m := map[string]string{}
	for _, s := range strings.Fields("GET POST PUT DELETE HEAD OPTIONS PATCH FETCH IPATCH SUBSCRIBE UNSUBSCRIBE NOTIFY DESCRIBE SETUP PLAY TEARDOWN ANNOUNCE PAUSE RECORD C-ECHO C-STORE C-FIND C-MOVE C-GET PTR TXT SRV ANY MX NS SOA NULL") {
		m[s] = strings.ToLower(s)
	}
	return m
}()

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func clip(n uint64) uint32 { return uint32(min(n, 1<<32-1)) }
