package segment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"edgeward/internal/hub"
)

// check makes the folder and the manifest agree.
func (l *Log) check(ctx context.Context) error {
	if err := l.sweep(); err != nil {
		return err
	}
	list, err := l.o.Manifest.Segments(ctx)
	if err != nil {
		return fmt.Errorf("read the manifest: %w", err)
	}
	there, err := l.files.list(ctx)
	if err != nil {
		return fmt.Errorf("list the files: %w", err)
	}
	var changed []hub.Segment
	for i := range list {
		s := &list[i]
		was := s.Broken
		size, ok := there[s.ID]
		delete(there, s.ID)
		switch {
		case !ok:
			s.Broken = errMissing.Error()
		case size != s.Bytes:
			s.Broken = fmt.Sprintf("%v: %d bytes, not %d", errSize, size, s.Bytes)
		case was == errMissing.Error(): // it was put back
			s.Broken = ""
		}
		if s.Broken != was {
			l.o.Log.Warn("a file of the event log is left out", "file", s.ID, "reason", s.Broken)
			changed = append(changed, *s)
		}
	}
	if len(changed) > 0 {
		if err := l.o.Manifest.SwapSegments(ctx, changed, nil, nil); err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
	}
	// What no row names was written just before a crash and comes again from
	// the stream, or was about to be removed.
	for name := range there {
		if err := l.files.remove(ctx, name); err != nil {
			return fmt.Errorf("remove a file that the manifest does not name: %w", err)
		}
	}
	l.replace(list, nil, nil)
	return nil
}

// sweep removes what was being written.
func (l *Log) sweep() error {
	dir := filepath.Join(l.o.Dir, temporary)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// mark notes in the manifest that a file cannot be read, with the reason, when
// the error says so; other errors pass.
func (l *Log) mark(ctx context.Context, s *sealed, err error) {
	if !errors.Is(err, errCorrupt) && !errors.Is(err, errMissing) && !errors.Is(err, errSize) {
		return
	}
	s.mu.Lock()
	known := s.Broken != "" || s.gone
	if !known {
		s.Broken = err.Error()
	}
	row := s.Segment
	s.mu.Unlock()
	if known {
		return
	}
	l.o.Log.Error("a file of the event log cannot be read", "file", s.ID, "error", err)
	if err := l.o.Manifest.SwapSegments(context.WithoutCancel(ctx), []hub.Segment{row}, nil, nil); err != nil {
		l.o.Log.Error("note a damaged file in the manifest", "file", s.ID, "error", err)
	}
}

// Verify reads every file and compares its checksum. Those that differ are
// marked, and given.
func (l *Log) Verify(ctx context.Context) ([]Broken, error) {
	l.mu.Lock()
	list := append([]*sealed(nil), l.segments...)
	for _, s := range list {
		s.hold()
	}
	l.mu.Unlock()
	defer func() {
		for _, s := range list {
			s.release()
		}
		l.trim()
	}()
	buf := make([]byte, 256<<10)
	for _, s := range list {
		if s.broken() != "" {
			continue
		}
		f, err := s.use(ctx)
		if err != nil {
			l.mark(ctx, s, err)
			continue
		}
		sum := crc32.New(castagnoli)
		_, err = io.CopyBuffer(struct{ io.Writer }{sum}, &contextReader{ctx, io.NewSectionReader(f, 0, s.Bytes)}, buf)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && uint64(sum.Sum32()) != s.Sum {
			err = fmt.Errorf("%w: the checksum is another one", errCorrupt)
		}
		if err != nil {
			l.mark(ctx, s, err)
		}
	}
	return l.Status().Broken, nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
