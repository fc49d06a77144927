//go:build !sensor

package cli

import (
	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/app/config"
)

func newDemo(s *streams) *cobra.Command {
	var data, listen, level string
	var first bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "run a hub that is filled with an example, to look around",
		Long: `Demo runs the hub with two sites that are played from the capture that is part
of the program: a plant and a clinic with three days of history, and a worm that
broke into a camera this morning. It prints one address that logs in, once.
Nothing of this machine is watched, and nothing is kept unless --data is given.`,
		Example: "  edgeward demo\n  edgeward demo --listen 127.0.0.1:9000",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := app.DemoConfig(listen, data)
			if err != nil {
				return err
			}
			return app.Demo(cmd.Context(), app.RunOptions{
				Version: Version(), Commit: commit(), Config: c, Log: s.logger(&config.Log{Level: level, Format: "text"}), Announce: func(url string) { s.announce(url) },
			}, first)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "folder for everything that is kept (default: a temporary one)")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8470", "address and port of console and API")
	cmd.Flags().StringVar(&level, "log-level", "warn", "debug, info, warn or error")
	cmd.Flags().BoolVar(&first, "first-run", false, "make no users: the address is that of a first run")
	complete(cmd, "log-level", "debug", "info", "warn", "error")
	return cmd
}
