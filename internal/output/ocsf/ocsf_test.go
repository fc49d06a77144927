package ocsf

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

var update = flag.Bool("update", false, "write the golden file anew")

func fact(body event.Body) *event.Fact {
	return &event.Fact{Body: body, Header: event.Header{
		Time: 1_700_000_000_123_456_789, Src: netip.MustParseAddr("10.0.0.5"), SrcPort: 50123, Dst: netip.MustParseAddr("198.51.100.7"), DstPort: 80, Transport: 6,
		SrcMAC: ident.MAC{0, 9, 0xfb, 0, 0, 0x60},
	}}
}

// lines makes one line of each sort.
func lines(t *testing.T) []byte {
	s := Source{Version: "1.0", Sensor: "ward-3"}
	var b []byte
	var err error
	take := func(next []byte, e error) {
		if e != nil {
			t.Fatal(e)
		}
		b, err = next, e
	}
	for _, body := range []event.Body{
		&event.Flow{AppProto: event.ProtoHTTP, State: "closed", PktsToServer: 5, PktsToClient: 4, BytesToServer: 500, BytesToClient: 4000, Start: 1_700_000_000_000_000_000, End: 1_700_000_001_500_000_000},
		&event.HTTP{Host: "example.org", URL: "/a?b=<script>", Method: "GET", Status: 200, Length: 12, UserAgent: "x\u202ey"},
		&event.DNS{RRName: "example.org", RRType: "A", QClass: 1, Answered: true, RCode: "NOERROR", Answers: []event.DNSAnswer{{Name: "example.org", Type: "A", TTL: 60, Data: "198.51.100.7"}}},
		&event.DNS{RRName: "nobody.example.org", RRType: "A", QClass: 1},
		&event.DHCP{MsgType: "request", ID: 0xabc, Hostname: "pump-1", Lease: 3600},
		&event.SSH{HASSH: "0123", ServerProto: "2.0"},
		&event.Login{Service: event.ProtoTelnet, User: "root", Outcome: "failure", Clear: true, Secret: event.Secret{Seen: true, Len: 5, Hash: 99}, Count: 3},
		&event.Modbus{Function: 5, Unit: 1},
	} {
		take(AppendFact(b, fact(body), s))
	}
	f := &finding.Record{Label: "camera", Finding: finding.Finding{ID: "f1", Check: "credential.guessed", Kind: finding.Detection, Severity: ident.Critical, Confidence: 0.95, Status: finding.Open,
		Title: "Password guessed", Explanation: "why", Remedy: "what", Attack: []string{"T1110"}, Device: "d1", Address: "10.0.0.5", Peers: []string{"198.51.100.7"}, Count: 12, FirstSeen: 1e18, LastSeen: 1e18 + 1e9,
		Evidence: []finding.Evidence{{Summary: "login", Packet: 7, Time: 1e18, Bytes: []byte("never shown")}}}}
	take(AppendFinding(b, f, s))
	f.Kind, f.Status, f.Check = finding.Exposure, finding.Resolved, "exposure.telnet-service"
	take(AppendFinding(b, f, s))
	take(AppendDevice(b, &asset.Record{Risk: 40, Set: asset.Attributes{Owner: "Radiology"}, Device: asset.Device{ID: "d1", Names: []string{"ct-1"}, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.5")}, MACs: []ident.MAC{{0, 9, 0xfb, 0, 0, 0x60}},
		Type: asset.Belief{Value: "medical-modality"}, Vendor: asset.Belief{Value: "Philips"}, FirstSeen: 1e18, LastSeen: 1e18}}, s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGolden(t *testing.T) {
	got := lines(t)
	path := filepath.Join("testdata", "lines.jsonl")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("lines differ from %s (-update writes it):\n%s", path, got)
	}
}

// TestRequired wants what the schema requires of every object of these classes.
func TestRequired(t *testing.T) {
	for l := range bytes.Lines(lines(t)) {
		var o map[string]any
		if err := json.Unmarshal(l, &o); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		for _, key := range []string{"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"} {
			if _, ok := o[key]; !ok {
				t.Errorf("no %s in %s", key, l)
			}
		}
		class, activity := o["class_uid"].(float64), o["activity_id"].(float64)
		if o["type_uid"].(float64) != class*100+activity || o["category_uid"].(float64) != float64(int(class)/1000) {
			t.Errorf("ids do not fit: %s", l)
		}
		if class/1000 >= 4 && class/1000 < 5 {
			if _, ok := o["dst_endpoint"]; !ok {
				t.Errorf("no dst_endpoint in %s", l)
			}
		}
		if bytes.Contains(l, []byte("never shown")) || bytes.Contains(l, []byte(`"99"`)) {
			t.Errorf("what must stay is in %s", l)
		}
	}
}
