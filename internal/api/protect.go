//go:build !sensor

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub/study"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/output/review"
	"edgeward/internal/policy"
	"edgeward/internal/query"
)

// The bounds of one look into the event log.
const (
	day          = 24 * time.Hour
	studyTime    = 2 * time.Minute
	protectFacts = 500_000
	leaveScan    = 5000 // findings whose traffic nothing is learned from
)

// studies lets each caller look into the event log once at a time, and few at
// once in all.
type studies struct {
	mu   sync.Mutex
	busy map[string]bool
}

const mostStudies = 4

func (s *studies) begin(c *caller) (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.busy[c.name]:
		return nil, later(2*time.Second, "one look into the event log at a time: wait for the one that runs")
	case len(s.busy) >= mostStudies:
		return nil, later(5*time.Second, "others are looking into the event log")
	case s.busy == nil:
		s.busy = map[string]bool{}
	}
	s.busy[c.name] = true
	return func() {
		s.mu.Lock()
		delete(s.busy, c.name)
		s.mu.Unlock()
	}, nil
}

// study readies a look into the event log of some time before now.
func (s *Server) study(ctx context.Context, c *caller, span time.Duration) (study.Options, error) {
	var o study.Options
	if s.Facts == nil {
		return o, away("learning from stored facts")
	}
	sensors, err := s.sensorsOf(ctx, c, nil, nil)
	if err != nil {
		return o, err
	}
	to := s.now()
	o = study.Options{Facts: s.Facts, Tenant: c.tenant, Author: c.name, Request: query.Request{Tenant: c.tenant, Sensors: sensors, From: to - int64(span), To: to, Now: to}}
	h, err := s.hosts(ctx, c)
	if err != nil {
		return o, err
	}
	o.Hosts, o.Devices = h, h.devices
	f := finding.Filter{Tenant: c.tenant, Sites: c.only(nil), Kinds: []finding.Kind{finding.Detection}, AtLeast: ident.Medium, From: o.Request.From, To: to}
	err = s.eachFinding(ctx, f, leaveScan, func(r *finding.Record) error {
		o.Leave = append(o.Leave, &r.Finding)
		return nil
	})
	return o, err
}

func (s *Server) protect(ctx context.Context, in *protectQuery) (*reply[Protect], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Learn >= in.Days {
		return nil, invalid("leave at least a day to prove the profile on: learn fewer days than are looked at")
	}
	unit := day
	if in.Unit == "hour" {
		unit = time.Hour
	}
	read, o, err := s.studyDevice(ctx, c, r, in.Days, unit)
	if err != nil {
		return nil, err
	}
	out := Protect{From: Time(o.Request.From), To: Time(o.Request.To), Days: in.Days, Learn: in.Learn, Unit: in.Unit, Facts: read.Facts, Full: read.Full, Document: json.RawMessage("null"), Blocked: []ProfileBlock{}, Curve: []ProtectStep{}, Attacks: []ProtectAttack{}, Enforcing: s.enforcing(ctx, c)}
	if out.Device, err = s.detail(ctx, c, r); err != nil {
		return nil, err
	}
	d, err := s.directory(ctx, c)
	if err != nil {
		return nil, err
	}
	outcome, err := read.Learn(in.Learn)
	if err != nil {
		return nil, err
	}
	if outcome.Policy != nil {
		out.Profile, out.Proof = s.detailOf(outcome.Policy, outcome.Body, d), ProofSummary(outcome.Proof.Summary)
		for _, b := range outcome.Proof.Blocked {
			out.Blocked = append(out.Blocked, blockOf(b))
		}
		for _, a := range outcome.Attacks {
			out.Attacks = append(out.Attacks, ProtectAttack{a.ID, a.Title, a.Source, a.Exchanges, a.Blocked, a.Through})
		}
		var file bytes.Buffer
		if err := document.Write(&file, []*policy.Policy{outcome.Policy}, document.JSON); err != nil {
			return nil, err
		}
		out.Document = file.Bytes()
	}
	if err := lanes(read, outcome.Policy, d, &out); err != nil {
		return nil, err
	}
	steps, err := read.Curve(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range steps {
		out.Curve = append(out.Curve, ProtectStep{x.Days, x.Lines, x.Exchanges, x.WouldBlock})
	}
	p, x, err := s.profileFor(ctx, c, r)
	if err == nil && p != nil {
		out.Current = s.detailOf(p, x, d)
	}
	if err != nil {
		return nil, err
	}
	return ok(out)
}

// studyDevice reads what a device did in some days, or in as many of another unit. Only one runs for a caller at a time.
func (s *Server) studyDevice(ctx context.Context, c *caller, r *asset.Record, days int, unit time.Duration) (*study.Study, *study.Options, error) {
	end, err := s.studies.begin(c)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, studyTime)
	defer cancel()
	o, err := s.study(ctx, c, time.Duration(days)*unit)
	if err != nil {
		return nil, nil, err
	}
	o.Device, o.MaxFacts, o.Unit = r.ID, protectFacts, int64(unit)
	tenures, err := s.Devices.Tenures(ctx, c.tenant, r.ID)
	if err != nil {
		return nil, nil, err
	}
	o.Request.Hosts = append([]ident.HostKey{}, r.Hosts...)
	for _, t := range tenures {
		if !slices.Contains(o.Request.Hosts, t.Host) {
			o.Request.Hosts = append(o.Request.Hosts, t.Host)
		}
	}
	read, err := study.Read(ctx, o)
	return read, &o, err
}

func blockOf(b *profile.Block) ProfileBlock {
	return ProfileBlock{
		string(b.Direction), b.Peer, b.PeerName, b.Transport, b.Port, b.Protocol, b.Op, b.Target, review.What(b), b.Reason, b.Why, b.Line, b.Count, Time(b.First), Time(b.Last), samplesOf(b.Samples),
	}
}

// profileFor gives the profile that a device has; nil for none.
func (s *Server) profileFor(ctx context.Context, c *caller, r *asset.Record) (*policy.Policy, *policy.Profile, error) {
	all, _, err := s.profiles(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		x, err := profile.Body(p)
		if err != nil {
			return nil, nil, err
		}
		if p.Holds(s.now()) && (isAbout(p, x, r.ID) || slices.ContainsFunc(x.Members, func(m policy.Member) bool {
			return slices.ContainsFunc(m.MACs, func(mac string) bool { return profile.Is(&r.Device, mac) })
		})) {
			return p, x, nil
		}
	}
	return nil, nil, nil
}

func (s *Server) acceptProtect(ctx context.Context, in *protectAccept) (*reply[*ProfileDetail], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	fresh, d, err := s.usable(ctx, c, &DocumentInput{in.Body.Document})
	if err != nil {
		return nil, err
	}
	if len(fresh) != 1 {
		return nil, invalid("the document must have one profile")
	}
	p := fresh[0]
	x, err := profile.Body(p)
	if err != nil {
		return nil, err
	}
	if !isAbout(p, x, r.ID) {
		return nil, invalid("the profile is not that of this device")
	}
	if err := consent(x, in.Body.Consent); err != nil {
		return nil, err
	}
	if err := profile.Envelope(p, x); err != nil {
		return nil, err
	}
	p.Mode, p.Signature = policy.Mode(in.Body.Mode), nil
	if err := s.mayEnforce(ctx, c, p.Mode); err != nil {
		return nil, err
	}
	if in.Body.Revision > 0 {
		if _, _, err := s.changeable(ctx, c, p.ID); err != nil {
			return nil, err
		}
	}
	if err := s.unique(ctx, c, fresh); err != nil {
		return nil, err
	}
	p.Revision, p.Created = in.Body.Revision, s.now()
	if err := s.Policies.PutPolicy(ctx, p); err != nil {
		return nil, err
	}
	c.detail = p.ID
	return ok(s.detailOf(p, x, d))
}

func (s *Server) proposeProfiles(ctx context.Context, in *proposeInput) (*huma.StreamResponse, error) {
	c := who(ctx)
	end, err := s.studies.begin(c)
	if err != nil {
		return nil, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, studyTime)
	defer cancel()
	o, err := s.study(ctx, c, time.Duration(in.Body.Days)*day)
	if err != nil {
		return nil, err
	}
	if err := s.only(&o, in.Body.Devices); err != nil {
		return nil, err
	}
	list, err := study.Learn(ctx, o, profile.LearnOptions{PerClass: in.Body.Per == "class", Devices: in.Body.Devices, Domains: in.Body.Domains})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, invalid("nothing was learned: no device did anything in these days that a profile could be made of")
	}
	return policyFile("edgeward-proposal", "json", list), nil
}

// only has a look be about the devices that are named.
func (s *Server) only(o *study.Options, wanted []string) error {
	for _, w := range wanted {
		found := false
		for _, d := range o.Devices {
			if profile.Is(d, w) {
				found = true
				o.Request.Hosts = append(o.Request.Hosts, d.Hosts...)
			}
		}
		if !found {
			return invalid("there is no device " + ident.Clip(plain(w), 80))
		}
	}
	return nil
}

func (s *Server) proveProfiles(ctx context.Context, in *proveInput) (*huma.StreamResponse, error) {
	c := who(ctx)
	f, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	set, err := profile.Compile(f.Policies, profile.Options{})
	if err != nil {
		return nil, invalid(err.Error())
	}
	end, err := s.studies.begin(c)
	if err != nil {
		return nil, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, studyTime)
	defer cancel()
	o, err := s.study(ctx, c, time.Duration(in.Body.Days)*day)
	if err != nil {
		return nil, err
	}
	o.Needed = in.Body.Needed
	r, err := study.Prove(ctx, o, set)
	if err != nil {
		return nil, err
	}
	return file("edgeward-proof.json", "application/json", func(w io.Writer) error { return json.NewEncoder(w).Encode(r) }), nil
}
