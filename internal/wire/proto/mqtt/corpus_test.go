package mqtt

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sharedDir finds the folder of test inputs that lies beside the repository.
// They are no part of it, so a missing folder skips the test, but not in CI.
func sharedDir(t testing.TB, sub string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		p := filepath.Join(dir, "shared", sub)
		if st, err := os.Stat(p); err == nil && st.IsDir() {
			return p
		}
		dir = filepath.Dir(dir)
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("folder shared/%s not found above the working directory", sub)
	}
	t.Skipf("folder shared/%s not found above the working directory", sub)
	return ""
}

// exchange is one case of mosquitto's packet sequences: what a client sends
// and whether the broker must then close the connection.
type exchange struct {
	Name    string `json:"name"`
	Version int    `json:"ver"`
	Connect *bool  `json:"connect"`
	Close   *bool  `json:"expect_disconnect"`
	Msgs    []struct {
		Type    string `json:"type"`
		Payload string `json:"payload"`
	} `json:"msgs"`
	file, group string
}

func loadSequences(t testing.TB) []exchange {
	files, err := filepath.Glob(filepath.Join(sharedDir(t, "data/mqtt-sequences"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no packet sequences: %v", err)
	}
	var all []exchange
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var groups []struct {
			Group string     `json:"group"`
			Tests []exchange `json:"tests"`
		}
		if err := json.Unmarshal(raw, &groups); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for _, g := range groups {
			for _, s := range g.Tests {
				s.file, s.group = strings.TrimSuffix(filepath.Base(f), ".json"), g.Group
				all = append(all, s)
			}
		}
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// refusedBy runs what a client sends through the strict codec and the one
// rule of order that needs no broker: CONNECT first and once. It gives the
// fault, or nil when everything passes.
func (s exchange) refusedBy(t testing.TB) error {
	d := Decoder{From: Client}
	switch {
	case s.Version != 0:
		d.Version = Version(s.Version)
	case strings.HasPrefix(s.group, "v3.1 "):
		d.Version = V31
	case strings.HasPrefix(s.group, "v5"):
		d.Version = V5
	default:
		d.Version = V311
	}
	connected := s.Connect == nil || *s.Connect
	var p Packet
	for _, m := range s.Msgs {
		if m.Type != "send" {
			continue
		}
		for b := unhex(t, m.Payload); len(b) > 0; {
			n, err := d.Decode(&p, b)
			if err != nil {
				return err
			}
			if (p.Type == CONNECT) == connected {
				return ErrNotFirst
			}
			if p.Type == CONNECT {
				connected, d.Version = true, p.Version
			}
			b = b[n:]
		}
	}
	return nil
}

// Sequences that the broker must end although every packet of the client is
// right by itself: what is wrong is known only to one who follows the session,
// knows the broker's settings, or it is the normal end of a session.
func passes(s exchange) string {
	switch {
	case s.file == "DISCONNECT":
		return "a valid DISCONNECT ends the connection as well"
	case s.file == "FLOW", strings.HasPrefix(s.file, "PUB"):
		return "an acknowledgement or alias that does not fit the session"
	case s.Name == "unsupported authentication method", s.Name == "tiny max packet":
		return "what the broker supports"
	}
	return ""
}

func TestStrictRefusesBadSequences(t *testing.T) {
	var bad, refused, good, lost, codes, same int
	for _, s := range loadSequences(t) {
		err := s.refusedBy(t)
		mustClose := s.Close == nil || *s.Close
		if !mustClose {
			good++
			// mosquitto takes subscription identifiers from clients, which
			// MQTT-3.3.4-6 forbids.
			if err != nil && !(s.file == "PUBLISH" && strings.HasPrefix(s.Name, "subscription-identifier")) {
				lost++
				t.Errorf("%s %q %q is right and was refused: %v", s.file, s.group, s.Name, err)
			}
			continue
		}
		bad++
		if err != nil {
			refused++
		} else if why := passes(s); why == "" {
			t.Errorf("%s %q %q passed", s.file, s.group, s.Name)
		} else {
			t.Logf("passes: %s %q %q: %s", s.file, s.group, s.Name, why)
		}
		for _, m := range s.Msgs {
			if f, ok := err.(*Fault); ok && m.Type == "recv" && strings.HasPrefix(strings.ReplaceAll(m.Payload, " ", ""), "E001") {
				codes++
				if b := unhex(t, m.Payload); Reason(b[2]) == f.Code {
					same++
				}
			}
		}
	}
	t.Logf("refused %d of %d that must be closed, lost %d of %d good; the answered reason code is mosquitto's in %d of %d", refused, bad, lost, good, same, codes)
}
