package detect

import (
	"fmt"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

func (f *feed) mqtt(src string, b *event.MQTT) { f.tcp(src, server, 4000, 1883, b) }

func connect(id, user string, keepAlive uint16, code uint8) *event.MQTT {
	return &event.MQTT{Type: "connect", Version: 4, ClientID: id, Connect: event.MQTTConnect{ClientID: id, User: user, HasUser: user != "", KeepAlive: keepAlive}, Connack: event.MQTTConnack{Sent: true, Code: code}}
}

func subscribe(code uint8, filters ...string) *event.MQTT {
	b := &event.MQTT{Type: "subscribe", ClientID: "x", Subscribe: event.MQTTSubscribe{Acked: true}}
	for _, t := range filters {
		b.Subscribe.Topics = append(b.Subscribe.Topics, event.MQTTTopic{Filter: t, Granted: code})
	}
	return b
}

func publish(topic string, n uint32, retain bool, head string) *event.MQTT {
	return &event.MQTT{Type: "publish", ClientID: "x", Publish: event.MQTTPublish{Topic: topic, Len: n, Retain: retain, Head: head}}
}

func broken(p event.Proto, name string) *event.Anomaly {
	return &event.Anomaly{Type: "applayer", Event: name, AppProto: p}
}

func modbus(fn uint8, name string, class event.OpClass, addr uint16, exception uint8) *event.Modbus {
	return &event.Modbus{Unit: 1, Function: fn, Name: name, Class: class, Address: addr, Exception: exception, Answered: true}
}

// poll lets a master read a controller for some time.
func poll(f *feed, master string) {
	for i := range uint16(60) {
		f.wait(2*time.Second).tcp(master, camera, 4000, 502, modbus(3, "read_holding_registers", event.OpRead, i%4, 0))
	}
}

// operates makes a scene of one operation by a host that the controller does
// not know, and the harmless like by its master.
func operates(check string, body, harmless event.Body) scene {
	return scene{check: check,
		attack: func(f *feed) { poll(f, server); f.tcp(laptop, camera, 4000, 502, body) },
		near:   func(f *feed) { poll(f, server); f.tcp(server, camera, 4000, 502, harmless) }}
}

func dicom(pdu, command string, b event.DICOM) *event.DICOM {
	b.PDU, b.Command, b.Answered = pdu, command, true
	if b.CalledAE == "" {
		b.CalledAE, b.CallingAE = "PACS", "MODALITY"
	}
	return &b
}

// store lets a modality send images to the archive.
func store(f *feed) {
	for range 5 {
		f.wait(10*time.Second).tcp(camera, server, 4000, 104, dicom("associate", "", event.DICOM{Accepted: true}))
		f.tcp(camera, server, 4000, 104, dicom("command", "C-STORE", event.DICOM{Class: event.OpWrite}))
	}
}

func machineScenes() []scene {
	read := modbus(3, "read_holding_registers", event.OpRead, 1, 0)
	return []scene{
		{check: "mqtt.eavesdropping",
			attack: func(f *feed) { f.mqtt(laptop, subscribe(0, "#")) },
			near: func(f *feed) {
				f.mqtt(laptop, subscribe(0, "plant1/#", "home/+/state", "+/status"))
				f.mqtt(laptop, subscribe(128, "#"))
			}},
		{check: "mqtt.flood",
			attack: func(f *feed) {
				for range 600 {
					f.wait(10*time.Millisecond).mqtt(laptop, publish("a/b", 20, false, ""))
				}
			},
			near: func(f *feed) {
				for range 600 {
					f.wait(50*time.Millisecond).mqtt(laptop, publish("a/b", 20, false, ""))
				}
			}},
		{check: "mqtt.retained-flood",
			attack: func(f *feed) {
				for i := range 200 {
					f.wait(50*time.Millisecond).mqtt(laptop, publish(fmt.Sprintf("t/%d", i), 20, true, ""))
				}
			},
			near: func(f *feed) { // a gateway announces its devices; a sensor keeps its last value there
				for i := range 400 {
					f.wait(20*time.Millisecond).mqtt(laptop, publish(fmt.Sprintf("homeassistant/sensor/%d/config", i), 300, true, ""))
					f.wait(200*time.Millisecond).mqtt(camera, publish("sensor/temp", 5, true, ""))
				}
			}},
		{check: "mqtt.slow-clients",
			attack: func(f *feed) {
				for i := range 25 {
					f.flow++
					f.wait(time.Second).mqtt(laptop, connect(fmt.Sprint(i), "", 65535, 0))
				}
			},
			near: func(f *feed) { // an ordinary keep-alive; sessions that do something
				for i := range 25 {
					f.flow++
					f.wait(time.Second).mqtt(laptop, connect(fmt.Sprint(i), "", 60, 0))
					f.flow++
					f.mqtt(camera, connect(fmt.Sprint("s", i), "", 0, 0))
					f.mqtt(camera, publish("a", 3, false, ""))
				}
			}},
		{check: "mqtt.oversize",
			attack: func(f *feed) {
				for range 20 {
					f.mqtt(camera, publish("a", 20, false, ""))
				}
				f.mqtt(laptop, publish("a", 2<<20, false, "AAAAAAAAAAAAAAAA"))
			},
			near: func(f *feed) {
				for range 20 {
					f.mqtt(camera, publish("a", 20, false, ""))
				}
				f.mqtt(camera, publish("cam/snapshot", 600_000, false, "\xff\xd8\xff\xe0"))
				f.mqtt(laptop, publish("a", 100_000, false, "{"))
			}},
		{check: "mqtt.malformed",
			attack: func(f *feed) {
				for range 6 {
					f.tcp(laptop, server, 4000, 1883, broken(event.ProtoMQTT, "malformed_traffic"))
				}
			},
			near: func(f *feed) {
				f.tcp(laptop, server, 4000, 1883, &event.Anomaly{Type: "stream", Event: "unintroduced_message", AppProto: event.ProtoMQTT})
				f.tcp(laptop, server, 4000, 80, broken(event.ProtoHTTP, "invalid_request"))
			}},
		{check: "mqtt.client-takeover",
			attack: func(f *feed) {
				f.mqtt(camera, connect("pump-7", "", 60, 0))
				f.flow++
				f.wait(20*time.Second).mqtt(laptop, connect("pump-7", "", 60, 0))
			},
			near: func(f *feed) { // the same host again; a clean end before; long ago; refused
				f.mqtt(camera, connect("a", "", 60, 0))
				f.wait(time.Minute).mqtt(camera, connect("a", "", 60, 0))
				f.mqtt(camera, &event.MQTT{Type: "disconnect", ClientID: "a", Disconnect: event.MQTTDisconnect{Seen: true}})
				f.wait(time.Second).mqtt(laptop, connect("a", "", 60, 0))
				f.mqtt(camera, connect("b", "", 60, 0))
				f.wait(2*time.Hour).mqtt(laptop, connect("b", "", 60, 0))
				f.mqtt(camera, connect("b", "", 60, 5))
			}},
		{check: "mqtt.acl-probe",
			attack: func(f *feed) {
				for i := range 6 {
					f.mqtt(laptop, subscribe(128, fmt.Sprintf("secret/%d", i)))
				}
			},
			near: func(f *feed) {
				for range 10 {
					f.mqtt(laptop, subscribe(128, "secret/1"))
					f.mqtt(laptop, subscribe(0, "a/1", "a/2", "a/3", "a/4", "a/5", "a/6"))
				}
			}},
		{check: "coap.malformed",
			attack: func(f *feed) { f.udp(laptop, camera, 4000, 5683, broken(event.ProtoCoAP, "token_length")) },
			near: func(f *feed) {
				f.udp(laptop, camera, 4000, 5683, &event.Anomaly{Type: "decode", Event: "ipv4.truncated"})
			}},
		{check: "coap.write-sweep",
			attack: func(f *feed) {
				for i := range 6 {
					f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: fmt.Sprintf("/r%d", i), Answered: true, Code: "2.04"})
				}
			},
			near: func(f *feed) {
				for i := range 30 {
					f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: fmt.Sprintf("/light/%d", i%4), Answered: true, Code: "2.04"})
					f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: fmt.Sprintf("/r%d", i), Answered: true, Code: "2.05"})
				}
			}},
		{check: "coap.observe-flood",
			attack: func(f *feed) {
				for i := range 25 {
					f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/t", Observe: "register", Token: fmt.Sprint(i), MessageID: uint16(i)})
				}
			},
			near: func(f *feed) {
				for i := range 30 {
					f.udp(laptop, camera, 4000, 5683, &event.CoAP{Path: "/t", Observe: "notify", Notification: true, Token: "1", MessageID: uint16(i)})
					f.wait(20*time.Second).udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/t", Observe: "register", Token: fmt.Sprint(i)})
				}
			}},
		{check: "lwm2m.unauthorized-write",
			attack: func(f *feed) {
				f.udp(camera, server, 5683, 5683, &event.CoAP{Method: "POST", Path: "/rd", LwM2M: "register", Endpoint: "meter-1", Answered: true, Code: "2.01"})
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "PUT", Path: "/3/0/15", LwM2M: "write", Object: "/3/0/15", Answered: true, Code: "2.04"})
			},
			near: func(f *feed) {
				f.udp(camera, server, 5683, 5683, &event.CoAP{Method: "POST", Path: "/rd", LwM2M: "register", Endpoint: "meter-1", Answered: true, Code: "2.01"})
				f.udp(server, camera, 5683, 5683, &event.CoAP{Method: "PUT", Path: "/3/0/15", LwM2M: "write", Object: "/3/0/15", Answered: true, Code: "2.04"})
				f.udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/3/0", LwM2M: "read", Object: "/3/0", Answered: true, Code: "2.05"})
			}},
		operates("ics.rogue-master", modbus(6, "write_single_register", event.OpWrite, 9, 0), modbus(6, "write_single_register", event.OpWrite, 9, 0)),
		operates("ics.control-operation", modbus(5, "write_single_coil", event.OpWrite, 9, 0), read),
		operates("ics.parameter-change", modbus(6, "write_single_register", event.OpWrite, 9, 0), read),
		operates("ics.program-download", &event.S7{Function: "request_download", Class: event.OpProgram, Block: "OB1", Answered: true}, &event.S7{Function: "read_var", Class: event.OpRead, Answered: true}),
		operates("ics.program-upload", &event.S7{Function: "start_upload", Class: event.OpUpload, Block: "OB1", Answered: true}, read),
		operates("ics.mode-change", &event.S7{Function: "plc_stop", Class: event.OpMode, Answered: true}, &event.IEC104{Frame: "U", Control: "STARTDT act", Class: event.OpMode}),
		operates("ics.device-restart", &event.DNP3{Function: "cold_restart", Class: event.OpRestart, Answered: true}, &event.DNP3{Function: "read", Class: event.OpRead, Answered: true}),
		operates("ics.firmware-update", modbus(125, "firmware_replacement", event.OpFirmware, 0, 0), read),
		operates("ics.alarm-suppression", &event.DNP3{Function: "disable_unsolicited", Class: event.OpAlarm, Answered: true}, &event.DNP3{Function: "enable_unsolicited", Class: event.OpOther, Answered: true}),
		operates("ics.discovery", modbus(43, "read_device_identification", event.OpDiscover, 0, 0), read),
		{check: "ics.point-enumeration",
			attack: func(f *feed) {
				for i := range uint16(12) {
					f.tcp(laptop, camera, 4000, 502, modbus(3, "read_holding_registers", event.OpRead, i*100, 2))
				}
			},
			near: func(f *feed) {
				for i := range uint16(40) {
					f.tcp(laptop, camera, 4000, 502, modbus(3, "read_holding_registers", event.OpRead, i*100, 0))
					f.tcp(laptop, camera, 4000, 502, modbus(3, "read_holding_registers", event.OpRead, 7, 2)) // one wrong register
				}
			}},
		{check: "ics.malformed",
			attack: func(f *feed) { f.tcp(laptop, camera, 4000, 502, broken(event.ProtoModbus, "invalid_header")) },
			near:   func(f *feed) { f.tcp(laptop, camera, 4000, 80, broken(event.ProtoHTTP, "invalid_header")) }},
		{check: "health.rogue-peer",
			attack: func(f *feed) {
				store(f)
				f.wait(time.Minute).tcp(laptop, server, 4000, 104, dicom("associate", "", event.DICOM{CalledAE: "PACS", CallingAE: "X", Services: []string{"Study Root - FIND"}}))
			},
			near: func(f *feed) {
				f.tcp(laptop, server, 4000, 104, dicom("associate", "", event.DICOM{Accepted: true})) // before the archive has settled
				store(f)
				store(f)
			}},
		{check: "health.bulk-query",
			attack: func(f *feed) {
				store(f)
				f.tcp(laptop, server, 4000, 104, dicom("command", "C-FIND", event.DICOM{Wildcard: true, Class: event.OpRead, SOPClass: "Study Root - FIND", Results: 40}))
			},
			near: func(f *feed) {
				store(f)
				f.tcp(camera, server, 4000, 104, dicom("command", "C-FIND", event.DICOM{Wildcard: true, Class: event.OpRead, SOPClass: "Modality Worklist - FIND"}))
				f.tcp(camera, server, 4000, 104, dicom("command", "C-FIND", event.DICOM{Class: event.OpRead, SOPClass: "Study Root - FIND", Results: 1}))
			}},
		{check: "health.aetitle-guessing",
			attack: func(f *feed) {
				for i := range 6 {
					f.tcp(laptop, server, 4000, 104, dicom("reject", "", event.DICOM{CalledAE: fmt.Sprintf("PACS%d", i), CallingAE: "SCU", Reject: "called AE title not recognized"}))
				}
			},
			near: func(f *feed) {
				for range 10 { // one modality that is set up wrongly
					f.tcp(camera, server, 4000, 104, dicom("reject", "", event.DICOM{CalledAE: "PAKS", CallingAE: "CT1", Reject: "called AE title not recognized"}))
				}
			}},
		{check: "health.move-to-unknown",
			attack: func(f *feed) {
				store(f)
				f.tcp(laptop, server, 4000, 104, dicom("command", "C-MOVE", event.DICOM{MoveTo: "EVIL", Class: event.OpRead}))
			},
			near: func(f *feed) {
				store(f)
				f.tcp(camera, server, 4000, 104, dicom("command", "C-MOVE", event.DICOM{MoveTo: "MODALITY", Class: event.OpRead}))
			}},
		{check: "health.order-injection",
			attack: func(f *feed) {
				for range 5 {
					f.wait(10*time.Second).tcp(camera, server, 4000, 2575, &event.HL7{Type: "ORM^O01", SendApp: "RIS", Class: event.OpWrite, Patient: true, Ack: "AA"})
				}
				f.tcp(laptop, server, 4000, 2575, &event.HL7{Type: "ORM^O01", SendApp: "RIS", Class: event.OpWrite, Patient: true, Ack: "AA"})
			},
			near: func(f *feed) {
				for range 10 {
					f.wait(10*time.Second).tcp(camera, server, 4000, 2575, &event.HL7{Type: "ORM^O01", SendApp: "RIS", Class: event.OpWrite, Ack: "AA"})
				}
				f.tcp(laptop, server, 4000, 2575, &event.HL7{Type: "ORU^R01", SendApp: "LAB", Class: event.OpWrite, Ack: "AA"})
			}},
	}
}

// TestEstablishedMasterIsInfo wants the verbs of a known master told as what
// they are, and only the grave ones above info.
func TestEstablishedMasterIsInfo(t *testing.T) {
	f := newFeed(t, Options{})
	poll(f, server)
	f.tcp(server, camera, 4000, 502, modbus(5, "write_single_coil", event.OpWrite, 9, 0))
	f.tcp(server, camera, 4000, 502, modbus(6, "write_single_register", event.OpWrite, 9, 0))
	f.tcp(server, camera, 4000, 102, &event.S7{Function: "plc_stop", Class: event.OpMode, Answered: true})
	f.tcp(server, camera, 4000, 102, &event.S7{Function: "download_block", Class: event.OpProgram, Answered: true})
	want := map[string]ident.Severity{"ics.control-operation": ident.Info, "ics.parameter-change": ident.Info, "ics.mode-change": ident.Medium, "ics.program-download": ident.High}
	for check, sev := range want {
		if got := f.found(check); len(got) != 1 || got[0].Severity != sev {
			t.Errorf("%s: %+v", check, got)
		}
	}
	if got := f.found("ics.rogue-master"); len(got) != 0 {
		t.Errorf("the master is called rogue: %+v", got)
	}
}
