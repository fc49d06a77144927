//go:build !sensor

package cli

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"edgeward/internal/client"
)

// hubFlags are common to all commands that speak to a hub.
type hubFlags struct {
	s                         *streams
	url, data, format, output string
	token                     string
}

// listFormats are the formats of lists.
var listFormats = []string{"table", "json", "jsonl", "csv"}

// group makes a command that holds others which speak to a hub.
func (s *streams) group(use, short, example string, make func(*hubFlags) []*cobra.Command) *cobra.Command {
	h := &hubFlags{s: s}
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.ArbitraryArgs,
		Long: strings.ToUpper(short[:1]) + short[1:] + `.

The hub is the one that --url and EDGEWARD_TOKEN name, or that edgeward login
has stored, or that runs on this machine with the same user.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	h.flags(cmd)
	cmd.AddCommand(make(h)...)
	return cmd
}

func (h *hubFlags) flags(cmd *cobra.Command) {
	fl := cmd.PersistentFlags()
	fl.StringVar(&h.url, "url", "", "address of the hub (EDGEWARD_URL)")
	fl.StringVar(&h.data, "data", "", "data folder of the hub on this machine (EDGEWARD_DATA)")
	fl.StringVarP(&h.format, "format", "f", "table", "one of "+strings.Join(listFormats, ", "))
	fl.StringVarP(&h.output, "output", "o", "", "write to this file instead of standard output")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(listFormats, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}

// connect finds the hub.
func (h *hubFlags) connect(cmd *cobra.Command) (*client.Client, error) {
	if !slices.Contains(listFormats, h.format) {
		return nil, usage(cmd, fmt.Errorf("unknown format %q: want %s", h.format, strings.Join(listFormats, ", ")))
	}
	p, err := client.Find(h.url, h.token, h.data)
	if err != nil {
		return nil, err
	}
	return client.New(p)
}

// column is one of a table: its head, and the member of a row, with dots.
type column struct{ head, path string }

// columns reads "head=path" or "path" separated by spaces.
func columns(text string) []column {
	var out []column
	for _, word := range strings.Fields(text) {
		head, path, both := strings.Cut(word, "=")
		if !both {
			path = head
		}
		out = append(out, column{head, path})
	}
	return out
}

// get asks for a path and shows the answer: a list below "items", a list, or
// one object.
func (h *hubFlags) get(cmd *cobra.Command, path string, query url.Values, cols []column) error {
	c, err := h.connect(cmd)
	if err != nil {
		return err
	}
	return h.show(cmd.Context(), c, "GET", path, query, nil, cols)
}

// change sends a change and shows the answer.
func (h *hubFlags) change(cmd *cobra.Command, method, path string, body any, cols []column) error {
	c, err := h.connect(cmd)
	if err != nil {
		return err
	}
	return h.show(cmd.Context(), c, method, path, nil, body, cols)
}

// silent sends a change whose answer has no body.
func (h *hubFlags) silent(cmd *cobra.Command, method, path string, body any) error {
	c, err := h.connect(cmd)
	if err != nil {
		return err
	}
	return c.Do(cmd.Context(), method, path, nil, body, nil)
}

func (h *hubFlags) show(ctx context.Context, c *client.Client, method, path string, query url.Values, body any, cols []column) error {
	var v any
	if err := c.Do(ctx, method, path, query, body, &v); err != nil {
		return err
	}
	return h.print(v, cols)
}

// print writes an answer in the format that was asked for.
func (h *hubFlags) print(v any, cols []column) error {
	out, done, err := h.s.output(h.output, reportMode)
	if err != nil {
		return err
	}
	rows, isList := rowsOf(v)
	switch h.format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if isList {
			v = rows
		}
		return done(e.Encode(v))
	case "jsonl":
		b := bufio.NewWriter(out)
		e := json.NewEncoder(b)
		for _, r := range rows {
			if err := e.Encode(r); err != nil {
				return done(err)
			}
		}
		return done(b.Flush())
	case "csv":
		return done(writeCSV(out, rows, cols))
	}
	if !isList && len(cols) == 0 {
		return done(writeObject(out, v))
	}
	return done(writeTable(out, rows, cols))
}

// rowsOf gives the rows of an answer, and whether it is a list.
func rowsOf(v any) ([]any, bool) {
	switch x := v.(type) {
	case []any:
		return x, true
	case map[string]any:
		if items, ok := x["items"].([]any); ok {
			return items, true
		}
	}
	return []any{v}, false
}

func headsOf(rows []any, cols []column) []column {
	if len(cols) > 0 || len(rows) == 0 {
		return cols
	}
	if m, ok := rows[0].(map[string]any); ok {
		for k := range m {
			cols = append(cols, column{k, k})
		}
		slices.SortFunc(cols, func(a, b column) int { return strings.Compare(a.head, b.head) })
	}
	return cols
}

func writeCSV(w io.Writer, rows []any, cols []column) error {
	cols = headsOf(rows, cols)
	c := csv.NewWriter(w)
	var cells []string
	for _, x := range cols {
		cells = append(cells, x.head)
	}
	if err := c.Write(cells); err != nil {
		return err
	}
	for _, r := range rows {
		cells = cells[:0]
		for _, x := range cols {
			cell := cellOf(lookup(r, x.path))
			// A spreadsheet takes these for the beginning of a formula.
			if cell != "" && strings.ContainsRune("=+-@|%", rune(cell[0])) {
				cell = "'" + cell
			}
			cells = append(cells, cell)
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// widest is how wide a column of a table may be, in characters.
const widest = 48

func writeTable(w io.Writer, rows []any, cols []column) error {
	cols = headsOf(rows, cols)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, x := range cols {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, strings.ToUpper(x.head))
	}
	fmt.Fprintln(t)
	for _, r := range rows {
		for i, x := range cols {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, shorten(cellOf(lookup(r, x.path)), widest))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// writeObject writes one object, a member a line, lists below one another.
func writeObject(w io.Writer, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		_, err := fmt.Fprintln(w, cellOf(v))
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		items, isList := m[k].([]any)
		if isList && len(items) > 0 {
			if _, object := items[0].(map[string]any); object {
				for i, x := range items {
					fmt.Fprintf(t, "%s.%d\t%s\n", inert(k), i, shorten(cellOf(x), 160))
				}
				continue
			}
		}
		if text := cellOf(m[k]); text != "" {
			fmt.Fprintf(t, "%s\t%s\n", inert(k), shorten(text, 400))
		}
	}
	return t.Flush()
}

// lookup gives a member of a row.
func lookup(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}

// cellOf writes a value on one line, without anything that a terminal acts on.
func cellOf(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return inert(x)
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case []any:
		parts := make([]string, len(x))
		for i := range x {
			parts[i] = cellOf(x[i])
		}
		return strings.Join(parts, " ")
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		var parts []string
		for _, k := range keys {
			if text := cellOf(x[k]); text != "" {
				parts = append(parts, inert(k)+"="+text)
			}
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(v)
}

// inert takes out of a text what a terminal would act on: control characters
// and those that change the direction of writing.
func inert(text string) string {
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

func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// query makes parameters of flags that were given: each name is that of the
// flag and of the parameter, unless it says "flag=parameter".
func query(cmd *cobra.Command, names ...string) url.Values {
	q := url.Values{}
	for _, n := range names {
		flag, param, both := strings.Cut(n, "=")
		if !both {
			param = flag
		}
		f := cmd.Flags().Lookup(flag)
		if f == nil || !f.Changed {
			continue
		}
		if f.Value.Type() == "stringArray" {
			values, _ := cmd.Flags().GetStringArray(flag) // it is one
			for _, v := range values {
				q.Add(param, v)
			}
			continue
		}
		q.Set(param, f.Value.String())
	}
	return q
}

// members makes a body of flags that were given, as query does.
func members(cmd *cobra.Command, names ...string) map[string]any {
	body := map[string]any{}
	for _, n := range names {
		flag, member, both := strings.Cut(n, "=")
		if !both {
			member = strings.ReplaceAll(flag, "-", "_")
		}
		f := cmd.Flags().Lookup(flag)
		if f == nil || !f.Changed {
			continue
		}
		switch f.Value.Type() {
		case "stringArray":
			body[member], _ = cmd.Flags().GetStringArray(flag) // it is one
		case "bool":
			body[member], _ = cmd.Flags().GetBool(flag)
		case "int":
			body[member], _ = cmd.Flags().GetInt(flag)
		default:
			body[member] = f.Value.String()
		}
	}
	return body
}

// need wants at least one member in a body.
func need(cmd *cobra.Command, body map[string]any) error {
	if len(body) == 0 {
		return usage(cmd, fmt.Errorf("%s: say what to change", cmd.Name()))
	}
	return nil
}

// pages are the flags of a list that has pages.
func pages(cmd *cobra.Command) {
	cmd.Flags().Int("limit", 100, "rows, at most 500")
	cmd.Flags().Int("offset", 0, "rows to leave out")
}

// exactArgs wants n arguments, called what.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(cmd, fmt.Errorf("%s: want %s", cmd.CommandPath(), what))
		}
		return nil
	}
}

// verb makes one command of a group.
func verb(use, short, example string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Example: example, Args: args, RunE: run}
}

// openArg opens a file that an argument names; "-" is standard input.
func (s *streams) openArg(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(s.in), nil
	}
	return os.Open(name)
}

// pathOf escapes an id for a path.
func pathOf(id string) string { return url.PathEscape(id) }
