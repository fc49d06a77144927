package app

import (
	"cmp"
	"io"
	"os"
	"slices"

	"edgeward/internal/wire/capture"
)

// input is one capture to read.
type input struct {
	path  string
	size  int64
	first int64 // packet time of the first packet
}

func (in input) open(stdin io.Reader) (capture.Source, error) {
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
			in := input{path: f}
			if info, err := os.Stat(f); err == nil {
				in.size = info.Size()
			}
			inputs = append(inputs, in)
		}
	}
	if len(inputs) < 2 {
		return inputs, skipped, problems
	}
	for i := range inputs {
		if inputs[i].path != "-" {
			// An input that cannot be opened says so when its turn comes.
			inputs[i].first, _ = capture.FirstTime(inputs[i].path)
		}
	}
	slices.SortStableFunc(inputs, func(a, b input) int { return cmp.Compare(a.first, b.first) })
	return inputs, skipped, problems
}
