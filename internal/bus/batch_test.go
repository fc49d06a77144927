package bus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	wire "edgeward/internal/ident/cbor"
)

// fill sets every field of v that travels to something that is not zero.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		addrs := []string{"192.0.2.7", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"}
		v.Set(reflect.ValueOf(netip.MustParseAddr(addrs[r.IntN(len(addrs))])))
		return
	case event.Secret:
		s := event.Secret{Seen: true, Len: uint16(r.IntN(1 << 16)), Hash: r.Uint64(), Default: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			s.Text = "hunter2"
		}
		v.Set(reflect.ValueOf(s))
		return
	case event.Proto:
		v.SetUint(uint64(1 + r.IntN(event.ProtoCount-1)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		texts := []string{"a", "camera-7.example", "\xff\xfe not text", "日本", "quote\"\x00"}
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64()>>(64-v.Type().Bits()) | 1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(-1 - int64(r.Uint64()>>(65-v.Type().Bits())))
	case reflect.Float64:
		v.SetFloat(r.Float64() + 0.1)
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Slice:
		n := 1 + r.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("cbor") != "-" {
				fill(r, v.Field(i))
			}
		}
	}
}

// TestPayloadsStay wants that no bytes of a payload leave the process that
// parses packets: passwords and patients' data may be in them.
func TestPayloadsStay(t *testing.T) {
	const word = "s3cret in a payload"
	for _, body := range []event.Body{
		&event.HTTP{Method: "POST", ReqBody: word, RespBody: word},
		&event.MQTT{Type: "publish", Publish: event.MQTTPublish{Topic: "a", Head: word}},
		&event.CoAP{Method: "PUT", Head: word, RespHead: word},
	} {
		if b := body.AppendCBOR(nil); len(b) < 5 || strings.Contains(string(b), word) {
			t.Errorf("%s: %q", body.Kind(), b)
		}
	}
}

// equal compares values, with empty and missing slices the same.
func equal(a, b any) bool {
	return reflect.DeepEqual(normal(reflect.ValueOf(a)).Interface(), normal(reflect.ValueOf(b)).Interface())
}

func normal(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(normal(v.Elem()))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			out.SetZero()
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := out.Field(i); f.CanSet() {
				f.Set(normal(v.Field(i)))
			}
		}
	}
	return out
}

func TestBodiesOfAllKindsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for k := range event.Kind(event.KindCount) {
		for range 20 {
			body := event.NewBody(k)
			fill(r, reflect.ValueOf(body).Elem())
			raw := body.AppendCBOR(nil)
			got, err := event.DecodeBody(k, string(raw))
			if err != nil {
				t.Fatalf("%s: %v", k, err)
			}
			if !equal(body, got) {
				t.Fatalf("%s\nwrote %+v\nread  %+v", k, body, got)
			}
			// Another implementation reads the same map.
			var other map[uint64]any
			if err := cbor.Unmarshal(raw, &other); err != nil {
				t.Fatalf("%s: %v", k, err)
			}
			n := 0
			for i := range reflect.TypeOf(body).Elem().NumField() {
				if f := reflect.TypeOf(body).Elem().Field(i); f.Tag.Get("cbor") != "-" {
					n++
				}
			}
			if len(other) != n {
				t.Fatalf("%s: %d of %d fields", k, len(other), n)
			}
		}
		if raw := event.NewBody(k).AppendCBOR(nil); len(raw) != 2 {
			t.Errorf("%s: an empty body takes %d bytes", k, len(raw))
		}
	}
}

func sampleFact(r *rand.Rand, k event.Kind) *event.Fact {
	f := &event.Fact{Body: event.NewBody(k)}
	fill(r, reflect.ValueOf(&f.Header).Elem())
	f.Ingest, f.SrcHost, f.DstHost = 5, 1<<63|7, 9
	fill(r, reflect.ValueOf(f.Body).Elem())
	return f
}

func TestRecorderAndDecode(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var messages [][]byte
	var headers []Header
	rec := NewRecorder(RecorderOptions{
		Tenant: 3, Sensor: "s1", Boot: 77, Clock: func() time.Time { return time.Unix(0, 99) },
		Emit: func(h Header, m []byte) error {
			headers, messages = append(headers, h), append(messages, bytes.Clone(m))
			return nil
		},
	})
	rec.Capture(4, "a.pcap", "c0ffee")
	var want []*event.Fact
	for i := range 1200 {
		f := sampleFact(r, event.Kind(i%event.KindCount))
		f.Packet, f.Capture = uint64(i/2+1), 4
		want = append(want, f)
		rec.Fact(f)
	}
	var d asset.Device
	fill(r, reflect.ValueOf(&d).Elem())
	var a finding.Finding
	fill(r, reflect.ValueOf(&a).Elem())
	a.Severity = ident.High
	rec.Device(&d)
	rec.Alert(&a)
	rec.Stats(Stats{Time: 1, Counters: map[string]uint64{"packets": 7}, Info: map[string]string{"version": "1"}, Lines: []Line{{Protocol: "mqtt", Bytes: 4}}})
	if err := rec.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := rec.Flush(); err != nil || len(messages) < 3 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	n := 0
	ids := map[uint64]bool{}
	for i, m := range messages {
		b, err := Decode(m, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if h, err := Peek(m); err != nil || h != b.Header || h != headers[i] || h.Seq != uint64(i+1) || h.Boot != 77 {
			t.Fatalf("%+v %+v %v", h, b.Header, err)
		}
		if len(b.Facts) > MaxFacts || len(b.Facts) > 0 && (len(b.Captures) != 1 || b.Captures[0].Name != "a.pcap") {
			t.Fatalf("%d facts, captures %v", len(b.Facts), b.Captures)
		}
		for j := range b.Facts {
			got, err := b.Facts[j].Decode()
			if err != nil {
				t.Fatal(err)
			}
			if !equal(got.Body, want[n].Body) || !equal(got.Header, want[n].Header) || got.Ingest != want[n].Ingest || got.SrcHost != want[n].SrcHost {
				t.Fatalf("fact %d\nwrote %+v\nread  %+v", n, want[n], got)
			}
			if b.Facts[j].Ordinal != uint32(n%2) {
				t.Fatalf("fact %d has place %d", n, b.Facts[j].Ordinal)
			}
			ids[b.FactID(j)] = true
			n++
		}
		// Raw bodies are passed on as they are.
		again, err := b.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		b2, err := Decode(again, Limits{})
		if err != nil || !equal(b, b2) {
			t.Fatalf("passed on: %v", err)
		}
		if b.Stats != nil {
			if !equal(b.Devices[0], &d) || !equal(b.Findings[0], &a) || b.Stats.Counters["packets"] != 7 {
				t.Fatalf("%+v\n%+v", b.Findings[0], a)
			}
		}
	}
	if n != len(want) || len(ids) != n {
		t.Fatalf("%d facts with %d ids, want %d", n, len(ids), len(want))
	}
}

func TestIDsSortByTime(t *testing.T) {
	last := ""
	for _, v := range []int64{-5e18, -1, 0, 1, 1e18} {
		id := ID(v, 42)
		if id <= last {
			t.Errorf("%s is not behind %s", id, last)
		}
		last = id
		if at, n, ok := ParseID(id); !ok || at != v || n != 42 {
			t.Errorf("%s: %d %d %t", id, at, n, ok)
		}
	}
	for _, bad := range []string{"", "zz", strings.Repeat("0", 31), strings.Repeat("0", 34)} {
		if _, _, ok := ParseID(bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// message makes a valid message around a payload.
func message(t testing.TB, p *payload, facts int) []byte {
	t.Helper()
	m, err := seal(nil, &Header{Sensor: "s", Boot: 1, Seq: 1, Facts: facts}, wire.Marshal(nil, p))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func fixChecksum(m []byte) {
	binary.BigEndian.PutUint32(m[4:], crc32.Checksum(m[8:], castagnoli))
}

// largeFact writes a fact with a body that Encode would refuse.
func largeFact() []byte {
	b := wire.OpenMap(nil)
	b = wire.AppendUint(wire.AppendUint(b, keyKind), 0)
	b = wire.AppendBytes(wire.AppendUint(b, keyBody), make([]byte, maxBody+1))
	return wire.CloseMap(b)
}

func TestFactsThatAreTooLargeDoNotSpoilABatch(t *testing.T) {
	var got []*Batch
	rec := NewRecorder(RecorderOptions{Sensor: "s", Boot: 1, Emit: func(_ Header, m []byte) error {
		b, err := Decode(bytes.Clone(m), Limits{})
		got = append(got, b)
		return err
	}})
	rec.Fact(&event.Fact{Body: &event.DNS{RRName: "a"}})
	rec.Fact(&event.Fact{Body: &event.DNS{RRName: strings.Repeat("a", maxBody)}})
	rec.Fact(&event.Fact{Body: &event.DNS{RRName: "b"}})
	if err := rec.Flush(); err != nil || len(got) != 1 || len(got[0].Facts) != 2 || rec.Dropped() != 1 {
		t.Errorf("%d batches, %d dropped, %v", len(got), rec.Dropped(), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := message(t, &payload{}, 0)
	if _, err := Decode(good, Limits{}); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	flags := bytes.Clone(good)
	flags[8] = 0x80
	fixChecksum(flags)
	cases := map[string]struct {
		m    []byte
		says string
	}{
		"empty":       {nil, "begin"},
		"cut":         {good[:len(good)-1], "checksum"},
		"changed":     {changed, "checksum"},
		"flags":       {flags, "flags"},
		"too large":   {message(t, &payload{Facts: make([]byte, 32<<20)}, 0), "more than"},
		"too few":     {message(t, &payload{}, 3), "fewer"},
		"many facts":  {message(t, &payload{}, 1<<20), "too many"},
		"no kind":     {message(t, &payload{Facts: []byte{0xa0}}, 1), "does not fit"},
		"no sequence": {message(t, &payload{Facts: []byte{0xff, 0xff}}, 1), "fact 0"},
		"kind's name": {message(t, &payload{Kinds: []string{strings.Repeat("k", 999)}}, 0), "name of a kind"},
		"capture":     {message(t, &payload{Captures: []Capture{{Name: strings.Repeat("k", 9999)}}}, 0), "name of a capture"},
		"large body":  {message(t, &payload{Kinds: []string{"dns"}, Facts: largeFact()}, 1), "fact 0"},
		"devices":     {message(t, &payload{Devices: slices.Repeat([]*asset.Device{{}}, 20000)}, 0), "too many"},
	}
	for name, c := range cases {
		_, err := Decode(c.m, Limits{})
		if err == nil || ident.CodeOf(err) != ident.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var e factEncoder
	f := event.Fact{Body: &event.DNS{ID: 1}}
	e.add("dns", &f, 0, nil)
	e.kinds[0] = "from-the-future"
	b, err := Decode(message(t, &payload{Kinds: e.kinds, Facts: e.buf}, 1), Limits{})
	if err != nil || b.Facts[0].Known || b.Facts[0].KindName != "from-the-future" || len(b.Facts[0].Raw) == 0 {
		t.Fatalf("a kind of a later version: %+v %v", b, err)
	}
	if _, err := b.Facts[0].Decode(); err == nil || !strings.Contains(err.Error(), "from-the-future") {
		t.Errorf("decode a kind of a later version: %v", err)
	}
}

func TestFrames(t *testing.T) {
	var pipe bytes.Buffer
	want := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte("x"), 600<<10)}
	for _, m := range want {
		if err := WriteFrame(&pipe, m); err != nil {
			t.Fatal(err)
		}
	}
	whole := bytes.Clone(pipe.Bytes())
	var buf []byte
	var err error
	for _, m := range want {
		if buf, err = ReadFrame(&pipe, buf); err != nil || !bytes.Equal(buf, m) {
			t.Fatalf("%d bytes, %v", len(buf), err)
		}
	}
	if _, err := ReadFrame(&pipe, buf); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if _, err := ReadFrame(bytes.NewReader(whole[:5]), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	if _, err := ReadFrame(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff}), nil); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("too large: %v", err)
	}
	if err := WriteFrame(io.Discard, make([]byte, MaxFrame+1)); err == nil {
		t.Error("a message that is too large is written")
	}
}
