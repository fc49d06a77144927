package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/output/report"
)

type sensorFlags struct {
	interfaces, home, indicators []string
	filter, output, zones, recog string
	memory, name                 string
	rings                        int
	stats                        time.Duration
	showSecrets, onlyAlerts      bool
	remote                       remoteFlags
}

func newSensor(s *streams) *cobra.Command {
	var f sensorFlags
	cmd := &cobra.Command{
		Use:   "sensor --interface IF...",
		Short: "watch interfaces and write facts and findings as JSON lines",
		Long: `Sensor does live what analyze does with captures. It writes JSON lines in the
shape of Suricata's EVE to standard output until it is interrupted; it then ends
all flows, writes what is pending, and exits with 0. It needs the right to
capture packets (root, or CAP_NET_RAW).

With --hub it reports to a hub on another machine instead: it keeps what could
not be sent, takes its configuration from the hub, and is upgraded from there.
With --out it writes the same into files that a person carries to the hub.`,
		Example: `  sudo edgeward sensor --interface eth0
  sudo edgeward sensor -i eth0 -i eth1 --filter 'not port 22' --output events.jsonl
  sudo edgeward sensor -i eth0 --alerts | jq .finding
  sudo edgeward sensor -i eth0 --hub https://hub.example.org:8444 --enrol TOKEN
  sudo edgeward sensor -i eth0 --out /media/carry`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.sense(cmd, &f) },
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.interfaces, "interface", "i", nil, "interface to watch; may be repeated")
	fl.StringVar(&f.filter, "filter", "", "capture only what matches this pcap-filter expression")
	fl.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output")
	fl.StringArrayVar(&f.home, "home", nil, "a network that is home beside the private ones, as CIDR; may be repeated")
	fl.StringVar(&f.zones, "zones", "", "YAML file that names zones by networks, MAC addresses and VLANs")
	fl.StringVar(&f.recog, "recog", "", "folder of recog XML fingerprints to use beside the built-in ones")
	fl.StringArrayVar(&f.indicators, "indicators", nil, "file or folder with lists of known bad addresses, names and hashes; may be repeated")
	fl.StringVar(&f.memory, "memory", "96M", "budget for flows and streams")
	fl.StringVar(&f.name, "name", "", "name of this sensor in the output")
	fl.IntVar(&f.rings, "rings", 0, "capture rings for each interface (default: one per processor, at most 4)")
	fl.DurationVar(&f.stats, "stats", 10*time.Second, "how often to write statistics; 0 for at the end only")
	fl.BoolVar(&f.onlyAlerts, "alerts", false, "write findings and statistics only, no other facts")
	f.remote.add(cmd)
	fl.BoolVar(&f.showSecrets, "show-secrets", false, "show passwords and tokens that were seen, for local analysis only")
	return cmd
}

func (s *streams) sense(cmd *cobra.Command, f *sensorFlags) error {
	if len(f.interfaces) == 0 && !f.remote.used() {
		return usage(cmd, fmt.Errorf("--interface is missing"))
	}
	if f.rings < 0 || f.rings > 64 {
		return usage(cmd, fmt.Errorf("--rings %d: want 0 to 64", f.rings))
	}
	o := app.SenseOptions{Interfaces: f.interfaces, Filter: f.filter, Rings: f.rings, StatsEvery: f.stats}
	o.Judge.Recog, o.Judge.ShowSecrets = f.recog, f.showSecrets
	var err error
	if o.Judge.Home, err = ident.ParsePrefixes(f.home); err != nil {
		return fmt.Errorf("--home: %w", err)
	}
	if o.Memory, err = ParseSize(f.memory); err != nil {
		return usage(cmd, fmt.Errorf("--memory: %w", err))
	}
	if len(f.indicators) > 0 {
		if o.Judge.Indicators, err = app.LoadIndicators(f.indicators); err != nil {
			return err
		}
	}
	if f.zones != "" {
		if o.Judge.Zones, err = app.LoadZones(f.zones); err != nil {
			return err
		}
	}
	if f.remote.used() {
		return s.report(cmd, f, app.Task{
			Home: o.Judge.Home, Zones: o.Judge.Zones, Recog: f.recog, Indicators: f.indicators,
			Interfaces: f.interfaces, Filter: f.filter, Rings: f.rings, StatsEvery: max(f.stats, 0), Memory: o.Memory,
		})
	}
	mode := streamMode
	if f.showSecrets {
		mode = secretMode
	}
	out, done, err := s.stream(f.output, mode)
	if err != nil {
		return err
	}
	w := eve.NewWriter(out, f.name)
	o.Observer = liveObserver{w, f.onlyAlerts}
	o.Stats = func(r *report.Report) { w.Stats(r.Last, r.StatsEVE(nil)) }
	o.Ready = func() {
		fmt.Fprintf(s.err, "edgeward: watching %s; interrupt to stop\n", strings.Join(f.interfaces, ", "))
	}
	return done(app.Sense(cmd.Context(), o))
}

// liveObserver writes facts and alerts as they come.
type liveObserver struct {
	w          *eve.Writer
	onlyAlerts bool
}

func (o liveObserver) Fact(f *event.Fact) {
	if !o.onlyAlerts {
		o.w.Fact(f)
	}
}
func (o liveObserver) Alert(f *finding.Finding) { o.w.Alert(f) }
func (o liveObserver) Flush() error             { return o.w.Flush() }
