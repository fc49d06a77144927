package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/ident"
)

// remoteFlags are those of a sensor that reports to a hub.
type remoteFlags struct {
	hub, enrol, trust, data, out, spool string
}

func (r *remoteFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&r.hub, "hub", "", "report to the hub at this URL, such as https://hub.example.org:8444")
	fl.StringVar(&r.enrol, "enrol", "", "one-time token from the hub; needed at the first start only")
	fl.StringVar(&r.trust, "trust", "", "file with the public key whose programs and content are taken from the hub; kept")
	fl.StringVar(&r.data, "data", "", "folder with the sensor's identity and what could not be sent yet (default "+app.DefaultSensorData()+")")
	fl.StringVar(&r.out, "out", "", "write sealed files of batches to this folder, for edgeward hub import")
	fl.StringVar(&r.spool, "spool-size", "256M", "how much may wait for the hub, or in the folder; then the oldest goes and is counted")
}

func (r *remoteFlags) used() bool { return r.hub != "" || r.enrol != "" || r.out != "" || r.data != "" }

// report runs a sensor whose facts go to a hub or into a folder for it.
func (s *streams) report(cmd *cobra.Command, f *sensorFlags, task app.Task) error {
	r := &f.remote
	switch {
	case r.out != "" && (r.hub != "" || r.enrol != ""):
		return usage(cmd, errors.New("--out and --hub exclude each other"))
	case f.output != "" || f.onlyAlerts || f.showSecrets:
		return usage(cmd, errors.New("--output, --alerts and --show-secrets are for a sensor without a hub"))
	case r.out != "" && len(f.interfaces) == 0:
		return usage(cmd, errors.New("--interface is missing"))
	}
	size, err := ParseSize(r.spool)
	if err != nil {
		return usage(cmd, fmt.Errorf("--spool-size: %w", err))
	}
	if r.data == "" {
		r.data = app.DefaultSensorData()
	}
	err = app.RunRemote(cmd.Context(), app.RemoteOptions{
		Version: Version(), Task: task, Name: f.name, Spool: size, Out: r.out, Hub: r.hub, Token: r.enrol, Trust: r.trust, Data: r.data,
		Log: slog.New(app.WithoutRepeats(slog.NewTextHandler(s.err, nil))),
		Ready: func(sensor string) {
			to := "the hub"
			if r.out != "" {
				to = r.out
			}
			fmt.Fprintf(s.err, "edgeward: sensor %s watches %s and reports to %s; interrupt to stop\n", sensor, strings.Join(f.interfaces, ", "), to)
		},
	})
	if cmd.Context().Err() != nil && ident.CodeOf(err) == ident.Internal {
		return nil
	}
	return err
}
