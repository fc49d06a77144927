//go:build !sensor

package app

import (
	"context"
	"errors"
	"os"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/confine"
	"edgeward/internal/ident"
)

// localSensor is the id of the sensor in the hub's own process tree.
const localSensor = "local"

// startSources begins with what brings something: the sensor of this machine.
func (h *Hub) startSources() {
	c := h.o.Config
	if len(c.Interfaces) == 0 {
		return
	}
	h.watch = &Watch{
		Parser: &Parser{Log: h.o.Log, Publish: h.publish, Ready: func(s confine.State) {
			h.o.Log.Info("watching", "interfaces", c.Interfaces, "in_force", s.String())
		}},
		Log: h.o.Log,
		Crashed: func(crash *confine.CrashError) {
			h.countRestart(crash)
			severity := ident.Medium
			if crash.Forbidden {
				severity = ident.High
			}
			h.outputs.tell(severity, "The parsing process of the local sensor crashed", crash.Error())
		},
	}
	h.group.run("sensor", func(ctx context.Context) error {
		if err := h.enrolLocal(ctx, localSensor, c.Sensor.Name, c.Sensor.Site, c.Interfaces); err != nil {
			return err
		}
		t := h.knowledge(ctx, 0)
		t.Kind, t.Sensor, t.Interfaces, t.Filter, t.Rings = WatchTask, localSensor, c.Interfaces, c.Sensor.Filter, c.Sensor.Rings
		h.watch.Task = t
		err := h.watch.Run(ctx)
		if err != nil && os.Geteuid() != 0 && ctx.Err() == nil {
			err = ident.Errorf(ident.CodeOf(err), "run as root or give the program CAP_NET_RAW; without --interface the hub runs without a sensor of its own", "%w", err)
		}
		return err
	})
}

// enrolLocal makes sure that a sensor of this process tree is known.
func (h *Hub) enrolLocal(ctx context.Context, id, name, site string, interfaces []string) error {
	_, err := h.State.EditSensor(ctx, 0, id, func(s *account.Sensor) error {
		s.Name, s.Site, s.Local, s.Version, s.Interfaces = name, site, true, h.o.Version, interfaces
		return nil
	})
	if ident.CodeOf(err) != ident.NotFound || err == nil {
		return err
	}
	return h.State.PutSensor(ctx, &account.Sensor{ID: id, Name: name, Site: site, Local: true, Version: h.o.Version, Interfaces: interfaces, Enrolled: time.Now().UnixNano()})
}

// countRestart counts a crash where the console shows it.
func (h *Hub) countRestart(crash *confine.CrashError) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := h.State.EditSensor(ctx, 0, localSensor, func(s *account.Sensor) error {
		s.Restarts++
		s.Problem = crash.Error()
		return nil
	})
	err = errors.Join(err, h.State.Record(ctx, &account.Entry{Time: time.Now().UnixNano(), Actor: "system", Action: "sensor.crash", Object: localSensor, Detail: crash.Error()}))
	if err != nil {
		h.o.Log.Warn("a crash could not be counted", "error", err)
	}
}
