package app

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/shared"
	"edgeward/internal/store/state"
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

// desk is the hub that two sensors report to, and what people see there.
type desk struct {
	t       *testing.T
	store   *state.Store
	project *hub.Projector
	seq     uint64
	seen    map[string]bool // keys of groups that were on the list before
}

func newDesk(t *testing.T, start time.Time) *desk {
	t.Helper()
	store, err := state.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := func() time.Time { return start }
	return &desk{t: t, store: store, project: hub.NewProjector(store, hub.ProjectorOptions{Clock: now, Quiet: quietTimes()}), seen: make(map[string]bool)}
}

// sensor makes the recorder of a sensor whose batches are applied at once.
func (d *desk) sensor(name string) *bus.Recorder {
	if err := d.store.PutSensor(d.t.Context(), &account.Sensor{ID: name, Name: name, Site: name}); err != nil {
		d.t.Fatal(err)
	}
	return bus.NewRecorder(bus.RecorderOptions{Sensor: name, Boot: 1, Emit: func(_ bus.Header, message []byte) error {
		b, err := bus.Decode(message, bus.Limits{})
		if err != nil {
			return err
		}
		d.seq++
		_, err = d.project.Apply(d.t.Context(), []hub.Message{{Stream: "week", Seq: d.seq, Batch: b}})
		return err
	}})
}

// row is one line of the list of findings.
type row struct {
	text   string
	attack bool // hosts of the attacks are in it, and nobody else
}

// look gives the rows that a person finds new on the list of findings.
func (d *desk) look(site string, attackers map[string]bool) (rows []row) {
	open := finding.Filter{Statuses: []finding.Status{finding.Open}, Sites: []string{site}, Limit: 500}
	groups, _, err := d.store.FindingGroups(d.t.Context(), open)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, g := range groups {
		if d.seen[g.Key] {
			continue
		}
		d.seen[g.Key] = true
		r := row{text: fmt.Sprintf("%s %s (%d findings, %d devices)", g.Severity, g.Title, g.Findings, g.Devices), attack: true}
		for _, id := range g.Sample {
			f, err := d.store.Finding(d.t.Context(), 0, id)
			if err != nil {
				d.t.Fatal(err)
			}
			r.attack = r.attack && attackers[f.Address]
		}
		rows = append(rows, r)
	}
	return rows
}

// attackers gives the addresses of all that take part in attacks.
func attackers(t *testing.T, s *week.Site, attacks []attack) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	for _, a := range attacks {
		hosts, err := s.Hosts(a.file)
		if err != nil {
			t.Fatal(err)
		}
		for h := range hosts {
			all[h.String()] = true
		}
	}
	return all
}

// TestWeek lets two sites of a thousand devices run for a week with attacks
// among what they do every day. Their sensors report to a hub: what people see
// there must be little, and the attacks must be in it.
func TestWeek(t *testing.T) {
	if testing.Short() || shared.Race {
		t.Skip("skipped: millions of facts")
	}
	const firstHour, aDay = 50, 5
	captures := shared.Dir(t, "captures")
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	d := newDesk(t, start)
	for _, c := range []struct {
		site    *week.Site
		attacks []attack
	}{{hospital(t, captures), hospitalAttacks}, {plant(t, captures), plantAttacks}} {
		t.Run(c.site.Name, func(t *testing.T) {
			if n := c.site.Devices(); n < 1000 {
				t.Fatalf("the site has %d devices", n)
			}
			once(t, c.site, captures, c.attacks)
			rows := d.live(t, c.site, start, attackers(t, c.site, c.attacks))
			d.met(c.site.Name, c.attacks)
			for i, list := range rows {
				quiet := 0
				for _, r := range list {
					t.Logf("%d: %s, attack: %t", i, r.text, r.attack)
					if !r.attack {
						quiet++
					}
				}
				if i == 0 {
					t.Logf("first hour: %d rows", len(list))
					if len(list) > firstHour {
						t.Errorf("%d rows in the first hour, want at most %d", len(list), firstHour)
					}
					continue
				}
				t.Logf("day %d: %d new rows, %d of them of attacks", i, len(list), len(list)-quiet)
				if quiet > aDay {
					t.Errorf("day %d: %d new rows beside those of attacks, want at most %d", i, quiet, aDay)
				}
			}
		})
	}
}

// live runs a site for a week. It gives the rows that are new in the first
// hour, and then on each day.
func (d *desk) live(t *testing.T, site *week.Site, start time.Time, attackers map[string]bool) (rows [8][]row) {
	j, err := newJudge(JudgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := d.sensor(site.Name)
	report := func() error {
		for _, f := range j.detect.Updates() {
			out.Alert(f)
		}
		j.inventory.Changed(out.Device)
		return out.Flush()
	}
	hour, facts := 0, 0
	err = site.Each(start, 7*24*time.Hour, func(list []*event.Fact) error {
		facts += len(list)
		j.observe(list, nil)
		if err := report(); err != nil {
			return err
		}
		at := 0
		if hour > 0 {
			at = 1 + hour/24
		}
		rows[at] = append(rows[at], d.look(site.Name, attackers)...)
		hour++
		return nil
	})
	j.detect.Close()
	if err := errors.Join(err, report()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d facts, %d devices", facts, len(j.inventory.Devices()))
	return rows
}

// met wants every attack to be found.
func (d *desk) met(site string, attacks []attack) {
	counts, err := d.store.CountFindings(d.t.Context(), finding.Filter{Sites: []string{site}}, "check")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, a := range attacks {
		if !slices.ContainsFunc(a.checks, func(check string) bool { return counts[check] > 0 }) {
			d.t.Errorf("%s: none of %v was found", a.file, a.checks)
		}
	}
}
