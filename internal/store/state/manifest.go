//go:build !sensor

package state

import (
	"context"
	"database/sql"
	"slices"

	"edgeward/internal/hub"
)

var segmentColumns = []string{"tenant", "id", "family", "level", "min_time", "max_time", "row_count", "bytes", "stream", "first_seq", "last_seq", "sum", "kinds", "sensors", "broken", "sealed", "idx"}

// Segments gives all rows of the manifest.
func (s *Store) Segments(ctx context.Context) ([]hub.Segment, error) {
	var out []hub.Segment
	err := s.find(ctx, "SELECT tenant, id, family, level, min_time, max_time, row_count, bytes, stream, first_seq, last_seq, sum, kinds, sensors, broken, sealed, idx FROM segments ORDER BY tenant, id", nil, func(rows *sql.Rows) error {
		var g hub.Segment
		var kinds, sensors string
		var n, first, last, sum int64
		var index []byte
		if err := rows.Scan(&g.Tenant, &g.ID, &g.Family, &g.Level, &g.MinTime, &g.MaxTime, &n, &g.Bytes, &g.Stream, &first, &last, &sum, &kinds, &sensors, &g.Broken, &g.Sealed, &index); err != nil {
			return err
		}
		g.Rows, g.First, g.Last, g.Sum = uint64(n), uint64(first), uint64(last), uint64(sum)
		g.Kinds, g.Sensors, g.Index = unlist(kinds), unlist(sensors), slices.Clone(index)
		out = append(out, g)
		return nil
	})
	return out, err
}

// SwapSegments changes the manifest and the event log's checkpoint together.
func (s *Store) SwapSegments(ctx context.Context, add []hub.Segment, remove []string, cp *hub.Checkpoint) error {
	return s.update(ctx, "change the manifest", func(t *tx) error {
		for piece := range slices.Chunk(remove, inPiece) {
			var args []any
			if _, err := t.exec("DELETE FROM segments WHERE "+in("id", piece, &args), args...); err != nil {
				return err
			}
		}
		rows := make([][]any, 0, len(add))
		for i := range add {
			g := &add[i]
			rows = append(rows, []any{
				g.Tenant, g.ID, g.Family, g.Level, g.MinTime, g.MaxTime, g.Rows, g.Bytes, g.Stream, g.First, g.Last, g.Sum,
				list(g.Kinds), list(g.Sensors), g.Broken, g.Sealed, g.Index,
			})
		}
		if err := t.bulk("segments", segmentColumns, upsert("tenant, id", segmentColumns), rows); err != nil {
			return err
		}
		if cp == nil {
			return nil
		}
		was, err := t.Checkpoint(hub.Segments)
		if err != nil {
			return err
		}
		var changed []hub.Source
		for source, n := range cp.Marks {
			if was.Marks[source] != n {
				changed = append(changed, source)
			}
		}
		return t.SaveCheckpoint(hub.Segments, was, *cp, changed)
	})
}
