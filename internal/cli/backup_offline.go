//go:build !sensor

package cli

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

// newBackupVerify checks a backup without a hub.
func newBackupVerify(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "read a backup to its end and compare every hash; takes no hub", Args: exactArgs(1, "FILE"),
		Example: "  edgeward backup verify edgeward.backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := app.VerifyBackup(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.tellBackup(b)
		},
	}
}

// newBackupRestore makes a data folder of a backup.
func newBackupRestore(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "make a data folder of a backup; no hub may run in it", Args: exactArgs(1, "FILE"),
		Long: `Restore checks a backup and makes a data folder of it, which must hold no hub
yet: state, facts and keys. With EDGEWARD_STORE_POSTGRES the state goes to that
database, which must be empty.`,
		Example: "  edgeward backup restore edgeward.backup --data /var/lib/edgeward",
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := cmd.Flags().GetString("data")
			if err != nil {
				return err
			}
			if data == "" {
				data = os.Getenv("EDGEWARD_DATA")
			}
			b, err := app.RestoreBackup(cmd.Context(), args[0], data, os.Getenv("EDGEWARD_STORE_POSTGRES"))
			if err != nil {
				return err
			}
			fmt.Fprintln(s.err, "edgeward: restored; start the hub with edgeward run")
			return s.tellBackup(b)
		},
	}
}

func (s *streams) tellBackup(b app.BackupInfo) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(b)
}
