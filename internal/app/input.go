package app

import (
	"cmp"
	"context"
	"io"
	"os"

	"edgeward/internal/ident"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/logs"
)

// input is one capture or log to read.
type input struct {
	path  string
	size  int64
	pipe  bool  // what is read from it is gone
	first int64 // packet time of the first packet; 0 for pipes, which go first
}

// reading is what an input turned out to hold: one of the two.
type reading struct {
	packets capture.Source
	log     *logs.Reader
}

// open opens the input, which takes as long as a pipe has nothing to give.
// When the context ends before, opening is left to itself: nothing interrupts
// it, and the program is about to end.
func (in input) open(ctx context.Context, stdin io.Reader, o logs.Options) (reading, error) {
	if !in.pipe {
		return in.openFile(o)
	}
	type outcome struct {
		reading
		err error
	}
	opened := make(chan outcome, 1)
	go func() {
		c, err := in.openPipe(ctx, stdin, o)
		opened <- outcome{c, err}
	}()
	select {
	case o := <-opened:
		return o.reading, o.err
	case <-ctx.Done():
		return reading{}, ctx.Err()
	}
}

func (in input) openFile(o logs.Options) (c reading, err error) {
	if isLog(in.path) {
		c.log, err = logs.Open(in.path, o)
		return c, err
	}
	c.packets, err = capture.Open(in.path)
	return c, err
}

// openPipe opens what can be read only once.
func (in input) openPipe(ctx context.Context, stdin io.Reader, o logs.Options) (c reading, err error) {
	name := in.path
	if in.path == "-" {
		name = "standard input"
	} else if stdin, err = os.Open(in.path); err != nil {
		c.packets, err = capture.Open(in.path) // which says what is wrong
		return c, err
	}
	if h, ok := stdin.(*os.File); ok {
		stdin = capture.Interruptible(ctx, h)
	}
	format, stdin, err := logs.Recognise(stdin)
	switch {
	case err != nil:
		return c, ident.Errorf(ident.Unavailable, "the process that feeds it failed; try again", "read %q: %w", name, err)
	case format != logs.None:
		c.log, err = logs.New(stdin, name, o)
	default:
		c.packets, err = capture.NewReader(stdin, name)
	}
	return c, err
}

// isLog reports whether a file is a log that can be read.
func isLog(path string) bool { return logs.FormatOf(path) != logs.None }

// firstTime gives the time of the first packet or fact of a file, 0 when there
// is none; a file that cannot be opened says so when its turn comes.
func firstTime(path string) (t int64) {
	if isLog(path) {
		t, _ = logs.FirstTime(path)
	} else {
		t, _ = capture.FirstTime(path)
	}
	return t
}

// gather lists the captures and logs behind the paths, oldest first packet first.
// Paths that cannot be read are problems of their own.
func gather(paths []string) (inputs []input, skipped int, problems []problem) {
	for _, path := range paths {
		files, n, err := capture.Files([]string{path}, isLog)
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
			inputs[i].first = firstTime(inputs[i].path)
		}
	}
	ident.Sort(inputs, func(a, b *input) int { return cmp.Compare(a.first, b.first) })
	return inputs, skipped, problems
}
