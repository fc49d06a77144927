package app

import (
	"context"
	"errors"
	"runtime"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/ident"
	"edgeward/internal/judge/credential"
	"edgeward/internal/output/report"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// SenseOptions says which interfaces to watch and how.
type SenseOptions struct {
	Judge      JudgeOptions
	Interfaces []string
	Filter     string // pcap-filter expression, empty for all packets
	Rings      int    // per interface; 0 means one per processor, at most 4
	Memory     int64
	Observer   Observer
	// Ready is called once, when all interfaces are open; it may be nil.
	Ready func()
	// Opened is called when all interfaces are open and before the first packet
	// is read; its error ends the sensor. It may be nil.
	Opened func() error
	// Device is told every device that changed, every DeviceEvery of
	// wall-clock time and at the end, on the goroutine that calls the
	// Observer; it may be nil. With it, the Observer is told now and then of
	// findings that grew, however little.
	Device      func(*asset.Device)
	DeviceEvery time.Duration
	// Stats is called with a report of counters, without lists, every
	// StatsEvery of wall-clock time and at the end. It runs on the goroutine
	// that calls the Observer.
	Stats      func(*report.Report)
	StatsEvery time.Duration
	Clock      ident.Clock
}

// growthEvery is how many times devices are told until growing counts are.
const growthEvery = 10

// Sense watches interfaces until the context ends.
func Sense(ctx context.Context, o SenseOptions) error {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	if o.Rings <= 0 {
		o.Rings = min(runtime.GOMAXPROCS(0), 4)
	}
	limitMemory(o.Memory)
	j, err := newJudge(o.Judge)
	if err != nil {
		return err
	}
	sources, err := openInterfaces(ctx, o)
	defer func() {
		for _, s := range sources {
			s.Close()
		}
	}()
	if err != nil {
		return err
	}
	if o.Opened != nil {
		if err := o.Opened(); err != nil {
			return err
		}
	}
	if o.Ready != nil {
		o.Ready()
	}
	var live *pipeline.Live
	var facts uint64
	next := o.Clock().Add(o.StatsEvery)
	slow := 0
	nextDevices := o.Clock().Add(o.DeviceEvery)
	tell := func() {
		if o.Stats == nil {
			return
		}
		r := &report.Report{Last: o.Clock().UnixNano(), Facts: facts}
		s := live.Stats()
		r.Packets, r.Bytes = s.Capture.Packets, s.Capture.Bytes
		addStats(r, s)
		r.DeviceCount, r.FindingCount = j.inventory.Count(), j.detect.Count()
		r.Loss.Hosts, r.Loss.FindingsLimit = j.inventory.Evicted(), j.detect.Dropped()
		o.Stats(r)
	}
	live = pipeline.NewLive(pipeline.Config{
		Memory: int(o.Memory), Protocols: all.Protocols(), Vault: vault(o.Judge.ShowSecrets),
		Decode: decode.Options{HashSeed: credential.RandomKey()},
		Sink: func(u *pipeline.Unit) error {
			facts += uint64(len(u.Facts))
			j.observe(u.Facts, u)
			for _, f := range u.Facts {
				o.Observer.Fact(f)
			}
			for _, f := range j.detect.Updates() {
				o.Observer.Alert(f)
			}
			if o.Device != nil && o.Clock().After(nextDevices) {
				nextDevices = o.Clock().Add(o.DeviceEvery)
				j.inventory.Changed(o.Device)
				if slow++; slow%growthEvery == 0 {
					for _, f := range j.detect.Growth() {
						o.Observer.Alert(f)
					}
				}
			}
			if o.StatsEvery > 0 && o.Clock().After(next) {
				next = o.Clock().Add(o.StatsEvery)
				tell()
			}
			return o.Observer.Flush()
		},
	}, o.Clock, sources)
	err = live.Run(ctx)
	j.detect.Close()
	for _, f := range j.detect.Updates() {
		o.Observer.Alert(f)
	}
	if o.Device != nil {
		j.inventory.Changed(o.Device)
		for _, f := range j.detect.Growth() {
			o.Observer.Alert(f)
		}
	}
	tell()
	return errors.Join(err, o.Observer.Flush())
}

func openInterfaces(ctx context.Context, o SenseOptions) ([]capture.Source, error) {
	var sources []capture.Source
	// The rings get half as much as the flows, so that a small machine with a
	// small budget has small rings.
	blocks := min(max(int(o.Memory>>21)/(o.Rings*len(o.Interfaces)), 2), 32)
	for i, name := range o.Interfaces {
		for range o.Rings {
			src, err := capture.OpenLive(ctx, capture.LiveOptions{
				Interface: name, Filter: o.Filter, FanoutGroup: fanoutGroup(i), FanoutSize: o.Rings, Promiscuous: true, Index: uint16(i), Blocks: blocks,
			})
			if err != nil {
				return sources, err
			}
			sources = append(sources, src)
		}
	}
	return sources, nil
}
