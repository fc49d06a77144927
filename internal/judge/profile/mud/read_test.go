package mud_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/policy"
	"edgeward/internal/shared"
)

// published gives the files that makers and researchers have published.
func published(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(shared.Dir(t, "data", "mud"), "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no files", err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = data
	}
	return out
}

// rewrite writes a file, wants the schema and the strict reader to take it
// and what is read to be what was written.
func rewrite(f *mud.File) ([]byte, error) {
	data, err := mud.Write(f)
	if err != nil {
		return nil, err
	}
	if err := validate(data); err != nil {
		return nil, fmt.Errorf("the schema: %w\n%s", err, data)
	}
	again, err := readStrict(data)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(f, again) {
		return nil, fmt.Errorf("read back, it is another:\n%+v\n%+v", f, again)
	}
	return data, nil
}

// reprofile makes a profile of a file, a file of that and a profile again,
// which must be the same.
func reprofile(f *mud.File) error {
	p, _ := mud.ToProfile(f)
	out, _, err := mud.FromProfile(p, mud.Options{})
	if err != nil {
		return err
	}
	if _, err := rewrite(out); err != nil {
		return err
	}
	again, _ := mud.ToProfile(out)
	if !reflect.DeepEqual(p, again) {
		return fmt.Errorf("the profile is another:\n%+v\n%+v", p, again)
	}
	return nil
}

func TestPublishedFiles(t *testing.T) {
	entries, lines := 0, 0
	for name, data := range published(t) {
		f, _, err := mud.Read(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := rewrite(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := reprofile(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, l := range f.Lists {
			entries += len(l.Entries)
		}
		p, _ := mud.ToProfile(f)
		if len(p.Lines) == 0 {
			t.Errorf("%s: no lines", name)
		}
		lines += len(p.Lines)
		pol := &policy.Policy{ID: name, Kind: policy.ForProfile}
		if err := profile.Envelope(pol, p); err != nil {
			t.Fatal(err)
		}
		if _, err := profile.Compile([]*policy.Policy{pol}, profile.Options{}); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d entries became %d lines", entries, lines)
}

// early is a file as the drafts of 2016 wrote it, and the first generators.
const early = `{
 "ietf-mud:meta-info": {"lastUpdate": "2016-10-17T10:28:57+02:00", "systeminfo": "A lamp", "cacheValidity": 1440},
 "ietf-acl:access-lists": {
  "ietf-acl:access-list": [
   {
    "acl-name": "mud-63955-v4in",
    "acl-type": "ipv4-acl",
    "ietf-mud:packet-direction": "to-device",
    "access-list-entries": {"ace": [
     {
      "rule-name": "clout0-in",
      "matches": {"ietf-mud:direction-initiated": "from-device", "ietf-acldns:src-dnsname": "lamps.example", "protocol": 6, "source-port-range": {"lower-port": 443, "upper-port": 443}},
      "actions": {"permit": [null]}
     },
     {
      "rule-name": "entin0-in",
      "matches": {"ietf-mud:controller": "https://lamps.example/hub", "protocol": 17, "destination-port-range": {"lower-port": 5683}},
      "actions": {"permit": [null]}
     }
    ]}
   },
   {
    "acl-name": "mud-63955-v6out",
    "acl-type": "ipv6-acl",
    "ietf-mud:packet-direction": "from-device",
    "access-list-entries": {"ace": [
     {
      "rule-name": "clout0-in",
      "matches": {"ietf-mud:direction-initiated": "from-device", "ietf-acldns:dst-dnsname": "lamps.example", "protocol": 6, "destination-port-range": {"lower-port": 443, "upper-port": 443}},
      "actions": {"permit": [null]}
     }
    ]}
   }
  ]
 }
}`

func TestEarlyDraft(t *testing.T) {
	f, _, err := mud.Read("lamp.json", []byte(early))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := mud.ToProfile(f)
	var got []string
	for i := range p.Lines {
		got = append(got, brief(&p.Lines[i]))
	}
	if want := []string{"out name lamps.example tcp 443-443", "in class https://lamps.example/hub udp 5683-5683", "out class https://lamps.example/hub udp 5683-5683 from 5683-5683"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if f.CacheValidity != 24 {
		t.Errorf("kept for %d hours, not a day", f.CacheValidity)
	}
	f.URL = "https://lamps.example/lamp"
	if _, err := rewrite(f); err != nil {
		t.Error(err)
	}
}

// draft is a file as drafts wrote it, with most of what has changed since.
const draft = `{
 "ietf-mud:meta-info": {
  "lastUpdate": "2016-05-18T20:00:50Z",
  "mud-version": "1",
  "mud-url": "http://lamps.example/lamp",
  "systemInfo": "A lamp",
  "cacheValidity": 1000,
  "is-supported": "true",
  "from-device-policy": {"access-lists": {"access-list": [{"acl-name": "out", "acl-type": "ipv4-acl"}, {"name": "gone"}]}}
 },
 "ietf-acl:access-lists": {
  "acl": [
   {
    "acl-name": "out",
    "acl-type": "ipv4-acl",
    "access-list-entries": {"ace": [
     {
      "rule-name": "a",
      "matches": {
       "ipv4-acl": {
        "ietf-acldns:dst-dnsname": "Update.Lamps.Example.",
        "protocol": "tcp",
        "destination-port-range": {"lower-port": 443}
       },
       "tcp-acl": {"direction-initiated": "from-device"}
      },
      "actions": {"permit": [null]}
     },
     {
      "rule-name": "a",
      "matches": {"mud": {"local-networks": null}, "udp": {"destination-port": {"operator": "gt", "port": 1023}}},
      "actions": {"packet-fate": "permit"}
     },
     {
      "rule-name": "b",
      "matches": {"ipv6": {"destination-ipv6-network": "192.0.2.1"}},
      "actions": {"forwarding": "accept"}
     },
     {
      "rule-name": "c",
      "matches": {"ipv4": {"destination-ipv4-network": "192.0.2.1"}},
      "actions": {"deny": [null]}
     }
    ]}
   },
   {
    "acl-name": "in",
    "ietf-mud:packet-direction": "to-device",
    "access-list-entries": {"ace": []}
   }
  ]
 }
}`

func TestDraft(t *testing.T) {
	f, warnings, err := mud.Read("lamp.json", []byte(draft))
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, w := range warnings {
		fmt.Fprintln(&said, w)
	}
	for _, want := range []string{
		`line 2: /ietf-mud:meta-info: "ietf-mud:meta-info" is written "ietf-mud:mud"`, `line 3: /ietf-mud:mud/lastUpdate`, `line 4: /ietf-mud:mud/mud-version: the number`,
		`line 5: /ietf-mud:mud/mud-url: the scheme`, `line 7: /ietf-mud:mud/cache-validity: 1000 hours`, `line 8: /ietf-mud:mud/is-supported: the boolean`,
		`"gone", which is not there`, `line 14: /ietf-access-control-list:acls/acl[1]/acl-name`, `line 22: /ietf-access-control-list:acls/acl[1]/aces/ace[1]/matches/ipv4/protocol: "tcp" is written 6`, `upper-port is missing`,
		`"direction-initiated" is written "ietf-mud:direction-initiated"`, `written "forwarding": "accept"`, `a second entry "a"`, `written [null]`,
		`"gt" is written "gte"`, `not an address of IPv6; the entry matches nothing`, `/ace[4]/matches/ipv4/destination-ipv4-network: "192.0.2.1" is written with the length`,
		`written "forwarding": "drop"`, `directions of lists`, `the list has no type`,
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no warning has %q", want)
		}
	}
	if t.Failed() {
		t.Log(said.String())
	}
	if f.CacheValidity != 168 || !f.Supported || f.SystemInfo != "A lamp" || len(f.Lists) != 2 || len(f.FromDevice) != 1 || len(f.ToDevice) != 1 || len(f.Lists[0].Entries) != 3 {
		t.Errorf("%+v", f)
	}
	e := f.Lists[0].Entries
	if p := e[0].Matches.TCP; p == nil || p.Initiated != "from-device" || p.Destination == nil || *p.Destination != (mud.Port{Operator: "eq", Port: 443}) {
		t.Errorf("%+v", p)
	}
	if e[1].Name != "a-2" || !e[1].Matches.Abstract.LocalNetworks || e[1].Matches.UDP.Destination.Port != 1024 || e[2].Forwarding != "drop" {
		t.Errorf("%+v", e)
	}
	f.URL = "https://lamps.example/lamp"
	if _, err := rewrite(f); err != nil {
		t.Error(err)
	}
}

// TestUnknownConditions leaves out what would allow more than is meant.
func TestUnknownConditions(t *testing.T) {
	data := strings.Replace(string(luminaire), `"protocol": 6}`, `"protocol": 6, "vlan": 7}`, 1)
	f, warnings, err := mud.Read("lamp.json", []byte(data))
	if err != nil || len(warnings) != 2 || warnings[0].Path != "/ietf-access-control-list:acls/acl[1]/aces/ace[1]/matches/ipv4/vlan" {
		t.Fatalf("%v %+v", err, warnings)
	}
	if e := f.Lists[0].Entries; len(e) != 2 || e[0].Name != "b-fr" {
		t.Errorf("%+v", e)
	}
}

func TestBrokenFiles(t *testing.T) {
	good := string(luminaire)
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, c := range map[string]struct{ data, want string }{
		"nothing":                   {"", "lamp.json:1: the JSON ends"},
		"no JSON":                   {"mud", "lamp.json:1: not JSON"},
		"half a file":               {good[:len(good)/2], "the JSON ends in the middle"},
		"a comma too many":          {replace(`"mud-version": 1,`, `"mud-version": 1,,`), "lamp.json:3: not JSON"},
		"something behind":          {good + "{}", "something follows"},
		"an array":                  {"[]", "not an object"},
		"another file":              {`{"name": "x"}`, "not a usage description"},
		"a name twice":              {replace(`"cache-validity": 48,`, `"cache-validity": 48, "cache-validity": 49,`), `lamp.json:7: the name "cache-validity" comes twice`},
		"another version":           {replace(`"mud-version": 1`, `"mud-version": 2`), "lamp.json:3: /ietf-mud:mud/mud-version: 2 is not a version"},
		"a port too high":           {replace(`"port": 443`, `"port": 70000`), "lamp.json:25: "},
		"a range backwards":         {replace(`"lower-port": 7000`, `"lower-port": 7999`), "ends, at 7010, before it begins, at 7999"},
		"TCP and UDP":               {replace(`"udp": {"source-port"`, `"tcp": {}, "udp": {"source-port"`), "one of TCP, UDP and ICMP"},
		"both versions":             {replace(`"ipv4": {"protocol": 17}`, `"ipv4": {}, "ipv6": {}`), "not both"},
		"two lists of one name":     {replace(`"name": "to",`, `"name": "from",`), `two lists "from"`},
		"a list named twice":        {replace(`[{"name": "from"}]`, `[{"name": "from"}, {"name": "from"}]`), `named twice`},
		"not a prefix":              {replace(`192.0.2.0/24`, `192.0.2.0/x`), "is not a prefix"},
		"an unknown action":         {replace(`"forwarding": "accept"`, `"forwarding": "mirror"`), "none of accept, drop and reject"},
		"a string for an object":    {replace(`{"ietf-mud:direction-initiated"`, `"x", "y": {"ietf-mud:direction-initiated"`), "not an object"},
		"very deep":                 {strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100), "nested deeper"},
		"very large":                {strings.Repeat(" ", mud.MaxSize+1), "bytes, more than"},
		"very many values":          {"[" + strings.Repeat("0,", 1<<19) + "0]", "values"},
		"very many entries":         {replace(`"ace": [`, `"ace": [`+strings.Repeat(`{"name":"x","actions":{"permit":[null]}},`, mud.MaxEntries)), "more than 16384 entries"},
		"very many lists":           {replace(`"acl": [`, `"acl": [`+strings.Repeat(`{},`, mud.MaxLists)), "more than 256 lists"},
		"a field beyond its bounds": {replace(`"protocol": 6}`, `"protocol": 6, "dscp": 64}`), "lamp.json:24: "},
	} {
		f, _, err := mud.Read("lamp.json", []byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || f != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestHeaderFields keeps the conditions that no profile has.
func TestHeaderFields(t *testing.T) {
	data := []byte(strings.Replace(strings.Replace(string(luminaire), `"protocol": 6}`, `"protocol": 6, "dscp": 46, "ttl": 64, "flags": "fragment"}`, 1),
		`"tcp": {`, `"tcp": {"flags": "syn ack", "options": "AQE=", `, 1))
	f, err := readStrict(data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := rewrite(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"dscp": 46`, `"flags": "fragment"`, `"flags": "syn ack"`, `"options": "AQE="`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s is lost", want)
		}
	}
	if _, limits := mud.ToProfile(f); len(limits) != 1 || limits[0].Line != "from/a-fr" || !strings.Contains(limits[0].Why, "dscp, ttl, flags, flags, options") {
		t.Errorf("limits %+v", limits)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(*mud.File){
		"no URL":           func(f *mud.File) { f.URL = "" },
		"no time":          func(f *mud.File) { f.LastUpdate = "" },
		"too many hours":   func(f *mud.File) { f.CacheValidity = 1000 },
		"an unknown list":  func(f *mud.File) { f.FromDevice = []string{"x"} },
		"an unknown type":  func(f *mud.File) { f.Lists[0].Type = "" },
		"an action":        func(f *mud.File) { f.Lists[0].Entries[0].Forwarding = "allow" },
		"a field of JSON":  func(f *mud.File) { f.Lists[0].Entries[0].Matches.TCP.Fields = []mud.Field{{Name: "flags", Value: "{"}} },
		"a port's operand": func(f *mud.File) { f.Lists[0].Entries[0].Matches.TCP.Destination.Operator = "about" },
	} {
		f, err := readStrict(luminaire)
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		if out, err := mud.Write(f); err == nil {
			t.Errorf("%s: written\n%s", name, out)
		}
	}
}
