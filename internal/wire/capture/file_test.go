package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edgeward/internal/ident"
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

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := binary.LittleEndian
	version := pcapFile(o, magicMicro, LinkEthernet)
	version[4] = 9
	locked := write("locked.pcap", pcapFile(o, magicMicro, LinkEthernet))
	os.Chmod(locked, 0)
	tests := []struct {
		name, path string
		code       ident.Code
		want       string
	}{
		{"missing", filepath.Join(dir, "none.pcap"), ident.NotFound, "no such file"},
		{"directory", dir, ident.Usage, "is a directory"},
		{"empty", write("empty.pcap", nil), ident.Invalid, "is empty"},
		{"empty gzip", write("empty.gz", compress(t, "gzip", nil)), ident.Invalid, "is empty"},
		{"text", write("readme.txt", []byte("# nothing to capture here\n")), ident.Invalid, "not a capture file"},
		{"zipped text", write("readme.gz", compress(t, "gzip", []byte("# nothing to capture here\n"))), ident.Invalid, "not a capture file"},
		{"compressed twice", write("twice.gz", compress(t, "gzip", compress(t, "gzip", version))), ident.Invalid, "not a capture file"},
		{"link type", write("wifi.pcap", pcapFile(o, magicMicro, 127)), ident.Invalid, "802.11 radiotap"},
		{"unheard link type", write("odd.pcap", pcapFile(o, magicMicro, 4711)), ident.Invalid, "link type 4711"},
		{"version", write("version.pcap", version), ident.Invalid, "version 9"},
		{"no permission", locked, ident.Denied, "permission denied"},
	}
	for _, tt := range tests {
		if tt.code == ident.Denied && os.Geteuid() == 0 {
			continue // root may read everything
		}
		f, err := Open(tt.path)
		if err == nil {
			f.Close()
			t.Errorf("%s: opened", tt.name)
			continue
		}
		if ident.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), filepath.Base(tt.path)) || ident.HintOf(err) == "" {
			t.Errorf("%s: code %d, %q, hint %q", tt.name, ident.CodeOf(err), err, ident.HintOf(err))
		}
	}
	_, _, err := readAll(t, iotest.ErrReader(errors.New("disk on fire")))
	if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("failing disk: %v", err)
	}
	file := pcapFile(o, magicMicro, LinkEthernet, randomRecords(10, 100)...)
	for _, format := range []string{"", "gzip", "zstd"} {
		z := compress(t, format, file)
		_, stats, err := readAll(t, io.MultiReader(bytes.NewReader(z[:len(z)-5]), iotest.ErrReader(errors.New("disk on fire"))))
		if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disk on fire") || stats.Truncated {
			t.Errorf("%s, disk fails in the middle: %v", format, err)
		}
	}
}

func TestFilesAndFirstTime(t *testing.T) {
	dir := t.TempDir()
	o := binary.LittleEndian
	put := func(name string, b []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	capture := pcapFile(o, magicMicro, LinkEthernet, record{sec: 12, frac: 34, data: []byte("x")})
	put("b.pcap", capture)
	put("a.gz", compress(t, "gzip", capture))
	put("sub/c", compress(t, "zstd", append(ngSection(o), ngInterfaceBlock(o, LinkEthernet, 0)...)))
	put("sub/wifi.pcap", pcapFile(o, magicMicro, 127))
	put("sub/notes.txt", []byte("text"))
	put("sub/empty.pcap", nil)
	put("sub/text.gz", compress(t, "gzip", []byte("text")))
	files, skipped, err := Files([]string{filepath.Join(dir, "sub", "notes.txt"), "-", dir})
	for i, f := range files {
		if rel, err := filepath.Rel(dir, f); err == nil {
			files[i] = filepath.ToSlash(rel)
		}
	}
	if want := []string{"sub/notes.txt", "-", "a.gz", "b.pcap", "sub/c", "sub/wifi.pcap"}; err != nil || skipped != 3 || !slices.Equal(files, want) {
		t.Errorf("files %q, %d skipped, %v", files, skipped, err)
	}
	if _, _, err := Files([]string{filepath.Join(dir, "none")}); ident.CodeOf(err) != ident.NotFound || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing path: %v", err)
	}
	for _, name := range []string{"a.gz", "b.pcap"} {
		if ns, err := FirstTime(filepath.Join(dir, name)); err != nil || ns != 12_000_034_000 {
			t.Errorf("first time of %s is %d, %v", name, ns, err)
		}
	}
	if _, err := FirstTime(filepath.Join(dir, "sub", "c")); err != io.EOF {
		t.Errorf("first time of a capture without packets: %v", err)
	}
}

// Blocks are bounded: who keeps all batches has to wait, and a batch given
// back lets the reader go on. Frames stay as they are until then.
func TestBackpressure(t *testing.T) {
	records := randomRecords(20000, 4000)
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, records...)
	f, err := NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var kept []*Batch
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	for {
		b := new(Batch)
		if err := f.Read(ctx, b); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("with all blocks in use: %v", err)
			}
			break
		}
		b.Retain()
		kept = append(kept, b)
	}
	if used := len(f.pool.tokens); used != fileBlocks {
		t.Errorf("%d blocks in use", used)
	}
	n := 0
	compare := func(b *Batch) {
		for _, fr := range b.Frames {
			if !bytes.Equal(fr.Data, records[n].data) || fr.Number != uint64(n+1) {
				t.Fatalf("frame %d changed while it was in use", n)
			}
			n++
		}
	}
	for _, b := range kept {
		compare(b)
		b.Release()
	}
	if used := len(f.pool.tokens); used != fileBlocks {
		t.Errorf("%d blocks in use after the first of two releases", used)
	}
	for _, b := range kept {
		b.Release()
	}
	if used := len(f.pool.tokens); used > 1 {
		t.Errorf("%d blocks in use after all releases", used)
	}
	var b Batch
	for err = f.Read(context.Background(), &b); err == nil; err = f.Read(context.Background(), &b) {
		compare(&b)
	}
	if err != io.EOF || n != len(records) {
		t.Errorf("%d frames of %d, %v", n, len(records), err)
	}
	f.Close()
	if used := len(f.pool.tokens); used != 0 {
		t.Errorf("%d blocks in use after the end", used)
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, randomRecords(50000, 100)...)
	var b Batch
	n := testing.AllocsPerRun(5, func() {
		f, err := NewReader(bytes.NewReader(file), "test")
		if err != nil {
			t.Fatal(err)
		}
		for f.Read(context.Background(), &b) == nil {
		}
		f.Close()
	})
	if n > 60 {
		t.Errorf("%v allocations for 50000 frames", n)
	}
}

// Standard input delivers what is there, without waiting for a full block,
// and stops waiting when it is told to.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, record{data: []byte("one")}, record{data: []byte("two")})
	w.Write(file[:len(file)-1])
	f, err := NewReader(r, "-")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b Batch
	if err := f.Read(context.Background(), &b); err != nil || len(b.Frames) != 1 || string(b.Frames[0].Data) != "one" {
		t.Fatalf("first packet: %+v, %v", b.Frames, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if err := f.Read(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Fatalf("waiting for the second packet: %v", err)
	}
	w.Write(file[len(file)-1:])
	w.Close()
	if err := f.Read(context.Background(), &b); err != nil || len(b.Frames) != 1 || string(b.Frames[0].Data) != "two" {
		t.Fatalf("second packet: %+v, %v", b.Frames, err)
	}
	if err := f.Read(context.Background(), &b); err != io.EOF {
		t.Fatalf("end: %v", err)
	}
}
