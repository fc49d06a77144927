//go:build !sensor

package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"edgeward/internal/bundle"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
	"edgeward/internal/store/state"
)

// KnowledgeOf gives the knowledge of a hub's data folder; empty for the
// default one.
func KnowledgeOf(data string) *Knowledge {
	if data == "" {
		data = defaultData()
	}
	return NewKnowledge(data)
}

// SignContent makes a signed content bundle of a folder.
func SignContent(dir, keyFile, version, out string, now time.Time) error {
	payload, err := bundle.Pack(os.DirFS(dir))
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "edgeward-content-")
	if err != nil {
		return fmt.Errorf("make a folder to check the content: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := bundle.Unpack(bytes.NewReader(payload), tmp); err != nil {
		return err
	}
	if _, err := knowledgeIn(tmp); err != nil { // nobody signs what does not load
		return ident.Errorf(ident.Invalid, "", "the content does not load: %w", err)
	}
	return sign(keyFile, bundle.Manifest{Kind: bundle.Content, Version: version, Made: now.Unix()}, payload, out)
}

// SignProgram makes a signed program for sensors.
func SignProgram(file, keyFile, version, system, out string, now time.Time) error {
	payload, err := os.ReadFile(file)
	if err != nil {
		return ident.Errorf(ident.NotFound, "", "read the program: %w", err)
	}
	return sign(keyFile, bundle.Manifest{Kind: bundle.Program, Version: version, System: system, Made: now.Unix()}, payload, out)
}

func sign(keyFile string, m bundle.Manifest, payload []byte, out string) error {
	text, err := bundle.ReadKeyFile(keyFile)
	if err != nil {
		return err
	}
	key, err := bundle.ParseSecret(text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := bundle.Sign(&b, key, m, payload); err != nil {
		return err
	}
	return writeWhole(out, b.Bytes(), 0o644)
}

// MakeKeys writes a pair of keys, NAME.key and NAME.pub, and never over one.
func MakeKeys(path, name string) error {
	secret, public, err := bundle.Generate(name)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		text []byte
		mode fs.FileMode
	}{{path + ".key", secret, 0o600}, {path + ".pub", public, 0o644}} {
		w, err := os.OpenFile(f.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.mode)
		if errors.Is(err, fs.ErrExist) {
			return ident.Errorf(ident.Usage, "name another file; a key that is lost cannot be made again", "%s exists", f.path)
		}
		if err == nil {
			_, err = w.Write(f.text)
			err = errors.Join(err, w.Sync(), w.Close())
		}
		if err != nil {
			return fmt.Errorf("write the key: %w", err)
		}
	}
	return nil
}

// UpdateContent verifies a bundle, tries it on the facts of the day before and
// takes it into use, on a data folder whose hub does not run. With force it is
// installed whatever the trial says, and may be older.
func UpdateContent(ctx context.Context, data, file string, force bool) (*Candidate, *Trial, error) {
	if data == "" {
		data = defaultData()
	}
	k := NewKnowledge(data)
	in, err := os.Open(file)
	if err != nil {
		return nil, nil, ident.Errorf(ident.NotFound, "", "open the bundle: %w", err)
	}
	defer in.Close()
	f, err := openFolder(data)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.close() }()
	c, err := k.Verify(in)
	if err != nil {
		return nil, nil, err
	}
	defer c.Discard()
	if err := k.Load(); err != nil && !force {
		return c, nil, err
	}
	t, err := tryOffline(ctx, k, c, f)
	if err != nil {
		return c, nil, err
	}
	if added := t.Added(); added > MaxNewFindings && !force {
		return c, t, tooManyNew(added)
	}
	return c, t, k.Install(c, force, time.Now())
}

// tryOffline tries on the event log of a hub that does not run.
func tryOffline(ctx context.Context, k *Knowledge, c *Candidate, f *folder) (*Trial, error) {
	if _, err := os.Stat(f.in("state.db")); errors.Is(err, fs.ErrNotExist) {
		return &Trial{}, nil // a hub that has seen nothing yet
	}
	s, err := state.Open(ctx, "sqlite:"+f.in("state.db"), state.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	events, err := segment.Open(ctx, segment.Options{Dir: f.in("events"), Manifest: s})
	if err != nil {
		return nil, err
	}
	defer events.Close()
	return k.Try(ctx, c, events, JudgeOptions{}, time.Now())
}

// VerifyContent checks a bundle without installing it.
func VerifyContent(data, file string) (*Candidate, error) {
	in, err := os.Open(filepath.Clean(file))
	if err != nil {
		return nil, ident.Errorf(ident.NotFound, "", "open the bundle: %w", err)
	}
	defer in.Close()
	c, err := KnowledgeOf(data).Verify(in)
	if err == nil {
		c.Discard()
	}
	return c, err
}
