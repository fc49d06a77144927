//go:build !sensor

package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// notKnown stands where nothing is believed, as in analyze's document.
const notKnown = "unknown"

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }

func deviceOf(r *asset.Record) Device {
	d := Device{
		ID: r.ID, Label: r.Label(), MACs: []string{}, IPs: []string{}, Names: list(r.Names),
		Vendor: cmp.Or(r.Set.Vendor, r.Vendor.Value, notKnown), Model: cmp.Or(r.Set.Model, r.Model.Value, notKnown), Type: r.Kind(),
		OS: cmp.Or(r.OS.Value, notKnown), Firmware: cmp.Or(r.Firmware.Value, notKnown), Serial: r.Serial.Value,
		Confidence: map[string]float64{}, Zone: cmp.Or(r.Set.Zone, r.Zone), Site: r.Site, Scope: r.Place.Scope, Roles: list(r.Roles),
		Criticality: cmp.Or(r.Set.Criticality, "normal"), Owner: r.Set.Owner, Location: r.Set.Location, Tags: list(r.Set.Tags), Safety: r.Set.Safety, Trusted: r.Set.Trusted,
		Sensors: list(r.Sensors), Learning: Learning{cmp.Or(r.Learning.State, "learning"), Time(r.Learning.Since), r.Learning.Days},
		Findings: countsOf(r.Findings), Risk: r.Risk, ServiceCount: len(r.Services), PeerCount: r.PeerCount,
		FirstSeen: Time(r.FirstSeen), LastSeen: Time(r.LastSeen), Packets: r.Packets, Bytes: r.Bytes, Randomised: r.Randomised,
	}
	for _, m := range r.MACs {
		d.MACs = append(d.MACs, m.String())
	}
	if len(d.MACs) > 0 {
		d.MAC = d.MACs[0]
	}
	for _, a := range r.Addresses {
		d.IPs = append(d.IPs, a.String())
	}
	for name, b := range map[string]asset.Belief{"vendor": r.Vendor, "model": r.Model, "type": r.Type, "os": r.OS, "firmware": r.Firmware} {
		if b.Known() {
			d.Confidence[name] = round(b.Confidence)
		}
	}
	for name, set := range map[string]string{"vendor": r.Set.Vendor, "model": r.Set.Model, "type": r.Set.Type} {
		if set != "" {
			d.Confidence[name] = 1
		}
	}
	return d
}

func beliefOf(b asset.Belief) Belief {
	return Belief{cmp.Or(b.Value, notKnown), round(b.Confidence), b.Source, b.Evidence, b.Packet, Time(b.Time)}
}

func servicesOf(in []asset.Service) []Service {
	out := []Service{}
	for _, x := range in {
		out = append(out, Service{x.Transport, x.Port, x.Protocol, x.Banner, x.Flows, x.Clients, Time(x.First), Time(x.Last)})
	}
	return out
}

// detail gives all of a device that the caller may see.
func (s *Server) detail(ctx context.Context, c *caller, r *asset.Record) (DeviceDetail, error) {
	d := DeviceDetail{
		Device: deviceOf(r), Set: r.Set, RiskWhy: list(r.RiskWhy), Evidence: []Belief{}, Services: servicesOf(r.Services), Uses: servicesOf(r.Uses), Peers: []Peer{},
		Believed: Believed{beliefOf(r.Vendor), beliefOf(r.Model), beliefOf(r.Type), beliefOf(r.OS), beliefOf(r.Firmware), beliefOf(r.Serial), r.Zone},
		MUD:      r.MUD, Tenures: []Tenure{}, Created: Time(r.Created), Updated: Time(r.Updated), MergedTo: r.MergedTo,
	}
	for _, b := range r.Evidence {
		d.Evidence = append(d.Evidence, beliefOf(b))
	}
	known, err := s.whoHas(ctx, c, r)
	if err != nil {
		return d, err
	}
	for _, p := range r.Peers {
		x := Peer{p.Address.String(), p.Name, p.Home, "", list(p.Protocols), p.Flows, p.BytesOut, p.BytesIn, Time(p.First), Time(p.Last)}
		if p.Home {
			x.Device = known[p.Address.Unmap().String()]
		}
		d.Peers = append(d.Peers, x)
	}
	tenures, err := s.Devices.Tenures(ctx, c.tenant, r.ID)
	if err != nil {
		return d, err
	}
	for _, t := range tenures {
		d.Tenures = append(d.Tenures, Tenure{hostText(t.Host), hostName(r, t.Host), Time(t.From), Time(t.Until)})
	}
	return d, nil
}

// whoHas gives the devices at the addresses of a device's peers at home, as
// far as the caller may see them.
func (s *Server) whoHas(ctx context.Context, c *caller, r *asset.Record) (map[string]string, error) {
	addresses := []string{}
	for _, p := range r.Peers {
		if p.Home {
			addresses = append(addresses, p.Address.Unmap().String())
		}
	}
	found, err := s.Devices.Addresses(ctx, c.tenant, addresses)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range found {
		ids = append(ids, a.Device)
	}
	d, err := s.named(ctx, c, ids)
	out := map[string]string{}
	for _, a := range found {
		if _, seen := d[a.Device]; seen && a.Scope == r.Place.Scope {
			out[a.Address] = a.Device
		}
	}
	return out, err
}

// hostName gives the address of a device from which a host key was made.
func hostName(r *asset.Record, h ident.HostKey) string {
	for _, m := range r.MACs {
		if event.HostKeyOf(r.Place, m, [16]byte{}) == h {
			return m.String()
		}
	}
	for _, a := range r.Addresses {
		if event.HostKeyOf(r.Place, ident.MAC{}, a.As16()) == h {
			return a.String()
		}
	}
	return ""
}

func hostText(h ident.HostKey) string {
	if h == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(h))
}

// filter turns a query into what the store asks for. It never selects more
// than the caller may see.
func (f *DeviceFilter) filter(c *caller) asset.Filter {
	out := asset.Filter{
		Tenant: c.tenant, Sites: c.only(f.Sites), IDs: f.IDs, Text: f.Text, Types: f.Types, Vendors: f.Vendors, Zones: f.Zones, Tags: f.Tags,
		Sensor: f.Sensor, Since: int64(f.Since.Time), AtLeast: f.AtLeast, Sort: f.Sort,
	}
	if f.Trusted != "" {
		yes := f.Trusted == "true"
		out.Trusted = &yes
	}
	return out
}

func (s *Server) listDevices(ctx context.Context, in *deviceQuery) (*reply[Page[Device]], error) {
	f := in.filter(who(ctx))
	f.Limit, f.Offset = in.Limit, in.Offset
	p, err := s.devicePage(ctx, f)
	if err != nil {
		return nil, err
	}
	return ok(p)
}

func (s *Server) devicePage(ctx context.Context, f asset.Filter) (Page[Device], error) {
	found, total, err := s.Devices.Devices(ctx, f)
	p := Page[Device]{Items: []Device{}, Total: total}
	for _, r := range found {
		p.Items = append(p.Items, deviceOf(r))
	}
	return p, err
}

// eachDevice calls back with all devices of a filter, page by page, at most
// so many.
func (s *Server) eachDevice(ctx context.Context, f asset.Filter, most int, each func(*asset.Record) error) error {
	f.Limit = 1000
	for f.Offset = 0; f.Offset < most; f.Offset += f.Limit {
		found, _, err := s.Devices.Devices(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range found {
			if err := each(r); err != nil {
				return err
			}
		}
		if len(found) < f.Limit {
			return nil
		}
	}
	return nil
}

// device gives a device that the caller may see.
func (s *Server) device(ctx context.Context, c *caller, id string) (*asset.Record, error) {
	r, err := s.Devices.Device(ctx, c.tenant, id)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown("device")
	}
	if err != nil {
		return nil, err
	}
	if !c.sees(r.Site) {
		return nil, unknown("device")
	}
	return r, nil
}

func (s *Server) getDevice(ctx context.Context, in *ByID) (*reply[DeviceDetail], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return s.replyDevice(ctx, c, r)
}

func (s *Server) replyDevice(ctx context.Context, c *caller, r *asset.Record) (*reply[DeviceDetail], error) {
	d, err := s.detail(ctx, c, r)
	if err != nil {
		return nil, err
	}
	return ok(d)
}

// check says what is wrong with a change, before any device is touched.
func (p *DevicePatch) check() error {
	if p.Type != nil && *p.Type != "" && !isType(*p.Type) {
		return invalid("there is no device type " + ident.Clip(plain(*p.Type), 60))
	}
	if p.Tags != nil {
		for _, t := range *p.Tags {
			if t == "" || len(t) > 64 || strings.ContainsFunc(t, func(r rune) bool { return r < ' ' }) {
				return invalid("a tag has 1 to 64 characters without control characters")
			}
		}
	}
	for _, v := range []*string{p.Label, p.Vendor, p.Model, p.Zone, p.Owner, p.Location, p.Note} {
		if v != nil && !utf8.ValidString(*v) {
			return invalid("text must be UTF-8")
		}
	}
	return nil
}

// apply changes attributes and says what it changed.
func (p *DevicePatch) apply(a *asset.Attributes) string {
	var did []string
	set := func(name string, to *string, v *string) {
		if v != nil && *to != *v {
			*to = *v
			did = append(did, name+"="+strconv.Quote(ident.Clip(*v, 80)))
		}
	}
	set("label", &a.Label, p.Label)
	set("type", &a.Type, p.Type)
	set("vendor", &a.Vendor, p.Vendor)
	set("model", &a.Model, p.Model)
	set("zone", &a.Zone, p.Zone)
	set("criticality", &a.Criticality, p.Criticality)
	set("owner", &a.Owner, p.Owner)
	set("location", &a.Location, p.Location)
	set("note", &a.Note, p.Note)
	set("safety", &a.Safety, p.Safety)
	if p.Tags != nil {
		a.Tags = slices.Compact(slices.Sorted(slices.Values(*p.Tags)))
		did = append(did, "tags="+strings.Join(a.Tags, ","))
	}
	if p.Trusted != nil && a.Trusted != *p.Trusted {
		a.Trusted = *p.Trusted
		did = append(did, "trusted="+strconv.FormatBool(a.Trusted))
	}
	return strings.Join(did, " ")
}

func (s *Server) editDevice(ctx context.Context, in *devicePatch) (*reply[DeviceDetail], error) {
	c := who(ctx)
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	if _, err := s.device(ctx, c, in.ID); err != nil {
		return nil, err
	}
	r, err := s.Devices.EditDevice(ctx, c.tenant, in.ID, func(a *asset.Attributes) error {
		c.detail = in.Body.apply(a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.replyDevice(ctx, c, r)
}

func (s *Server) editDevices(ctx context.Context, in *devicesPatch) (*reply[Bulk], error) {
	c := who(ctx)
	if err := in.Body.Set.check(); err != nil {
		return nil, err
	}
	b := Bulk{Failed: map[string]string{}}
	for _, id := range in.Body.IDs {
		_, err := s.device(ctx, c, id)
		if err == nil {
			_, err = s.Devices.EditDevice(ctx, c.tenant, id, func(a *asset.Attributes) error {
				c.detail = in.Body.Set.apply(a)
				return nil
			})
		}
		s.count(ctx, &b, id, err)
	}
	c.object, c.detail = fmt.Sprintf("%d devices", b.Changed), c.detail+" on "+strings.Join(in.Body.IDs, " ")
	return ok(b)
}

// count notes what became of one of many.
func (s *Server) count(ctx context.Context, b *Bulk, id string, err error) {
	if err == nil {
		b.Changed++
		return
	}
	b.Failed[id] = s.public(ctx, patch, err).Error()
}

func (s *Server) mergeDevices(ctx context.Context, in *deviceMerge) (*reply[DeviceDetail], error) {
	c := who(ctx)
	for _, id := range append([]string{in.ID}, in.Body.Others...) {
		if _, err := s.device(ctx, c, id); err != nil {
			return nil, err
		}
	}
	if slices.Contains(in.Body.Others, in.ID) {
		return nil, invalid("a device cannot become part of itself")
	}
	r, err := s.Devices.MergeDevices(ctx, c.tenant, in.ID, in.Body.Others)
	if err != nil {
		return nil, err
	}
	c.detail = "with " + strings.Join(in.Body.Others, " ")
	return s.replyDevice(ctx, c, r)
}

func (s *Server) splitDevice(ctx context.Context, in *deviceSplit) (*reply[DeviceDetail], error) {
	c := who(ctx)
	if _, err := s.device(ctx, c, in.ID); err != nil {
		return nil, err
	}
	var hosts []ident.HostKey
	for _, h := range in.Body.Hosts {
		v, err := strconv.ParseUint(h, 16, 64)
		if err != nil || v == 0 {
			return nil, invalid(ident.Clip(plain(h), 40) + " is no host key")
		}
		hosts = append(hosts, ident.HostKey(v))
	}
	r, err := s.Devices.SplitDevice(ctx, c.tenant, in.ID, hosts)
	if err != nil {
		return nil, err
	}
	c.detail = "hosts " + strings.Join(in.Body.Hosts, " ") + " became " + r.ID
	return s.replyDevice(ctx, c, r)
}

// scanLimit bounds how many devices a summary looks at.
const scanLimit = 50_000

func (s *Server) deviceFacets(ctx context.Context, _ *nothing) (*reply[DeviceFacets], error) {
	f := DeviceFacets{Types: map[string]int{}, Vendors: map[string]int{}, Zones: map[string]int{}, Sites: map[string]int{}, Tags: map[string]int{}}
	d, err := s.directory(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	f.Total = len(d)
	for _, x := range d {
		f.Types[x.Type]++
		f.Vendors[cmp.Or(x.Vendor, notKnown)]++
		f.Zones[x.Zone]++
		f.Sites[x.Site]++
		for _, t := range x.Tags {
			f.Tags[t]++
		}
	}
	return ok(f)
}

// deviceHead names the columns of an export. Those that a person can set are
// named as the import of a CMDB reads them.
var deviceHead = []string{"mac", "ip", "label", "type", "vendor", "model", "zone", "criticality", "owner", "location", "note", "tags", "safety", "id", "site", "os", "firmware", "serial", "risk", "trusted", "first_seen", "last_seen", "macs", "ips", "names"}

func (s *Server) exportDevices(ctx context.Context, in *deviceExport) (*huma.StreamResponse, error) {
	f := in.filter(who(ctx))
	return s.export("devices", in.Format, deviceHead, func(row func(any, ...string) error) error {
		return s.eachDevice(ctx, f, exportRows, func(r *asset.Record) error {
			d := deviceOf(r)
			ip := ""
			if len(d.IPs) > 0 {
				ip = d.IPs[0]
			}
			return row(d, d.MAC, ip, d.Label, d.Type, d.Vendor, d.Model, d.Zone, d.Criticality, d.Owner, d.Location, r.Set.Note, strings.Join(d.Tags, " "), d.Safety, d.ID, d.Site,
				d.OS, d.Firmware, d.Serial, strconv.Itoa(d.Risk), strconv.FormatBool(d.Trusted), stamp(d.FirstSeen), stamp(d.LastSeen), strings.Join(d.MACs, " "), strings.Join(d.IPs, " "), strings.Join(d.Names, " "))
		})
	}), nil
}

func (s *Server) deviceTimeline(ctx context.Context, in *momentQuery) (*reply[[]Moment], error) {
	c := who(ctx)
	r, err := s.device(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if s.Timeline == nil {
		return nil, away("the timeline")
	}
	f := hub.MomentFilter{Tenant: c.tenant, Device: r.ID, From: int64(in.From.Time), To: int64(in.To.Time), Before: in.Before, Limit: in.Limit}
	for _, k := range in.Kinds {
		f.Kinds = append(f.Kinds, hub.MomentKind(k))
	}
	found, err := s.Timeline.Moments(ctx, f)
	if err != nil {
		return nil, err
	}
	out := []Moment{}
	for _, m := range found {
		out = append(out, momentOf(m))
	}
	return ok(out)
}

func momentOf(m hub.Moment) Moment {
	return Moment{m.Seq, Time(m.Time), Time(m.Noted), string(m.Kind), m.Device, m.Site, m.Subject, m.Before, m.After, m.Finding, m.Actor}
}
