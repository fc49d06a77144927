package fingerprint

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"edgeward/internal/ident"
)

// OUI knows to whom the IEEE assigned blocks of MAC addresses: MA-L (24 bits),
// MA-M (28) and MA-S (36).
type OUI struct {
	blocks []ouiBlock // sorted by prefix
	names  []string
}

// ouiBlock is an assigned block: its prefix in the upper bits, padded with
// zeros to 48, the number of bits in the lowest byte of length.
type ouiBlock struct {
	prefix uint64
	bits   uint8
	name   uint32
}

// ErrOUI says that a table is damaged.
var ErrOUI = errors.New("damaged table of MAC address assignments")

// Vendor gives the holder of the smallest block that has the address.
func (o *OUI) Vendor(mac ident.MAC) string {
	var v uint64
	for _, b := range mac {
		v = v<<8 | uint64(b)
	}
	for _, bits := range [...]uint8{36, 28, 24} {
		want := v &^ (1<<(48-bits) - 1)
		i, ok := slices.BinarySearchFunc(o.blocks, want<<8|uint64(bits), func(b ouiBlock, t uint64) int {
			switch x := b.prefix<<8 | uint64(b.bits); {
			case x < t:
				return -1
			case x > t:
				return 1
			}
			return 0
		})
		if ok {
			return o.names[o.blocks[i].name]
		}
	}
	return ""
}

// Len gives the number of blocks.
func (o *OUI) Len() int { return len(o.blocks) }

// ReadCSV adds the IEEE's own lists (oui.csv, mam.csv, oui36.csv), whose
// columns are registry, assignment, organisation, address.
func (o *OUI) ReadCSV(r io.Reader) error {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	index := map[string]uint32{}
	for i, n := range o.names {
		index[n] = uint32(i)
	}
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read MAC address assignments: %w", err)
		}
		if len(rec) < 3 {
			continue
		}
		digits := rec[1]
		if len(digits)%2 == 1 {
			digits += "0"
		}
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) < 3 || len(b) > 5 {
			continue // the heading
		}
		name := shortName(rec[2])
		if name == "" || strings.EqualFold(name, "private") || strings.EqualFold(name, "IEEE Registration Authority") {
			continue
		}
		n, ok := index[name]
		if !ok {
			n = uint32(len(o.names))
			index[name] = n
			o.names = append(o.names, name)
		}
		var p [8]byte
		copy(p[2:], b)
		o.blocks = append(o.blocks, ouiBlock{binary.BigEndian.Uint64(p[:]), uint8(4 * len(rec[1])), n})
	}
	o.sort()
	return nil
}

func (o *OUI) sort() {
	slices.SortFunc(o.blocks, func(a, b ouiBlock) int {
		x, y := a.prefix<<8|uint64(a.bits), b.prefix<<8|uint64(b.bits)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	o.blocks = slices.CompactFunc(o.blocks, func(a, b ouiBlock) bool { return a.prefix == b.prefix && a.bits == b.bits })
}

// shortName takes the legal form off a company's name.
func shortName(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for {
		cut := strings.TrimRight(s, " .,")
		lower := strings.ToLower(cut)
		before := cut
		for _, form := range []string{" inc", " ltd", " co", " corp", " corporation", " gmbh", " llc", " limited", " ag", " s.a", " sa", " bv", " b.v", " co.,ltd", " company", " incorporated", " technologies", " international", " co.,", " pte", " pty", " ab", " oy", " a/s", " s.p.a", " spa", " srl", " s.r.l", " kg", " & co", " as", " plc"} {
			if strings.HasSuffix(lower, form) && len(cut) > len(form)+1 {
				cut = cut[:len(cut)-len(form)]
				break
			}
		}
		if cut == before {
			return cut
		}
		s = cut
	}
}

// Compact writes the table in the form that is embedded in the program:
// deflate over the names, each ended by a zero byte after a count, then per
// block the difference to the prefix before, its bits, and its name.
func (o *OUI) Compact(w io.Writer) error {
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(o.names)))
	for _, n := range o.names {
		b = append(b, n...)
		b = append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(o.blocks)))
	last := uint64(0)
	for _, k := range o.blocks {
		b = binary.AppendUvarint(b, (k.prefix-last)>>12)
		b = append(b, k.bits)
		b = binary.AppendUvarint(b, uint64(k.name))
		last = k.prefix
	}
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(b); err != nil {
		return err
	}
	return z.Close()
}

// maxTable bounds the table when it is unpacked.
const maxTable = 16 << 20

// ReadOUI reads what Compact wrote.
func ReadOUI(compact []byte) (*OUI, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(compact)), maxTable))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOUI, err)
	}
	o := &OUI{}
	n, b, err := uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return nil, ErrOUI
	}
	text := string(b) // names share this one string
	o.names = make([]string, n)
	for i := range o.names {
		end := strings.IndexByte(text, 0)
		if end < 0 {
			return nil, ErrOUI
		}
		o.names[i], text = text[:end], text[end+1:]
	}
	b = b[len(b)-len(text):]
	if n, b, err = uvarint(b); err != nil || n > uint64(len(b)) {
		return nil, ErrOUI
	}
	o.blocks = make([]ouiBlock, n)
	last := uint64(0)
	for i := range o.blocks {
		var d, name uint64
		if d, b, err = uvarint(b); err != nil || len(b) == 0 {
			return nil, ErrOUI
		}
		bits := b[0]
		if name, b, err = uvarint(b[1:]); err != nil || name >= uint64(len(o.names)) {
			return nil, ErrOUI
		}
		last += d << 12
		o.blocks[i] = ouiBlock{last, bits, uint32(name)}
	}
	return o, nil
}

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, ErrOUI
	}
	return v, b[n:], nil
}
