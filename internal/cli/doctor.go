package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

func newDoctor(s *streams) *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "check whether this machine can run a sensor",
		Long: `Doctor looks at what a sensor needs: the right to capture packets, interfaces
that are up, offloads that change what is captured, memory, the clock. It
changes nothing. It exits with 1 when a sensor cannot run here.`,
		Example: "  edgeward doctor\n  edgeward doctor --format json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(cmd, fmt.Errorf("unknown format %q: want text or json", format))
			}
			out, done, err := s.output(output, reportMode)
			if err != nil {
				return err
			}
			checks := app.Examine()
			if err := done(writeChecks(out, format, checks)); err != nil {
				return err
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
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this file instead of standard output")
	complete(cmd, "format", "text", "json")
	return cmd
}

func writeChecks(w io.Writer, format string, checks []app.Examination) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(checks)
	}
	b := bufio.NewWriter(w)
	for _, c := range checks {
		mark := map[app.Health]string{app.Good: "ok  ", app.Warning: "warn", app.Bad: "FAIL"}[c.Health]
		fmt.Fprintf(b, "%s  %-12s %s\n", mark, c.Name, c.Message)
		if c.Remedy != "" {
			fmt.Fprintf(b, "      %-12s → %s\n", "", c.Remedy)
		}
	}
	return b.Flush()
}
