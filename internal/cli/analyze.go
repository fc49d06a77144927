package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"edgeward/internal/app"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/output/report"
)

type analyzeFlags struct {
	format, output, failOn, zones, memory, recog string
	home, indicators                             []string
	workers                                      int
	separate, showSecrets, quiet                 bool
}

func newAnalyze(s *streams) *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze [flags] FILE|DIR|-...",
		Short: "analyse captures: devices, services, findings",
		Long: `Analyze reads packet captures (pcap and pcapng, plain, gzip or zstd), logs of
Zeek and Suricata, and files of NetFlow and IPFIX, and reports the devices, what
they speak, what is exposed, and who attacks whom. Several inputs count as one
sensor in the order of their first packets; files in a folder that are neither
captures nor logs are skipped and counted.`,
		Example: `  edgeward analyze traffic.pcap
  edgeward analyze --format json --output report.json captures/
  tcpdump -i eth0 -w - -c 10000 | edgeward analyze -
  edgeward analyze --format eve traffic.pcap | jq 'select(.event_type=="alert")'
  edgeward analyze --fail-on high traffic.pcap`,
		Args: minimumArgs(1, "FILE, DIR or -"),
		RunE: func(cmd *cobra.Command, args []string) error { return s.analyze(cmd, &f, args) },
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.format, "format", "f", "text", "one of "+strings.Join(formats, ", "))
	fl.StringVarP(&f.output, "output", "o", "", "write to this file instead of standard output")
	fl.StringVar(&f.failOn, "fail-on", "", "exit with 3 when there is a finding of this severity or above: info, low, medium, high, critical")
	fl.StringArrayVar(&f.home, "home", nil, "a network that is home beside the private ones, as CIDR; may be repeated")
	fl.StringVar(&f.zones, "zones", "", "YAML file that names zones by networks, MAC addresses and VLANs")
	fl.StringVar(&f.recog, "recog", "", "folder of recog XML fingerprints to use beside the built-in ones")
	fl.StringArrayVar(&f.indicators, "indicators", nil, "file or folder with lists of known bad addresses, names and hashes; may be repeated")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that follow flows (default: one per processor but two); the outcome does not depend on it")
	fl.StringVar(&f.memory, "memory", "96M", "budget for flows and streams")
	fl.BoolVar(&f.separate, "separate", false, "analyse each file for itself")
	fl.BoolVar(&f.showSecrets, "show-secrets", false, "show passwords and tokens that were seen, for local analysis only")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar")
	complete(cmd, "format", formats...)
	complete(cmd, "fail-on", "info", "low", "medium", "high", "critical")
	return cmd
}

// complete offers the values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}

func (s *streams) analyze(cmd *cobra.Command, f *analyzeFlags, args []string) error {
	o, err := f.options(cmd, args)
	if err != nil {
		return err
	}
	failOn := ident.Critical + 1
	if f.failOn != "" {
		if failOn, err = ident.ParseSeverity(f.failOn); err != nil {
			return usage(cmd, err)
		}
	}
	if slices.Contains(args, "-") && isTerminal(s.in) {
		return usage(cmd, errors.New("standard input is a terminal: pipe a capture into it"))
	}
	o.Stdin = s.in
	mode := reportMode
	if f.showSecrets {
		mode = secretMode
	}
	out, done, err := s.output(f.output, mode)
	if err != nil {
		return err
	}
	bar := s.progress(f.quiet)
	o.Progress = bar.set
	var lines *eve.Writer
	if f.format == "eve" {
		lines = eve.NewWriter(out, "")
		o.Observer = observer{lines}
	}
	r, err := app.Analyze(cmd.Context(), o)
	bar.finish()
	if r == nil {
		if lines != nil {
			err = errors.Join(err, lines.Flush())
		}
		return done(err)
	}
	s.complain(r)
	var werr error
	switch f.format {
	case "json":
		werr = r.JSON(out)
	case "html":
		werr = writeHTML(r, out)
	case "text":
		werr = r.Text(out, report.TextOptions{Color: s.color(out), Width: s.width(out)})
	case "eve":
		lines.Stats(r.Last, r.StatsEVE(nil))
		werr = lines.Flush()
	}
	if err == nil && werr == nil && r.Count(failOn, "") > 0 {
		werr = errFindings
	}
	if err != nil {
		// The report of what could be read is written all the same.
		return errors.Join(done(werr), err)
	}
	return done(werr)
}

// options checks the flags.
func (f *analyzeFlags) options(cmd *cobra.Command, args []string) (app.AnalyzeOptions, error) {
	o := app.AnalyzeOptions{Version: Version(), Paths: args, Workers: f.workers, Separate: f.separate}
	o.Judge.Recog, o.Judge.ShowSecrets = f.recog, f.showSecrets
	if !slices.Contains(formats, f.format) {
		return o, usage(cmd, fmt.Errorf("unknown format %q: want %s", f.format, strings.Join(formats, ", ")))
	}
	if f.workers < 0 || f.workers > 256 {
		return o, usage(cmd, fmt.Errorf("--workers %d: want 0 to 256", f.workers))
	}
	var err error
	if o.Judge.Home, err = ident.ParsePrefixes(f.home); err != nil {
		return o, fmt.Errorf("--home: %w", err)
	}
	if o.Memory, err = ParseSize(f.memory); err != nil {
		return o, usage(cmd, fmt.Errorf("--memory: %w", err))
	}
	if len(f.indicators) > 0 {
		if o.Judge.Indicators, err = app.LoadIndicators(f.indicators); err != nil {
			return o, err
		}
	}
	if f.zones != "" {
		if o.Judge.Zones, err = app.LoadZones(f.zones); err != nil {
			return o, err
		}
	}
	return o, nil
}

// complain says on standard error what could not be read, or not whole.
func (s *streams) complain(r *report.Report) {
	for _, c := range r.Captures {
		if c.Cut {
			fmt.Fprintf(s.err, "edgeward: %s: %s; everything before it was analysed\n", c.Name, c.Error)
		}
	}
	if len(r.Captures) == 0 {
		fmt.Fprintln(s.err, "edgeward: no captures and no logs found")
	}
	switch {
	case r.Skipped == 1:
		fmt.Fprintln(s.err, "edgeward: skipped 1 file that is no capture and no log")
	case r.Skipped > 1:
		fmt.Fprintf(s.err, "edgeward: skipped %d files that are no captures and no logs\n", r.Skipped)
	}
}

// observer writes facts and alerts as lines.
type observer struct{ w *eve.Writer }

func (o observer) Fact(f *event.Fact)       { o.w.Fact(f) }
func (o observer) Alert(f *finding.Finding) { o.w.Alert(f) }
func (o observer) Flush() error             { return nil } // the writer gathers and flushes by itself

// color reports whether w is a terminal that may show colours
// (https://no-color.org).
func (s *streams) color(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (s *streams) width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 40 {
			return n
		}
	}
	return 100
}

// ParseSize reads a number of bytes with an optional K, M or G (powers of 1024).
func ParseSize(s string) (int64, error) {
	num, mul := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), "I"), int64(1)
	if num != "" {
		if i := strings.IndexByte("KMG", num[len(num)-1]); i >= 0 {
			mul, num = 1<<(10*(i+1)), num[:len(num)-1]
		}
	}
	var n int64
	if _, err := fmt.Sscanf(num, "%d", &n); err != nil || n <= 0 || fmt.Sprint(n) != num || n > 1<<50/mul {
		return 0, fmt.Errorf("%q is no size: want a number such as 96M", s)
	}
	if n *= mul; n < 4<<20 {
		return 0, fmt.Errorf("%q is too little: want at least 4M", s)
	}
	return n, nil
}
