//go:build !sensor

package cli

import (
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"
)

var deviceColumns = columns("id label type vendor model ip=ips.0 mac zone site risk last_seen")

func newDevices(s *streams) *cobra.Command {
	return s.group("devices", "devices that the hub knows", `  edgeward devices list --type camera --sort -risk
  edgeward devices show ID
  edgeward devices edit ID --label "front door" --criticality high --trusted
  edgeward devices import --file-format dhcp --dry-run /var/lib/dhcp/dhcpd.leases
  edgeward devices list --format csv --output devices.csv`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{h.devicesList(), h.devicesShow(), h.devicesEdit(), h.devicesMerge(), h.devicesSplit(), h.devicesTimeline(), h.devicesImport(), h.devicesExport()}
	})
}

func (h *hubFlags) devicesList() *cobra.Command {
	cmd := verb("list", "list devices", "  edgeward devices list --search kitchen\n  edgeward devices list --risk 70 --format jsonl", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.get(cmd, "/devices", query(cmd, "search=q", "type", "vendor", "zone", "site", "tag", "sensor", "since", "trusted", "risk", "sort", "limit", "offset"), deviceColumns)
	})
	fl := cmd.Flags()
	fl.String("search", "", "text in labels, names, addresses, vendor, model, owner, tags")
	for _, x := range []string{"type", "vendor", "zone", "site", "tag"} {
		fl.StringArray(x, nil, "only this "+x+"; may be repeated")
	}
	fl.String("sensor", "", "only what this sensor sees")
	fl.String("since", "", "first seen at this time (RFC 3339) or later")
	fl.String("trusted", "", "true or false")
	fl.Int("risk", 0, "risk at least, 0 to 100")
	fl.String("sort", "-risk", "risk, label, type, vendor, zone, first_seen, last_seen or bytes; - before it reverses")
	pages(cmd)
	return cmd
}

func (h *hubFlags) devicesShow() *cobra.Command {
	return verb("show ID", "show one device with all that is known of it", "  edgeward devices show ID --format json", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/devices/"+pathOf(args[0]), nil, nil)
	})
}

func (h *hubFlags) devicesEdit() *cobra.Command {
	cmd := verb("edit ID...", "set what a person knows, which then wins; an empty value takes it back", `  edgeward devices edit ID --label "front door" --owner facility
  edgeward devices edit ID1 ID2 --trusted`, minimumArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		set := members(cmd, "label", "type", "vendor", "model", "zone", "criticality", "owner", "location", "note", "safety", "tag=tags", "trusted")
		if err := need(cmd, set); err != nil {
			return err
		}
		if len(args) == 1 {
			return h.change(cmd, "PATCH", "/devices/"+pathOf(args[0]), set, deviceColumns)
		}
		return h.change(cmd, "PATCH", "/devices", map[string]any{"ids": args, "set": set}, columns("changed failed"))
	})
	fl := cmd.Flags()
	for name, what := range map[string]string{
		"label": "name for people", "type": "device type", "vendor": "vendor", "model": "model", "zone": "zone", "criticality": "low, normal, high, critical",
		"owner": "who owns it", "location": "where it is", "note": "note", "safety": "life-supporting, safety-instrumented or emergency-call: no automatic action touches it",
	} {
		fl.String(name, "", what)
	}
	fl.StringArray("tag", nil, "tags, replacing those that were set; may be repeated")
	fl.Bool("trusted", false, "you know the device")
	return cmd
}

func (h *hubFlags) devicesMerge() *cobra.Command {
	return verb("merge ID OTHER...", "make others part of one device, for good", "  edgeward devices merge ID OTHER", minimumArgs(2, "ID and OTHER"), func(cmd *cobra.Command, args []string) error {
		return h.change(cmd, "POST", "/devices/"+pathOf(args[0])+"/merge", map[string]any{"others": args[1:]}, deviceColumns)
	})
}

func (h *hubFlags) devicesSplit() *cobra.Command {
	return verb("split ID HOST...", "make hosts (see tenures of show) of a device one of their own", "  edgeward devices split ID 00a1b2c3d4e5f607", minimumArgs(2, "ID and HOST"), func(cmd *cobra.Command, args []string) error {
		return h.change(cmd, "POST", "/devices/"+pathOf(args[0])+"/split", map[string]any{"hosts": args[1:]}, deviceColumns)
	})
}

func (h *hubFlags) devicesTimeline() *cobra.Command {
	cmd := verb("timeline ID", "what happened to a device", "  edgeward devices timeline ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		return h.get(cmd, "/devices/"+pathOf(args[0])+"/timeline", query(cmd, "from", "to", "limit"), columns("time kind subject before after actor"))
	})
	span(cmd)
	cmd.Flags().Int("limit", 100, "rows, at most 500")
	return cmd
}

// span are the flags of a time.
func span(cmd *cobra.Command) {
	cmd.Flags().String("from", "", "from this time on (RFC 3339)")
	cmd.Flags().String("to", "", "up to this time (RFC 3339)")
}

func (h *hubFlags) devicesImport() *cobra.Command {
	var format, site string
	var dry bool
	cmd := verb("import FILE|-", "set attributes from a list", `  edgeward devices import --file-format cmdb --dry-run assets.csv
  ip neigh | edgeward devices import --file-format arp -`, exactArgs(1, "FILE"), func(cmd *cobra.Command, args []string) error {
		f, err := h.s.openArg(args[0])
		if err != nil {
			return readError(args[0], err)
		}
		defer f.Close()
		c, err := h.connect(cmd)
		if err != nil {
			return err
		}
		q := url.Values{"format": {format}, "dry_run": {strconv.FormatBool(dry)}}
		if site != "" {
			q.Set("site", site)
		}
		var v map[string]any
		if err := c.Upload(cmd.Context(), "/devices/import", q, "text/plain", f, &v); err != nil {
			return err
		}
		if h.format == "table" || h.format == "csv" {
			fmt.Fprintf(h.s.err, "edgeward: %s rows read, %s skipped, %s devices %s\n", cellOf(v["read"]), cellOf(v["skipped"]), cellOf(v["changed"]), map[bool]string{true: "would change", false: "changed"}[dry])
			return h.print(v["rows"], columns("line key device label changes"))
		}
		return h.print(v, nil)
	})
	cmd.Flags().StringVar(&format, "file-format", "cmdb", "cmdb (CSV), dhcp (leases), arp (neighbours) or mac (address table of a switch)")
	cmd.Flags().StringVar(&site, "site", "", "only devices of this site")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would change and change nothing")
	return cmd
}

func (h *hubFlags) devicesExport() *cobra.Command {
	var as string
	cmd := verb("export", "all devices as a file that import reads again", "  edgeward devices export --output devices.csv", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.download(cmd, "GET", "/devices/export", url.Values{"format": {as}}, nil)
	})
	cmd.Flags().StringVar(&as, "as", "csv", "csv or json")
	return cmd
}

// download writes an answer to where --output says.
func (h *hubFlags) download(cmd *cobra.Command, method, path string, q url.Values, body any) error {
	c, err := h.connect(cmd)
	if err != nil {
		return err
	}
	out, done, err := h.s.output(h.output, secretMode)
	if err != nil {
		return err
	}
	return done(c.Download(cmd.Context(), method, path, q, body, out))
}

func readError(path string, err error) error {
	if os.IsNotExist(err) {
		return fmt.Errorf("read %q: there is no such file", path)
	}
	return fmt.Errorf("read %q: %w", path, err)
}
