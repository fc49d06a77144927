//go:build !sensor

package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/app/config"
	"edgeward/internal/asset"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// demoDays is how much history the demonstration has.
const demoDays = 3

// demoSite is one of the two sites of the demonstration, with its sensor.
type demoSite struct {
	id, sensor, name, text string
	hosts                  []byte // last bytes of addresses
	seed                   uint64
}

var demoSites = []demoSite{
	{"demo-plant", "plant-gateway", "Plant", "Halls, office and cameras", []byte{1, 10, 21, 22, 23, 24, 30, 31, 40, 41, 50}, 1},
	{"demo-clinic", "clinic-gateway", "Clinic", "Imaging and laboratory", []byte{60, 61, 62, 63}, 2},
}

var demoZones = hub.ZoneDefinitions{Zones: []hub.Zone{
	{Name: "Production", Site: "Plant", Level: "2", Color: "teal", Description: "Sensors, broker and controllers", Networks: []string{"10.20.0.8/29", "10.20.0.20/30", "10.20.0.28/30"}},
	{Name: "Office", Site: "Plant", Level: "4", Color: "blue", Description: "Desks, dashboards and cameras", Networks: []string{"10.20.0.24/32", "10.20.0.40/30", "10.20.0.50/32"}},
	{Name: "Imaging", Site: "Clinic", Level: "3", Color: "grape", Description: "Modalities, PACS and laboratory", Networks: []string{"10.20.0.60/30"}},
}}

// Demo runs a hub that is filled from the project's own capture: the same
// behaviour over the last days, and a worm that came in this morning. It goes
// on live while it runs. The address that it tells logs its reader in.
//
// With firstRun there are no users yet: the address is that of a first run.
func Demo(ctx context.Context, o RunOptions, firstRun bool) error {
	if o.Config.Data == "" {
		dir, err := os.MkdirTemp("", "edgeward-demo-")
		if err != nil {
			return fmt.Errorf("make a folder for the demonstration: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Config.Data = dir
	}
	o.Config.Interfaces = nil
	d := &demo{firstRun: firstRun}
	o.Prepare = d.prepare
	return Run(ctx, o)
}

// DemoConfig gives the configuration of the demonstration.
func DemoConfig(listen, data string) (*config.Config, error) {
	flags := map[string][]string{}
	if listen != "" {
		flags["listen"] = []string{listen}
	}
	l, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		return nil, err
	}
	l.Data = data
	l.Bus.Sync = "interval" // nobody minds to lose it
	return &l.Config, nil
}

type demo struct {
	h        *Hub
	firstRun bool // whoever looks makes the first user
}

// prepare fills the hub and gives the address that logs in.
func (d *demo) prepare(ctx context.Context, h *Hub) (string, error) {
	d.h = h
	users, err := h.State.Users(ctx, 0)
	if err != nil {
		return "", err
	}
	admin := &account.User{Name: "admin", Display: "Demo administrator", Role: account.Admin, Rights: []account.Right{account.Evidence, account.Unmasked, account.Subscribers}, Created: time.Now().UnixNano()}
	fresh := len(users) == 0
	if fresh {
		if err := d.settle(ctx, admin); err != nil {
			return "", err
		}
	} else if admin, err = h.State.UserByName(ctx, 0, "admin"); err != nil {
		return "", err
	}
	if d.firstRun && !fresh {
		return "", ident.Errorf(ident.Usage, "name an empty folder with --data", "the data folder has users already")
	}
	frames, err := readScene(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	var wg sync.WaitGroup
	for _, s := range demoSites {
		wg.Add(1)
		past := &sync.Once{}
		filled := func() { past.Do(wg.Done) }
		h.group.run("sensor "+s.sensor, func(ctx context.Context) error {
			defer filled()
			return d.observe(ctx, s, frames, now, fresh, filled)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if fresh {
		known, err := d.catchUp(ctx)
		if err != nil {
			return "", err
		}
		if err := d.touch(ctx, admin, known); err != nil {
			h.o.Log.Warn("the demonstration lacks some of what people do", "error", err)
		}
	}
	if d.firstRun {
		return "", nil
	}
	return d.door(admin), nil
}

// settle makes users, sites and zones.
func (d *demo) settle(ctx context.Context, admin *account.User) error {
	st := d.h.State
	viewer := &account.User{Name: "viewer", Display: "Demo viewer", Role: account.Viewer, Created: admin.Created}
	users := []*account.User{admin, viewer}
	if d.firstRun {
		users = nil
	}
	for _, u := range users {
		if err := st.PutUser(ctx, u); err != nil {
			return err
		}
	}
	var sites hub.Sites
	for _, s := range demoSites {
		sites.Sites = append(sites.Sites, hub.Site{Name: s.name, Description: s.text, Networks: []string{"10.20.0.0/24"}})
	}
	for key, v := range map[string]any{"sites": sites, "zones": demoZones, "home": hub.HomeNetworks{Networks: []string{}}} {
		b, err := json.Marshal(v)
		if err == nil {
			err = st.PutDocument(ctx, 0, hub.SettingsKind, key, b)
		}
		if err != nil {
			return err
		}
	}
	for _, s := range demoSites {
		if err := d.h.enrolLocal(ctx, s.id, s.sensor, s.name, []string{"mirror0"}); err != nil {
			return err
		}
	}
	return nil
}

// observe plays one site into a parsing process, the past at once and the rest
// as time goes by. filled is called when the past has been played.
func (d *demo) observe(ctx context.Context, s demoSite, frames []sceneFrame, now time.Time, fresh bool, filled func()) error {
	host := func(b byte) bool {
		for _, x := range s.hosts {
			if x == b {
				return true
			}
		}
		return false
	}
	var acts []act
	worm := now.Add(-100 * time.Minute)
	if fresh {
		acts = append(history(now, demoDays, s.seed, host, worm), act{at: worm, until: sceneWhole, host: host})
	}
	for t, end := now.Add(time.Second), now.Add(7*day); t.Before(end); t = t.Add(sceneQuiet + 20*time.Second) {
		acts = append(acts, act{at: t, until: sceneQuiet, host: host})
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("play the demonstration: %w", err)
	}
	played := make(chan error, 1)
	go func() {
		err := play(ctx, &pastWriter{w: w, now: now, filled: filled}, frames, acts)
		played <- errors.Join(err, w.Close())
	}()
	t := d.h.knowledge(ctx, 0)
	t.Kind, t.Sensor, t.Keep = ReadTask, s.id, true
	_, err = (&Parser{Log: d.h.o.Log, Publish: d.h.publish}).Run(context.WithoutCancel(ctx), t, r)
	r.Close()
	if perr := <-played; err == nil && ctx.Err() == nil {
		err = perr
	}
	if ctx.Err() != nil {
		err = nil // it was told to end in the middle of a packet
	}
	return err
}

// pastWriter says when the first frame of the present is written: the past has
// then gone on its way.
type pastWriter struct {
	w      *os.File
	now    time.Time
	filled func()
}

func (p *pastWriter) Write(b []byte) (int, error) {
	if time.Since(p.now) > 0 && len(b) >= 16 {
		if at := time.Unix(int64(le32(b)), 0); at.After(p.now) {
			p.filled()
		}
	}
	return p.w.Write(b)
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// catchUp waits until what was played is stored, and gives the devices by
// their addresses.
func (d *demo) catchUp(ctx context.Context) (map[string]*asset.Record, error) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		list, _, err := d.h.State.Devices(ctx, asset.Filter{Limit: 100})
		if err != nil {
			return nil, err
		}
		known := map[string]*asset.Record{}
		for _, r := range list {
			for _, a := range r.Addresses {
				known[a.String()] = r
			}
		}
		found, err := d.found(ctx)
		if err != nil {
			return nil, err
		}
		if found && d.complete(known) && d.h.Ingest.Health().Backlog == 0 {
			return known, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil, errors.New("the demonstration is not complete after 20 seconds")
}

// complete reports whether every host of the lab is a device.
func (d *demo) complete(known map[string]*asset.Record) bool {
	for _, s := range demoSites {
		for _, b := range s.hosts {
			if known[fmt.Sprintf("10.20.0.%d", b)] == nil {
				return false
			}
		}
	}
	return true
}

// touch does what people would have done: labels, an owner, a mute, a comment.
func (d *demo) touch(ctx context.Context, admin *account.User, known map[string]*asset.Record) error {
	st, now := d.h.State, time.Now()
	ctx = hub.WithActor(ctx, admin.Name)
	labels := map[string]asset.Attributes{
		"10.20.0.10": {Label: "Message broker", Type: "broker", Criticality: "high", Owner: "Automation", Location: "Hall 1", Tags: []string{"production"}, Trusted: true},
		"10.20.0.40": {Label: "Gate camera", Criticality: "normal", Owner: "Facility", Location: "North gate"},
		"10.20.0.60": {Label: "CT 1", Type: "medical-modality", Criticality: "critical", Owner: "Radiology", Location: "Room 12", Safety: "life-supporting", Trusted: true},
		"10.20.0.61": {Label: "PACS", Criticality: "critical", Owner: "Radiology", Tags: []string{"patient-data"}, Trusted: true},
	}
	for address, set := range labels {
		if _, err := st.EditDevice(ctx, 0, known[address].ID, func(x *asset.Attributes) error { *x = set; return nil }); err != nil {
			return err
		}
	}
	mute := &policy.Policy{
		Kind: policy.Mute, Selector: policy.Selector{Checks: []string{"exposure.coap-unprotected-write"}}, Mode: policy.Enforce, Origin: policy.FromConsole,
		Created: now.UnixNano(), Expires: now.AddDate(0, 1, 0).UnixNano(), Author: admin.Name, Note: "Test bench; will be moved into its own segment next month",
	}
	window := &policy.Policy{
		Kind: policy.Maintenance, Selector: policy.Selector{Sites: []string{"Clinic"}}, Mode: policy.Enforce, Origin: policy.FromConsole,
		Created: now.UnixNano(), From: now.AddDate(0, 0, 2).UnixNano(), Expires: now.AddDate(0, 0, 2).Add(4 * time.Hour).UnixNano(), Author: admin.Name, Note: "Update of the PACS",
	}
	for _, p := range []*policy.Policy{mute, window} {
		if err := st.PutPolicy(ctx, p); err != nil {
			return err
		}
	}
	_, err := st.ApplyPolicies(ctx, 0, now.UnixNano())
	return errors.Join(err, d.comment(ctx, admin))
}

// door gives an address that logs in once.
func (d *demo) door(admin *account.User) string {
	value := func() string {
		b := make([]byte, 32)
		rand.Read(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	token := value()
	var once sync.Once
	d.h.front.HandleFunc("GET /demo", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		if subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("token")), []byte(token)) != 1 {
			http.NotFound(w, r)
			return
		}
		err := errors.New("the address was used")
		once.Do(func() { err = d.enter(r.Context(), w, admin, value(), value()) })
		if err != nil {
			d.h.o.Log.Debug("the address of the demonstration was opened again", "error", err)
			if _, missing := r.Cookie(d.cookie()); missing != nil { // a browser that has been in goes on
				http.Error(w, "This address logs in once, and was used. For a new one, interrupt edgeward demo and start it again.", http.StatusGone)
				return
			}
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return d.h.base + "/demo?token=" + token
}

// enter begins a session of the administrator.
func (d *demo) enter(ctx context.Context, w http.ResponseWriter, admin *account.User, cookie, csrf string) error {
	now := time.Now()
	sum := sha256.Sum256([]byte(cookie))
	x := &account.Session{Hash: hex.EncodeToString(sum[:]), User: admin.ID, CSRF: csrf, Created: now.UnixNano(), Seen: now.UnixNano(), Expires: now.Add(12 * time.Hour).UnixNano(), Address: "127.0.0.1", Agent: "demo"}
	if err := d.h.State.PutSession(ctx, x); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookie(), Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.h.secure, Expires: now.Add(12 * time.Hour)})
	return nil
}

// cookie gives the name of the session's cookie.
func (d *demo) cookie() string {
	if d.h.secure {
		return "__Host-edgeward"
	}
	return "edgeward"
}
