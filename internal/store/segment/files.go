package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"edgeward/internal/hub"
)

const extension = ".parquet"

// source is an opened file's bytes.
type source interface {
	io.ReaderAt
	io.Closer
}

// files is where files are: a folder, or an object store.
type files interface {
	// put moves a finished local file to its name; it is durable afterwards.
	put(ctx context.Context, name, path string) error
	open(ctx context.Context, s *hub.Segment) (source, error)
	// list gives all names with their sizes.
	list(ctx context.Context) (map[string]int64, error)
	// remove removes a file; one that is gone is no error.
	remove(ctx context.Context, name string) error
}

// openFile is a file with its footer read.
type openFile struct {
	source
	parquet *parquet.File
}

// errMissing and errSize are why a file in the manifest is left out.
var (
	errMissing = errors.New("the file is missing")
	errSize    = errors.New("the file has another size than when it was written")
)

func open(ctx context.Context, fs files, s *hub.Segment) (*openFile, error) {
	src, err := fs.open(ctx, s)
	if err != nil {
		return nil, err
	}
	p, err := openParquet(src, s.Bytes)
	if err == nil && uint64(p.NumRows()) != s.Rows {
		err = fmt.Errorf("%w: it has %d rows and should have %d", errCorrupt, p.NumRows(), s.Rows)
	}
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return &openFile{source: src, parquet: p}, nil
}

// folder keeps files below a local folder.
type folder struct{ dir string }

func (d *folder) path(name string) string {
	return filepath.Join(d.dir, filepath.FromSlash(name)+extension)
}

func (d *folder) put(_ context.Context, name, path string) error {
	to := d.path(name)
	if err := d.makeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	if err := os.Rename(path, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// makeFolder makes a folder and those above it, each durable in its parent.
func (d *folder) makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil || dir == d.dir {
		return err
	}
	parent := filepath.Dir(dir)
	if err := d.makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *folder) open(_ context.Context, s *hub.Segment) (source, error) {
	f, err := os.Open(d.path(s.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errMissing
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != s.Bytes {
		err = fmt.Errorf("%w: %d bytes, not %d", errSize, info.Size(), s.Bytes)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (d *folder) list(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && filepath.Dir(path) == d.dir && e.Name() == temporary:
			return filepath.SkipDir
		case !e.Type().IsRegular() || !strings.HasSuffix(path, extension):
			return nil
		}
		rel, err := filepath.Rel(d.dir, path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		out[strings.TrimSuffix(filepath.ToSlash(rel), extension)] = info.Size()
		return nil
	})
	return out, err
}

func (d *folder) remove(_ context.Context, name string) error { return removeIfThere(d.path(name)) }
