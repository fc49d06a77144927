package http

import (
	"fmt"
	"net/netip"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDescription(t *testing.T) {
	body := `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>` +
		`<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><friendlyName>Bob&apos;s  box</friendlyName>` +
		`<manufacturer>Maker &amp; Co</manufacturer><modelName>R</modelName><modelNumber>500</modelNumber><serialNumber>S1</serialNumber>` +
		`<deviceList><device><friendlyName>inner</friendlyName></device></deviceList></device></root>`
	c := talk(t, dialogue.C(crlf("GET /rootDesc.xml HTTP/1.1\n\n")),
		dialogue.S(crlf(fmt.Sprintf("HTTP/1.1 200 OK\nContent-Type: text/xml\nContent-Length: %d\n\n", len(body)))+body))
	ids := dialogue.Facts[event.Identity](c)
	want := event.Identity{Source: "upnp.description", Vendor: "Maker & Co", Model: "R 500", Type: "router", Name: "Bob's box", Serial: "S1",
		Banner: "urn:schemas-upnp-org:device:InternetGatewayDevice:1"}
	if len(ids) != 1 || *ids[0] != want {
		t.Errorf("got %+v, want %+v", ids, want)
	}
}

func TestOtherDescriptions(t *testing.T) {
	tests := []struct {
		body string
		want event.Identity
	}{
		{`<soap:Envelope><soap:Body><GetDeviceSettingsResponse xmlns="http://purenetworks.com/HNAP1/"><DeviceName>Plug in hall</DeviceName><VendorName>Maker</VendorName>` +
			`<ModelDescription>Smart plug</ModelDescription><ModelName>SP-1</ModelName><FirmwareVersion>1.06</FirmwareVersion><HardwareVersion>A1</HardwareVersion>` +
			`<SOAPActions><string>x</string></SOAPActions></GetDeviceSettingsResponse></soap:Body></soap:Envelope>`,
			event.Identity{Source: "hnap.device_settings", Vendor: "Maker", Model: "SP-1", Name: "Plug in hall", Firmware: "1.06", Hardware: "A1", Banner: "Smart plug"}},
		{`<env:Envelope><env:Body><tds:GetDeviceInformationResponse><tds:Manufacturer>Maker</tds:Manufacturer><tds:Model>C-2</tds:Model>` +
			`<tds:FirmwareVersion>V5.4</tds:FirmwareVersion><tds:SerialNumber>12</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse></env:Body></env:Envelope>`,
			event.Identity{Source: "onvif.device_information", Vendor: "Maker", Model: "C-2", Firmware: "V5.4", Serial: "12", Hardware: "88"}},
	}
	for _, tt := range tests {
		c := talk(t, dialogue.C(crlf("GET / HTTP/1.1\n\n")),
			dialogue.S(crlf(fmt.Sprintf("HTTP/1.1 200 OK\nContent-Type: application/soap+xml\nContent-Length: %d\n\n", len(tt.body)))+tt.body))
		if ids := dialogue.Facts[event.Identity](c); len(ids) != 1 || *ids[0] != tt.want {
			t.Errorf("got %+v, want %+v", ids, tt.want)
		}
	}
}

func TestPortMapping(t *testing.T) {
	body := `<s:Envelope><s:Body><u:AddPortMapping xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1"><NewRemoteHost/>` +
		`<NewExternalPort>8443</NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort>443</NewInternalPort>` +
		`<NewInternalClient>192.0.2.77</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>camera</NewPortMappingDescription>` +
		`<NewLeaseDuration>3600</NewLeaseDuration></u:AddPortMapping></s:Body></s:Envelope>`
	request := dialogue.C(crlf(fmt.Sprintf("POST /ctl HTTP/1.1\nSOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"\nContent-Type: text/xml\nContent-Length: %d\n\n", len(body))) + body)
	fault := `<UPnPError><errorCode>718</errorCode><errorDescription>ConflictInMappingEntry</errorDescription></UPnPError>`
	want := event.Portmap{Protocol: "upnp", Transport: "tcp", ExternalPort: 8443, InternalPort: 443, InternalIP: netip.MustParseAddr("192.0.2.77"), Lifetime: 3600, Description: "camera"}
	for _, tt := range []struct{ response, result string }{
		{"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "success"},
		{fmt.Sprintf("HTTP/1.1 500 Error\nContent-Type: text/xml\nContent-Length: %d\n\n%s", len(fault), fault), "ConflictInMappingEntry"},
	} {
		c := talk(t, request, dialogue.S(crlf(tt.response)))
		want.Result = tt.result
		if got := dialogue.Facts[event.Portmap](c); len(got) != 1 || *got[0] != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
