//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/ident"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// fills are what steps do beside their statements, by version.
var fills = map[int]func(*tx) error{7: fillDirectory}

// migration is one numbered step of the schema.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations gives the steps for an engine in order. A step that the engines
// do not share has a file for each: "0003_words.sqlite.sql".
func migrations(d *dialect) ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, e := range entries {
		parts := strings.Split(strings.TrimSuffix(e.Name(), ".sql"), ".")
		if len(parts) == 2 && parts[1] != d.name {
			continue
		}
		number, _, _ := strings.Cut(parts[0], "_")
		v, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %q: %w", e.Name(), err)
		}
		b, err := migrationFiles.ReadFile("migrations/" + e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, migration{v, parts[0], d.replace.Replace(string(b))})
	}
	slices.SortFunc(out, func(a, b migration) int { return a.version - b.version })
	return out, nil
}

// Schema gives the version of the schema that this program writes.
func Schema() int {
	list, err := migrations(&sqliteDialect)
	if err != nil || len(list) == 0 {
		return 0
	}
	return list[len(list)-1].version
}

// version reads the version of the schema, 0 for an empty database.
func (s *Store) version(ctx context.Context) (int, error) {
	var n int
	table := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"
	if s.d.postgres() {
		table = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
	}
	if err := s.read.QueryRowContext(ctx, table).Scan(&n); err != nil {
		return 0, s.done("read schema", err)
	}
	if n == 0 {
		return 0, nil
	}
	err := s.read.QueryRowContext(ctx, "SELECT version FROM schema_version").Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, s.done("read schema", err)
}

func (s *Store) refuseOther(ctx context.Context) error {
	v, err := s.version(ctx)
	if err != nil {
		return err
	}
	if v != Schema() {
		return ident.Errorf(ident.Invalid, "use the version of edgeward that made it", "open state store: its schema has version %d, this program reads %d", v, Schema())
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	list, err := migrations(&s.d)
	if err != nil {
		return err
	}
	return s.migrateTo(ctx, list)
}

// migrateTo applies the steps that are missing, each in a transaction.
func (s *Store) migrateTo(ctx context.Context, list []migration) error {
	v, err := s.version(ctx)
	if err != nil {
		return err
	}
	if last := list[len(list)-1].version; v > last {
		return ident.Errorf(ident.Invalid, "use a newer edgeward, or restore a backup from before the upgrade", "open state store: its schema has version %d, this program knows %d", v, last)
	}
	for _, m := range list {
		if m.version <= v {
			continue
		}
		err := s.update(ctx, "migrate", func(t *tx) error {
			if m.version == 1 {
				if _, err := t.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"); err != nil {
					return err
				}
				if _, err := t.exec("INSERT INTO schema_version (version) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM schema_version)"); err != nil {
					return err
				}
			}
			for _, statement := range statements(m.sql) {
				if _, err := t.exec(statement); err != nil {
					return fmt.Errorf("step %s: %w", m.name, err)
				}
			}
			if fill := fills[m.version]; fill != nil {
				if err := fill(t); err != nil {
					return fmt.Errorf("step %s: %w", m.name, err)
				}
			}
			_, err := t.exec("UPDATE schema_version SET version = ?", m.version)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// statements parts a script. No statement of ours has a semicolon inside.
func statements(script string) []string {
	var out []string
	for part := range strings.SplitSeq(script, ";") {
		if strings.TrimSpace(part) != "" {
			out = append(out, part)
		}
	}
	return out
}
