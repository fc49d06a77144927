package query

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC).UnixNano()

type house struct{}

func (house) DeviceHosts(_ context.Context, _ uint16, device string) ([]ident.HostKey, error) {
	if device == "camera 7" {
		return []ident.HostKey{11, 12}, nil
	}
	return nil, nil
}

func (house) SiteSensors(_ context.Context, _ uint16, site string) ([]string, error) {
	return map[string][]string{"north": {"s1", "s2"}}[site], nil
}

func (house) SensorNames(context.Context, uint16) (map[string]string, error) {
	return map[string]string{"s1": "Pump hall", "s2": "Gate"}, nil
}

func sample() *Record {
	body := &event.HTTP{Host: "cam.local", Method: "GET", URL: "/cgi-bin/login.cgi?user=a", Status: 401, UserAgent: "curl/8.1", Length: 5200, Cookie: true}
	r := &Record{
		Time: now - int64(30*time.Minute), Kind: event.KindHTTP, KindName: "http", Protocol: "http", Sensor: "s1", Transport: 6, VLAN: 12,
		Src: netip.MustParseAddr("192.168.1.20"), Dst: netip.MustParseAddr("2001:db8::5"), SrcPort: 50123, DstPort: 8080, SrcMAC: ident.MAC{0xaa, 0xbb, 0xcc, 1, 2, 3},
		SrcHost: 11, DstHost: 99, Flow: 1<<63 + 5, Capture: "day one.pcap", Packet: 17, BytesOut: 3000, BytesIn: 2500, Packets: 12,
		Fact: &event.Fact{Body: body},
	}
	c := event.ColumnsOf(body)
	r.Name, r.Verb, r.Path, r.User, r.Status = c.Name, c.Verb, c.Path, c.User, c.Status
	return r
}

func TestMatches(t *testing.T) {
	yes := []string{
		"", "  ", "kind:http", "event_type:HTTP", "kind=http", "kind:(dns,http)", "kind:(dns http)", "kind:h*p", "proto:http", "app_proto~TT",
		"src:192.168.1.20", "src_ip:192.168.0.0/16", "src:192.168.1.*", "host:2001:db8::5", "host:2001:db8::/32", "192.168.1.20", "2001:db8::5", "2001:db8::/64",
		"src>192.168.1.19 src<=192.168.1.20", "dst!=10.0.0.1", "aa:bb:cc:01:02:03", "mac:AA-BB-CC-01-02-03", "src_mac:aa:bb:*", "mac~cc:01",
		"port:8080", "dport:8000..9000", "dport>=8080 dport<8081", "sport!=8080", "port:(22,8080)", "transport:tcp", "transport:6", "vlan:12", "vlan>0xb",
		"name:cam.local", "name:*.LOCAL", "name~m.l", "name=cam.local", "verb:get", "path:/cgi-bin/*", "path~login", "status:401", "status:4*",
		`path:"/cgi-bin/login.cgi?user=a"`, `path:/cgi-bin/login.cgi?user=a`, `capture:"day one.pcap"`, "login.cgi", "CAM", "cam*cal", `"login.cgi?user"`,
		"bytes:5500", "bytes>5k", "bytes<1M", "bytes_out:3k", "packets:10..20", "flow:9223372036854775813", "packet:17",
		"http.status:401", "http.status:400..499", "http.status>=400", "http.status!=200", "http.http_user_agent~curl", "http_user_agent:curl*", "http.cookie:true", "http.cookie:yes",
		"http.cookie:*", "http.length>5k", "http.redirect!=x", "http.http_port:0", "http.http_port<5",
		"not kind:dns", "-kind:dns", "!kind:dns", "--kind:http", "NOT NOT kind:http", "kind:dns or kind:http", "kind:http AND NOT (name:x or name:y)", "(kind:http)", "((cam) (get))", "kind:dns or cam get",
		"time>-1h", "time<now", "last:1h", "time:2026-03-10", "time:2026-03-10T11", "time:2026-03-10T11:30", "time:2026-03-01..2026-03-10", "time>=2026-03-10T11:30:00Z", "timestamp<2026-03-10T12:00+00:00", "-last:5m", "last!=5m",
		`device:"camera 7"`, "site:north", "site!=south", "sensor:s*", `sensor:"pump hall"`, "sensor~hall", "sensor:s1", "sensor!=gate", "sensor:(gate,pump*)", "name:*", "-user:*", "ingest<2026-01-01",
	}
	no := []string{
		"kind:dns", "kind=HTTP", "src:192.168.1.2", "src:192.168.1.2*5", "host:10.0.0.0/8", "dst:192.168.1.20", "sport:8080", "dport:8081..9000", "name:cam", "name=Cam.local", "nothing",
		"user:*", "http.status:200", "http.status!=401", "http.cookie:false", "http.http_port>0", "dns.rrname:*", "dns.rrname!=x", "mqtt.publish.retain:false", "http.redirect:*",
		"kind:http -cam", "not (cam or x)", "time>now", "last:5m", "time:2026-03-09", "time<2026-03-10", "10.0.0.1", "aa:bb:cc:01:02:04", "site:south", "sensor:gate", `sensor!="Pump hall"`, "sensor:s2", "kind:(dns,tls)", "vlan:13", `"cam local"`, "ca*x*l",
	}
	o := Options{Now: now, Resolver: house{}}
	r := sample()
	for _, text := range yes {
		q, err := Parse(context.Background(), text, o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !q.Matches(r) {
			t.Errorf("%s does not match", text)
		} else if q.From > r.Time || q.To != 0 && q.To <= r.Time {
			t.Errorf("%s: bounds %d..%d leave out a match at %d", text, q.From, q.To, r.Time)
		}
	}
	for _, text := range no {
		q, err := Parse(context.Background(), text, o)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if q.Matches(r) {
			t.Errorf("%s matches", text)
		}
	}
}

func TestBounds(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixNano()
	}
	for text, want := range map[string][2]int64{
		"":        {0, 0},
		"last:1h": {now - int64(time.Hour), 0},
		"time>=2026-03-01 time<2026-03-02 kind:dns": {at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")},
		"time:2026-03-01":              {at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")},
		"time:2026-03-01 or kind:dns":  {0, 0},
		"not last:1h":                  {0, 0},
		"time!=2026-03-01":             {0, 0},
		"time:(2026-03-01,2026-03-05)": {0, 0},
	} {
		q, err := Parse(context.Background(), text, Options{Now: now})
		if err != nil || [2]int64{q.From, q.To} != want {
			t.Errorf("%s: %+v %v, want %v", text, q, err, want)
		}
	}
}

func TestErrorsSayWhereAndWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		text string
		pos  int
		says string
		like string
	}{
		{"kind:dns knid:x", 9, "no field", "kind"},
		{"http.statsu:200", 0, "no field", "http.status"},
		{"dest_por:1", 0, "no field", "dest_port"},
		{"xyzzyplugh:1", 0, "no field", ""},
		{"(kind:dns", 0, "never closed", ""},
		{"kind:dns)", 8, "closes what none opened", ""},
		{"kind:", 5, "value is missing", ""},
		{"kind:dns and", 12, "missing at the end", ""},
		{"kind:dns or", 11, "missing at the end", ""},
		{"kind:(dns", 5, "never closed", ""},
		{`name:"abc`, 5, "never closed", ""},
		{"port:http", 5, "no number", ""},
		{"port~8", 5, "looks into text", ""},
		{"src:camera", 4, "no address", ""},
		{"src:10.0.0.0/33", 4, "no address", ""},
		{"port>(1,2)", 5, "not a list", ""},
		{"time:yesterday", 5, "no time", ""},
		{"last:forever", 5, "no duration", ""},
		{"http.cookie:maybe", 12, "neither true nor false", ""},
		{"device:nobody", 7, "no device", ""},
		{"not", 3, "missing at the end", ""},
		{"()", 1, "missing before", ""},
		{`""`, 0, "matches nothing", ""},
		{strings.Repeat("(", 50) + "a" + strings.Repeat(")", 50), 33, "nested", ""},
		{strings.Repeat("a ", 1000), -1, "parts", ""},
		{strings.Repeat("a", 5000), maxText, "longer", ""},
		{"port:(" + strings.Repeat("1,", 300) + "1)", -1, "more than 256", ""},
		{"bytes:99999999999999999999", 6, "no number", ""},
	} {
		_, err := Parse(context.Background(), c.text, Options{Now: now, Resolver: house{}})
		var e *Error
		if !errors.As(err, &e) || ident.CodeOf(err) != ident.Invalid {
			t.Errorf("%.40s: %v", c.text, err)
			continue
		}
		if c.pos >= 0 && e.Pos != c.pos || !strings.Contains(e.Error(), c.says) || e.Like != c.like {
			t.Errorf("%.40s: at %d, like %q: %v", c.text, e.Pos, e.Like, err)
		}
	}
	if _, err := Parse(context.Background(), "device:x", Options{}); err == nil || !strings.Contains(err.Error(), "hub only") {
		t.Errorf("device without a hub: %v", err)
	}
}

func TestEveryFieldCanBeAskedFor(t *testing.T) {
	values := map[Type]string{TypeString: "x", TypeInt: "5", TypeBool: "true", TypeTime: "2026-01-01", TypeIP: "10.0.0.1", TypeMAC: "02:00:00:00:00:01", TypeSecret: "x"}
	for _, f := range Fields() {
		text := f.Name + ":" + values[f.Type]
		if f.Name == lastField {
			text = "last:1h"
		}
		if f.Name == deviceField {
			text = `device:"camera 7"`
		}
		q, err := Parse(context.Background(), text, Options{Now: now, Resolver: house{}})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		q.Matches(sample())
		if f.Name != strings.ToLower(f.Name) && FieldByName(f.Name) == nil {
			t.Errorf("%s cannot be found", f.Name)
		}
	}
	// The registry's numbers are those that Visit gives.
	for _, k := range event.Registry {
		for i, info := range k.Fields {
			f := FieldByName(k.Name + "." + info.Name)
			if f == nil || !slices.Contains(f.Body, BodyField{Kind: k.Kind, Index: i, Type: Type(info.Type)}) {
				t.Errorf("%s.%s is not a field", k.Name, info.Name)
			}
		}
	}
}

func TestComplete(t *testing.T) {
	more := func(f *Field) []string {
		if f.Name == "sensor" {
			return []string{"north gate", "s1"}
		}
		return nil
	}
	for _, c := range []struct {
		text  string // | is the cursor
		first string
		from  int
		has   string
		not   string
	}{
		{"|", "time:", 0, "kind:", "dns"},
		{"ki|", "kind:", 0, "", "time:"},
		{"kind:m|", "mdns", 5, "mqtt", ""},
		{"kind:|", "anomaly", 5, "modbus", ""},
		{"kind:(dns,mq|", "mqtt", 10, "mqttsn", "modbus"},
		{"kind:(dns, mq| ) x", "mqtt", 11, "", ""},
		{"kind:dns pro|", "proto:", 9, "", ""},
		{"kind:dns a|", "and", 9, "", "or"},
		{"a|", "app_proto:", 0, "", "and"},
		{"-ki|", "kind:", 1, "", ""},
		{"(ki|", "kind:", 1, "", ""},
		{"not ki|:dns", "kind", 4, "", "kind:"},
		{`name:"a b" pr|`, "proto:", 11, "", ""},
		{`name:"kind:|`, "", 0, "", "dns"},
		{"port|", "port:", 0, "port>", "port~"},
		{"name|", "name:", 0, "name~", ""},
		{"sensor:n|", `"north gate"`, 7, "", "s1"},
		{"http.http_m|", "http.http_method:", 0, "", ""},
		{"http_m|", "http_method:", 0, "", ""},
		{"http.cookie:|", "true", 12, "false", ""},
		{"transport!=u|", "udp", 11, "", "tcp"},
		{"time>|", "-1h", 5, "now", ""},
		{"last:|", "15m", 5, "7d", ""},
		{"nosuch:|", "", 0, "", ""},
	} {
		at := strings.IndexByte(c.text, '|')
		list := Complete(strings.Replace(c.text, "|", "", 1), at, more)
		if c.first == "" {
			for _, s := range list {
				if s.Insert == c.not || c.not == "" {
					t.Errorf("%s: %+v", c.text, s)
				}
			}
			continue
		}
		at2 := -1
		var inserts []string
		for i, s := range list {
			inserts = append(inserts, s.Insert)
			if s.Insert == c.first && at2 < 0 {
				at2 = i
			}
			if s.To != at {
				t.Errorf("%s: %+v ends elsewhere", c.text, s)
			}
		}
		if at2 < 0 || c.has != "" && !slices.Contains(inserts, c.has) || slices.Contains(inserts, c.not) {
			t.Errorf("%s: %q", c.text, inserts)
		} else if list[at2].From != c.from {
			t.Errorf("%s: %+v begins elsewhere", c.text, list[at2])
		}
	}
}

// TestDocumentedQueriesAreUnderstood reads the examples of docs/query.md.
func TestDocumentedQueriesAreUnderstood(t *testing.T) {
	b, err := os.ReadFile("../../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range strings.Split(string(b), "\n") {
		for i, text := range strings.Split(line, "`") {
			if i%2 == 0 || !strings.ContainsAny(text[min(1, len(text)):], ":<>=~") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "+") || text == "field:value" {
				continue // no code, no condition, a path, a part of a time
			}
			n++
			if _, err := Parse(context.Background(), text, Options{Now: now, Resolver: house{}}); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d examples were found", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "kind:dns and (name~\"a\\\"b\" or -port:1..2)", "host:10.0.0.0/8 last:1h", "a:(b,c", "time>=-1h http.status!=200", "\"", "((", "-!-x", "fe80::1%eth0", "mac:*"} {
		f.Add(s, 3)
	}
	r := sample()
	f.Fuzz(func(t *testing.T, s string, at int) {
		q, err := Parse(context.Background(), s, Options{Now: now, Resolver: house{}})
		if err == nil {
			q.Matches(r)
		} else if e := (*Error)(nil); !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(s) || e.End < e.Pos {
			t.Fatalf("%q: %#v", s, err)
		}
		for _, c := range Complete(s, at, nil) {
			if c.From < 0 || c.From > c.To || c.To > len(s) {
				t.Fatalf("%q: %+v", s, c)
			}
		}
	})
}
