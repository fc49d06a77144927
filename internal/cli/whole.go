//go:build !sensor

package cli

import (
	"io"

	"github.com/spf13/cobra"

	"edgeward/internal/output/report"
)

// formats are the formats of analyze.
var formats = []string{"text", "json", "eve", "html"}

func writeHTML(r *report.Report, w io.Writer) error { return r.HTML(w) }

// extend adds the commands and flags that the small build leaves out.
func extend(root *cobra.Command, s *streams) {
	root.AddCommand(hubCommands(s)...)
	root.AddCommand(newRun(s), newDemo(s), newHub(s), newContent(s), newConfig(s), newMan(s))
	addProfiles(root)
}
