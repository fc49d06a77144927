//go:build !sensor

package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// riskyAt is the risk from which a device is said to be risky.
const riskyAt = 70

// The statuses that are open to somebody's work.
var openOnly = []finding.Status{finding.Open}

// overviewShares is how many protocols and talkers the first screen names.
const overviewShares = 8

func (s *Server) overview(ctx context.Context, in *viewQuery) (*reply[Overview], error) {
	c := who(ctx)
	sites := c.only(in.Sites)
	from, to, err := s.between(Span{}, 1)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsOf(ctx, c, nil, in.Sites)
	if err != nil {
		return nil, err
	}
	no := false
	open := finding.Filter{Tenant: c.tenant, Sites: sites, Statuses: openOnly, Muted: &no}
	sums := func(dimension string, top int) hub.RollupFilter {
		return hub.RollupFilter{Tenant: c.tenant, Sensors: sensors, Dimension: dimension, From: from, To: to, Top: top}
	}
	var o Overview
	err = together(
		func() (err error) { o.Findings, err = s.bySeverity(ctx, open); return err },
		func() error {
			f := open
			f.Top, f.Sort, f.Limit = true, "-severity", 8
			groups, err := s.groupPage(ctx, f)
			o.Groups = groups.Items
			return err
		},
		func() error { return s.overviewDevices(ctx, c, sites, &o) },
		func() (err error) { o.Traffic, err = s.series(ctx, sums(hub.ByTotal, 0)); return err },
		func() (err error) {
			o.Protocols, err = s.top(ctx, c, sums(hub.ByProtocol, overviewShares))
			return err
		},
		func() (err error) { o.Talkers, err = s.top(ctx, c, sums(hub.ByDevice, overviewShares)); return err },
		func() error { return s.overviewSensors(ctx, c, in.Sites, &o) },
	)
	if err != nil {
		return nil, err
	}
	o.Problems = s.problems(ctx)
	o.Empty = o.Devices.Total == 0 && o.Loss.Packets == 0
	o.Posture = posture(&o)
	o.Next = nextSteps(&o)
	return ok(o)
}

// together runs the parts of an answer side by side and gives the first error
// in their order.
func together(parts ...func() error) error {
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { errs[i] = part() })
	}
	wg.Wait()
	return cmp.Or(errs...)
}

func (s *Server) bySeverity(ctx context.Context, f finding.Filter) (Counts, error) {
	n, err := s.Findings.CountFindings(ctx, f, "severity")
	return Counts{n["info"], n["low"], n["medium"], n["high"], n["critical"]}, err
}

func (s *Server) overviewDevices(ctx context.Context, c *caller, sites []string, o *Overview) error {
	no := false
	day := s.now() - int64(24*time.Hour)
	n, err := s.Devices.Census(ctx, c.tenant, sites, day, riskyAt)
	if err != nil {
		return err
	}
	o.Devices = DeviceCounts(n)
	fresh, err := s.devicePage(ctx, asset.Filter{Tenant: c.tenant, Sites: sites, Since: day, Trusted: &no, Sort: "-first_seen", Limit: 10})
	if err != nil {
		return err
	}
	risky, err := s.devicePage(ctx, asset.Filter{Tenant: c.tenant, Sites: sites, AtLeast: 1, Sort: "-risk", Limit: 5})
	if err != nil {
		return err
	}
	o.New, o.Risky = fresh.Items, risky.Items
	return nil
}

func (s *Server) overviewSensors(ctx context.Context, c *caller, asked []string, o *Overview) error {
	found, err := s.visibleSensors(ctx, c)
	if err != nil {
		return err
	}
	o.Sensors = []Sensor{}
	o.Loss.Counters = map[string]uint64{}
	for _, x := range found {
		if x.Revoked || len(asked) > 0 && !slices.Contains(asked, x.Site) {
			continue
		}
		o.Sensors = append(o.Sensors, s.sensorShape(x))
		o.Seen = max(o.Seen, Time(x.Last))
		o.Loss.Packets += x.Packets
		for k, v := range x.Loss {
			o.Loss.Counters[k] += v
		}
	}
	o.Loss.Dropped = o.Loss.Counters["kernel_drops"]
	if sum := o.Loss.Packets + o.Loss.Dropped; sum > 0 {
		o.Loss.Share = float64(o.Loss.Dropped) / float64(sum)
	}
	return nil
}

func (s *Server) problems(ctx context.Context) []Problem {
	out := []Problem{}
	if s.Health == nil {
		return out
	}
	for _, p := range s.Health.Parts(ctx) {
		if p.Text != "" || !p.Ready {
			out = append(out, Problem{Part: p.Name, Text: p.Text, Hint: p.Hint, Since: Time(s.now())})
		}
	}
	return out
}

// posture makes one number: it begins at 100 and each reason takes off its
// points, so that the reasons add up to what is missing.
func posture(o *Overview) Posture {
	p := Posture{Score: 100, Reasons: []PostureReason{}}
	silent := 0
	for _, x := range o.Sensors {
		if x.State == "silent" {
			silent++
		}
	}
	take := func(id string, count, each, most int, text string, link Link) {
		points := min(count*each, most, p.Score)
		if points <= 0 {
			return
		}
		p.Score -= points
		p.Reasons = append(p.Reasons, PostureReason{ID: id, Points: points, Count: count, Text: text, Link: link})
	}
	open := func(severity string) Link {
		return Link{Screen: "findings", Filter: map[string]string{"severity": severity, "status": "open"}}
	}
	plural := func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + many
	}
	f := o.Findings
	take("critical-findings", f.Critical, 15, 45, plural(f.Critical, "open critical finding", "open critical findings"), open("critical"))
	take("high-findings", f.High, 6, 24, plural(f.High, "open finding of high severity", "open findings of high severity"), open("high"))
	take("medium-findings", f.Medium, 1, 10, plural(f.Medium, "open finding of medium severity", "open findings of medium severity"), open("medium"))
	take("no-sensors", b2i(len(o.Sensors) == 0), 20, 20, "no sensor reports", Link{Screen: "sensors"})
	take("sensors-silent", silent, 8, 16, plural(silent, "sensor is silent", "sensors are silent"), Link{Screen: "sensors"})
	take("loss", b2i(o.Loss.Share > 0.01), 8, 8, fmt.Sprintf("%.1f %% of the packets were lost before they could be read", 100*o.Loss.Share), Link{Screen: "coverage"})
	take("unknown-devices", o.Devices.Unknown, 1, 6, plural(o.Devices.Unknown, "device of unknown type", "devices of unknown type"), Link{Screen: "devices", Filter: map[string]string{"type": notKnown}})
	take("untrusted-devices", o.Devices.New, 1, 5, plural(o.Devices.New, "device is new since yesterday", "devices are new since yesterday"), Link{Screen: "devices", Filter: map[string]string{"trusted": "false", "sort": "-first_seen"}})
	return p
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nextSteps says what to do, the most useful first.
func nextSteps(o *Overview) []Step {
	out := []Step{}
	add := func(id string, count int, title, why string, link Link) {
		if count > 0 && len(out) < 6 {
			out = append(out, Step{id, title, why, count, link})
		}
	}
	for _, p := range o.Problems {
		add("problem-"+p.Part, 1, "Mend the hub: "+p.Part, p.Text, Link{Screen: "about"})
	}
	grave := o.Findings.Critical + o.Findings.High
	add("judge-findings", grave, "Look at the grave findings", "each says why it fired and what to do", Link{Screen: "findings", Filter: map[string]string{"severity": "high", "status": "open"}})
	add("add-sensor", b2i(len(o.Sensors) == 0), "Let a sensor report", "without one nothing is seen", Link{Screen: "sensors"})
	silent := 0
	for _, x := range o.Sensors {
		silent += b2i(x.State == "silent" || x.State == "problem")
	}
	add("mend-sensors", silent, "See why sensors are silent", "what they do not see is not found", Link{Screen: "sensors"})
	add("review-devices", len(o.New), "Say whether you know the new devices", "what is trusted stands out less, what is not is watched", Link{Screen: "devices", Filter: map[string]string{"trusted": "false", "sort": "-first_seen"}})
	add("name-devices", o.Devices.Unknown, "Name the devices of unknown type", "checks know more about a device whose type is known", Link{Screen: "devices", Filter: map[string]string{"type": notKnown}})
	add("medium-findings", o.Findings.Medium, "Go through the findings of medium severity", "resolve, mute with an expiry, or plan them", Link{Screen: "findings", Filter: map[string]string{"severity": "medium", "status": "open"}})
	return out
}

// visitDays is how far changes look back when there was no visit.
const visitDays = 1

func (s *Server) changes(ctx context.Context, in *changesQuery) (*reply[Changes], error) {
	c := who(ctx)
	since := int64(in.Since.Time)
	if since == 0 && c.user != nil {
		since = c.user.Seen
	}
	if since == 0 {
		since = s.now() - visitDays*24*hour
	}
	o := Changes{Since: Time(since), Until: Time(s.now()), Actions: []Entry{}, Sensors: []Sensor{}}
	sites := c.only(nil)
	var err error
	if o.NewDevices, err = s.devicePage(ctx, asset.Filter{Tenant: c.tenant, Sites: sites, Since: since, Sort: "-first_seen", Limit: 50}); err != nil {
		return nil, err
	}
	for _, x := range []struct {
		to   *Page[Finding]
		kind []hub.MomentKind
		want func(hub.Moment) bool
	}{
		{&o.NewFindings, []hub.MomentKind{hub.FindingOpened}, nil},
		{&o.Resolved, []hub.MomentKind{hub.StatusSet}, func(m hub.Moment) bool { return m.After == string(finding.Resolved) }},
		{&o.Reopened, []hub.MomentKind{hub.FindingReopened}, nil},
	} {
		if *x.to, err = s.movedFindings(ctx, c, since, x.kind, x.want); err != nil {
			return nil, err
		}
	}
	if o.Gone, err = s.goneDevices(ctx, c, since); err != nil {
		return nil, err
	}
	if oversees(c) {
		f := AuditFilter{From: When{Time(since)}}.of(c.tenant)
		f.Limit = 50
		found, err := s.Audit.Entries(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			o.Actions = append(o.Actions, entryOf(e))
		}
	}
	found, err := s.visibleSensors(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		if sh := s.sensorShape(x); x.Enrolled >= since || !x.Revoked && (sh.State == "silent" || sh.State == "problem") {
			o.Sensors = append(o.Sensors, sh)
		}
	}
	return ok(o)
}

// movedFindings gives the findings of moments since a time.
func (s *Server) movedFindings(ctx context.Context, c *caller, since int64, kinds []hub.MomentKind, want func(hub.Moment) bool) (Page[Finding], error) {
	p := Page[Finding]{Items: []Finding{}}
	if s.Timeline == nil {
		return p, nil
	}
	moments, err := s.Timeline.Moments(ctx, hub.MomentFilter{Tenant: c.tenant, Sites: c.only(nil), Kinds: kinds, From: since, Limit: 500})
	if err != nil {
		return p, err
	}
	ids := map[string]bool{}
	for _, m := range moments {
		if m.Finding != "" && (want == nil || want(m)) {
			ids[m.Finding] = true
		}
	}
	if len(ids) == 0 {
		return p, nil
	}
	return s.findingPage(ctx, finding.Filter{Tenant: c.tenant, Sites: c.only(nil), IDs: slices.Sorted(maps.Keys(ids)), Sort: "-severity", Limit: 50})
}

// goneDevices gives the devices that fell silent since a time.
func (s *Server) goneDevices(ctx context.Context, c *caller, since int64) (Page[Device], error) {
	p := Page[Device]{Items: []Device{}}
	if s.Timeline == nil {
		return p, nil
	}
	moments, err := s.Timeline.Moments(ctx, hub.MomentFilter{Tenant: c.tenant, Sites: c.only(nil), Kinds: []hub.MomentKind{hub.DeviceLost}, From: since, Limit: 500})
	if err != nil {
		return p, err
	}
	ids := map[string]bool{}
	for _, m := range moments {
		ids[m.Device] = true
	}
	if len(ids) == 0 {
		return p, nil
	}
	return s.devicePage(ctx, asset.Filter{Tenant: c.tenant, Sites: c.only(nil), IDs: slices.Sorted(maps.Keys(ids)), Sort: "-last_seen", Limit: 50})
}

// severityRank orders severities by name.
func severityRank(name string) int {
	v, err := ident.ParseSeverity(name)
	if err != nil {
		return -1
	}
	return int(v)
}
