//go:build !sensor

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/judge/profile/document"
)

func newPolicy(s *streams) *cobra.Command {
	cmd := s.group("policy", "profiles: the least that devices need, proposed, proved and exported", `  edgeward policy propose -o policy.yaml traffic.pcap
  edgeward policy prove policy.yaml other.pcap
  edgeward policy export --to nftables policy.yaml
  edgeward policy apply policy.yaml`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{
			newPolicyPropose(h), newPolicyProve(h), newPolicyExport(h), newPolicyImport(h), newPolicyCheck(h), newPolicyDiff(h), newPolicySign(h),
			newPolicyList(h), newPolicyShow(h), newPolicyApply(h), newPolicyRollback(h),
		}
	})
	cmd.Long = `A profile is the least that a device, or a class of like devices, needs of the
network: with whom, in which direction, by which protocol and with which verbs.
Propose learns profiles of captures, logs or the hub's facts; prove replays
other traffic and counts what they would have blocked; export writes them as
formats that today's equipment takes. The files are described in docs/policy.md.

Commands that speak to a hub take the one that --url and EDGEWARD_TOKEN name, or
that edgeward login has stored, or that runs on this machine with the same user.`
	return cmd
}

// trafficFlags say from which traffic a command works.
type trafficFlags struct {
	in      analyzeFlags
	fromHub bool
	days    int
}

func (f *trafficFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.in.format = "text" // of the report, which is not shown
	fl.StringArrayVar(&f.in.home, "home", nil, "a network that is home beside the private ones, as CIDR; may be repeated")
	fl.StringVar(&f.in.zones, "zones", "", "YAML file that names zones by networks, MAC addresses and VLANs")
	fl.StringVar(&f.in.recog, "recog", "", "folder of recog XML fingerprints to use beside the built-in ones")
	fl.StringArrayVar(&f.in.indicators, "indicators", nil, "file or folder with lists of known bad addresses, names and hashes; may be repeated")
	fl.IntVar(&f.in.workers, "workers", 0, "goroutines that follow flows (default: one per processor but two)")
	fl.StringVar(&f.in.memory, "memory", "96M", "budget for flows and streams")
	fl.BoolVarP(&f.in.quiet, "quiet", "q", false, "no progress bar")
	fl.BoolVar(&f.fromHub, "from-hub", false, "take the facts that the hub has stored instead of files")
	fl.IntVar(&f.days, "days", 14, "with --from-hub: of so many days before now")
}

// options reads the flags for an analysis of files.
func (f *trafficFlags) options(s *streams, cmd *cobra.Command, paths []string) (app.AnalyzeOptions, *bar, error) {
	o, err := f.in.options(cmd, paths)
	if err != nil {
		return o, nil, err
	}
	if slices.Contains(paths, "-") && isTerminal(s.in) {
		return o, nil, usage(cmd, fmt.Errorf("standard input is a terminal: pipe a capture into it"))
	}
	o.Stdin = s.in
	b := s.progress(f.in.quiet)
	o.Progress = b.set
	return o, b, nil
}

// from wants files, or the hub, and not both.
func (f *trafficFlags) from(cmd *cobra.Command, paths []string) error {
	switch {
	case f.fromHub && len(paths) > 0:
		return usage(cmd, fmt.Errorf("%s: either files or --from-hub", cmd.Name()))
	case !f.fromHub && len(paths) == 0:
		return usage(cmd, fmt.Errorf("%s: FILE, DIR or - missing, or --from-hub", cmd.Name()))
	case f.fromHub && (f.days < 1 || f.days > 366):
		return usage(cmd, fmt.Errorf("--days %d: want 1 to 366", f.days))
	}
	return nil
}

// format wants one of a command's own formats.
func ownFormat(cmd *cobra.Command, got string, formats ...string) error {
	if !slices.Contains(formats, got) {
		return usage(cmd, fmt.Errorf("unknown format %q: want %s", got, strings.Join(formats, ", ")))
	}
	return nil
}

// formatFlags gives a command formats and a file of its own in the place of
// those of the group.
func formatFlags(cmd *cobra.Command, format, output *string, formats ...string) {
	cmd.Flags().StringVarP(format, "format", "f", formats[0], "one of "+strings.Join(formats, ", "))
	cmd.Flags().StringVarP(output, "output", "o", "", "write to this file instead of standard output")
	complete(cmd, "format", formats...)
}

// warn tells the problems that are no errors.
func (s *streams) warn(list []document.Problem) {
	for _, p := range list {
		if p.Warning {
			fmt.Fprintf(s.err, "edgeward: warning: %v\n", p.Error())
		}
	}
}
