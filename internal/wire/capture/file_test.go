package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// readAll reads a capture to its end and gives copies of all frames.
func readAll(t testing.TB, r io.Reader) ([]Frame, Stats, error) {
	t.Helper()
	f, err := NewReader(r, "test")
	if err != nil {
		return nil, Stats{}, err
	}
	defer f.Close()
	var frames []Frame
	var b Batch
	for {
		err := f.Read(context.Background(), &b)
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return frames, f.Stats(), err
		}
		if len(b.Frames) == 0 || len(b.Frames) > batchFrames {
			t.Fatalf("a batch of %d frames", len(b.Frames))
		}
		for _, fr := range b.Frames {
			fr.Data = bytes.Clone(fr.Data)
			frames = append(frames, fr)
		}
	}
}

func compress(t testing.TB, format string, b []byte) []byte {
	switch format {
	case "gzip":
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(b)
		w.Close()
		return out.Bytes()
	case "zstd":
		w, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		return w.EncodeAll(b, nil)
	}
	return b
}

// formats holds the same packets in every format.
func formats(records []record) map[string][]byte {
	out := map[string][]byte{}
	for name, o := range map[string]order{"little": binary.LittleEndian, "big": binary.BigEndian} {
		nano := slices.Clone(records)
		for i := range nano {
			nano[i].frac *= 1000
		}
		out["pcap "+name] = pcapFile(o, magicMicro, LinkEthernet, records...)
		out["nanosecond pcap "+name] = pcapFile(o, magicNano, LinkEthernet, nano...)
		out["modified pcap "+name] = pcapFile(o, magicModified, LinkEthernet, records...)
		ng := append(ngSection(o), ngInterfaceBlock(o, LinkEthernet, 0)...)
		old := slices.Clone(ng)
		for _, r := range records {
			ticks := uint64(r.sec)*1e6 + uint64(r.frac)
			ng = append(ng, ngPacket(o, 0, ticks, r.wireLen(), r.data)...)
			p := ngPacket(o, 0, ticks, r.wireLen(), r.data)
			o.PutUint32(p, blockPacket)
			o.PutUint32(p[8:], 0)
			old = append(old, p...)
		}
		out["pcapng "+name] = ng
		out["pcapng with old blocks "+name] = old
	}
	return out
}

func TestFormats(t *testing.T) {
	records := []record{
		{sec: 1, frac: 2, data: []byte("first")},
		{sec: 1700000000, frac: 999999, wire: 1500, data: []byte("cut by the snapshot length")},
		{sec: 0xffffffff, frac: 0, data: nil},
	}
	for name, file := range formats(records) {
		for _, format := range []string{"", "gzip", "zstd"} {
			for reading, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "with early EOF": iotest.DataErrReader} {
				frames, stats, err := readAll(t, wrap(bytes.NewReader(compress(t, format, file))))
				if err != nil || len(frames) != len(records) {
					t.Fatalf("%s %s %s: %d frames, %v", name, format, reading, len(frames), err)
				}
				for i, r := range records {
					f := frames[i]
					at := bytes.LastIndex(file, r.data) // the data is where the record's offset says
					if want := int64(r.sec)*1e9 + int64(r.frac)*1000; f.Time != want || string(f.Data) != string(r.data) || f.WireLen != r.wireLen() ||
						f.Number != uint64(i+1) || f.Link != LinkEthernet || len(r.data) > 0 && (f.Offset >= int64(at) || f.Offset < int64(at-40)) {
						t.Errorf("%s %s %s: frame %d is %+v", name, format, reading, i, f)
					}
				}
				if stats.Packets != 3 || stats.Bytes != 31 || stats.Snapped != 1 || stats.BadTimes != 0 || stats.Truncated {
					t.Errorf("%s %s: %+v", name, format, stats)
				}
			}
		}
	}
}

// A capture cut at any byte gives all records that are whole, and tells where
// the one that is not begins.
func TestCutAnywhere(t *testing.T) {
	records := randomRecords(12, 60)
	for name, file := range formats(records) {
		whole, _, err := readAll(t, bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		ends := []int64{0}
		for i := 1; i < len(whole); i++ {
			ends = append(ends, whole[i].Offset)
		}
		ends = append(ends, int64(len(file)))
		for n := 1; n < len(file); n++ {
			f, err := NewReader(bytes.NewReader(file[:n]), "cut")
			if err != nil {
				t.Fatalf("%s cut at %d: %v", name, n, err)
			}
			var b Batch
			got := 0
			for err = f.Read(context.Background(), &b); err == nil; err = f.Read(context.Background(), &b) {
				got += len(b.Frames)
			}
			want, boundary := 0, false
			for i, end := range ends[1:] {
				if end <= int64(n) {
					want = i + 1
				}
				boundary = boundary || end == int64(n) || whole[0].Offset == int64(n)
			}
			cut := (*CutError)(nil)
			if got != want || errors.As(err, &cut) == boundary && !strings.HasPrefix(name, "pcapng") {
				t.Fatalf("%s cut at %d: %d frames of %d, %v", name, n, got, want, err)
			}
			if cut == nil {
				if err != io.EOF {
					t.Fatalf("%s cut at %d: %v", name, n, err)
				}
				continue
			}
			if s := f.Stats(); want > 0 && cut.Offset != ends[want] || !s.Truncated || s.CutOffset != cut.Offset || cut.Offset > int64(n) {
				t.Fatalf("%s cut at %d after %d frames: %v, %+v", name, n, want, cut, s)
			}
			if again := f.Read(context.Background(), &b); again != err {
				t.Fatalf("reading again gives %v", again)
			}
		}
	}
}

// The same for compressed captures, whose cut is not at a byte of the records.
func TestCutCompressed(t *testing.T) {
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, randomRecords(3000, 100)...)
	whole, _, _ := readAll(t, bytes.NewReader(file))
	rng := rand.New(rand.NewPCG(3, 4))
	for _, format := range []string{"gzip", "zstd"} {
		z := compress(t, format, file)
		for range 200 {
			n := 1 + rng.IntN(len(z)-1)
			frames, stats, err := readAll(t, bytes.NewReader(z[:n]))
			cut := (*CutError)(nil)
			if !errors.As(err, &cut) || !stats.Truncated || len(frames) > len(whole) {
				t.Fatalf("%s cut at %d: %d frames, %v", format, n, len(frames), err)
			}
			for i := range frames {
				if !bytes.Equal(frames[i].Data, whole[i].Data) {
					t.Fatalf("%s cut at %d: frame %d differs", format, n, i)
				}
			}
		}
		damaged := bytes.Clone(z)
		damaged[len(z)/2] ^= 0x55
		if _, _, err := readAll(t, bytes.NewReader(damaged)); err == nil {
			t.Errorf("damaged %s was read to the end", format)
		}
	}
	if frames, _, err := readAll(t, bytes.NewReader(append(compress(t, "gzip", file[:5000]), compress(t, "gzip", file[5000:])...))); err != nil || len(frames) != 3000 {
		t.Errorf("gzip in two members: %d frames, %v", len(frames), err)
	}
}

func TestDamagedPcap(t *testing.T) {
	good := record{sec: 5, data: []byte("good")}
	o := binary.LittleEndian
	file := pcapFile(o, magicMicro, LinkEthernet, good)
	long := o.AppendUint32(slices.Clone(file), 9)
	long = o.AppendUint32(long, 0)
	long = o.AppendUint32(long, maxRecord+1)
	long = append(long, make([]byte, maxRecord*2)...)
	frames, stats, err := readAll(t, bytes.NewReader(long))
	cut := (*CutError)(nil)
	if !errors.As(err, &cut) || len(frames) != 1 || cut.Offset != int64(len(file)) || !strings.Contains(cut.Reason, "262145") {
		t.Errorf("record of more than 256 KiB: %d frames, %v, %+v", len(frames), err, stats)
	}
	frames, _, err = readAll(t, bytes.NewReader(pcapFile(o, magicMicro, LinkEthernet, record{data: make([]byte, maxRecord)}, good)))
	if err != nil || len(frames) != 2 || len(frames[0].Data) != maxRecord {
		t.Errorf("record of 256 KiB: %d frames, %v", len(frames), err)
	}
	frames, stats, err = readAll(t, bytes.NewReader(pcapFile(o, magicMicro, LinkEthernet, record{sec: 7, frac: 5_000_000, data: []byte("x")}, record{sec: 7, frac: 0xffffffff, data: []byte("x")})))
	if err != nil || stats.BadTimes != 2 || frames[0].Time != 7_999_999_999 || frames[1].Time != 7_999_999_999 {
		t.Errorf("microseconds of more than a second: %+v, %v", frames, err)
	}
	frames, _, err = readAll(t, bytes.NewReader(pcapFile(o, magicMicro, LinkEthernet, record{wire: 2, data: []byte("longer")}, record{wire: 0xf0000000, data: []byte("x")})))
	if err != nil || frames[0].WireLen != 6 || frames[1].WireLen != 1 {
		t.Errorf("impossible wire lengths: %+v, %v", frames, err)
	}
	old := pcapFile(o, magicMicro, LinkEthernet, record{wire: 100, data: []byte("swapped")})
	o.PutUint16(old[6:], 2)
	o.PutUint32(old[24+8:], 100)
	o.PutUint32(old[24+12:], 7)
	if frames, _, err = readAll(t, bytes.NewReader(old)); err != nil || string(frames[0].Data) != "swapped" || frames[0].WireLen != 100 {
		t.Errorf("version 2.2: %+v, %v", frames, err)
	}
}
