//go:build !sensor

package state

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// RestoreOptions says where what is beside the state goes. What has no taker
// is left in the archive.
type RestoreOptions struct {
	Segment func(ctx context.Context, id string, r io.Reader, size int64) error
	File    func(name string, r io.Reader, size int64) error
	Options Options
}

func badBackup(p, format string, args ...any) error {
	return ident.Errorf(ident.Invalid, "use another backup", "backup %q: "+format, append([]any{p}, args...)...)
}

// VerifyBackup reads a whole backup and checks every hash in it.
func VerifyBackup(ctx context.Context, p string) (*Backup, error) {
	var found []BackupEntry
	var b *Backup
	err := readBackup(ctx, p, func(h *tar.Header, r io.Reader) error {
		if b != nil {
			return badBackup(p, "there is something behind its index")
		}
		if h.Name == backupIndex {
			b = &Backup{}
			if err := json.NewDecoder(io.LimitReader(r, maxIndex)).Decode(b); err != nil {
				return badBackup(p, "its index cannot be read: %w", err)
			}
			_, err := io.Copy(io.Discard, r)
			return err
		}
		sha := sha256.New()
		n, err := io.Copy(sha, r)
		found = append(found, BackupEntry{h.Name, n, sum(sha)})
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		return nil, badBackup(p, "it has no index: it was cut, or is none")
	case b.Format != backupFormat:
		return nil, badBackup(p, "its format is %d, this program reads %d", b.Format, backupFormat)
	case b.Schema > Schema():
		return nil, ident.Errorf(ident.Invalid, "use a newer edgeward", "backup %q: its schema has version %d, this program knows %d", p, b.Schema, Schema())
	case len(found) != len(b.Entries):
		return nil, badBackup(p, "it has %d files, its index says %d", len(found), len(b.Entries))
	}
	for i, e := range b.Entries {
		if found[i] != e {
			return nil, badBackup(p, "%s is not what it was when the backup was made", e.Name)
		}
	}
	if info, err := os.Stat(p); err == nil {
		b.Bytes = info.Size()
	}
	return b, nil
}

// readBackup calls each for every entry.
func readBackup(ctx context.Context, p string, each func(h *tar.Header, r io.Reader) error) error {
	f, err := os.Open(p)
	if err != nil {
		return ident.Errorf(ident.NotFound, "", "open backup: %w", err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return badBackup(p, "%w", err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badBackup(p, "%w", err)
		}
		if h.Typeflag != tar.TypeReg || h.Name != path.Clean(h.Name) || path.IsAbs(h.Name) || strings.HasPrefix(h.Name, "..") || strings.Contains(h.Name, `\`) {
			return badBackup(p, "%q is no name of a file in a backup", h.Name)
		}
		if err := each(h, t); err != nil {
			if ident.CodeOf(err) == ident.Internal {
				return badBackup(p, "%s: %w", h.Name, err)
			}
			return err
		}
	}
}

// Restore checks a backup and makes a state store of it at a data source that
// must be empty. A SQLite file gets its name when it is whole.
func Restore(ctx context.Context, p, dsn string, o RestoreOptions) (*Backup, error) {
	b, err := VerifyBackup(ctx, p)
	if err != nil {
		return nil, err
	}
	file, isSQLite := strings.CutPrefix(dsn, "sqlite:")
	target := dsn
	if isSQLite {
		if _, err := os.Lstat(file); err == nil {
			return nil, ident.Errorf(ident.Usage, "move it away first", "restore: %s exists", file)
		}
		target = "sqlite:" + file + ".restoring"
		if err := removeSQLite(file + ".restoring"); err != nil {
			return nil, fmt.Errorf("restore: %w", err)
		}
	}
	if err := restoreInto(ctx, p, target, b, o); err != nil {
		if isSQLite {
			err = errors.Join(err, removeSQLite(file+".restoring"))
		}
		return nil, err
	}
	if !isSQLite {
		return b, nil
	}
	if err := errors.Join(os.Rename(file+".restoring", file), os.Remove(file+".restoring.lock")); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return b, syncDir(filepath.Dir(file))
}

func removeSQLite(file string) error {
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func restoreInto(ctx context.Context, p, dsn string, b *Backup, o RestoreOptions) (err error) {
	s, err := openEmpty(ctx, dsn, b.Schema, o.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.update(ctx, "restore", func(t *tx) error { return t.load(ctx, p, b, &o) }); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil { // a backup of an older version
		return err
	}
	return s.reindex(ctx)
}

// openEmpty opens a store that has nothing in it, with an older schema.
func openEmpty(ctx context.Context, dsn string, schema int, o Options) (*Store, error) {
	s, err := prepare(ctx, dsn, &o)
	if err != nil {
		return nil, err
	}
	v, err := s.version(ctx)
	if err == nil && v != 0 {
		err = ident.Errorf(ident.Usage, "restore into an empty database", "restore: the database has a state store in it")
	}
	if err == nil {
		var list []migration
		if list, err = migrations(&s.d); err == nil {
			list = slices.DeleteFunc(list, func(m migration) bool { return m.version > schema })
			if len(list) == 0 {
				err = ident.Errorf(ident.Invalid, "use another backup", "restore: there is no schema %d", schema)
			} else {
				err = s.migrateTo(ctx, list)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.close(false))
	}
	return s, nil
}

// load reads the archive into the tables.
func (t *tx) load(ctx context.Context, p string, b *Backup, o *RestoreOptions) error {
	_, columns, err := t.s.tables(ctx, t.w.conn)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	err = readBackup(ctx, p, func(h *tar.Header, r io.Reader) error {
		switch name := h.Name; {
		case strings.HasPrefix(name, stateDir):
			table, _, _ := strings.Cut(strings.TrimPrefix(name, stateDir), ".")
			have, ok := columns[table]
			if !ok || !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(b.Columns[table]))) {
				return badBackup(p, "its table %q is not of schema %d", table, b.Schema)
			}
			return t.loadRows(table, b.Columns[table], r)
		case strings.HasPrefix(name, segmentsDir):
			id := strings.TrimPrefix(name, segmentsDir)
			kept[id] = true
			if o.Segment != nil {
				return o.Segment(ctx, id, r, h.Size)
			}
		case strings.HasPrefix(name, filesDir) && o.File != nil:
			return o.File(strings.TrimPrefix(name, filesDir), r, h.Size)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.dropLost(kept)
}

// dropLost removes the manifest's rows of files that are not in the backup.
func (t *tx) dropLost(kept map[string]bool) error {
	var lost []string
	err := t.query("SELECT id FROM segments", nil, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if !kept[id] {
			lost = append(lost, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(lost, inPiece) {
		var args []any
		if _, err := t.exec("DELETE FROM segments WHERE "+in("id", piece, &args), args...); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) loadRows(table string, columns []string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxBackupRow)
	var rows [][]any
	for lines.Scan() {
		row, err := loaded(lines.Bytes())
		if err != nil {
			return err
		}
		if len(row) != len(columns) {
			return fmt.Errorf("a row has %d columns, not %d", len(row), len(columns))
		}
		if rows = append(rows, row); len(rows) == 64 {
			if err := t.bulk(table, columns, "", rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return errors.Join(lines.Err(), t.bulk(table, columns, "", rows))
}

// loaded reads what dumped wrote.
func loaded(line []byte) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil {
		return nil, err
	}
	for i, v := range row {
		switch v := v.(type) {
		case nil, string:
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, err
			}
			row[i] = n
		case map[string]any:
			text, _ := v["b"].(string)
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			row[i] = b
		default:
			return nil, fmt.Errorf("a value is of a type that no table has")
		}
	}
	return row, nil
}

// reindex makes the words of all findings anew, and has row numbers go on
// behind the largest.
func (s *Store) reindex(ctx context.Context) error {
	return s.update(ctx, "index findings", func(t *tx) error {
		last := int64(-1)
		for {
			var list []*finding.Record
			var numbers []int64
			err := t.query("SELECT n, record FROM findings WHERE n > ? ORDER BY n LIMIT 500", []any{last}, func(rows *sql.Rows) error {
				var n int64
				var b []byte
				if err := rows.Scan(&n, &b); err != nil {
					return err
				}
				r := &finding.Record{}
				numbers, list = append(numbers, n), append(list, r)
				return decode(b, r)
			})
			if err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			for i, r := range list {
				if err := t.index(numbers[i], findingWords(r)); err != nil {
					return err
				}
			}
			last = numbers[len(numbers)-1]
		}
		if !t.s.d.postgres() || last < 0 {
			return nil
		}
		_, err := t.exec("SELECT setval(pg_get_serial_sequence('findings', 'n'), ?)", last)
		return err
	})
}
