package detect

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/content"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// scene is one behaviour that a check must tell and one like it that it must
// not.
type scene struct {
	check   string
	attack  func(f *feed)
	near    func(f *feed)
	options Options
}

// scenes are the scenes of all families.
func scenes() []scene {
	return slices.Concat(reconScenes(), accessScenes(), controlScenes(), floodScenes(), linkScenes(), machineScenes(), exposureScenes())
}

func TestScenes(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.check, func(t *testing.T) {
			f := newFeed(t, s.options)
			s.attack(f)
			f.e.Close()
			got := f.found(s.check)
			if len(got) == 0 {
				t.Fatalf("the attack is not told; findings: %s", summaryOf(f.e.Findings()))
			}
			for _, x := range got {
				if x.Explanation == "" || x.Remedy == "" || x.Title == "" || x.Count == 0 || x.FirstSeen > x.LastSeen || strings.Contains(x.Explanation, "%!") {
					t.Errorf("incomplete finding: %+v", x)
				}
				if x.Confidence <= 0 || x.Confidence > 1 {
					t.Errorf("confidence %v", x.Confidence)
				}
			}
			if len(got) > 3 {
				t.Errorf("one attack became %d findings", len(got))
			}
			n := newFeed(t, s.options)
			s.near(n)
			n.e.Close()
			for _, x := range n.found(s.check) {
				t.Errorf("false alarm: %s %s", x.Severity, x.Explanation)
			}
		})
	}
}

func summaryOf(all []*finding.Finding) string {
	var w []string
	for _, f := range all {
		w = append(w, fmt.Sprintf("%s/%s", f.Check, f.Severity))
	}
	return strings.Join(w, " ")
}

// TestEveryCheckHasAScene keeps the catalogue and the tests together.
func TestEveryCheckHasAScene(t *testing.T) {
	checks, err := ParseCatalogue(content.Checks())
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, s := range scenes() {
		covered[s.check] = true
	}
	for _, c := range checks {
		if !covered[c.ID] && c.ID != "behaviour.off-profile" { // the hub tells that one
			t.Errorf("%s has no scene", c.ID)
		}
		if c.Title == "" || c.Explanation == "" || c.Remedy == "" || c.Group == "" {
			t.Errorf("%s: incomplete entry", c.ID)
		}
		if len(c.Attack) == 0 && !strings.HasPrefix(c.ID, "visibility.") {
			t.Errorf("%s: no ATT&CK technique", c.ID)
		}
	}
}

func TestCatalogueRejectsMistakes(t *testing.T) {
	for name, text := range map[string]string{
		"twice":      "- {id: a.b, kind: detection, confidence: 0.5, quiet: 1m}\n- {id: a.b, kind: detection, confidence: 0.5, quiet: 1m}\n",
		"kind":       "- {id: a.b, kind: guess, confidence: 0.5, quiet: 1m}\n",
		"quiet":      "- {id: a.b, kind: detection, confidence: 0.5}\n",
		"confidence": "- {id: a.b, kind: detection, confidence: 7, quiet: 1m}\n",
		"field":      "- {id: a.b, kind: detection, confidence: 0.5, quiet: 1m, colour: red}\n",
		"id":         "- {kind: detection, confidence: 0.5, quiet: 1m}\n",
	} {
		if _, err := ParseCatalogue([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestEpisodes wants one finding of a long attack, another one after the
// quiet time, and none of a clock that jumps.
func TestEpisodes(t *testing.T) {
	f := newFeed(t, Options{})
	sweep := func() {
		for i := range byte(40) {
			f.wait(time.Second).syn(laptop, ip(0, i), 23)
		}
	}
	sweep()
	sweep()
	if got := f.found("recon.horizontal-scan"); len(got) != 1 || got[0].Count < 60 || got[0].PeerCount < 35 || got[0].PeerCount > 45 || len(got[0].Peers) != finding.MaxPeers {
		t.Fatalf("one attack gives %d findings: %+v", len(got), got[0])
	}
	first := f.found("recon.horizontal-scan")[0].ID
	f.wait(2 * time.Hour)
	sweep()
	got := f.found("recon.horizontal-scan")
	if len(got) != 2 || got[0].ID != first {
		t.Fatalf("after the quiet time there are %d findings", len(got))
	}
	for _, jump := range []time.Duration{10 * 365 * 24 * time.Hour, -20 * 365 * 24 * time.Hour} {
		f.wait(jump)
		for i := range byte(15) {
			f.wait(time.Second).syn(laptop, ip(9, i), 23)
		}
	}
	if n := len(f.found("recon.horizontal-scan")); n != 2 {
		t.Fatalf("15 hosts after a jump of the clock make %d findings", n)
	}
}

// TestUpdates wants a finding told when it is new and when it has grown to
// twice its count, not with every packet.
func TestUpdates(t *testing.T) {
	f := newFeed(t, Options{})
	told := 0
	for i := range byte(200) {
		f.wait(100*time.Millisecond).syn(laptop, ip(i/100, i), 23)
		told += len(f.e.Updates())
	}
	if told < 2 || told > 12 {
		t.Fatalf("200 probes were told %d times", told)
	}
}

// TestDeterminism gives the same facts twice and wants the same findings.
func TestDeterminism(t *testing.T) {
	run := func() []*finding.Finding {
		f := newFeed(t, Options{})
		for _, s := range scenes() {
			if s.options.Learning == 0 && s.options.Indicators == nil {
				s.attack(f)
				f.wait(time.Minute)
			}
		}
		f.e.Close()
		return f.e.Findings()
	}
	a, b := run(), run()
	if !reflect.DeepEqual(a, b) {
		for i := range min(len(a), len(b)) {
			if !reflect.DeepEqual(a[i], b[i]) {
				t.Fatalf("two runs differ:\n%+v\n%+v", a[i], b[i])
			}
		}
		t.Fatalf("two runs give %d and %d findings", len(a), len(b))
	}
	if !slices.IsSortedFunc(a, func(x, y *finding.Finding) int { return int(y.Severity) - int(x.Severity) }) {
		t.Error("findings are not sorted by severity")
	}
}

// TestMemoryIsBounded floods the engine from forged addresses and wants a
// scanning device still to be known.
func TestMemoryIsBounded(t *testing.T) {
	f := newFeed(t, Options{})
	for i := range byte(15) {
		f.syn(camera, ip(0, i), 23)
	}
	for i := range 60_000 {
		a := netip.AddrFrom4([4]byte{byte(11 + i>>16), byte(i >> 8), byte(i), 9})
		f.syn(a.String(), server, uint16(i))
		f.tcp(a.String(), server, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/a%d?id=1%%27+or+1=1", i), Host: fmt.Sprintf("h%d.example.org", i)})
	}
	for i := range byte(10) {
		f.syn(camera, ip(1, i), 23)
	}
	if len(f.found("recon.horizontal-scan")) == 0 {
		t.Error("forged sources made the sensor forget a scanning device")
	}
	if n := len(f.e.Findings()); n > maxRecords {
		t.Errorf("%d findings are kept", n)
	}
	for _, b := range f.e.ledger.checks {
		if len(b.latest) > maxOpen {
			t.Errorf("%s has %d open episodes", b.ID, len(b.latest))
		}
	}
}

// TestDeviceKeepsItsRecords wants one finding although the inventory learns
// in the middle of an attack which device a host is.
func TestDeviceKeepsItsRecords(t *testing.T) {
	d := estate{map[ident.HostKey]Host{}}
	f := newFeed(t, Options{Devices: d})
	for i := range byte(30) {
		f.wait(time.Second).syn(camera, ip(0, i), 23)
	}
	d.hosts[key(camera)] = Host{Device: "later"}
	for i := range byte(30) {
		f.wait(time.Second).syn(camera, ip(1, i), 23)
	}
	if n := len(f.found("recon.horizontal-scan")); n != 1 {
		t.Errorf("%d findings", n)
	}
}

// frames answers for every packet.
type frames struct {
	frame   []byte
	headers int
}

func (p frames) Lookup(uint32, uint64) ([]byte, int) { return p.frame, p.headers }

// TestEvidenceHidesPayloads wants the payload of packets that may hold
// secrets cut off, unless they are to be shown.
func TestEvidenceHidesPayloads(t *testing.T) {
	src, dst := netip.MustParseAddr(laptop), netip.MustParseAddr(camera)
	frame := make([]byte, 26)
	frame = append(append(frame, src.AsSlice()...), dst.AsSlice()...)
	frame = append(frame, 0x9c, 0x40, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0)
	headers := len(frame)
	frame = append(frame, "hunter2-is-my-password"...)
	for i, show := range []bool{false, true, false} {
		f := newFeed(t, Options{ShowSecrets: show})
		told := 0 // the packet path may not know where the headers end
		if i == 2 {
			told = headers
		}
		fact := &event.Fact{
			Header: event.Header{Time: began, Packet: 7, Src: src, Dst: dst, SrcPort: 40000, DstPort: 23, Transport: 6},
			Body:   &event.Login{Service: event.ProtoTelnet, User: "root", Secret: secret(1), Outcome: "success", Clear: true},
		}
		f.e.Observe([]*event.Fact{fact}, frames{frame, told})
		got := f.found("exposure.cleartext-credentials")
		if len(got) != 1 || len(got[0].Evidence) != 1 {
			t.Fatalf("findings: %+v", got)
		}
		want := headers
		if show {
			want = len(frame)
		}
		if n := len(got[0].Evidence[0].Bytes); n != want {
			t.Errorf("show secrets %t: %d bytes of evidence, want %d", show, n, want)
		}
		if n := got[0].Evidence[0].Headers; n != headers {
			t.Errorf("show secrets %t: %d bytes of headers, want %d", show, n, headers)
		}
	}
}

// TestChain wants the steps of a takeover tied to one incident.
func TestChain(t *testing.T) {
	f := newFeed(t, Options{})
	takeover(f)
	got := f.found("infection.device-compromised")
	if len(got) != 1 || len(got[0].Members) < 4 || got[0].Severity != ident.Critical || got[0].Device != "d1" {
		t.Fatalf("incident: %+v", got)
	}
	for _, x := range f.e.Findings() {
		if slices.Contains(got[0].Members, x.ID) && x.Incident != got[0].ID {
			t.Errorf("%s does not name its incident", x.Check)
		}
	}
}

// TestEvidenceOfEarlierPackets wants the headers of earlier packets kept, and
// their payloads only where they hold no secrets.
func TestEvidenceOfEarlierPackets(t *testing.T) {
	f := newFeed(t, Options{})
	for _, tt := range []struct {
		plain         bool
		headers, want int
	}{{false, 54, 54}, {true, 54, 80}, {false, 0, 0}} {
		f.e.packets = frames{make([]byte, 80), tt.headers}
		r := &record{}
		r.trail(f.e, []mark{{packet: 7}}, "login that failed", tt.plain)
		if len(r.evidence) != 1 || len(r.evidence[0].Bytes) != tt.want || r.evidence[0].Headers != min(tt.headers, tt.want) {
			t.Errorf("%+v gives %+v", tt, r.evidence)
		}
	}
}
