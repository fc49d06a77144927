//go:build !sensor

package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// The times after which a sensor is said to be silent, and to have a backlog
// that matters.
const (
	silentAfter = int64(2 * time.Minute)
	behindAt    = 10
)

// state says in a word how a sensor is.
func (s *Server) state(x *account.Sensor) string {
	switch {
	case x.Revoked:
		return "revoked"
	case x.Seen == 0:
		return "new"
	case !x.Passive && max(s.now()-x.Seen, x.Seen-s.now()) > silentAfter: // in the future after the clock went back
		return "silent"
	case x.Problem != "":
		return "problem"
	case x.Backlog > behindAt:
		return "behind"
	}
	return "ok"
}

func (s *Server) sensorShape(x *account.Sensor) Sensor {
	out := Sensor{
		ID: x.ID, Name: x.Name, Site: x.Site, State: s.state(x), Local: x.Local, Enrolled: Time(x.Enrolled), Expires: Time(x.NotAfter), Version: x.Version,
		Seen: Time(x.Seen), Last: Time(x.Last), Clock: time.Duration(x.Clock).Seconds(), Interfaces: list(x.Interfaces), Backlog: x.Backlog,
		Packets: x.Packets, Bytes: x.Bytes, Facts: x.Facts, Loss: x.Loss, Restarts: x.Restarts, Revoked: x.Revoked, Wanted: x.Wanted, Applied: x.Applied, Problem: x.Problem,
	}
	if out.Loss == nil {
		out.Loss = map[string]uint64{}
	}
	return out
}

// visibleSensors gives the sensors that the caller may see, by name.
func (s *Server) visibleSensors(ctx context.Context, c *caller) ([]*account.Sensor, error) {
	found, err := s.Sensors.Sensors(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(slices.Clone(found), func(x *account.Sensor) bool { return !c.sees(x.Site) })
	slices.SortFunc(found, func(a, b *account.Sensor) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

func (s *Server) listSensors(ctx context.Context, _ *nothing) (*reply[Page[Sensor]], error) {
	found, err := s.visibleSensors(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	p := Page[Sensor]{Items: []Sensor{}, Total: len(found)}
	for _, x := range found {
		p.Items = append(p.Items, s.sensorShape(x))
	}
	return ok(p)
}

// sensor gives a sensor that the caller may see.
func (s *Server) sensor(ctx context.Context, c *caller, id string) (*account.Sensor, error) {
	x, err := s.Sensors.Sensor(ctx, c.tenant, id)
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown("sensor")
	}
	if err != nil {
		return nil, err
	}
	if !c.sees(x.Site) {
		return nil, unknown("sensor")
	}
	return x, nil
}

func (s *Server) getSensor(ctx context.Context, in *ByID) (*reply[Sensor], error) {
	x, err := s.sensor(ctx, who(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return ok(s.sensorShape(x))
}

// checkConfig bounds what a sensor is told.
func checkConfig(config map[string]string) error {
	if len(config) > 50 {
		return invalid("there are too many values: at most 50")
	}
	for k, v := range config {
		if k == "" || len(k) > 64 || len(v) > 2000 || plain(k) != k || plain(v) != v {
			return invalid("a value of a configuration is text of at most 2000 characters without control characters")
		}
	}
	return nil
}

func (s *Server) editSensor(ctx context.Context, in *sensorPatch) (*reply[Sensor], error) {
	c, b := who(ctx), in.Body
	if _, err := s.sensor(ctx, c, in.ID); err != nil {
		return nil, err
	}
	if b.Site != nil {
		if !c.sees(*b.Site) {
			return nil, refuse(403, "sites", "that site is not yours")
		}
		if *b.Site != "" {
			if err := s.checkSites(ctx, c, []string{*b.Site}); err != nil {
				return nil, err
			}
		}
	}
	if b.Config != nil {
		if err := checkConfig(*b.Config); err != nil {
			return nil, err
		}
	}
	var did []string
	x, err := s.Sensors.EditSensor(ctx, c.tenant, in.ID, func(x *account.Sensor) error {
		did = did[:0]
		if b.Name != nil {
			x.Name = *b.Name
			did = append(did, "name "+x.Name)
		}
		if b.Site != nil {
			x.Site = *b.Site
			did = append(did, "site "+x.Site)
		}
		wants := x.Wanted
		if b.Config != nil {
			wants.Config = *b.Config
			did = append(did, "configuration")
		}
		if b.Version != nil {
			wants.Version = *b.Version
			did = append(did, "version "+wants.Version)
		}
		if b.Content != nil {
			wants.Content = *b.Content
			did = append(did, "content "+wants.Content)
		}
		if b.Config != nil || b.Version != nil || b.Content != nil {
			wants.Generation++
			x.Wanted = wants
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.object, c.detail = x.Name, strings.Join(did, "; ")
	return ok(s.sensorShape(x))
}

func (s *Server) revokeSensor(ctx context.Context, in *ByID) (*reply[Sensor], error) {
	c := who(ctx)
	if _, err := s.sensor(ctx, c, in.ID); err != nil {
		return nil, err
	}
	x, err := s.Sensors.EditSensor(ctx, c.tenant, in.ID, func(x *account.Sensor) error {
		if x.Local {
			return refuse(409, "conflict", "the hub's own sensor cannot be revoked")
		}
		x.Revoked = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.object = x.Name
	return ok(s.sensorShape(x))
}

func enrolmentOf(e *account.Enrolment, author string) Enrolment {
	return Enrolment{e.ID, e.Sensor, e.Site, author, Time(e.Created), Time(e.Expires), Time(e.Used), e.By}
}

func (s *Server) listEnrolments(ctx context.Context, _ *nothing) (*reply[Page[Enrolment]], error) {
	c := who(ctx)
	found, err := s.Sensors.Enrolments(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	p := Page[Enrolment]{Items: []Enrolment{}}
	for _, e := range found {
		if c.sees(e.Site) {
			p.Items = append(p.Items, enrolmentOf(e, e.User))
		}
	}
	slices.SortFunc(p.Items, func(a, b Enrolment) int { return cmp.Compare(b.Created, a.Created) })
	p.Total = len(p.Items)
	return ok(p)
}

func (s *Server) createEnrolment(ctx context.Context, in *enrolmentInput) (*reply[NewEnrolment], error) {
	c, b := who(ctx), in.Body
	if len(c.sites) > 0 && (b.Site == "" || !c.sees(b.Site)) {
		return nil, refuse(403, "sites", "name one of your sites")
	}
	if b.Site != "" {
		if err := s.checkSites(ctx, c, []string{b.Site}); err != nil {
			return nil, err
		}
	}
	if b.Sensor != plain(b.Sensor) {
		return nil, invalid("a name has no control characters")
	}
	if b.Hours == 0 {
		b.Hours = 24
	}
	if s.Enrol == nil {
		return nil, away("enrolment of sensors")
	}
	token, e := s.Enrol(account.Enrolment{Tenant: c.tenant, Sensor: b.Sensor, Site: b.Site, User: c.name}, s.Clock(), time.Duration(b.Hours)*time.Hour)
	if err := s.Sensors.PutEnrolment(ctx, e); err != nil {
		return nil, err
	}
	c.object = cmp.Or(b.Sensor, e.ID)
	return ok(NewEnrolment{enrolmentOf(e, c.name), token, "edgeward sensor --hub " + cmp.Or(s.HubURL, "URL") + " --token " + token + " --interface IF"})
}

func (s *Server) revokeEnrolment(ctx context.Context, in *ByID) (*none, error) {
	c := who(ctx)
	found, err := s.Sensors.Enrolments(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if e.ID == in.ID && c.sees(e.Site) {
			_, err := s.Sensors.EditEnrolment(ctx, c.tenant, e.ID, func(e *account.Enrolment) error { e.Expires = min(e.Expires, s.now()); return nil })
			return &none{}, err
		}
	}
	return nil, unknown("enrolment")
}
