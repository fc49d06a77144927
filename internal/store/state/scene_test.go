//go:build !sensor

package state

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// t0 is the packet time at which scenes begin, a whole hour.
var t0 = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).UnixNano()

const (
	second = int64(time.Second)
	minute = int64(time.Minute)
)

var place = ident.Place{Tenant: 1}

func mac(n byte) ident.MAC      { return ident.MAC{0x00, 0x11, 0x22, 0, 0, n} }
func localMAC(n byte) ident.MAC { return ident.MAC{0x02, 0x11, 0x22, 0, 0, n} }
func addr(s string) netip.Addr  { return netip.MustParseAddr(s) }
func macKey(m ident.MAC) ident.HostKey {
	return event.HostKeyOf(place, m, [16]byte{})
}
func addrKey(a netip.Addr) ident.HostKey {
	return event.HostKeyOf(place, ident.MAC{}, a.As16())
}

// device is what a sensor tells of a device with a MAC address.
func device(local string, m ident.MAC, ip string, change ...func(*asset.Device)) *asset.Device {
	d := &asset.Device{
		ID: local, Place: place, MACs: []ident.MAC{m}, Hosts: []ident.HostKey{macKey(m)}, FirstSeen: t0, LastSeen: t0 + minute, Packets: 10, Bytes: 1000, Randomised: m.IsLocal(),
	}
	if ip != "" {
		d.Addresses = []netip.Addr{addr(ip)}
	}
	for _, c := range change {
		c(d)
	}
	return d
}

// behind is what a sensor behind a router tells of a device: its address.
func behind(local, ip string, change ...func(*asset.Device)) *asset.Device {
	d := &asset.Device{ID: local, Place: place, Addresses: []netip.Addr{addr(ip)}, Hosts: []ident.HostKey{addrKey(addr(ip))}, FirstSeen: t0, LastSeen: t0 + minute, Packets: 5, Bytes: 500}
	for _, c := range change {
		c(d)
	}
	return d
}

func found(id, check string, h ident.HostKey, count uint64, change ...func(*finding.Finding)) *finding.Finding {
	f := &finding.Finding{
		ID: id, Check: check, Kind: finding.Exposure, Severity: ident.Medium, Confidence: 0.9, Status: finding.Open, Title: "Title of " + check, Explanation: "What was seen.",
		Host: h, Place: place, Count: count, FirstSeen: t0, LastSeen: t0 + minute, Episode: t0,
		Evidence: []finding.Evidence{{Type: finding.Packet, Time: t0, Packet: 7, Summary: "the first one", Bytes: []byte{1, 2, 3}}},
	}
	for _, c := range change {
		c(f)
	}
	return f
}

// scene feeds a projector, as ingest does.
type scene struct {
	t     testing.TB
	s     *Store
	p     *hub.Projector
	seq   uint64
	boots map[string]uint64 // sequence number of the last batch by sensor and boot
	all   []hub.Message
}

func newScene(t testing.TB, s *Store) *scene {
	return &scene{t: t, s: s, p: hub.NewProjector(s, hub.ProjectorOptions{Clock: testClock}), boots: map[string]uint64{}}
}

// message makes the next message of the stream.
func (c *scene) message(sensor string, boot uint64, devices []*asset.Device, findings []*finding.Finding, facts ...*event.Fact) hub.Message {
	c.t.Helper()
	c.seq++
	key := fmt.Sprint(sensor, boot)
	c.boots[key]++
	b := &bus.Batch{Header: bus.Header{Tenant: 1, Sensor: sensor, Boot: boot, Seq: c.boots[key], Made: testNow.UnixNano()}, Devices: devices, Findings: findings}
	for _, f := range facts {
		b.Facts = append(b.Facts, bus.Fact{Fact: *f})
	}
	m := hub.Message{Stream: "s", Seq: c.seq, Stored: testNow.UnixNano() + int64(c.seq)*second, Batch: carried(c.t, b)}
	c.all = append(c.all, m)
	return m
}

// carried gives a batch as it comes out of the stream.
func carried(t testing.TB, b *bus.Batch) *bus.Batch {
	t.Helper()
	raw, err := b.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := bus.Decode(raw, bus.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *scene) apply(messages ...hub.Message) hub.Outcome {
	c.t.Helper()
	o, err := c.p.Apply(context.Background(), messages)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// devices reports devices of sensor "a" in its first run.
func (c *scene) devices(list ...*asset.Device) hub.Outcome {
	c.t.Helper()
	return c.apply(c.message("a", 1, list, nil))
}

func (c *scene) list(f asset.Filter) []*asset.Record {
	c.t.Helper()
	f.Tenant = 1
	out, _, err := c.s.Devices(context.Background(), f)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *scene) findings(f finding.Filter) []*finding.Record {
	c.t.Helper()
	f.Tenant = 1
	out, n, err := c.s.Findings(context.Background(), f)
	if err != nil {
		c.t.Fatal(err)
	}
	if f.Limit == 0 && n != len(out) {
		c.t.Errorf("%d findings in all, %d listed", n, len(out))
	}
	return out
}

func flowFact(at int64, src, dst ident.MAC, from, to string, port uint16, p event.Proto, out, in uint64) *event.Fact {
	f := &event.Fact{Body: &event.Flow{AppProto: p, PktsToServer: 3, PktsToClient: 2, BytesToServer: out, BytesToClient: in}}
	f.Time, f.Place, f.Transport, f.SrcMAC, f.DstMAC, f.SrcPort, f.DstPort = at, place, 6, src, dst, 40000, port
	f.Src, f.Dst = addr(from), addr(to)
	f.SrcHost, f.DstHost = addrKey(f.Src), addrKey(f.Dst)
	if !src.IsZero() {
		f.SrcHost = macKey(src)
	}
	if !dst.IsZero() {
		f.DstHost = macKey(dst)
	}
	return f
}
