package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = ""

// Version gives the version of the program.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

func newVersion(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Example: "  edgeward version\n  edgeward version --format json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			switch format {
			case "json":
				return json.NewEncoder(s.out).Encode(v)
			case "text":
				_, err := fmt.Fprintf(s.out, "edgeward %s %s %s/%s\n", v.Version, v.Go, v.OS, v.Arch)
				return err
			}
			return usage(cmd, fmt.Errorf("unknown format %q: want text or json", format))
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}
