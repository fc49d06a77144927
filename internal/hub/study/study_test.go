package study_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/hub/study"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/query"
)

const (
	hour = int64(time.Hour)
	day  = 24 * hour
)

var sensor = netip.MustParseAddr("10.0.0.2")

// facts are n publications an hour to a broker outside, over some days, each
// day to one topic more.
type facts struct{ days, n int64 }

func (f facts) Replay(ctx context.Context, r query.Request, fn func(*query.Record) error) error {
	for h := range f.days * 24 {
		for i := range f.n {
			x := &event.Fact{SrcHost: 1, Body: &event.MQTT{Type: "publish", Dir: event.ToServer, ClientID: "s1", Publish: event.MQTTPublish{Topic: fmt.Sprintf("hall/%c", 'a'+rune(min(h/24, 2)))}}}
			x.Time, x.Src, x.Dst, x.DstPort, x.Transport, x.Flow = h*hour+i, sensor, netip.MustParseAddr("203.0.113.1"), 1883, 6, uint64(h)
			if err := errors.Join(ctx.Err(), fn(&query.Record{ID: fmt.Sprintf("f%d-%d", h, i), Time: x.Time, Sensor: "s", Fact: x})); err != nil {
				return err
			}
		}
	}
	return nil
}

type home struct{}

func (home) Home(_ ident.Place, a netip.Addr) bool { return a == sensor }

func (home) Host(k ident.HostKey) (profile.Host, bool) {
	return profile.Host{Device: "d1"}, k == 1
}

func options(f study.Facts) study.Options {
	return study.Options{
		Facts: f, Hosts: home{}, Device: "d1", Request: query.Request{From: 0, To: 6 * day},
		Devices: []*asset.Device{{ID: "d1", Addresses: []netip.Addr{sensor}, Hosts: []ident.HostKey{1}}},
	}
}

func TestFullSaysSo(t *testing.T) {
	ctx := context.Background()
	o := options(facts{6, 5})
	o.MaxFacts = 100
	s, err := study.Read(ctx, o)
	if err != nil || !s.Full || s.Facts != 100 {
		t.Errorf("%+v, %v", s, err)
	}
	o.MaxFacts, o.MaxKinds = 0, 10
	if s, err = study.Read(ctx, o); err != nil || !s.Full || s.Facts != 6*24*5 {
		t.Errorf("%+v, %v", s, err)
	}
	o.MaxFacts = 100
	if _, err := study.Learn(ctx, o, profile.LearnOptions{}); ident.CodeOf(err) != ident.Usage {
		t.Errorf("a part was taken for all: %v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := study.Read(ctx, options(facts{6, 5})); !errors.Is(err, context.Canceled) {
		t.Errorf("not cancelled: %v", err)
	}
}

// TestLearnedOfAllNothingIsBlocked wants the profile of all days to allow
// them, and each number of days to be proved on the rest only.
func TestLearnedOfAllNothingIsBlocked(t *testing.T) {
	ctx := context.Background()
	o := options(facts{6, 5})
	list, err := study.Learn(ctx, o, profile.LearnOptions{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d profiles, %v", len(list), err)
	}
	set, err := profile.Compile(list, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := study.Prove(ctx, o, set)
	if err != nil || r.Summary.WouldBlock != 0 || r.Summary.Exchanges != 6*24*5 {
		t.Errorf("%+v, %v", r, err)
	}
	s, err := study.Read(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Prove(list); err != nil || r.Summary.WouldBlock != 0 || r.Summary.Exchanges != 6*24*5 {
		t.Errorf("like ones as one: %+v, %v", r.Summary, err)
	}
	steps, err := s.Curve(ctx)
	if err != nil || len(steps) != 5 {
		t.Fatalf("%+v, %v", steps, err)
	}
	for _, x := range steps {
		if want := uint64(6-x.Days) * 24 * 5; x.Exchanges != want {
			t.Errorf("%+v, want %d exchanges", x, want)
		}
	}
	if steps[0].WouldBlock == 0 || steps[4].WouldBlock != 0 {
		t.Errorf("the new topics: %+v", steps)
	}
}
