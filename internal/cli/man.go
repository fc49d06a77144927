package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

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
			return doc.GenManTree(cmd.Root(), h, args[0])
		},
	}
}
