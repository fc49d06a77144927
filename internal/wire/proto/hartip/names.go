package hartip

import "edgeward/internal/event"

// Commands the analyser looks into.
const (
	cmdUniqueID      = 0
	cmdUniqueIDByTag = 11
	cmdTag           = 13
	cmdLongTag       = 20
	cmdIDByLongTag   = 21
)

// commandName names the universal and the common practice commands
// (HCF_SPEC-127, HCF_SPEC-151); others are known by their number.
func commandName(n uint16) string {
	if int(n) < len(commandNames) && commandNames[n] != "" {
		return commandNames[n]
	}
	switch {
	case n >= 128 && n < 254 || n >= 64768 && n < 65022:
		return "device specific command"
	case n >= 768 && n < 1024:
		return "wireless command"
	case n >= 1024 && n < 33792:
		return "device family command"
	}
	return "command"
}

var commandNames = [...]string{
	0: "read unique identifier", 1: "read primary variable", 2: "read loop current", 3: "read dynamic variables",
	6: "write polling address", 7: "read loop configuration", 8: "read variable classification", 9: "read device variables",
	11: "read unique identifier by tag", 12: "read message", 13: "read tag", 14: "read transducer information",
	15: "read device information", 16: "read final assembly number", 17: "write message", 18: "write tag",
	19: "write final assembly number", 20: "read long tag", 21: "read unique identifier by long tag", 22: "write long tag",
	33: "read device variables", 34: "write damping value", 35: "write range values", 36: "set upper range value",
	37: "set lower range value", 38: "reset configuration changed flag", 39: "eeprom control", 40: "enter fixed current mode",
	41: "perform self test", 42: "perform device reset", 43: "set variable zero", 44: "write variable units",
	45: "trim loop current zero", 46: "trim loop current gain", 47: "write transfer function", 48: "read additional status",
	49: "write transducer serial number", 50: "read variable assignments", 51: "write variable assignments",
	52: "set device variable zero", 53: "write device variable units", 54: "read device variable information",
	55: "write device variable damping", 56: "write device variable serial number", 57: "read unit tag", 58: "write unit tag",
	59: "write number of preambles", 60: "read analog channel", 61: "read dynamic variables and channel",
	62: "read analog channels", 63: "read analog channel information", 64: "write channel damping", 65: "write channel range",
	66: "enter fixed channel mode", 67: "trim channel zero", 68: "trim channel gain", 69: "write channel transfer function",
	70: "read channel endpoints", 71: "lock device", 72: "squawk", 73: "find device", 74: "read I/O system capabilities",
	75: "poll sub-device", 76: "read lock state", 77: "send command to sub-device", 78: "read aggregated commands",
	79: "write device variable", 80: "read trim points", 81: "read trim guidelines", 82: "write trim point", 83: "reset trim",
	84: "read sub-device identity", 85: "read I/O channel statistics", 86: "read sub-device statistics",
	87: "write I/O master mode", 88: "write I/O retry count", 89: "set real-time clock", 90: "read real-time clock",
	91: "read trend configuration", 92: "write trend configuration", 93: "read trend", 94: "read I/O client statistics",
	95: "read message statistics", 96: "read synchronous action", 97: "configure synchronous action",
	98: "read command action", 99: "configure command action", 101: "read sub-device burst map", 102: "map sub-device to burst",
	103: "write burst period", 104: "write burst trigger", 105: "read burst configuration", 106: "flush delayed responses",
	107: "write burst variables", 108: "write burst command", 109: "burst mode control", 110: "read all dynamic variables",
	111: "transfer service control", 112: "transfer service", 113: "catch device variable", 114: "read caught variable",
	115: "read event notification", 116: "write event mask", 117: "write event timing", 118: "event notification control",
	119: "acknowledge event", 120: "read time synchronization",
}

// commandClass says what a command does to the field device.
func commandClass(n uint16) event.OpClass {
	switch n {
	case 0, 11, 21, 73, 74, 75, 84:
		return event.OpDiscover
	case 40, 66, 71, 87:
		return event.OpMode
	case 42:
		return event.OpRestart
	case 38, 116, 118, 119:
		return event.OpAlarm
	case 41, 72, 77, 106:
		return event.OpOther
	case 111, 112:
		return event.OpProgram // blocks of configuration or software
	case 6, 17, 18, 19, 22, 34, 35, 36, 37, 39, 43, 44, 45, 46, 47, 49, 51, 52, 53, 55, 56, 58, 59, 64, 65, 67, 68, 69,
		79, 82, 83, 88, 89, 92, 97, 99, 102, 103, 104, 107, 108, 109, 113, 117:
		return event.OpWrite
	}
	if n <= 120 {
		return event.OpRead
	}
	return event.OpOther
}

// codeText words the response code of an answer; 0 is success.
func codeText(code uint8) string {
	if code&0x80 != 0 {
		return "communication error"
	}
	switch code {
	case 0, 8, 24, 30, 96, 97, 98, 99, 100, 112, 113, 114, 115, 116: // done, some with a warning
		return ""
	case 2:
		return "invalid selection"
	case 3:
		return "parameter too large"
	case 4:
		return "parameter too small"
	case 5:
		return "too few data bytes"
	case 7:
		return "write protected"
	case 16:
		return "access restricted"
	case 32:
		return "busy"
	case 33:
		return "delayed response initiated"
	case 64:
		return "command not implemented"
	}
	return "error"
}

// maker names the manufacturer of a field device by the code of the FieldComm
// Group (HCF_SPEC-183 table 8); empty when it is not known.
func maker(id uint16) string {
	switch id {
	case 0x0a:
		return "Brooks Instrument"
	case 0x11:
		return "Endress+Hauser"
	case 0x13:
		return "Fisher Controls"
	case 0x14:
		return "Foxboro"
	case 0x17:
		return "Honeywell"
	case 0x1a:
		return "ABB"
	case 0x1f:
		return "Micro Motion"
	case 0x20:
		return "Moore Industries"
	case 0x26:
		return "Rosemount"
	case 0x2a:
		return "Siemens"
	case 0x2e:
		return "Rosemount Analytical"
	case 0x36:
		return "Azbil"
	case 0x37:
		return "Yokogawa"
	case 0x3e:
		return "Smar"
	case 0x42:
		return "Samson"
	case 0x45:
		return "Krohne"
	case 0x56:
		return "Magnetrol"
	case 0x57:
		return "Metso Automation"
	case 0x5d:
		return "Pepperl+Fuchs"
	case 0x61:
		return "Knick"
	case 0x62:
		return "VEGA"
	case 0x65:
		return "Masoneilan"
	}
	return ""
}
