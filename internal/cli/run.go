//go:build !sensor

package cli

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"edgeward/internal/app"
	"edgeward/internal/app/config"
)

// runFlags names the keys of the configuration that are flags as well.
var runFlags = map[string]string{
	"interface": "interfaces", "data": "data", "listen": "listen", "tls": "tls.self_signed", "tls-certificate": "tls.certificate", "tls-key": "tls.key", "tls-name": "tls.names",
	"insecure-http": "insecure_http", "proxy": "proxies", "log-level": "log.level", "log-format": "log.format", "name": "sensor.name", "site": "sensor.site", "filter": "sensor.filter",
	"home": "sensor.home", "zones": "sensor.zones", "indicators": "sensor.indicators", "memory": "sensor.memory", "postgres": "store.postgres", "nats": "bus.urls", "sensors": "sensors.listen",
}

func newRun(s *streams) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "run the hub: sensor, storage, API and console",
		Long: `Run starts everything in one process: storage, delivery, API, web console, and a
sensor for each --interface. It prints one address; at the first start that
address holds a one-time token with which the first user is made. Packets are
parsed in a process of their own that has no rights.

It listens on this machine only unless it is told otherwise, and serves others
only with TLS. It stops, with everything stored, when it is interrupted.`,
		Example: `  edgeward run
  sudo edgeward run --interface eth0
  sudo edgeward run --interface eth0 --listen 0.0.0.0:443 --tls
  edgeward run --config /etc/edgeward/edgeward.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := config.Load(config.Sources{File: chosenConfig(file), Environ: os.Environ(), Flags: changed(cmd.Flags())})
			if err != nil {
				return err
			}
			return app.Run(cmd.Context(), app.RunOptions{
				Version: Version(), Commit: commit(), Config: &l.Config, Log: s.logger(&l.Log),
				Announce: func(url string) { s.announce(url) },
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&file, "config", "", "YAML file (default "+configFile+" when it is there); see edgeward config")
	fl.StringArrayP("interface", "i", nil, "interface to watch; may be repeated")
	fl.String("data", "", "folder for everything that is kept (default /var/lib/edgeward for root)")
	fl.String("listen", "", "address and port of console and API (default 127.0.0.1:8470)")
	fl.Bool("tls", false, "serve with TLS and a certificate that is made here")
	fl.String("tls-certificate", "", "PEM file with the certificate to serve with")
	fl.String("tls-key", "", "PEM file with its key")
	fl.StringArray("tls-name", nil, "name or address for the certificate that is made; may be repeated")
	fl.Bool("insecure-http", false, "serve other machines without TLS, behind a proxy that has it")
	fl.StringArray("proxy", nil, "network of a reverse proxy that is believed about who asks; may be repeated")
	fl.String("sensors", "", "address and port at which sensors of other machines deliver")
	fl.String("name", "", "name of the sensor of this machine (default local)")
	fl.String("site", "", "site of the sensor of this machine")
	fl.String("filter", "", "capture only what matches this pcap-filter expression")
	fl.StringArray("home", nil, "a network that is home beside the private ones, as CIDR; may be repeated")
	fl.String("zones", "", "YAML file that names zones by networks, MAC addresses and VLANs")
	fl.StringArray("indicators", nil, "file or folder with lists of known bad addresses, names and hashes; may be repeated")
	fl.String("memory", "", "budget of the sensor for flows and streams (default 96M)")
	fl.String("postgres", "", "URL of a PostgreSQL database for the state, instead of SQLite")
	fl.StringArray("nats", nil, "URL of a server of a NATS cluster with JetStream; may be repeated")
	fl.String("log-level", "", "debug, info, warn or error (default info)")
	fl.String("log-format", "", "text or json (default text)")
	complete(cmd, "log-level", "debug", "info", "warn", "error")
	complete(cmd, "log-format", "text", "json")
	return cmd
}

// changed gives the flags that were given, by the keys of the configuration.
func changed(fl *pflag.FlagSet) map[string][]string {
	out := map[string][]string{}
	fl.Visit(func(f *pflag.Flag) {
		key, ok := runFlags[f.Name]
		if !ok {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			out[key] = list.GetSlice()
		} else {
			out[key] = []string{f.Value.String()}
		}
	})
	return out
}

// logger writes messages of a service to standard error.
func (s *streams) logger(c *config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(app.WithoutRepeats(slog.NewJSONHandler(s.err, o)))
	}
	if os.Getenv("JOURNAL_STREAM") != "" { // the journal has the time already
		o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(app.WithoutRepeats(slog.NewTextHandler(s.err, o)))
}

// announce prints the address on standard output: the one line that a person
// or a script waits for.
func (s *streams) announce(url string) {
	fmt.Fprintln(s.out, url)
	switch {
	case strings.Contains(url, "/setup?"):
		fmt.Fprintln(s.err, "edgeward: open this address to make the first user; it works once. Interrupt to stop")
	case strings.Contains(url, "/demo?"):
		fmt.Fprintln(s.err, "edgeward: open this address: it logs you in, once. Interrupt to stop")
	default:
		fmt.Fprintln(s.err, "edgeward: running; interrupt to stop")
	}
}
