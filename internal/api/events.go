//go:build !sensor

package api

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/account"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/query"
)

// eventLimit bounds how long a question about facts may take.
const eventLimit = 30 * time.Second

// request turns a query into what the store asks for. It never selects more
// than the caller may see.
func (s *Server) request(ctx context.Context, c *caller, f *EventFilter) (query.Request, error) {
	r := query.Request{Tenant: c.tenant, From: int64(f.From.Time), To: int64(f.To.Time), Text: f.Text, Resolver: resolver{s, c}, Now: s.now()}
	if r.From != 0 && r.To != 0 && r.From >= r.To {
		return r, invalid("the time ends before it begins")
	}
	var err error
	if r.Sensors, err = s.sensorsOf(ctx, c, f.Sensors, nil); err != nil {
		return r, err
	}
	if f.Device == "" {
		return r, nil
	}
	d, err := s.device(ctx, c, f.Device)
	if err != nil {
		return r, err
	}
	tenures, err := s.Devices.Tenures(ctx, c.tenant, d.ID)
	if err != nil {
		return r, err
	}
	r.Hosts = []ident.HostKey{}
	for _, t := range tenures {
		r.Hosts = append(r.Hosts, t.Host)
	}
	if len(r.Hosts) == 0 {
		r.Hosts = append(r.Hosts, d.Hosts...)
	}
	return r, nil
}

// transports names IP protocols as queries do.
var transports = map[uint8]string{1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 58: "icmpv6", 132: "sctp"}

// eventOf gives a record with the ids of subscribers replaced, unless the
// caller may see them.
func (s *Server) eventOf(c *caller, r *query.Record) Event {
	e := Event{
		ID: r.ID, Time: Time(r.Time), Ingest: Time(r.Ingest), Sensor: r.Sensor, Kind: r.Kind.String(), Protocol: r.Protocol, Transport: transports[r.Transport],
		SrcPort: r.SrcPort, DstPort: r.DstPort, SrcHost: hostText(r.SrcHost), DstHost: hostText(r.DstHost), VLAN: r.VLAN, Scope: r.Place.Scope,
		Name: r.Name, Verb: r.Verb, Path: r.Path, User: r.User, Status: r.Status, BytesOut: r.BytesOut, BytesIn: r.BytesIn, Packets: r.Packets,
		Flow: strconv.FormatUint(r.Flow, 10), Community: r.Community, Capture: r.Capture, Packet: r.Packet,
	}
	if e.Transport == "" && r.Transport != 0 {
		e.Transport = strconv.Itoa(int(r.Transport))
	}
	if r.Src.IsValid() {
		e.SrcIP = r.Src.String()
	}
	if r.Dst.IsValid() {
		e.DstIP = r.Dst.String()
	}
	if !r.SrcMAC.IsZero() {
		e.SrcMAC = r.SrcMAC.String()
	}
	if !r.DstMAC.IsZero() {
		e.DstMAC = r.DstMAC.String()
	}
	if !c.has(account.Subscribers) {
		for _, v := range []*string{&e.Name, &e.Path, &e.User} {
			*v = s.pseudonymise(*v)
		}
	}
	return e
}

func (s *Server) searchEvents(ctx context.Context, in *eventQuery) (*reply[EventPage], error) {
	ctx, cancel := context.WithTimeout(ctx, eventLimit)
	defer cancel()
	c := who(ctx)
	r, err := s.request(ctx, c, &in.EventFilter)
	if err != nil {
		return nil, err
	}
	r.Limit, r.Cursor, r.Oldest = in.Limit, in.Cursor, in.Oldest
	begin := time.Now()
	got, err := s.Events.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	p := EventPage{Items: []Event{}, Next: got.Next, Scanned: got.Scanned, Partial: got.Partial, Took: int(time.Since(begin).Milliseconds())}
	for i := range got.Records {
		p.Items = append(p.Items, s.eventOf(c, &got.Records[i]))
	}
	return ok(p)
}

func (s *Server) histogram(ctx context.Context, in *histogramQuery) (*reply[Histogram], error) {
	ctx, cancel := context.WithTimeout(ctx, eventLimit)
	defer cancel()
	r, err := s.request(ctx, who(ctx), &in.EventFilter)
	if err != nil {
		return nil, err
	}
	if r.From != 0 && r.To == 0 {
		r.To = s.now()
	}
	begin := time.Now()
	got, err := s.Events.Histogram(ctx, r, in.Buckets)
	if err != nil {
		return nil, err
	}
	h := Histogram{From: Time(got.From), To: Time(got.To), Width: time.Duration(got.Width).Seconds(), Buckets: []Bucket{}, Partial: got.Partial, Took: int(time.Since(begin).Milliseconds())}
	for _, b := range got.Buckets {
		h.Total += b.Count
		h.Buckets = append(h.Buckets, Bucket{Time(b.Start), b.Count, b.Bytes})
	}
	return ok(h)
}

func (s *Server) topEvents(ctx context.Context, in *topQuery) (*reply[Top], error) {
	ctx, cancel := context.WithTimeout(ctx, eventLimit)
	defer cancel()
	c := who(ctx)
	r, err := s.request(ctx, c, &in.EventFilter)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	got, err := s.Events.Top(ctx, r, in.Field, in.N)
	if err != nil {
		return nil, err
	}
	t := Top{Field: in.Field, Items: []Count{}, Partial: got.Partial, Took: int(time.Since(begin).Milliseconds())}
	for _, x := range got.Values {
		v := x.Value
		if !c.has(account.Subscribers) {
			v = s.pseudonymiseField(in.Field, v)
		}
		t.Items = append(t.Items, Count{v, x.Count, x.Bytes})
	}
	return ok(t)
}

func (s *Server) getEvent(ctx context.Context, in *ByID) (*reply[EventDetail], error) {
	c := who(ctx)
	r, err := s.Events.Event(ctx, c.tenant, in.ID)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown("fact")
	}
	if err != nil {
		return nil, err
	}
	allowed, err := s.sensorsOf(ctx, c, []string{r.Sensor}, nil)
	if err != nil {
		return nil, err
	}
	if len(c.sites) > 0 && (len(allowed) != 1 || allowed[0] != r.Sensor) {
		return nil, unknown("fact")
	}
	d := EventDetail{Event: s.eventOf(c, r), Fact: json.RawMessage("null")}
	if r.Fact != nil {
		d.Fact = eve.AppendFact(nil, r.Fact, r.Sensor)
		if !c.has(account.Subscribers) {
			d.Fact = s.pseudonymiseFact(d.Fact)
		}
	}
	for _, side := range []struct {
		host ident.HostKey
		to   **string
	}{{r.SrcHost, &d.SrcDevice}, {r.DstHost, &d.DstDevice}} {
		if side.host == 0 {
			continue
		}
		id, err := s.Devices.HostDevice(ctx, c.tenant, side.host, r.Time)
		if err != nil && ident.CodeOf(err) != ident.NotFound {
			return nil, err
		}
		if id == "" {
			continue
		}
		if _, err := s.device(ctx, c, id); err == nil {
			*side.to = &id
		}
	}
	return ok(d)
}

var eventHead = []string{"time", "sensor", "kind", "protocol", "transport", "src_ip", "src_port", "dest_ip", "dest_port", "src_mac", "dest_mac", "name", "verb", "path", "user", "status", "bytes_out", "bytes_in", "packets", "community_id", "id"}

func (s *Server) exportEvents(ctx context.Context, in *eventExport) (*huma.StreamResponse, error) {
	c := who(ctx)
	r, err := s.request(ctx, c, &in.EventFilter)
	if err != nil {
		return nil, err
	}
	c.detail = ident.Clip(in.Text, 1000)
	r.Oldest = in.Oldest
	u := func(v uint64) string { return strconv.FormatUint(v, 10) }
	return s.export("events", in.Format, eventHead, func(row func(any, ...string) error) error {
		for left := in.Limit; left > 0; {
			r.Limit = min(left, 1000)
			got, err := s.Events.Search(ctx, r)
			if err != nil {
				return err
			}
			for i := range got.Records {
				e := s.eventOf(c, &got.Records[i])
				err := row(e, stamp(e.Time), e.Sensor, e.Kind, e.Protocol, e.Transport, e.SrcIP, u(uint64(e.SrcPort)), e.DstIP, u(uint64(e.DstPort)), e.SrcMAC, e.DstMAC,
					e.Name, e.Verb, e.Path, e.User, e.Status, u(e.BytesOut), u(e.BytesIn), u(e.Packets), e.Community, e.ID)
				if err != nil {
					return err
				}
			}
			if left -= len(got.Records); got.Next == "" || len(got.Records) == 0 {
				return nil
			}
			r.Cursor = got.Next
		}
		return nil
	}), nil
}
