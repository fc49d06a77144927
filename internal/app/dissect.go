package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"edgeward/internal/confine"
	"edgeward/internal/wire/dissect"
)

// The limits of what is dissected at once.
const (
	maxDissect      = 64
	maxDissectBytes = 64 << 10
)

// dissectFrames is the child's side.
func dissectFrames(s *confine.Session, t *Task) error {
	if err := s.Enter(confine.Limits{Memory: 512 << 20, CPU: 10}); err != nil {
		return err
	}
	layers := make([][]dissect.Layer, len(t.Frames))
	for i, f := range t.Frames {
		layers[i] = dissect.Frame(f)
	}
	b, err := json.Marshal(layers)
	if err != nil {
		return fmt.Errorf("tell the layers: %w", err)
	}
	return s.Write(layersFrame, b)
}

// Dissect gives the layers of frames, as a process without rights reads them.
func Dissect(ctx context.Context, frames [][]byte) ([][]dissect.Layer, error) {
	frames = slices.Clone(frames[:min(len(frames), maxDissect)])
	for i := range frames {
		frames[i] = frames[i][:min(len(frames[i]), maxDissectBytes)]
	}
	spec, err := json.Marshal(Task{Kind: DissectTask, Frames: frames})
	if err != nil {
		return nil, fmt.Errorf("describe the task: %w", err)
	}
	child, err := confine.Start(ctx, confine.Options{Args: []string{WorkerCommand}, Spec: spec})
	if err != nil {
		return nil, err
	}
	f, err := child.Next()
	if werr := child.Wait(); werr != nil {
		return nil, werr
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var layers [][]dissect.Layer
	if f.Kind != layersFrame || json.Unmarshal(f.Content, &layers) != nil || len(layers) != len(frames) {
		return nil, errors.New("the parsing process gave no layers")
	}
	for i, list := range layers {
		if !sound(list, len(frames[i])) {
			return nil, errors.New("the parsing process gave layers that lie outside of the frame")
		}
	}
	return layers, nil
}

// sound reports whether layers and fields lie in a frame of n bytes.
func sound(list []dissect.Layer, n int) bool {
	within := func(at, length int) bool { return at >= 0 && length >= 0 && at <= n && length <= n-at }
	for _, l := range list {
		if !within(l.Offset, l.Length) {
			return false
		}
		for _, f := range l.Fields {
			if !within(f.Offset, f.Length) {
				return false
			}
		}
	}
	return true
}
