package dns

import (
	"bytes"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// trait is what a TXT key says about a device.
type trait uint8

const (
	noTrait trait = iota
	vendor
	model
	name
	firmware
	hardware
	serial
	version    // of the firmware, if the same record names a model
	category   // HomeKit accessory category
	matterType // Matter device type
)

// anyKeys are keys that mean the same in whatever service they are used.
var anyKeys = map[string]trait{
	"model": model, "modelname": model, "model_name": model, "modelnumber": model, "model_number": model,
	"modelid": model, "model_id": model, "mdl": model, "md": model, "usb_mdl": model, "devicemodel": model,
	"device_model": model, "ty": model,
	"manufacturer": vendor, "manufacture": vendor, "mfg": vendor, "mfr": vendor, "mf": vendor,
	"vendor": vendor, "brand": vendor, "usb_mfg": vendor,
	"fn": name, "friendlyname": name, "friendly_name": name, "devicename": name, "device_name": name,
	"devname": name,
	"fv":      firmware, "fw": firmware, "fwver": firmware, "fw_ver": firmware, "fwversion": firmware,
	"fw_version": firmware, "firmware": firmware, "firmwareversion": firmware, "firmware_version": firmware,
	"swversion": firmware, "sw_version": firmware,
	"hardware": hardware, "hardware_ver": hardware, "hwver": hardware, "hw_ver": hardware, "hw": hardware,
	"serial": serial, "serialnumber": serial, "serial_number": serial, "serialno": serial, "sn": serial,
	"version": version, "ver": version,
}

// serviceKeys are keys with a meaning of their own in one service.
var serviceKeys = map[string]map[string]trait{
	"_hap":        {"md": model, "ci": category},
	"_raop":       {"am": model, "fv": firmware},
	"_airplay":    {"model": model, "manufacturer": vendor, "serialnumber": serial, "fv": firmware},
	"_googlecast": {"md": model, "fn": name},
	"_shelly":     {"app": model, "ver": firmware},
	"_matterc":    {"dn": name, "dt": matterType},
	"_matterd":    {"dn": name, "dt": matterType},
	"_esphomelib": {"friendly_name": name, "project_name": model, "project_version": firmware, "board": hardware},
	"_amzn-wplay": {"n": name},
}

// serviceTypes are services that only one type of device offers.
var serviceTypes = map[string]string{"_axis-video": "camera", "_hue": "hub", "_airport": "access-point"}

// printerServices describe a printer: the sender, or one that it shares.
var printerServices = map[string]bool{"_ipp": true, "_ipps": true, "_printer": true, "_pdl-datastream": true}

// shared reports whether the record is about a printer that a print server
// shares: CUPS puts these under the path printers.
func shared(r *Record) (found bool) {
	r.Strings(func(text []byte) bool {
		found = len(text) > 12 && strings.EqualFold(string(text[:12]), "rp=printers/")
		return !found
	})
	return found
}

// categories are the HomeKit accessory categories that have a type of the
// closed list.
var categories = map[string]string{
	"2": "hub", "3": "appliance", "5": "bulb", "6": "lock", "7": "plug", "8": "switch", "9": "thermostat",
	"10": "sensor", "17": "camera", "18": "doorbell", "19": "appliance", "20": "appliance", "21": "appliance",
	"22": "appliance", "23": "appliance", "24": "streamer", "25": "speaker", "26": "speaker", "27": "router",
	"31": "tv", "33": "router", "34": "speaker", "35": "streamer", "36": "streamer",
}

// matterTypes are device types of the Matter device library.
var matterTypes = map[string]string{
	"10": "lock", "14": "hub", "21": "sensor", "34": "speaker", "35": "streamer", "40": "tv", "43": "appliance",
	"112": "appliance", "115": "appliance", "116": "appliance", "117": "appliance", "118": "sensor",
	"256": "bulb", "257": "bulb", "259": "switch", "260": "switch", "261": "switch", "262": "sensor",
	"263": "sensor", "266": "plug", "267": "plug", "268": "bulb", "269": "bulb", "769": "thermostat",
	"770": "sensor", "773": "sensor", "774": "sensor", "775": "sensor",
}

// describeService gathers what the records of a multicast DNS answer say
// about its sender.
func describeService(c *proto.Conn, s *scratch, self netip.Addr, id *event.Identity) {
	self = self.WithZone("")
	for _, section := range [][]Record{s.msg.Answers, s.msg.Additional} {
		for i := range section {
			r := &section[i]
			switch r.Type {
			case TypeA, TypeAAAA:
				if a, _ := r.Addr(); a == self && id.Name == "" {
					id.Name = host(c, r.Name)
				}
			case TypeSRV:
				if target, ok := r.Target(); ok && id.Name == "" {
					id.Name = host(c, target)
				}
				instance(c, r.Name, id)
			case TypePTR:
				if target, ok := r.Target(); ok && serviceOf(r.Name) != "" && serviceOf(r.Name) != "_dns-sd" {
					instance(c, target, id)
				}
			case TypeTXT:
				instance(c, r.Name, id)
				describeTXT(c, r, id)
			}
		}
	}
}

// serviceOf gives the label before _tcp or _udp, empty when there is none.
// Services of which nothing is known are all called "_".
func serviceOf(n Name) (service string) {
	var before []byte
	n.Labels(func(label []byte) bool {
		if len(label) == 4 && (strings.EqualFold(string(label), "_tcp") || strings.EqualFold(string(label), "_udp")) {
			service = knownService(before)
			return false
		}
		before = label
		return true
	})
	return service
}

// knownService gives the lower-case name of a service out of a label.
func knownService(label []byte) string {
	if len(label) < 2 || label[0] != '_' {
		return ""
	}
	var buf [maxServiceName]byte
	if len(label) <= len(buf) {
		for i, c := range label {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			buf[i] = c
		}
		if name, ok := serviceNames[string(buf[:len(label)])]; ok {
			return name
		}
	}
	return "_"
}

const maxServiceName = 24

// serviceNames holds the names of all services that are looked for.
var serviceNames = func() map[string]string {
	names := map[string]string{"_dns-sd": "_dns-sd"}
	for n := range serviceTypes {
		names[n] = n
	}
	for n := range printerServices {
		names[n] = n
	}
	for n := range serviceKeys {
		names[n] = n
	}
	return names
}()

// host gives the first label of a host name.
func host(c *proto.Conn, n Name) (name string) {
	n.Labels(func(label []byte) bool {
		name = identity.Text(c, label)
		return false
	})
	return name
}

// instance takes the human-readable instance name of a service as banner.
func instance(c *proto.Conn, n Name, id *event.Identity) {
	service := serviceOf(n)
	if t := serviceTypes[service]; t != "" {
		id.Type = t
	}
	if id.Banner != "" || service == "" || service == "_dns-sd" {
		return
	}
	n.Labels(func(label []byte) bool {
		if label[0] != '_' {
			id.Banner = identity.Text(c, label)
		}
		return false
	})
}

// describeTXT reads the key=value strings of a service (RFC 6763 section 6).
func describeTXT(c *proto.Conn, r *Record, id *event.Identity) {
	service := serviceOf(r.Name)
	if printerServices[service] {
		if shared(r) {
			return
		}
		id.Type = "printer"
	}
	keys := serviceKeys[service]
	if keys == nil {
		keys = anyKeys
	}
	var release []byte
	named := false
	r.Strings(func(text []byte) bool {
		key, value, ok := bytes.Cut(text, []byte("="))
		if !ok && bytes.IndexByte(text, ' ') > 0 {
			id.Banner = identity.Text(c, text) // a description instead of a key
		}
		value = bytes.Trim(value, " ()\x00")
		if !ok || len(value) == 0 || len(key) > 32 {
			return true
		}
		switch t := keys[strings.ToLower(string(key))]; t {
		case version:
			release = value
		case category:
			id.Type = categories[string(value)]
		case matterType:
			id.Type = matterTypes[string(value)]
		case model:
			named = true
			set(c, &id.Model, value)
		case vendor:
			set(c, &id.Vendor, value)
		case name:
			set(c, &id.Name, value)
		case firmware:
			set(c, &id.Firmware, value)
		case hardware:
			set(c, &id.Hardware, value)
		case serial:
			set(c, &id.Serial, value)
		}
		return true
	})
	if named && release != nil && id.Firmware == "" {
		set(c, &id.Firmware, release)
	}
}

// set takes over a value, at most 128 bytes of it.
func set(c *proto.Conn, field *string, value []byte) {
	*field = identity.Text(c, value[:min(len(value), 128)])
}
