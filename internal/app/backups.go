//go:build !sensor

package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeward/internal/api"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/store/state"
)

// backups keeps copies of what the hub holds in its data folder: state, the
// files of the event log, and the keys without which they are of no use.
type backups struct {
	h  *Hub
	mu sync.Mutex // one at a time
}

var _ api.Backups = (*backups)(nil)

const (
	backupExtension = ".backup"
	eventExtension  = ".parquet"
)

// backupNames are the names that backups have; nothing else is opened.
var backupNames = regexp.MustCompile(`^edgeward-[0-9]{8}T[0-9]{9}Z\.backup$`)

// backedUp are the files of the data folder that go into a backup.
var backedUp = []string{"hub.key", "console.pem", "ca.key", "ca.crt"}

func (b *backups) path(name string) (string, error) {
	if !backupNames.MatchString(name) {
		return "", ident.Errorf(ident.NotFound, "", "there is no backup %.80q", name)
	}
	path := b.h.folder.in("backups", name)
	if _, err := os.Stat(path); err != nil {
		return "", ident.Errorf(ident.NotFound, "", "there is no backup %q", name)
	}
	return path, nil
}

// Backup makes a backup while everything goes on.
func (b *backups) Backup(ctx context.Context, note string) (api.Backup, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dir := b.h.folder.in("backups")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return api.Backup{}, fmt.Errorf("make a backup: %w", err)
	}
	now := time.Now().UTC()
	name := "edgeward-" + strings.ReplaceAll(now.Format("20060102T150405.000Z"), ".", "") + backupExtension
	o := state.BackupOptions{Version: b.h.o.Version, Files: map[string]string{}}
	if b.h.o.Config.Store.S3.Endpoint == "" { // an object store has copies of its own
		o.Segment = b.segment
	}
	for _, f := range backedUp {
		if _, err := os.Stat(b.h.folder.in(f)); err == nil {
			o.Files[f] = b.h.folder.in(f)
		}
	}
	made, err := b.h.State.Backup(ctx, filepath.Join(dir, name), o)
	if err != nil {
		return api.Backup{}, err
	}
	x := api.Backup{Name: name, Size: made.Bytes, Created: api.Time(now.UnixNano()), Version: b.h.o.Version, Note: note}
	text, err := json.Marshal(x)
	if err == nil {
		err = writeWhole(filepath.Join(dir, name+".json"), text, 0o600)
	}
	return x, err
}

// segment opens a file of the event log.
func (b *backups) segment(_ context.Context, g hub.Segment) (io.ReadCloser, int64, error) {
	f, err := os.Open(b.h.folder.in("events", filepath.FromSlash(g.ID)+eventExtension))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ident.Errorf(ident.NotFound, "", "the file of segment %s is gone", g.ID)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Backups lists what there is, the newest first.
func (b *backups) Backups(context.Context) ([]api.Backup, error) {
	entries, err := os.ReadDir(b.h.folder.in("backups"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var out []api.Backup
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !backupNames.MatchString(e.Name()) {
			continue
		}
		x := api.Backup{Name: e.Name(), Created: api.Time(info.ModTime().UnixNano())}
		if text, err := os.ReadFile(b.h.folder.in("backups", e.Name()+".json")); err == nil {
			_ = json.Unmarshal(text, &x) // what is beside it is for people only
		}
		x.Name, x.Size = e.Name(), info.Size()
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y api.Backup) int { return cmp.Compare(y.Name, x.Name) })
	return out, nil
}

// OpenBackup opens one for reading.
func (b *backups) OpenBackup(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := b.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// DeleteBackup removes one.
func (b *backups) DeleteBackup(_ context.Context, name string) error {
	path, err := b.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path + ".json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the backup: %w", err)
	}
	return os.Remove(path)
}

// BackupInfo says what is in a backup.
type BackupInfo struct {
	Created  string         `json:"created"`
	Version  string         `json:"version"`
	Bytes    int64          `json:"bytes"`
	Segments int            `json:"segments"`
	Missing  []string       `json:"missing,omitempty"`
	Rows     map[string]int `json:"rows"`
}

func infoOf(b *state.Backup) BackupInfo {
	return BackupInfo{Created: ident.Time(b.Created.UnixNano()), Version: b.Version, Bytes: b.Bytes, Segments: b.Segments, Missing: b.Missing, Rows: b.Rows}
}

// VerifyBackup reads a backup to its end and compares every hash.
func VerifyBackup(ctx context.Context, path string) (BackupInfo, error) {
	b, err := state.VerifyBackup(ctx, path)
	if err != nil {
		return BackupInfo{}, err
	}
	return infoOf(b), nil
}

// RestoreBackup makes a data folder of a backup. The folder must hold no hub;
// a hub that runs there is refused. With postgres the state goes there.
func RestoreBackup(ctx context.Context, path, data, postgres string) (BackupInfo, error) {
	if data == "" {
		data = defaultData()
	}
	f, err := openFolder(data)
	if err != nil {
		return BackupInfo{}, err
	}
	defer func() { _ = f.close() }() // nothing is written to the lock
	if _, err := os.Stat(f.in("hub.key")); err == nil {
		return BackupInfo{}, ident.Errorf(ident.Invalid, "name an empty folder with --data, or move this one away", "the data folder %q holds a hub", data)
	}
	dsn := postgres
	if dsn == "" {
		dsn = "sqlite:" + f.in("state.db")
	}
	events, err := os.OpenRoot(f.path)
	if err != nil {
		return BackupInfo{}, folderError(data, err)
	}
	defer events.Close()
	put := func(name string, r io.Reader, mode os.FileMode) error {
		if err := events.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return fmt.Errorf("restore %q: %w", name, err)
		}
		w, err := events.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if err != nil {
			return fmt.Errorf("restore %q: %w", name, err)
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, w.Sync(), w.Close())
	}
	b, err := state.Restore(ctx, path, dsn, state.RestoreOptions{
		Segment: func(_ context.Context, id string, r io.Reader, _ int64) error {
			return put(filepath.Join("events", filepath.FromSlash(id)+eventExtension), r, 0o600)
		},
		File: func(name string, r io.Reader, _ int64) error {
			if !slices.Contains(backedUp, name) {
				return nil // of another version; it is left in the archive
			}
			return put(name, r, 0o600)
		},
	})
	if err != nil {
		return BackupInfo{}, err
	}
	return infoOf(b), nil
}
