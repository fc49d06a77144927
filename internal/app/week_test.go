package app

import (
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/shared"
	"edgeward/test/lab/week"
)

// attack is a recorded attack with the checks of which one must be met.
type attack struct {
	file   string
	checks []string
}

// role reads what the hosts of a role did.
func role(t *testing.T, path string, self []string, count int, every time.Duration) week.Role {
	t.Helper()
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	b, err := week.Record(name+" "+strings.Join(self, " "), path, self...)
	if err != nil {
		t.Fatal(err)
	}
	return week.Role{Behaviour: b, Self: self, Count: count, Every: every}
}

func office(r week.Role) week.Role {
	r.Office = true
	return r
}

// once adds attacks, each of which happens about once in the week.
func once(t *testing.T, s *week.Site, captures string, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		r := role(t, filepath.Join(captures, filepath.FromSlash(a.file)), nil, 1, 8*24*time.Hour)
		r.Behaviour.Name = a.file
		s.Roles = append(s.Roles, r)
	}
}

const lab = "../../test/lab/lab.pcap"

// hospital has modalities with their archive, patient monitors, sensors on a
// broker, cameras, plugs and the computers of the staff.
func hospital(t *testing.T, captures string) *week.Site {
	lan, benign := filepath.Join(captures, "lan"), filepath.Join(captures, "benign")
	return &week.Site{
		Name: "hospital", Place: ident.Place{Scope: 1}, Prefix: netip.MustParsePrefix("10.61.0.0/16"), Seed: 1,
		Roles: []week.Role{
			office(role(t, lab, []string{"10.20.0.60"}, 60, 40*time.Minute)),
			role(t, lab, []string{"10.20.0.62"}, 240, 2*time.Hour),
			role(t, lab, []string{"10.20.0.21"}, 200, 3*time.Hour),
			role(t, filepath.Join(lan, "sentinel-D-LinkDayCam-Setup-A-1-STA.pcap"), []string{"10.10.10.58"}, 100, 12*time.Hour),
			role(t, filepath.Join(lan, "sentinel-TP-LinkPlugHS110-Setup-A-1-STA.pcap"), []string{"10.10.10.20"}, 100, 8*time.Hour),
			office(role(t, filepath.Join(benign, "ndpi-firefox.pcap"), []string{"192.168.1.178"}, 300, 3*time.Hour)),
		},
	}
}

var hospitalAttacks = []attack{
	{"botnet/lab-telnet-bruteforce.pcap", []string{"credential.guessed", "credential.guessing"}},
	{"botnet/zeek-sshguess.pcap", []string{"credential.guessing"}},
	{"dns/ndpi-dns-tunnel-iodine.pcap", []string{"c2.dns-tunnel"}},
	{"exploit/ndpi-log4j-webapp-exploit.pcap", []string{"exploit.command-injection"}},
	{"lateral/sv-smb2-07-20171220_smb_psexec_add_user.pcap", []string{"lateral.remote-execution"}},
	{"m2m/lab-mqtt-attack.pcap", []string{"mqtt.eavesdropping", "mqtt.malformed"}},
	{"scan/lab-nmap-lan-scan.pcap", []string{"recon.port-scan"}},
}

// plant has controllers with their masters and operator stations, drives,
// sensors on a broker and some office machines.
func plant(t *testing.T, captures string) *week.Site {
	ics, benign := filepath.Join(captures, "ics"), filepath.Join(captures, "benign")
	return &week.Site{
		Name: "plant", Place: ident.Place{Scope: 2}, Prefix: netip.MustParsePrefix("10.62.0.0/16"), Seed: 2,
		Roles: []week.Role{
			role(t, filepath.Join(ics, "ndpi-modbus.pcap"), []string{"192.168.110.131", "192.168.110.138"}, 150, 2*time.Hour),
			role(t, filepath.Join(ics, "icsnpp-enip-enip_cip_example.pcap"), []string{"192.168.1.22", "192.168.1.24"}, 60, 6*time.Hour),
			role(t, filepath.Join(ics, "zeek-modbusBig.pcap"), []string{"10.235.149.240", "10.235.149.243"}, 20, 24*time.Hour),
			role(t, lab, []string{"10.20.0.22"}, 340, 3*time.Hour),
			office(role(t, filepath.Join(benign, "ndpi-firefox.pcap"), []string{"192.168.1.178"}, 200, 3*time.Hour)),
		},
	}
}

var plantAttacks = []attack{
	{"ics/iti-openics-EIP-RebootorRestart.pcap", []string{"ics.mode-change", "ics.device-restart"}},
	{"ics/iti-openics-MODBUS-TestDataPart1.pcap", []string{"ics.mode-change", "ics.device-restart"}},
	{"ics/ndpi-s7comm.pcap", []string{"ics.program-download"}},
	{"mining/ndpi-monero.pcap", []string{"abuse.mining", "c2.peer-to-peer"}},
	{"botnet/slips-test8-malicious.pcap", []string{"recon.horizontal-scan"}},
	{"scan/lab-nmap-lan-scan.pcap", []string{"recon.port-scan"}},
}

// TestWeek lets two sites of a thousand devices run for a week with attacks
// among what they do every day. What people see of it must stay little, and
// the attacks must be in it.
func TestWeek(t *testing.T) {
	if testing.Short() || shared.Race {
		t.Skip("skipped: millions of facts")
	}
	captures := shared.Dir(t, "captures")
	for _, c := range []struct {
		site    *week.Site
		attacks []attack
	}{{hospital(t, captures), hospitalAttacks}, {plant(t, captures), plantAttacks}} {
		t.Run(c.site.Name, func(t *testing.T) {
			if n := c.site.Devices(); n < 1000 {
				t.Fatalf("the site has %d devices", n)
			}
			once(t, c.site, captures, c.attacks)
			j, err := newJudge(JudgeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			byHour := make(map[string]int)
			hour, facts := 0, 0
			err = c.site.Each(start, 7*24*time.Hour, func(list []*event.Fact) error {
				facts += len(list)
				j.observe(list, nil)
				for _, f := range j.detect.Updates() {
					if _, ok := byHour[f.Check]; !ok {
						byHour[f.Check] = hour
						t.Logf("hour %d: %s %s: %s", hour, f.Severity, f.Check, f.Explanation)
					}
				}
				hour++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			j.detect.Close()
			found := make(map[string]int)
			for _, f := range j.detect.Findings() {
				found[f.Check]++
			}
			for _, check := range slices.Sorted(maps.Keys(found)) {
				t.Logf("%-32s %5d findings, first in hour %d", check, found[check], byHour[check])
			}
			t.Logf("%d facts, %d devices", facts, len(j.inventory.Devices()))
			for _, a := range c.attacks {
				if !slices.ContainsFunc(a.checks, func(check string) bool { return found[check] > 0 }) {
					t.Errorf("%s: none of %v was found", a.file, a.checks)
				}
			}
		})
	}
}
