package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBurstAgainstCount compares with counting by definition, with facts out
// of order.
func TestBurstAgainstCount(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b burst
		var sl slabs
		type seen struct{ time, key int64 }
		last := map[int64]int64{}
		now := int64(0)
		for range 50 {
			now += r.Int64N(8) * second
			m := seen{now - r.Int64N(20)*second, r.Int64N(40)}
			got := b.put(&sl, mark{time: m.time, key: uint64(m.key)}, 60*second)
			if old, ok := last[m.key]; !ok || m.time > old || old-m.time > 60*second {
				last[m.key] = m.time
			}
			at := last[m.key]
			want := 0
			for _, start := range last {
				if start > at || at-start > 60*second {
					continue
				}
				n := 0
				for _, x := range last {
					if x >= start && x-start <= 60*second {
						n++
					}
				}
				want = max(want, n)
			}
			if got != want {
				t.Fatalf("got %d, want %d", got, want)
			}
		}
	}
}

func TestDistinct(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 33, 100, 1000, 10000} {
		var d distinct
		for range 3 {
			for i := range n {
				d.add(uint64(i))
			}
		}
		if got := d.count(); got < n-n/4 || got > n+n/4 || n <= exactKeys && got != n {
			t.Errorf("%d keys are counted as %d", n, got)
		}
	}
}

// TestTableIsALeastRecentlyUsedMap compares it with a map and a list.
func TestTableIsALeastRecentlyUsedMap(t *testing.T) {
	const size = 100
	tab := newTable[uint64](size)
	var recent []uint64 // keys, last used first
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		k := uint64(rng.IntN(3 * size))
		if rng.IntN(2) == 0 {
			k <<= 40
		}
		i := slices.Index(recent, k)
		if v := tab.get(k); (v != nil) != (i >= 0) || v != nil && *v != k {
			t.Fatalf("key %d: found %t, want %t", k, v != nil, i >= 0)
		}
		if v := tab.make(k); i < 0 && *v != 0 {
			t.Fatalf("a new key has value %d", *v)
		} else {
			*v = k
		}
		if i >= 0 {
			recent = slices.Delete(recent, i, i+1)
		}
		recent = slices.Insert(recent, 0, k)
		recent = recent[:min(len(recent), size)]
	}
	i := len(recent)
	tab.each(func(k uint64, v *uint64) {
		if i--; k != recent[i] || *v != k {
			t.Fatalf("key %d is in place %d", k, i)
		}
	})
}

func TestTableForgetsTheOldest(t *testing.T) {
	tab := newTable[int](3)
	for i := range 5 {
		*tab.make(uint64(i)) = i
		tab.make(0)
	}
	if len(tab.places) != 3 || tab.get(0) == nil || tab.get(4) == nil || tab.get(3) == nil || tab.get(1) != nil {
		t.Errorf("%d are kept", len(tab.places))
	}
	var order []uint64
	tab.each(func(k uint64, _ *int) { order = append(order, k) })
	if len(order) != 3 || order[0] != 0 {
		t.Errorf("order %v", order)
	}
}
