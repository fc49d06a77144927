//go:build !sensor

package api

import (
	"context"
	"io"

	"edgeward/internal/hub"
	"edgeward/internal/wire/dissect"
)

// What the service needs beside the stores of package hub. Package app gives
// it; what is nil answers that it is not available.

// Live tells what changes.
type Live interface {
	// Subscribe gives the changes after a sequence number, 0 for from now on,
	// until the context ends. A reader that is too slow finds the channel
	// closed and asks again with the last number that it got.
	Subscribe(ctx context.Context, after uint64) <-chan hub.Change
}

// Captures analyses files of packets in a confined process.
type Captures interface {
	// Analyze reads a capture to its end and analyses it. It returns when all
	// bytes have been received; the analysis may still go on. It sets all but
	// Name, Site and Author. One that was analysed before, by its SHA-256, is
	// Invalid unless Again is set.
	Analyze(ctx context.Context, tenant uint16, c *Capture, r io.Reader) error
	Captures(ctx context.Context, tenant uint16) ([]Capture, error)
	DeleteCapture(ctx context.Context, tenant uint16, id string) error
}

// Dissector decodes single packets in a confined process.
type Dissector interface {
	// Dissect gives the layers of each frame; none for one that it cannot decode.
	Dissect(ctx context.Context, frames [][]byte) ([][]dissect.Layer, error)
}

// Backups keeps copies of the hub's state.
type Backups interface {
	Backups(ctx context.Context) ([]Backup, error)
	Backup(ctx context.Context, note string) (Backup, error)
	OpenBackup(ctx context.Context, name string) (io.ReadCloser, error)
	DeleteBackup(ctx context.Context, name string) error
}

// Content keeps reference knowledge.
type Content interface {
	Status(ctx context.Context) (ContentStatus, error)
	// Install verifies a signed bundle, tries it on yesterday's facts, and uses
	// it unless dry says not to.
	Install(ctx context.Context, r io.Reader, dry bool) (ContentTrial, error)
	Rollback(ctx context.Context, version string) (ContentStatus, error)
}

// Notifier sends notifications.
type Notifier interface {
	// Send delivers one message to one target; secret is unsealed.
	Send(ctx context.Context, t hub.Target, secret []byte, subject, text string) error
}

// Health tells how the parts of the hub are.
type Health interface {
	Parts(ctx context.Context) []Part
	// Storage gives bytes by kind, such as state, events and stream.
	Storage(ctx context.Context) map[string]int64
}

// Layer is one layer of a decoded packet, and Field one value in it.
type (
	Layer = dissect.Layer
	Field = dissect.Field
)
