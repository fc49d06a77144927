package http

import (
	"bytes"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// upnpTypes are standard device types (UPnP Forum device control protocols)
// that name a word of the closed list of device types. Media servers and
// renderers run on anything and are left out.
var upnpTypes = map[string]string{
	"InternetGatewayDevice": "router",
	"WLANAccessPointDevice": "access-point",
	"Printer":               "printer",
	"Scanner":               "printer",
	"BinaryLight":           "bulb",
	"DimmableLight":         "bulb",
	"HVAC_System":           "thermostat",
	"DigitalSecurityCamera": "camera",
	"SolarProtectionBlind":  "appliance",
}

// describe makes an identity of a UPnP device description (UPnP Device
// Architecture 2.0 section 2.3). The root device comes first in it, embedded
// devices and services are left.
func (p *parser) describe(c *proto.Conn, doc []byte) {
	if !bytes.Contains(doc, []byte("deviceType")) || !bytes.Contains(doc, []byte("<device>")) {
		return
	}
	var scratch [1024]byte
	id := event.Identity{Source: "upnp.description"}
	set := func(field *string, text []byte) {
		if *field == "" && len(text) > 0 {
			*field = c.String(plain(scratch[:0], text, maxShort))
		}
	}
	var urn, number []byte
walk:
	for e, rest := nextElement(doc); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "deviceType":
			urn = e.text
		case "friendlyName":
			set(&id.Name, e.text)
		case "manufacturer":
			set(&id.Vendor, e.text)
		case "modelName":
			set(&id.Model, e.text)
		case "modelNumber":
			number = e.text
		case "serialNumber":
			set(&id.Serial, e.text)
		case "firmwareVersion", "softwareVersion", "swVersion":
			set(&id.Firmware, e.text)
		case "hardwareVersion", "hwVersion":
			set(&id.Hardware, e.text)
		case "deviceList", "serviceList":
			if id.Vendor != "" || id.Model != "" || id.Name != "" {
				break walk
			}
		}
	}
	if id.Vendor == "" && id.Model == "" && id.Name == "" {
		return
	}
	if number = bytes.TrimSpace(number); len(number) > 0 && id.Model == "" {
		set(&id.Model, number)
	} else if len(number) > 0 && !strings.Contains(id.Model, string(number)) {
		id.Model = c.String(plain(append(append(scratch[:0], id.Model...), ' '), number, maxShort))
	}
	id.Type = upnpTypes[urnDevice(urn)]
	id.Banner = c.String(plain(scratch[:0], urn, maxShort))
	p.identify(c, event.ToClient, &id)
}

// urnDevice gives the type of a device URN: "urn:schemas-upnp-org:device:TYPE:1".
func urnDevice(urn []byte) string {
	parts := strings.SplitN(string(urn[:min(len(urn), maxShort)]), ":", 6)
	if len(parts) < 4 || parts[0] != "urn" || parts[2] != "device" || !strings.HasPrefix(parts[1], "schemas-upnp-org") {
		return ""
	}
	return parts[3]
}

// portMapping makes a fact of a request to open a port of a router (UPnP
// WANIPConnection 2.0 section 2.5.16).
func (p *parser) portMapping(c *proto.Conn, r *request, resp *response) {
	action := r.get(r.soap)
	if i := bytes.LastIndexByte(action, '#'); i >= 0 {
		action = action[i+1:]
	}
	if string(action) != "AddPortMapping" && string(action) != "AddAnyPortMapping" {
		return
	}
	var m event.Portmap
	var scratch [maxShort]byte
	for e, rest := nextElement(r.first()); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "NewExternalPort":
			m.ExternalPort = portNumber(e.text)
		case "NewInternalPort":
			m.InternalPort = portNumber(e.text)
		case "NewInternalClient":
			m.InternalIP, _ = netip.ParseAddr(string(e.text[:min(len(e.text), 64)]))
		case "NewProtocol":
			m.Transport = transportName(e.text)
		case "NewLeaseDuration":
			if n, ok := decimal(e.text); ok {
				m.Lifetime = uint32(min(n, 1<<32-1))
			}
		case "NewPortMappingDescription":
			m.Description = c.String(plain(scratch[:0], e.text, 128))
		case "NewReservedPort": // in the answer to AddAnyPortMapping
			m.ExternalPort = portNumber(e.text)
		}
	}
	m.Protocol = "upnp"
	m.Result = mappingResult(c, resp)
	*proto.Emit[event.Portmap](c, event.ToServer) = m
}

func transportName(b []byte) string {
	switch {
	case textline.Is(b, "tcp"):
		return "tcp"
	case textline.Is(b, "udp"):
		return "udp"
	}
	return ""
}

// mappingResult says how the router answered: success, or the error's
// description or number (UPnP Device Architecture 2.0 section 3.1.3).
func mappingResult(c *proto.Conn, resp *response) string {
	if resp == nil {
		return ""
	}
	if resp.status < 300 {
		return success
	}
	result := "error"
	for e, rest := nextElement(resp.decoded); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "errorCode":
			result = "error " + c.Head(e.text, 8)
		case "errorDescription":
			if len(e.text) > 0 {
				result = c.Head(e.text, 64)
			}
		}
	}
	return result
}
