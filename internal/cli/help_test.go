package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp wants every command to say what it does and to show how it is used.
func TestHelp(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			return
		}
		path := cmd.CommandPath()
		if cmd.Short == "" {
			t.Errorf("%s does not say what it does", path)
		}
		if !strings.Contains(cmd.Example, path) {
			t.Errorf("%s shows no example of itself: %q", path, cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&streams{strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}}))
}
