package bus

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
)

var update = flag.Bool("update", false, "add new fields to the list of numbers")

// TestNumbersKeepTheirMeaning compares the numbers of all fields that travel
// with the list of those that ever did. Stored segments and sensors of other
// versions depend on them: lines are added, never changed and never removed.
func TestNumbersKeepTheirMeaning(t *testing.T) {
	const path = "testdata/numbers.txt"
	var now []string
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() == "net/netip" || typ == reflect.TypeFor[event.Secret]() {
			return
		}
		seen[typ] = true
		numbers := map[string]string{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			n, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
			if n == "-" {
				continue // it never leaves the process
			}
			if n == "" {
				t.Errorf("%s.%s has no number", typ, f.Name)
			}
			if other := numbers[n]; other != "" {
				t.Errorf("%s: %s and %s are both %s", typ, f.Name, other, n)
			}
			numbers[n] = f.Name
			now = append(now, fmt.Sprintf("%s %s %s", typ, n, f.Name))
			walk(f.Type)
		}
	}
	for k := range event.Kind(event.KindCount) {
		walk(reflect.TypeOf(event.NewBody(k)))
	}
	for _, v := range []any{Header{}, payload{}, Capture{}, Stats{}, asset.Device{}, finding.Finding{}} {
		walk(reflect.TypeOf(v))
	}
	b, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	old := strings.Fields(strings.ReplaceAll(string(b), " ", "\x00"))
	taken := map[string]string{}
	for i, l := range old {
		old[i] = strings.ReplaceAll(l, "\x00", " ")
		at := strings.LastIndexByte(old[i], ' ')
		taken[old[i][:at]] = old[i]
	}
	for _, l := range now {
		was, known := taken[l[:strings.LastIndexByte(l, ' ')]]
		switch {
		case known && was != l:
			t.Errorf("%q was %q: give the field a number that was never used", l, was)
		case !known && !*update:
			t.Errorf("%q is new: run go test ./internal/bus -run NumbersKeep -update", l)
		case !known:
			old = append(old, l)
		}
	}
	if *update && !t.Failed() {
		slices.Sort(old)
		if err := os.WriteFile(path, []byte(strings.Join(old, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
