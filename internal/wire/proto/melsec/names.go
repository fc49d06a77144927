package melsec

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/exchange"
)

// command is a command with what it does.
type command struct {
	name  string
	class event.OpClass
}

// Commands the analyser looks into.
const (
	cmdTypeName      = 0x0101
	cmdBatchRead     = 0x0401
	cmdRandomRead    = 0x0403
	cmdBatchWrite    = 0x1401
	cmdRandomWrite   = 0x1402
	cmdUnlock        = 0x1630
	softUserLogin    = 0x0131
	softPasswordSend = 0x0132
)

// slmp holds the commands of SLMP (SH-080956 section 5).
var slmp = map[uint16]command{
	cmdTypeName:    {"read type name", event.OpDiscover},
	cmdBatchRead:   {"batch read", event.OpRead},
	cmdRandomRead:  {"random read", event.OpRead},
	0x0406:         {"block read", event.OpRead},
	0x0601:         {"extend unit read", event.OpRead},
	0x0613:         {"buffer memory read", event.OpRead},
	0x0619:         {"self test", event.OpDiscover},
	0x0630:         {"memory card read", event.OpRead},
	0x0801:         {"register monitor", event.OpRead},
	0x0802:         {"monitor", event.OpRead},
	0x0e30:         {"node search", event.OpDiscover},
	0x0e31:         {"ip address set", event.OpWrite},
	0x0e32:         {"device info compare", event.OpRead},
	0x0e33:         {"parameter get", event.OpRead},
	0x0e34:         {"parameter update", event.OpWrite},
	0x0e35:         {"parameter set start", event.OpWrite},
	0x0e36:         {"parameter set end", event.OpWrite},
	0x0e3a:         {"parameter set cancel", event.OpWrite},
	0x0e44:         {"status read", event.OpRead},
	0x0e45:         {"node indication", event.OpOther},
	0x1001:         {"remote run", event.OpMode},
	0x1002:         {"remote stop", event.OpMode},
	0x1003:         {"remote pause", event.OpMode},
	0x1005:         {"remote latch clear", event.OpWrite},
	0x1006:         {"remote reset", event.OpRestart},
	cmdBatchWrite:  {"batch write", event.OpWrite},
	cmdRandomWrite: {"random write", event.OpWrite},
	0x1406:         {"block write", event.OpWrite},
	0x1601:         {"extend unit write", event.OpWrite},
	0x1613:         {"buffer memory write", event.OpWrite},
	0x1617:         {"clear error", event.OpAlarm},
	cmdUnlock:      {"remote password unlock", event.OpOther},
	0x1631:         {"remote password lock", event.OpOther},
	0x1810:         {"read directory", event.OpDiscover},
	0x1811:         {"search directory", event.OpDiscover},
	0x1820:         {"new file", event.OpProgram},
	0x1822:         {"delete file", event.OpProgram},
	0x1824:         {"copy file", event.OpProgram},
	0x1825:         {"change file state", event.OpProgram},
	0x1826:         {"change file date", event.OpProgram},
	0x1827:         {"open file", event.OpOther},
	0x1828:         {"read file", event.OpUpload},
	0x1829:         {"write file", event.OpProgram},
	0x182a:         {"close file", event.OpNone},
	0x2101:         {"on demand", event.OpNone},
}

// melsoft holds the commands of the engineering tools that are publicly known.
var melsoft = map[uint16]command{
	cmdTypeName:      {"read type name", event.OpDiscover},
	0x0121:           {"open initial", event.OpNone},
	softUserLogin:    {"user name login", event.OpNone},
	softPasswordSend: {"password login", event.OpNone},
	0x0133:           {"read user information", event.OpRead},
	0x0134:           {"read user information", event.OpRead},
	0x0150:           {"safety run mode read", event.OpRead},
	0x0401:           {"batch read", event.OpRead},
	0x0403:           {"random read", event.OpRead},
	0x0410:           {"modify value", event.OpWrite},
	0x0411:           {"monitor", event.OpRead},
	0x1001:           {"remote run", event.OpMode},
	0x1002:           {"remote stop", event.OpMode},
	0x1003:           {"remote pause", event.OpMode},
	0x1005:           {"remote latch clear", event.OpWrite},
	0x1006:           {"remote reset", event.OpRestart},
	0x1120:           {"safety run mode change", event.OpMode},
	0x1133:           {"user information registration", event.OpProgram},
	0x1859:           {"file list read", event.OpDiscover},
	0x1868:           {"file read", event.OpUpload},
	0x1869:           {"file write", event.OpProgram},
}

// describe names a message's command.
func describe(m *Message) command {
	c, ok := slmp[m.Command]
	if m.Frame == FrameMELSOFT {
		c, ok = melsoft[m.Command]
	}
	if !ok {
		return command{"unknown command", event.OpOther}
	}
	return c
}

// short is a command of frame 1E; least is the data that it has at least.
type short struct {
	command
	least int
}

var commands1E = map[uint8]*short{
	0x00: {command{"batch read bits", event.OpRead}, 8},
	0x01: {command{"batch read words", event.OpRead}, 8},
	0x02: {command{"batch write bits", event.OpWrite}, 9},
	0x03: {command{"batch write words", event.OpWrite}, 10},
	0x04: {command{"random write bits", event.OpWrite}, 9},
	0x05: {command{"random write words", event.OpWrite}, 10},
	0x0e: {command{"extension file register read", event.OpRead}, 6},
	0x0f: {command{"extension file register write", event.OpWrite}, 6},
	0x13: {command{"remote run", event.OpMode}, 0},
	0x14: {command{"remote stop", event.OpMode}, 0},
	0x15: {command{"read type name", event.OpDiscover}, 0},
	0x16: {command{"loopback test", event.OpDiscover}, 2},
}

func command1E(code uint8) *short { return commands1E[code] }

// device is a device memory by its code in frames 3E and 4E (SH-080008 section
// 8.1); some are numbered in hexadecimal.
func device(code uint8) (name string, hex bool) {
	switch code {
	case 0x91:
		return "SM", false
	case 0xa9:
		return "SD", false
	case 0x9c:
		return "X", true
	case 0x9d:
		return "Y", true
	case 0x90:
		return "M", false
	case 0x92:
		return "L", false
	case 0x93:
		return "F", false
	case 0x94:
		return "V", false
	case 0x98:
		return "S", false
	case 0xa0:
		return "B", true
	case 0xa8:
		return "D", false
	case 0xb4:
		return "W", true
	case 0xc0:
		return "TC", false
	case 0xc1:
		return "TS", false
	case 0xc2:
		return "TN", false
	case 0xc3:
		return "CC", false
	case 0xc4:
		return "CS", false
	case 0xc5:
		return "CN", false
	case 0xc6, 0xc7, 0xc8:
		return "ST", false
	case 0xa1:
		return "SB", true
	case 0xb5:
		return "SW", true
	case 0xa2:
		return "DX", true
	case 0xa3:
		return "DY", true
	case 0xcc:
		return "Z", false
	case 0xaf:
		return "R", false
	case 0xb0:
		return "ZR", false
	}
	return "", false
}

// target words the first device that an SLMP request is about.
func target(t *exchange.Text, m *Message) {
	d := m.Data
	switch m.Command {
	case cmdBatchRead, cmdBatchWrite:
	case cmdRandomRead, cmdRandomWrite:
		skip := 2 // numbers of words and double words
		if m.Command == cmdRandomWrite && m.Subcommand&1 != 0 {
			skip = 1 // of bits
		}
		if len(d) < skip {
			return
		}
		d = d[skip:]
	default:
		return
	}
	size := 4 // number, code
	if m.Subcommand&2 != 0 {
		size = 6 // those of iQ-R have more of both
	}
	if len(d) < size {
		return
	}
	number, code := uint32(d[0])|uint32(d[1])<<8|uint32(d[2])<<16, d[3]
	if size == 6 {
		number, code = binary.LittleEndian.Uint32(d), d[4]
	}
	name, hex := device(code)
	if name == "" {
		t.Str("device 0x").Hex(uint64(code), 2).Str(" ")
	}
	if t.Str(name); hex {
		t.Hex(uint64(number), 1)
	} else {
		t.Uint(uint64(number))
	}
	if (m.Command == cmdBatchRead || m.Command == cmdBatchWrite) && len(d) >= size+2 {
		t.Str(" x ").Uint(uint64(binary.LittleEndian.Uint16(d[size:])))
	}
}

// target1E words the device of a frame 1E: number, code in two letters, points.
func target1E(t *exchange.Text, m *Message1E) {
	if m.Command > 0x03 || len(m.Data) < 8 {
		return
	}
	if m.Data[5] != ' ' {
		t.Printable(m.Data[5:6])
	}
	if m.Data[4] != ' ' {
		t.Printable(m.Data[4:5])
	}
	t.Uint(uint64(binary.LittleEndian.Uint32(m.Data))).Str(" x ").Uint(uint64(m.Data[6]))
}

// isDevice1E reports whether b names a device memory of frame 1E.
func isDevice1E(b []byte) bool {
	switch string(b[:2]) {
	case " D", " W", " R", " X", " Y", " M", " L", " B", " F", " S", "NT", "ST", "CT", "NC", "SC", "CC":
		return true
	}
	return false
}

// endText words an end code; 0 is empty, and so are codes without a name.
func endText(end uint16) string {
	switch end {
	case 0x4013:
		return "not possible while running"
	case 0xc051, 0xc052, 0xc053, 0xc054:
		return "number of points out of range"
	case 0xc056:
		return "address out of range"
	case 0xc059, 0xc05b, 0xc05c:
		return "command not supported"
	case 0xc061:
		return "length error"
	case 0xc200, 0xc810, 0xc815:
		return "wrong password"
	case 0xc201, 0xc811, 0xc812, 0xc813, 0xc814, 0xc816:
		return "locked by password"
	}
	return ""
}
