//go:build !sensor

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"edgeward/internal/api"
	"edgeward/internal/confine"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/judge/inventory"
	"edgeward/internal/store/segment"
	"edgeward/internal/wire/dissect"
)

// The pauses of housekeeping.
const (
	policyEvery = 10 * time.Second
	pruneEvery  = 30 * time.Minute
	day         = 24 * time.Hour
)

// keepHouse forgets what is too old, and lets mutes begin and end.
func (h *Hub) keepHouse(ctx context.Context) error {
	policies, prune := time.NewTicker(policyEvery), time.NewTicker(pruneEvery)
	defer policies.Stop()
	defer prune.Stop()
	alive := make(chan struct{})
	go func() {
		defer close(alive)
		_ = watchdog(ctx, func(ctx context.Context) bool { // ends with the context only
			// A store that fails answers too; to start again would not mend it.
			_, err := h.State.Documents(ctx, 0, hub.SettingsKind)
			return !errors.Is(err, context.DeadlineExceeded)
		})
	}()
	defer func() { <-alive }()
	began := time.Now()
	prunes := func() {
		now := time.Now()
		h.prune(ctx, now, now.Sub(began)) // the monotonic clock's time, which nobody sets
	}
	prunes()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-policies.C:
			if _, err := h.State.ApplyPolicies(ctx, 0, time.Now().UnixNano()); err != nil && ctx.Err() == nil {
				h.o.Log.Warn("mutes could not be brought up to date", "error", err)
			}
		case <-prune.C:
			prunes()
		}
	}
}

// retention gives what is to be kept: what the console says, else the
// configuration.
func (h *Hub) retention(ctx context.Context) hub.Retention {
	k := h.o.Config.Keep
	days := func(d time.Duration) int { return int((d + day - 1) / day) }
	r := hub.Retention{
		EventDays: days(k.Facts.Std()), EventBytes: int64(k.Size), FindingDays: days(k.Findings.Std()), EvidenceDays: days(k.Packets.Std()),
		RollupDays: days(k.Rollups.Std()), AuditDays: days(k.Audit.Std()),
	}
	b, err := h.State.Document(ctx, 0, hub.SettingsKind, "retention")
	if err != nil {
		return r
	}
	if err := json.Unmarshal(b, &r); err != nil {
		h.o.Log.Warn("the retention in the settings cannot be read; the configuration's holds", "error", err)
	}
	return r
}

// prune forgets what is too old. ran is how long the hub has run by a clock
// that nobody sets.
func (h *Hub) prune(ctx context.Context, clock time.Time, ran time.Duration) {
	r := h.retention(ctx)
	now, err := h.horizon.at(ctx, clock.UnixNano(), ran)
	if err != nil {
		if ctx.Err() == nil {
			h.o.Log.Warn("what is too old could not be removed", "error", err)
		}
		return
	}
	h.Events.SetRetention(segment.Retention{MaxAge: time.Duration(r.EventDays) * day, MaxBytes: r.EventBytes, Now: now})
	span := func(days int) int64 { return int64(time.Duration(days) * day) }
	n, err := h.State.Prune(ctx, 0, hub.Keep{
		Rollups: span(r.RollupDays), Pairs: min(span(r.RollupDays), int64(60*day)), Resolved: span(r.FindingDays), Evidence: span(r.EvidenceDays), Audit: span(r.AuditDays),
		Nodes: int64(90 * day), Moments: span(r.RollupDays),
	}, now)
	switch {
	case err != nil && ctx.Err() == nil:
		h.o.Log.Warn("what is too old could not be removed", "error", err)
	case n > 0:
		h.o.Log.Info("what is too old was removed", "rows", n)
	}
	if err := h.captures.forgetOld(ctx, 0, now, h.o.Config.Keep.Captures.Std(), time.Duration(r.RollupDays)*day); err != nil && ctx.Err() == nil {
		h.o.Log.Warn("old uploads could not be forgotten", "error", err)
	}
}

// knowledge gives a task with what is known of the network: the
// configuration's, and what people set in the console.
func (h *Hub) knowledge(ctx context.Context, tenant uint16) Task {
	c := h.o.Config.Sensor
	t := Task{Version: h.o.Version, Tenant: tenant, Memory: int64(c.Memory), Recog: c.Recog, Indicators: c.Indicators, Knowledge: NewKnowledge(h.folder.path).Folder()}
	t.Home, _ = ident.ParsePrefixes(c.Home) // the configuration was checked
	if c.Zones != "" {
		if zones, err := LoadZones(c.Zones); err == nil {
			t.Zones = zones
		} else {
			h.o.Log.Warn("zones could not be read", "error", err)
		}
	}
	var home hub.HomeNetworks
	var zones hub.ZoneDefinitions
	h.settings(ctx, tenant, "home", &home)
	h.settings(ctx, tenant, "zones", &zones)
	more, _ := ident.ParsePrefixes(home.Networks) // the service checks them
	t.Home = append(t.Home, more...)
	for _, z := range zones.Zones {
		zone := inventory.Zone{Name: z.Name}
		zone.Prefixes, _ = ident.ParsePrefixes(z.Networks)
		for _, m := range z.MACs {
			if mac, err := ident.ParseMAC(m); err == nil {
				zone.MACs = append(zone.MACs, mac)
			}
		}
		for _, v := range z.VLANs {
			zone.VLANs = append(zone.VLANs, uint16(v))
		}
		t.Zones = append(t.Zones, zone)
	}
	return t
}

func (h *Hub) settings(ctx context.Context, tenant uint16, key string, into any) {
	b, err := h.State.Document(ctx, tenant, hub.SettingsKind, key)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil && ident.CodeOf(err) != ident.NotFound {
		h.o.Log.Warn("settings could not be read", "key", key, "error", err)
	}
}

// quietTimes gives how long after it was last seen a check's claim is still
// the same episode.
func quietTimes() func(check string) time.Duration {
	quiet := map[string]time.Duration{}
	if checks, err := catalogue(); err == nil { // it is embedded; where it does not load, no sensor runs
		for i := range checks {
			quiet[checks[i].ID] = checks[i].Quiet
		}
	}
	return func(check string) time.Duration {
		if d := quiet[check]; d > 0 {
			return d
		}
		return day
	}
}

var _ api.Health = (*Hub)(nil)

// Parts tells how the parts of the hub are.
func (h *Hub) Parts(ctx context.Context) []api.Part {
	var out []api.Part
	add := func(name string, problem, hint string) {
		out = append(out, api.Part{Name: name, Ready: problem == "", Text: problem, Hint: hint})
	}
	fail := func(name string, err error) {
		if err != nil {
			add(name, err.Error(), ident.HintOf(err))
		} else {
			add(name, "", "")
		}
	}
	fail("state", h.State.Condition())
	if said := h.horizon.doubt(); said != "" {
		out = append(out, api.Part{Name: "clock", Ready: true, Text: said, Hint: "set the clock of this machine; if it is right, nothing is to be done"})
	}
	events := h.Events.Status()
	if n := len(events.Broken); n > 0 && events.Error == "" {
		add("events", fmt.Sprintf("%d files of the event log cannot be read, the first: %s", n, events.Broken[0].Why), "restore them from a backup; everything else can be asked")
	} else {
		add("events", events.Error, "")
	}
	fail("stream", h.Stream.Alive(ctx))
	i := h.Ingest.Health()
	if i.State == hub.Running && !i.Refusing {
		add("ingest", "", "")
	} else {
		add("ingest", string(i.State)+": "+i.Problem, i.Hint)
	}
	switch w, failed := h.local.working(); {
	case failed != nil:
		add("sensor", "it does not run: "+failed.Error(), ident.HintOf(failed))
	case w != nil:
		s := w.Status()
		switch {
		case !s.Running:
			add("sensor", "it does not run: "+s.Problem, "")
		case !s.State.Whole() && confine.Possible().Whole():
			add("sensor", "not all of the confinement is in force: "+s.State.String(), "")
		default:
			add("sensor", "", "")
		}
	}
	stats, failed := h.outputs.Stats()
	for key, why := range failed {
		add(key, why, "correct it in the settings or the configuration")
	}
	for key, q := range stats {
		if q.Problem != "" {
			add(key, q.Problem, "what waits is tried again")
		}
	}
	return out
}

// Storage gives bytes by kind.
func (h *Hub) Storage(ctx context.Context) map[string]int64 {
	out := map[string]int64{"events": h.Events.Status().Bytes, "stream": int64(h.Ingest.Health().StreamBytes)}
	if n, err := h.State.Size(ctx); err == nil {
		out["state"] = n
	}
	return out
}

// Confinement says what is in force in the local sensor, or what could be.
func (h *Hub) Confinement() string {
	if w, _ := h.local.working(); w != nil {
		return w.Status().State.String()
	}
	return confine.Possible().String()
}

// dissector shows frames by a process without rights.
type dissector struct{}

// Dissect gives the layers of each frame.
func (dissector) Dissect(ctx context.Context, frames [][]byte) ([][]dissect.Layer, error) {
	return Dissect(ctx, frames)
}
