// Package study looks at what stored facts say of profiles: what a device, or
// many, would be allowed after so many days, and what that would have blocked
// on the days after. A [Study] keeps the exchanges of one device, like ones of
// an hour as one, so that every number of days is answered from one reading of
// the event log. [Learn] and [Prove] read facts of many devices in one go.
// Package api asks; nothing is stored.
package study

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
	"edgeward/internal/query"
)

// Facts replays stored facts, oldest first, until the function gives an error.
type Facts interface {
	Replay(ctx context.Context, r query.Request, fn func(*query.Record) error) error
}

// day and hour in nanoseconds of packet time.
const (
	hour = int64(3600e9)
	day  = 24 * hour
)

// Options bound a study.
type Options struct {
	Facts   Facts
	Request query.Request // with From and To, and the hosts
	Hosts   profile.Hosts
	Devices []*asset.Device    // what is known of all
	Leave   []*finding.Finding // whose traffic nothing is learned from
	Device  string             // whom it is about
	Author  string
	Tenant  uint16
	Needed  float64 // device-days
	Unit    int64   // nanoseconds of what is counted as a day; 0 for a day
	// MaxFacts and MaxKinds bound how much is read and kept; 0 for a default.
	MaxFacts, MaxKinds int
}

// The bounds where none are given.
const (
	maxFacts = 2_000_000
	maxKinds = 50_000
)

// Step is what comes of learning from the first days.
type Step struct {
	Days       int    // learned from
	Lines      int    // of the profile
	Exchanges  uint64 // of the days after
	WouldBlock uint64
}

// Study is what was read of one device.
type Study struct {
	o      Options
	days   int
	kept   []kept
	places []place
	// Facts is how many were read; Full says that there were more than are
	// read, or more kinds of exchanges than are kept.
	Facts uint64
	Full  bool
}

// kept is an exchange that stands for the like ones of its hour.
type kept struct {
	day int
	profile.Exchange
}

// place is where the first of like exchanges is found.
type place struct {
	fact, capture string
	packet        uint64
}

// kind tells which exchanges are alike.
type kind struct {
	hour           int64
	client, server ident.HostKey
	peer           string // address of the server, or of the client, and names
	port           uint16
	transport      uint8
	proto          uint16
	act            profile.Act
	flags          uint8
}

// errEnough ends a replay.
var errEnough = errors.New("enough was read")

// Read reads the facts of a device.
func Read(ctx context.Context, o Options) (*Study, error) {
	if o.MaxFacts == 0 {
		o.MaxFacts = maxFacts
	}
	if o.MaxKinds == 0 {
		o.MaxKinds = maxKinds
	}
	if o.Unit == 0 {
		o.Unit = day
	}
	s := &Study{o: o, days: int((o.Request.To - o.Request.From + o.Unit - 1) / o.Unit)}
	kinds, names := map[kind]int{}, &captures{index: map[string]uint32{}}
	reader := profile.NewReader(o.Hosts)
	err := o.Facts.Replay(ctx, o.Request, func(r *query.Record) error {
		if r.Fact == nil {
			return nil
		}
		r.Fact.Capture = names.number(r.Sensor, r.Capture) // tells the flows of sensors apart
		reader.Read(r.Fact, func(x *profile.Exchange) {
			if x.Client.Device == o.Device || x.Server.Device == o.Device {
				s.keep(kinds, x, r)
			}
		})
		if s.Facts++; s.Facts >= uint64(o.MaxFacts) {
			s.Full = true
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	slices.SortStableFunc(s.kept, func(a, b kept) int { return a.day - b.day })
	return s, nil
}

func (s *Study) keep(kinds map[kind]int, x *profile.Exchange, r *query.Record) {
	k := kind{
		hour: x.Time / hour, client: x.Client.Host, server: x.Server.Host, port: x.ServerPort, transport: x.Transport, proto: uint16(x.Protocol), act: x.Act,
		peer: x.Client.Addr.String() + " " + x.Server.Addr.String() + " " + strings.Join(x.Server.Names, " "),
	}
	k.act.Size = sizeClass(x.Act.Size)
	for i, set := range []bool{x.Guessed, x.Failed, x.Weight == 0} {
		if set {
			k.flags |= 1 << i
		}
	}
	if at, ok := kinds[k]; ok {
		e := &s.kept[at].Exchange
		e.Weight += x.Weight
		e.BytesOut += x.BytesOut
		e.BytesIn += x.BytesIn
		e.Act.Size = max(e.Act.Size, x.Act.Size)
		return
	}
	if len(s.kept) >= s.o.MaxKinds {
		s.Full = true
		return
	}
	e := kept{day: min(max(int((x.Time-s.o.Request.From)/s.o.Unit), 0), max(s.days-1, 0)), Exchange: *x}
	e.Act.Op, e.Act.Target, e.Act.As = strings.Clone(x.Act.Op), strings.Clone(x.Act.Target), strings.Clone(x.Act.As)
	e.Client.Names, e.Server.Names = clones(x.Client.Names), clones(x.Server.Names)
	e.Where = profile.Where{Capture: uint32(len(s.places)), Packet: r.Packet}
	s.places = append(s.places, place{r.ID, r.Capture, r.Packet})
	k.act.Op, k.act.Target, k.act.As = e.Act.Op, e.Act.Target, e.Act.As
	kinds[k] = len(s.kept)
	s.kept = append(s.kept, e)
}

// sizeClass puts sizes together by the power of two.
func sizeClass(n uint32) uint32 {
	for c := uint32(64); c != 0; c <<= 1 {
		if n <= c {
			return c
		}
	}
	return 1<<32 - 1
}

func clones(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.Clone(s)
	}
	return out
}

// Days is how many days were read.
func (s *Study) Days() int { return s.days }

// learner makes one that has seen the first days.
func (s *Study) learner() *profile.Learner {
	l := profile.NewLearner(profile.LearnOptions{Devices: []string{s.o.Device}, Tenant: s.o.Tenant, Author: s.o.Author, Capture: mark})
	for _, f := range s.o.Leave {
		l.Leave(f)
	}
	return l
}

// mark hides the number of a place in the name of a capture; settle puts the
// place there.
func mark(n uint32) string { return "#" + strconv.Itoa(int(n)) }

func (s *Study) settle(list []policy.Sample) {
	for i := range list {
		number, ok := strings.CutPrefix(list[i].Capture, "#")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n >= len(s.places) {
			continue
		}
		p := s.places[n]
		list[i].Capture, list[i].Fact, list[i].Packet = p.capture, p.fact, p.packet
	}
}

// Curve gives the outcome of each number of days to learn from.
func (s *Study) Curve(ctx context.Context) ([]Step, error) {
	var out []Step
	l := s.learner()
	next := 0
	for n := 1; n < s.days; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for ; next < len(s.kept) && s.kept[next].day < n; next++ {
			l.Observe(&s.kept[next].Exchange)
		}
		step := Step{Days: n}
		if list := l.Policies(s.o.Devices); len(list) > 0 {
			body, err := profile.Body(list[0])
			if err != nil {
				return nil, err
			}
			step.Lines = len(body.Lines)
			r, err := s.prove(list, next)
			if err != nil {
				return nil, err
			}
			step.Exchanges, step.WouldBlock = r.Summary.Exchanges, r.Summary.WouldBlock
		}
		out = append(out, step)
	}
	return out, nil
}

// Outcome is a profile of the first days and its proof on the rest.
type Outcome struct {
	Policy *policy.Policy // nil when nothing was learned
	Body   *policy.Profile
	Proof  *profile.Result
	// Attacks are what the profile does to the scenarios of attacks.
	Attacks []profile.Replayed
}

// Learn gives the profile that the first days make, and its proof.
func (s *Study) Learn(days int) (*Outcome, error) {
	l := s.learner()
	next := 0
	for ; next < len(s.kept) && s.kept[next].day < days; next++ {
		l.Observe(&s.kept[next].Exchange)
	}
	list := l.Policies(s.o.Devices)
	if len(list) == 0 {
		return &Outcome{}, nil
	}
	body, err := profile.Body(list[0])
	if err != nil {
		return nil, err
	}
	for i := range body.Lines {
		s.settle(body.Lines[i].Evidence.Samples)
		for j := range body.Lines[i].Verbs {
			s.settle(body.Lines[i].Verbs[j].Evidence.Samples)
		}
	}
	if err := profile.Envelope(list[0], body); err != nil {
		return nil, err
	}
	r, err := s.prove(list[:1], next)
	if err != nil {
		return nil, err
	}
	attacks, err := Attack(list[0], s.o.Request.To)
	return &Outcome{list[0], body, r, attacks}, err
}

// Attack tries a profile against the scenarios of attacks.
func Attack(p *policy.Policy, at int64) ([]profile.Replayed, error) {
	set, err := profile.Compile([]*policy.Policy{p}, profile.Options{})
	if err != nil {
		return nil, err
	}
	var out []profile.Replayed
	for _, x := range profile.Scenarios() {
		out = append(out, set.Replay(p, x, at))
	}
	return out, nil
}

// Prove replays everything that was read against policies.
func (s *Study) Prove(list []*policy.Policy) (*profile.Result, error) { return s.prove(list, 0) }

func (s *Study) prove(list []*policy.Policy, from int) (*profile.Result, error) {
	set, err := profile.Compile(list, profile.Options{})
	if err != nil {
		return nil, err
	}
	p := profile.NewProof(set, profile.ProofOptions{Needed: s.o.Needed, Capture: mark})
	for i := from; i < len(s.kept); i++ {
		p.Observe(&s.kept[i].Exchange)
	}
	r := p.Result()
	for _, b := range r.Blocked {
		s.settle(b.Samples)
	}
	return r, nil
}

// Missing gives the lines that what a policy refuses would need: of exchanges
// that fit.
func (s *Study) Missing(p *policy.Policy, fits func(*profile.Exchange) bool) ([]policy.Line, error) {
	set, err := profile.Compile([]*policy.Policy{p}, profile.Options{})
	if err != nil {
		return nil, err
	}
	judge := profile.NewEvaluator(set)
	l := profile.NewLearner(profile.LearnOptions{Devices: []string{s.o.Device}, Tenant: s.o.Tenant, Capture: mark})
	for i := range s.kept {
		x := &s.kept[i].Exchange
		if v := judge.Judge(x); v.Judged && !v.Allowed && fits(x) {
			l.Observe(x)
		}
	}
	list := l.Policies(s.o.Devices)
	if len(list) == 0 {
		return nil, nil
	}
	body, err := profile.Body(list[0])
	if err != nil {
		return nil, err
	}
	var out []policy.Line
	for _, line := range body.Lines {
		if line.Evidence.Count > 0 {
			s.settle(line.Evidence.Samples)
			out = append(out, line)
		}
	}
	return out, nil
}
