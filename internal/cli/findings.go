//go:build !sensor

package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

var findingColumns = columns("id severity status check title device=device_label address count last_seen")

func newFindings(s *streams) *cobra.Command {
	return s.group("findings", "findings of the hub", `  edgeward findings list --severity high --status open
  edgeward findings groups
  edgeward findings edit ID --status acknowledged --comment "ticket 4711"
  edgeward findings evidence ID --reason "incident 12" --output evidence.pcap`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{h.findingsList("list", "list findings", "/findings", findingColumns),
			h.findingsList("groups", "list findings grouped by incident, or by check and site", "/findings/groups", columns("severity check title site devices findings count last_seen key")),
			h.findingsShow(), h.findingsEdit(), h.findingsEvidence()}
	})
}

func (h *hubFlags) findingsList(use, short, path string, cols []column) *cobra.Command {
	cmd := verb(use, short, "  edgeward findings "+use+" --severity high --format json", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.get(cmd, path, query(cmd, "search=q", "check", "kind", "status", "severity", "device", "type", "site", "peer", "incident", "sensor", "from", "to", "muted", "top", "sort", "limit", "offset"), cols)
	})
	fl := cmd.Flags()
	fl.String("search", "", "text in title, explanation, addresses, names, evidence")
	fl.StringArray("check", nil, "this check, or a family such as scan.*; may be repeated")
	fl.StringArray("kind", nil, "exposure, detection, vulnerability or compliance; may be repeated")
	fl.StringArray("status", nil, "open, acknowledged, resolved or not-tested; may be repeated")
	fl.String("severity", "", "at least: info, low, medium, high, critical")
	fl.String("device", "", "id of a device")
	fl.StringArray("type", nil, "type of the device; may be repeated")
	fl.StringArray("site", nil, "only this site; may be repeated")
	fl.String("peer", "", "address or name on the other side")
	fl.String("incident", "", "members of this incident")
	fl.String("sensor", "", "only what this sensor sees")
	fl.String("muted", "", "true or false")
	fl.Bool("top", false, "leave out findings that an incident stands for")
	fl.String("sort", "-last_seen", "last_seen, first_seen, severity or count; - before it reverses")
	span(cmd)
	pages(cmd)
	return cmd
}

func (h *hubFlags) findingsShow() *cobra.Command {
	return verb("show ID", "show one finding: why it fired, what to do, its evidence in words", "  edgeward findings show ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/findings/"+pathOf(args[0]), nil, nil)
	})
}

func (h *hubFlags) findingsEdit() *cobra.Command {
	cmd := verb("edit ID...", "acknowledge, resolve, reopen, comment, assign", `  edgeward findings edit ID --status resolved --comment "firmware updated"
  edgeward findings edit ID1 ID2 --assignee anna`, minimumArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		set := members(cmd, "status", "comment", "assignee")
		if err := need(cmd, set); err != nil {
			return err
		}
		if len(args) == 1 {
			return h.change(cmd, "PATCH", "/findings/"+pathOf(args[0]), set, findingColumns)
		}
		return h.change(cmd, "PATCH", "/findings", map[string]any{"ids": args, "set": set}, columns("changed failed"))
	})
	cmd.Flags().String("status", "", "open, acknowledged or resolved")
	cmd.Flags().String("comment", "", "a remark")
	cmd.Flags().String("assignee", "", "name of a user; empty for nobody")
	return cmd
}

func (h *hubFlags) findingsEvidence() *cobra.Command {
	var reason string
	cmd := verb("evidence ID", "the packets that a finding rests on, as a capture with --output", `  edgeward findings evidence ID --reason "incident 12"
  edgeward findings evidence ID --reason "incident 12" --output evidence.pcap`, exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		if reason == "" {
			return usage(cmd, errors.New("say why with --reason: it goes into the audit log"))
		}
		body := map[string]any{"reason": reason}
		if h.output != "" {
			return h.download(cmd, "POST", "/findings/"+pathOf(args[0])+"/evidence.pcap", nil, body)
		}
		return h.change(cmd, "POST", "/findings/"+pathOf(args[0])+"/evidence", body, columns("index time packet length masked summary bytes"))
	})
	cmd.Flags().StringVar(&reason, "reason", "", "why the packets are needed, at least 8 characters")
	return cmd
}
