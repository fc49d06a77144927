package bus

import (
	"slices"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/ident/cbor"
)

// RecorderOptions says whose batches a Recorder makes and where they go.
type RecorderOptions struct {
	Tenant uint16
	Sensor string
	Boot   uint64      // 0 takes the clock
	Clock  ident.Clock // nil for the wall clock
	// Emit takes an encoded batch. The bytes are valid until it returns. Its
	// error is kept and given by Flush.
	Emit func(h Header, message []byte) error
}

// Recorder gathers what is found into batches. Facts are encoded at once,
// since they are gone after the call. It is used by one goroutine.
type Recorder struct {
	o        RecorderOptions
	seq      uint64
	facts    factEncoder
	captures []Capture
	used     []Capture // those that go with the next batch
	devices  []*asset.Device
	findings []*finding.Finding
	stats    *Stats
	size     int // about, of what is not a fact
	packet   uint64
	capture  uint32
	ordinal  uint32
	dropped  uint64
	message  []byte
	err      error
}

// NewRecorder makes a Recorder.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Boot == 0 {
		o.Boot = uint64(o.Clock().UnixNano())
	}
	return &Recorder{o: o}
}

// Boot gives the number of the run.
func (r *Recorder) Boot() uint64 { return r.o.Boot }

// maxNamed bounds the captures that have a name.
const maxNamed = 1 << 16

// Capture names the capture that the facts with that index come from. Content
// is a hash of its bytes; without one its facts count as live ones.
func (r *Recorder) Capture(index uint32, name, content string) {
	if len(r.captures) < maxNamed {
		r.captures = append(r.captures, Capture{Index: index, Name: name[max(0, len(name)-maxPath):], Content: content})
	}
}

// use sees to it that the batch names the capture of its facts.
func (r *Recorder) use(index uint32) {
	if n := len(r.used); n > 0 && r.used[n-1].Index == index {
		return
	}
	same := func(c Capture) bool { return c.Index == index }
	if slices.ContainsFunc(r.used, same) {
		return
	}
	if i := slices.IndexFunc(r.captures, same); i >= 0 && len(r.used) < maxCaptures {
		r.used = append(r.used, r.captures[i])
	}
}

// Fact adds a fact.
func (r *Recorder) Fact(f *event.Fact) {
	if f.Packet != r.packet || f.Capture != r.capture {
		r.packet, r.capture, r.ordinal = f.Packet, f.Capture, 0
	}
	if len(r.captures) > 0 {
		r.use(f.Capture)
	}
	if !r.facts.add(f.Body.Kind().String(), f, r.ordinal, nil) {
		r.dropped++
	}
	r.ordinal++
	r.bound()
}

// Dropped counts facts that were too large to travel.
func (r *Recorder) Dropped() uint64 { return r.dropped }

// Alert adds a finding as it is now; it is encoded before Flush returns and
// must not change until then, which is why it is copied here.
func (r *Recorder) Alert(f *finding.Finding) {
	c := *f
	c.Peers, c.Members = append([]string(nil), f.Peers...), append([]string(nil), f.Members...)
	c.Evidence = append([]finding.Evidence(nil), f.Evidence...)
	r.findings = append(r.findings, &c)
	r.size += 512 + len(f.Explanation) + len(f.Remedy)
	for i := range f.Evidence {
		r.size += 64 + len(f.Evidence[i].Bytes) + len(f.Evidence[i].Summary)
	}
	r.bound()
}

// Device adds a device as it is now. It must not change until the next Flush.
func (r *Recorder) Device(d *asset.Device) {
	r.devices = append(r.devices, d)
	r.size += 512 + 96*(len(d.Evidence)+len(d.Services)+len(d.Uses)+len(d.Peers))
	r.bound()
}

// Stats adds counters; those of a batch that is not sent yet are replaced.
func (r *Recorder) Stats(s Stats) {
	r.stats = &s
}

func (r *Recorder) bound() {
	if r.facts.count >= MaxFacts || len(r.facts.buf)+r.size >= MaxBytes {
		_ = r.Flush() // the error is kept for the caller's own
	}
}

// Flush sends what is gathered, if anything, and gives the first error there
// was. After an error nothing more is sent.
func (r *Recorder) Flush() error {
	empty := r.facts.count == 0 && len(r.devices) == 0 && len(r.findings) == 0 && r.stats == nil
	if r.err == nil && !empty {
		r.err = r.emit()
	}
	r.facts.reset()
	r.used = r.used[:0]
	clear(r.devices)
	clear(r.findings)
	r.devices, r.findings, r.stats, r.size = r.devices[:0], r.findings[:0], nil, 0
	return r.err
}

func (r *Recorder) emit() error {
	r.seq++
	h := Header{
		Tenant: r.o.Tenant, Sensor: r.o.Sensor, Boot: r.o.Boot, Seq: r.seq, Made: r.o.Clock().UnixNano(),
		First: r.facts.first, Last: r.facts.last, Facts: r.facts.count,
	}
	p := cbor.Marshal(nil, &payload{Kinds: r.facts.kinds, Captures: r.used, Facts: r.facts.buf, Devices: r.devices, Findings: r.findings, Stats: r.stats})
	var err error
	if r.message, err = seal(r.message[:0], &h, p); err != nil {
		return err
	}
	return r.o.Emit(h, r.message)
}
