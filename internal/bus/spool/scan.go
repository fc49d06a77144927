package spool

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgeward/internal/ident"
)

// Sealed is one sealed file of a folder that was carried here.
type Sealed struct {
	Path   string
	Chain  string // of the folder that it was made in
	Number uint64
}

// Scan finds the sealed files of a folder and of the folders in it, by chain
// and number. Files that are not the program's are left out; a file whose head
// cannot be read is given in damaged.
func Scan(dir string) (files []Sealed, damaged []error, err error) {
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(path, sealedSuffix) {
			return nil
		}
		s, err := head(path)
		if err != nil {
			damaged = append(damaged, err)
			return nil
		}
		files = append(files, s)
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, ident.Errorf(ident.NotFound, "", "read the folder: %w", err)
	} else if err != nil {
		return nil, nil, ioError("read the folder", err)
	}
	ident.Sort(files, func(a, b *Sealed) int {
		if c := strings.Compare(a.Chain, b.Chain); c != 0 {
			return c
		}
		if a.Number != b.Number {
			if a.Number < b.Number {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	return slices.CompactFunc(files, func(a, b Sealed) bool { return a.Chain == b.Chain && a.Number == b.Number }), damaged, nil
}

func head(path string) (Sealed, error) {
	f, err := os.Open(path)
	if err != nil {
		return Sealed{}, ioError("open a file of batches", err)
	}
	defer f.Close()
	w, err := newWalker(f)
	if err != nil {
		return Sealed{}, fmt.Errorf("read %s: %w", path, err)
	}
	return Sealed{path, hex.EncodeToString(w.c.chain[:]), w.c.number}, nil
}

// Each checks the whole file and only then calls fn with each of its records;
// the payload is valid during the call. It gives how many there were.
func (s Sealed) Each(fn func(payload []byte) error) (int64, error) {
	if _, err := inspect(s.Path, true); err != nil {
		return 0, err
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return 0, ioError("open a file of batches", err)
	}
	defer f.Close()
	w, err := newWalker(f)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", s.Path, err)
	}
	for {
		p, err := w.next()
		if errors.Is(err, io.EOF) {
			return w.c.records, nil
		}
		if err != nil {
			return w.c.records, ident.Errorf(ident.Invalid, "", "read %s: it changed while it was read", s.Path)
		}
		if err := fn(p); err != nil {
			return w.c.records - 1, err
		}
	}
}
