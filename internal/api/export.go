//go:build !sensor

package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
)

// export answers with a file of rows, in CSV, JSON or JSON lines. rows calls
// back with each row, as a value and as cells.
func (s *Server) export(what, format string, head []string, rows func(row func(v any, cells ...string) error) error) *huma.StreamResponse {
	name := "edgeward-" + what + "-" + s.Clock().UTC().Format("20060102-150405") + "." + format
	switch format {
	case "json":
		return file(name, "application/json", func(w io.Writer) error { return exportJSON(w, "[\n", ",\n", "\n]\n", rows) })
	case "jsonl":
		return file(name, "application/x-ndjson", func(w io.Writer) error { return exportJSON(w, "", "\n", "\n", rows) })
	}
	return file(name, "text/csv; charset=utf-8", func(w io.Writer) error {
		t := newTable(w, head)
		err := rows(func(_ any, cells ...string) error { return t.row(cells) })
		if err != nil {
			return err
		}
		return t.flush()
	})
}

func exportJSON(w io.Writer, before, between, after string, rows func(func(any, ...string) error) error) error {
	b := bufio.NewWriter(w)
	b.WriteString(before)
	first := true
	err := rows(func(v any, _ ...string) error {
		if !first {
			b.WriteString(between)
		}
		first = false
		j, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		_, err = b.Write(j)
		return err
	})
	if err != nil {
		return err
	}
	b.WriteString(after)
	return b.Flush()
}

// table writes CSV whose cells do nothing in a spreadsheet.
type table struct{ w *csv.Writer }

func newTable(w io.Writer, head []string) *table {
	t := &table{csv.NewWriter(w)}
	t.w.UseCRLF = true  // RFC 4180
	_ = t.w.Write(head) // Flush tells
	return t
}

func (t *table) row(cells []string) error {
	for i, c := range cells {
		cells[i] = inertCell(c)
	}
	return t.w.Write(cells)
}

func (t *table) flush() error {
	t.w.Flush()
	return t.w.Error()
}

// inertCell puts a quote before what a spreadsheet would take for a formula
// (OWASP, CSV injection), and takes out characters that control a terminal.
func inertCell(c string) string {
	c = plain(c)
	if c != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(c[0])) {
		return "'" + c
	}
	return c
}

// plain takes out of a text what acts instead of showing: control characters,
// and those that change the direction of writing.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0x200e, r == 0x200f, r == 0x61c, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// stamp writes a time into a cell.
func stamp(t Time) string {
	if t == 0 {
		return ""
	}
	return ident.Time(int64(t))
}
