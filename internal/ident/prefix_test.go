package ident

import (
	"fmt"
	"testing"
)

func TestParsePrefixes(t *testing.T) {
	got, err := ParsePrefixes([]string{"10.1.2.3/8", " 192.0.2.7", "2001:db8::1/64", "fe80::1"})
	if want := "[10.0.0.0/8 192.0.2.7/32 2001:db8::/64 fe80::1/128]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "10.0.0.0/33", "example.org", "fe80::1%eth0", "10.0.0"} {
		if got, err := ParsePrefixes([]string{"10.0.0.0/8", bad}); CodeOf(err) != Usage || HintOf(err) == "" || len(got) != 1 {
			t.Errorf("%q gives %v, %v", bad, got, err)
		}
	}
}
