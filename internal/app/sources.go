//go:build !sensor

package app

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/confine"
	"edgeward/internal/ident"
)

// localSensor is the id of the sensor in the hub's own process tree.
const localSensor = "local"

// sensorRetry is after how long a local sensor that could not begin is tried
// again: an interface may come, or a right.
const sensorRetry = 15 * time.Second

// localWatch is the sensor of this machine. It can go over to other interfaces
// while the hub runs.
type localWatch struct {
	hub    *Hub
	change chan struct{} // holds one: the interfaces are others now

	mu     sync.Mutex
	names  []string
	watch  *Watch // nil unless it is at work
	failed error  // why it could not begin
}

func newLocalWatch(h *Hub) *localWatch {
	return &localWatch{hub: h, change: make(chan struct{}, 1)}
}

// use goes over to other interfaces, or to none.
func (l *localWatch) use(names []string) {
	l.mu.Lock()
	l.names, l.failed = names, nil
	l.mu.Unlock()
	select {
	case l.change <- struct{}{}:
	default: // one that was not yet seen finds these
	}
}

// working gives the sensor while it is at work, and why it is not.
func (l *localWatch) working() (*Watch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watch, l.failed
}

// status gives the interfaces, whether they are watched, and why not.
func (l *localWatch) status() (names []string, running bool, failed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names, failed = l.names, l.failed
	if l.watch != nil {
		s := l.watch.Status()
		running = s.Running
		if !running && s.Problem != "" {
			failed = errors.New(s.Problem)
		}
	}
	return names, running, failed
}

func (l *localWatch) set(w *Watch, failed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch, l.failed = w, failed
}

// run watches until the context ends. Interfaces that the configuration names
// must be there; those that a person chose may come later.
func (l *localWatch) run(ctx context.Context) error {
	for ctx.Err() == nil {
		l.mu.Lock()
		names := l.names
		l.mu.Unlock()
		var retry <-chan time.Time
		if len(names) > 0 {
			err := l.once(ctx, names)
			if ctx.Err() != nil {
				return err
			}
			if err != nil && len(l.hub.o.Config.Interfaces) > 0 {
				return err
			}
			if err != nil {
				l.hub.o.Log.Error("the local sensor could not begin and is tried again", "interfaces", names, "error", err)
			}
			retry = time.After(sensorRetry)
		}
		select {
		case <-ctx.Done():
		case <-retry:
		case <-l.change:
		}
	}
	return nil
}

// once watches interfaces until others are chosen.
func (l *localWatch) once(ctx context.Context, names []string) error {
	h, c := l.hub, l.hub.o.Config
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-l.change:
			select {
			case l.change <- struct{}{}: // run sees it, too
			default: // there is another one already
			}
			cancel()
		case <-over:
		}
	}()
	w := h.newWatch(names)
	err := h.enrolLocal(work, localSensor, c.Sensor.Name, c.Sensor.Site, names)
	if err == nil {
		t := h.knowledge(work, 0)
		t.Kind, t.Sensor, t.Interfaces, t.Filter, t.Rings = WatchTask, localSensor, names, c.Sensor.Filter, c.Sensor.Rings
		w.Task = t
		l.set(w, nil)
		err = w.Run(work)
	}
	close(over)
	<-gone
	if work.Err() != nil && ctx.Err() == nil {
		err = nil // it was told to go over
	}
	if err != nil && os.Geteuid() != 0 && ctx.Err() == nil {
		err = ident.Errorf(ident.CodeOf(err), "run as root or give the program CAP_NET_RAW; without interfaces the hub runs without a sensor of its own", "%w", err)
	}
	l.set(nil, err)
	return err
}

// newWatch makes the sensor of some interfaces.
func (h *Hub) newWatch(names []string) *Watch {
	return &Watch{
		Parser: &Parser{Log: h.o.Log, Publish: h.publish, Ready: func(s confine.State) {
			h.o.Log.Info("watching", "interfaces", names, "in_force", s.String())
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
}

// startSources begins with what brings something: the sensor of this machine,
// on the interfaces of the configuration or else those that a person chose.
func (h *Hub) startSources(ctx context.Context) {
	names := h.o.Config.Interfaces
	if len(names) == 0 {
		names = h.chosen(ctx)
	}
	h.local.use(names)
	h.group.run("sensor", h.local.run)
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
	return h.State.AddSensor(ctx, &account.Sensor{ID: id, Name: name, Site: site, Local: true, Version: h.o.Version, Interfaces: interfaces, Enrolled: time.Now().UnixNano()})
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
