package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"edgeward/internal/query"
)

// columnNames are the names of the columns in a file.
var columnNames = [query.ColumnCount]string{
	query.ColTime: "time", query.ColKind: "kind", query.ColSensor: "sensor", query.ColScope: "scope", query.ColTransport: "transport",
	query.ColVLAN: "vlan", query.ColProtocol: "protocol", query.ColSrcMAC: "src_mac", query.ColDstMAC: "dst_mac", query.ColSrc: "src",
	query.ColDst: "dst", query.ColSrcPort: "src_port", query.ColDstPort: "dst_port", query.ColSrcHost: "src_host", query.ColDstHost: "dst_host",
	query.ColName: "name", query.ColVerb: "verb", query.ColPath: "path", query.ColUser: "user", query.ColStatus: "status",
	query.ColBytesOut: "bytes_out", query.ColBytesIn: "bytes_in", query.ColPackets: "packets", query.ColFlow: "flow",
	query.ColCapture: "capture", query.ColPacket: "packet", query.ColIngest: "ingest",
}

// schema and the places of the columns in it.
var (
	schema  = parquet.SchemaOf(row{})
	leaves  = leafColumns()
	idLeaf  = leaves["id"]
	rawLeaf = leaves["body"]
)

func leafColumns() map[string]int {
	m := map[string]int{}
	for i, path := range schema.Columns() {
		m[strings.Join(path, ".")] = i
	}
	return m
}

// errCorrupt marks what a file should not have.
var errCorrupt = errors.New("the file is damaged")

// guard turns a panic of the Parquet library over a damaged file into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", errCorrupt, r)
	}
}

// openParquet reads the footer of a file and checks that it is one of ours.
func openParquet(r io.ReaderAt, size int64) (f *parquet.File, err error) {
	defer guard(&err)
	f, err = parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	if got := f.Schema().Columns(); len(got) < len(leaves) {
		return nil, fmt.Errorf("%w: it lacks columns", errCorrupt)
	}
	for i, path := range f.Schema().Columns() {
		if want, ok := leaves[strings.Join(path, ".")]; ok && want != i {
			return nil, fmt.Errorf("%w: its columns have another order", errCorrupt)
		}
	}
	return f, nil
}

// fileBlock is a row group. Columns that were read are kept while it is used.
type fileBlock struct {
	group parquet.RowGroup
	texted,
	numbered map[query.Column]any
}

func newFileBlock(g parquet.RowGroup) *fileBlock {
	return &fileBlock{group: g, texted: map[query.Column]any{}, numbered: map[query.Column]any{}}
}

func (b *fileBlock) len() int { return int(b.group.NumRows()) }

func (b *fileBlock) texts(c query.Column) (*texts, error) {
	if t, ok := b.texted[c]; ok {
		return t.(*texts), nil
	}
	t, err := readTexts(b.group.ColumnChunks()[leaves[columnNames[c]]], b.len())
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", columnNames[c], err)
	}
	b.texted[c] = t
	return t, nil
}

func (b *fileBlock) numbers(c query.Column) (*numbers, error) {
	if n, ok := b.numbered[c]; ok {
		return n.(*numbers), nil
	}
	n, err := b.readColumn(c)
	if err != nil {
		return nil, err
	}
	b.numbered[c] = n
	return n, nil
}

func (b *fileBlock) readColumn(c query.Column) (*numbers, error) {
	if c == query.ColBytes {
		out, err := b.numbers(query.ColBytesOut)
		if err != nil {
			return nil, err
		}
		in, err := b.numbers(query.ColBytesIn)
		if err != nil {
			return nil, err
		}
		sum := &numbers{dict: make([]int64, b.len())}
		for i := range sum.dict {
			sum.dict[i] = out.at(int32(i)) + in.at(int32(i))
		}
		return sum, nil
	}
	n, err := readNumbers(b.group.ColumnChunks()[leaves[columnNames[c]]], b.len())
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", columnNames[c], err)
	}
	return n, nil
}

func (b *fileBlock) ids() (*numbers, error) {
	return readNumbers(b.group.ColumnChunks()[idLeaf], b.len())
}

// eachPage calls fn with the pages of a column from a row on, and the row at
// which each begins, until it gives the row to go on from, or a negative one
// to stop.
func eachPage(chunk parquet.ColumnChunk, first, rows int, fn func(p parquet.Page, at int) int) (err error) {
	defer guard(&err)
	pages := chunk.Pages()
	defer pages.Close()
	for at := first; at >= 0 && at < rows; {
		if at > 0 {
			if err := pages.SeekToRow(int64(at)); err != nil {
				return fmt.Errorf("%w: %w", errCorrupt, err)
			}
		}
		for {
			p, err := pages.ReadPage()
			if err != nil {
				return fmt.Errorf("%w: %w", errCorrupt, err)
			}
			n := int(p.NumRows())
			if n == 0 || p.NumValues() != int64(n) || p.NumNulls() != 0 {
				parquet.Release(p)
				return fmt.Errorf("%w: a page has %d rows and %d values", errCorrupt, n, p.NumValues())
			}
			next := fn(p, at)
			parquet.Release(p)
			at += n
			if next != at || at >= rows { // go elsewhere, or the end
				at = next
				break
			}
		}
	}
	return nil
}

// readTexts reads a whole column. When all its pages have the dictionary, the
// result has too.
func readTexts(chunk parquet.ColumnChunk, rows int) (*texts, error) {
	t := &texts{}
	plain := false
	done := 0
	var bad error
	err := eachPage(chunk, 0, rows, func(p parquet.Page, at int) int {
		n := int(p.NumRows())
		done = at + n
		if d := p.Dictionary(); d != nil {
			data := p.Data()
			idx := data.Int32()
			words := t.dict
			if plain || t.idx == nil {
				words = pageTexts(d.Page())
			}
			if bad = within(idx, len(words)); bad != nil {
				return -1
			}
			if plain {
				for _, i := range idx {
					t.dict = append(t.dict, words[i])
				}
			} else {
				t.dict, t.idx = words, append(t.idx, idx...)
			}
			return done
		}
		if !plain { // the dictionary grew too large: the rest is plain
			plain = true
			spread := make([]string, len(t.idx), rows)
			for i, w := range t.idx {
				spread[i] = t.dict[w]
			}
			t.dict, t.idx = spread, nil
		}
		t.dict = append(t.dict, pageTexts(p)...)
		return done
	})
	if err == nil {
		err = bad
	}
	if err == nil && done != rows {
		err = fmt.Errorf("%w: %d of %d rows", errCorrupt, done, rows)
	}
	return t, err
}

// within checks that a page refers to what the dictionary has.
func within(idx []int32, n int) error {
	for _, i := range idx {
		if int(i) >= n || i < 0 {
			return fmt.Errorf("%w: a value is not in the dictionary", errCorrupt)
		}
	}
	return nil
}

// pageTexts copies the values of a page without a dictionary.
func pageTexts(p parquet.Page) []string {
	v := p.Data()
	data, offsets := v.ByteArray()
	if len(offsets) < 2 {
		return nil
	}
	base := offsets[0]
	all := string(data[base:offsets[len(offsets)-1]])
	out := make([]string, len(offsets)-1)
	for i := range out {
		out[i] = all[offsets[i]-base : offsets[i+1]-base]
	}
	return out
}

func readNumbers(chunk parquet.ColumnChunk, rows int) (*numbers, error) {
	n := &numbers{}
	plain := false
	done := 0
	var bad error
	err := eachPage(chunk, 0, rows, func(p parquet.Page, at int) int {
		done = at + int(p.NumRows())
		if d := p.Dictionary(); d != nil {
			data := p.Data()
			idx := data.Int32()
			values := n.dict
			if plain || n.idx == nil {
				values = pageNumbers(nil, d.Page())
			}
			if bad = within(idx, len(values)); bad != nil {
				return -1
			}
			if plain {
				for _, i := range idx {
					n.dict = append(n.dict, values[i])
				}
			} else {
				n.dict, n.idx = values, append(n.idx, idx...)
			}
			return done
		}
		if !plain {
			plain = true
			spread := make([]int64, len(n.idx), rows)
			for i, w := range n.idx {
				spread[i] = n.dict[w]
			}
			n.dict, n.idx = spread, nil
		}
		n.dict = pageNumbers(n.dict, p)
		return done
	})
	if err == nil {
		err = bad
	}
	if err == nil && done != rows {
		err = fmt.Errorf("%w: %d of %d rows", errCorrupt, done, rows)
	}
	return n, err
}

func pageNumbers(out []int64, p parquet.Page) []int64 {
	v := p.Data()
	if p.Type().Kind() == parquet.Int32 {
		for _, x := range v.Int32() {
			out = append(out, int64(x))
		}
		return out
	}
	return append(out, v.Int64()...)
}

func (b *fileBlock) bodies(sel []int32, fn func(int32, string) bool) error {
	if len(sel) == 0 {
		return nil
	}
	return eachPage(b.group.ColumnChunks()[rawLeaf], int(sel[0]), b.len(), func(p parquet.Page, at int) int {
		v := p.Data()
		data, offsets := v.ByteArray()
		n := int(p.NumRows())
		for len(sel) > 0 && int(sel[0]) < at+n {
			i := int(sel[0]) - at
			raw := data[offsets[i]:offsets[i+1]]
			// fn does not keep it beyond the page.
			if !fn(sel[0], unsafe.String(unsafe.SliceData(raw), len(raw))) {
				return -1
			}
			sel = sel[1:]
		}
		if len(sel) == 0 {
			return -1
		}
		if gap := int(sel[0]) - (at + n); gap < n { // the next page or the one after it
			return at + n
		}
		return int(sel[0])
	})
}

// timeBounds gives the earliest and latest time in a row group.
func timeBounds(f *openFile, group int) (lo, hi int64, ok bool) {
	groups := f.parquet.Metadata().RowGroups
	if group >= len(groups) || len(groups[group].Columns) == 0 {
		return 0, 0, false
	}
	s := groups[group].Columns[leaves["time"]].MetaData.Statistics
	if len(s.MinValue) != 8 || len(s.MaxValue) != 8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(s.MinValue)), int64(binary.LittleEndian.Uint64(s.MaxValue)), true
}
