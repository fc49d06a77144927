package cli

import (
	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

// newWorker is the command by which the program starts itself to parse packets
// in a process without rights. It is not for people.
func newWorker() *cobra.Command {
	return &cobra.Command{
		Use:    app.WorkerCommand,
		Short:  "parse packets in a process without rights; the program starts this itself",
		Hidden: true,
		Args:   noArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return app.ServeWorker(cmd.Context()) },
	}
}
