package capture

import "sync/atomic"

// Batch is a run of frames with the memory they live in: at most 2048 frames
// or one block of a file or ring. The zero value is ready for [Source.Read],
// which gives it one reference. Retain and Release may be called from any
// goroutine, as often as the batch is handed on; after the last Release no
// frame may be touched any more and the batch may be read into again.
//
// A source has a limited number of blocks and waits in Read until some come
// back.
type Batch struct {
	Frames []Frame
	blocks []*block
	refs   atomic.Int32
}

// Retain adds a reference.
func (b *Batch) Retain() { b.refs.Add(1) }

// Release takes one reference away. With the last one the memory goes back to
// its source.
func (b *Batch) Release() {
	switch n := b.refs.Add(-1); {
	case n == 0:
		b.drop()
	case n < 0:
		panic("capture: batch released too often")
	}
}

// reset makes the batch empty with one reference. A batch that still has
// only the reference of the last Read is released, so that a loop on one
// goroutine needs no Release of its own.
func (b *Batch) reset() {
	if b.refs.Load() > 1 {
		panic("capture: batch read into while it is in use")
	}
	b.drop()
	b.refs.Store(1)
	if b.Frames == nil {
		b.Frames = make([]Frame, 0, batchFrames)
	}
}

func (b *Batch) drop() {
	for i, k := range b.blocks {
		k.release()
		b.blocks[i] = nil
	}
	b.blocks = b.blocks[:0]
	clear(b.Frames)
	b.Frames = b.Frames[:0]
}

// hold makes the batch keep a block.
func (b *Batch) hold(k *block) {
	if n := len(b.blocks); n > 0 && b.blocks[n-1] == k {
		return
	}
	k.retain()
	b.blocks = append(b.blocks, k)
}
