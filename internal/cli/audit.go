//go:build !sensor

package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

func newAudit(s *streams) *cobra.Command {
	return s.group("audit", "the log of what people and programs did", `  edgeward audit list --actor anna
  edgeward audit list --action finding. --format jsonl
  edgeward audit verify`, func(h *hubFlags) []*cobra.Command {
		list := verb("list", "list entries, newest first", "  edgeward audit list --action session.refused", noArgs, func(cmd *cobra.Command, _ []string) error {
			return h.get(cmd, "/audit", query(cmd, "actor", "action", "object", "from", "to", "before", "limit"), columns("seq time actor address action object detail reason"))
		})
		fl := list.Flags()
		fl.String("actor", "", "who")
		fl.String("action", "", "what, or a prefix that ends in a dot")
		fl.String("object", "", "to what")
		fl.Int("before", 0, "entries with a smaller seq only")
		fl.Int("limit", 100, "rows, at most 1000")
		span(list)
		return []*cobra.Command{list, h.auditVerify()}
	})
}

func (h *hubFlags) auditVerify() *cobra.Command {
	return verb("verify", "whether the log is whole; exit code 1 when it is not", "  edgeward audit verify", noArgs, func(cmd *cobra.Command, _ []string) error {
		c, err := h.connect(cmd)
		if err != nil {
			return err
		}
		var v map[string]any
		if err := c.Do(cmd.Context(), "GET", "/audit/verify", nil, nil, &v); err != nil {
			return err
		}
		if err := h.print(v, nil); err != nil {
			return err
		}
		if whole, _ := v["whole"].(bool); !whole {
			return errors.New("the audit log has been changed: entry " + cellOf(v["first"]) + " does not fit")
		}
		return nil
	})
}
