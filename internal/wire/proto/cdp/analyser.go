package cdp

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol makes one fact of every frame, and one of the identity it tells.
var Protocol = proto.Protocol{ID: event.ProtoCDP, EtherTypes: []uint16{EtherType}, Frame: frame}

func frame(c *proto.Conn, b []byte) {
	c.Message(event.ToServer)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			name := "truncated_element"
			if err == ErrVersion {
				name = "unknown_version"
			}
			exchange.Anomaly(c, event.ProtoCDP, event.ToServer, name, err.Error())
		}
		if m.DeviceID == nil {
			return
		}
	}
	f := proto.Emit[event.CDP](c, event.ToServer)
	f.DeviceID, f.PortID = identity.Text(c, m.DeviceID), identity.Text(c, m.PortID)
	f.Platform, f.Version = identity.Text(c, m.Platform), identity.Text(c, m.Version)
	f.Address, f.Capabilities, f.NativeVLAN = m.Address, m.Capabilities, m.NativeVLAN
	f.SystemName, f.VTPDomain = identity.Text(c, m.SystemName), identity.Text(c, m.VTPDomain)

	id := event.Identity{
		Source: "cdp", Model: f.Platform, Name: f.SystemName, Type: deviceType(m.Capabilities),
		Firmware: identity.Text(c, release(m.Version)), Banner: f.Version,
	}
	if vendor, model, ok := bytes.Cut(m.Platform, []byte(" ")); ok && bytes.EqualFold(vendor, []byte("cisco")) {
		id.Vendor, id.Model = "Cisco", identity.Text(c, model)
	}
	if id.Name == "" {
		id.Name = f.DeviceID
	}
	identity.Tell(c, event.ToServer, &id)
}

func deviceType(capabilities uint32) string {
	switch {
	case capabilities&CapTelephone != 0:
		return "phone"
	case capabilities&CapRouter != 0:
		return "router"
	}
	return ""
}

// release finds "Version X" in the description of the software.
func release(text []byte) []byte {
	_, rest, ok := bytes.Cut(text, []byte("Version "))
	if !ok {
		return nil
	}
	if i := bytes.IndexAny(rest, ", \r\n\t"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}
