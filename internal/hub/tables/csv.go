package tables

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/ident"
)

// columns gives each column the names under which it goes in the tools that
// write such files.
var columns = map[string][]string{
	"mac":         {"mac", "mac_address", "macaddress", "hwaddr", "hw_address", "hardware_address", "ethernet", "mac address"},
	"ip":          {"ip", "ip_address", "ipaddress", "address", "ipv4", "ip address"},
	"name":        {"hostname", "host", "dns_name", "fqdn", "host_name", "host name"},
	"label":       {"label", "name", "asset", "asset_name", "ci", "ci_name", "display_name"},
	"type":        {"type", "device_type", "class", "category"},
	"vendor":      {"vendor", "manufacturer", "make", "maker"},
	"model":       {"model", "model_number", "product"},
	"zone":        {"zone", "segment", "network_zone"},
	"criticality": {"criticality", "critical", "business_criticality"},
	"owner":       {"owner", "owned_by", "managed_by", "responsible"},
	"location":    {"location", "room", "building", "place"},
	"note":        {"note", "notes", "comment", "comments", "description"},
	"tags":        {"tags", "labels"},
	"safety":      {"safety"},
	"switch":      {"switch", "switch_name"},
	"port":        {"port", "interface", "switch_port"},
	"vlan":        {"vlan", "vlan_id"},
}

// Criticalities lists the words for how much depends on a device.
var Criticalities = []string{"low", "normal", "high", "critical"}

// Safeties lists the words for what no automatic action may touch.
var Safeties = []string{"life-supporting", "safety-instrumented", "emergency-call"}

// csv reads a file with a header. With attributes it takes what people
// recorded; otherwise only addresses and names.
func (p *parser) csv(r *bufio.Reader, attributes bool) error {
	first, err := r.Peek(min(4096, r.Buffered()))
	if err != nil {
		return ident.Errorf(ident.Invalid, "", "read table: %w", err)
	}
	line := firstLine(first)
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	c.ReuseRecord = true
	switch {
	case strings.Count(line, ";") > strings.Count(line, ","):
		c.Comma = ';'
	case strings.Count(line, "\t") > strings.Count(line, ","):
		c.Comma = '\t'
	}
	header, err := c.Read()
	if err != nil {
		return ident.Errorf(ident.Invalid, "the first row names the columns", "read table: %w", err)
	}
	at := make(map[string]int)
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		for column, names := range columns {
			if _, taken := at[column]; !taken && slices.Contains(names, h) {
				at[column] = i
			}
		}
	}
	_, hasMAC := at["mac"]
	_, hasIP := at["ip"]
	if !hasMAC && !hasIP {
		return ident.Errorf(ident.Invalid, "name one column mac or ip", "no column tells the MAC or IP address: %s", clip(strings.Join(header, ", ")))
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		n, _ := c.FieldPos(0)
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			p.problem(parse.Line, "%v", parse.Err)
			continue
		}
		if err != nil {
			return ident.Errorf(ident.Invalid, "", "read table: %w", err)
		}
		get := func(column string) string {
			i, ok := at[column]
			if !ok || i >= len(row) {
				return ""
			}
			return strings.ToValidUTF8(strings.TrimSpace(row[i]), "�")
		}
		if err := p.row(n, get, attributes); err != nil {
			return err
		}
	}
}

func (p *parser) row(n int, get func(string) string, attributes bool) error {
	e := Entry{Line: n, Name: get("name"), Switch: get("switch"), Port: get("port"), VLAN: get("vlan")}
	if v := get("mac"); v != "" {
		m, err := ident.ParseMAC(v)
		if err != nil {
			p.problem(n, "%q is no MAC address", clip(v))
			return nil
		}
		e.MAC = m
	}
	if v := get("ip"); v != "" {
		a, err := netip.ParseAddr(v)
		if err != nil {
			p.problem(n, "%q is no IP address", clip(v))
			return nil
		}
		e.Address = a.Unmap()
	}
	if e.MAC.IsZero() && !e.Address.IsValid() {
		p.problem(n, "neither a MAC nor an IP address")
		return nil
	}
	if !attributes {
		if e.Name == "" {
			e.Name = get("label")
		}
		return p.add(e)
	}
	e.Set.Label, e.Set.Type, e.Set.Vendor, e.Set.Model = get("label"), strings.ToLower(get("type")), get("vendor"), get("model")
	e.Set.Zone, e.Set.Owner, e.Set.Location, e.Set.Note = get("zone"), get("owner"), get("location"), get("note")
	e.Set.Criticality, e.Set.Safety = strings.ToLower(get("criticality")), strings.ToLower(get("safety"))
	if c := e.Set.Criticality; c != "" && !slices.Contains(Criticalities, c) {
		p.problem(n, "criticality %q is none of %s", clip(c), strings.Join(Criticalities, ", "))
		e.Set.Criticality = ""
	}
	if s := e.Set.Safety; s != "" && !slices.Contains(Safeties, s) {
		p.problem(n, "safety %q is none of %s", clip(s), strings.Join(Safeties, ", "))
		e.Set.Safety = ""
	}
	e.Set.Tags = append(e.Set.Tags, strings.FieldsFunc(get("tags"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })...)
	return p.add(e)
}
