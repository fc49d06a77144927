package ruleset_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
)

// poison is what names, topics, client ids and paths may be when a device, or
// who talks with it, means harm.
var poison = []string{
	"x\ny", "x\r\ntopic readwrite #", "x\nuser admin", `x"; drop table`, `x" comment "y`, "x}}\ndelete table inet filter", "x;y", "x\\", "x#y", "# x",
	"%c", "%u", "a/%c/b", "${clientid}", "{client}", "+", "#", "a+b", "+/#", "$share/g/#", "$SYS/#", "x]}.\n{allow, all}.", `x"]}. {allow, all}.`, "x/4#inet#filter#y", "x\nserver=192.0.2.1",
	" x", "x ", "x\x00y", "x\u2028y", "x\u202ey", "\xff\xfe", "ä", "x'y", "$(id)", "`id`", "- x", "x: y", "!x", strings.Repeat("x", 3000), "", "(?:", "x|y", "a)b",
}

// harmful has every text of poison in every place.
func harmful(t testing.TB) []*policy.Policy {
	p := policy.Profile{Name: poison[0], Members: []policy.Member{{ID: poison[4], MACs: []string{"02:00:00:00:00:01"}, Names: poison, Addresses: []netip.Addr{addr("192.168.7.11"), addr("fe80::1%eth0")}}}}
	for i, s := range poison {
		id := s
		if i%2 == 0 {
			id = ""
		}
		p.Lines = append(p.Lines,
			policy.Line{ID: id, Direction: policy.Out, Peer: named(s), Transport: "tcp", Ports: ports(443), Protocol: "tls"},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerZone, Value: s}, Transport: "", Ports: ports(80 + uint32(i))},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerModel, Value: s}, Transport: "tcp"},
			policy.Line{ID: id, Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "udp", Ports: []policy.Range{{First: 70000, Last: 80000}}},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 32)}}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "publish", Targets: []string{s, "t/" + s}, As: []string{s}}, {Op: "subscribe", Targets: []string{s}}, {Op: s}}},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 101, byte(i)}), 32)}}, Transport: "tcp", Ports: ports(80), Protocol: "http", Verbs: []policy.Verb{{Op: s, Targets: []string{s}}}},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "udp", Ports: ports(5683 + uint32(i)), Protocol: "coap", Verbs: []policy.Verb{{Op: "get", Targets: []string{s}, As: []string{s}}}},
			policy.Line{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "icmp", Verbs: []policy.Verb{{Op: s}, {Op: "type " + s}}},
		)
	}
	list := []*policy.Policy{envelope(t, "harm\n\"};", policy.Warn, p)}
	for _, s := range poison[:8] {
		list = append(list, envelope(t, s, policy.Enforce, policy.Profile{Members: []policy.Member{{Addresses: []netip.Addr{addr("192.168.7.11")}}}}))
	}
	return list
}

func harmfulOptions() ruleset.Options {
	o := ruleset.Options{Names: map[string][]netip.Addr{}, Accounts: map[string]string{}, Blocked: poison, Zones: map[string][]netip.Prefix{}}
	for i, s := range poison {
		o.Names[s] = []netip.Addr{addr("203.0.113.5"), addr("::ffff:203.0.113.6"), {}}
		o.Zones[s] = []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("192.168.7.0/24"), {}}
		if i%3 == 0 {
			o.Accounts[s] = s
		}
	}
	return o
}

// shapes are what every line of a format may be, so that nothing of a text
// from the network is a line, or a part, of its own.
var shapes = compiled(map[string]string{
	"dnsmasq":     `^(#[ -~]*|nftset=/[a-z0-9_.-]+/[46]#inet#edgeward_profiles#name[46]_[0-9a-f]{12}(,[46]#inet#edgeward_profiles#name[46]_[0-9a-f]{12})*)$`,
	"mosquitto":   `^(|# [ -~]*|user [^\pC ](?:[^\pC]*[^\pC ])?|(topic|pattern) (read|write) [^\pC ](?:[^\pC]*[^\pC ])?)$`,
	"emqx":        `^(%% [ -~]*|\{allow, (all|\{clientid, ("[ !#-\[\]-~]*"|\{re, "\^([A-Za-z0-9_.*+\[\]-]|\\\\x[0-9a-f]{2})*\\\\z"\})\}), (publish|subscribe|\{(publish|subscribe), \[[a-z0-9{}\[\], ]*\]\}), \["[ !#-\[\]-~]+"\]\}\.|\{deny, all\}\.)$`,
	"suricata":    `^(|# [ -~]*|(pass|alert|drop) (tcp|udp|icmp|http|mqtt|dns|tls|modbus) [0-9a-f:./,\[\]any]+ [0-9:,\[\]any]+ -> [0-9a-f:./,\[\]any]+ [0-9:,\[\]any]+ \(msg:"[A-Za-z0-9_. -]*"; (?:[a-z_.]+(:!?(?:"[^";]*"|[A-Za-z0-9,>_ ]+))?; )+metadata:[A-Za-z0-9_., -]+; sid:\d+; rev:\d+;\))$`,
	"edl":         `^(# [ -~]*|[0-9a-f:./]+)$`,
	"edl-names":   `^(# [ -~]*|(\*\.)?[a-z0-9_.-]+)$`,
	"edl-blocked": `^(# [ -~]*|[0-9a-f:.]+|[a-z0-9_.-]+)$`,
})

func compiled(shapes map[string]string) map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for name, s := range shapes {
		out[name] = regexp.MustCompile(s)
	}
	return out
}

// inShape wants every line of a text to be one of its format's.
func inShape(t *testing.T, format, text string) {
	t.Helper()
	re, ok := shapes[format]
	if !ok {
		return
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if !re.MatchString(l) {
			t.Errorf("%s has the line %q", format, l)
		}
	}
}

// TestHostileTexts writes them in every format: each line is one of the
// format's, and of what is left out somebody is told.
func TestHostileTexts(t *testing.T) {
	policies := harmful(t)
	for _, o := range []ruleset.Options{{}, harmfulOptions(), {ByClientID: true, ByAddress: true, Mode: policy.Enforce}} {
		for _, f := range ruleset.Formats() {
			text, limits := write(t, f.Name, policies, o)
			if len(limits) == 0 {
				t.Errorf("%s says all", f.Name)
			}
			inShape(t, f.Name, text)
		}
	}
}

// TestHostileTextsInMosquitto has the real broker read what was made of them,
// with a client that must not have got a right by them.
func TestHostileTextsInMosquitto(t *testing.T) {
	for _, o := range []ruleset.Options{{}, {ByClientID: true}} {
		text, _ := write(t, "mosquitto", harmful(t)[1:], o)
		more, _ := write(t, "mosquitto", plant(t), o)
		at := startMosquitto(t, text+more, "s1")
		c := connectTo(t, at, "s1", "s1")
		for _, topic := range []string{"secret", "evil", "x", "plant/s2/temp"} {
			if c.publish(topic, 1, false) {
				t.Errorf("%q is published", topic)
			}
		}
	}
}

// TestGuardSchema holds the guard's policies to their schema, read as YAML.
func TestGuardSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(ruleset.GuardSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("guard.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("guard.json")
	if err != nil {
		t.Fatal(err)
	}
	policies, o := house(t)
	for name, text := range map[string]string{
		"house":   first(write(t, "guard", policies, o)),
		"hostile": first(write(t, "guard", harmful(t), harmfulOptions())),
		"nothing": first(write(t, "guard", nil, o)),
	} {
		var read any
		if err := yaml.Unmarshal([]byte(text), &read); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		asJSON, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d := json.NewDecoder(bytes.NewReader(asJSON))
		d.DisallowUnknownFields()
		var back ruleset.GuardPolicy
		if err := d.Decode(&back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name == "hostile" {
			held := 0
			for _, g := range back.Profiles[0].Grants {
				for _, r := range g.Rights {
					for _, on := range r.On {
						if strings.Contains(on, "\n") {
							held++
						}
					}
				}
			}
			if held == 0 {
				t.Error("a topic with a line break did not come through as it is")
			}
		}
	}
}

func first(text string, _ []policy.Limit) string { return text }

func FuzzFormats(f *testing.F) {
	for _, s := range poison {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, name, topic, id string) {
		p := envelope(t, id, policy.Enforce, policy.Profile{
			Members: []policy.Member{{Addresses: []netip.Addr{addr("192.168.7.11")}}},
			Lines: []policy.Line{
				{ID: id, Direction: policy.Out, Peer: named(name), Transport: "tcp", Ports: ports(443), Protocol: "tls"},
				{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{{Op: "publish", Targets: []string{topic}, As: []string{id}}}},
				{ID: id, Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "tcp", Ports: ports(80), Protocol: "http", Verbs: []policy.Verb{{Op: name, Targets: []string{topic}}}},
			},
		})
		for _, format := range ruleset.Formats() {
			text, _ := write(t, format.Name, []*policy.Policy{p}, ruleset.Options{})
			inShape(t, format.Name, text)
		}
	})
}
