//go:build !sensor

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/output/review"
	"edgeward/internal/policy"
)

func newPolicyProve(h *hubFlags) *cobra.Command {
	var f trafficFlags
	var format, output string
	var needed float64
	var fail bool
	cmd := &cobra.Command{
		Use:   "prove [flags] POLICY FILE|DIR|-...",
		Short: "replay traffic and count what profiles would have blocked",
		Long: `Prove replays captures, logs or the hub's facts against the profiles of a policy
file and lists, for each device, what would have been blocked: what it was, which
line comes nearest, and in which packets. Use other traffic than the profiles
were made of.

The result is a number with its bound: where nothing of n device-days would have
been blocked, wrong blocks are at most 3/n a device and day, with 95 % confidence.
Under --needed device-days it says "not enough seen", never more. Given captures
of attacks, it shows how much of them would have been stopped.`,
		Example: `  edgeward policy prove policy.yaml other.pcap
  edgeward policy prove --format html -o proof.html policy.yaml captures/
  edgeward policy prove --fail-on-block policy.yaml other.pcap
  edgeward policy prove --from-hub --days 30 policy.yaml`,
		Args: minimumArgs(1, "POLICY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(f.from(cmd, args[1:]), ownFormat(cmd, format, "text", "json", "html")); err != nil {
				return err
			}
			if needed <= 0 || needed > 1e6 {
				return usage(cmd, fmt.Errorf("--needed %g: want more than 0", needed))
			}
			list, problems, err := app.LoadPolicies(args[:1], h.s.in)
			if err != nil {
				return err
			}
			h.s.warn(problems)
			var r *profile.Result
			if f.fromHub {
				r, err = h.proved(cmd, list, f.days, needed)
			} else {
				r, err = h.s.prove(cmd, &f, args[1:], list, needed)
			}
			if r == nil {
				return err
			}
			if err == nil && fail && r.Summary.WouldBlock > 0 {
				err = errFindings
			}
			return errors.Join(h.s.writeProof(r, format, output), err)
		},
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.Float64Var(&needed, "needed", 30, "device-days under which nothing is called proven")
	fl.BoolVar(&fail, "fail-on-block", false, "exit with 3 when anything would have been blocked")
	formatFlags(cmd, &format, &output, "text", "json", "html")
	return cmd
}

func (s *streams) prove(cmd *cobra.Command, f *trafficFlags, args []string, list []*policy.Policy, needed float64) (*profile.Result, error) {
	o, bar, err := f.options(s, cmd, args)
	if err != nil {
		return nil, err
	}
	r, rep, err := app.Prove(cmd.Context(), app.ProveOptions{Analyze: o, Policies: list, Needed: needed})
	bar.finish()
	if rep != nil {
		s.complain(rep)
	}
	return r, err
}

// proved asks the hub.
func (h *hubFlags) proved(cmd *cobra.Command, list []*policy.Policy, days int, needed float64) (*profile.Result, error) {
	var file bytes.Buffer
	if err := document.Write(&file, list, document.JSON); err != nil {
		return nil, err
	}
	r := &profile.Result{}
	return r, h.ask(cmd, "/profiles/prove", map[string]any{"days": days, "needed_device_days": needed, "document": json.RawMessage(file.Bytes())}, r)
}

func (s *streams) writeProof(r *profile.Result, format, output string) error {
	out, done, err := s.output(output, reportMode)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return done(e.Encode(r))
	case "html":
		return done(review.ProofHTML(out, r))
	}
	return done(review.Proof(out, r))
}
