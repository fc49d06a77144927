// Command largesite fills the state of a hub as two large sites leave it:
// devices of twelve types in zones, findings in all states, and a week of
// roll-ups by device and by pair. It goes through the projection and the
// store's own interfaces, so that what is measured on it is what people have.
//
//	largesite -data DIR -devices 10000 -findings 100000 -days 7
//	edgeward run --data DIR
//
// What it makes depends on its flags and the clock alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/store/state"
)

// tenant is the one that a hub has.
const tenant = 0

// site is one of the two places, each with one sensor.
type site struct {
	name, sensor string
	zones, types []string
}

var sites = []site{
	{"Hospital", "sensor-hospital", []string{"Imaging", "Wards", "Theatres", "Laboratory", "Guests", "Servers"},
		[]string{"medical-modality", "medical-monitor", "pump", "camera", "printer", "phone"}},
	{"Plant", "sensor-plant", []string{"Cell 1", "Cell 2", "Utilities", "Control", "Offices", "DMZ"},
		[]string{"plc", "hmi", "drive", "sensor", "computer", "access-point"}},
}

// filler makes messages as the sensors' batches come out of the stream.
type filler struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the program
	store *state.Store
	p     *hub.Projector
	r     *rand.Rand
	now   int64
	seq   uint64
	boots map[string]uint64
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("largesite: ")
	data := flag.String("data", "", "data folder of the hub, which must not run")
	devices := flag.Int("devices", 10000, "how many devices")
	findings := flag.Int("findings", 100000, "how many findings")
	days := flag.Int("days", 7, "days of roll-ups")
	pairs := flag.Int("pairs", 4000, "pairs of a site in an hour; a hub keeps 4096")
	flag.Parse()
	if *data == "" || *devices < 100 || *findings < 1 || *days < 1 || *pairs < 1 {
		log.Fatal("want -data DIR, at least 100 devices, and a finding, a day and a pair")
	}
	if err := run(*data, *devices, *findings, *days, *pairs); err != nil {
		log.Fatal(err)
	}
}

func run(data string, devices, findings, days, pairs int) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	ctx := context.Background()
	s, err := state.Open(ctx, "sqlite:"+filepath.Join(data, "state.db"), state.Options{})
	if err != nil {
		return err
	}
	f := &filler{ctx: ctx, store: s, p: hub.NewProjector(s, hub.ProjectorOptions{}), r: rand.New(rand.NewPCG(7, 7)), now: time.Now().UnixNano(), boots: map[string]uint64{}}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"sites", f.settings},
		{"devices", func() error { return f.devices(devices) }},
		{"findings", func() error { return f.findings(devices, findings) }},
		{"statuses", f.statuses},
		{"roll-ups", func() error { return f.rollups(days, pairs) }},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			_ = s.Close() // the first failure is what counts
			return fmt.Errorf("%s: %w", step.name, err)
		}
		log.Printf("%s: %.1f s", step.name, time.Since(began).Seconds())
	}
	return s.Close()
}

// settings defines sites and zones and enrols the sensors.
func (f *filler) settings() error {
	var places hub.Sites
	var zones hub.ZoneDefinitions
	for _, x := range sites {
		places.Sites = append(places.Sites, hub.Site{Name: x.name})
		for _, z := range x.zones {
			zones.Zones = append(zones.Zones, hub.Zone{Name: z, Site: x.name})
		}
		err := f.store.PutSensor(f.ctx, &account.Sensor{
			ID: x.sensor, Tenant: tenant, Name: x.sensor, Site: x.name, Enrolled: f.now, Seen: f.now, Last: f.now, Version: "1",
			Packets: 4e9, Bytes: 3e12, Loss: map[string]uint64{"kernel_drops": 12000, "one_sided": 40},
		})
		if err != nil {
			return err
		}
	}
	for key, v := range map[string]any{"sites": places, "zones": zones} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := f.store.PutDocument(f.ctx, tenant, hub.SettingsKind, key, b); err != nil {
			return err
		}
	}
	return nil
}

// apply projects what a sensor reports, as ingest does.
func (f *filler) apply(sensor string, devices []*asset.Device, findings []*finding.Finding) error {
	f.seq++
	f.boots[sensor]++
	b := &bus.Batch{Header: bus.Header{Tenant: tenant, Sensor: sensor, Boot: 1, Seq: f.boots[sensor], Made: f.now, Last: f.now}, Devices: devices, Findings: findings}
	raw, err := b.Encode(nil)
	if err != nil {
		return err
	}
	if b, err = bus.Decode(raw, bus.Limits{}); err != nil {
		return err
	}
	_, err = f.p.Apply(f.ctx, []hub.Message{{Stream: "largesite", Seq: f.seq, Stored: f.now, Batch: b}})
	return err
}
