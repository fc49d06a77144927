//go:build !sensor

package cli

import (
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func newEvents(s *streams) *cobra.Command {
	return s.group("events", "facts that sensors observed", `  edgeward events search 'kind:dns name:*.example.com' --from 2026-11-22T00:00:00Z
  edgeward events top dest_ip --device ID
  edgeward events histogram 'kind:telnet'`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{h.eventsSearch(), h.eventsTop(), h.eventsHistogram(), h.eventsShow(), h.eventsFields(), h.eventsExport()}
	})
}

// eventFlags are those of all questions about facts.
func eventFlags(cmd *cobra.Command) {
	span(cmd)
	cmd.Flags().StringArray("sensor", nil, "only this sensor; may be repeated")
	cmd.Flags().String("device", "", "either side is this device")
}

func eventQuery(cmd *cobra.Command, words []string, more ...string) url.Values {
	q := query(cmd, append(more, "from", "to", "sensor", "device")...)
	if len(words) > 0 {
		q.Set("q", strings.Join(words, " "))
	}
	return q
}

func (h *hubFlags) eventsSearch() *cobra.Command {
	cmd := verb("search [QUERY]", "facts, newest first", "  edgeward events search 'proto:mqtt verb:publish' --limit 20", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/events", eventQuery(cmd, args, "limit", "cursor", "oldest"), columns("time kind src_ip dest_ip dest_port protocol name verb path status sensor"))
	})
	eventFlags(cmd)
	cmd.Flags().Int("limit", 100, "rows, at most 1000")
	cmd.Flags().String("cursor", "", "from an earlier answer: member next with --format json")
	cmd.Flags().Bool("oldest", false, "oldest first")
	return cmd
}

func (h *hubFlags) eventsTop() *cobra.Command {
	cmd := verb("top FIELD [QUERY]", "the most frequent values of a field", "  edgeward events top name 'kind:dns'", minimumArgs(1, "FIELD"), func(cmd *cobra.Command, args []string) error {
		q := eventQuery(cmd, args[1:], "n")
		q.Set("field", args[0])
		return h.get(cmd, "/events/top", q, columns("value count bytes"))
	})
	eventFlags(cmd)
	cmd.Flags().Int("n", 10, "how many, at most 100")
	return cmd
}

func (h *hubFlags) eventsHistogram() *cobra.Command {
	cmd := verb("histogram [QUERY]", "facts over time", "  edgeward events histogram 'kind:dns' --buckets 24", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		c, err := h.connect(cmd)
		if err != nil {
			return err
		}
		var v map[string]any
		if err := c.Do(cmd.Context(), "GET", "/events/histogram", eventQuery(cmd, args, "buckets"), nil, &v); err != nil {
			return err
		}
		if h.format == "json" {
			return h.print(v, nil)
		}
		return h.print(v["buckets"], columns("start count bytes"))
	})
	eventFlags(cmd)
	cmd.Flags().Int("buckets", 60, "how many, at most 500")
	return cmd
}

func (h *hubFlags) eventsShow() *cobra.Command {
	return verb("show ID", "one fact, whole", "  edgeward events show ID --format json", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/events/"+pathOf(args[0]), nil, nil)
	})
}

func (h *hubFlags) eventsFields() *cobra.Command {
	return verb("fields", "fields that queries may use", "  edgeward events fields --format csv", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.get(cmd, "/events/fields", nil, columns("name type kind doc"))
	})
}

func (h *hubFlags) eventsExport() *cobra.Command {
	var as string
	cmd := verb("export [QUERY]", "facts as a file, up to 100000", "  edgeward events export 'kind:dns' --as jsonl --output dns.jsonl", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		q := eventQuery(cmd, args, "limit", "oldest")
		q.Set("format", as)
		return h.download(cmd, "GET", "/events/export", q, nil)
	})
	eventFlags(cmd)
	cmd.Flags().StringVar(&as, "as", "jsonl", "csv, json or jsonl")
	cmd.Flags().Int("limit", 10000, "rows, at most 100000")
	cmd.Flags().Bool("oldest", false, "oldest first")
	return cmd
}
