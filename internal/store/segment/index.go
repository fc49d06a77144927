package segment

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"net/netip"
)

// filterIndex tells what a file cannot have: a Bloom filter over its
// addresses and host keys. It lies in the manifest, so that most files are
// left out without being opened.
type filterIndex struct {
	mask  uint64 // of the bits' number, a power of two less one
	words []uint64
}

const (
	bitsPerValue = 12 // gives about 0.3 % of files opened in vain
	probes       = 4
	maxIndexed   = 1 << 16 // values; a file with more has no filter
)

// indexer gathers the values of a file.
type indexer struct {
	seen map[uint64]struct{}
	addr map[string]struct{}
}

func newIndexer() *indexer {
	return &indexer{seen: map[uint64]struct{}{}, addr: map[string]struct{}{}}
}

func (x *indexer) add(r *row) {
	if len(x.seen) > maxIndexed {
		return
	}
	x.seen[hostHash(r.SrcHost)] = struct{}{}
	x.seen[hostHash(r.DstHost)] = struct{}{}
	for _, a := range [2]string{r.Src, r.Dst} {
		if _, ok := x.addr[a]; ok || a == "" {
			continue
		}
		x.addr[a] = struct{}{}
		x.seen[addrHash(addrOf(a))] = struct{}{}
	}
}

func hostHash(h int64) uint64 {
	v := uint64(h) * 0x9e3779b97f4a7c15
	v ^= v >> 29
	return v*0xbf58476d1ce4e5b9 | 1
}

func addrHash(a netip.Addr) uint64 {
	b := a.Unmap().As16()
	h := fnv.New64a()
	h.Write(b[:])
	return h.Sum64()
}

// encode gives the filter's bytes: one for the binary logarithm of the number
// of 64-bit words, then these. It is nil when there are too many values.
func (x *indexer) encode() []byte {
	if len(x.seen) > maxIndexed {
		return nil
	}
	log := bits.Len(uint(len(x.seen)*bitsPerValue) / 64)
	f := filterIndex{mask: 64<<log - 1, words: make([]uint64, 1<<log)}
	for v := range x.seen {
		for i := range probes {
			b := f.bit(v, i)
			f.words[b/64] |= 1 << (b % 64)
		}
	}
	out := make([]byte, 1, 1+8*len(f.words))
	out[0] = byte(log)
	for _, w := range f.words {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}

func (f *filterIndex) bit(v uint64, i int) uint64 {
	return (v + uint64(i)*(v>>32|1)) * 0x9e3779b97f4a7c15 >> 20 & f.mask
}

// readIndex reads what encode made, nil when it is none.
func readIndex(b []byte) *filterIndex {
	if len(b) < 1 || b[0] > 24 || len(b) != 1+8<<b[0] {
		return nil
	}
	f := &filterIndex{mask: 64<<b[0] - 1, words: make([]uint64, 1<<b[0])}
	for i := range f.words {
		f.words[i] = binary.LittleEndian.Uint64(b[1+8*i:])
	}
	return f
}

// may reports whether a value may be in the file; a file without a filter may
// have everything.
func (f *filterIndex) may(v uint64) bool {
	if f == nil {
		return true
	}
	for i := range probes {
		b := f.bit(v, i)
		if f.words[b/64]>>(b%64)&1 == 0 {
			return false
		}
	}
	return true
}
