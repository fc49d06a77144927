package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// sample has every member of the shapes set.
func sample(t testing.TB) []*policy.Policy {
	one, no := uint8(1), false
	seen := policy.Evidence{
		Count: 41, First: at("2026-11-01T00:00:00.5Z"), Last: at("2026-11-14T23:59:59Z"), Days: 14, BytesOut: 4100, BytesIn: 90,
		Samples: []policy.Sample{{Capture: "a b: c.pcap", Packet: 7, Time: at("2026-11-01T00:00:00.5Z"), Fact: "f1"}},
	}
	x := &policy.Profile{
		Name: "thermostat: hall", Vendor: "Ac#me", Model: "T-1000", Type: "thermostat", Unseen: []string{"firmware-update"}, Behind: []netip.Prefix{netip.MustParsePrefix("10.22.22.0/24")},
		Members: []policy.Member{{ID: "d1", MACs: []string{"02:00:00:00:00:01"}, Names: []string{"hall"}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("fd00::5")}}},
		MUD:     &policy.MUD{URL: "https://acme.example/t.json", LastUpdate: "2026-01-01T00:00:00Z", CacheValidity: 48, Supported: true, SystemInfo: "a \"thermostat\"\n\x01"},
		Learned: &policy.Learned{First: at("2026-11-01T00:00:00Z"), Last: at("2026-11-15T00:00:00Z"), DeviceDays: 13.5, Exchanges: 900, LeftOut: []policy.LeftOut{{Exchanges: 3, Reason: "it was attacked", Finding: "x", Check: "guess.mqtt", Peer: "192.0.2.9"}}},
		Lines: []policy.Line{
			{
				Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerName, Names: []string{"*.example.com", "time#.example.org"}}, Transport: "tcp", Ports: []policy.Range{{First: 443, Last: 443}, {First: 8000, Last: 8100}},
				Protocol: "mqtt", Hours: []policy.Range{{First: 8, Last: 17}}, Note: "yes", Evidence: seen,
				Limits: policy.Limits{PerHour: 100, BytesOut: 1, BytesIn: 2, PerMessage: 3, PerSecond: 5},
				Verbs: []policy.Verb{{Op: "publish", Targets: []string{"plant/+/state", "$SYS/#", "null", "17"}, As: []string{"c1"}, Units: []policy.Range{{First: 1, Last: 1}}, Addresses: []policy.Range{{First: 0, Last: 9}},
					MaxSize: 512, MaxQoS: &one, Retain: &no, Evidence: seen}},
			},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, Transport: "47", Proposed: true},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{MACs: []string{"02:00:00:00:00:02"}}}}, From: []policy.Range{{First: 53, Last: 53}}},
			{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleResolver}},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "icmp", Verbs: []policy.Verb{{Op: "echo"}}},
		},
	}
	for i := range x.Lines {
		x.Lines[i].ID = x.Lines[i].Identify()
	}
	p := &policy.Policy{
		ID: "hall", Kind: policy.ForProfile, Revision: 3, Mode: policy.Warn, Origin: policy.FromFile, Author: "kim", Note: "a: b # c", Created: at("2026-11-15T00:00:00Z"),
		From: at("2026-11-15T00:00:00Z"), Expires: at("2027-11-15T00:00:00Z"), Signature: bytes.Repeat([]byte{7}, 64),
		Selector: policy.Selector{Devices: []string{"d1"}, HasMaximum: true, AtMost: ident.Info},
	}
	if err := profile.Envelope(p, x); err != nil {
		t.Fatal(err)
	}
	return []*policy.Policy{p, {ID: "mute", Kind: policy.Mute, Mode: policy.Enforce, Origin: policy.FromConsole, Selector: policy.Selector{Checks: []string{"scan.*"}}}}
}

func TestRoundTrip(t *testing.T) {
	for _, format := range []document.Format{document.YAML, document.JSON} {
		want := sample(t)
		var first, second bytes.Buffer
		if err := document.Write(&first, want, format); err != nil {
			t.Fatal(err)
		}
		f, err := document.Read("f", first.Bytes())
		if err != nil {
			t.Fatalf("%s: %v\n%s", format, err, first.Bytes())
		}
		for i := range want {
			got, _ := json.Marshal(f.Policies[i])
			all, _ := json.Marshal(want[i])
			if string(got) != string(all) {
				t.Errorf("%s:\n%s\nis not\n%s", format, got, all)
			}
		}
		if err := document.Write(&second, f.Policies, format); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: written again it is\n%s\nnot\n%s (%v)", format, second.Bytes(), first.Bytes(), err)
		}
		if list := document.Check(at("2026-11-16T00:00:00Z"), f); len(list) > 0 {
			t.Errorf("%s: %+v", format, list)
		}
	}
}

// TestCanonical wants signatures to last over what changes on the way.
func TestCanonical(t *testing.T) {
	p, q := sample(t)[0], sample(t)[0]
	q.Revision, q.Origin, q.Created, q.Signature, q.Applied = 9, policy.FromConsole, 5, nil, map[string]int{"s": 1}
	a, err := document.Canonical(p)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := document.Canonical(q); !bytes.Equal(a, b) {
		t.Error("what the hub writes changes the signed bytes")
	}
	q.Mode = policy.Enforce
	if b, _ := document.Canonical(q); bytes.Equal(a, b) {
		t.Error("the mode is not signed")
	}
}

const head = "edgeward: 1\npolicies:\n  - id: a\n    profile:\n      name: a\n      members: [{macs: [\"02:00:00:00:00:01\"]}]\n      lines:\n"

func TestFormErrors(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for text, want := range map[string]string{
		"":                                    "f.yaml:1:1: the file is empty",
		"# nothing\n":                         "f.yaml:1:1: ",
		"a: 1":                                "f.yaml:1:1: the header edgeward: 1 is missing",
		"edgeward: 2\npolicies: []":           "f.yaml:1:11: version 2 of the format is not known",
		"edgeward: 1":                         "f.yaml:1:1: there is no list of policies",
		"edgeward: 1\npolices: []":            `f.yaml:2:1: unknown key "polices"|did you mean policies?`,
		"edgeward: 1\npolicies: [{moode: x}]": `f.yaml:2:13: unknown key "policies[0].moode"|did you mean mode?`,
		"edgeward: 1\npolicies:\n- {id: a, id: b}":                             "f.yaml:3:",
		"edgeward: 1\npolicies:\n- from: tomorrow":                             `f.yaml:3:9: policies[0].from: want a time such as 2026-11-22T08:00:00Z, not "tomorrow"`,
		"edgeward: 1\npolicies:\n- selector: {at_most: bad}":                   "f.yaml:3:23: policies[0].selector.at_most: ",
		"edgeward: 1\npolicies:\n- signature: '%%'":                            "f.yaml:3:14: policies[0].signature: want base64",
		"edgeward: 1\npolicies: 7":                                             "f.yaml:2:11: policies: want a list",
		"edgeward: 1\npolicies: [7]":                                           "f.yaml:2:12: policies[0]: want keys and values",
		"edgeward: 1\npolicies: &x [*x]":                                       "f.yaml:2:11: anchors and aliases are not taken",
		"edgeward: 1\npolicies: !!binary a":                                    "f.yaml:2:11: tags",
		"edgeward: 1\npolicies: " + deep:                                       "f.yaml:2:",
		"edgeward: 1\npolicies:\n" + strings.Repeat("- ", 100) + "a":           "f.yaml:3:",
		"edgeward: 1\npolicies: []\n---\nb: 1":                                 "one document is enough",
		"edgeward: 1\npolicies:\n\t- a":                                        "f.yaml:3:1: ",
		"edgeward: 1\n\xff":                                                    "f.yaml:2:1: these bytes are no UTF-8",
		`{"edgeward": 1, "policies": [}`:                                       "f.yaml:1:29: ",
		"{\"edgeward\": 1,\n \"policies\": [{\"mod\": 1}]}":                    `f.yaml:2:16: unknown key "policies[0].mod"`,
		`{"edgeward": 1, "policies": []} x`:                                    "f.yaml:1:33: ",
		`{"edgeward": 1, "policies": [`:                                        "f.yaml:1:30: the file ends in the middle",
		`{"edgeward": 1, "policies": ` + deep + `}`:                            "lie too deep",
		head + "        - direction: out\n          ports: [8-x]\n":            `f.yaml:9:19: policies[0].profile.lines[0].ports[0]: want a number or a range such as "1000-2000", not "8-x"`,
		head + "        - direction: out\n          verbs: [{max_qos: 300}]\n": "f.yaml:9:29: policies[0].profile.lines[0].verbs[0].max_qos: want a number from 0 to 255",
		head + "        - direction: out\n          proposed: maybe\n":         "f.yaml:9:21: policies[0].profile.lines[0].proposed: want true or false",
		head + "        - peer: {kind: network, networks: [10.0.0]}\n":         "f.yaml:8:44: policies[0].profile.lines[0].peer.networks[0]: ",
		head + "        - evidence: {count: -1}\n":                             "f.yaml:8:29: policies[0].profile.lines[0].evidence.count: want a number",
	} {
		_, err := document.Read("f.yaml", []byte(text))
		want, hint, _ := strings.Cut(want, "|")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		} else if hint != "" && ident.HintOf(err) != hint && !strings.Contains(fmt.Sprint(hints(err)), hint) {
			t.Errorf("%.60q: hint %q, want %q", text, hints(err), hint)
		}
	}
}

func hints(err error) (out []string) {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range j.Unwrap() {
			out = append(out, ident.HintOf(e))
		}
	}
	return out
}

func TestCheck(t *testing.T) {
	line := func(rest string) string { return head + "        - " + rest + "\n" }
	ok := "{direction: out, peer: {kind: any}}"
	for text, want := range map[string]string{
		line("{direction: ut, peer: {kind: any}}"):                                                                `8:23: policy "a": unknown direction "ut"|did you mean out?`,
		line("{direction: out, peer: {kind: anny}}"):                                                              `8:41: policy "a": unknown kind of peer "anny"|did you mean any?`,
		line("{direction: out, peer: {kind: role, value: resolvr}}"):                                              `unknown role "resolvr"|did you mean resolver?`,
		line("{direction: out, peer: {kind: zone}}"):                                                              "a peer of kind zone without the zone",
		line("{direction: out, peer: {kind: device, devices: [{}]}}"):                                             "this is no device: it is empty",
		line("{direction: out, peer: {kind: device, devices: [{macs: [abc]}]}}"):                                  `"abc" is no MAC address`,
		line("{direction: out, peer: {kind: name, names: [a..b]}}"):                                               `the name "a..b" has an empty label`,
		line("{direction: out, peer: {kind: name, names: [a.*.b]}}"):                                              "stands in front only",
		line("{direction: out, peer: {kind: name, names: [\"10.0.0.1\"]}}"):                                       "is an address",
		line("{direction: out, peer: {kind: network, networks: [10.0.0.1/8]}}"):                                   "has bits behind its length|write 10.0.0.0/8",
		line("{direction: out, transport: tpc, peer: {kind: any}}"):                                               `unknown transport "tpc"|did you mean tcp?`,
		line("{direction: out, transport: tcp, protocol: mqqt, peer: {kind: any}}"):                               `unknown protocol "mqqt"|did you mean mqtt?`,
		line("{direction: out, transport: icmp, ports: [1], peer: {kind: any}}"):                                  "icmp has no ports",
		line("{direction: out, transport: tcp, ports: [\"90-80\"], peer: {kind: any}}"):                           "the range 90-80 is the wrong way round|write 80-90",
		line("{direction: out, transport: tcp, ports: [70000], peer: {kind: any}}"):                               "there is no port 70000",
		line("{direction: out, hours: [\"8-24\"], peer: {kind: any}}"):                                            "there is no hour 24",
		line("{direction: out, peer: {kind: any}, verbs: [{op: get}]}"):                                           "verbs belong to a protocol",
		line("{direction: out, protocol: mqtt, peer: {kind: any}, verbs: [{op: publish, targets: [\"a/#/b\"]}]}"): "has # before its end",
		line("{direction: out, protocol: mqtt, peer: {kind: any}, verbs: [{op: Publish}]}"):                       "lower case",
		line("{direction: out, protocol: mqtt, peer: {kind: any}, verbs: [{op: publish, max_qos: 3}]}"):           "no quality of service 3",
		line(ok + "\n        - {direction: out, peer: {kind: any}, limits: {per_hour: 5}}"):                       `9:11: policy "a": the line contradicts the one in f.yaml:8`,
		line("{id: x, direction: out, peer: {kind: any}}\n        - {id: x, direction: in, peer: {kind: any}}"):   "id x is that of the line in f.yaml:8",
		line(ok) + "  - {id: a, profile: {members: [{id: q}], lines: [" + ok + "]}}":                              "9:10: policy \"a\": the id is taken by the policy in f.yaml:3",
		line(ok) + "  - {id: b, profile: {members: [{macs: [\"02:00:00:00:00:01\"]}], lines: [" + ok + "]}}":      "has a policy already, in f.yaml:3",
		line(ok) + "  - {id: b, mode: inforce, profile: {members: [{id: q}], lines: []}}":                         `unknown mode "inforce"|did you mean enforce?`,
		line(ok) + "  - {id: b, kind: prof, profile: {members: [{id: q}], lines: []}}":                            `unknown kind of policy "prof"`,
		line(ok) + "  - {id: b, profile: {lines: []}}":                                                            "the profile is for nobody",
		line(ok) + "  - {id: b}": "a policy of kind profile has a profile",
		line(ok) + "  - {id: b, kind: maintenance, selector: {zones: [x]}}":                                                     "a maintenance window has an end",
		line(ok) + "  - {id: b, kind: mute}":                                                                                    "it selects nothing",
		line(ok) + "  - {id: \"b c\", kind: mute, selector: {zones: [x]}}":                                                      `the id "b c" is not made of`,
		line(ok) + "  - {id: b, kind: mute, selector: {zones: [x]}, signature: AAAA}":                                           "a signature has 64 bytes, not 3",
		line(ok) + "  - {id: b, kind: mute, selector: {zones: [x]}, from: 2027-01-01T00:00:00Z, expires: 2026-01-01T00:00:00Z}": "over before it begins",
		line(ok) + "  - {id: b, kind: mute, selector: {zones: [x]}, expires: 2026-01-01T00:00:00Z}":                             "warning: it expired at 2026-01-01",
		line(ok + "\n        - " + ok):                                                                                          "warning: the line says the same as the one in f.yaml:8",
		line(ok + "\n        - {direction: out, transport: tcp, ports: [80], peer: {kind: name, names: [a.example]}}"):          "warning: the line is shadowed: the one in f.yaml:8 allows all of it",
	} {
		f, err := document.Read("f.yaml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want, hint, _ := strings.Cut(want, "|")
		want, warning := strings.CutPrefix(want, "warning: ")
		found := false
		for _, p := range document.Check(at("2026-11-16T00:00:00Z"), f) {
			if strings.Contains(p.Error().Error(), want) && strings.HasPrefix(p.Error().Error(), "f.yaml:") && p.Warning == warning && (hint == "" || hint == p.Hint) {
				found = true
			}
		}
		if !found {
			t.Errorf("%s\nno %q (hint %q) among %+v", text, want, hint, document.Check(at("2026-11-16T00:00:00Z"), f))
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := sample(t), sample(t)
	if list, err := document.Diff(a, b); err != nil || len(list) != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	x, err := profile.Body(b[0])
	if err != nil {
		t.Fatal(err)
	}
	x.Lines[0].Verbs[0].Targets = []string{"plant/#"}
	x.Lines[0].Evidence.Count = 9
	x.Lines[2].Evidence.Count = 9
	x.Lines[1] = policy.Line{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}}
	if err := profile.Envelope(b[0], x); err != nil {
		t.Fatal(err)
	}
	b[0].Mode = policy.Enforce
	list, err := document.Diff(a, append(b[:1:1], &policy.Policy{ID: "new", Kind: policy.Mute}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.Policy+" "+c.What)
	}
	want := []string{"hall changed", "hall changed", "hall added", "hall removed", "mute removed", "new added"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	var text bytes.Buffer
	if err := document.WriteChanges(&text, list); err != nil || !strings.Contains(text.String(), "  + out to anybody\n") || !strings.Contains(text.String(), "~ mode: warn → enforce") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// TestLargeFile bounds what the largest files cost.
func TestLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var b bytes.Buffer
	b.WriteString(head)
	for b.Len() < 2<<20 {
		b.WriteString("        - {direction: out, peer: {kind: any}}\n")
	}
	begin := time.Now()
	if _, err := document.Read("f.yaml", b.Bytes()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB of YAML in %v", b.Len()>>20, time.Since(begin))
}

func FuzzRead(f *testing.F) {
	for _, format := range []document.Format{document.YAML, document.JSON} {
		var b bytes.Buffer
		if err := document.Write(&b, sample(f), format); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(head + "        - {direction: out, peer: {kind: any}, note: \"\\u0085\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := document.Read("f", b)
		if err != nil {
			return
		}
		document.Check(0, file)
		for _, format := range []document.Format{document.YAML, document.JSON} {
			var first, second bytes.Buffer
			if err := document.Write(&first, file.Policies, format); err != nil {
				t.Fatal(err)
			}
			again, err := document.Read("f", first.Bytes())
			if err != nil {
				t.Fatalf("%s: %v\n%s", format, err, first.Bytes())
			}
			if err := document.Write(&second, again.Policies, format); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Fatalf("%s:\n%s\nis not\n%s", format, second.Bytes(), first.Bytes())
			}
		}
	})
}
