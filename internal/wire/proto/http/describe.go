package http

import (
	"bytes"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// dialect is one of the XML documents in which devices describe themselves.
type dialect struct {
	source  string
	marker  string // what every document of the kind contains
	vendor  string // element names, empty where there is no such element
	model   string
	number  string // goes behind the model
	kind    string // what sort of device it is
	name    string
	version string // of the firmware
	board   string // hardware version
	serial  string
	end     string // the element before which the device's own description ends
}

var dialects = []dialect{
	{ // UPnP Device Architecture 2.0 section 2.3
		source: "upnp.description", marker: "<deviceType>", vendor: "manufacturer", model: "modelName", number: "modelNumber",
		kind: "deviceType", name: "friendlyName", version: "firmwareVersion", serial: "serialNumber", end: "serviceList",
	},
	{ // Home Network Administration Protocol
		source: "hnap.device_settings", marker: "GetDeviceSettingsResponse", vendor: "VendorName", model: "ModelName",
		kind: "ModelDescription", name: "DeviceName", version: "FirmwareVersion", board: "HardwareVersion", end: "SOAPActions",
	},
	{ // ONVIF Core Specification section 8.1.3
		source: "onvif.device_information", marker: "GetDeviceInformationResponse", vendor: "Manufacturer", model: "Model",
		version: "FirmwareVersion", board: "HardwareId", serial: "SerialNumber",
	},
	{ // Internet Server API of several camera makers
		source: "isapi.device_info", marker: "<DeviceInfo", vendor: "manufacturer", model: "model", kind: "deviceType",
		name: "deviceName", version: "firmwareVersion", board: "hardwareVersion", serial: "serialNumber",
	},
}

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
}

// describe makes an identity of a document in which the server describes
// itself.
func (p *parser) describe(c *proto.Conn, doc []byte) {
	for i := range dialects {
		if d := &dialects[i]; bytes.Contains(doc, []byte(d.marker)) {
			p.identify(c, event.ToClient, d.read(c, doc))
			return
		}
	}
}

// read takes the description apart. Of what occurs more than once the first
// counts, which is the device itself and not one inside it.
func (d *dialect) read(c *proto.Conn, doc []byte) *event.Identity {
	id := &event.Identity{Source: d.source}
	var number []byte
	for e, rest := nextElement(doc); rest != nil; e, rest = nextElement(rest) {
		name := string(e.name)
		if name == "" {
			continue
		}
		if name == d.end && id.Model+id.Name != "" {
			break
		}
		switch name {
		case d.vendor:
			set(c, &id.Vendor, e.text)
		case d.model:
			set(c, &id.Model, e.text)
		case d.number:
			number = e.text
		case d.kind:
			set(c, &id.Banner, e.text)
		case d.name:
			set(c, &id.Name, e.text)
		case d.version:
			set(c, &id.Firmware, e.text)
		case d.board:
			set(c, &id.Hardware, e.text)
		case d.serial:
			set(c, &id.Serial, e.text)
		}
	}
	switch {
	case id.Model == "":
		set(c, &id.Model, number)
	case len(number) > 0 && !strings.Contains(id.Model, string(number)):
		full := append(append([]byte(id.Model), ' '), number...)
		id.Model = ""
		set(c, &id.Model, full)
	}
	id.Type = upnpTypes[urnDevice(id.Banner)]
	return id
}

// set keeps the text of an element that was not seen before.
func set(c *proto.Conn, field *string, text []byte) {
	if *field == "" && len(text) > 0 {
		var scratch [maxShort + 8]byte
		*field = identity.Text(c, plain(scratch[:0], text, maxShort))
	}
}

// urnDevice gives the type in a device URN: "urn:schemas-upnp-org:device:TYPE:1".
func urnDevice(urn string) string {
	parts := strings.SplitN(urn, ":", 6)
	if len(parts) < 4 || parts[0] != "urn" || parts[2] != "device" || !strings.HasPrefix(parts[1], "schemas-upnp-org") {
		return ""
	}
	return parts[3]
}
