//go:build !sensor

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
	"edgeward/internal/judge/profile/document"
)

var profileColumns = columns("id name mode revision lines devices=members origin author created note")

func newPolicyList(h *hubFlags) *cobra.Command {
	return verb("list", "list the hub's profiles", "  edgeward policy list", noArgs, func(cmd *cobra.Command, _ []string) error {
		return h.get(cmd, "/profiles", nil, profileColumns)
	})
}

func newPolicyShow(h *hubFlags) *cobra.Command {
	var revisions bool
	cmd := verb("show ID", "show a profile of the hub as a policy file, or its revisions", "  edgeward policy show profile-d1\n  edgeward policy show --revisions profile-d1", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		if revisions {
			return h.get(cmd, "/profiles/"+pathOf(args[0])+"/revisions", nil, columns("revision mode lines changed author note"))
		}
		format := "yaml"
		if h.format == "json" {
			format = "json"
		}
		return h.download(cmd, "GET", "/profiles/"+pathOf(args[0])+"/document", url.Values{"format": {format}}, nil)
	})
	cmd.Flags().BoolVar(&revisions, "revisions", false, "list what it was before")
	return cmd
}

func newPolicyApply(h *hubFlags) *cobra.Command {
	var yes bool
	var keys []string
	cmd := &cobra.Command{
		Use:   "apply FILE...",
		Short: "give policy files to the hub, all or nothing",
		Long: `Apply shows what would change at the hub and asks; --yes goes on without asking.
Either everything in the files is taken, or nothing. What was there before stays
as a revision: go back with edgeward policy rollback.`,
		Example: "  edgeward policy apply policy.yaml\n  edgeward policy apply --yes --trust ours.pub signed.yaml",
		Args:    minimumArgs(1, "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, problems, err := app.LoadPolicies(args, h.s.in)
			if err != nil {
				return err
			}
			h.s.warn(problems)
			if len(keys) > 0 {
				trusted, err := app.PublicKeys(keys)
				if err != nil {
					return err
				}
				if err := app.VerifyPolicies(list, trusted); err != nil {
					return err
				}
			}
			var file bytes.Buffer
			if err := document.Write(&file, list, document.JSON); err != nil {
				return err
			}
			c, err := h.connect(cmd)
			if err != nil {
				return err
			}
			var diff struct {
				Base    string            `json:"base"`
				Changes []document.Change `json:"changes"`
			}
			body := map[string]any{"document": json.RawMessage(file.Bytes())}
			if err := c.Do(cmd.Context(), "POST", "/profiles/diff", nil, body, &diff); err != nil {
				return err
			}
			if len(diff.Changes) == 0 {
				fmt.Fprintln(h.s.err, "edgeward: the hub has all of this already")
				return nil
			}
			if err := document.WriteChanges(h.s.err, diff.Changes); err != nil {
				return err
			}
			if !yes && !h.s.confirmed("apply?") {
				return errors.New("nothing was applied")
			}
			body["base"] = diff.Base // what was shown is what is changed
			return h.show(cmd.Context(), c, "POST", "/profiles/apply", nil, body, profileColumns)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().StringArrayVar(&keys, "trust", nil, "file of a public key: every policy must be signed by one of them; may be repeated")
	return cmd
}

// confirmed asks a person; where nobody can answer, it is no.
func (s *streams) confirmed(question string) bool {
	if !isTerminal(s.in) {
		fmt.Fprintln(s.err, "edgeward: nobody can be asked here: use --yes")
		return false
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	line, _ := bufio.NewReader(s.in).ReadString('\n') // an end is a no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

func newPolicyRollback(h *hubFlags) *cobra.Command {
	cmd := verb("rollback ID --to REVISION", "make a profile again what it was", "  edgeward policy rollback profile-d1 --to 3", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		body := members(cmd, "to=revision")
		if len(body) == 0 {
			return usage(cmd, errors.New("rollback: say to which revision with --to"))
		}
		return h.change(cmd, "POST", "/profiles/"+pathOf(args[0])+"/rollback", body, profileColumns)
	})
	cmd.Flags().Int("to", 0, "revision; edgeward policy show --revisions lists them")
	return cmd
}
