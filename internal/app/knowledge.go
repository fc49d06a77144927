//go:build !sensor

package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edgeward/content"
	"edgeward/internal/bundle"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

// Knowledge is the reference knowledge of a hub: the bundles that were
// installed in its data folder, of which one is in use, or what is embedded in
// the program.
type Knowledge struct{ dir string }

// NewKnowledge gives the knowledge of a data folder; the folder need not be there.
func NewKnowledge(data string) *Knowledge { return &Knowledge{filepath.Join(data, "content")} }

// The names below the folder: versions/VERSION/bundle.ewb, versions/VERSION/files/.
const (
	bundleFile = "bundle.ewb"
	filesDir   = "files"
	usedFile   = "used.json"
	// keptVersions is how many versions beside the one in use are kept.
	keptVersions = 3
	// MaxNewFindings is how many findings new content may add to yesterday's
	// without being forced.
	MaxNewFindings = 50
)

// Used is what is in use.
type Used struct {
	Version   string   `json:"version"` // empty for what is embedded
	Signer    string   `json:"signer"`
	Installed int64    `json:"installed"`
	Highest   string   `json:"highest"` // version that was ever installed
	Previous  []string `json:"previous"`
}

func (k *Knowledge) versionDir(v string) string { return filepath.Join(k.dir, "versions", v) }

// TrustDir is where the trusted public keys lie.
func (k *Knowledge) TrustDir() string { return filepath.Join(k.dir, "trust") }

// Trust keeps a public key's file among the trusted ones.
func (k *Knowledge) Trust(file string) error { return trust(k.TrustDir(), file) }

// Used gives what is in use.
func (k *Knowledge) Used() (Used, error) {
	var u Used
	b, err := os.ReadFile(filepath.Join(k.dir, usedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &u)
	}
	if err != nil {
		return Used{}, fmt.Errorf("read which content is in use: %w", err)
	}
	return u, nil
}

func (k *Knowledge) save(u Used) error {
	b, err := json.MarshalIndent(u, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of content: %w", err)
	}
	return writeWhole(filepath.Join(k.dir, usedFile), append(b, '\n'), 0o600)
}

// Folder gives the folder of the files in use, empty for what is embedded. A
// bundle whose files are gone counts as none.
func (k *Knowledge) Folder() string {
	u, err := k.Used()
	if err != nil || u.Version == "" {
		return ""
	}
	dir := filepath.Join(k.versionDir(u.Version), filesDir)
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

// Load makes what is in use the program's own; it is called at the start.
func (k *Knowledge) Load() error {
	dir := k.Folder()
	if dir == "" {
		return nil
	}
	if _, err := knowledgeIn(dir); err != nil {
		return ident.Errorf(ident.Invalid, "go back with edgeward content rollback", "the content in use: %w", err)
	}
	content.Use(os.DirFS(dir))
	return nil
}

// Candidate is a bundle that was verified and unpacked, and is not in use yet.
type Candidate struct {
	Manifest bundle.Manifest
	Signer   string
	Files    string // folder
	tmp      string
}

// Discard removes what is not installed.
func (c *Candidate) Discard() { _ = os.RemoveAll(c.tmp) }

// Verify checks a bundle's signature and content, without using it.
func (k *Knowledge) Verify(r io.Reader) (*Candidate, error) {
	keys, err := bundle.Trusted(k.TrustDir())
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, ident.Errorf(ident.Denied, "trust one with edgeward content trust KEY.pub", "no key is trusted for content")
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of content: %w", err)
	}
	tmp, err := os.MkdirTemp(k.dir, ".new-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bundle: %w", err)
	}
	c := &Candidate{tmp: tmp, Files: filepath.Join(tmp, filesDir)}
	if err := k.open(r, keys, c); err != nil {
		c.Discard()
		return nil, err
	}
	return c, nil
}

func (k *Knowledge) open(r io.Reader, keys []bundle.Key, c *Candidate) error {
	kept, err := os.OpenFile(filepath.Join(c.tmp, bundleFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the bundle: %w", err)
	}
	var payload bytes.Buffer
	m, by, err := bundle.Verify(io.TeeReader(r, kept), keys, bundle.Content, &limited{&payload, 64 << 20})
	if err = errors.Join(err, kept.Sync(), kept.Close()); err != nil {
		return err
	}
	c.Manifest, c.Signer = m, cmp.Or(by.Name, by.ID())
	if err := bundle.Unpack(&payload, c.Files); err != nil {
		return err
	}
	if _, err := knowledgeIn(c.Files); err != nil {
		return ident.Errorf(ident.Invalid, "", "the content does not load: %w", err)
	}
	return nil
}

// limited refuses what is more than a payload of content may have.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, ident.Errorf(ident.Invalid, "", "the bundle is too large for content")
	}
	return l.w.Write(p)
}

// Trial is what new content would have made of yesterday.
type Trial struct {
	Facts         uint64
	Before, After map[string]int // findings by check
}

// Added gives how many findings there would be more, over all checks.
func (t *Trial) Added() int {
	n := 0
	for check, after := range t.After {
		n += max(after-t.Before[check], 0)
	}
	return n
}

// Diff lists the checks with more and with fewer findings.
func (t *Trial) Diff() (more, fewer []string) {
	for _, check := range slices.Sorted(maps.Keys(t.After)) {
		if d := t.After[check] - t.Before[check]; d > 0 {
			more = append(more, fmt.Sprintf("%s: %d more (%d, was %d)", check, d, t.After[check], t.Before[check]))
		}
	}
	for _, check := range slices.Sorted(maps.Keys(t.Before)) {
		if d := t.Before[check] - t.After[check]; d > 0 {
			fewer = append(fewer, fmt.Sprintf("%s: %d fewer (%d, was %d)", check, d, t.After[check], t.Before[check]))
		}
	}
	return more, fewer
}

// Replayer gives stored facts, oldest first.
type Replayer interface {
	Replay(ctx context.Context, r query.Request, fn func(*query.Record) error) error
}

// The bounds of a trial.
const (
	trialFacts = 5_000_000
	trialRun   = 512
)

var errEnough = errors.New("enough facts")

// Try judges the facts of the day before with the content in use and with the
// candidate.
func (k *Knowledge) Try(ctx context.Context, c *Candidate, events Replayer, known JudgeOptions, now time.Time) (*Trial, error) {
	fresh, err := knowledgeIn(c.Files)
	if err != nil {
		return nil, err
	}
	fresh.Home, fresh.Zones, fresh.Indicators = known.Home, known.Zones, known.Indicators
	before, err := newJudge(known)
	if err != nil {
		return nil, err
	}
	after, err := newJudge(fresh)
	if err != nil {
		return nil, err
	}
	t := &Trial{}
	run := make([]*event.Fact, 0, trialRun)
	observe := func() {
		before.observe(run, nil)
		after.observe(run, nil)
		run = run[:0]
	}
	err = events.Replay(ctx, query.Request{From: now.Add(-24 * time.Hour).UnixNano(), To: now.UnixNano()}, func(r *query.Record) error {
		if r.Fact == nil {
			return nil
		}
		if run = append(run, r.Fact); len(run) == trialRun {
			observe()
		}
		if t.Facts++; t.Facts == trialFacts {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("try the content on yesterday's facts: %w", err)
	}
	observe()
	count := func(j *judge) map[string]int {
		j.detect.Close()
		n := map[string]int{}
		for _, f := range j.detect.Findings() {
			n[f.Check]++
		}
		return n
	}
	t.Before, t.After = count(before), count(after)
	return t, nil
}

// Install takes a candidate into use and keeps the one before. An older
// version than was ever installed must be forced.
func (k *Knowledge) Install(c *Candidate, force bool, now time.Time) error {
	u, err := k.Used()
	if err != nil {
		return err
	}
	v := c.Manifest.Version
	if !force && !bundle.Newer(v, cmp.Or(u.Highest, content.Version)) {
		return ident.Errorf(ident.Invalid, "install an older one with --force, or go back with edgeward content rollback", "content %s is not newer than %s, which was installed", v, cmp.Or(u.Highest, content.Version))
	}
	dir := k.versionDir(v)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("install content: %w", err)
	}
	if v != u.Version {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("install content: %w", err)
		}
		if err := os.Rename(c.tmp, dir); err != nil {
			return fmt.Errorf("install content: %w", err)
		}
		u.Previous = append([]string{u.Version}, slices.DeleteFunc(u.Previous, func(p string) bool { return p == v || p == u.Version })...)
	}
	for len(u.Previous) > keptVersions {
		last := u.Previous[len(u.Previous)-1]
		if last != "" {
			_ = os.RemoveAll(k.versionDir(last)) // it only takes room
		}
		u.Previous = u.Previous[:len(u.Previous)-1]
	}
	u.Version, u.Signer, u.Installed = v, c.Signer, now.UnixNano()
	if bundle.Newer(v, u.Highest) {
		u.Highest = v
	}
	return k.save(u)
}

// Rollback goes back to a version that was in use before; empty for the last
// one, which may be what is embedded. "built-in" names that.
func (k *Knowledge) Rollback(version string, now time.Time) (Used, error) {
	u, err := k.Used()
	if err != nil {
		return u, err
	}
	if len(u.Previous) == 0 {
		return u, ident.Errorf(ident.NotFound, "", "there is no content to go back to")
	}
	to := u.Previous[0]
	switch {
	case version == "built-in":
		to = ""
	case version != "":
		to = version
	}
	i := slices.Index(u.Previous, to)
	if i < 0 {
		return u, ident.Errorf(ident.NotFound, "kept are: "+strings.Join(names(u.Previous), ", "), "content %q is not kept", version)
	}
	if to != "" {
		if _, err := knowledgeIn(filepath.Join(k.versionDir(to), filesDir)); err != nil {
			return u, err
		}
	}
	u.Previous = append([]string{u.Version}, slices.Delete(u.Previous, i, i+1)...)
	u.Version, u.Installed, u.Signer = to, now.UnixNano(), ""
	return u, k.save(u)
}

// names gives versions as people call them.
func names(versions []string) []string {
	out := make([]string, len(versions))
	for i, v := range versions {
		out[i] = cmp.Or(v, "built-in")
	}
	return out
}
