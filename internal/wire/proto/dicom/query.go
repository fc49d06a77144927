package dicom

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// matchesEverybody looks at the identifier of a C-FIND, C-MOVE or C-GET and
// reports whether no key in it narrows the answer to a patient, a study or a
// time (PS3.4 section C.2.2.2: a key that is empty, or "*", matches
// everything). ok is false when the data set could not be read, as when it is
// deflated. Nothing of b is kept.
func matchesEverybody(b []byte) (all, ok bool) {
	narrow, seen := false, false
	ok = walkDataSet(b, func(tag uint32, value []byte) bool {
		seen = true
		narrow = isMatchingKey(tag) && narrows(tag, value)
		return !narrow
	})
	if narrow {
		return false, true
	}
	return ok && seen, ok && seen
}

// isMatchingKey reports whether a value under tag picks patients, studies,
// procedures or times. Query level, character set, modality and titles of
// application entities do not.
func isMatchingKey(tag uint32) bool {
	switch tag {
	case 0x00080016, 0x00080018, 0x00080050, 0x00080051, 0x00080090, // SOP UIDs, accession number, referring physician
		0x0020000d, 0x0020000e, 0x00200010, 0x00200011, 0x00200013, // study and series UID, study id, numbers
		0x00401001, 0x00400009, 0x00402016, 0x00402017, // procedure and order identifiers
		0x00380010, 0x00400006, 0x00404034: // admission, performing physician
		return true
	}
	return tag>>16 == 0x0010 || isDate(tag)
}

// isDate reports whether the tag is a date, the values of which are ranges.
func isDate(tag uint32) bool {
	switch tag {
	case 0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x0008002a,
		0x00080030, 0x00080031, 0x00100030,
		0x00400002, 0x00400003, 0x00400244, 0x00400245, 0x00404005:
		return true
	}
	return false
}

// narrows reports whether a value excludes anybody. Values made of wild cards
// and delimiters alone do not, nor does a range of dates of ten years or more.
func narrows(tag uint32, value []byte) bool {
	if len(bytes.Trim(value, "*?%^=\\-. \x00")) == 0 {
		return false
	}
	if !isDate(tag) {
		return true
	}
	from, to, isRange := bytes.Cut(bytes.TrimRight(value, " \x00"), []byte("-"))
	if !isRange {
		return true
	}
	first, okFirst := year(from)
	last, okLast := year(to)
	switch {
	case len(from) == 0 && okLast:
		return false // everything until a date
	case len(to) == 0 && okFirst:
		return first >= 1990 // everything since a date
	case okFirst && okLast:
		return last-first < 10
	}
	return true // a range of times of day
}

func year(b []byte) (int, bool) {
	if len(b) < 8 {
		return 0, false
	}
	y, err := strconv.Atoi(string(b[:4]))
	return y, err == nil
}

// Tags of the structure of sequences (PS3.5 section 7.5).
const (
	tagItem          = 0xfffee000
	tagItemEnd       = 0xfffee00d
	tagSequenceEnd   = 0xfffee0dd
	undefinedLength  = 0xffffffff
	sequenceItemHead = "\xfe\xff\x00\xe0"
)

// walkDataSet calls visit for every element of a little endian data set, those
// inside sequences as well, until visit gives false. The transfer syntax need
// not be known: explicit VR is told from implicit by the first element. It
// reports whether the data set was well formed.
func walkDataSet(b []byte, visit func(tag uint32, value []byte) bool) bool {
	explicit := len(b) >= 6 && isVR(b[4:6])
	for len(b) > 0 {
		if len(b) < 8 {
			return false
		}
		tag := uint32(binary.LittleEndian.Uint16(b))<<16 | uint32(binary.LittleEndian.Uint16(b[2:]))
		if tag == tagItem || tag == tagItemEnd || tag == tagSequenceEnd {
			b = b[8:] // go into the item, or out of it
			continue
		}
		n, head := binary.LittleEndian.Uint32(b[4:]), 8
		if explicit {
			if !isVR(b[4:6]) {
				return false
			}
			n = uint32(binary.LittleEndian.Uint16(b[6:]))
			if longVR(b[4:6]) {
				if len(b) < 12 {
					return false
				}
				n, head = binary.LittleEndian.Uint32(b[8:]), 12
			}
		}
		b = b[head:]
		if n == undefinedLength || n >= 8 && bytes.HasPrefix(b, []byte(sequenceItemHead)) {
			continue // a sequence: its items follow
		}
		if uint64(n) > uint64(len(b)) {
			return false
		}
		if !visit(tag, b[:n]) {
			return true
		}
		b = b[n:]
	}
	return true
}

// isVR reports whether b is a value representation (PS3.5 section 6.2).
func isVR(b []byte) bool {
	switch string(b) {
	case "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV", "OW",
		"PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV":
		return true
	}
	return false
}

// longVR reports whether the length field of the representation has 32 bits
// behind two reserved octets (PS3.5 section 7.1.2).
func longVR(b []byte) bool {
	switch string(b) {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		return true
	}
	return false
}
