// Command edgeward finds the devices on a network, says what is wrong with
// them, and stops what attacks them or what they attack.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"edgeward/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
