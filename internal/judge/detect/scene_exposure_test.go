package detect

import (
	"net/netip"
	"testing"

	"edgeward/internal/event"
)

func exposureScenes() []scene {
	return []scene{
		{check: "exposure.cleartext-credentials",
			attack: func(f *feed) { f.login(laptop, camera, "admin", 1, "success") },
			near: func(f *feed) { // refused; encrypted; anonymous
				f.login(laptop, camera, "admin", 1, "failure")
				f.tcp(laptop, server, 4000, 22, &event.Login{Service: event.ProtoSSH, User: "a", Secret: secret(1), Outcome: "success"})
				f.tcp(laptop, server, 4000, 21, &event.Login{Service: event.ProtoFTP, User: "anonymous", Outcome: "success", Clear: true})
			}},
		{check: "exposure.default-credential",
			attack: func(f *feed) {
				f.tcp(laptop, camera, 4000, 80, &event.Login{Service: event.ProtoHTTP, User: "admin", Secret: event.Secret{Seen: true, Len: 5, Default: true}, Outcome: "success"})
			},
			near: func(f *feed) {
				f.tcp(laptop, camera, 4000, 80, &event.Login{Service: event.ProtoHTTP, User: "admin", Secret: event.Secret{Seen: true, Len: 5, Default: true}, Outcome: "failure"})
			}},
		{check: "exposure.mqtt-anonymous",
			attack: func(f *feed) { f.mqtt(laptop, connect("a", "", 60, 0)) },
			near: func(f *feed) {
				f.mqtt(laptop, connect("a", "", 60, 5))
				f.mqtt(laptop, connect("a", "user", 60, 0))
			}},
		{check: "exposure.coap-unprotected-write",
			attack: func(f *feed) {
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: "/light", Answered: true, Code: "2.04"})
			},
			near: func(f *feed) {
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: "/light", Answered: true, Code: "4.01"})
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: "/light", Answered: true, Code: "2.04", OSCORE: true})
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/light", Answered: true, Code: "2.05"})
			}},
		{check: "exposure.telnet-service",
			attack: func(f *feed) { f.tcp(laptop, camera, 4000, 23, &event.Telnet{Event: "login", User: "root"}) },
			near:   func(f *feed) { f.tcp(laptop, cloud, 4000, 23, &event.Telnet{Event: "login", User: "guest"}) }},
		{check: "exposure.weak-tls",
			attack: func(f *feed) {
				f.tcp(laptop, camera, 4000, 443, &event.TLS{Version: "TLS 1.0", VersionNum: 0x301, Weak: []string{"version"}})
			},
			near: func(f *feed) { f.tcp(laptop, camera, 4000, 443, &event.TLS{Version: "TLS 1.3", VersionNum: 0x304}) }},
		{check: "exposure.upnp-port-mapping",
			attack: func(f *feed) {
				f.udp(camera, gateway, 4000, 5351, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 8080, InternalPort: 80, Lifetime: 3600, Result: "success"})
			},
			near: func(f *feed) {
				f.udp(camera, gateway, 4000, 5351, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 8080, InternalPort: 80, Lifetime: 3600, Result: "not_authorized"})
				f.udp(camera, gateway, 4000, 5351, &event.Portmap{Protocol: "pcp", Transport: "tcp", InternalPort: 80, Lifetime: 0, Result: "success"})
				f.udp(camera, gateway, 4000, 5351, &event.Portmap{Protocol: "nat-pmp", Result: "success"})
			}},
		{check: "exposure.health-data-cleartext",
			attack: func(f *feed) { f.tcp(camera, server, 4000, 2575, &event.HL7{Type: "ORU^R01", Patient: true}) },
			near: func(f *feed) {
				f.tcp(camera, server, 4000, 2575, &event.HL7{Type: "ACK"})
				f.tcp(camera, server, 4000, 104, &event.DICOM{PDU: "command", Command: "C-ECHO"})
			}},
		{check: "exposure.sensitive-payload",
			attack: func(f *feed) { f.mqtt(camera, publish("cfg", 60, false, `{"ssid":"home","password":"s3cr3t"}`)) },
			near: func(f *feed) {
				f.mqtt(camera, publish("t", 60, false, `{"temperature":21.5,"passwordless":true,"unit":"C"}`))
				f.mqtt(camera, publish("t", 60, false, `{"password":null,"mail":"","at":"@home"}`))
			}},
		{check: "exposure.internet-reachable",
			attack: func(f *feed) { f.flowTo(stranger, camera, 80, talk(100, 500)) },
			near: func(f *feed) {
				f.syn(stranger, camera, 80)
				f.flowTo(laptop, camera, 80, talk(100, 500))
				b := talk(100, 100)
				b.Midstream = true
				f.flowTo(stranger, camera, 50000, b)
			}},
		{check: "exposure.remote-access",
			attack: func(f *feed) { f.tcp(laptop, server, 4000, 3389, &event.RDP{Protocol: "tls"}) },
			near:   func(f *feed) { f.tcp(laptop, cloud, 4000, 3389, &event.RDP{Protocol: "tls"}) }},
		{check: "exposure.smbv1",
			attack: func(f *feed) {
				f.tcp(laptop, server, 4000, 445, &event.SMB{Version: 1, Command: "SMB1_COMMAND_SESSION_SETUP_ANDX"})
			},
			near: func(f *feed) {
				f.tcp(laptop, server, 4000, 445, &event.SMB{Version: 1, Command: "SMB1_COMMAND_NEGOTIATE_PROTOCOL"})
				f.tcp(laptop, server, 4000, 445, &event.SMB{Version: 2, Command: "SMB2_COMMAND_SESSION_SETUP"})
			}},
		{check: "exposure.snmp-default-community",
			attack: func(f *feed) {
				f.udp(laptop, camera, 4000, 161, &event.SNMP{Version: 2, PDUType: "response", Community: event.Secret{Seen: true, Len: 6, Default: true}})
			},
			near: func(f *feed) {
				f.udp(laptop, camera, 4000, 161, &event.SNMP{Version: 2, PDUType: "response", Community: secret(3)})
				f.udp(laptop, camera, 4000, 161, &event.SNMP{Version: 3, PDUType: "response"})
			}},
		{check: "exposure.opcua-no-security",
			attack: func(f *feed) {
				f.tcp(laptop, server, 4000, 4840, &event.OPCUA{Message: "OPN", SecurityPolicy: "http://opcfoundation.org/UA/SecurityPolicy#None"})
				f.tcp(laptop, server, 4000, 4840, &event.OPCUA{Message: "MSG", Service: "Read"})
			},
			near: func(f *feed) { // endpoints are asked for without security by design
				f.tcp(laptop, server, 4000, 4840, &event.OPCUA{Message: "OPN", SecurityPolicy: "http://opcfoundation.org/UA/SecurityPolicy#None"})
				f.tcp(laptop, server, 4000, 4840, &event.OPCUA{Message: "MSG", Service: "GetEndpoints"})
				f.flow++
				f.tcp(laptop, server, 4001, 4840, &event.OPCUA{Message: "OPN", SecurityPolicy: "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"})
				f.tcp(laptop, server, 4001, 4840, &event.OPCUA{Message: "MSG", Service: "Read", Encrypted: true})
			}},
		{check: "exposure.unencrypted-update",
			attack: func(f *feed) {
				f.tcp(camera, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/firmware/cam-2.1.bin", Host: "update.maker.example", Size: 4_000_000, Dir: event.ToClient, Magic: "unknown"})
			},
			near: func(f *feed) {
				f.tcp(laptop, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/photos/update.jpg", Host: "w", Size: 4_000_000, Dir: event.ToClient, Magic: "image"})
				f.tcp(laptop, cloud, 4000, 80, &event.FileInfo{AppProto: event.ProtoHTTP, Filename: "/fw/notes.bin", Host: "w", Size: 900, Dir: event.ToClient, Magic: "unknown"})
			}},
		{check: "exposure.cleartext-video",
			attack: func(f *feed) { f.tcp(laptop, camera, 4000, 554, &event.RTSP{Method: "PLAY", Status: 200}) },
			near: func(f *feed) {
				f.tcp(laptop, camera, 4000, 554, &event.RTSP{Method: "DESCRIBE", Status: 401})
				f.tcp(laptop, camera, 4000, 554, &event.RTSP{Method: "OPTIONS", Status: 200})
			}},
		{check: "exposure.open-proxy",
			attack: func(f *feed) {
				f.tcp(stranger, camera, 4000, 1080, &event.SOCKS{Version: 5, Target: "example.org:443", Granted: true, Auth: "none"})
			},
			near: func(f *feed) {
				f.tcp(stranger, camera, 4000, 1080, &event.SOCKS{Version: 5, Target: "example.org:443"})
				f.tcp(laptop, server, 4000, 1080, &event.SOCKS{Version: 5, Target: "example.org:443", Granted: true, Auth: "password"})
			}},
		{check: "exposure.shared-key",
			attack: func(f *feed) {
				f.tcp(laptop, camera, 4000, 443, &event.TLS{Version: "TLS 1.2", PublicKey: "aa11"})
				f.tcp(laptop, server, 4000, 443, &event.TLS{Version: "TLS 1.2", PublicKey: "aa11"})
			},
			near: func(f *feed) {
				for range 3 {
					f.tcp(laptop, camera, 4000, 443, &event.TLS{Version: "TLS 1.2", PublicKey: "aa11"})
					f.tcp(laptop, cloud, 4000, 443, &event.TLS{Version: "TLS 1.2", PublicKey: "aa11"})
					f.tcp(laptop, stranger, 4000, 443, &event.TLS{Version: "TLS 1.2", PublicKey: "aa11"})
				}
			}},
	}
}

func TestSensitive(t *testing.T) {
	for text, want := range map[string]string{
		`{"password":"12345"}`: "a password", `user=a&passwd=b1`: "a password", "psk = abcdef": "a network key", `{"latitude":48.1}`: "a position",
		"mail to jane.doe@hospital.example now": "a mail address", "-----BEGIN RSA PRIVATE KEY-----\nMII": "a private key",
		`{"temp":21}`: "", `passwordless login`: "", `{"password":""}`: "", "a@b": "", "x@y.z1": "",
	} {
		if got := sensitive(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestRegistered(t *testing.T) {
	for name, want := range map[string]string{
		"a.b.example.org": "example.org", "example.org": "example.org", "www.shop.co.uk": "shop.co.uk", "co.uk": "co.uk", "localhost": "localhost", "": "", "x.y.com.": "y.com",
	} {
		if got := registered(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if !isAddress("192.0.2.1:80") || !isAddress("[2001:db8::1]") || isAddress("example.org") {
		t.Error("isAddress")
	}
	if !sameNetwork(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.9.1")) {
		t.Error("sameNetwork")
	}
}
