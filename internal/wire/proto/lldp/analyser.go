package lldp

import (
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every frame, and one of the identity it tells.
var Protocol = proto.Protocol{ID: event.ProtoLLDP, EtherTypes: []uint16{EtherType}, Frame: frame}

// Subtypes of chassis and port identifiers (IEEE 802.1AB tables 8-2 and 8-3).
const (
	chassisMAC     = 4
	chassisAddress = 5
	portMAC        = 3
	portAddress    = 4
)

var capabilityNames = [...]string{
	"other", "repeater", "bridge", "wlan-access-point", "router", "telephone", "docsis-cable-device",
	"station", "c-vlan", "s-vlan", "two-port-mac-relay",
}

var classNames = map[uint8]string{1: "endpoint-1", 2: "endpoint-2", 3: "endpoint-3", 4: "network"}

func frame(c *proto.Conn, b []byte) {
	c.Message(event.ToServer)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire > len(b) && err == ErrShort {
			err = nil // cut by the capture
		}
		if err != nil {
			name := "truncated_element"
			if err == ErrOrder {
				name = "mandatory_element_missing"
			}
			exchange.Anomaly(c, event.ProtoLLDP, event.ToServer, name, err.Error())
		}
		if m.Chassis == nil {
			return
		}
	}
	f := proto.Emit[event.LLDP](c, event.ToServer)
	f.ChassisID = identifier(c, m.Chassis, m.ChassisSubtype == chassisMAC, m.ChassisSubtype == chassisAddress)
	f.PortID = identifier(c, m.Port, m.PortSubtype == portMAC, m.PortSubtype == portAddress)
	f.PortDesc = identity.Text(c, m.PortDesc)
	f.SystemName, f.SystemDesc = identity.Text(c, m.SystemName), identity.Text(c, m.SystemDesc)
	for i, name := range capabilityNames {
		if m.Enabled&(1<<i) != 0 {
			f.Capabilities = append(f.Capabilities, name)
		}
	}
	f.Management, f.TTL, f.VLAN = m.Management, m.TTL, m.VLAN
	f.Vendor, f.Model = identity.Text(c, m.Manufacturer), identity.Text(c, m.Model)
	f.Hardware, f.Firmware, f.Software = identity.Text(c, m.Hardware), identity.Text(c, m.Firmware), identity.Text(c, m.Software)
	f.Serial, f.Asset = identity.Text(c, m.Serial), identity.Text(c, m.Asset)
	f.Class, f.MUD = classNames[m.Class], identity.Text(c, m.MUD)

	id := event.Identity{
		Source: "lldp", Vendor: f.Vendor, Model: f.Model, Type: deviceType(&m), Name: f.SystemName,
		Firmware: f.Firmware, Hardware: f.Hardware, Serial: f.Serial, Banner: f.SystemDesc, MUD: f.MUD,
	}
	if id.Firmware == "" {
		id.Firmware = f.Software
	}
	identity.Tell(c, event.ToServer, &id)
}

// deviceType gives a type of the closed list when the capabilities leave no
// doubt.
func deviceType(m *Msg) string {
	switch {
	case m.Enabled&CapTelephone != 0:
		return "phone"
	case m.Enabled&CapAccessPoint != 0 && m.Enabled&CapRouter == 0:
		return "access-point"
	case m.Enabled&CapRouter != 0:
		return "router"
	}
	return ""
}

// identifier shows the identifier of a chassis or port.
func identifier(c *proto.Conn, v []byte, mac, network bool) string {
	var buf [64]byte
	switch {
	case mac && len(v) == 6:
		text, _ := ident.MAC(v).AppendText(buf[:0])
		return c.String(text)
	case network:
		if a, ok := address(v); ok {
			return c.String(a.AppendTo(buf[:0]))
		}
		return c.Hex(v)
	}
	return identity.Text(c, v)
}
