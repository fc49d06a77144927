package segment

import (
	"github.com/parquet-go/parquet-go"
)

// rowColumns says how the columns of a file fill a row.
var rowColumns = []struct {
	leaf   int
	text   func(*row, string)
	number func(*row, int64)
}{
	{leaf: leaves["time"], number: func(r *row, v int64) { r.Time = v }},
	{leaf: leaves["id"], number: func(r *row, v int64) { r.ID = uint64(v) }},
	{leaf: leaves["kind"], text: func(r *row, v string) { r.Kind = v }},
	{leaf: leaves["sensor"], text: func(r *row, v string) { r.Sensor = v }},
	{leaf: leaves["scope"], number: func(r *row, v int64) { r.Scope = int32(v) }},
	{leaf: leaves["transport"], number: func(r *row, v int64) { r.Transport = int32(v) }},
	{leaf: leaves["vlan"], number: func(r *row, v int64) { r.VLAN = int32(v) }},
	{leaf: leaves["protocol"], text: func(r *row, v string) { r.Protocol = v }},
	{leaf: leaves["src_mac"], text: func(r *row, v string) { r.SrcMAC = v }},
	{leaf: leaves["dst_mac"], text: func(r *row, v string) { r.DstMAC = v }},
	{leaf: leaves["src"], text: func(r *row, v string) { r.Src = v }},
	{leaf: leaves["dst"], text: func(r *row, v string) { r.Dst = v }},
	{leaf: leaves["src_port"], number: func(r *row, v int64) { r.SrcPort = int32(v) }},
	{leaf: leaves["dst_port"], number: func(r *row, v int64) { r.DstPort = int32(v) }},
	{leaf: leaves["src_host"], number: func(r *row, v int64) { r.SrcHost = v }},
	{leaf: leaves["dst_host"], number: func(r *row, v int64) { r.DstHost = v }},
	{leaf: leaves["name"], text: func(r *row, v string) { r.Name = v }},
	{leaf: leaves["verb"], text: func(r *row, v string) { r.Verb = v }},
	{leaf: leaves["path"], text: func(r *row, v string) { r.Path = v }},
	{leaf: leaves["user"], text: func(r *row, v string) { r.User = v }},
	{leaf: leaves["status"], text: func(r *row, v string) { r.Status = v }},
	{leaf: leaves["bytes_out"], number: func(r *row, v int64) { r.BytesOut = v }},
	{leaf: leaves["bytes_in"], number: func(r *row, v int64) { r.BytesIn = v }},
	{leaf: leaves["packets"], number: func(r *row, v int64) { r.Packets = v }},
	{leaf: leaves["flow"], number: func(r *row, v int64) { r.Flow = uint64(v) }},
	{leaf: leaves["tx"], number: func(r *row, v int64) { r.Tx = int32(v) }},
	{leaf: leaves["capture"], text: func(r *row, v string) { r.Capture = v }},
	{leaf: leaves["capture_no"], number: func(r *row, v int64) { r.CaptureNo = int32(v) }},
	{leaf: leaves["packet"], number: func(r *row, v int64) { r.Packet = v }},
	{leaf: leaves["offset"], number: func(r *row, v int64) { r.Offset = v }},
	{leaf: leaves["ingest"], number: func(r *row, v int64) { r.Ingest = v }},
	{leaf: leaves["body"], text: func(r *row, v string) { r.Body = v }},
}

// rows reads whole rows, which are in ascending order. Of every column, only
// the pages that have them are read, each once.
func (b *fileBlock) rows(sel []int32) ([]row, error) {
	out := make([]row, len(sel))
	chunks := b.group.ColumnChunks()
	for i := range rowColumns {
		c := &rowColumns[i]
		var err error
		if c.text != nil {
			err = pickTexts(chunks[c.leaf], b.len(), sel, func(k int, v string) { c.text(&out[k], v) })
		} else {
			err = pickNumbers(chunks[c.leaf], b.len(), sel, func(k int, v int64) { c.number(&out[k], v) })
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pick calls fn with the pages that have rows of sel: with the first of these
// rows as its index in sel, how many they are, and the row at which the page
// begins.
func pick(chunk parquet.ColumnChunk, rows int, sel []int32, fn func(p parquet.Page, k, n, at int) error) error {
	if len(sel) == 0 {
		return nil
	}
	k := 0
	var bad error
	err := eachPage(chunk, int(sel[0]), rows, func(p parquet.Page, at int) int {
		end := at + int(p.NumRows())
		n := 0
		for k+n < len(sel) && int(sel[k+n]) < end {
			n++
		}
		if n > 0 {
			if bad = fn(p, k, n, at); bad != nil {
				return -1
			}
		}
		if k += n; k == len(sel) {
			return -1
		}
		if gap := int(sel[k]) - end; gap < end-at { // the next page or one not far
			return end
		}
		return int(sel[k])
	})
	if err == nil {
		err = bad
	}
	return err
}

func pickTexts(chunk parquet.ColumnChunk, rows int, sel []int32, set func(k int, v string)) error {
	// Each word of the dictionary that is needed is copied once.
	words := map[int32]string{}
	var list []string
	return pick(chunk, rows, sel, func(p parquet.Page, k, n, at int) error {
		data := p.Data()
		d := p.Dictionary()
		if d == nil {
			text, offsets := data.ByteArray()
			first, last := int(sel[k])-at, int(sel[k+n-1])-at
			if last-first == n-1 { // neighbours share memory
				base := offsets[first]
				all := string(text[base:offsets[last+1]])
				for i := k; i < k+n; i++ {
					j := int(sel[i]) - at
					set(i, all[offsets[j]-base:offsets[j+1]-base])
				}
				return nil
			}
			for i := k; i < k+n; i++ {
				j := int(sel[i]) - at
				set(i, string(text[offsets[j]:offsets[j+1]]))
			}
			return nil
		}
		idx := data.Int32()
		if err := within(idx, d.Len()); err != nil {
			return err
		}
		if list == nil && len(sel) > d.Len()/4 {
			list = pageTexts(d.Page())
		}
		if list != nil {
			if err := within(idx, len(list)); err != nil {
				return err
			}
			for i := k; i < k+n; i++ {
				set(i, list[idx[int(sel[i])-at]])
			}
			return nil
		}
		for i := k; i < k+n; i++ {
			w := idx[int(sel[i])-at]
			v, ok := words[w]
			if !ok {
				v = string(d.Index(w).ByteArray())
				words[w] = v
			}
			set(i, v)
		}
		return nil
	})
}

func pickNumbers(chunk parquet.ColumnChunk, rows int, sel []int32, set func(k int, v int64)) error {
	return pick(chunk, rows, sel, func(p parquet.Page, k, n, at int) error {
		data := p.Data()
		d := p.Dictionary()
		kind := p.Type().Kind()
		if d != nil {
			idx := data.Int32()
			if err := within(idx, d.Len()); err != nil {
				return err
			}
			for i := k; i < k+n; i++ {
				v := d.Index(idx[int(sel[i])-at])
				if kind = v.Kind(); kind == parquet.Int32 {
					set(i, int64(v.Int32()))
				} else {
					set(i, v.Int64())
				}
			}
			return nil
		}
		if kind == parquet.Int32 {
			list := data.Int32()
			for i := k; i < k+n; i++ {
				set(i, int64(list[int(sel[i])-at]))
			}
			return nil
		}
		list := data.Int64()
		for i := k; i < k+n; i++ {
			set(i, list[int(sel[i])-at])
		}
		return nil
	})
}
