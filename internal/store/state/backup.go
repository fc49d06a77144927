//go:build !sensor

package state

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// A backup is a tar archive compressed with zstd:
//
//	state/TABLE.NUMBER.jsonl   rows as JSON arrays, in the order of Columns
//	segments/ID                files of the event log
//	files/NAME                 what else belongs to the hub: its key, settings
//	backup.json                what there is, with hashes; the last entry
//
// Rows are written the same from every engine, so that a backup of SQLite can
// be restored into PostgreSQL. Numbers are numbers, bytes are base64.

// backupFormat is the version of the archive's layout.
const backupFormat = 1

// The names in an archive.
const (
	backupIndex  = "backup.json"
	stateDir     = "state/"
	segmentsDir  = "segments/"
	filesDir     = "files/"
	backupPiece  = 4 << 20 // bytes of rows in one entry
	maxIndex     = 256 << 20
	maxBackupRow = 64 << 20
)

// Backup says what is in a backup.
type Backup struct {
	Format   int                 `json:"format"`
	Created  time.Time           `json:"created"`
	Version  string              `json:"version"` // of the program that made it
	Engine   string              `json:"engine"`
	Schema   int                 `json:"schema"`
	Columns  map[string][]string `json:"columns"` // by table
	Rows     map[string]int      `json:"rows"`    // by table
	Segments int                 `json:"segments"`
	Missing  []string            `json:"missing,omitempty"` // segments whose files were gone
	Entries  []BackupEntry       `json:"entries"`
	Bytes    int64               `json:"-"` // of the archive
}

// BackupEntry is one file of a backup.
type BackupEntry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// BackupOptions says what goes into a backup beside the state.
type BackupOptions struct {
	Version string
	// Segment opens a file of the event log and gives its size; NotFound when
	// it is gone, as after compaction. Nil leaves the event log out.
	Segment func(ctx context.Context, g hub.Segment) (io.ReadCloser, int64, error)
	Files   map[string]string // further files: path by name
}

// Backup writes a backup to a file that must not exist. Work goes on
// meanwhile; what is in the backup is the state of one moment. The file has
// its name only when it is whole and on the disk.
func (s *Store) Backup(ctx context.Context, path string, o BackupOptions) (b *Backup, err error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, ident.Errorf(ident.Usage, "choose another name", "make backup: %s exists", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".backup-*")
	if err != nil {
		return nil, ident.Errorf(ident.Denied, "check that the folder exists and may be written to", "make backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	b, err = s.writeBackup(ctx, f, o)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		b.Bytes, err = f.Seek(0, io.SeekEnd)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("make backup %q: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	return b, syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// backupWriter writes entries and notes their hashes.
type backupWriter struct {
	t *tar.Writer
	b *Backup
}

func (w *backupWriter) entry(name string, size int64, r io.Reader) error {
	if err := w.t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.t, h), io.LimitReader(r, size))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%s has %d bytes, not %d: it changed meanwhile", name, n, size)
	}
	w.b.Entries = append(w.b.Entries, BackupEntry{name, size, sum(h)})
	return nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func (s *Store) writeBackup(ctx context.Context, out io.Writer, o BackupOptions) (*Backup, error) {
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	b := &Backup{Format: backupFormat, Created: s.clock().UTC(), Version: o.Version, Engine: s.d.name, Schema: Schema(), Columns: map[string][]string{}, Rows: map[string]int{}}
	w := &backupWriter{tar.NewWriter(z), b}
	segments, err := s.dump(ctx, w)
	if err != nil {
		return nil, err
	}
	if o.Segment != nil {
		for _, g := range segments {
			if err := w.segment(ctx, g, o.Segment); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Files)) {
		if err := w.file(filesDir+name, o.Files[name]); err != nil {
			return nil, err
		}
	}
	index, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return nil, err
	}
	if err := w.entry(backupIndex, int64(len(index)), bytes.NewReader(index)); err != nil {
		return nil, err
	}
	return b, errors.Join(w.t.Close(), z.Close())
}

func (w *backupWriter) segment(ctx context.Context, g hub.Segment, open func(context.Context, hub.Segment) (io.ReadCloser, int64, error)) error {
	r, size, err := open(ctx, g)
	if ident.CodeOf(err) == ident.NotFound {
		w.b.Missing = append(w.b.Missing, g.ID)
		return nil
	}
	if err != nil {
		return err
	}
	w.b.Segments++
	return errors.Join(w.entry(segmentsDir+g.ID, size, r), r.Close())
}

func (w *backupWriter) file(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = w.entry(name, info.Size(), f)
	}
	return errors.Join(err, f.Close())
}

// tables gives the tables of a backup with their columns, those first that
// others refer to. Words are made anew when a backup is restored.
func (s *Store) tables(ctx context.Context, q querier) (names []string, columns map[string][]string, err error) {
	query := "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'findings_words%' ORDER BY m.name, p.cid"
	if s.d.postgres() {
		query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'findings_words' ORDER BY table_name, ordinal_position"
	}
	columns = map[string][]string{}
	err = walk(ctx, q, query, nil, func(rows *sql.Rows) error {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		if table != "schema_version" {
			columns[table] = append(columns[table], column)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(columns)), columns, err
}

// dump writes all tables as they are at one moment, and gives the manifest.
func (s *Store) dump(ctx context.Context, w *backupWriter) (segments []hub.Segment, err error) {
	q, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: s.d.snapshot, ReadOnly: true})
	if err != nil {
		return nil, s.done("back up", err)
	}
	defer func() { _ = q.Rollback() }() // it has read only
	names, columns, err := s.tables(ctx, q)
	if err != nil {
		return nil, s.done("back up", err)
	}
	for _, table := range names {
		w.b.Columns[table] = columns[table]
		if err := w.table(ctx, q, table, columns[table]); err != nil {
			return nil, s.done("back up "+table, err)
		}
	}
	err = walk(ctx, q, "SELECT id, family, bytes, sum FROM segments WHERE broken = '' ORDER BY id", nil, func(rows *sql.Rows) error {
		var g hub.Segment
		var sum int64
		err := rows.Scan(&g.ID, &g.Family, &g.Bytes, &sum)
		g.Sum = uint64(sum)
		segments = append(segments, g)
		return err
	})
	return segments, s.done("back up", err)
}

// table writes the rows of one table in pieces.
func (w *backupWriter) table(ctx context.Context, q querier, table string, columns []string) error {
	var buf bytes.Buffer
	piece := 0
	flush := func() error {
		if buf.Len() == 0 {
			return nil
		}
		piece++
		err := w.entry(fmt.Sprintf("%s%s.%06d.jsonl", stateDir, table, piece), int64(buf.Len()), &buf)
		buf.Reset()
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	list := ""
	for i, c := range columns {
		if i > 0 {
			list += ", "
		}
		list += c
	}
	err := walk(ctx, q, "SELECT "+list+" FROM "+table, nil, func(rows *sql.Rows) error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		line, err := json.Marshal(dumped(values))
		if err != nil {
			return err
		}
		buf.Write(append(line, '\n'))
		w.b.Rows[table]++
		if buf.Len() >= backupPiece {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// dumped writes bytes so that they can be told from text.
func dumped(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		if b, ok := v.([]byte); ok {
			out[i] = map[string][]byte{"b": b}
		} else {
			out[i] = v
		}
	}
	return out
}
