package capture

import (
	"context"
	"sync"
	"sync/atomic"
)

const (
	// blockSize is how much memory of a capture is taken and given back at once.
	blockSize = 1 << 20
	// readSize is how much is read at once: little enough to be in the cache
	// still when it is decoded.
	readSize = 256 << 10
	// maxRecord is the longest record that a file may have; what says to be
	// longer is taken for damage.
	maxRecord = 256 << 10
	// batchFrames is how many frames a batch has at most.
	batchFrames = 2048
	// fileBlocks is how many blocks of one file are in use at most.
	fileBlocks = 24
)

// block is memory that frames live in. Every batch with frames in it and the
// reader that still fills it hold a reference.
type block struct {
	data []byte
	refs atomic.Int32
	free func(*block) // called when the last reference is gone
}

func (b *block) retain() { b.refs.Add(1) }

func (b *block) release() {
	switch n := b.refs.Add(-1); {
	case n == 0:
		b.free(b)
	case n < 0:
		panic("capture: block released too often")
	}
}

// spare keeps blocks for the next file.
var spare = sync.Pool{New: func() any { return &block{data: make([]byte, blockSize)} }}

// pool hands out blocks, at most cap(tokens) at a time.
type pool struct {
	tokens chan struct{}
}

func newPool(limit int) *pool { return &pool{tokens: make(chan struct{}, limit)} }

// get gives an empty block with one reference. It waits while all are in use.
func (p *pool) get(ctx context.Context) (*block, error) {
	select {
	case p.tokens <- struct{}{}:
	default:
		select {
		case p.tokens <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b := spare.Get().(*block)
	b.refs.Store(1)
	b.free = p.put
	return b, nil
}

func (p *pool) put(b *block) {
	b.free = nil
	spare.Put(b)
	<-p.tokens
}
