//go:build !sensor

package fingerprint

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// recogFields maps recog's "matches" keys to our fields.
var recogFields = map[string][]string{
	"ssh.banner":               {"ssh.server"},
	"http_header.server":       {"http.server"},
	"http_header.wwwauth":      {"http.realm"},
	"http_header.cookie":       nil,
	"html_title":               {"http.title"},
	"ftp.banner":               {"ftp.banner"},
	"telnet.banner":            {"telnet.banner"},
	"snmp.sys_description":     {"snmp.sysdescr"},
	"snmp.sys_object_id":       {"snmp.sysobjid"},
	"smb.native_os":            {"smb.native_os"},
	"smb.native_lm":            {"smb.native_lm"},
	"dhcp_vendor_class":        {"dhcp.vendor"},
	"mdns.device-info.txt":     {"mdns.txt"},
	"mdns.workstation.txt":     {"mdns.txt"},
	"rtsp_header.server":       {"rtsp.server"},
	"sip_header.server":        {"sip.server"},
	"sip_header.user_agent":    {"sip.user_agent"},
	"x509.subject":             {"tls.subject"},
	"x509.issuer":              {"tls.issuer"},
	"http_header.x-powered-by": {"http.powered_by"},
	"dns.versionbind":          nil,
	"ntp.banner":               nil,
}

// recogFile is the part of a recog XML file that is read.
type recogFile struct {
	Matches      string `xml:"matches,attr"`
	Fingerprints []struct {
		Pattern     string `xml:"pattern,attr"`
		Flags       string `xml:"flags,attr"`
		Description string `xml:"description"`
		Params      []struct {
			Pos   int    `xml:"pos,attr"`
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"param"`
	} `xml:"fingerprint"`
}

// maxRecogFile bounds one XML file.
const maxRecogFile = 16 << 20

// LoadRecog adds the fingerprints of a folder of recog XML files
// (github.com/rapid7/recog). Patterns that the regular expressions of Go do
// not have (look-around, back references) are left out and counted.
func (d *DB) LoadRecog(dir string, types func(string) bool) (loaded, skipped int, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		return 0, 0, err
	}
	if len(files) == 0 {
		return 0, 0, fmt.Errorf("load recog fingerprints: no XML files in %q", dir)
	}
	for _, path := range files {
		n, s, err := d.loadRecogFile(path, types)
		if err != nil {
			return loaded, skipped, fmt.Errorf("load recog fingerprints %q: %w", path, err)
		}
		loaded, skipped = loaded+n, skipped+s
	}
	return loaded, skipped, nil
}

func (d *DB) loadRecogFile(path string, types func(string) bool) (loaded, skipped int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	if info.Size() > maxRecogFile {
		return 0, 0, fmt.Errorf("the file is larger than %d bytes", maxRecogFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	var f recogFile
	if err := xml.Unmarshal(b, &f); err != nil {
		return 0, 0, err
	}
	fields := recogFields[f.Matches]
	if fields == nil {
		return 0, len(f.Fingerprints), nil
	}
	base := strings.TrimSuffix(filepath.Base(path), ".xml")
	for i, p := range f.Fingerprints {
		flags := ""
		if strings.Contains(p.Flags, "REG_ICASE") {
			flags = "(?i)"
		}
		re, err := regexp.Compile(flags + p.Pattern)
		if err != nil {
			skipped++
			continue
		}
		r := &Rule{ID: fmt.Sprintf("recog/%s/%d", base, i+1), Fields: fields, re: re}
		for _, a := range p.Params {
			if c, ok := recogClue(a.Name, a.Value, a.Pos, types); ok {
				c.Rule = r.ID
				r.clues = append(r.clues, c)
			}
		}
		if len(r.clues) > 0 {
			d.add(r)
			loaded++
		}
	}
	return loaded, skipped, nil
}

// recogClue turns a parameter of a recog fingerprint into a conclusion.
func recogClue(name, value string, pos int, types func(string) bool) (Clue, bool) {
	if pos > 0 {
		value = "${" + strconv.Itoa(pos) + "}"
	} else {
		value = strings.ReplaceAll(value, "$", "$$")
	}
	c := Clue{Value: value, Confidence: 0.7}
	switch name {
	case "hw.vendor":
		c.Attribute = Vendor
	case "hw.product", "hw.model":
		c.Attribute = Model
	case "hw.device", "os.device":
		c.Attribute = Type
		c.Value = recogType(value)
		if c.Value == "" || types != nil && !types(c.Value) {
			return c, false
		}
	case "os.product":
		c.Attribute = OS
	case "hw.version", "hw.firmware":
		c.Attribute = Firmware
	default:
		return c, false
	}
	return c, !strings.Contains(value, "{") || pos > 0
}

// recogType maps recog's device classes to the closed list.
func recogType(s string) string {
	switch strings.ToLower(s) {
	case "printer", "multifunction device", "print server":
		return "printer"
	case "router", "broadband router", "vpn":
		return "router"
	case "wap", "wireless controller":
		return "access-point"
	case "ip camera", "web cam", "cctv", "dvr", "network camera", "nvr":
		return "camera"
	case "switch", "hub":
		return "network-switch"
	case "nas", "storage", "san":
		return "nas"
	case "tv", "smart tv", "television":
		return "tv"
	case "media server", "dvr/set top box", "set top box", "streaming media player":
		return "streamer"
	case "voip", "ip phone", "phone", "mobile", "mobile phone":
		return "phone"
	case "ups", "power device", "pdu":
		return "ups"
	case "industrial control", "plc":
		return "plc"
	case "general", "desktop", "laptop", "workstation":
		return "computer"
	case "firewall":
		return "firewall"
	case "lights out management":
		return "server"
	case "thermostat":
		return "thermostat"
	}
	return ""
}
