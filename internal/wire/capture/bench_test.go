package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func benchmarkRead(b *testing.B, file []byte) {
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	frames := uint64(0)
	var batch Batch
	for b.Loop() {
		f, err := NewReader(bytes.NewReader(file), "bench")
		if err != nil {
			b.Fatal(err)
		}
		for {
			err := f.Read(context.Background(), &batch)
			if err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			frames += uint64(len(batch.Frames))
		}
		f.Close()
	}
	b.ReportMetric(float64(frames)/b.Elapsed().Seconds()/1e6, "Mframes/s")
}

func benchRecords() []record { return randomRecords(100000, 300) }

func BenchmarkReadPcap(b *testing.B) {
	benchmarkRead(b, pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, benchRecords()...))
}

func BenchmarkReadPcapng(b *testing.B) {
	file := append(ngSection(binary.LittleEndian), ngInterfaceBlock(binary.LittleEndian, LinkEthernet, 0)...)
	for _, r := range benchRecords() {
		file = append(file, ngPacket(binary.LittleEndian, 0, uint64(r.sec)*1e6+uint64(r.frac), uint32(len(r.data)), r.data)...)
	}
	benchmarkRead(b, file)
}

func BenchmarkReadGzip(b *testing.B) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, benchRecords()...))
	w.Close()
	benchmarkRead(b, z.Bytes())
}

func BenchmarkReadZstd(b *testing.B) {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, w.EncodeAll(pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, benchRecords()...), nil))
}
