//go:build !sensor

package api

import (
	"fmt"
	"testing"
)

// TestOneLookAtATime wants a caller to look into the event log once at a time,
// and few callers at once.
func TestOneLookAtATime(t *testing.T) {
	var s studies
	end, err := s.begin(&caller{name: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.begin(&caller{name: "anna"}); err == nil {
		t.Error("anna looks twice at once")
	}
	for i := 1; i < mostStudies; i++ {
		if _, err := s.begin(&caller{name: fmt.Sprint(i)}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.begin(&caller{name: "one too many"}); err == nil {
		t.Error("there is no end of callers")
	}
	end()
	if _, err := s.begin(&caller{name: "anna"}); err != nil {
		t.Errorf("anna was done: %v", err)
	}
}
