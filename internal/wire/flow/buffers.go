package flow

// buffers hands out byte buffers of a few sizes from free lists, within a
// limit that holds whatever the traffic is.
type buffers struct {
	limit int
	used  int
	free  [bufferClasses][][]byte
	idle  int // bytes in free lists
	halfs []*half
}

// The sizes are powers of two from 1 KiB to 128 KiB.
const (
	bufferClasses  = 8
	smallestBuffer = 1 << 10
)

func classOf(n int) int {
	c := 0
	for size := smallestBuffer; size < n; size *= 2 {
		c++
	}
	return c
}

// get gives an empty buffer with room for n bytes, nil when the limit is reached.
func (b *buffers) get(n int) []byte {
	c := classOf(n)
	if c >= bufferClasses {
		return nil
	}
	size := smallestBuffer << c
	if b.used+size > b.limit {
		return nil
	}
	b.used += size
	if l := b.free[c]; len(l) > 0 {
		buf := l[len(l)-1]
		b.free[c] = l[:len(l)-1]
		b.idle -= size
		return buf[:0]
	}
	return make([]byte, 0, size)
}

// put gives a buffer back.
func (b *buffers) put(buf []byte) {
	size := cap(buf)
	c := classOf(size)
	if size == 0 || c >= bufferClasses {
		return
	}
	b.used -= size
	if b.idle+size <= b.limit/4 {
		b.free[c] = append(b.free[c], buf[:0])
		b.idle += size
	}
}

// drop gives a buffer back, if there is one, and gives nil.
func (b *buffers) drop(buf []byte) []byte {
	if cap(buf) > 0 {
		b.put(buf)
	}
	return nil
}

// grow gives a buffer with the content of buf and room for n more bytes, nil
// when the limit is reached; buf itself then stays valid.
func (b *buffers) grow(buf []byte, n int) []byte {
	if len(buf)+n <= cap(buf) {
		return buf
	}
	bigger := b.get(len(buf) + n)
	if bigger == nil {
		return nil
	}
	bigger = append(bigger, buf...)
	b.drop(buf)
	return bigger
}

func (b *buffers) half() *half {
	if n := len(b.halfs); n > 0 {
		h := b.halfs[n-1]
		b.halfs = b.halfs[:n-1]
		return h
	}
	return new(half)
}

func (b *buffers) putHalf(h *half) {
	if len(b.halfs) < 1024 {
		b.halfs = append(b.halfs, h)
	}
}
