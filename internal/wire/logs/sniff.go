package logs

import (
	"bytes"

	"edgeward/internal/wire/proto/netflow"
)

// Sniff tells from the first bytes of a file, uncompressed, what log it is;
// 4 KiB are plenty.
func Sniff(head []byte) Format {
	if netflow.Looks(head) {
		return NetFlow
	}
	head = bytes.TrimPrefix(head, byteOrderMark)
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return None
	case text[0] == '{':
		return sniffJSON(text)
	case text[0] == '#':
		for _, word := range []string{"#separator", "#set_separator", "#path", "#fields"} {
			if bytes.HasPrefix(text, []byte(word)) {
				return ZeekTSV
			}
		}
		return None
	}
	return sniffCSV(head)
}

// sniffJSON looks at the members of the first line, as far as it is there.
func sniffJSON(text []byte) Format {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	var d document
	_ = d.parse(text) // a line that is cut gives what is in front of the cut
	if len(d.nodes) == 0 {
		return None
	}
	if d.find(0, "event_type") >= 0 && d.find(0, "timestamp") >= 0 {
		return EVE
	}
	var row row
	row.json(&d, nil)
	if row.has(colTS) && (row.has(colUID) || row.has(colOrigH) || row.kind() != kindNone) {
		return ZeekJSON
	}
	return None
}

// sniffCSV wants a first line of known column names.
func sniffCSV(head []byte) Format {
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if !whole && len(head) >= sniffSize {
		return None
	}
	t := zeekTable{csv: true}
	t.csvHeader(bytes.TrimSuffix(line, []byte("\r")))
	known := 0
	for _, c := range t.columns {
		if c != colNone {
			known++
		}
	}
	if known >= 4 && t.present[colTS] && (t.present[colOrigH] || t.present[colHost]) {
		return CSV
	}
	return None
}
