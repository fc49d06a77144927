//go:build !sensor

package cli

import "github.com/spf13/cobra"

var tokenColumns = columns("id name user role scopes sites expires used revoked")

func newTokens(s *streams) *cobra.Command {
	return s.group("tokens", "tokens with which programs ask the hub", `  edgeward tokens list
  edgeward tokens create backup --role admin --scope backups:write --days 365
  edgeward tokens revoke ID`, func(h *hubFlags) []*cobra.Command {
		create := verb("create NAME", "make a token; its value is shown once", "  edgeward tokens create grafana --role viewer --scope read", exactArgs(1, "NAME"), func(cmd *cobra.Command, args []string) error {
			body := members(cmd, "scope=scopes", "site=sites", "days")
			body["name"], body["role"] = args[0], cmd.Flag("role").Value.String()
			return h.change(cmd, "POST", "/tokens", body, nil)
		})
		create.Flags().String("role", "viewer", "viewer, analyst, operator or admin; at most your own")
		create.Flags().StringArray("scope", nil, "read, write, or a resource with one of them such as findings:read; may be repeated")
		create.Flags().StringArray("site", nil, "only this site; may be repeated")
		create.Flags().Int("days", 90, "until it expires; 0 for never")
		return []*cobra.Command{
			verb("list", "list tokens", "  edgeward tokens list", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/tokens", nil, tokenColumns) }),
			create,
			verb("revoke ID", "revoke a token", "  edgeward tokens revoke ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
				return h.silent(cmd, "DELETE", "/tokens/"+pathOf(args[0]), nil)
			}),
		}
	})
}
