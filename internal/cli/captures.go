//go:build !sensor

package cli

import (
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"
)

func newCaptures(s *streams) *cobra.Command {
	cols := columns("id name site state packets facts devices findings error")
	return s.group("captures", "captures that the hub analyses", `  edgeward captures upload traffic.pcap --site plant
  edgeward captures list`, func(h *hubFlags) []*cobra.Command {
		var site string
		var again bool
		upload := verb("upload FILE...", "give captures to the hub; their analysis goes on by itself", "  edgeward captures upload traffic.pcap\n  edgeward captures upload --again traffic.pcap", minimumArgs(1, "FILE"),
			func(cmd *cobra.Command, args []string) error {
				c, err := h.connect(cmd)
				if err != nil {
					return err
				}
				var all []any
				for _, name := range args {
					f, err := s.openArg(name)
					if err != nil {
						return readError(name, err)
					}
					var v any
					query := url.Values{"name": {filepath.Base(name)}, "site": {site}, "again": {strconv.FormatBool(again)}}
					err = c.Upload(cmd.Context(), "/captures", query, "application/octet-stream", f, &v)
					f.Close()
					if err != nil {
						return err
					}
					all = append(all, v)
				}
				return h.print(all, cols)
			})
		upload.Flags().StringVar(&site, "site", "", "site where they were made")
		upload.Flags().BoolVar(&again, "again", false, "analyse a file that was analysed before; what it counts is counted once more")
		return []*cobra.Command{
			upload,
			verb("list", "list what was uploaded", "  edgeward captures list", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/captures", nil, cols) }),
			verb("show ID", "one capture and how its analysis goes", "  edgeward captures show 134e1bbbe6204e10", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
				return h.get(cmd, "/captures/"+pathOf(args[0]), nil, nil)
			}),
			verb("delete ID", "forget an upload; its facts stay until their time is over", "  edgeward captures delete 134e1bbbe6204e10", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
				return h.silent(cmd, "DELETE", "/captures/"+pathOf(args[0]), nil)
			}),
		}
	})
}
