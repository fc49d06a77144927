package app_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/shared"
)

// TLS records are compared in the folder of that protocol: tshark shows none of
// a stream in which segments are missing.

// counted says which column of tshark's output counts which protocol.
var counted = []struct{ protocol, field string }{
	{"mqtt", "mqtt.msgtype"}, {"coap", "coap.code"}, {"modbus", "modbus.func_code"}, {"dnp3", "dnp3.start"},
	{"dhcp", "dhcp.type"}, {"dns", "dns.flags"}, {"http", "http.request.method"}, {"http", "http.response.code"},
}

// TestMessagesAgreeWithTshark compares how many messages of each protocol are
// seen with tshark: 99 % must agree, over all captures. Captures in which
// packets occur twice are left out, since tshark counts both.
func TestMessagesAgreeWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("skipped: tshark is not installed")
	}
	theirs, off := map[string]int{}, map[string]int{}
	for _, path := range shared.Captures(t, "m2m", "ics", "dns", "benign", "health", "exploit", "botnet") {
		if ext := filepath.Base(path); strings.Contains(ext, "Zigbee") {
			continue // a link type that is not read
		}
		r := analyse(t, path)
		if r.Loss.Duplicates > 0 {
			continue
		}
		ours := map[string]int{}
		for _, p := range r.Protocols {
			ours[p.Name] += int(p.Messages)
		}
		want := tshark(t, path)
		for _, c := range counted {
			if _, done := want[c.protocol]; !done {
				continue
			}
			n := want[c.protocol]
			delete(want, c.protocol)
			theirs[c.protocol] += n
			if d := ours[c.protocol] - n; d != 0 {
				off[c.protocol] += max(d, -d)
				t.Logf("%s: %s %d, tshark %d", filepath.Base(path), c.protocol, ours[c.protocol], n)
			}
		}
	}
	for _, c := range counted {
		n, d := theirs[c.protocol], off[c.protocol]
		if n == 0 {
			t.Errorf("%s: tshark saw none in all captures", c.protocol)
		} else if d*100 > n {
			t.Errorf("%s: %d of %d messages differ, want at most 1 %%", c.protocol, d, n)
		}
	}
}

// tshark counts the messages of each protocol in a capture. Names on the local
// link and discovery by HTTP over UDP are other protocols here.
func tshark(t *testing.T, path string) map[string]int {
	t.Helper()
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", "-e", "frame.protocols"}
	for _, c := range counted {
		args = append(args, "-e", c.field)
	}
	out, err := exec.Command("tshark", args...).Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("tshark cannot read %s: %v", path, err)
	}
	n := map[string]int{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < len(counted)+1 {
			continue
		}
		if strings.Contains(f[0], ":icmp") {
			continue // what an error message cites was counted when it was sent
		}
		for i, c := range counted {
			if f[i+1] == "" || c.protocol == "dns" && !strings.Contains(":"+f[0]+":", ":dns:") || c.protocol == "http" && strings.Contains(f[0], "ssdp") {
				n[c.protocol] += 0
				continue
			}
			n[c.protocol] += strings.Count(f[i+1], ",") + 1
		}
	}
	return n
}
