package mud

import (
	"bytes"
	"encoding/json"
	"strconv"

	"edgeward/internal/ident"
)

// Write writes a file in the form of the RFC, two blanks an indent. It refuses
// what [ReadStrict] would not read.
func Write(f *File) ([]byte, error) {
	var raw bytes.Buffer
	writeFile(f).write(&raw)
	var out bytes.Buffer
	if err := json.Indent(&out, raw.Bytes(), "", "  "); err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "write the usage description of %q: %w", f.URL, err)
	}
	out.WriteByte('\n')
	if _, err := ReadStrict("usage description to be written", out.Bytes()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// tree is a JSON object whose members keep their order. Members that hold
// nothing are left out.
type tree []branch

type branch struct {
	name  string
	value any // string, int, bool, tree, []tree, []string, literal
}

// literal is JSON as it is.
type literal string

// null is a leaf of type empty (RFC 7951, section 6.9).
const null = literal("[null]")

func (t tree) write(b *bytes.Buffer) {
	b.WriteByte('{')
	first := true
	for _, m := range t {
		if m.value == nil {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(quote(m.name) + ":")
		switch v := m.value.(type) {
		case string:
			b.WriteString(quote(v))
		case int:
			b.WriteString(strconv.Itoa(v))
		case bool:
			b.WriteString(strconv.FormatBool(v))
		case literal:
			b.WriteString(string(v))
		case tree:
			v.write(b)
		case []tree:
			b.WriteByte('[')
			for i, item := range v {
				if i > 0 {
					b.WriteByte(',')
				}
				item.write(b)
			}
			b.WriteByte(']')
		}
	}
	b.WriteByte('}')
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings always encode
	return string(bytes.TrimSpace(b.Bytes()))
}

// text leaves an empty string out.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func flag(is bool) any {
	if !is {
		return nil
	}
	return null
}

func writeFile(f *File) tree {
	meta := tree{
		{"mud-version", 1},
		{"mud-url", text(f.URL)},
		{"last-update", text(f.LastUpdate)},
		{"mud-signature", text(f.Signature)},
		{"cache-validity", f.CacheValidity},
		{"is-supported", f.Supported},
		{"systeminfo", text(f.SystemInfo)},
		{"mfg-name", text(f.Manufacturer)},
		{"model-name", text(f.Model)},
		{"firmware-rev", text(f.Firmware)},
		{"software-rev", text(f.Software)},
		{"documentation", text(f.Documentation)},
		{"extensions", words(f.Extensions)},
		{"from-device-policy", writePolicy(f.FromDevice)},
		{"to-device-policy", writePolicy(f.ToDevice)},
		{"nist-mud:quarantined-device-policy", writeQuarantine(f.Quarantine)},
	}
	lists := []tree{}
	for _, l := range f.Lists {
		entries := []tree{}
		for i := range l.Entries {
			entries = append(entries, writeEntry(&l.Entries[i]))
		}
		lists = append(lists, tree{{"name", l.Name}, {"type", l.Type}, {"aces", tree{{"ace", entries}}}})
	}
	return tree{{"ietf-mud:mud", meta}, {"ietf-access-control-list:acls", tree{{"acl", lists}}}}
}

func words(list []string) any {
	if len(list) == 0 {
		return nil
	}
	out := "["
	for i, w := range list {
		if i > 0 {
			out += ","
		}
		out += quote(w)
	}
	return literal(out + "]")
}

func writePolicy(lists []string) any {
	names := []tree{}
	for _, l := range lists {
		names = append(names, tree{{"name", l}})
	}
	return tree{{"access-lists", tree{{"access-list", names}}}}
}

func writeQuarantine(entries []string) any {
	if len(entries) == 0 {
		return nil
	}
	names := []tree{}
	for _, e := range entries {
		names = append(names, tree{{"ace-name", e}})
	}
	return tree{{"enabled-ace-names", names}}
}

func writeEntry(e *Entry) tree {
	m, matches := &e.Matches, tree{}
	if a := m.Abstract; a != nil {
		matches = append(matches, branch{"ietf-mud:mud", tree{
			{"manufacturer", text(a.Manufacturer)},
			{"same-manufacturer", flag(a.SameManufacturer)},
			{"model", text(a.Model)},
			{"local-networks", flag(a.LocalNetworks)},
			{"controller", text(a.Controller)},
			{"my-controller", flag(a.MyController)},
		}})
	}
	if h := m.Eth; h != nil {
		eth := tree{
			{"destination-mac-address", text(h.Destination)},
			{"destination-mac-address-mask", text(h.DestinationMask)},
			{"source-mac-address", text(h.Source)},
			{"source-mac-address-mask", text(h.SourceMask)},
		}
		if h.Type != nil {
			eth = append(eth, branch{"ethertype", int(*h.Type)})
		}
		matches = append(matches, branch{"eth", eth})
	}
	matches = append(matches, writeIP("ipv4", m.IPv4), writeIP("ipv6", m.IPv6), writePorts("tcp", m.TCP), writePorts("udp", m.UDP))
	if i := m.ICMP; i != nil {
		matches = append(matches, branch{"icmp", withFields(tree{{"type", small(i.Type)}, {"code", small(i.Code)}}, i.Fields)})
	}
	return tree{{"name", e.Name}, {"matches", matches}, {"actions", tree{{"forwarding", e.Forwarding}, {"logging", text(e.Logging)}}}}
}

func small(n *uint8) any {
	if n == nil {
		return nil
	}
	return int(*n)
}

func withFields(t tree, fields []Field) tree {
	for _, f := range fields {
		t = append(t, branch{f.Name, literal(f.Value)})
	}
	return t
}

func writeIP(version string, ip *IP) branch {
	if ip == nil {
		return branch{}
	}
	t := tree{{"ietf-acldns:src-dnsname", text(ip.SourceName)}, {"ietf-acldns:dst-dnsname", text(ip.DestinationName)}, {"protocol", small(ip.Protocol)}}
	if ip.Destination.IsValid() {
		t = append(t, branch{"destination-" + version + "-network", ip.Destination.String()})
	}
	if ip.Source.IsValid() {
		t = append(t, branch{"source-" + version + "-network", ip.Source.String()})
	}
	return branch{version, withFields(t, ip.Fields)}
}

func writePorts(kind string, p *Ports) branch {
	if p == nil {
		return branch{}
	}
	return branch{kind, withFields(tree{
		{"ietf-mud:direction-initiated", text(p.Initiated)},
		{"source-port", writePort(p.Source)},
		{"destination-port", writePort(p.Destination)},
	}, p.Fields)}
}

func writePort(p *Port) any {
	if p == nil {
		return nil
	}
	if p.Operator == "range" {
		return tree{{"lower-port", int(p.Port)}, {"upper-port", int(p.Upper)}}
	}
	return tree{{"operator", p.Operator}, {"port", int(p.Port)}}
}
