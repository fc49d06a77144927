package capture

import (
	"context"
	"io"
	"os"
)

// Interruptible gives a reader of a pipe or terminal which ends with the
// context's error when the context ends while there is nothing to read.
func Interruptible(ctx context.Context, h *os.File) io.Reader {
	wait := pollReader(h)
	if wait == nil {
		return h
	}
	return &pipe{ctx, h, wait}
}

type pipe struct {
	ctx  context.Context
	file *os.File
	wait func(context.Context) error
}

func (p *pipe) Read(b []byte) (int, error) {
	if err := p.wait(p.ctx); err != nil {
		return 0, err
	}
	return p.file.Read(b)
}
