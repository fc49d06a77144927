package detect

import (
	"math/rand/v2"
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

func TestTableForgetsTheOldest(t *testing.T) {
	tab := newTable[int](3)
	for i := range 5 {
		*tab.make(uint64(i)) = i
		tab.make(0)
	}
	if len(tab.index) != 3 || tab.get(0) == nil || tab.get(4) == nil || tab.get(3) == nil || tab.get(1) != nil {
		t.Errorf("kept: %v", tab.index)
	}
	var order []uint64
	tab.each(func(k uint64, _ *int) { order = append(order, k) })
	if len(order) != 3 || order[0] != 0 {
		t.Errorf("order %v", order)
	}
}
