package ber

import (
	"bytes"
	"testing"
	"testing/quick"
)

func TestRoundTrip(t *testing.T) {
	element := func(class uint8, constructed bool, n uint32, size uint16) bool {
		tag := Tag(class&3)<<30 | Tag(n>>4&number)
		if constructed {
			tag |= Constructed
		}
		if tag.Number() >= 1<<28 {
			return true // five octets are more than is read
		}
		value := bytes.Repeat([]byte{7}, int(size))
		b := Append(nil, tag, value)
		var e Element
		m, err := Decode(&e, append(b, 0xff))
		return err == nil && m == len(b) && e.Tag == tag && bytes.Equal(e.Value, value)
	}
	if err := quick.Check(element, nil); err != nil {
		t.Error(err)
	}
	integer := func(v int64) bool {
		var e Element
		_, err := Decode(&e, AppendInt(nil, Integer, v))
		return err == nil && Int(e.Value) == v
	}
	if err := quick.Check(integer, nil); err != nil {
		t.Error(err)
	}
	for _, v := range []int64{0, -1, 127, 128, -128, -129, 1 << 62} {
		if !integer(v) {
			t.Errorf("integer %d is lost", v)
		}
	}
}

func TestFind(t *testing.T) {
	b := Append(nil, Integer, []byte{1})
	b = Append(b, Context|3, nil)
	b = Append(b, Context|Constructed|72, []byte("file"))
	if v := Find(b, Context|3); v == nil || len(v) != 0 {
		t.Error("an empty value is missing")
	}
	if v := Find(b, Context|Constructed|72); string(v) != "file" {
		t.Errorf("value %q", v)
	}
	if Find(b, Context|9) != nil || Find(b[:len(b)-1], Context|Constructed|72) != nil {
		t.Error("found what is not there")
	}
}

func TestBadElements(t *testing.T) {
	for _, tc := range []struct {
		b    []byte
		want error
	}{
		{nil, ErrShort},
		{[]byte{0x30}, ErrShort},
		{[]byte{0x30, 2, 0}, ErrShort},
		{[]byte{0x30, 0x80, 0, 0}, ErrLength},
		{[]byte{0x30, 0x85, 0, 0, 0, 0, 1, 0}, ErrLength},
		{[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, ErrLength},
		{[]byte{0x1f, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}, ErrTag},
	} {
		var e Element
		if _, err := Decode(&e, tc.b); err != tc.want {
			t.Errorf("%x: %v, want %v", tc.b, err, tc.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, Sequence, AppendInt(nil, Integer, 77)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Element
		n, err := Decode(&e, b)
		if err == nil && (n > len(b) || len(e.Value) > n) {
			t.Fatalf("element of %d octets in %d", n, len(b))
		}
		for rest, i := b, 0; ; i++ {
			if _, ok := Next(&rest); !ok {
				break
			}
			if i > len(b) {
				t.Fatal("walk does not end")
			}
		}
	})
}
