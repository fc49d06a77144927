package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"edgeward/internal/ident"
)

// The permissions of files that commands write: reports name the weak spots of
// a network, and with --show-secrets they hold passwords.
const (
	reportMode os.FileMode = 0o644
	streamMode os.FileMode = 0o640
	secretMode os.FileMode = 0o600
)

// output opens the file that --output names, or gives standard output. The
// file appears under its name only when it is whole; a file that was there
// before stays as it was until then. done takes the outcome so far and gives
// the outcome with the writing.
func (s *streams) output(path string, mode os.FileMode) (w io.Writer, done func(error) error, err error) {
	if path == "" || path == "-" {
		return s.out, func(err error) error { return err }, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return s.stream(path, mode) // a device or a pipe is written to, never replaced
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	tmp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d.part", filepath.Base(path), os.Getpid()))
	os.Remove(tmp) // left behind by a run that was killed and had the same number
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return nil, nil, writeError(path, err)
	}
	return f, func(err error) error {
		if cerr := f.Close(); cerr != nil {
			err = errors.Join(err, writeError(path, cerr))
		}
		if err == nil || errors.Is(err, errFindings) {
			return errors.Join(err, os.Rename(tmp, path))
		}
		os.Remove(tmp)
		return err
	}, nil
}

// stream opens the file that --output names for lines that come one by one;
// they are added to what is there.
func (s *streams) stream(path string, mode os.FileMode) (w io.Writer, done func(error) error, err error) {
	if path == "" || path == "-" {
		return s.out, func(err error) error { return err }, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, mode)
	if err != nil {
		return nil, nil, writeError(path, err)
	}
	return f, func(err error) error { return errors.Join(err, f.Close()) }, nil
}

func writeError(path string, err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return ident.Errorf(ident.Denied, "choose another place with --output", "write %q: %w", path, err)
}
