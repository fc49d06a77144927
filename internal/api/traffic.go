//go:build !sensor

package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"edgeward/internal/hub"
)

const hour = int64(time.Hour)

// between gives the hours of a span, the last day when it is open, at most
// so many days.
func (s *Server) between(x Span, days int) (from, to int64, err error) {
	from, to = int64(x.From.Time), int64(x.To.Time)
	if to == 0 {
		to = s.now()
	}
	if from == 0 {
		from = to - 24*hour
	}
	if from >= to {
		return 0, 0, invalid("the time ends before it begins")
	}
	if to-from > int64(days)*24*hour {
		return 0, 0, invalid("the time is too long: at most " + strconv.Itoa(days) + " days")
	}
	from -= from % hour
	return from, to, nil
}

// series gives traffic by the hour, with zeros where there was none.
func (s *Server) series(ctx context.Context, f hub.RollupFilter) (Series, error) {
	f.ByHour = true
	rows, err := s.Rollups.Rollups(ctx, f)
	out := Series{Step: 3600, Points: []Point{}}
	if err != nil {
		return out, err
	}
	sums := map[int64]*Point{}
	for _, r := range rows {
		p := sums[r.Hour]
		if p == nil {
			p = &Point{}
			sums[r.Hour] = p
		}
		p.BytesOut += r.BytesOut
		p.BytesIn += r.BytesIn
		p.Packets += r.Packets
		p.Flows += r.Flows
		p.Facts += r.Facts
	}
	for at := f.From; at < f.To; at += hour {
		p := Point{}
		if have := sums[at]; have != nil {
			p = *have
		}
		p.Time = Time(at)
		out.Points = append(out.Points, p)
	}
	return out, nil
}

// seriesDays bounds a series by the hour.
const seriesDays = 92

func (s *Server) traffic(ctx context.Context, in *trafficQuery) (*reply[Series], error) {
	c := who(ctx)
	from, to, err := s.between(in.Span, seriesDays)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsOf(ctx, c, in.Sensors, in.Sites)
	if err != nil {
		return nil, err
	}
	out, err := s.series(ctx, hub.RollupFilter{Tenant: c.tenant, Sensors: sensors, Dimension: "total", From: from, To: to})
	if err != nil {
		return nil, err
	}
	return ok(out)
}

// shares turns roll-ups into what lists show, the busiest first.
func shares(rows map[string]*Share, most int) []Share {
	out := []Share{}
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, *rows[k])
	}
	slices.SortStableFunc(out, func(a, b Share) int { return cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn) })
	return out[:min(len(out), most)]
}

func addShare(rows map[string]*Share, key, label, device string, flows, out, in uint64) {
	x := rows[key]
	if x == nil {
		x = &Share{Key: key, Label: label, Device: device}
		rows[key] = x
	}
	x.Flows += flows
	x.BytesOut += out
	x.BytesIn += in
}

// top gives the busiest keys of a dimension.
func (s *Server) top(ctx context.Context, c *caller, f hub.RollupFilter) ([]Share, error) {
	rows, err := s.Rollups.Rollups(ctx, f)
	if err != nil {
		return nil, err
	}
	var d directory
	if f.Dimension == hub.ByDevice {
		var ids []string
		for _, r := range rows {
			ids = append(ids, r.Key)
		}
		if d, err = s.named(ctx, c, ids); err != nil {
			return nil, err
		}
	}
	sums := map[string]*Share{}
	for _, r := range rows {
		device := ""
		if _, known := d[r.Key]; known {
			device = r.Key
		} else if d != nil {
			continue // not the caller's to see, or gone
		}
		addShare(sums, r.Key, d.label(r.Key), device, r.Flows, r.BytesOut, r.BytesIn)
	}
	return shares(sums, f.Top), nil
}

// profileDays is how far a device's profile looks back unless told otherwise.
const profileDays = 7

// profilePairs bounds the pairs that a profile is summed from, busiest first.
const profilePairs = 10_000

func (s *Server) deviceTraffic(ctx context.Context, in *deviceSpan) (*reply[DeviceTraffic], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if in.From.Time == 0 && in.To.Time == 0 {
		in.From.Time = Time(s.now() - profileDays*24*hour)
	}
	from, to, err := s.between(in.Span, seriesDays)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsOf(ctx, c, nil, nil)
	if err != nil {
		return nil, err
	}
	f := hub.RollupFilter{Tenant: c.tenant, Sensors: sensors, Dimension: "device", Keys: []string{r.ID}, From: from, To: to}
	out := DeviceTraffic{Hours: make([]uint64, 168)}
	if out.Series, err = s.series(ctx, f); err != nil {
		return nil, err
	}
	for _, p := range out.Series.Points {
		t := time.Unix(0, int64(p.Time)).UTC()
		out.Hours[(int(t.Weekday())+6)%7*24+t.Hour()] += p.BytesIn + p.BytesOut
	}
	all, _, err := s.Zones.Pairs(ctx, hub.PairFilter{Tenant: c.tenant, Sensors: sensors, Sites: c.only(nil), From: from, To: to, Device: r.ID, Limit: profilePairs})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range all {
		ids = append(ids, p.Source, p.Target)
	}
	d, err := s.named(ctx, c, ids)
	if err != nil {
		return nil, err
	}
	protocols, peers := map[string]*Share{}, map[string]*Share{}
	for _, p := range all {
		other, bytesOut, bytesIn := p.Target, p.BytesOut, p.BytesIn
		if p.Target == r.ID {
			other, bytesOut, bytesIn = p.Source, p.BytesIn, p.BytesOut
		}
		device := ""
		if _, known := d[other]; known {
			device = other
		}
		addShare(protocols, p.Protocol, p.Protocol, "", p.Flows, bytesOut, bytesIn)
		addShare(peers, other, d.label(other), device, p.Flows, bytesOut, bytesIn)
	}
	out.Protocols, out.Peers = shares(protocols, 20), shares(peers, 20)
	return ok(out)
}
