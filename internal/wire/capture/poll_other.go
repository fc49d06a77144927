//go:build !linux

package capture

import (
	"context"
	"os"
)

// pollReader gives nil: reading from a pipe cannot be interrupted here.
func pollReader(*os.File) func(context.Context) error { return nil }
