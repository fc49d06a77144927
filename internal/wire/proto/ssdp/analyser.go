package ssdp

import (
	"bytes"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every message; its Src is the sender. Answers to
// a search come in a flow of their own, to the port of the searcher.
var Protocol = proto.Protocol{
	ID: event.ProtoSSDP, UDP: true, Ports: []uint16{Port}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

var errNotSSDP = errors.New("not SSDP: nothing on this flow begins like a message")

func probe(s *proto.Sample) proto.Match {
	var m Msg
	if _, err := Decode(&m, s.Newest()); err != nil {
		return proto.No
	}
	switch {
	case m.Kind == Response && m.USN == nil && !s.Port:
		return proto.No // some other kind of HTTP over UDP
	case m.Broken || incomplete(&m) != "":
		return proto.No // left to the parser where the port insists
	}
	return proto.Yes
}

// incomplete names the first field that the message must have and has not.
func incomplete(m *Msg) string {
	switch {
	case m.Target == nil && m.Kind == Notify:
		return "NT is missing"
	case m.Target == nil:
		return "ST is missing"
	case m.Kind == Search && m.Man == nil:
		return "MAN is missing"
	case m.Kind == Notify && m.NTS == nil:
		return "NTS is missing"
	case m.Kind != Search && m.USN == nil:
		return "USN is missing"
	}
	return ""
}

// parser remembers only what devices said of themselves.
type parser struct {
	told identity.Once
	good bool
	bad  uint8
}

// Data takes one message.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		exchange.Anomaly(c, event.ProtoSSDP, dir, "invalid_start_line", err.Error())
		if p.bad++; !p.good && p.bad > 4 {
			return 0, errNotSSDP
		}
		return len(b), nil
	}
	c.Message(dir)
	p.good = true
	if c.Wire <= len(b) {
		if m.Broken {
			exchange.Anomaly(c, event.ProtoSSDP, dir, "invalid_header", "line is no header field")
		} else if detail := incomplete(&m); detail != "" {
			exchange.Anomaly(c, event.ProtoSSDP, dir, "missing_header", detail)
		}
	}
	f := proto.Emit[event.SSDP](c, dir)
	f.Method = m.Kind.String()
	f.Target, f.USN, f.NTS = identity.Text(c, m.Target), identity.Text(c, m.USN), identity.Text(c, m.NTS)
	f.Location, f.Server, f.UserAgent = identity.Text(c, m.Location), identity.Text(c, m.Server), identity.Text(c, m.Agent)
	f.Extra = extra(c, &m)
	id := event.Identity{Source: "ssdp", Banner: f.Server}
	if m.Kind == Search {
		id.Banner = f.UserAgent
	} else {
		id.Type = deviceType(m.USN)
	}
	p.told.Tell(c, dir, &id)
	return len(b), nil
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to do: no message waits for another.
func (p *parser) End(*proto.Conn) {}

// Reset forgets the flow.
func (p *parser) Reset() { *p = parser{} }

// ordinary are header fields that say nothing about the device.
var ordinary = [...]string{
	"HOST", "ST", "NT", "NTS", "USN", "LOCATION", "SERVER", "USER-AGENT", "MAN", "MX", "CACHE-CONTROL",
	"DATE", "EXT", "OPT", "01-NLS", "CONTENT-LENGTH", "BOOTID.UPNP.ORG", "CONFIGID.UPNP.ORG",
	"NEXTBOOTID.UPNP.ORG", "SEARCHPORT.UPNP.ORG", "SECURELOCATION.UPNP.ORG", "AL", "TCPPORT.UPNP.ORG",
	"CPFN.UPNP.ORG", "CPUUID.UPNP.ORG", "CONNECTION",
}

// extra lists the other header fields, which makers use for their own marks.
func extra(c *proto.Conn, m *Msg) string {
	var buf [identity.MaxText]byte
	text := buf[:0]
	m.EachField(func(name, value []byte) bool {
		for _, o := range ordinary {
			if len(o) == len(name) && bytes.EqualFold(name, []byte(o)) {
				return true
			}
		}
		if name == nil || len(text)+len(name)+len(value)+4 > len(buf) {
			return true
		}
		if len(text) > 0 {
			text = append(text, "; "...)
		}
		text = append(append(append(text, name...), ": "...), value...)
		return true
	})
	return identity.Text(c, text)
}

// deviceTypes are UPnP device types that have a type of the closed list.
var deviceTypes = [...]struct {
	urn []byte
	typ string
}{
	{[]byte("urn:schemas-upnp-org:device:InternetGatewayDevice:"), "router"},
	{[]byte("urn:schemas-upnp-org:device:WANDevice:"), "router"},
	{[]byte("urn:schemas-upnp-org:device:WLANAccessPointDevice:"), "access-point"},
	{[]byte("urn:schemas-upnp-org:device:Printer:"), "printer"},
	{[]byte("urn:schemas-upnp-org:device:DigitalSecurityCamera:"), "camera"},
	{[]byte("urn:schemas-upnp-org:device:BinaryLight:"), "bulb"},
	{[]byte("urn:schemas-upnp-org:device:DimmableLight:"), "bulb"},
	{[]byte("urn:schemas-upnp-org:device:HVAC_System:"), "thermostat"},
	{[]byte("urn:schemas-upnp-org:device:HVAC_ZoneThermostat:"), "thermostat"},
}

// deviceType gives the type that a device tells with its unique service name.
func deviceType(usn []byte) string {
	for i := range deviceTypes {
		if bytes.Contains(usn, deviceTypes[i].urn) {
			return deviceTypes[i].typ
		}
	}
	return ""
}
