//go:build !sensor

package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// defaultData is where everything is kept unless told otherwise.
func defaultData() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" { // systemd's
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	if os.Geteuid() == 0 {
		return "/var/lib/edgeward"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "edgeward")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "edgeward")
	}
	return "edgeward-data"
}

// folder is the data folder, held by this process alone.
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder when it is not there and locks it. The lock goes
// with the process, however it ends.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, folderError(path, err)
	}
	probe := filepath.Join(path, "lock")
	f, err := os.OpenFile(probe, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, folderError(path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		b := make([]byte, 20)
		n, _ := f.ReadAt(b, 0)
		f.Close()
		who := "another process"
		if pid := strings.TrimSpace(string(b[:n])); pid != "" {
			who = "process " + pid
		}
		return nil, ident.Errorf(ident.Unavailable, "stop it, or name another folder with --data", "the data folder %q is in use by %s", path, who)
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			f.Close()
			return nil, folderError(path, err)
		}
	}
	return &folder{path: path, lock: f}, nil
}

func folderError(path string, err error) error {
	hint := "name another folder with --data"
	if errors.Is(err, fs.ErrPermission) {
		hint = "run as the user to whom the folder belongs, or name another with --data"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return ident.Errorf(ident.Denied, hint, "the data folder %q cannot be used: %w", path, err)
}

// close gives the folder up.
func (f *folder) close() error { return f.lock.Close() }

// in gives a path below the folder.
func (f *folder) in(elem ...string) string {
	return filepath.Join(append([]string{f.path}, elem...)...)
}

// key gives the hub's key, and makes it at the first start.
func (f *folder) key() ([]byte, error) {
	path := f.in("hub.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, hub.KeySize)
		rand.Read(key)
		return key, writeWhole(path, []byte(hex.EncodeToString(key)+"\n"), 0o600)
	}
	if err != nil {
		return nil, folderError(f.path, err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != hub.KeySize {
		return nil, ident.Errorf(ident.Invalid, "restore it from a backup; without it, second factors and stored passwords of other services cannot be read", "the key in %q is damaged", path)
	}
	return key, nil
}

// writeWhole writes a file that is there whole or not at all, whatever happens.
func writeWhole(path string, content []byte, mode os.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // fails when it was renamed
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
