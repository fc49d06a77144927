package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"edgeward/internal/ident"
)

// FuzzPcap and FuzzPcapng read damaged captures: all that may come out are
// frames that lie in the file in order, and an end that is explained.
func FuzzPcap(f *testing.F) {
	for _, file := range formats([]record{{sec: 1, frac: 2, data: []byte("first")}, {sec: 3, wire: 99, data: []byte("second")}}) {
		f.Add(file)
	}
	f.Fuzz(fuzzRead)
}

func FuzzPcapng(f *testing.F) {
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		f.Add(bytes.Join([][]byte{
			ngSection(o), ngInterfaceBlock(o, LinkEthernet, 96, ngOption(o, optTsResol, 9)...),
			ngPacket(o, 0, 1, 90, []byte("one")), ngSimple(o, 3, []byte("two")), ngBlock(o, 4, 1, 2, 3), ngSection(o),
			ngInterfaceBlock(o, LinkRaw, 0, ngOption(o, optTsOffset, 1, 2, 3, 4, 5, 6, 7, 8)...), ngPacket(o, 0, 5, 5, []byte("three")),
		}, nil))
	}
	f.Fuzz(fuzzRead)
}

func fuzzRead(t *testing.T, file []byte) {
	if len(file) >= 2 && (file[0] == 0x1f || file[0] == 0x28 || file[0]&0xf0 == 0x50) {
		return // the decompressors have fuzz targets of their own
	}
	f, err := NewReader(bytes.NewReader(file), "fuzz")
	if err != nil {
		if ident.CodeOf(err) != ident.Invalid {
			t.Fatalf("open: %v", err)
		}
		return
	}
	defer f.Close()
	var b Batch
	number, offset := uint64(0), int64(-1)
	for {
		err := f.Read(context.Background(), &b)
		if err != nil {
			cut := (*CutError)(nil)
			if err != io.EOF && !errors.As(err, &cut) && ident.CodeOf(err) != ident.Invalid {
				t.Fatalf("end: %v", err)
			}
			if cut != nil && (cut.Offset > int64(len(file)) || cut.Offset < 0 || !f.Stats().Truncated) {
				t.Fatalf("cut at %d of %d", cut.Offset, len(file))
			}
			return
		}
		for _, fr := range b.Frames {
			number++
			if fr.Number != number || fr.Offset <= offset || fr.Offset+int64(len(fr.Data)) > int64(len(file)) || fr.WireLen < uint32(len(fr.Data)) || fr.Time < 0 || !fr.Link.known() {
				t.Fatalf("frame %+v after %d at %d", fr, number, offset)
			}
			offset = fr.Offset
			if len(fr.Data) > 0 && !bytes.Contains(file[fr.Offset:], fr.Data) {
				t.Fatal("frame is not in the file")
			}
		}
	}
}
