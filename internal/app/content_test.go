package app

import (
	"strings"
	"testing"

	"edgeward/content"
	"edgeward/internal/ident"
	"edgeward/internal/judge/detect"
	"edgeward/internal/judge/fingerprint"
	"edgeward/internal/shared"
)

func fingerprints(t *testing.T, recog string) *fingerprint.DB {
	t.Helper()
	types, err := loadTypes()
	if err != nil {
		t.Fatal(err)
	}
	db, err := loadFingerprints(recog, types)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestFingerprintExamples wants every rule to match its own example and to
// conclude something from it.
func TestFingerprintExamples(t *testing.T) {
	db := fingerprints(t, "")
	ids := map[string]bool{}
	for _, r := range db.Rules() {
		if ids[r.ID] {
			t.Errorf("two rules are called %s", r.ID)
		}
		ids[r.ID] = true
		found := false
		for _, c := range db.Match(r.Fields[0], r.Example) {
			found = found || c.Rule == r.ID
			if strings.Contains(c.Value, "$") {
				t.Errorf("rule %s concludes %q", r.ID, c.Value)
			}
		}
		if !found {
			t.Errorf("rule %s does not match its example %q", r.ID, r.Example)
		}
	}
}

func TestOUI(t *testing.T) {
	db := fingerprints(t, "")
	for mac, want := range map[string]string{"00:00:0c:01:02:03": "Cisco", "b8:27:eb:00:00:01": "Raspberry Pi", "00:0e:8c:00:00:00": "Siemens", "02:00:00:00:00:01": ""} {
		m, err := ident.ParseMAC(mac)
		if err != nil {
			t.Fatal(err)
		}
		if got := db.Vendor(m); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("Vendor(%s) = %q, want %q", mac, got, want)
		}
	}
}

func TestRecogLoads(t *testing.T) {
	db := fingerprints(t, shared.Dir(t, "data", "recog"))
	for _, c := range db.Match("ssh.server", "OpenSSH_6.6.1p1 Ubuntu-2ubuntu2") {
		if strings.HasPrefix(c.Rule, "recog/") {
			return
		}
	}
	t.Error("no recog fingerprint matches a common SSH banner")
}

func TestCatalogueLoads(t *testing.T) {
	checks, err := detect.ParseCatalogue(content.Checks())
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) < 80 {
		t.Errorf("only %d checks in the catalogue", len(checks))
	}
}
