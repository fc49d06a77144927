package logs

import (
	"bytes"
	"context"
	"os"
	"testing"

	"edgeward/internal/event"
)

// BenchmarkRead reads each kind of log, a few lines repeated to 4 MiB.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"conn.log", "dns.log", "table.csv", "mixed.json", "eve.json"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			b.Fatal(err)
		}
		for _, cut := range [][]byte{[]byte("\n#close"), []byte(`{"timestamp":"2025-03-04T06:06:20.5`)} {
			if i := bytes.Index(text, cut); i > 0 {
				text = append(text[:i], '\n')
			}
		}
		body := text
		for body[0] == '#' || bytes.HasPrefix(body, byteOrderMark) {
			_, body, _ = bytes.Cut(body, []byte("\n"))
		}
		head := len(text) - len(body)
		all := append(bytes.Clone(text[:head]), bytes.Repeat(body, 4<<20/len(body))...)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(all)))
			b.ReportAllocs()
			var batch event.Batch
			for b.Loop() {
				r, err := New(bytes.NewReader(all), name, Options{})
				if err != nil {
					b.Fatal(err)
				}
				for r.Read(context.Background(), &batch) == nil {
				}
				b.ReportMetric(float64(r.Stats().Lines)/1e3, "klines/op")
			}
		})
	}
}
