//go:build !sensor

package logs

import "bufio"

// textParser gives the parser of a log that consists of lines.
func textParser(f Format, in *bufio.Reader, name string) parser {
	switch f {
	case ZeekTSV, CSV:
		return &zeekTable{lines: lines{in: in}, csv: f == CSV, kind: kindOfName(name)}
	case ZeekJSON:
		return &zeekJSON{lines: lines{in: in}, kind: kindOfName(name)}
	}
	return &eveLines{lines: lines{in: in}}
}
