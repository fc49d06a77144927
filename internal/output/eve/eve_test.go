package eve

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

func fact(body event.Body, transport uint8, src, dst string, sport, dport uint16) *event.Fact {
	f := &event.Fact{Body: body}
	f.Time, f.Flow, f.Packet, f.Transport = 1772366400e9+123456e3, 42, 7, transport
	f.Src, f.Dst, f.SrcPort, f.DstPort = netip.MustParseAddr(src), netip.MustParseAddr(dst), sport, dport
	return f
}

// TestCommunityID compares with the vectors of the specification
// (github.com/corelight/community-id-spec, baseline), in both directions.
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		transport    uint8
		src, dst     string
		sport, dport uint16
		body         event.Body
		want         string
	}{
		{6, "128.232.110.120", "66.35.250.204", 34855, 80, &event.Flow{}, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{17, "192.168.1.52", "8.8.8.8", 54585, 53, &event.Flow{}, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{1, "192.168.0.89", "192.168.0.1", 0, 0, &event.Flow{ICMPType: 8}, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{1, "192.168.0.1", "192.168.0.89", 0, 0, &event.Flow{ICMPType: 0}, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	} {
		for range 2 {
			if got := string(AppendCommunityID(nil, fact(c.body, c.transport, c.src, c.dst, c.sport, c.dport))); got != c.want {
				t.Errorf("%s:%d to %s:%d: %s, want %s", c.src, c.sport, c.dst, c.dport, got, c.want)
			}
			if c.transport != 1 {
				c.src, c.dst, c.sport, c.dport = c.dst, c.src, c.dport, c.sport
			}
		}
	}
}

// TestLines wants valid JSON with the envelope that the documentation
// promises, whatever is in the fact.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, "hall \"1\"\n")
	w.Fact(fact(&event.Flow{AppProto: event.ProtoMQTT}, 6, "192.0.2.1", "192.0.2.2", 40000, 1883))
	w.Fact(fact(&event.Login{User: "a\x00\"\\\xff\u2028</script>", Secret: event.Secret{Seen: true, Len: 5, Hash: 99}}, 6, "2001:db8::1", "2001:db8::2", 40000, 23))
	w.Fact(&event.Fact{Body: &event.ARP{}})
	w.Alert(&finding.Finding{ID: "f1", Check: "recon.port-scan", Title: "Port \"scan\"", Severity: ident.Medium, Kind: finding.Detection, Address: "192.0.2.1", Peers: []string{"192.0.2.2"}})
	w.Alert(&finding.Finding{ID: "f2", Check: "behaviour.new-device", Severity: ident.Info})
	w.Stats(1772366400e9, []byte(`"packets":1`))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if m["edgeward_eve"] != 1.0 || m["host"] != "hall \"1\"\n" || m["timestamp"] == nil || m["event_type"] == nil {
			t.Errorf("the envelope is not whole: %s", line)
		}
		lines = append(lines, m)
	}
	if len(lines) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	flow, login, alert, network := lines[0], lines[1], lines[3], lines[4]
	if flow["timestamp"] != "2026-03-01T12:00:00.123456Z" || flow["app_proto"] != "mqtt" || flow["proto"] != "TCP" || flow["src_port"] != 40000.0 || flow["flow_id"] != 42.0 {
		t.Errorf("flow: %v", flow)
	}
	if l := login["login"].(map[string]any); l["user"] != "a\x00\"\\\ufffd\u2028</script>" || l["secret"] != "(masked, 5 bytes)" {
		t.Errorf("login: %v", l)
	}
	if strings.Contains(out.String(), "</script>") {
		t.Error("a line ends a script of the page it is pasted into")
	}
	if a := alert["alert"].(map[string]any); a["severity"] != 2.0 || a["signature"] != "recon.port-scan: Port \"scan\"" || alert["dest_ip"] != "192.0.2.2" {
		t.Errorf("alert: %v", alert)
	}
	if _, ok := network["src_ip"]; ok {
		t.Error("a finding about the network has an address")
	}
}

// TestWriteError wants the first error to be kept and given.
func TestWriteError(t *testing.T) {
	w := NewWriter(full{}, "")
	for range 2000 {
		w.Fact(fact(&event.Flow{}, 6, "192.0.2.1", "192.0.2.2", 1, 2))
	}
	if err := w.Flush(); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func BenchmarkAppendFact(b *testing.B) {
	f := fact(&event.Flow{AppProto: event.ProtoMQTT}, 6, "192.0.2.1", "192.0.2.2", 40000, 1883)
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendFact(buf[:0], f, "hall-1")
	}
	b.SetBytes(int64(len(buf)))
}
