package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/bundle"
	"edgeward/internal/bus/forward"
	"edgeward/internal/ident"
)

// applied is what a sensor remembers of the hub's wishes.
type applied struct {
	account.Wanted           // what it runs
	Failed         int       `json:"failed"`  // generation that did not come up; it is not tried again
	Problem        string    `json:"problem"` // why
	Program        installed `json:"program"`
}

const appliedFile = "applied.json"

func (r *remote) load() error {
	b, err := os.ReadFile(filepath.Join(r.o.Data, appliedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what the hub wanted: %w", err)
	}
	if err := json.Unmarshal(b, &r.have); err != nil {
		// The hub says it again with the next heartbeat.
		r.o.Log.Warn("what the hub wanted could not be read; it is asked again", "cause", err)
		r.have = applied{}
	}
	return nil
}

func (r *remote) applied() applied {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.have
}

// change changes what is remembered, on disk too.
func (r *remote) change(f func(*applied)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.have)
	b, err := json.MarshalIndent(r.have, "", "  ")
	if err == nil {
		path := filepath.Join(r.o.Data, appliedFile)
		if err = os.WriteFile(path+".new", append(b, '\n'), 0o600); err == nil {
			err = os.Rename(path+".new", path)
		}
	}
	if err != nil {
		r.o.Log.Error("what was applied could not be written", "cause", err)
	}
}

// isNew reports whether a wish is neither applied nor known to fail.
func (r *remote) isNew(w account.Wanted) bool {
	have := r.applied()
	return w.Generation != have.Generation && w.Generation != have.Failed
}

// problem notes that a wish cannot be followed.
func (r *remote) problem(w account.Wanted, err error) {
	r.o.Log.Error("what the hub wants cannot be done", "generation", w.Generation, "cause", err)
	r.change(func(a *applied) {
		a.Failed, a.Problem = w.Generation, fmt.Sprintf("generation %d: %v", w.Generation, err)
	})
}

// succeed notes that a wish is followed. A new version of the program counts
// when it has run.
func (r *remote) succeed(w account.Wanted) {
	r.change(func(a *applied) {
		a.Wanted, a.Failed, a.Problem = w, 0, ""
		a.Program.Wanted = ""
		if w.Version != "" && w.Version != r.o.Version {
			a.Program.Wanted = w.Version
		}
	})
}

// base gives the task that the command line asks for.
func (r *remote) base() Task {
	t := r.o.Task
	t.Sensor, t.Tenant = r.id.Sensor, r.id.Tenant
	return t
}

// taskFor gives the task of a wish: values of the hub win over the command
// line.
func (r *remote) taskFor(w account.Wanted) (Task, error) {
	t := r.base()
	if w.Content != "" {
		t.Knowledge = r.contentDir(w.Content)
	}
	for key, value := range w.Config {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		var err error
		switch key {
		case "interface", "interfaces":
			t.Interfaces = fields(value)
		case "filter":
			t.Filter = value
		case "home":
			t.Home, err = ident.ParsePrefixes(fields(value))
		case "rings":
			t.Rings, err = strconv.Atoi(value)
			if err == nil && (t.Rings < 0 || t.Rings > 64) {
				err = errors.New("want 0 to 64")
			}
		case "memory":
			var mib int64
			mib, err = strconv.ParseInt(strings.TrimSuffix(value, "M"), 10, 32)
			if t.Memory = mib << 20; err == nil && (mib < 16 || mib > 1<<20) {
				err = errors.New("want at least 16M")
			}
		case "zones":
			path := filepath.Join(r.o.Data, "zones.yaml")
			if err = os.WriteFile(path, []byte(value), 0o600); err == nil {
				t.Zones, err = LoadZones(path)
			}
		default:
			err = errors.New("this version does not know it")
		}
		if err != nil {
			return t, ident.Errorf(ident.Invalid, "", "configuration %s = %q: %w", key, value, err)
		}
	}
	if len(t.Interfaces) == 0 {
		return t, ident.Errorf(ident.Usage, "give --interface, or set interface for this sensor on the hub", "no interface to watch is known")
	}
	return t, nil
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == ';' })
}

func sameTask(a, b Task) bool { return reflect.DeepEqual(a, b) }

func (r *remote) contentDir(version string) string {
	return filepath.Join(r.o.Data, "content", version)
}

// fetchContent gets a content bundle that is not there yet, and verifies it.
func (r *remote) fetchContent(ctx context.Context, version string) error {
	if version == "" || filepath.Base(version) != version || version[0] == '.' {
		if version == "" {
			return nil
		}
		return ident.Errorf(ident.Invalid, "", "content %q: that is no version", version)
	}
	dir := r.contentDir(version)
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	path, m, err := r.download(ctx, bundle.Content, version)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	if m.Version != version {
		return ident.Errorf(ident.Invalid, "", "the hub sent content %q in the place of %q", m.Version, version)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the content: %w", err)
	}
	defer f.Close()
	tmp, err := os.MkdirTemp(filepath.Dir(path), "content-")
	if err != nil {
		return fmt.Errorf("unpack the content: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := bundle.Unpack(f, tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("unpack the content: %w", err)
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// download gets an artefact of the hub and verifies it with the keys that are
// trusted here. It gives the file with the payload.
func (r *remote) download(ctx context.Context, kind, name string) (path string, m bundle.Manifest, err error) {
	keys, err := bundle.Trusted(filepath.Join(r.o.Data, "trust"))
	if err == nil && len(keys) == 0 {
		err = ident.Errorf(ident.Denied, "start the sensor once with --trust KEY.pub", "no key is trusted for %ss from the hub", kind)
	}
	if err != nil {
		return "", m, err
	}
	dir := filepath.Join(r.o.Data, "download")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", m, fmt.Errorf("make a folder for downloads: %w", err)
	}
	signed, err := os.CreateTemp(dir, "signed-")
	if err != nil {
		return "", m, fmt.Errorf("download: %w", err)
	}
	defer os.Remove(signed.Name())
	defer signed.Close()
	if err := forward.Download(ctx, r.id, kind, name, signed); err != nil {
		return "", m, err
	}
	if _, err := signed.Seek(0, 0); err != nil {
		return "", m, err
	}
	payload, err := os.CreateTemp(dir, "payload-")
	if err != nil {
		return "", m, fmt.Errorf("download: %w", err)
	}
	m, _, err = bundle.Verify(signed, keys, kind, payload)
	if err = errors.Join(err, payload.Sync(), payload.Close()); err != nil {
		os.Remove(payload.Name())
		return "", m, err
	}
	return payload.Name(), m, nil
}

// trust keeps a public key in the folder of those that are trusted.
func trust(dir, file string) error {
	text, err := bundle.ReadKeyFile(file)
	if err != nil {
		return err
	}
	k, err := bundle.ParsePublic(text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("trust a key: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, k.ID()+".pub"), text, 0o600)
}
