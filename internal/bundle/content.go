package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"edgeward/internal/ident"
)

// The bounds of what a content bundle unpacks to.
const (
	maxFiles    = 1000
	maxUnpacked = 64 << 20
)

// Pack makes the payload of a content bundle from a folder: its YAML files and
// tables, in the order of their names, so that the same files give the same
// bytes.
func Pack(dir fs.FS) ([]byte, error) {
	var names []string
	err := fs.WalkDir(dir, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && wanted(p) {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("pack content: %w", err)
	}
	if len(names) == 0 {
		return nil, ident.Errorf(ident.NotFound, "name a folder like content/ of the source", "pack content: there are no files of content")
	}
	slices.Sort(names)
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	for _, n := range names {
		b, err := fs.ReadFile(dir, n)
		if err == nil {
			err = t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: n, Mode: 0o644, Size: int64(len(b)), Format: tar.FormatUSTAR})
		}
		if err == nil {
			_, err = t.Write(b)
		}
		if err != nil {
			return nil, fmt.Errorf("pack content: %w", err)
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, fmt.Errorf("pack content: %w", err)
	}
	return out.Bytes(), nil
}

// wanted tells files of content from others.
func wanted(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".tsv", ".bin":
		d := path.Dir(name)
		return d == "." || d == "fingerprints"
	}
	return false
}

// Unpack writes the files of a content bundle's payload below a new folder.
// Names lead nowhere else, and it is bounded whatever it claims to be.
func Unpack(payload io.Reader, dir string) error {
	z, err := zstd.NewReader(payload, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return err
	}
	defer z.Close()
	bad := func(format string, args ...any) error {
		return ident.Errorf(ident.Invalid, "", "unpack content: "+format, args...)
	}
	t := tar.NewReader(io.LimitReader(z, maxUnpacked))
	for files := 0; ; files++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if files == 0 {
				return bad("it is empty")
			}
			return nil
		}
		if err != nil {
			return bad("%w", err)
		}
		if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) || strings.Contains(h.Name, "\\") || !wanted(h.Name) || files >= maxFiles {
			return bad("%q does not belong there", h.Name)
		}
		to := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("unpack content: %w", err)
		}
		f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("unpack content: %w", err)
		}
		_, err = io.Copy(f, t)
		if cerr := f.Close(); err == nil && cerr != nil {
			return fmt.Errorf("unpack content: %w", cerr)
		}
		if err != nil {
			return bad("%q: %w", h.Name, err)
		}
	}
}
