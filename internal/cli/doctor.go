package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

func newDoctor(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "check whether this machine can run a sensor",
		Long: `Doctor looks at what a sensor needs: the right to capture packets, interfaces
that are up, offloads that change what is captured, memory, the clock. It
changes nothing. It exits with 1 when a sensor cannot run here.`,
		Example: "  edgeward doctor\n  edgeward doctor --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks := app.Examine()
			switch format {
			case "json":
				e := json.NewEncoder(s.out)
				e.SetIndent("", "  ")
				if err := e.Encode(checks); err != nil {
					return err
				}
			case "text":
				for _, c := range checks {
					mark := map[app.Health]string{app.Good: "ok  ", app.Warning: "warn", app.Bad: "FAIL"}[c.Health]
					fmt.Fprintf(s.out, "%s  %-12s %s\n", mark, c.Name, c.Message)
					if c.Remedy != "" {
						fmt.Fprintf(s.out, "      %-12s → %s\n", "", c.Remedy)
					}
				}
			default:
				return usage(cmd, fmt.Errorf("unknown format %q: want text or json", format))
			}
			for _, c := range checks {
				if c.Health == app.Bad {
					return fmt.Errorf("a sensor cannot run here: %s", c.Message)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}
