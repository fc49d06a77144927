//go:build !sensor

package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

var policyColumns = columns("id active selector from expires author note hides")

func newMutes(s *streams) *cobra.Command {
	return s.policyGroup("mutes", "mute", "findings that are not to show", `  edgeward mutes preview --check scan.* --device ID
  edgeward mutes add --check scan.* --device ID --for 720h --note "the vulnerability scanner"
  edgeward mutes delete ID`)
}

func newMaintenance(s *streams) *cobra.Command {
	return s.policyGroup("maintenance", "maintenance window", "times in which what happens to devices is expected", `  edgeward maintenance add --zone plant --for 4h --note "new firmware"
  edgeward maintenance list --active`)
}

func (s *streams) policyGroup(name, one, short, example string) *cobra.Command {
	return s.group(name, short, example, func(h *hubFlags) []*cobra.Command {
		list := verb("list", "list them", "  edgeward "+name+" list --active", noArgs, func(cmd *cobra.Command, _ []string) error {
			return h.get(cmd, "/"+name, query(cmd, "active"), policyColumns)
		})
		list.Flags().Bool("active", false, "those in force now only")
		var lasts time.Duration
		add := verb("add", "add a "+one, "  edgeward "+name+" add --device ID --for 24h --note why", noArgs, func(cmd *cobra.Command, _ []string) error {
			body := members(cmd, "from", "note")
			body["selector"] = selector(cmd)
			if lasts < 0 {
				return usage(cmd, fmt.Errorf("--for %s: want a time ahead", lasts))
			}
			if lasts > 0 {
				begin := time.Now()
				if from := cmd.Flag("from").Value.String(); from != "" {
					var err error
					if begin, err = time.Parse(time.RFC3339, from); err != nil {
						return usage(cmd, fmt.Errorf("--from %q: want RFC 3339", from))
					}
				}
				body["expires"] = begin.Add(lasts).UTC().Format(time.RFC3339)
			}
			return h.change(cmd, "POST", "/"+name, body, policyColumns)
		})
		add.Flags().DurationVar(&lasts, "for", 0, "how long, such as 4h or 720h; 0 for ever")
		add.Flags().String("from", "", "from this time on (RFC 3339)")
		add.Flags().String("note", "", "why")
		selectorFlags(add)
		out := []*cobra.Command{list, add, verb("delete ID", "end it", "  edgeward "+name+" delete ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
			return h.silent(cmd, "DELETE", "/"+name+"/"+pathOf(args[0]), nil)
		})}
		if name == "mutes" {
			preview := verb("preview", "what a mute would hide", "  edgeward mutes preview --check scan.*", noArgs, func(cmd *cobra.Command, _ []string) error {
				c, err := h.connect(cmd)
				if err != nil {
					return err
				}
				var v map[string]any
				if err := c.Do(cmd.Context(), "POST", "/mutes/preview", nil, selector(cmd), &v); err != nil {
					return err
				}
				if h.format == "json" {
					return h.print(v, nil)
				}
				fmt.Fprintf(h.s.err, "edgeward: it would hide %s findings\n", cellOf(v["total"]))
				return h.print(v["sample"], findingColumns)
			})
			selectorFlags(preview)
			out = append(out, preview)
		}
		return out
	})
}

func selectorFlags(cmd *cobra.Command) {
	fl := cmd.Flags()
	for name, what := range map[string]string{
		"check": "a check, or a family such as scan.*", "device": "id of a device", "type": "a device type", "zone": "a zone", "site": "a site", "tag": "a tag",
		"peer": "an address, prefix, name, or domain that begins with a dot",
	} {
		fl.StringArray(name, nil, what+"; may be repeated")
	}
	fl.String("at-most", "", "severity; graver findings show")
}

func selector(cmd *cobra.Command) map[string]any {
	return members(cmd, "check=checks", "device=devices", "type=types", "zone=zones", "site=sites", "tag=tags", "peer=peers", "at-most")
}
