package s7

import (
	"encoding/binary"
	"strconv"
)

// Memory areas.
const (
	AreaSystemInfo  = 0x03
	AreaCounter     = 0x1c
	AreaTimer       = 0x1d
	AreaPeripheral  = 0x80
	AreaInputs      = 0x81
	AreaOutputs     = 0x82
	AreaFlags       = 0x83
	AreaDB          = 0x84
	AreaInstanceDB  = 0x85
	AreaLocal       = 0x86
	areaSymbolic    = 0xfe // stands for the symbolic addressing of S7-1200
	areaNumerical   = 0xfd // stands for variables of a numerical control
	areaUnspecified = 0xff
)

// Item is one variable of a read or write job.
type Item struct {
	Area      uint8
	Transport uint8  // size of one element: 1 bit, 2 byte, 3 char, 4 word ...
	DB        uint16 // number of the data block
	Count     uint16 // elements
	Address   uint32 // in bits; counters and timers: number
}

// Syntax ids of variable specifications.
const (
	syntaxAny      = 0x10
	syntaxNCK      = 0x82
	syntaxNCKMul   = 0x83
	syntaxNCKInst  = 0x84
	syntaxDBRead   = 0xb0
	syntaxSymbolic = 0xb2
	variableSpec   = 0x12
)

// Items walks the variable specifications in the parameters of a read or
// write job.
type Items struct {
	b    []byte
	left int
	dbs  []byte // further sub-items of a data block read
}

// WalkItems starts at the first item of a job's parameters.
func WalkItems(parameter []byte) Items {
	if len(parameter) < 2 {
		return Items{}
	}
	return Items{b: parameter[2:], left: int(parameter[1])}
}

// Next reads the next item. It ends early where the specification is cut or
// of a form without lengths; Left tells then how many are missing.
func (w *Items) Next(dst *Item) bool {
	if len(w.dbs) >= 5 {
		// number of bytes, data block, start address
		*dst = Item{Area: AreaDB, Transport: transportByte, Count: uint16(w.dbs[0]),
			DB: binary.BigEndian.Uint16(w.dbs[1:]), Address: uint32(binary.BigEndian.Uint16(w.dbs[3:])) * 8}
		w.dbs = w.dbs[5:]
		return true
	}
	if w.left == 0 || len(w.b) < 3 || w.b[0] != variableSpec {
		return false
	}
	n := 2 + int(w.b[1])
	if n < 3 || len(w.b) < n {
		return false
	}
	w.left--
	spec := w.b[2:n]
	w.b = w.b[n:]
	if n%2 == 1 && len(w.b) > 0 && w.b[0] == 0 {
		w.b = w.b[1:] // items begin at even places
	}
	switch spec[0] {
	case syntaxAny:
		return decodeAny(dst, spec)
	case syntaxDBRead:
		if len(spec) < 2 {
			return false
		}
		w.dbs = spec[2:]
		w.left++ // the sub-items stand for this one
		ok := w.Next(dst)
		w.left--
		return ok
	case syntaxSymbolic:
		*dst = Item{Area: areaSymbolic, Count: 1}
		if len(spec) >= 6 && spec[2] == 0x8a && spec[3] == 0x0e {
			dst.DB = binary.BigEndian.Uint16(spec[4:])
		}
		return true
	case syntaxNCK, syntaxNCKMul, syntaxNCKInst:
		*dst = Item{Area: areaNumerical, Count: 1}
		return true
	}
	*dst = Item{Area: areaUnspecified, Transport: spec[0], Count: 1}
	return true
}

// Left gives the number of items that could not be read.
func (w *Items) Left() int { return w.left }

func decodeAny(dst *Item, spec []byte) bool {
	if len(spec) < 10 {
		return false
	}
	*dst = Item{
		Transport: spec[1],
		Count:     binary.BigEndian.Uint16(spec[2:]),
		DB:        binary.BigEndian.Uint16(spec[4:]),
		Area:      spec[6],
		Address:   uint32(spec[7])<<16 | uint32(spec[8])<<8 | uint32(spec[9]),
	}
	return true
}

// AppendItem writes an item as a variable specification behind dst.
func AppendItem(dst []byte, it *Item) []byte {
	dst = append(dst, variableSpec, 10, syntaxAny, it.Transport)
	dst = binary.BigEndian.AppendUint16(dst, it.Count)
	dst = binary.BigEndian.AppendUint16(dst, it.DB)
	return append(dst, it.Area, byte(it.Address>>16), byte(it.Address>>8), byte(it.Address))
}

// Transport sizes of items.
const (
	transportBit   = 1
	transportByte  = 2
	transportChar  = 3
	transportWord  = 4
	transportInt   = 5
	transportDWord = 6
	transportDInt  = 7
	transportReal  = 8
)

// AppendName writes the item in the notation of the field: DB1.DBX0.0 x 8,
// MW20, Q0.1 x 16, T5.
func (it *Item) AppendName(b []byte) []byte {
	switch it.Area {
	case AreaDB, AreaInstanceDB:
		kind := "DB"
		if it.Area == AreaInstanceDB {
			kind = "DI"
		}
		b = append(b, kind...)
		b = strconv.AppendUint(b, uint64(it.DB), 10)
		b = append(append(b, '.'), kind...)
		b = it.appendAddress(b, true)
	case AreaCounter, AreaTimer:
		b = append(b, "CT"[it.Area-AreaCounter])
		b = strconv.AppendUint(b, uint64(it.Address), 10)
	case areaSymbolic:
		b = append(b, "symbol"...)
		if it.DB != 0 {
			b = strconv.AppendUint(append(b, " of DB"...), uint64(it.DB), 10)
		}
	case areaNumerical:
		b = append(b, "NC variable"...)
	case areaUnspecified:
		b = append(b, "syntax 0x"...)
		b = strconv.AppendUint(b, uint64(it.Transport), 16)
	default:
		name, ok := areaLetter(it.Area)
		if !ok {
			b = append(b, "area 0x"...)
			b = append(strconv.AppendUint(b, uint64(it.Area), 16), ' ')
		}
		b = append(b, name...)
		b = it.appendAddress(b, !ok)
	}
	if it.Count > 1 {
		b = append(b, " x "...)
		b = strconv.AppendUint(b, uint64(it.Count), 10)
	}
	return b
}

func areaLetter(area uint8) (string, bool) {
	switch area {
	case AreaPeripheral:
		return "P", true
	case AreaInputs:
		return "I", true
	case AreaOutputs:
		return "Q", true
	case AreaFlags:
		return "M", true
	case AreaLocal:
		return "L", true
	}
	return "", false
}

// appendAddress writes size letter and address; bits have the letter X in
// data blocks and none elsewhere.
func (it *Item) appendAddress(b []byte, letterX bool) []byte {
	bit := false
	switch it.Transport {
	case transportBit:
		bit = true
		if letterX {
			b = append(b, 'X')
		}
	case transportWord, transportInt:
		b = append(b, 'W')
	case transportDWord, transportDInt, transportReal:
		b = append(b, 'D')
	default:
		b = append(b, 'B')
	}
	b = strconv.AppendUint(b, uint64(it.Address>>3), 10)
	if bit {
		b = append(b, '.', '0'+byte(it.Address&7))
	}
	return b
}

// resultCode gives the first return code of an acknowledgement's data that is
// not success (0xff), or 0. A write has one octet for each item, a read has
// four octets and the values.
func resultCode(function uint8, count int, data []byte) uint8 {
	const success = 0xff
	for range count {
		if len(data) == 0 {
			return 0
		}
		code := data[0]
		if code != success {
			return code
		}
		if function == FuncWriteVar {
			data = data[1:]
			continue
		}
		n := itemLen(data)
		if n == 0 {
			return 0
		}
		data = data[n:]
	}
	return 0
}

// itemLen gives the length of a data item: return code, transport size,
// length in bits or bytes, value, filled up to an even length. It gives 0
// when the item is cut.
func itemLen(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	switch b[1] {
	case 3, 4, 5: // length in bits
		n = (n + 7) / 8
	}
	end := 4 + n
	if end > len(b) {
		return 0
	}
	if end%2 == 1 && end < len(b) {
		end++
	}
	return end
}
