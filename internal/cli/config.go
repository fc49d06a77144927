//go:build !sensor

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"edgeward/internal/app/config"
	"edgeward/internal/ident"
)

// configFile is read when no other is named and it is there.
const configFile = "/etc/edgeward/edgeward.yaml"

// chosenConfig gives the file that is read: the one that is named, else that
// of the environment, else the usual one when it is there.
func chosenConfig(flag string) string {
	switch {
	case flag != "":
		return flag
	case os.Getenv("EDGEWARD_CONFIG") != "":
		return os.Getenv("EDGEWARD_CONFIG")
	}
	if _, err := os.Stat(configFile); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return configFile
}

func newConfig(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "check, describe or begin the configuration",
		Long: `Config looks at the configuration of edgeward run. Flags win over the environment
(EDGEWARD_ and the key in upper case, with _ for dots), which wins over the YAML
file, which wins over the defaults.`,
		Example: "  edgeward config check\n  edgeward config init /etc/edgeward/edgeward.yaml\n  edgeward config schema > config.schema.json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheck(s), newConfigSchema(s), newConfigInit(s))
	return cmd
}

func newConfigCheck(s *streams) *cobra.Command {
	var file, format string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "show each value and where it comes from; exit with 1 when something is wrong",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(cmd, fmt.Errorf("unknown format %q: want text or json", format))
			}
			l, err := config.Load(config.Sources{File: chosenConfig(file), Environ: os.Environ()})
			if err != nil {
				return err
			}
			if format == "json" {
				e := json.NewEncoder(s.out)
				e.SetIndent("", "  ")
				return e.Encode(l.Values())
			}
			w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			for _, v := range l.Values() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, v.Text, v.Origin)
			}
			return w.Flush()
		},
		Example: "  edgeward config check --config edgeward.yaml",
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file (default "+configFile+" when it is there)")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

func newConfigSchema(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of the file, for editors", Args: noArgs,
		Example: "  edgeward config schema > config.schema.json",
		RunE: func(*cobra.Command, []string) error {
			b, err := config.Schema()
			if err == nil {
				_, err = s.out.Write(b)
			}
			return err
		},
	}
}

func newConfigInit(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "init [FILE]", Short: "write a file with every key as a comment, to standard output or as a new file", Args: cobra.MaximumNArgs(1),
		Example: "  edgeward config init /etc/edgeward/edgeward.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-" {
				_, err := s.out.Write(config.Example())
				return err
			}
			f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it may come to hold secrets
			if errors.Is(err, fs.ErrExist) {
				return ident.Errorf(ident.Invalid, "edit it, or name another", "%q is there already", args[0])
			}
			if err != nil {
				return writeError(args[0], err)
			}
			_, err = f.Write(config.Example())
			return errors.Join(err, f.Close())
		},
	}
}
