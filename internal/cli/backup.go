//go:build !sensor

package cli

import "github.com/spf13/cobra"

func newBackup(s *streams) *cobra.Command {
	cols := columns("name size created version note")
	return s.group("backup", "copies of the hub's state", `  edgeward backup create --note "before the upgrade"
  edgeward backup list
  edgeward backup download NAME --output backup.bin
  edgeward backup restore backup.bin --data /var/lib/edgeward`, func(h *hubFlags) []*cobra.Command {
		create := verb("create", "make a backup while the hub runs", "  edgeward backup create --note weekly", noArgs, func(cmd *cobra.Command, _ []string) error {
			return h.change(cmd, "POST", "/backups", members(cmd, "note"), cols)
		})
		create.Flags().String("note", "", "what it is for")
		return []*cobra.Command{
			create,
			newBackupVerify(s),
			newBackupRestore(s),
			verb("list", "list backups", "  edgeward backup list", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/backups", nil, cols) }),
			verb("download NAME", "a backup as a file", "  edgeward backup download NAME --output backup.bin", exactArgs(1, "NAME"), func(cmd *cobra.Command, args []string) error {
				return h.download(cmd, "GET", "/backups/"+pathOf(args[0]), nil, nil)
			}),
			verb("delete NAME", "delete a backup", "  edgeward backup delete NAME", exactArgs(1, "NAME"), func(cmd *cobra.Command, args []string) error {
				return h.silent(cmd, "DELETE", "/backups/"+pathOf(args[0]), nil)
			}),
		}
	})
}
