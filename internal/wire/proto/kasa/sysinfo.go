package kasa

import (
	"cmp"
	"encoding/json"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

const vendor = "TP-Link"

// sysinfo is the answer to system.get_sysinfo. Bulbs and plugs use different
// names for the same; cameras put everything into an object of its own.
type sysinfo struct {
	Alias    string   `json:"alias"`
	Model    string   `json:"model"`
	Software string   `json:"sw_ver"`
	Hardware string   `json:"hw_ver"`
	DeviceID string   `json:"deviceId"`
	Type     string   `json:"type"`
	MicType  string   `json:"mic_type"`
	MAC      string   `json:"mac"`
	MicMAC   string   `json:"mic_mac"`
	System   *sysinfo `json:"system"`
}

// sysinfo fills in what a device says of itself and makes it an identity.
func (p *parser) sysinfo(c *proto.Conn, dir event.Dir, f *event.Kasa, body []byte) {
	var s sysinfo
	if json.Unmarshal(body, &s) != nil {
		return
	}
	if s.System != nil {
		s = *s.System
	}
	s.Type, s.MAC = cmp.Or(s.MicType, s.Type), cmp.Or(s.MAC, s.MicMAC)
	f.Alias, f.Model, f.Software, f.Hardware = text(c, s.Alias), text(c, s.Model), text(c, s.Software), text(c, s.Hardware)
	f.DeviceID, f.Type, f.MAC = text(c, s.DeviceID), text(c, s.Type), text(c, s.MAC)
	p.identify(c, dir, f, "kasa.sysinfo")
}

// discovery reads a TDP answer. A request has no result.
func (p *parser) discovery(c *proto.Conn, dir event.Dir, body []byte) {
	var d struct {
		Result struct {
			DeviceID string `json:"device_id"`
			Type     string `json:"device_type"`
			Model    string `json:"device_model"`
			MAC      string `json:"mac"`
			Hardware string `json:"hw_ver"`
		} `json:"result"`
		Error int32 `json:"error_code"`
	}
	if len(body) > 0 && json.Unmarshal(body, &d) != nil {
		if p.anomalies++; p.anomalies <= maxAnomalies {
			c.Anomaly(event.ProtoKasa, dir, "json", "")
		}
		return
	}
	f := proto.Emit[event.Kasa](c, dir)
	f.Command, f.Error = "tdp.discover", d.Error
	r := &d.Result
	f.Model, f.DeviceID, f.Type = text(c, r.Model), text(c, r.DeviceID), text(c, r.Type)
	f.MAC, f.Hardware = strings.ReplaceAll(text(c, r.MAC), "-", ":"), text(c, r.Hardware)
	p.identify(c, dir, f, "kasa.tdp")
}

func (p *parser) identify(c *proto.Conn, dir event.Dir, f *event.Kasa, source string) {
	if f.Model == "" && f.Type == "" {
		return
	}
	p.told.Tell(c, dir, &event.Identity{
		Source: source, Vendor: vendor, Model: f.Model, Type: deviceType(f.Type, f.Model),
		Name: f.Alias, Firmware: f.Software, Hardware: f.Hardware, Serial: f.DeviceID,
	})
}

// deviceTypes says what the ends of TP-Link's type names stand for: IOT.* are
// Kasa devices, SMART.* newer Kasa and Tapo ones.
var deviceTypes = [...]struct{ end, word string }{
	{"BULB", "bulb"}, {"IPCAMERA", "camera"}, {"DOORBELL", "doorbell"}, {"CHIME", "doorbell"},
	{"HUB", "hub"}, {"SENSOR", "sensor"}, {"ROBOVAC", "appliance"},
	{"PLUGSWITCH", "plug"}, {"PLUG", "plug"}, {"SWITCH", "switch"},
}

// wallSwitches are the model families that share a type name with plugs.
var wallSwitches = [...]string{"HS200", "HS210", "HS220", "HS230", "KS2", "ES20M"}

func deviceType(name, model string) string {
	for _, t := range deviceTypes {
		if !strings.HasSuffix(name, t.end) {
			continue
		}
		if t.end == "PLUGSWITCH" {
			for _, m := range wallSwitches {
				if strings.HasPrefix(model, m) {
					return "switch"
				}
			}
		}
		return t.word
	}
	return ""
}

func text(c *proto.Conn, s string) string { return c.Head([]byte(s), maxText) }
