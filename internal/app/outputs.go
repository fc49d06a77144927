//go:build !sensor

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgeward/internal/app/config"
	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/output/edl"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

// outputs gives findings and facts to whoever is to have them beside the
// console: what the configuration names, and the targets that people set up.
// Nothing of it holds up ingest: what cannot be taken at once is counted.
type outputs struct {
	h       *Hub
	log     *slog.Logger
	work    chan stored
	dropped atomic.Uint64 // groups of messages whose facts went to no output

	mu     sync.Mutex
	sinks  map[string]*running // by "output/NAME" or "target/ID"
	lists  []config.Output     // External Dynamic Lists
	facts  atomic.Bool         // somebody wants facts
	failed map[string]string   // why a sink could not be made
}

type running struct {
	*sink
	text string // what it was made of
	stop context.CancelFunc
	done chan struct{}
}

type stored struct {
	messages []hub.Message
	outcome  hub.Outcome
}

func newOutputs(h *Hub) *outputs {
	return &outputs{h: h, log: h.o.Log, work: make(chan stored, 256), sinks: map[string]*running{}, failed: map[string]string{}}
}

// applied takes what ingest has stored.
func (o *outputs) applied(messages []hub.Message, out hub.Outcome) {
	if !o.facts.Load() {
		messages = nil
	}
	if len(messages) == 0 && len(out.Opened)+len(out.Again) == 0 {
		return
	}
	select {
	case o.work <- stored{messages, out}:
	default:
		o.dropped.Add(1)
	}
}

// The pauses of what is done now and then.
const (
	reloadEvery = 10 * time.Second
	listEvery   = time.Minute
)

func (o *outputs) run(ctx context.Context) error {
	for i := range o.h.o.Config.Outputs {
		c := o.h.o.Config.Outputs[i]
		if c.Kind == "edl" {
			o.lists = append(o.lists, c)
			continue
		}
		s, err := ofOutput(&c, o.h.o.Version)
		if err != nil {
			return fmt.Errorf("output %q: %w", c.Name, err)
		}
		o.start("output/"+c.Name, "", s)
	}
	o.reload(ctx)
	reload, list := time.NewTicker(reloadEvery), time.NewTicker(listEvery)
	defer reload.Stop()
	defer list.Stop()
	for {
		select {
		case <-ctx.Done():
			for len(o.work) > 0 {
				o.handle(context.WithoutCancel(ctx), <-o.work)
			}
			o.stop()
			return nil
		case a := <-o.work:
			o.handle(ctx, a)
		case <-reload.C:
			o.reload(ctx)
		case <-list.C:
			o.writeLists(ctx)
		}
	}
}

func (o *outputs) start(key, text string, s *sink) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{sink: s, text: text, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		s.run(ctx)
	}()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sinks[key] = r
	o.wanted()
}

// wanted notes whether somebody wants facts; o.mu is held.
func (o *outputs) wanted() {
	o.facts.Store(slices.ContainsFunc(slices.Collect(maps.Values(o.sinks)), func(r *running) bool { return r.fact != nil }))
}

func (o *outputs) end(key string) {
	o.mu.Lock()
	r := o.sinks[key]
	delete(o.sinks, key)
	o.wanted()
	o.mu.Unlock()
	if r != nil {
		r.stop()
		<-r.done
	}
}

// stop lets all sinks try once more, all at the same time.
func (o *outputs) stop() {
	o.mu.Lock()
	list := slices.Collect(maps.Values(o.sinks))
	o.mu.Unlock()
	for _, r := range list {
		r.stop()
	}
	for _, r := range list {
		<-r.done
	}
}

// reload follows the targets in the settings.
func (o *outputs) reload(ctx context.Context) {
	docs, err := o.h.State.Documents(ctx, 0, hub.TargetKind)
	if err != nil {
		o.log.Warn("notification targets could not be read", "error", err)
		return
	}
	o.mu.Lock()
	known := map[string]string{}
	for key, r := range o.sinks {
		known[key] = r.text
	}
	o.mu.Unlock()
	for key := range known {
		if id, ok := cutTarget(key); ok && docs[id] == nil {
			o.end(key)
		}
	}
	for id, b := range docs {
		var t hub.StoredTarget
		if err := json.Unmarshal(b, &t); err != nil {
			o.fault("target/"+id, err)
			continue
		}
		t.Error, t.Sent, t.Updated = "", 0, 0 // what others note in it makes no other target
		text, err := json.Marshal(t)
		if err != nil || known["target/"+id] == string(text) {
			continue
		}
		o.end("target/" + id)
		if !t.Enabled {
			continue
		}
		s, err := o.ofStored(&t)
		o.fault("target/"+id, err)
		if err == nil {
			o.start("target/"+id, string(text), s)
		}
	}
}

func cutTarget(key string) (string, bool) {
	if len(key) > 7 && key[:7] == "target/" {
		return key[7:], true
	}
	return "", false
}

func (o *outputs) fault(key string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.failed, key)
	if err != nil {
		o.failed[key] = err.Error()
	}
}

// targetLabel is the label under which secrets of targets are sealed.
const targetLabel = "target"

func (o *outputs) ofStored(t *hub.StoredTarget) (*sink, error) {
	var secret []byte
	if len(t.Secret) > 0 {
		var err error
		if secret, err = hub.Unseal(o.h.key, t.Secret, targetLabel); err != nil {
			return nil, err
		}
	}
	return ofTarget(t.Target, secret, o.h.o.Version)
}

// handle gives one group to all sinks.
func (o *outputs) handle(ctx context.Context, a stored) {
	o.mu.Lock()
	sinks := slices.Collect(maps.Values(o.sinks))
	o.mu.Unlock()
	if len(sinks) == 0 {
		return
	}
	for _, ref := range append(slices.Clone(a.outcome.Opened), a.outcome.Again...) {
		if ref.Hidden {
			continue
		}
		f, err := o.h.State.Finding(ctx, ref.Tenant, ref.ID)
		if err != nil {
			o.log.Warn("a finding could not be given to the outputs", "finding", ref.ID, "error", err)
			continue
		}
		var device *asset.Record
		if f.Device != "" {
			device, _ = o.h.State.Device(ctx, ref.Tenant, f.Device) // one that is gone has no zone and no tags
		}
		n := notice.Of(notice.Opened, f, time.Now().UnixNano(), o.h.base)
		for _, s := range sinks {
			switch {
			case !s.takes(f, device):
			case s.notify != nil:
				s.notify(n)
			case s.line != nil:
				s.line(f)
			}
		}
	}
	for i := range a.messages {
		b := a.messages[i].Batch
		for k := range b.Facts {
			f, err := b.Facts[k].Decode()
			if err != nil {
				continue // of a kind that this program does not know
			}
			for _, s := range sinks {
				if s.fact != nil {
					s.fact(f, b.Sensor)
				}
			}
		}
	}
}

// tell sends what is wrong with the hub to those who want to know.
func (o *outputs) tell(severity ident.Severity, title, text string) {
	now := time.Now().UnixNano()
	n := &notice.Notice{ID: fmt.Sprintf("system-%d", now), Event: notice.System, Time: now, Severity: severity, Title: title, Text: text, Link: o.h.base}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.sinks {
		if s.system && s.notify != nil && severity >= s.least {
			s.notify(n)
		}
	}
}

// Send tries a target, for the console.
func (o *outputs) Send(ctx context.Context, t hub.Target, secret []byte, subject, text string) error {
	sent := make(chan struct{})
	s, err := ofTarget(t, secret, o.h.o.Version)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	n := &notice.Notice{ID: fmt.Sprintf("test-%d", time.Now().UnixNano()), Event: notice.Test, Time: time.Now().UnixNano(), Severity: ident.Info, Title: notice.Line(subject, 200), Text: text, Link: o.h.base}
	s.notify(n)
	go func() {
		s.run(run)
		close(sent)
	}()
	cancel() // it tries once and ends
	select {
	case <-sent:
	case <-ctx.Done():
		return ctx.Err()
	}
	if q := s.stats(); q.Sent == 0 {
		return ident.Errorf(ident.Unavailable, "check the address and what the other side says", "%s", q.Problem)
	}
	return nil
}

// Stats gives the counters of all sinks, and why some could not be made.
func (o *outputs) Stats() (map[string]queue.Stats, map[string]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]queue.Stats{}
	for key, r := range o.sinks {
		out[key] = r.stats()
	}
	return out, maps.Clone(o.failed)
}

// writeLists writes the External Dynamic Lists.
func (o *outputs) writeLists(ctx context.Context) {
	for i := range o.lists {
		c := &o.lists[i]
		err := o.writeList(ctx, c)
		o.fault("output/"+c.Name, err)
	}
}

func (o *outputs) writeList(ctx context.Context, c *config.Output) error {
	least, err := ident.ParseSeverity(c.Severity)
	if err != nil {
		return err
	}
	list := edl.Options{Severity: least, Home: o.h.home(ctx, 0), Now: time.Now().UnixNano()}
	found, _, err := o.h.State.Findings(ctx, list.Filter())
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(c.Path), ".edl-*")
	if err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails when it was renamed
	err = edl.Write(tmp, edl.List(found, list), list.Now, true)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), c.Path)
	}
	return err
}

// home says which addresses are in the networks that somebody named as ours,
// in the configuration or in the settings.
func (h *Hub) home(ctx context.Context, tenant uint16) func(netip.Addr) bool {
	networks := h.knowledge(ctx, tenant).Home
	return func(a netip.Addr) bool {
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
	}
}
