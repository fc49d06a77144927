//go:build !sensor

package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// lab is the capture that the project recorded itself; test/lab/record.sh says
// what happens in it.
const lab = "../../test/lab/lab.pcap"

// TestLab wants the story of the project's own capture to be told: who is
// there, what is exposed, and how the worm takes the camera.
func TestLab(t *testing.T) {
	var out, errw bytes.Buffer
	if code := Run(context.Background(), []string{"analyze", "--format", "json", lab}, strings.NewReader(""), &out, &errw); code != exitOK || errw.Len() > 0 {
		t.Fatalf("exit code %d, %s", code, errw.String())
	}
	var doc struct {
		Devices []struct {
			IPs  []string
			Type string
		}
		Findings []struct{ ID, Check, Address, Incident string }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{"10.20.0.10": "broker", "10.20.0.40": "camera", "10.20.0.41": "camera", "10.20.0.61": "pacs"} {
		found := false
		for _, d := range doc.Devices {
			if slices.Contains(d.IPs, addr) {
				found = true
				if d.Type != want {
					t.Errorf("%s is a %s, want %s", addr, d.Type, want)
				}
			}
		}
		if !found {
			t.Errorf("there is no device %s", addr)
		}
	}
	about := map[string][]string{}
	incident := ""
	for _, f := range doc.Findings {
		about[f.Check] = append(about[f.Check], f.Address)
		if f.Check == "infection.device-compromised" {
			incident = f.ID
		}
	}
	for check, addr := range map[string]string{
		"exposure.mqtt-anonymous": "10.20.0.10", "exposure.cleartext-credentials": "10.20.0.10", "exposure.coap-unprotected-write": "10.20.0.30",
		"exposure.health-data-cleartext": "10.20.0.61", "exposure.telnet-service": "10.20.0.40", "exposure.default-credential": "10.20.0.40",
		"recon.horizontal-scan": "10.20.0.50", "credential.guessed": "10.20.0.40", "infection.loader": "10.20.0.40",
		"infection.payload-download": "10.20.0.40", "c2.bot-session": "10.20.0.40", "infection.device-compromised": "10.20.0.40",
	} {
		if !slices.Contains(about[check], addr) {
			t.Errorf("no %s about %s, but %v", check, addr, about[check])
		}
	}
	members := 0
	for _, f := range doc.Findings {
		if f.Incident == incident && incident != "" {
			members++
		}
	}
	if members < 3 {
		t.Errorf("the incident has %d members", members)
	}
}

// TestLabKeepsSecrets wants no password, name of a patient or payload value of
// the recording in any format.
func TestLabKeepsSecrets(t *testing.T) {
	raw, err := os.ReadFile(lab)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"lab-Secret-7", "vizxv", "INVENTED^PERSON"}
	for _, s := range secrets {
		if !bytes.Contains(raw, []byte(s)) {
			t.Fatalf("%q is not in the capture any more: the test is worth nothing", s)
		}
	}
	for _, format := range formats {
		var out bytes.Buffer
		if code := Run(context.Background(), []string{"analyze", "--format", format, lab}, strings.NewReader(""), &out, io.Discard); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
		for _, s := range secrets {
			// In the JSON document the bytes of evidence are hexadecimal.
			for _, form := range []string{s, hex.EncodeToString([]byte(s))} {
				if bytes.Contains(out.Bytes(), []byte(form)) {
					t.Errorf("%s is in the output as %s", s, format)
				}
			}
		}
	}
}
