package ruleset_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// envelope makes a policy of a profile.
func envelope(t testing.TB, id string, mode policy.Mode, p policy.Profile) *policy.Policy {
	t.Helper()
	for i := range p.Lines {
		if p.Lines[i].ID == "" {
			p.Lines[i].ID = p.Lines[i].Identify()
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return &policy.Policy{ID: id, Kind: policy.ForProfile, Revision: 3, Mode: mode, Body: b}
}

func write(t testing.TB, format string, policies []*policy.Policy, o ruleset.Options) (string, []policy.Limit) {
	t.Helper()
	f, err := ruleset.FormatByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	limits, err := f.Write(&b, policies, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), limits
}

func has(limits []policy.Limit, line, what string) bool {
	for _, l := range limits {
		if l.Line == line && l.What == what {
			return true
		}
	}
	return false
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func ports(list ...uint32) (out []policy.Range) {
	for _, p := range list {
		out = append(out, policy.Range{First: p, Last: p})
	}
	return out
}

func role(value string) policy.Peer { return policy.Peer{Kind: policy.PeerRole, Value: value} }

func named(names ...string) policy.Peer { return policy.Peer{Kind: policy.PeerName, Names: names} }

func number[T any](v T) *T { return &v }

// house is a camera, a sensor and the broker that the sensor talks with.
func house(t testing.TB) ([]*policy.Policy, ruleset.Options) {
	camera := envelope(t, "profile-camera", policy.Enforce, policy.Profile{
		Name: "camera", Vendor: "Lens", Members: []policy.Member{{ID: "d1", MACs: []string{"02:00:00:00:00:01"}, Addresses: []netip.Addr{addr("192.168.7.11")}}},
		Lines: []policy.Line{
			{Direction: policy.Out, Peer: role(policy.RoleNetwork)},
			{Direction: policy.In, Peer: role(policy.RoleNetwork)},
			{Direction: policy.Out, Peer: role(policy.RoleResolver), Transport: "udp", Ports: ports(53), Protocol: "dns", Verbs: []policy.Verb{{Op: "query", Targets: []string{"cloud.example.com"}}}},
			{Direction: policy.Out, Peer: role(policy.RoleTime), Transport: "udp", Ports: ports(123), Protocol: "ntp"},
			{Direction: policy.Out, Peer: role(policy.RoleDHCP), Transport: "udp", Ports: ports(67), Protocol: "dhcp"},
			{Direction: policy.Out, Peer: role(policy.RoleDiscovery), Transport: "udp", Ports: ports(5353), Protocol: "mdns"},
			{Direction: policy.Out, Peer: named("cloud.example.com", "*.cdn.example.net", "time#.example.org"), Transport: "tcp", Ports: ports(443), Protocol: "tls", Hours: []policy.Range{{First: 8, Last: 17}}},
			{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, Transport: "tcp", Ports: ports(80), Protocol: "http",
				Verbs: []policy.Verb{{Op: "get", Targets: []string{"/api/v#/state"}}, {Op: "post"}}},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "tcp", Ports: []policy.Range{{First: 554, Last: 554}, {First: 8000, Last: 8010}}, Limits: policy.Limits{PerHour: 20}},
			{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "icmp", Verbs: []policy.Verb{{Op: "echo"}}},
			{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(22), Proposed: true},
		},
	})
	sensor := envelope(t, "profile-sensor", policy.Warn, policy.Profile{
		Name: "sensor", Members: []policy.Member{{ID: "d2", MACs: []string{"02:00:00:00:00:02"}, Addresses: []netip.Addr{addr("192.168.7.12"), addr("fd00::12")}}},
		Lines: []policy.Line{
			{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{ID: "d3"}}}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "connect", As: []string{"s1"}},
				{Op: "publish", Targets: []string{"plant/s1/temp", "plant/s#/raw"}, As: []string{"s1"}, MaxQoS: number(uint8(1)), Retain: number(false), MaxSize: 100},
				{Op: "subscribe", Targets: []string{"plant/s1/cmd/#"}, As: []string{"s1"}},
			}},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerZone, Value: "office"}, Transport: "udp", Ports: ports(5683), Protocol: "coap", Verbs: []policy.Verb{{Op: "get observe", Targets: []string{"sensors/+"}}}},
		},
	})
	broker := envelope(t, "profile-broker", policy.Observe, policy.Profile{
		Name: "broker", Members: []policy.Member{{ID: "d3", MACs: []string{"02:00:00:00:00:03"}, Addresses: []netip.Addr{addr("192.168.7.13")}}},
		Lines: []policy.Line{
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{MACs: []string{"02:00:00:00:00:02"}}}}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "publish", Targets: []string{"plant/#"}, As: []string{"s*"}},
				{Op: "subscribe", Targets: []string{"plant/+/cmd/set"}, As: []string{"s*"}},
			}},
			{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{Addresses: []netip.Addr{addr("192.168.7.20")}}}}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "subscribe", Targets: []string{"plant/#"}, As: []string{"historian"}},
			}},
		},
	})
	return []*policy.Policy{camera, sensor, broker}, ruleset.Options{
		Gateways: []netip.Addr{addr("192.168.7.1")}, Resolvers: []netip.Addr{addr("192.168.7.1")},
		Zones:   map[string][]netip.Prefix{"office": {netip.MustParsePrefix("192.168.9.0/24")}},
		Names:   map[string][]netip.Addr{"cloud.example.com": {addr("203.0.113.5"), addr("2001:db8::5")}, "time7.example.org": {addr("203.0.113.6")}},
		Blocked: []string{"203.0.113.66", "bad.example", "no name"},
	}
}

// TestGolden holds what is written of the house in every format, with what
// each does not say.
func TestGolden(t *testing.T) {
	policies, o := house(t)
	for _, f := range ruleset.Formats() {
		text, limits := write(t, f.Name, policies, o)
		if again, _ := write(t, f.Name, policies, o); again != text {
			t.Errorf("%s is not the same twice", f.Name)
		}
		for _, l := range limits {
			b, _ := json.Marshal(l)
			text += "\n" + string(b)
		}
		path := filepath.Join("testdata", f.Name+".golden")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text+"\n" != string(want) {
			t.Errorf("%s differs from %s; got\n%s", f.Name, path, text)
		}
	}
}

// TestOptions has what an administrator says come out.
func TestOptions(t *testing.T) {
	policies, o := house(t)
	o.Accounts = map[string]string{"s1": "line one", "historian": "bad\nuser admin"}
	text, limits := write(t, "mosquitto", policies, o)
	if !strings.Contains(text, "\nuser line one\n") || strings.Contains(text, "\nuser s1\n") || strings.Contains(text, "historian") || !has(limits, "", "identity") {
		t.Errorf("accounts are not used: %s", text)
	}
	o.Brokers = []netip.Addr{addr("192.0.2.1")} // another one
	if text, _ := write(t, "mosquitto", policies, o); strings.Contains(text, "topic") {
		t.Errorf("rights at another broker: %s", text)
	}
	o.ByAddress, o.Mode, o.LogGroup = true, policy.Warn, 5
	text, _ = write(t, "nftables", policies, o)
	if strings.Contains(text, "02:00:00") || !strings.Contains(text, "192.168.7.11 : jump out_") || strings.Contains(text, " drop ") || !strings.Contains(text, "group 5") {
		t.Errorf("options of nftables are not used: %s", text)
	}
	o.Zones = nil
	if _, limits := write(t, "nftables", policies, o); !slices.ContainsFunc(limits, func(l policy.Limit) bool { return l.Policy == "profile-sensor" && l.What == "peer" }) {
		t.Error("that a zone is not known is not said")
	}
}

// TestRefused wants what the evaluator refuses to be exported nowhere.
func TestRefused(t *testing.T) {
	twin := envelope(t, "a", "", policy.Profile{})
	for name, list := range map[string][]*policy.Policy{
		"direction": {envelope(t, "a", "", policy.Profile{Lines: []policy.Line{{Peer: policy.Peer{Kind: policy.PeerAny}}}})},
		"two":       {twin, twin},
		"body":      {{ID: "a", Kind: policy.ForProfile, Body: []byte("{")}},
	} {
		for _, f := range ruleset.Formats() {
			if _, err := f.Write(io.Discard, list, ruleset.Options{}); err == nil || !strings.Contains(err.Error(), name) && name != "body" {
				t.Errorf("%s: %s: %v", f.Name, name, err)
			}
		}
	}
	if _, err := ruleset.FormatByName("iptables"); err == nil {
		t.Error("there is no such format")
	}
}
