//go:build !sensor

package app

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"edgeward/internal/app/config"
	"edgeward/internal/confine"
)

// TestNewContentReachesTheLocalSensor installs a bundle beside a sensor at
// work, which then runs with its files and was not counted as crashed.
func TestNewContentReachesTheLocalSensor(t *testing.T) {
	if !mayCapture() {
		t.Skip("needs the right to open packet sockets")
	}
	data := t.TempDir()
	keys := filepath.Join(t.TempDir(), "ours")
	if err := MakeKeys(keys, "the operator"); err != nil {
		t.Fatal(err)
	}
	k := NewKnowledge(data)
	if err := k.Trust(keys + ".pub"); err != nil {
		t.Fatal(err)
	}
	bundle := signedContent(t, keys+".key", "2030.1", same)
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	l.Data, l.Listen, l.Interfaces, l.Bus.Sync = data, "127.0.0.1:0", []string{"lo"}, "interval"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	working := func(h *Hub, knowledge string) *Watch {
		for ctx.Err() == nil {
			w, _ := h.local.working()
			if w != nil && w.Status().Running && w.Task.Knowledge == knowledge {
				return w
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("no sensor works with the content %q", knowledge)
		return nil
	}
	err = Run(ctx, RunOptions{Version: "test", Config: &l.Config, Log: quiet(), Prepare: func(_ context.Context, h *Hub) (string, error) {
		defer cancel()
		first := working(h, "")
		trial, err := knowledgeService{h}.Install(ctx, bytes.NewReader(bundle), false)
		if err != nil || !trial.Installed {
			t.Errorf("%+v, %v", trial, err)
			return "", nil
		}
		second := working(h, k.Folder())
		if _, err := (knowledgeService{h}).Rollback(ctx, ""); err != nil {
			t.Error(err)
		}
		third := working(h, "")
		if first == second || second == third {
			t.Error("it is the same process")
		}
		s, err := h.State.Sensor(ctx, 0, localSensor)
		if err != nil || s.Restarts != 0 || s.Problem != "" {
			t.Errorf("restarts are counted as crashes: %+v, %v", s, err)
		}
		if p := confine.Possible(); third != nil && p.Whole() && !third.Status().State.Whole() {
			t.Errorf("in force is %s", third.Status().State)
		}
		return "", nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}
