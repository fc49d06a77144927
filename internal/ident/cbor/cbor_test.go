package cbor

import (
	"encoding/hex"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
)

// TestExamplesOfTheStandard compares with RFC 8949 appendix A.
func TestExamplesOfTheStandard(t *testing.T) {
	for _, c := range []struct {
		want string
		got  []byte
	}{
		{"00", AppendUint(nil, 0)}, {"17", AppendUint(nil, 23)}, {"1818", AppendUint(nil, 24)}, {"1903e8", AppendUint(nil, 1000)},
		{"1a000f4240", AppendUint(nil, 1000000)}, {"1b000000e8d4a51000", AppendUint(nil, 1000000000000)}, {"1bffffffffffffffff", AppendUint(nil, math.MaxUint64)},
		{"20", AppendInt(nil, -1)}, {"3863", AppendInt(nil, -100)}, {"3903e7", AppendInt(nil, -1000)}, {"3b7fffffffffffffff", AppendInt(nil, math.MinInt64)},
		{"f4", AppendBool(nil, false)}, {"f5", AppendBool(nil, true)}, {"60", AppendText(nil, "")}, {"6449455446", AppendText(nil, "IETF")}, {"62c3bc", AppendText(nil, "ü")},
		{"41ff", AppendText(nil, "\xff")}, {"4401020304", AppendBytes(nil, []byte{1, 2, 3, 4})}, {"83", AppendArray(nil, 3)}, {"bfff", CloseMap(OpenMap(nil))},
		{"44c0000207", AppendAddr(nil, netip.MustParseAddr("192.0.2.7"))}, {"40", AppendAddr(nil, netip.Addr{})},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestSkip passes over values of all types, those of others included.
func TestSkip(t *testing.T) {
	for _, s := range []string{
		"00", "1bffffffffffffffff", "3863", "f97e00", "fa47c35000", "fb3ff199999999999a", "f6", "f7", "f0", "f8ff", "c074323031332d30332d32315432303a30343a30305a",
		"d74401020304", "5f42010243030405ff", "7f657374726561646d696e67ff", "80", "8301820203820405", "9f018202039f0405ffff", "a0", "a26161016162820203", "bf61610161629f0203ffff",
	} {
		r := NewReader(unhex(t, s+"07"))
		r.Skip()
		if v := r.Uint(8); v != 7 || r.Err() != nil || r.Len() != 0 {
			t.Errorf("%s: %d %v", s, v, r.Err())
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		data string
		read func(*Reader)
		want error
	}{
		{"", func(r *Reader) { r.Skip() }, ErrShort},
		{"19", func(r *Reader) { r.Uint(64) }, ErrShort},
		{"1903e8", func(r *Reader) { r.Uint(8) }, ErrRange},
		{"1bffffffffffffffff", func(r *Reader) { r.Int(64) }, ErrRange},
		{"3880", func(r *Reader) { r.Int(8) }, ErrRange},
		{"20", func(r *Reader) { r.Uint(8) }, ErrType},
		{"6461", func(r *Reader) { r.Text() }, ErrShort},
		{"7f6161ff", func(r *Reader) { r.Text() }, ErrType},
		{"00", func(r *Reader) { r.Bool() }, ErrType},
		{"43010203", func(r *Reader) { r.Addr() }, ErrType},
		{"6178", func(r *Reader) { r.Addr() }, ErrType},
		{"bb00000000ffffffff", func(r *Reader) { r.Map() }, ErrShort},
		{"9bffffffffffffffff", func(r *Reader) { r.Skip() }, ErrShort},
		{"1c", func(r *Reader) { r.Skip() }, ErrType},
		{"ff", func(r *Reader) { r.Skip() }, ErrType},
		{strings.Repeat("81", 100) + "00", func(r *Reader) { r.Skip() }, ErrDeep},
		{strings.Repeat("c1", 100) + "00", func(r *Reader) { r.Skip() }, ErrDeep},
		{"bf01", func(r *Reader) {
			for n := r.Map(); r.More(&n); {
				r.Key()
				r.Skip()
			}
		}, ErrShort},
	} {
		r := NewReader(unhex(t, c.data))
		c.read(&r)
		if !errors.Is(r.Err(), c.want) {
			t.Errorf("%s: %v, want %v", c.data, r.Err(), c.want)
		}
	}
}

func FuzzSkip(f *testing.F) {
	f.Add([]byte{0xbf, 1, 0x82, 2, 3, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(string(b))
		for r.Err() == nil && r.Len() > 0 {
			r.Skip()
		}
		if r.Pos() > len(b) {
			t.Fatal("read beyond the end")
		}
	})
}
