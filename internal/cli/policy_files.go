//go:build !sensor

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/judge/profile/document"
)

func newPolicyCheck(h *hubFlags) *cobra.Command {
	var format, output string
	var keys []string
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "look for what is wrong in policy files",
		Long: `Check reads policy files as apply and the hub do, and tells everything that is
wrong, with file, line and column: unknown words, ranges the wrong way round,
lines that contradict or shadow one another, two policies for one device, ids
that are there twice, what has expired. Files that are given together are checked
together. It exits with 1 when there are errors; warnings are no errors.`,
		Example: "  edgeward policy check policy.yaml\n  edgeward policy check --format json --trust ours.pub policies/*.yaml",
		Args:    minimumArgs(1, "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ownFormat(cmd, format, "text", "json"); err != nil {
				return err
			}
			files, err := app.ReadPolicies(args, h.s.in)
			if err != nil {
				return err
			}
			problems := document.Check(time.Now().UnixNano(), files...)
			trusted, err := app.PublicKeys(keys)
			if err != nil {
				return err
			}
			if format == "json" {
				out, done, err := h.s.output(output, reportMode)
				if err != nil {
					return err
				}
				e := json.NewEncoder(out)
				e.SetIndent("", "  ")
				if err := done(e.Encode(append([]document.Problem{}, problems...))); err != nil {
					return err
				}
			} else {
				h.s.warn(problems)
			}
			err = document.Errors(problems)
			for _, f := range files {
				if len(trusted) > 0 {
					err = errors.Join(err, app.VerifyPolicies(f.Policies, trusted))
				}
				if err == nil && format == "text" {
					fmt.Fprintf(h.s.out, "%s: %d policies, nothing wrong\n", f.Name, len(f.Policies))
				}
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&keys, "trust", nil, "file of a public key: every policy must be signed by one of them; may be repeated")
	formatFlags(cmd, &format, &output, "text", "json")
	return cmd
}

func newPolicyDiff(h *hubFlags) *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "what differs between two policy files",
		Long: `Diff compares policies by id and their lines by what they are about. Evidence
does not count: two files differ when they allow something else. It exits with 3
when they do.`,
		Example: "  edgeward policy diff policy.yaml learned-again.yaml",
		Args:    exactArgs(2, "two files"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ownFormat(cmd, format, "text", "json"); err != nil {
				return err
			}
			files, err := app.ReadPolicies(args, h.s.in)
			if err != nil {
				return err
			}
			changes, err := document.Diff(files[0].Policies, files[1].Policies)
			if err != nil {
				return err
			}
			out, done, err := h.s.output(output, reportMode)
			if err != nil {
				return err
			}
			if len(changes) > 0 {
				err = errFindings
			}
			if format == "json" {
				e := json.NewEncoder(out)
				e.SetIndent("", "  ")
				return done(errors.Join(e.Encode(append([]document.Change{}, changes...)), err))
			}
			return done(errors.Join(document.WriteChanges(out, changes), err))
		},
	}
	formatFlags(cmd, &format, &output, "text", "json")
	return cmd
}

func newPolicySign(h *hubFlags) *cobra.Command {
	var key, format, output string
	cmd := &cobra.Command{
		Use:   "sign --key KEY FILE",
		Short: "sign the policies of a file",
		Long: `Sign signs every policy of a file with an Ed25519 key, such as edgeward content
keygen makes. The signature covers all that a policy says, not its revision, so
that it lasts when a hub keeps it. Check it with edgeward policy check --trust.`,
		Example: "  edgeward content keygen ours\n  edgeward policy sign --key ours.key -o signed.yaml policy.yaml",
		Args:    exactArgs(1, "a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ownFormat(cmd, format, "yaml", "json"); err != nil {
				return err
			}
			if key == "" {
				return usage(cmd, errors.New("sign: name the secret key with --key"))
			}
			list, problems, err := app.LoadPolicies(args, h.s.in)
			if err != nil {
				return err
			}
			h.s.warn(problems)
			if err := app.SignPolicies(list, key); err != nil {
				return err
			}
			out, done, err := h.s.output(output, reportMode)
			if err != nil {
				return err
			}
			return done(writePolicies(out, list, format))
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file of the secret key")
	formatFlags(cmd, &format, &output, "yaml", "json")
	return cmd
}
