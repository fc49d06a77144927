package s7

import (
	"encoding/binary"
	"strconv"
)

// blockType gives the name of the two characters that stand for it.
func blockType(b []byte) (string, bool) {
	if len(b) != 2 || b[0] != '0' {
		return "", false
	}
	switch b[1] {
	case '8':
		return "OB", true
	case 'A':
		return "DB", true
	case 'B':
		return "SDB", true
	case 'C':
		return "FC", true
	case 'D':
		return "SFC", true
	case 'E':
		return "FB", true
	case 'F':
		return "SFB", true
	}
	return "", false
}

// appendBlock writes a block's name (DB1) from the eight characters of type,
// number and file system. It reports false when b has another form.
func appendBlock(dst, b []byte) ([]byte, bool) {
	if len(b) < 7 {
		return dst, false
	}
	kind, ok := blockType(b[:2])
	if !ok {
		return dst, false
	}
	number := 0
	for _, c := range b[2:7] {
		if c < '0' || c > '9' {
			return dst, false
		}
		number = number*10 + int(c-'0')
	}
	return strconv.AppendInt(append(dst, kind...), int64(number), 10), true
}

// fileName gives the name in the parameters of the download and upload
// functions: a length at a fixed place, then an underscore and the block.
func fileName(parameter []byte) []byte {
	const at = 8
	if len(parameter) <= at || len(parameter) < at+1+int(parameter[at]) {
		return nil
	}
	return parameter[at+1 : at+1+int(parameter[at])]
}

// Services of the function PIService.
const (
	piProgram     = "P_PROGRAM"
	piInsert      = "_INSE"
	piDelete      = "_DELE"
	piCompress    = "_GARB"
	piCopyToROM   = "_MODU"
	piMemoryReset = "_PLC_MEMORYRESET"
)

// piService reads name and argument of a program invocation.
func piService(parameter []byte) (name, argument []byte, ok bool) {
	const at = 8
	if len(parameter) < at+2 {
		return nil, nil, false
	}
	end := at + 2 + int(binary.BigEndian.Uint16(parameter[at:]))
	if len(parameter) <= end || len(parameter) < end+1+int(parameter[end]) {
		return nil, nil, false
	}
	return parameter[end+1 : end+1+int(parameter[end])], parameter[at+2 : end], true
}

// appendBlocks writes the blocks in the argument of _INSE and _DELE: a count,
// a filler and eight characters for each.
func appendBlocks(dst, argument []byte) []byte {
	if len(argument) < 2 {
		return dst
	}
	rest := argument[2:]
	for i := 0; i < int(argument[0]) && len(rest) >= 8; i++ {
		at := len(dst)
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if dst, ok = appendBlock(dst, rest[:8]); !ok {
			return dst[:at]
		}
		rest = rest[8:]
	}
	return dst
}
