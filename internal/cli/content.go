//go:build !sensor

package cli

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"edgeward/internal/app"
)

func newContent(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "content",
		Short: "update, verify and go back with reference knowledge, by signed bundles",
		Long: `Content is what Edgeward knows beforehand: checks, fingerprints, types, makers. It
ships inside the program, and is updated by bundles that a key you trust has
signed. No network is needed. Before new content is used it judges the facts of
the last day, and is refused when it would add many findings. The commands work
on the data folder of a hub that does not run; with one that runs, use the
console or the API.`,
		Example: `  edgeward content keygen ours
  edgeward content build --key ours.key --version 2026.12 -o content.ewb content/
  edgeward content trust ours.pub
  edgeward content update content.ewb
  edgeward content rollback`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newContentUpdate(s), newContentVerify(s), newContentRollback(s), newContentBuild(s), newContentKeygen(s), newContentTrust(s))
	return cmd
}

func newContentUpdate(s *streams) *cobra.Command {
	var data string
	var force bool
	cmd := &cobra.Command{
		Use:     "update BUNDLE",
		Short:   "verify a bundle, try it on yesterday's facts, and use it",
		Example: "  edgeward content update content.ewb --data /var/lib/edgeward",
		Args:    exactly(1, "the bundle"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, t, err := app.UpdateContent(cmd.Context(), data, args[0], force)
			if t != nil {
				printTrial(s.out, t)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "content %s, signed by %s, is in use from the next start on\n", c.Manifest.Version, c.Signer)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder of the hub")
	cmd.Flags().BoolVar(&force, "force", false, "install it even if it is older or would add many findings")
	return cmd
}

func printTrial(w io.Writer, t *app.Trial) {
	fmt.Fprintf(w, "tried on %d facts of the last day\n", t.Facts)
	more, fewer := t.Diff()
	for _, line := range append(more, fewer...) {
		fmt.Fprintln(w, " ", line)
	}
	if len(more)+len(fewer) == 0 {
		fmt.Fprintln(w, "  the same findings as before")
	}
}

func newContentVerify(s *streams) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:     "verify BUNDLE",
		Short:   "check the signature and the content of a bundle",
		Example: "  edgeward content verify content.ewb",
		Args:    exactly(1, "the bundle"),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := app.VerifyContent(data, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "content %s of %s, signed by %s: good\n", c.Manifest.Version, time.Unix(c.Manifest.Made, 0).UTC().Format(time.DateOnly), c.Signer)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder of the hub, which has the trusted keys")
	return cmd
}

func newContentRollback(s *streams) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:     "rollback [VERSION]",
		Short:   "go back to the content before, to a version that is kept, or to built-in",
		Example: "  edgeward content rollback\n  edgeward content rollback 2026.11.2",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			version := ""
			if len(args) > 0 {
				version = args[0]
			}
			u, err := app.KnowledgeOf(data).Rollback(version, time.Now())
			if err != nil {
				return err
			}
			if u.Version == "" {
				u.Version = "built-in"
			}
			fmt.Fprintf(s.out, "content %s is in use from the next start on\n", u.Version)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder of the hub")
	return cmd
}

func newContentBuild(s *streams) *cobra.Command {
	var key, version, out, program, system string
	cmd := &cobra.Command{
		Use:     "build --key KEY --version VERSION -o FILE (DIR | --program FILE)",
		Short:   "sign a folder of content, or a program for sensors",
		Example: "  edgeward content build --key ours.key --version 2026.12 -o content.ewb content/\n  edgeward content build --key ours.key --version 1.4.0 --system linux-arm64 --program ./edgeward -o 1.4.0-linux-arm64.ewb",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if key == "" || version == "" || out == "" || (program == "") == (len(args) == 0) {
				return usage(cmd, fmt.Errorf("build: --key, --version, --output and either a folder or --program are needed"))
			}
			var err error
			if program != "" {
				err = app.SignProgram(program, key, version, system, out, time.Now())
			} else {
				err = app.SignContent(args[0], key, version, out, time.Now())
			}
			if err == nil {
				fmt.Fprintln(s.out, "signed:", out)
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&key, "key", "", "file of the secret key")
	fl.StringVar(&version, "version", "", "version, such as 2026.12.1")
	fl.StringVarP(&out, "output", "o", "", "file to write")
	fl.StringVar(&program, "program", "", "sign this program for sensors instead of content")
	fl.StringVar(&system, "system", runtime.GOOS+"-"+runtime.GOARCH, "system of the program")
	return cmd
}

func newContentKeygen(s *streams) *cobra.Command {
	var comment string
	cmd := &cobra.Command{
		Use:     "keygen NAME",
		Short:   "make a pair of keys to sign with: NAME.key, which stays with you, and NAME.pub",
		Example: "  edgeward content keygen ours --comment \"plant north\"",
		Args:    exactly(1, "a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := app.MakeKeys(args[0], comment); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s.key signs and stays secret; give %s.pub to hubs and sensors\n", args[0], args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&comment, "comment", "", "whose key it is, shown where it is used")
	return cmd
}

func newContentTrust(s *streams) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:     "trust KEY.pub",
		Short:   "accept content that this key has signed",
		Example: "  edgeward content trust ours.pub --data /var/lib/edgeward",
		Args:    exactly(1, "the public key"),
		RunE: func(_ *cobra.Command, args []string) error {
			k := app.KnowledgeOf(data)
			if err := k.Trust(args[0]); err != nil {
				return err
			}
			fmt.Fprintln(s.out, "trusted; remove the file from", k.TrustDir(), "to end that")
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder of the hub")
	return cmd
}

// exactly wants n arguments, called what.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(cmd, fmt.Errorf("%s: unexpected argument %q", cmd.Name(), args[n]))
		}
		return minimumArgs(n, what)(cmd, args)
	}
}
