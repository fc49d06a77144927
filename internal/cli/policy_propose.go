//go:build !sensor

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/output/review"
	"edgeward/internal/policy"
)

func newPolicyPropose(h *hubFlags) *cobra.Command {
	var f trafficFlags
	var format, output, per string
	var devices []string
	var domains bool
	cmd := &cobra.Command{
		Use:   "propose [flags] FILE|DIR|-...",
		Short: "learn profiles of captures, logs, or what the hub has stored",
		Long: `Propose reads what analyze reads, or the hub's facts, and writes a policy file:
for each device, or class of like devices, the lines that allow what it did, with
how often each was seen and in which packets. What is an attack, of medium
severity at least, is left out, and said. A profile allows nothing else than its
lines, so give it the whole life of a device: a start, an update, a night.`,
		Example: `  edgeward policy propose -o policy.yaml traffic.pcap
  edgeward policy propose --device 192.168.1.20 --format text captures/
  edgeward policy propose --per class --domains -o plugs.yaml week/
  edgeward policy propose --from-hub --days 14 -o policy.yaml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(f.from(cmd, args), ownFormat(cmd, format, "yaml", "json", "text")); err != nil {
				return err
			}
			if per != "device" && per != "class" {
				return usage(cmd, fmt.Errorf("--per %q: want device or class", per))
			}
			var list []*policy.Policy
			var err error
			if f.fromHub {
				list, err = h.proposed(cmd, map[string]any{"days": f.days, "devices": devices, "per": per, "domains": domains})
			} else {
				list, err = h.s.propose(cmd, &f, args, profile.LearnOptions{PerClass: per == "class", Devices: devices, Domains: domains, Author: "edgeward " + Version()})
			}
			if len(list) == 0 {
				return err
			}
			return errors.Join(h.s.writePolicies(list, format, output), err)
		},
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&devices, "device", nil, "only this device: its address, MAC address, name or id; may be repeated")
	fl.StringVar(&per, "per", "device", "a profile for each device, or for each class of like devices")
	fl.BoolVar(&domains, "domains", false, "consent to whole domains where several of their names were asked for; without it such lines are proposed only")
	formatFlags(cmd, &format, &output, "yaml", "json", "text")
	complete(cmd, "per", "device", "class")
	return cmd
}

func (s *streams) propose(cmd *cobra.Command, f *trafficFlags, args []string, learn profile.LearnOptions) ([]*policy.Policy, error) {
	o, bar, err := f.options(s, cmd, args)
	if err != nil {
		return nil, err
	}
	p, err := app.Propose(cmd.Context(), app.ProposeOptions{Analyze: o, Learn: learn})
	bar.finish()
	if p == nil {
		return nil, err
	}
	s.complain(p.Report)
	return p.Policies, err
}

// proposed asks the hub.
func (h *hubFlags) proposed(cmd *cobra.Command, body map[string]any) ([]*policy.Policy, error) {
	var file json.RawMessage
	if err := h.ask(cmd, "/profiles/propose", body, &file); err != nil {
		return nil, err
	}
	doc, err := document.Read("the hub's answer", file)
	if err != nil {
		return nil, err
	}
	return doc.Policies, nil
}

// ask sends a question whose answer is not shown as it comes. The format is
// the command's own.
func (h *hubFlags) ask(cmd *cobra.Command, path string, body, out any) error {
	h.format = "json"
	c, err := h.connect(cmd)
	if err != nil {
		return err
	}
	return c.Do(cmd.Context(), "POST", path, nil, body, out)
}

// writePolicies writes a policy file, or the same for people, and says what
// was left out.
func (s *streams) writePolicies(list []*policy.Policy, format, output string) error {
	out, done, err := s.output(output, reportMode)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Kind != policy.ForProfile {
			continue
		}
		x, err := profile.Body(p)
		if err != nil {
			return done(err)
		}
		for _, text := range review.LeftOut(p.ID, x) {
			fmt.Fprintln(s.err, "edgeward:", text)
		}
	}
	return done(writePolicies(out, list, format))
}

func writePolicies(w io.Writer, list []*policy.Policy, format string) error {
	if format == "text" {
		return review.Proposal(w, list)
	}
	return document.Write(w, list, document.Format(format))
}
