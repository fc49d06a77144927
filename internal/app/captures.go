//go:build !sensor

package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/api"
	"edgeward/internal/bus"
	"edgeward/internal/confine"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// captureKind is the kind of the documents that describe uploads.
const captureKind = "capture"

// maxWaiting bounds the uploads that wait for their analysis.
const maxWaiting = 32

// captures takes files of packets in and has them analysed one after the other
// by parsing processes. The file itself is removed when that is done.
type captures struct {
	dir     string
	version string
	memory  int64
	docs    hub.Documents
	sensors hub.Sensors
	publish func(ctx context.Context, h bus.Header, message []byte) error
	live    *hub.Live
	log     *slog.Logger
	judge   func(ctx context.Context, tenant uint16) Task // what is known of the network
	clock   ident.Clock

	mu      sync.Mutex
	running map[string]*api.Capture // those that wait or are analysed
	queue   chan upload
}

type upload struct {
	tenant uint16
	id     string
	path   string
	sum    string
}

var _ api.Captures = (*captures)(nil)

// ready makes what is empty at first.
func (c *captures) ready() *captures {
	c.running, c.queue = map[string]*api.Capture{}, make(chan upload, maxWaiting)
	return c
}

// uploadSensor gives the id of the sensor that stands for uploads of a site.
func uploadSensor(site string) string {
	if site == "" {
		return "uploads"
	}
	sum := sha256.Sum256([]byte(site))
	return "uploads-" + hex.EncodeToString(sum[:4])
}

// Analyze receives a capture and queues it.
func (c *captures) Analyze(ctx context.Context, tenant uint16, x *api.Capture, r io.Reader) error {
	id := make([]byte, 8)
	rand.Read(id)
	x.ID, x.State, x.Created, x.Sensor = hex.EncodeToString(id), "receiving", c.now(), uploadSensor(x.Site)
	x.Name = filepath.Base(filepath.Clean("/" + x.Name)) // a name to show, never a path
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("receive a capture: %w", err)
	}
	path := filepath.Join(c.dir, x.ID)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("receive a capture: %w", err)
	}
	sum := sha256.New()
	x.Size, err = io.Copy(io.MultiWriter(f, sum), r)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("receive a capture: %w", err)
	}
	x.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err := c.claim(ctx, tenant, x); err != nil {
		os.Remove(path)
		return err
	}
	if err := c.enrol(ctx, tenant, x); err != nil {
		os.Remove(path)
		return errors.Join(err, c.release(ctx, tenant, x))
	}
	x.State = "analysing"
	if err := c.store(ctx, tenant, x); err != nil {
		os.Remove(path)
		return errors.Join(err, c.release(ctx, tenant, x))
	}
	copied := *x
	c.mu.Lock()
	c.running[x.ID] = &copied
	c.mu.Unlock()
	select {
	case c.queue <- upload{tenant, x.ID, path, x.SHA256}:
		return nil
	default:
	}
	c.forget(x.ID)
	os.Remove(path)
	x.State, x.Error = "failed", "too many captures wait for their analysis"
	return errors.Join(ident.Errorf(ident.Unavailable, "try again when the others are done", "%d captures wait for their analysis", maxWaiting), c.store(ctx, tenant, x), c.release(ctx, tenant, x))
}

// enrol makes sure that there is a sensor that stands for the uploads of a site.
func (c *captures) enrol(ctx context.Context, tenant uint16, x *api.Capture) error {
	name := "Uploaded captures"
	if x.Site != "" {
		name += ", " + x.Site
	}
	return c.sensors.AddSensor(ctx, &account.Sensor{ID: x.Sensor, Tenant: tenant, Name: name, Site: x.Site, Local: true, Passive: true, Enrolled: int64(c.now()), Version: c.version})
}

func (c *captures) now() api.Time { return api.Time(c.clock().UnixNano()) }

func (c *captures) store(ctx context.Context, tenant uint16, x *api.Capture) error {
	b, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("store what is known of a capture: %w", err)
	}
	return c.docs.PutDocument(ctx, tenant, captureKind, x.ID, b)
}

func (c *captures) forget(id string) {
	c.mu.Lock()
	delete(c.running, id)
	c.mu.Unlock()
}

// Captures lists the uploads, the newest first.
func (c *captures) Captures(ctx context.Context, tenant uint16) ([]api.Capture, error) {
	docs, err := c.docs.Documents(ctx, tenant, captureKind)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]api.Capture, 0, len(docs))
	for id, b := range docs {
		var x api.Capture
		if err := json.Unmarshal(b, &x); err != nil {
			return nil, fmt.Errorf("read what is known of capture %s: %w", id, err)
		}
		if now := c.running[id]; now != nil {
			x = *now
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b api.Capture) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// DeleteCapture forgets an upload; its facts stay until their time is over.
func (c *captures) DeleteCapture(ctx context.Context, tenant uint16, id string) error {
	c.mu.Lock()
	busy := c.running[id] != nil
	c.mu.Unlock()
	if busy {
		return ident.Errorf(ident.Invalid, "wait until it is done", "capture %s is being analysed", id)
	}
	if _, err := c.docs.Document(ctx, tenant, captureKind, id); err != nil {
		return err
	}
	return c.docs.DeleteDocument(ctx, tenant, captureKind, id)
}

// run analyses what is queued until the context ends. What an earlier run of
// the program left behind is said to have failed.
func (c *captures) run(ctx context.Context) error {
	if err := c.recover(ctx); err != nil {
		c.log.Warn("uploads of an earlier run could not be looked through", "error", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case u := <-c.queue:
			c.analyse(ctx, u)
		}
	}
}

func (c *captures) recover(ctx context.Context) error {
	left, err := filepath.Glob(filepath.Join(c.dir, "*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		os.Remove(path)
	}
	list, err := c.Captures(ctx, 0)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.State == "analysing" || x.State == "receiving" {
			x.State, x.Error, x.Finished = "failed", "the program ended before it was done; upload it again", c.now()
			if err := errors.Join(c.store(ctx, 0, &x), c.release(ctx, 0, &x)); err != nil {
				return err
			}
		}
	}
	return nil
}

// analyse runs one upload through a parsing process.
func (c *captures) analyse(ctx context.Context, u upload) {
	defer os.Remove(u.path)
	defer c.forget(u.id)
	c.mu.Lock()
	x := *c.running[u.id]
	c.mu.Unlock()
	r, err := c.parse(ctx, u, &x)
	c.mu.Lock()
	x.Devices, x.Findings = c.running[u.id].Devices, c.running[u.id].Findings
	c.mu.Unlock()
	x.Packets, x.Facts, x.First, x.Last, x.Finished = r.Packets, r.Facts, api.Time(r.First), api.Time(r.Last), c.now()
	var crash *confine.CrashError
	switch {
	case errors.As(err, &crash):
		x.State, x.Error = "failed", crash.Error()
		c.log.Error("the analysis of a capture crashed", "capture", x.ID, "name", x.Name, "reason", crash.Reason, "forbidden", crash.Forbidden)
	case err != nil:
		x.State, x.Error = "failed", err.Error()
	case r.Problem != "":
		x.State, x.Error = "failed", strings.ReplaceAll(r.Problem, "standard input", x.Name)
	default:
		x.State, x.Progress, x.Error = "done", 1, r.Cut
	}
	if x.State == "failed" {
		if err := c.release(context.WithoutCancel(ctx), u.tenant, &x); err != nil {
			c.log.Error("a capture that failed cannot be uploaded again without again", "capture", x.ID, "error", err)
		}
	}
	if err := c.store(context.WithoutCancel(ctx), u.tenant, &x); err != nil {
		c.log.Error("what is known of a capture could not be stored", "capture", x.ID, "error", err)
	}
	c.tell(u.tenant, &x)
}

func (c *captures) tell(tenant uint16, x *api.Capture) {
	c.live.Tell(hub.Change{Kind: hub.CaptureChanged, Tenant: tenant, Site: x.Site, ID: x.ID, Time: int64(c.now())})
}

func (c *captures) parse(ctx context.Context, u upload, x *api.Capture) (Result, error) {
	f, err := os.Open(u.path)
	if err != nil {
		return Result{}, fmt.Errorf("open the capture: %w", err)
	}
	defer f.Close()
	t := c.judge(ctx, u.tenant)
	t.Kind, t.Version, t.Tenant, t.Sensor, t.Memory = ReadTask, c.version, u.tenant, x.Sensor, c.memory
	t.Name, t.Content, t.Size = x.Name, u.sum, x.Size
	devices, findings := map[string]bool{}, map[string]bool{}
	p := &Parser{
		Log: c.log,
		Publish: func(ctx context.Context, b *bus.Batch, message []byte) error {
			for _, d := range b.Devices {
				devices[d.ID] = true
			}
			for _, f := range b.Findings {
				findings[f.ID] = true
			}
			c.progress(u.id, func(x *api.Capture) {
				x.Devices, x.Findings, x.Facts = len(devices), len(findings), x.Facts+uint64(len(b.Facts))
			})
			return c.publish(ctx, b.Header, message)
		},
		Progress: func(p Progress) {
			c.progress(u.id, func(x *api.Capture) { x.Progress = min(float64(p.Done)/float64(max(p.Total, 1)), 1) })
			c.tell(u.tenant, x)
		},
	}
	return p.Run(ctx, t, f)
}

func (c *captures) progress(id string, change func(*api.Capture)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.running[id]; x != nil {
		change(x)
	}
}

// forgetOld removes entries that are older at a time; 0 keeps all. That a
// file was analysed is known for as long as its sums are.
func (c *captures) forgetOld(ctx context.Context, tenant uint16, now int64, age, sums time.Duration) error {
	if err := c.forgetSeen(ctx, tenant, now, sums); err != nil || age <= 0 {
		return err
	}
	list, err := c.Captures(ctx, tenant)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Finished != 0 && now-int64(x.Finished) > int64(age) {
			if err := c.DeleteCapture(ctx, tenant, x.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
