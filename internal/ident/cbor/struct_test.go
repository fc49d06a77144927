package cbor_test

import (
	"bytes"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	library "github.com/fxamacker/cbor/v2"

	"edgeward/internal/ident/cbor"
)

type leaf struct {
	Name  string  `cbor:"1,keyasint,omitempty"`
	Share float64 `cbor:"2,keyasint,omitempty"`
}

type tree struct {
	Flag   bool              `cbor:"1,keyasint,omitempty"`
	Small  int8              `cbor:"2,keyasint,omitempty"`
	Large  uint64            `cbor:"30,keyasint,omitempty"`
	Text   string            `cbor:"4,keyasint,omitempty"`
	Raw    []byte            `cbor:"5,keyasint,omitempty"`
	MAC    [6]byte           `cbor:"6,keyasint,omitempty"`
	Addr   netip.Addr        `cbor:"7,keyasint,omitempty"`
	Words  []string          `cbor:"8,keyasint,omitempty"`
	Leaf   leaf              `cbor:"9,keyasint,omitempty"`
	Leaves []leaf            `cbor:"10,keyasint,omitempty"`
	Child  *tree             `cbor:"11,keyasint,omitempty"`
	Counts map[string]uint64 `cbor:"12,keyasint,omitempty"`
	Local  string            `cbor:"-"`
}

func example() tree {
	return tree{
		Flag: true, Small: -7, Large: math.MaxUint64, Text: "ü", Raw: []byte{0, 255}, MAC: [6]byte{2, 3}, Addr: netip.MustParseAddr("2001:db8::1"),
		Words: []string{"a", ""}, Leaf: leaf{"l", 0.25}, Leaves: []leaf{{}, {Name: "x"}}, Counts: map[string]uint64{"b": 2, "a": 0},
		Child: &tree{Addr: netip.MustParseAddr("192.0.2.1"), Small: math.MinInt8},
	}
}

// TestStructsComeBack writes and reads a struct with every type, and has
// another implementation read and write the same.
func TestStructsComeBack(t *testing.T) {
	want := example()
	raw := cbor.Marshal(nil, &want)
	if !bytes.Equal(raw, cbor.Marshal(nil, example())) {
		t.Error("the same struct has two forms")
	}
	var got, theirs, back tree
	if err := cbor.Unmarshal(string(raw), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
	if err := library.Unmarshal(raw, &theirs); err != nil || !reflect.DeepEqual(theirs, want) {
		t.Errorf("%v\n%+v\n%+v", err, theirs, want)
	}
	other, err := library.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(string(other), &back); err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("%v\n%+v\n%+v", err, back, want)
	}
	if raw := cbor.Marshal(nil, tree{}); len(raw) != 2 {
		t.Errorf("nothing takes %d bytes", len(raw))
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, c := range []struct {
		data string
		want error
	}{
		{"", cbor.ErrShort},
		{"\x80", cbor.ErrType},
		{"\xa1\x01\x61a", cbor.ErrType},                             // text for a boolean
		{"\xa1\x02\x18\x80", cbor.ErrRange},                         // 128 in eight bits
		{"\xa1\x06\x41\x01", cbor.ErrRange},                         // an address of one byte
		{"\xa1\x09\xa1\x02\x01", cbor.ErrType},                      // an integer for a binary64
		{"\xa1\x09\xa1\x02\xfb\x00", cbor.ErrShort},                 // half a number
		{"\xa1\x0a\x9a\x00\x10\x00\x00", cbor.ErrShort},             // elements that do not come
		{"\xa1\x0b" + strings.Repeat("\xa1\x0b", 9), cbor.ErrShort}, // children that do not come
		{strings.Repeat("\xa1\x0b", 1<<20), cbor.ErrDeep},
		{"\xa1\x0a\x9f" + strings.Repeat("\xa0", 1<<20+1) + "\xff", cbor.ErrRange},
	} {
		if err := cbor.Unmarshal(c.data, new(tree)); !errors.Is(err, c.want) {
			t.Errorf("%.20x: %v, want %v", c.data, err, c.want)
		}
	}
	if err := cbor.Unmarshal("\xa0\x00", new(tree)); err == nil {
		t.Error("what comes behind is taken")
	}
	var v tree
	if err := cbor.Unmarshal("\xa2\x18\x63\x82\x01\x02\x04\x61a", &v); err != nil || v.Text != "a" {
		t.Errorf("a number from the future: %+v %v", v, err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(cbor.Marshal(nil, example()))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again tree
		if cbor.Unmarshal(string(b), &v) != nil {
			return
		}
		raw := cbor.Marshal(nil, &v)
		if err := cbor.Unmarshal(string(raw), &again); err != nil || !bytes.Equal(raw, cbor.Marshal(nil, &again)) {
			t.Fatalf("%v\n%+v\n%+v", err, v, again)
		}
	})
}
