//go:build !sensor

package state

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"edgeward/internal/ident"
)

// fileLock keeps a second process from a database, and tells whether the last
// one ended well: its file holds a process id while the database is open.
type fileLock struct{ f *os.File }

// lockFile takes the lock and reports whether the last holder has released it.
func lockFile(path string) (l *fileLock, clean bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, ident.Errorf(ident.Denied, "check that the folder exists and may be written to", "open state store: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, false, ident.Errorf(ident.Unavailable, "stop the other edgeward, or use another folder", "open state store: another process has it open (%s)", path)
	}
	info, err := f.Stat()
	if err == nil {
		clean = info.Size() == 0
		err = errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		_ = f.Close()
		return nil, false, ident.Errorf(ident.Unavailable, "make room on the disk", "open state store: %w", err)
	}
	return &fileLock{f}, clean, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// release gives the lock up; after a failure the next one is to check.
func (l *fileLock) release(clean bool) error {
	var err error
	if clean {
		err = l.f.Truncate(0)
	}
	if err = errors.Join(err, l.f.Close()); err != nil {
		return fmt.Errorf("release %s: %w", l.f.Name(), err)
	}
	return nil
}

// private makes a database that only its owner reads, whatever the folder
// allows: it holds password hashes. SQLite gives its other files the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = errors.Join(f.Chmod(0o600), f.Close())
	}
	if err != nil {
		return ident.Errorf(ident.Denied, "check that the folder exists and belongs to this user", "open state store: %w", err)
	}
	return nil
}
