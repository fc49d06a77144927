package mud_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The tables below are the YANG modules ietf-mud@2019-01-28,
// ietf-acldns@2019-01-28 (RFC 8520), ietf-access-control-list@2019-03-04,
// ietf-packet-fields@2019-03-04 and ietf-ethertypes@2019-03-04 (RFC 8519), as
// far as a usage description has their nodes, with the types of RFC 6991 and
// the encoding of RFC 7951. They are written from the modules and share
// nothing with the reader.

// schema is one node: a leaf when check is there, a list when key or each is,
// else a container.
type schema struct {
	mandatory bool
	check     func(v any) error            // of a leaf
	nodes     map[string]schema            // of a container, or of one entry of a list
	choices   [][]string                   // of these nodes at most one may be there
	must      func(m map[string]any) error // of a container or an entry
	key       string                       // of a list
	leaves    bool                         // a leaf-list
}

func (s schema) required() schema { s.mandatory = true; return s }

func leaf(check func(any) error) schema { return schema{check: check} }

// uint is a whole number in JSON (RFC 7951, section 6.1).
func uint(low, high float64) schema {
	return leaf(func(v any) error {
		n, ok := v.(json.Number)
		if !ok {
			return fmt.Errorf("%v is not a number", v)
		}
		i, err := strconv.ParseUint(n.String(), 10, 64)
		if err != nil || float64(i) < low || float64(i) > high {
			return fmt.Errorf("%s is not from %v to %v", n, low, high)
		}
		return nil
	})
}

func pattern(expressions ...string) schema {
	var compiled []*regexp.Regexp
	for _, e := range expressions {
		compiled = append(compiled, regexp.MustCompile("^("+e+")$"))
	}
	return leaf(func(v any) error {
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%v is not a string", v)
		}
		for _, e := range compiled {
			if !e.MatchString(s) {
				return fmt.Errorf("%q does not match %s", s, e)
			}
		}
		return nil
	})
}

func length(low, high int) schema {
	return leaf(func(v any) error {
		if s, ok := v.(string); !ok || len([]rune(s)) < low || len([]rune(s)) > high {
			return fmt.Errorf("%v is not a string of %d to %d characters", v, low, high)
		}
		return nil
	})
}

// identity is an identityref (RFC 7951, section 6.8).
func identity(names ...string) schema {
	return leaf(func(v any) error {
		s, ok := v.(string)
		if !ok || !slices.Contains(names, strings.TrimPrefix(s, "ietf-access-control-list:")) {
			return fmt.Errorf("%v is none of %v", v, names)
		}
		return nil
	})
}

func enum(names ...string) schema {
	return leaf(func(v any) error {
		if s, ok := v.(string); !ok || !slices.Contains(names, s) {
			return fmt.Errorf("%v is none of %v", v, names)
		}
		return nil
	})
}

func bits(names ...string) schema {
	return leaf(func(v any) error {
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%v is not a string", v)
		}
		for w := range strings.FieldsSeq(s) {
			if !slices.Contains(names, w) {
				return fmt.Errorf("%q is none of %v", w, names)
			}
		}
		return nil
	})
}

func binary(high int) schema {
	return leaf(func(v any) error {
		s, ok := v.(string)
		if b, err := base64.StdEncoding.DecodeString(s); !ok || err != nil || len(b) > high {
			return fmt.Errorf("%v is not base64 of at most %d bytes", v, high)
		}
		return nil
	})
}

func union(types ...schema) schema {
	return leaf(func(v any) (err error) {
		for _, t := range types {
			if err = t.check(v); err == nil {
				return nil
			}
		}
		return err
	})
}

// prefix is the ipv4-prefix or ipv6-prefix of RFC 6991 in canonical form.
func prefix(version int) schema {
	return leaf(func(v any) error {
		s, _ := v.(string)
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4() != (version == 4) || p != p.Masked() || p.String() != s {
			return fmt.Errorf("%v is not a prefix of IPv%d", v, version)
		}
		return nil
	})
}

var (
	text    = length(0, math.MaxInt)
	uint8s  = uint(0, math.MaxUint8)
	uint16s = uint(0, math.MaxUint16)
	uint32s = uint(0, math.MaxUint32)
	boolean = leaf(func(v any) error {
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%v is not a boolean", v)
		}
		return nil
	})
	empty = leaf(func(v any) error { // RFC 7951, section 6.9
		if a, ok := v.([]any); !ok || len(a) != 1 || a[0] != nil {
			return fmt.Errorf("%v is not [null]", v)
		}
		return nil
	})
	uri         = pattern(`[a-z][a-z0-9+.-]*:[!-~]+`)
	dateAndTime = pattern(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[\+\-]\d{2}:\d{2})`)
	domainName  = pattern(`((([a-zA-Z0-9_]([a-zA-Z0-9\-_]){0,61})?[a-zA-Z0-9]\.)*([a-zA-Z0-9_]([a-zA-Z0-9\-_]){0,61})?[a-zA-Z0-9]\.?)|\.`, `.{1,253}`)
	address     = leaf(func(v any) error { s, _ := v.(string); _, err := netip.ParseAddr(s); return err })
	host        = union(address, domainName)
	mac         = pattern(`[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}`)

	portOrRange = schema{
		nodes: map[string]schema{
			"lower-port": uint16s, "upper-port": uint16s, "operator": enum("lte", "gte", "eq", "neq"), "port": uint16s,
		},
		choices: [][]string{{"lower-port", "port"}, {"upper-port", "port"}, {"lower-port", "operator"}, {"upper-port", "operator"}},
		must: func(m map[string]any) error {
			low, high := m["lower-port"], m["upper-port"]
			switch {
			case (low == nil) != (high == nil):
				return fmt.Errorf("a range with one end")
			case low == nil && m["port"] == nil:
				return fmt.Errorf("neither a port nor a range")
			case low != nil:
				l, _ := low.(json.Number).Int64()
				if h, _ := high.(json.Number).Int64(); l > h {
					return fmt.Errorf("the range begins at %d and ends at %d", l, h)
				}
			}
			return nil
		},
	}

	matches = schema{
		nodes: map[string]schema{
			"ietf-mud:mud": {nodes: map[string]schema{
				"manufacturer": host, "same-manufacturer": empty, "model": uri, "local-networks": empty, "controller": uri, "my-controller": empty,
			}},
			"eth": {nodes: map[string]schema{
				"destination-mac-address": mac, "destination-mac-address-mask": mac, "source-mac-address": mac, "source-mac-address-mask": mac,
				"ethertype": uint16s,
			}},
			"ipv4": {nodes: with(ipFields, map[string]schema{
				"ihl": uint(5, 60), "flags": bits("reserved", "fragment", "more"), "offset": uint(20, math.MaxUint16), "identification": uint16s,
				"destination-ipv4-network": prefix(4), "source-ipv4-network": prefix(4),
			})},
			"ipv6": {nodes: with(ipFields, map[string]schema{
				"flow-label": uint(0, 1<<20-1), "destination-ipv6-network": prefix(6), "source-ipv6-network": prefix(6),
			})},
			"tcp": {nodes: map[string]schema{
				"sequence-number": uint32s, "acknowledgement-number": uint32s, "data-offset": uint(5, 15), "reserved": uint8s,
				"flags": bits("cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin"), "window-size": uint16s, "urgent-pointer": uint16s, "options": binary(40),
				"source-port": portOrRange, "destination-port": portOrRange, "ietf-mud:direction-initiated": enum("to-device", "from-device"),
			}},
			"udp":  {nodes: map[string]schema{"length": uint16s, "source-port": portOrRange, "destination-port": portOrRange}},
			"icmp": {nodes: map[string]schema{"type": uint8s, "code": uint8s, "rest-of-header": binary(math.MaxInt)}},
		},
		choices: [][]string{{"ipv4", "ipv6"}, {"tcp", "udp", "icmp"}},
	}

	ipFields = map[string]schema{
		"dscp": uint(0, 63), "ecn": uint(0, 3), "length": uint16s, "ttl": uint8s, "protocol": uint8s,
		"ietf-acldns:src-dnsname": host, "ietf-acldns:dst-dnsname": host,
	}

	aclTypes = map[string]string{
		"ipv4-acl-type": "ipv4", "ipv6-acl-type": "ipv6", "eth-acl-type": "eth", "mixed-eth-ipv4-acl-type": "eth ipv4",
		"mixed-eth-ipv6-acl-type": "eth ipv6", "mixed-eth-ipv4-ipv6-acl-type": "eth ipv4 ipv6",
	}

	acl = schema{
		key: "name",
		nodes: map[string]schema{
			"name": length(1, 64).required(),
			"type": identity("ipv4-acl-type", "ipv6-acl-type", "eth-acl-type", "mixed-eth-ipv4-acl-type", "mixed-eth-ipv6-acl-type", "mixed-eth-ipv4-ipv6-acl-type"),
			"aces": {nodes: map[string]schema{"ace": {
				key: "name",
				nodes: map[string]schema{
					"name":    length(1, 64).required(),
					"matches": matches,
					"actions": schema{nodes: map[string]schema{
						"forwarding": identity("accept", "drop", "reject").required(), "logging": identity("log-syslog", "log-none"),
					}}.required(),
				},
			}}},
		},
		must: func(m map[string]any) error { // the conditions "when" of eth, ipv4 and ipv6
			kind, _ := m["type"].(string)
			for _, ace := range at[[]any](m, "aces", "ace") {
				for header := range at[map[string]any](ace, "matches") {
					if (header == "eth" || header == "ipv4" || header == "ipv6") && !slices.Contains(strings.Fields(aclTypes[kind]), header) {
						return fmt.Errorf("an entry of %v matches %s", m["name"], header)
					}
				}
			}
			return nil
		},
	}

	policyNode = schema{nodes: map[string]schema{"access-lists": {nodes: map[string]schema{
		"access-list": {key: "name", nodes: map[string]schema{"name": text.required()}},
	}}}}

	usageDescription = schema{
		nodes: map[string]schema{
			"ietf-mud:mud": schema{nodes: map[string]schema{
				"mud-version": uint(1, 1).required(), "mud-url": pattern(`https://[!-~]+`).required(), "last-update": dateAndTime.required(),
				"mud-signature": uri, "cache-validity": uint(1, 168), "is-supported": boolean.required(), "systeminfo": text, "mfg-name": text,
				"model-name": text, "firmware-rev": text, "software-rev": text, "documentation": uri,
				"extensions":         {leaves: true, check: length(1, 40).check},
				"from-device-policy": policyNode, "to-device-policy": policyNode,
				// NIST's extension, which has an augmenting module of its own.
				"nist-mud:quarantined-device-policy": {nodes: map[string]schema{
					"enabled-ace-names": {key: "ace-name", nodes: map[string]schema{"ace-name": text.required()}},
				}},
			}}.required(),
			"ietf-access-control-list:acls": {nodes: map[string]schema{"acl": acl}},
		},
		must: func(m map[string]any) error { // the leafrefs
			var names []any
			for _, l := range at[[]any](m, "ietf-access-control-list:acls", "acl") {
				names = append(names, l.(map[string]any)["name"])
			}
			for _, direction := range []string{"from-device-policy", "to-device-policy"} {
				for _, l := range at[[]any](m, "ietf-mud:mud", direction, "access-lists", "access-list") {
					if name := l.(map[string]any)["name"]; !slices.Contains(names, name) {
						return fmt.Errorf("%s names %v, which is not there", direction, name)
					}
				}
			}
			return nil
		},
	}
)

func with(a, b map[string]schema) map[string]schema {
	out := map[string]schema{}
	for _, m := range []map[string]schema{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// at goes down through objects.
func at[T any](v any, path ...string) (out T) {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	out, _ = v.(T)
	return out
}

func (s *schema) validate(v any, path string) error {
	switch {
	case s.leaves:
		a, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: not an array", path)
		}
		for i, item := range a {
			if err := s.check(item); err != nil {
				return fmt.Errorf("%s[%d]: %w", path, i, err)
			}
		}
	case s.check != nil:
		if err := s.check(v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	case s.key != "":
		a, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: not an array", path)
		}
		seen := map[any]bool{}
		for i, item := range a {
			if err := s.container(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
			key := item.(map[string]any)[s.key]
			if seen[key] {
				return fmt.Errorf("%s: the key %v comes twice", path, key)
			}
			seen[key] = true
		}
	default:
		return s.container(v, path)
	}
	return nil
}

func (s *schema) container(v any, path string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: not an object", path)
	}
	for name, value := range m {
		node, ok := s.nodes[name]
		if !ok {
			return fmt.Errorf("%s: unknown node %q", path, name)
		}
		if err := node.validate(value, path+"/"+name); err != nil {
			return err
		}
	}
	for name, node := range s.nodes {
		if _, ok := m[name]; !ok && node.mandatory {
			return fmt.Errorf("%s: %s is missing", path, name)
		}
	}
	for _, choice := range s.choices {
		n := 0
		for _, name := range choice {
			if m[name] != nil {
				n++
			}
		}
		if n > 1 {
			return fmt.Errorf("%s: several of %v", path, choice)
		}
	}
	if s.must != nil {
		if err := s.must(m); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// validate checks a file against the modules.
func validate(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	return usageDescription.validate(v, "")
}

// TestSchemaRefuses shows that the tables above find what is wrong, and that
// the strict reader finds the same.
func TestSchemaRefuses(t *testing.T) {
	good := string(luminaire)
	if err := validate(luminaire); err != nil {
		t.Fatal(err)
	}
	if _, err := readStrict(luminaire); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another version":            {`"mud-version": 1`, `"mud-version": 2`},
		"a number as a string":       {`"mud-version": 1`, `"mud-version": "1"`},
		"no version":                 {`"mud-version": 1,`, ``},
		"an URL that is not https":   {`"https://lamps.example/lamp"`, `"http://lamps.example/lamp"`},
		"a time without a zone":      {`2026-03-01T12:00:00Z`, `2026-03-01T12:00:00`},
		"a week and an hour":         {`"cache-validity": 48`, `"cache-validity": 169`},
		"no hours":                   {`"cache-validity": 48`, `"cache-validity": 0`},
		"support is not said":        {`"is-supported": true,`, ``},
		"an unknown leaf":            {`"is-supported": true,`, `"is-supported": true, "colour": "red",`},
		"a list that is not there":   {`{"name": "from"}`, `{"name": "form"}`},
		"the draft's lists":          {`ietf-access-control-list:acls`, `ietf-access-control-list:access-lists`},
		"an unknown type":            {`"type": "ipv4-acl-type"`, `"type": "ip-acl-type"`},
		"a header of another type":   {`"type": "ipv4-acl-type"`, `"type": "ipv6-acl-type"`},
		"an unknown action":          {`"forwarding": "accept"`, `"forwarding": "permit"`},
		"no action":                  {`"actions": {"forwarding": "accept"}`, `"actions": {}`},
		"two entries of one name":    {`"name": "b-fr"`, `"name": "a-fr"`},
		"an empty name":              {`"name": "b-fr"`, `"name": ""`},
		"a name that is too long":    {`"name": "b-fr"`, `"name": "` + strings.Repeat("b", 65) + `"`},
		"the protocol by its name":   {`"protocol": 6`, `"protocol": "tcp"`},
		"a protocol of nine bits":    {`"protocol": 6`, `"protocol": 256`},
		"a port of 17 bits":          {`"port": 443`, `"port": 65536`},
		"an unknown operator":        {`"operator": "eq"`, `"operator": "lt"`},
		"a range backwards":          {`{"operator": "eq", "port": 443}`, `{"lower-port": 5, "upper-port": 4}`},
		"half a range":               {`{"operator": "eq", "port": 443}`, `{"lower-port": 5}`},
		"an unknown direction":       {`"from-device"`, `"device"`},
		"a direction without module": {`"ietf-mud:direction-initiated"`, `"direction-initiated"`},
		"a name that is none":        {`"update.lamps.example"`, `"update lamps"`},
		"empty written as true":      {`[null]`, `true`},
		"a network without a length": {`"192.0.2.0/24"`, `"192.0.2.0"`},
		"a network of IPv6":          {`"192.0.2.0/24"`, `"2001:db8::/32"`},
	} {
		bad := []byte(strings.Replace(good, change[0], change[1], 1))
		if bytes.Equal(bad, luminaire) {
			t.Errorf("%s: nothing to change", name)
		}
		if err := validate(bad); err == nil {
			t.Errorf("%s: the schema takes it", name)
		}
		if _, err := readStrict(bad); err == nil {
			t.Errorf("%s: the reader takes it", name)
		}
	}
}
