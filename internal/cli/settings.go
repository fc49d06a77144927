//go:build !sensor

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// sections are the parts of the settings that can be set as a whole.
var sections = []string{"home", "sites", "retention", "access", "oidc", "zones"}

func newSettings(s *streams) *cobra.Command {
	return s.group("settings", "settings of the hub", `  edgeward settings show --format json
  echo '{"networks":["198.51.100.0/24"]}' | edgeward settings set home -`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{
			verb("show", "all settings; secrets are never shown", "  edgeward settings show --format json", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/settings", nil, nil) }),
			h.settingsSet(),
		}
	})
}

func (h *hubFlags) settingsSet() *cobra.Command {
	cmd := verb("set SECTION FILE|-", "replace a section ("+strings.Join(sections, ", ")+") with JSON", `  edgeward settings set retention retention.json
  edgeward settings set zones zones.json`, exactArgs(2, "SECTION and FILE"), func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(sections, args[0]) {
			return usage(cmd, fmt.Errorf("there is no section %q: want %s", args[0], strings.Join(sections, ", ")))
		}
		f, err := h.s.openArg(args[1])
		if err != nil {
			return readError(args[1], err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, 1<<20))
		if err != nil {
			return readError(args[1], err)
		}
		var body any
		if err := json.Unmarshal(b, &body); err != nil {
			return fmt.Errorf("read %q: %w", args[1], err)
		}
		path := "/settings/" + args[0]
		if args[0] == "zones" {
			path = "/zones"
		}
		return h.change(cmd, "PUT", path, body, nil)
	})
	cmd.ValidArgs = sections
	return cmd
}
