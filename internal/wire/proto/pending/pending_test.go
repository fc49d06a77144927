package pending

import (
	"testing"
	"time"

	"edgeward/internal/shared"
)

func TestTakeGivesOldestOfKey(t *testing.T) {
	var tab Table[string]
	tab.Init(4, time.Minute)
	*tab.Add(1, 0) = "first"
	*tab.Add(2, 1) = "other"
	*tab.Add(1, 2) = "second"
	for _, want := range []string{"first", "second"} {
		if got := tab.Take(1); got == nil || *got != want {
			t.Fatalf("Take(1) = %v, want %q", got, want)
		}
	}
	if tab.Take(1) != nil {
		t.Error("Take(1) gave a third request")
	}
	if got := tab.Find(2); got == nil || *got != "other" {
		t.Errorf("Find(2) = %v, want other", got)
	}
	if tab.Len() != 1 {
		t.Errorf("Len = %d, want 1", tab.Len())
	}
}

func TestExpired(t *testing.T) {
	var tab Table[int]
	tab.Init(2, time.Second)
	*tab.Add(1, 0) = 1
	if got := tab.Expired(int64(time.Second)); got != nil {
		t.Errorf("a request of exactly the allowed age left: %d", *got)
	}
	if got := tab.Expired(-int64(time.Hour)); got != nil {
		t.Errorf("time running backwards removed %d", *got)
	}
	*tab.Add(2, 10) = 2
	if got := tab.Expired(20); got == nil || *got != 1 {
		t.Errorf("full table: Expired = %v, want 1", got)
	}
	if got := tab.Expired(int64(2 * time.Second)); got == nil || *got != 2 {
		t.Errorf("old request: Expired = %v, want 2", got)
	}
	if got := tab.Expired(int64(time.Hour)); got != nil {
		t.Errorf("empty table: Expired = %d", *got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var tab Table[int]
	tab.Init(8, time.Hour)
	for i := range 1000 {
		*tab.Add(uint64(i), int64(i)) = i
	}
	if tab.Len() != 8 || len(tab.slots) != 8 {
		t.Fatalf("len %d, slots %d, want 8 and 8", tab.Len(), len(tab.slots))
	}
	if tab.Find(991) != nil || tab.Find(992) == nil {
		t.Error("the newest eight requests should remain")
	}
	tab.Init(8, time.Hour)
	if tab.Len() != 0 || tab.Oldest() != nil {
		t.Error("Init should forget all requests")
	}
	allocs := shared.AllocsPerRun(100, func() {
		*tab.Add(7, 1) = 1
		tab.Take(7)
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a request and its answer, want 0", allocs)
	}
}

func TestTakeFunc(t *testing.T) {
	var tab Table[int]
	tab.Init(4, time.Hour)
	for i := 1; i <= 3; i++ {
		*tab.Add(0, int64(i)) = i
	}
	if got := tab.TakeFunc(func(v *int) bool { return *v > 1 }); got == nil || *got != 2 {
		t.Errorf("TakeFunc = %v, want 2", got)
	}
	if got := tab.Oldest(); got == nil || *got != 1 {
		t.Errorf("Oldest = %v, want 1", got)
	}
}
