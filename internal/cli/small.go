//go:build sensor

package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"edgeward/internal/output/report"
)

// formats are the formats of analyze; the small build makes no pages.
var formats = []string{"text", "json", "eve"}

func writeHTML(*report.Report, io.Writer) error { return errors.New("this build makes no HTML") }

// extend adds the commands and flags that the small build leaves out.
func extend(*cobra.Command, *streams) {}
