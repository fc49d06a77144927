//go:build !sensor

package app

import (
	"context"
	"time"

	"edgeward/internal/ident"
)

// refuse ends a hub that could not begin. One whose state store is damaged, or
// was written by a newer program, stays until it is told to stop and answers
// everybody with the reason: started again it would fail again, and whoever
// looks for the hub finds out why and what to do. Everything else ends at once.
func (h *Hub) refuse(ctx context.Context, g *gate, served func(context.Context, time.Duration) error, cause error) {
	end, cancel := context.WithCancel(ctx)
	defer cancel()
	if code := ident.CodeOf(cause); h.State != nil || code != ident.Invalid && code != ident.Damaged {
		cancel()
	} else {
		g.say("It cannot start: "+cause.Error(), ident.HintOf(cause))
		h.o.Log.Error("the hub cannot start; it says so at its address until it is stopped", "error", cause, "hint", ident.HintOf(cause), "url", h.base)
		notify("READY=1\nSTATUS=cannot start: " + cause.Error()) // for systemd this is not worth another try
		go func() { _ = watchdog(end, func(context.Context) bool { return true }) }()
	}
	_ = served(end, 0) // what could not begin is what counts
}
