package ads

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// route is an attempt to add a route that waits for its answer. Adding one
// takes a user of the controller and is what lets a host speak to it.
type route struct {
	waits  bool
	from   event.Dir
	user   exchange.Text
	secret event.Secret
}

func (r *route) reset() {
	r.waits, r.secret = false, event.Secret{}
	r.user.Reset()
}

// end makes the fact of the attempt.
func (r *route) end(c *proto.Conn, outcome string) {
	if !r.waits {
		return
	}
	f := proto.Emit[event.Login](c, r.from)
	f.Service, f.Mechanism, f.Outcome, f.Clear = event.ProtoADS, "route", outcome, true
	f.User, f.Secret = c.String(r.user.Bytes()), r.secret
	f.Secret.Text = c.String([]byte(r.secret.Text))
	r.reset()
}

// tags is what the tags of a datagram say. Views.
type tags struct {
	status                                     uint32
	host, route, user, password, version, info []byte
}

// datagram handles one discovery datagram.
func (a *analyser) datagram(c *proto.Conn, dir event.Dir, b []byte) {
	var d Datagram
	if err := DecodeDatagram(&d, b); err != nil {
		exchange.Anomaly(c, event.ProtoADS, dir, "ads_malformed_datagram", err.Error())
		return
	}
	var t tags
	for rest := d.Tags; ; {
		id, value, ok, err := d.NextTag(&rest)
		if err != nil {
			exchange.Anomaly(c, event.ProtoADS, dir, "ads_malformed_datagram", err.Error())
		}
		if !ok {
			break
		}
		t.read(id, value)
	}
	c.Message(dir)
	k := key(dir, d.Invoke)<<8 | uint64(d.Service&0xff)
	if !d.Response {
		a.ask(c, dir, k, &d, &t)
		return
	}
	k = key(dir.Other(), d.Invoke)<<8 | uint64(d.Service&0xff)
	if f := a.requests.Answer(c, k, dir); f != nil {
		f.Error = errorText(c, t.status)
	}
	switch d.Service {
	case ServiceInfo:
		id := event.Identity{
			Source: "ads.discovery", Vendor: "Beckhoff", Name: identity.Text(c, terminated(t.host)), OS: osText(c, t.info),
			Banner: addressText(c, d.Source),
		}
		if len(t.version) >= 4 {
			id.Model, id.Firmware = "TwinCAT", version(c, t.version)
		}
		a.told.Tell(c, dir, &id)
	case ServiceAddRoute:
		outcome := "success"
		if t.status != 0 {
			outcome = "failure"
		}
		a.route.end(c, outcome)
	}
}

// ask notes a request.
func (a *analyser) ask(c *proto.Conn, dir event.Dir, k uint64, d *Datagram, t *tags) {
	q := a.requests.Ask(c, k, dir)
	q.Code = d.Service
	switch d.Service {
	case ServiceInfo:
		q.Verb, q.Class = "discover", event.OpDiscover
	case ServiceAddRoute:
		q.Verb, q.Class = "add route", event.OpWrite
		q.Name.Printable(terminated(t.route))
		host := terminated(t.host)
		if len(host) <= 45 {
			if addr, err := netip.ParseAddr(string(host)); err == nil {
				q.Addr = addr.WithZone("")
			}
		}
		q.Target.Printable(host)
		a.route.end(c, "unknown")
		a.route.waits, a.route.from = true, dir
		a.route.user.Reset()
		a.route.user.Printable(terminated(t.user))
		a.route.secret = c.Secret(event.ProtoADS, string(a.route.user.Bytes()), terminated(t.password))
		a.route.secret.Text = strings.Clone(a.route.secret.Text)
	default:
		q.Verb, q.Class = "service", event.OpOther
	}
}

func (t *tags) read(id uint16, value []byte) {
	switch id {
	case TagStatus:
		if len(value) >= 4 {
			t.status = binary.LittleEndian.Uint32(value)
		}
	case TagPassword:
		t.password = value
	case TagVersion:
		t.version = value
	case TagOS:
		t.info = value
	case TagHost:
		t.host = value
	case TagRoute:
		t.route = value
	case TagUser:
		t.user = value
	}
}

// osText words the operating system's version record: its size, major and
// minor version, build, platform.
func osText(c *proto.Conn, b []byte) string {
	if len(b) < 20 {
		return ""
	}
	var t exchange.Text
	switch binary.LittleEndian.Uint32(b[16:]) {
	case 2:
		t.Str("Windows NT ")
	case 3:
		t.Str("Windows CE ")
	default:
		return ""
	}
	t.Uint(uint64(binary.LittleEndian.Uint32(b[4:]))).Str(".").Uint(uint64(binary.LittleEndian.Uint32(b[8:])))
	return c.String(t.Bytes())
}
