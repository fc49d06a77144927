package fins

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto/exchange"
)

// command is a command code with what it does.
type command struct {
	name  string
	class event.OpClass
}

// Command codes the analyser looks into.
const (
	cmdMemoryRead     = 0x0101
	cmdMemoryWrite    = 0x0102
	cmdMemoryFill     = 0x0103
	cmdMultipleRead   = 0x0104
	cmdMemoryTransfer = 0x0105
	cmdRun            = 0x0401
	cmdControllerData = 0x0501
)

var commands = map[uint16]command{
	cmdMemoryRead:     {"memory area read", event.OpRead},
	cmdMemoryWrite:    {"memory area write", event.OpWrite},
	cmdMemoryFill:     {"memory area fill", event.OpWrite},
	cmdMultipleRead:   {"multiple memory area read", event.OpRead},
	cmdMemoryTransfer: {"memory area transfer", event.OpWrite},
	0x0201:            {"parameter area read", event.OpRead},
	0x0202:            {"parameter area write", event.OpWrite},
	0x0203:            {"parameter area clear", event.OpWrite},
	0x0220:            {"data link table read", event.OpRead},
	0x0221:            {"data link table write", event.OpWrite},
	0x0304:            {"program area protect", event.OpProgram},
	0x0305:            {"program area protect clear", event.OpProgram},
	0x0306:            {"program area read", event.OpUpload},
	0x0307:            {"program area write", event.OpProgram},
	0x0308:            {"program area clear", event.OpProgram},
	cmdRun:            {"run", event.OpMode},
	0x0402:            {"stop", event.OpMode},
	0x0403:            {"reset", event.OpRestart},
	cmdControllerData: {"controller data read", event.OpDiscover},
	0x0502:            {"connection data read", event.OpDiscover},
	0x0601:            {"controller status read", event.OpRead},
	0x0602:            {"network status read", event.OpRead},
	0x0603:            {"data link status read", event.OpRead},
	0x0620:            {"cycle time read", event.OpRead},
	0x0701:            {"clock read", event.OpRead},
	0x0702:            {"clock write", event.OpWrite},
	0x0801:            {"loop-back test", event.OpDiscover},
	0x0802:            {"broadcast test results read", event.OpRead},
	0x0803:            {"broadcast test data send", event.OpOther},
	0x0920:            {"message read or clear", event.OpRead},
	0x0c01:            {"access right acquire", event.OpOther},
	0x0c02:            {"access right forced acquire", event.OpOther},
	0x0c03:            {"access right release", event.OpOther},
	0x2101:            {"error clear", event.OpAlarm},
	0x2102:            {"error log read", event.OpRead},
	0x2103:            {"error log clear", event.OpAlarm},
	0x2140:            {"write access log read", event.OpRead},
	0x2141:            {"write access log clear", event.OpAlarm},
	0x2201:            {"file name read", event.OpDiscover},
	0x2202:            {"single file read", event.OpUpload},
	0x2203:            {"single file write", event.OpProgram},
	0x2204:            {"memory card format", event.OpProgram},
	0x2205:            {"file delete", event.OpProgram},
	0x2206:            {"volume label create or delete", event.OpWrite},
	0x2207:            {"file copy", event.OpProgram},
	0x2208:            {"file name change", event.OpProgram},
	0x2209:            {"file data check", event.OpRead},
	0x220a:            {"memory area file transfer", event.OpWrite},
	0x220b:            {"parameter area file transfer", event.OpProgram},
	0x220c:            {"program area file transfer", event.OpProgram},
	0x220f:            {"file memory index read", event.OpDiscover},
	0x2210:            {"file memory read", event.OpUpload},
	0x2211:            {"file memory write", event.OpProgram},
	0x2215:            {"directory create or delete", event.OpProgram},
	0x2220:            {"memory cassette transfer", event.OpProgram},
	0x2301:            {"forced set/reset", event.OpWrite},
	0x2302:            {"forced set/reset cancel", event.OpWrite},
	0x230a:            {"multiple forced status read", event.OpRead},
	0x2601:            {"name set", event.OpWrite},
	0x2602:            {"name delete", event.OpWrite},
	0x2603:            {"name read", event.OpDiscover},
}

// area names a memory area by its code (W342 section 5-2-2); bits and words of
// an area have different codes.
func area(t *exchange.Text, code uint8) {
	switch code {
	case 0x30, 0x70, 0xb0, 0xf0:
		t.Str("CIO")
	case 0x31, 0x71, 0xb1, 0xf1:
		t.Str("W")
	case 0x32, 0x72, 0xb2:
		t.Str("H")
	case 0x33, 0xb3:
		t.Str("A")
	case 0x02, 0x82:
		t.Str("D")
	case 0x09, 0x89, 0x49:
		t.Str("TC")
	case 0x06, 0x46:
		t.Str("TK")
	case 0x98, 0x0a:
		t.Str("E")
	case 0xdc:
		t.Str("IR")
	case 0xbc:
		t.Str("DR")
	default:
		switch {
		case code >= 0x20 && code <= 0x2f || code >= 0xa0 && code <= 0xaf:
			t.Str("E").Uint(uint64(code & 0x0f)).Str("_")
		case code >= 0x90 && code <= 0x97:
			t.Str("E").Uint(uint64(code & 7)).Str("_")
		default:
			t.Str("area 0x").Hex(uint64(code), 2).Str(" ")
		}
	}
}

// endText words an end code (W342 section 5-1-3). The high octet's bit 7 and
// the low octet's bits 6 and 7 are flags about the relaying network.
func endText(end uint16) string {
	code := end & 0x7f3f
	switch code {
	case 0:
		return ""
	case 0x0001:
		return "service cancelled"
	case 0x0205:
		return "response timeout"
	case 0x0401:
		return "undefined command"
	case 0x0402:
		return "not supported by model or version"
	case 0x1001:
		return "command too long"
	case 0x1002:
		return "command too short"
	case 0x1004:
		return "command format error"
	case 0x1101:
		return "area classification missing"
	case 0x1103:
		return "address range error"
	case 0x1104:
		return "address range exceeded"
	case 0x110b:
		return "response too long"
	case 0x110c:
		return "parameter error"
	case 0x2002, 0x2102:
		return "protected"
	case 0x2101:
		return "read only"
	case 0x2201, 0x2202, 0x2208:
		return "not possible in this mode"
	case 0x3001:
		return "no access right"
	}
	switch code >> 8 {
	case 0x01:
		return "local node error"
	case 0x02:
		return "destination node error"
	case 0x03:
		return "controller error"
	case 0x04:
		return "service unsupported"
	case 0x05:
		return "routing error"
	case 0x10:
		return "command format error"
	case 0x11:
		return "parameter error"
	case 0x20:
		return "read not possible"
	case 0x21:
		return "write not possible"
	case 0x22:
		return "not executable in this mode"
	case 0x23:
		return "no such device"
	case 0x24:
		return "cannot start or stop"
	case 0x25:
		return "unit error"
	case 0x26:
		return "command error"
	case 0x30:
		return "access right error"
	}
	return "error"
}
