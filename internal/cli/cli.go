// Package cli is the command line: one file a command, flags and messages
// only. Data goes to standard output, messages to standard error. What the
// commands do is in package app.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"edgeward/internal/ident"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitFindings    = 3
	exitInterrupted = 130
)

// errFindings says that there is what the caller asked to be told of: findings
// at or above --fail-on, exchanges that would be blocked, differences.
var errFindings = errors.New("there is something to be told")

// streams is where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Run runs the program and gives its exit code.
func Run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	s := &streams{in, out, errw}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(errw, "edgeward: interrupted")
		return exitInterrupted
	}
	for _, e := range parts(err) {
		fmt.Fprintf(errw, "edgeward: %v\n", e)
		if hint := ident.HintOf(e); hint != "" {
			fmt.Fprintf(errw, "  hint: %s\n", hint)
		}
	}
	if ident.CodeOf(err) == ident.Usage {
		return exitUsage
	}
	return exitError
}

// parts gives the errors that errors.Join put together, each to be told with
// its own hint.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // only the outermost error is looked at
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err} // fmt.Errorf with several causes makes one message of them
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, parts(e)...)
	}
	return out
}

func newRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "edgeward",
		Short: "find the devices on a network, what they expose, and who attacks whom",
		Long: `Edgeward reads network traffic, from captures or live, and says which devices
are there, what they speak, what is exposed, and who attacks whom, with the
evidence for each claim.`,
		Example: `  edgeward analyze traffic.pcap
  edgeward analyze --format html --output report.html captures/
  sudo edgeward sensor --interface eth0`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(usage)
	root.AddCommand(newAnalyze(s), newSensor(s), newDoctor(s), newVersion(s), newWorker())
	extend(root, s)
	return root
}

// usage makes err a usage error that names the command's help.
func usage(cmd *cobra.Command, err error) error {
	return &ident.Error{Code: ident.Usage, Hint: "see " + cmd.CommandPath() + " --help", Err: err}
}

// unknownCommand makes a usage error that names the command that was meant, as
// far as this can be told.
func unknownCommand(root *cobra.Command, name string) error {
	root.SuggestionsMinimumDistance = 2
	err := fmt.Errorf("unknown command %q", name)
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return &ident.Error{Code: ident.Usage, Hint: "did you mean " + root.Name() + " " + near[0] + "?", Err: err}
	}
	return usage(root, err)
}

// noArgs wants no arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Errorf("%s: unexpected argument %q", cmd.Name(), args[0]))
	}
	return nil
}

// minimumArgs wants at least n arguments, called what.
func minimumArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(cmd, fmt.Errorf("%s: %s missing", cmd.Name(), what))
		}
		return nil
	}
}
