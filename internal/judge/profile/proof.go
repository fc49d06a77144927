package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Bounds of what a proof keeps.
const (
	maxBlocks  = 4096 // blocked exchanges that are listed, like ones as one
	maxProved  = 1 << 17
	wantedDays = 30
)

// ProofOptions say how a proof is made.
type ProofOptions struct {
	Needed  float64             // device-days under which nothing is called proven; 0 for 30
	Capture func(uint32) string // name of a capture; nil for none
}

// Proof counts what profiles would have blocked of the traffic that it is
// shown. It is used by one goroutine; its memory is bounded.
type Proof struct {
	o        ProofOptions
	set      *Set
	judge    *Evaluator
	summary  Summary
	devices  map[subjectKey]*DeviceResult
	history  map[subjectKey]*history
	blocks   map[blockKey]*Block
	order    []*Block
	unlisted uint64
}

type subjectKey struct {
	policy string
	host   ident.HostKey
}

// blockKey tells which blocked exchanges are alike.
type blockKey struct {
	subject  subjectKey
	in       bool
	peer     string
	what     string
	op       string
	target   string
	protocol string
	miss     Miss
}

// Summary is the number that a proof is about.
type Summary struct {
	Exchanges  uint64  `json:"exchanges"` // of devices with a profile
	WouldBlock uint64  `json:"would_block"`
	Unjudged   uint64  `json:"unjudged"`  // of devices without one
	Undecided  uint64  `json:"undecided"` // allowed since they began unseen, to a port where a name is allowed
	Devices    int     `json:"devices"`
	DeviceDays float64 `json:"device_days"`
	// Bound is the most wrong blocks a device and day that still go with what
	// was seen, at 95 % confidence: 3/n when nothing was blocked in n
	// device-days (Hanley and Lippman-Hand, JAMA 1983). 0 when nothing was seen.
	Bound   float64 `json:"bound"`
	Needed  float64 `json:"needed_device_days"`
	Enough  bool    `json:"enough"`
	Verdict string  `json:"verdict"` // in words
}

// DeviceResult is what would have been blocked of one device.
type DeviceResult struct {
	Policy     string  `json:"policy"`
	Name       string  `json:"name"`
	Device     string  `json:"device,omitempty"`
	Address    string  `json:"address,omitempty"`
	MAC        string  `json:"mac,omitempty"`
	Exchanges  uint64  `json:"exchanges"`
	WouldBlock uint64  `json:"would_block"`
	DeviceDays float64 `json:"device_days"`
}

// Block is an exchange, or many alike, that no line allows.
type Block struct {
	Policy    string           `json:"policy"`
	Device    string           `json:"device,omitempty"` // its address
	Direction policy.Direction `json:"direction"`
	Peer      string           `json:"peer"` // address
	PeerName  string           `json:"peer_name,omitempty"`
	Transport string           `json:"transport"`
	Port      uint16           `json:"port"`
	Protocol  string           `json:"protocol,omitempty"`
	Op        string           `json:"op,omitempty"`
	Target    string           `json:"target,omitempty"`
	As        string           `json:"as,omitempty"`
	Reason    string           `json:"reason"`         // what it differs in, as Miss.String
	Why       string           `json:"why"`            // in words
	Line      string           `json:"line,omitempty"` // id of the line that comes nearest
	Count     uint64           `json:"count"`
	First     int64            `json:"first"` // packet time, nanoseconds UTC
	Last      int64            `json:"last"`
	Samples   []policy.Sample  `json:"packets,omitempty"`

	seen seen
}

// Result is what a proof comes to.
type Result struct {
	Summary  Summary         `json:"summary"`
	Devices  []*DeviceResult `json:"devices"`
	Blocked  []*Block        `json:"blocked"`
	Unlisted uint64          `json:"unlisted,omitempty"` // blocked exchanges beyond those listed
}

// NewProof begins a proof of a set.
func NewProof(s *Set, o ProofOptions) *Proof {
	o.Needed = cmp.Or(o.Needed, wantedDays)
	return &Proof{
		o: o, set: s, judge: NewEvaluator(s), devices: map[subjectKey]*DeviceResult{}, history: map[subjectKey]*history{}, blocks: map[blockKey]*Block{},
	}
}

// Observe judges the next exchange. It counts once for the whole and once for
// each side that has a profile.
func (p *Proof) Observe(x *Exchange) Verdict {
	out, in := p.set.sides(x)
	v := p.judge.judge(x, out, in)
	weight := uint64(x.Weight)
	if !v.Judged {
		p.summary.Unjudged += weight
		return v
	}
	if x.Act.Op == OpNetwork {
		return v
	}
	p.summary.Exchanges += weight
	if v.Open {
		p.summary.Undecided += weight
	}
	own, other := &x.Client, &x.Server
	if out >= 0 {
		p.note(out, own, x, false)
	}
	if in >= 0 {
		p.note(in, other, x, true)
	}
	// A flow whose transactions were judged one by one is over the line only
	// by what it carried in all.
	if v.Allowed || x.Weight == 0 && v.Miss != MissRate && v.Miss != MissSize {
		return v
	}
	if v.In {
		own, other = other, own
	}
	p.summary.WouldBlock += weight
	k := subjectKey{v.Policy.ID, own.Host}
	if d := p.devices[k]; d != nil {
		d.WouldBlock += weight
	}
	p.block(k, x, &v, own, other)
	return v
}

// note counts an exchange for one side.
func (p *Proof) note(at int32, own *Side, x *Exchange, in bool) {
	c := &p.set.profiles[at]
	k := subjectKey{c.policy.ID, own.Host}
	d := p.devices[k]
	if d == nil {
		if len(p.devices) >= maxProved {
			return
		}
		d = &DeviceResult{Policy: c.policy.ID, Name: c.name, Device: own.Device}
		if own.Addr.IsValid() {
			d.Address = own.Addr.String()
		}
		if !own.MAC.IsZero() {
			d.MAC = own.MAC.String()
		}
		p.devices[k] = d
		p.history[k] = &history{first: x.Time, last: x.Time}
	}
	p.history[k].note(x, in)
	d.Exchanges += uint64(x.Weight)
}

func (p *Proof) block(subject subjectKey, x *Exchange, v *Verdict, own, other *Side) {
	k := blockKey{subject: subject, in: v.In, peer: other.Addr.String(), what: fmt.Sprint(TransportName(x.Transport), x.ServerPort), op: x.Act.Op, target: x.Act.Target, protocol: x.Protocol.String(), miss: v.Miss}
	b := p.blocks[k]
	if b == nil {
		if len(p.order) >= maxBlocks {
			p.unlisted += uint64(x.Weight)
			return
		}
		b = &Block{
			Policy: v.Policy.ID, Direction: policy.Out, Peer: k.peer, Transport: TransportName(x.Transport), Port: x.ServerPort, Protocol: k.protocol,
			Op: x.Act.Op, Target: ident.Clip(x.Act.Target, 256), As: ident.Clip(x.Act.As, 128), Reason: v.Miss.String(), Line: v.Line,
		}
		k.op, k.target = b.Op, string([]byte(k.target))
		if v.In {
			b.Direction = policy.In
		}
		if own.Addr.IsValid() {
			b.Device = own.Addr.String()
		}
		if len(other.Names) > 0 {
			b.PeerName = other.Names[0]
		}
		b.Why = why(b, v)
		p.blocks[k] = b
		p.order = append(p.order, b)
	}
	b.seen.note(x, 0, 0, p.o.Capture)
}

// Why says in words why an exchange is not allowed.
func Why(x *Exchange, v *Verdict) string {
	other := &x.Server
	if v.In {
		other = &x.Client
	}
	b := &Block{
		Peer: other.Addr.String(), Transport: TransportName(x.Transport), Port: x.ServerPort, Protocol: x.Protocol.String(),
		Op: x.Act.Op, Target: ident.Clip(x.Act.Target, 256), As: ident.Clip(x.Act.As, 128),
	}
	if len(other.Names) > 0 {
		b.PeerName = other.Names[0]
	}
	return why(b, v)
}

func why(b *Block, v *Verdict) string {
	whom := cmp.Or(b.PeerName, b.Peer)
	what := fmt.Sprintf("%s port %d", b.Transport, b.Port)
	if b.Protocol != "" {
		what = b.Protocol + " (" + what + ")"
	}
	switch v.Miss {
	case MissPeer:
		if v.In {
			return fmt.Sprintf("no line lets %s ask it over %s", whom, what)
		}
		return fmt.Sprintf("no line lets it ask %s over %s", whom, what)
	case MissPort:
		return fmt.Sprintf("%s is a known peer, port %d over %s is new", whom, b.Port, b.Transport)
	case MissProtocol:
		return fmt.Sprintf("the line is for %s, this is %s", v.Wants, cmp.Or(b.Protocol, "not recognised"))
	case MissVerb:
		return fmt.Sprintf("%q was never seen there", b.Op)
	case MissTarget:
		return fmt.Sprintf("%s of %q was never seen there", b.Op, b.Target)
	case MissIdentity:
		return fmt.Sprintf("%s as %q was never seen there", b.Op, b.As)
	case MissPoints:
		return fmt.Sprintf("%s outside of the units or points that were seen", b.Op)
	case MissSize:
		return "larger than what the line allows"
	case MissQoS:
		return "a higher quality of service than the line allows"
	case MissRetain:
		return "the line does not allow retained messages"
	case MissRate:
		return "more in an hour than the line allows"
	case MissHours:
		return "at an hour at which it was never seen"
	case MissProposed:
		return "the line that would allow it waits for a person's consent"
	}
	return ""
}

// Result gives the count so far.
func (p *Proof) Result() *Result {
	r := &Result{Summary: p.summary, Devices: []*DeviceResult{}, Blocked: []*Block{}, Unlisted: p.unlisted}
	s := &r.Summary
	s.Devices, s.Needed = len(p.devices), p.o.Needed
	for k, d := range p.devices {
		span := float64(p.history[k].span) / float64(24*hour)
		s.DeviceDays += span
		d.DeviceDays = days(p.history[k].span)
		r.Devices = append(r.Devices, d)
	}
	slices.SortFunc(r.Devices, func(a, b *DeviceResult) int {
		return cmp.Or(cmp.Compare(b.WouldBlock, a.WouldBlock), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Address, b.Address), cmp.Compare(a.MAC, b.MAC))
	})
	for _, b := range p.order {
		b.Count, b.First, b.Last, b.Samples = b.seen.n, b.seen.first, b.seen.last, b.seen.samples[:b.seen.kept]
		r.Blocked = append(r.Blocked, b)
	}
	slices.SortStableFunc(r.Blocked, func(a, b *Block) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Policy, b.Policy)) })
	if s.DeviceDays > 0 {
		s.Bound = Bound(s.WouldBlock, s.DeviceDays)
	}
	s.Enough = s.DeviceDays >= s.Needed
	s.Verdict = s.words()
	return r
}

func (s *Summary) words() string {
	switch {
	case s.Exchanges == 0:
		return "nothing was seen of any device that has a profile"
	case !s.Enough:
		return fmt.Sprintf("not enough seen: %.2f of %g device-days", s.DeviceDays, s.Needed)
	case s.WouldBlock == 0:
		return fmt.Sprintf("0 of %d exchanges would be blocked in %.1f device-days: at most %.3g a device and day, with 95 %% confidence", s.Exchanges, s.DeviceDays, s.Bound)
	}
	return fmt.Sprintf("%d of %d exchanges would be blocked in %.1f device-days: at most %.3g a device and day, with 95 %% confidence", s.WouldBlock, s.Exchanges, s.DeviceDays, s.Bound)
}

// Bound gives the upper end of the one-sided 95 % interval of a rate of which
// k events were seen in n units of time (Poisson; Garwood 1936).
func Bound(k uint64, n float64) float64 {
	if n <= 0 {
		return math.Inf(1)
	}
	if k == 0 {
		return 3 / n
	}
	if k > 1000 { // Wilson and Hilferty's approximation, within 0.01 % there
		x := float64(k) + 1
		z := 1.6448536269514722
		c := 1 - 1/(9*x) + z/(3*math.Sqrt(x))
		return x * c * c * c / n
	}
	// The mean at which k events or fewer have 5 % chance.
	lo, hi := float64(k), 3*float64(k)+10
	for range 100 {
		mid := (lo + hi) / 2
		if poisson(k, mid) > 0.05 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi / n
}

// poisson gives the chance of at most k events where mean are expected.
func poisson(k uint64, mean float64) float64 {
	sum, term := 0.0, -mean // of logarithms
	for i := uint64(0); ; i++ {
		sum += math.Exp(term)
		if i == k {
			return sum
		}
		term += math.Log(mean) - math.Log(float64(i+1))
	}
}
