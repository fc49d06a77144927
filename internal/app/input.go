package app

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"

	"edgeward/internal/wire/capture"
)

// input is one capture to read.
type input struct {
	path  string
	size  int64
	pipe  bool  // what is read from it is gone
	first int64 // packet time of the first packet; 0 for pipes, which go first
}

// open opens the input, which takes as long as a pipe has nothing to give.
// When the context ends before, opening is left to itself: nothing interrupts
// it, and the program is about to end.
func (in input) open(ctx context.Context, stdin io.Reader) (capture.Source, error) {
	if !in.pipe {
		return in.read(stdin)
	}
	type outcome struct {
		src capture.Source
		err error
	}
	opened := make(chan outcome, 1)
	go func() {
		src, err := in.read(stdin)
		opened <- outcome{src, err}
	}()
	select {
	case o := <-opened:
		return o.src, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (in input) read(stdin io.Reader) (capture.Source, error) {
	if in.path == "-" {
		return capture.NewReader(stdin, "standard input")
	}
	return capture.Open(in.path)
}

// gather lists the captures behind the paths, oldest first packet first.
// Paths that cannot be read are problems of their own.
func gather(paths []string) (inputs []input, skipped int, problems []problem) {
	for _, path := range paths {
		files, n, err := capture.Files([]string{path})
		skipped += n
		if err != nil {
			problems = append(problems, problem{path, err})
			continue
		}
		for _, f := range files {
			in := input{path: f, pipe: f == "-"}
			if info, err := os.Stat(f); err == nil && f != "-" {
				in.size, in.pipe = info.Size(), !info.Mode().IsRegular()
			}
			inputs = append(inputs, in)
		}
	}
	if len(inputs) < 2 {
		return inputs, skipped, problems
	}
	for i := range inputs {
		if !inputs[i].pipe {
			// An input that cannot be opened says so when its turn comes.
			inputs[i].first, _ = capture.FirstTime(inputs[i].path)
		}
	}
	slices.SortStableFunc(inputs, func(a, b input) int { return cmp.Compare(a.first, b.first) })
	return inputs, skipped, problems
}
