//go:build !sensor

package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// Bounds of the watch over profiles.
const (
	maxDrifts    = 4096 // findings that are open at once
	driftQueue   = 256  // groups of batches that wait
	driftReasons = 8    // that one finding puts into words
	driftReload  = 10 * time.Second
	driftFlush   = 2 * time.Second
	driftDevices = 50_000
)

// driftCheck is the check of its findings.
const driftCheck = "behaviour.off-profile"

// drift watches what sensors report for what devices do off their profiles. It
// reports as a sensor does, in batches of its own, one for each site, so that
// its findings go the way of all others. What comes while it is behind is left
// out and counted.
type drift struct {
	h       *Hub
	check   finding.Check
	work    chan []hub.Message
	dropped atomic.Uint64

	// The goroutine of run owns the rest.
	boot    uint64
	tenants map[uint16]*watched
	sites   map[source]string
	reports map[source]*bus.Recorder // by tenant and site
}

// source is a sensor of a tenant, or a site.
type source struct {
	tenant uint16
	name   string
}

// watched is one tenant's profiles with what is known of its hosts.
type watched struct {
	reader    *profile.Reader
	set       *profile.Set
	judge     *profile.Evaluator
	revisions string // of the policies, so that a change is seen
	hosts     map[ident.HostKey]profile.Host
	home      func(netip.Addr) bool
	loaded    time.Time
	open      map[driftKey]*drifting
}

// driftKey is what makes two exchanges the same finding.
type driftKey struct {
	host  ident.HostKey
	place ident.Place
	group string
}

type drifting struct {
	f       *finding.Finding
	site    string
	reasons []string
	changed bool
}

var _ profile.Hosts = (*watched)(nil)

// Home reports whether an address is one of ours.
func (w *watched) Home(_ ident.Place, a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || w.home != nil && w.home(a)
}

// Host gives what is known of a host.
func (w *watched) Host(k ident.HostKey) (profile.Host, bool) {
	x, ok := w.hosts[k]
	return x, ok
}

func newDrift(h *Hub) (*drift, error) {
	checks, err := catalogue()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(checks, func(c finding.Check) bool { return c.ID == driftCheck })
	if i < 0 {
		return nil, fmt.Errorf("the catalogue has no check %s", driftCheck)
	}
	return &drift{
		h: h, check: checks[i], work: make(chan []hub.Message, driftQueue), boot: uint64(time.Now().UnixNano()),
		tenants: map[uint16]*watched{}, sites: map[source]string{}, reports: map[source]*bus.Recorder{},
	}, nil
}

// applied takes what was stored; it never waits.
func (d *drift) applied(messages []hub.Message) {
	select {
	case d.work <- messages:
	default:
		d.dropped.Add(1)
	}
}

func (d *drift) run(ctx context.Context) error {
	tick := time.NewTicker(driftFlush)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case messages := <-d.work:
			for i := range messages {
				d.batch(ctx, messages[i].Batch)
			}
		case <-tick.C:
			d.flush(ctx)
			if n := d.dropped.Swap(0); n > 0 {
				d.h.o.Log.Warn("profiles were not compared with all that came, since too much came at once", "groups", n)
			}
		}
	}
}

// batch judges the facts of one batch.
func (d *drift) batch(ctx context.Context, b *bus.Batch) {
	if len(b.Facts) == 0 {
		return
	}
	w := d.tenant(ctx, b.Tenant)
	if w.set.Len() == 0 {
		return
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", b.Sensor, b.Boot)
	run := h.Sum64()
	for i := range b.Facts {
		f, err := b.Facts[i].Decode()
		if err != nil {
			continue // of a kind that this version does not know
		}
		f.Flow ^= run // so that the flows of two sensors are two
		w.reader.Read(f, func(x *profile.Exchange) {
			v := w.judge.Judge(x)
			if v.Judged && !v.Allowed && (x.Weight > 0 || v.Miss == profile.MissRate || v.Miss == profile.MissSize) {
				d.off(ctx, w, b, x, &v)
			}
		})
	}
}

// tenant gives the profiles of a tenant as they are now, or nearly.
func (d *drift) tenant(ctx context.Context, id uint16) *watched {
	w := d.tenants[id]
	if w == nil {
		w = &watched{open: map[driftKey]*drifting{}}
		w.set, _ = profile.Compile(nil, profile.Options{}) // nothing cannot be wrong
		w.reader = profile.NewLiveReader(w)
		d.tenants[id] = w
	}
	if time.Since(w.loaded) < driftReload {
		return w
	}
	w.loaded = time.Now()
	if err := d.reload(ctx, id, w); err != nil && ctx.Err() == nil {
		d.h.o.Log.Warn("profiles could not be read; those that were read before hold", "error", err)
	}
	return w
}

func (d *drift) reload(ctx context.Context, id uint16, w *watched) error {
	now := time.Now().UnixNano()
	list, err := d.h.State.Policies(ctx, policy.Filter{Tenant: id, Kind: policy.ForProfile, Now: now, Active: true})
	if err != nil {
		return err
	}
	var revisions strings.Builder
	for _, p := range list {
		fmt.Fprintf(&revisions, "%s %d\n", p.ID, p.Revision)
	}
	if r := revisions.String(); r != w.revisions {
		good := list[:0]
		for _, p := range list {
			if _, err := profile.Compile([]*policy.Policy{p}, profile.Options{}); err != nil {
				d.h.o.Log.Warn("a profile cannot be used", "policy", p.ID, "error", err)
				continue
			}
			good = append(good, p)
		}
		if w.set, err = profile.Compile(good, profile.Options{}); err != nil {
			return err
		}
		w.judge, w.revisions = profile.NewEvaluator(w.set), r
	}
	if w.set.Len() == 0 {
		w.hosts = nil
		return nil
	}
	w.home = d.h.home(ctx, id)
	hosts := map[ident.HostKey]profile.Host{}
	f := asset.Filter{Tenant: id, Limit: 500}
	for ; f.Offset < driftDevices; f.Offset += f.Limit {
		page, _, err := d.h.State.Devices(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range page {
			x := profile.Host{Device: r.ID, Zone: hub.ZoneOf(r), Vendor: cmp.Or(r.Set.Vendor, r.Vendor.Value), MUD: r.MUD, Router: slices.Contains(r.Roles, "gateway")}
			for _, k := range r.Hosts {
				hosts[k] = x
			}
		}
		if len(page) < f.Limit {
			break
		}
	}
	w.hosts = hosts
	return nil
}

// off notes an exchange that no line allows.
func (d *drift) off(ctx context.Context, w *watched, b *bus.Batch, x *profile.Exchange, v *profile.Verdict) {
	own, other, direction := &x.Client, &x.Server, "out"
	if v.In {
		own, other, direction = other, own, "in"
	}
	k := driftKey{own.Host, x.Place, direction + " " + v.Miss.String() + " " + x.Protocol.String()}
	r := w.open[k]
	if r != nil && x.Time > r.f.LastSeen+int64(d.check.Quiet) {
		r = nil // another episode
	}
	if r == nil {
		if len(w.open) >= maxDrifts {
			d.dropped.Add(1)
			return
		}
		severity := d.check.Severity
		if v.Policy.Mode == policy.Observe {
			severity = ident.Low
		}
		r = &drifting{site: d.site(ctx, b.Tenant, b.Sensor), f: &finding.Finding{
			ID: finding.ID(x.Place, driftCheck, own.Host, k.group, x.Time), Check: driftCheck, Kind: d.check.Kind, Severity: severity, Confidence: d.check.Confidence,
			Status: finding.Open, Title: d.check.Title, Remedy: d.check.Remedy, Attack: d.check.Attack,
			Host: own.Host, Device: own.Device, Place: x.Place, FirstSeen: x.Time, LastSeen: x.Time, Episode: x.Time, Claim: finding.Claim(x.Place, driftCheck, own.Host, k.group),
		}}
		if own.Addr.IsValid() {
			r.f.Address = own.Addr.String()
		} else if !own.MAC.IsZero() {
			r.f.Address = own.MAC.String()
		}
		w.open[k] = r
	}
	f := r.f
	f.Count += uint64(max(x.Weight, 1))
	f.FirstSeen, f.LastSeen = min(f.FirstSeen, x.Time), max(f.LastSeen, x.Time)
	if a := other.Addr.String(); other.Addr.IsValid() && !slices.Contains(f.Peers, a) {
		f.PeerCount++
		if len(f.Peers) < finding.MaxPeers {
			f.Peers = append(f.Peers, a)
		}
	}
	why := profile.Why(x, v)
	if len(f.Evidence) < finding.MaxEvidence && !slices.Contains(r.reasons, why) {
		f.Evidence = append(f.Evidence, finding.Evidence{Type: finding.Fact, Time: x.Time, Capture: x.Where.Capture, Packet: x.Where.Packet, Summary: ident.Clip(why, 200)})
	}
	if len(r.reasons) < driftReasons && !slices.Contains(r.reasons, why) {
		r.reasons = append(r.reasons, why)
	}
	line := "no line of it comes near"
	if v.Line != "" {
		line = "the line that comes nearest is " + v.Line
	}
	f.Explanation = fmt.Sprintf("%s %s did what its profile %q does not allow: %s (%s).", d.check.Explanation, f.Address, v.Policy.ID, strings.Join(r.reasons, "; "), line)
	r.changed = true
}

// site gives the site of a sensor.
func (d *drift) site(ctx context.Context, tenant uint16, sensor string) string {
	k := source{tenant, sensor}
	if site, ok := d.sites[k]; ok {
		return site
	}
	s, err := d.h.State.Sensor(ctx, tenant, sensor)
	if err != nil {
		return ""
	}
	d.sites[k] = s.Site
	return s.Site
}

// flush reports what has changed.
func (d *drift) flush(ctx context.Context) {
	for tenant, w := range d.tenants {
		now := int64(0)
		for _, r := range w.open {
			now = max(now, r.f.LastSeen)
		}
		used := map[string]bool{}
		for k, r := range w.open {
			if r.changed {
				r.changed = false
				rec, err := d.recorder(ctx, tenant, r.site)
				if err != nil {
					d.h.o.Log.Warn("what is off a profile could not be reported", "error", err)
					return
				}
				rec.Alert(r.f)
				used[r.site] = true
			} else if now > r.f.LastSeen+2*int64(d.check.Quiet) {
				delete(w.open, k)
			}
		}
		for site := range used {
			if err := d.reports[source{tenant, site}].Flush(); err != nil && ctx.Err() == nil {
				d.h.o.Log.Warn("what is off a profile could not be reported", "error", err)
			}
		}
	}
}

// recorder gives the maker of batches for a site.
func (d *drift) recorder(ctx context.Context, tenant uint16, site string) (*bus.Recorder, error) {
	k := source{tenant, site}
	if r := d.reports[k]; r != nil {
		return r, nil
	}
	id, name := "profiles", "Profiles"
	if site != "" {
		sum := sha256.Sum256([]byte(site))
		id, name = id+"-"+hex.EncodeToString(sum[:4]), name+", "+site
	}
	err := d.h.State.AddSensor(ctx, &account.Sensor{ID: id, Tenant: tenant, Name: name, Site: site, Local: true, Passive: true, Enrolled: time.Now().UnixNano(), Version: d.h.o.Version})
	if err != nil {
		return nil, err
	}
	r := bus.NewRecorder(bus.RecorderOptions{Tenant: tenant, Sensor: id, Boot: d.boot, Emit: func(h bus.Header, message []byte) error {
		return d.h.Ingest.PublishWait(ctx, h, message)
	}})
	d.reports[k] = r
	return r, nil
}
