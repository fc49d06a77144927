// Package cli is the command line: one file a command, flags and messages
// only. Data goes to standard output, messages to standard error. What the
// commands do is in package app.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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

// errFindings says that there are findings at or above --fail-on.
var errFindings = errors.New("findings at or above the given severity")

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
	fmt.Fprintf(errw, "edgeward: %v\n", err)
	if hint := ident.HintOf(err); hint != "" {
		fmt.Fprintf(errw, "  hint: %s\n", hint)
	}
	if ident.CodeOf(err) == ident.Usage {
		return exitUsage
	}
	return exitError
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
				return usage(cmd, fmt.Errorf("unknown command %q", args[0]))
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(usage)
	root.AddCommand(newAnalyze(s), newSensor(s), newDoctor(s), newVersion(s), newMan(s))
	addProfiles(root)
	return root
}

// usage makes err a usage error that names the command's help.
func usage(cmd *cobra.Command, err error) error {
	return &ident.Error{Code: ident.Usage, Hint: "see " + cmd.CommandPath() + " --help", Err: err}
}

// exactArgs wants at least n arguments, called what.
func minimumArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(cmd, fmt.Errorf("%s: %s missing", cmd.Name(), what))
		}
		return nil
	}
}

// output opens the file that --output names, or gives standard output. The
// file appears under its name only when it is whole.
func (s *streams) output(path string) (io.Writer, func(error) error, error) {
	if path == "" || path == "-" {
		return s.out, func(err error) error { return err }, nil
	}
	f, err := os.CreateTemp(dirOf(path), ".edgeward-*")
	if err != nil {
		return nil, nil, ident.Errorf(ident.Denied, "choose another place with --output", "write %q: %w", path, err)
	}
	done := func(err error) error {
		err = errors.Join(err, f.Chmod(0o644), f.Close())
		if err == nil || errors.Is(err, errFindings) {
			return errors.Join(err, os.Rename(f.Name(), path))
		}
		os.Remove(f.Name())
		return err
	}
	return f, done, nil
}

// stream opens the file that --output names for lines that come one by one.
func (s *streams) stream(path string) (io.Writer, func(error) error, error) {
	if path == "" || path == "-" {
		return s.out, func(err error) error { return err }, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, nil, ident.Errorf(ident.Denied, "choose another place with --output", "write %q: %w", path, err)
	}
	return f, func(err error) error { return errors.Join(err, f.Close()) }, nil
}

func dirOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1]
	}
	return "."
}
