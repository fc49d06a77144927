package edl

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

func detection(id, check, address string, last int64, peers ...string) *finding.Record {
	return &finding.Record{Finding: finding.Finding{ID: id, Check: check, Kind: finding.Detection, Severity: ident.High, Confidence: 0.9, Status: finding.Open, Address: address, Peers: peers, LastSeen: last}}
}

func addresses(list []Entry) string {
	var words []string
	for _, e := range list {
		words = append(words, e.Address.String())
	}
	return strings.Join(words, " ")
}

func TestList(t *testing.T) {
	now := int64(100 * time.Hour)
	acknowledged := detection("e", "c2.beacon", "10.0.0.5", now, "198.51.100.5")
	acknowledged.Status = finding.Acknowledged
	muted := detection("f", "c2.beacon", "10.0.0.5", now, "198.51.100.6")
	muted.Mute = "m"
	exposure := detection("g", "exposure.telnet-service", "10.0.0.5", now, "198.51.100.7")
	exposure.Kind = finding.Exposure
	faint := detection("h", "c2.beacon", "10.0.0.5", now, "198.51.100.8")
	faint.Confidence = 0.3
	list := List([]*finding.Record{
		detection("a", "c2.beacon", "10.0.0.5", now, "198.51.100.1", "10.0.0.9", "2001:db8::1", "home.example.org"),
		detection("b", "recon.port-scan", "198.51.100.2", now, "10.0.0.5"),
		detection("c", "recon.horizontal-scan", "10.0.0.5", now, "198.51.100.3"), // our own device scans a victim
		detection("d", "dos.flood-in", "10.0.0.5", now, "198.51.100.4"),          // forged senders
		detection("i", "c2.beacon", "10.0.0.5", now-int64(48*time.Hour), "198.51.100.9"),
		detection("j", "credential.guessed", "10.0.0.5", now, "192.0.2.1"), // ours, though public
		acknowledged, muted, exposure, faint,
	}, Options{Severity: ident.Medium, Confidence: 0.5, Age: 24 * time.Hour, Now: now, Home: func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.1") }})
	if got := addresses(list); got != "198.51.100.1 198.51.100.2 2001:db8::1" {
		t.Errorf("the list is %s", got)
	}
}

func TestListLimit(t *testing.T) {
	var findings []*finding.Record
	for i := range 300 { // the last 44 tell of the first 44 addresses again
		a := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
		findings = append(findings, detection(a.String(), "c2.beacon", "10.0.0.5", int64(i), a.String()))
	}
	list := List(findings, Options{Limit: 2})
	if got := addresses(list); got != "198.51.100.42 198.51.100.43" {
		t.Errorf("the list is %s", got)
	}
}

func TestWrite(t *testing.T) {
	var b strings.Builder
	list := []Entry{{Address: netip.MustParseAddr("198.51.100.1"), Check: "c2.beacon\n198.51.100.77", Finding: "a"}}
	if err := Write(&b, list, 0, true); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "# edgeward: 1 addresses, made 1970-01-01T00:00:00.000000Z\n198.51.100.1 # c2.beacon 198.51.100.77 a\n" {
		t.Errorf("%q", got)
	}
	b.Reset()
	if err := Write(&b, list, 0, false); err != nil || strings.Count(b.String(), "#") != 1 {
		t.Errorf("%v %q", err, b.String())
	}
}
