//go:build !sensor

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

func newHub(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hub",
		Short:   "work on a hub's data folder",
		Example: "  edgeward hub import /media/carry",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHubImport(s))
	return cmd
}

func newHubImport(s *streams) *cobra.Command {
	var o app.ImportOptions
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "import the files that edgeward sensor --out wrote",
		Long: `Import checks the sealed files of a folder, and of the folders in it, and gives
their batches to the hub in order, whether it runs or not. It tells of files
that are missing or damaged, and stops before them, since what comes after
would make them unusable. Importing twice changes nothing.`,
		Example: "  edgeward hub import /media/carry\n  edgeward hub import --data /srv/edgeward --skip-gaps /media/carry",
		Args:    minimumArgs(1, "the folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(cmd, fmt.Errorf("import: unexpected argument %q", args[1]))
			}
			o.From = args[0]
			r, err := app.Import(cmd.Context(), o)
			for _, g := range append(r.Gaps, r.Damaged...) {
				fmt.Fprintln(s.err, "edgeward:", g)
			}
			fmt.Fprintf(s.out, "%d files with %d batches imported, %d known before\n", r.Files, r.Batches, r.Skipped)
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&o.Data, "data", "", "data folder of the hub")
	fl.BoolVar(&o.SkipGaps, "skip-gaps", false, "go on behind missing and damaged files, and give them up")
	fl.StringSliceVar(&o.NATS.URLs, "nats", nil, "URLs of the NATS cluster of a hub that uses one and does not run")
	fl.StringVar(&o.NATS.Credentials, "nats-credentials", "", "file with credentials for that cluster")
	fl.StringVar(&o.NATS.CA, "nats-ca", "", "PEM file with the authority of that cluster")
	fl.StringVar(&o.NATS.Certificate, "nats-certificate", "", "PEM file with the hub's own certificate for that cluster")
	fl.StringVar(&o.NATS.Key, "nats-key", "", "PEM file with its key")
	return cmd
}
