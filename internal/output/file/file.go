// Package file writes lines to a file that is rotated by size and age: the
// file of the given name is always the newest, and older ones carry the time
// at which they ended and are compressed. It knows nothing of what lines hold.
package file

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// Options say how a file is kept. Zero values take the defaults.
type Options struct {
	Path string
	Size int64         // bytes after which a new file begins; default 100 MiB
	Age  time.Duration // after which a new file begins; 0 never
	Keep int           // older files; default 10
	Now  ident.Clock
}

// Writer writes whole lines: each call of Write must end with a newline. It is
// safe for concurrent use.
type Writer struct {
	o Options

	mu    sync.Mutex
	f     *os.File
	size  int64
	begun time.Time
}

var _ io.WriteCloser = (*Writer)(nil)

// Open opens the file for appending and makes its folder.
func Open(o Options) (*Writer, error) {
	if o.Size <= 0 {
		o.Size = 100 << 20
	}
	if o.Keep <= 0 {
		o.Keep = 10
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Writer{o: o}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o750); err != nil {
		return nil, fmt.Errorf("write %q: %w", o.Path, err)
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) open() error {
	f, err := os.OpenFile(w.o.Path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("write %q: %w", w.o.Path, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return fmt.Errorf("write %q: %w", w.o.Path, err)
	}
	w.f, w.size, w.begun = f, info.Size(), w.o.Now()
	if w.size > 0 {
		w.begun = info.ModTime()
		w.mend()
	}
	return nil
}

// mend ends a line that a crash left unfinished, so that the next one is whole.
func (w *Writer) mend() {
	last := make([]byte, 1)
	if _, err := w.f.ReadAt(last, w.size-1); err == nil && last[0] != '\n' {
		if n, err := w.f.Write([]byte{'\n'}); err == nil {
			w.size += int64(n)
		}
	}
}

// Write appends lines, to a new file when it is time for one. A write that
// fails, such as on a full disk, is cut off again: the file holds whole lines.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		if err := w.open(); err != nil {
			return 0, err
		}
	}
	if w.size > 0 && (w.size+int64(len(b)) > w.o.Size || w.o.Age > 0 && w.o.Now().Sub(w.begun) >= w.o.Age) {
		if err := w.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := w.f.Write(b)
	if err != nil {
		_ = w.f.Truncate(w.size)
		return 0, fmt.Errorf("write %q: %w", w.o.Path, err)
	}
	w.size += int64(n)
	return n, nil
}

// Close closes the file.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		return nil
	}
	err := w.f.Close()
	w.f = nil
	return err
}

const stamp = "20060102T150405.000"

func (w *Writer) rotate() error {
	if err := w.f.Close(); err != nil {
		return fmt.Errorf("write %q: %w", w.o.Path, err)
	}
	w.f = nil
	old := w.o.Path + "." + w.o.Now().UTC().Format(stamp)
	for i := 1; exists(old) || exists(old+".gz"); i++ {
		old = fmt.Sprintf("%s.%s-%d", w.o.Path, w.o.Now().UTC().Format(stamp), i)
	}
	if err := os.Rename(w.o.Path, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rotate %q: %w", w.o.Path, err)
	}
	if err := w.open(); err != nil {
		return err
	}
	w.begun = w.o.Now()
	if err := squeeze(old); err != nil {
		return err
	}
	w.prune()
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// squeeze compresses a file; the original goes only when the copy is whole.
func squeeze(path string) (err error) {
	defer func() {
		if err != nil {
			os.Remove(path + ".gz.tmp")
			err = fmt.Errorf("compress %q: %w", path, err)
		}
	}()
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path+".gz.tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	if err = errors.Join(err, z.Close(), out.Sync(), out.Close()); err != nil {
		return err
	}
	if err = os.Rename(path+".gz.tmp", path+".gz"); err != nil {
		return err
	}
	return os.Remove(path)
}

// prune removes the oldest files beyond those to keep.
func (w *Writer) prune() {
	list, err := os.ReadDir(filepath.Dir(w.o.Path))
	if err != nil {
		return
	}
	prefix := filepath.Base(w.o.Path) + "."
	var old []string
	for _, e := range list {
		if rest, ok := strings.CutPrefix(e.Name(), prefix); ok && len(rest) >= len(stamp) {
			if _, err := time.Parse(stamp, rest[:len(stamp)]); err == nil {
				old = append(old, e.Name())
			}
		}
	}
	slices.Sort(old)
	for len(old) > w.o.Keep {
		os.Remove(filepath.Join(filepath.Dir(w.o.Path), old[0]))
		old = old[1:]
	}
}
