//go:build !sensor

package cli

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// buildTime gives the time of the commit that the program was built from, so
// that the same source gives the same pages; nil when it is not known.
func buildTime() *time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return &t
		}
	}
	return nil
}

func newMan(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "write the manual pages into a folder",
		Example: "  edgeward man /usr/local/share/man/man1",
		Args:    minimumArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			h := &doc.GenManHeader{Title: "EDGEWARD", Section: "1", Source: "Edgeward " + Version(), Manual: "Edgeward manual"}
			h.Date = buildTime()
			cmd.Root().DisableAutoGenTag = true
			return doc.GenManTree(cmd.Root(), h, args[0])
		},
	}
}

// commit gives the commit that the program was built from, if it is known.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
