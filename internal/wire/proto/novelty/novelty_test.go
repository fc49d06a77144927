package novelty

import (
	"fmt"
	"testing"
)

func TestFilter(t *testing.T) {
	var f Filter
	a, b := []byte("PLC"), []byte("1.2")
	steps := []struct {
		name  string
		parts [][]byte
		want  bool
	}{
		{"first", [][]byte{a, b}, true},
		{"again", [][]byte{a, b}, false},
		{"other place", [][]byte{a, nil, b}, true},
		{"other cut", [][]byte{[]byte("PLC1"), []byte(".2")}, true},
		{"nothing", [][]byte{nil, {}}, false},
		{"first is still known", [][]byte{a, b}, false},
	}
	for _, s := range steps {
		if got := f.New(s.parts...); got != s.want {
			t.Errorf("%s: New = %v, want %v", s.name, got, s.want)
		}
	}
	for i := range 3 * size {
		if !f.New([]byte(fmt.Sprint(i))) {
			t.Errorf("%d should be new", i)
		}
	}
	if !f.New(a, b) {
		t.Error("what was pushed out should be new again")
	}
	if n := testing.AllocsPerRun(50, func() { f.New(a, b) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
