package ads

import "edgeward/internal/event"

// portSystem is the AMS port of a controller's system service, which handles
// files, registry and processes.
const portSystem = 10000

// commandNames names the commands.
var commandNames = [...]string{
	"invalid", "read device info", "read", "write", "read state", "write control",
	"add notification", "delete notification", "notification", "read write",
}

// operation names a request and says what it does. group is the index group of
// read, write and read-write.
func operation(command, port uint16, group uint32) (string, event.OpClass) {
	switch command {
	case CmdReadDeviceInfo:
		return commandNames[command], event.OpDiscover
	case CmdReadState, CmdAddNotification:
		return commandNames[command], event.OpRead
	case CmdWriteControl:
		return commandNames[command], event.OpMode
	case CmdRead, CmdWrite, CmdReadWrite:
		if port == portSystem {
			if verb, class := systemService(group); verb != "" {
				return verb, class
			}
		}
		return commandNames[command], access(command, group)
	}
	return commandNames[command], event.OpNone
}

// access says what a command upon an index group does: read-write carries both
// harmless lookups and bundles of writes.
func access(command uint16, group uint32) event.OpClass {
	switch command {
	case CmdRead:
		if group >= 0xf008 && group <= 0xf010 { // symbols and data types
			return event.OpDiscover
		}
		return event.OpRead
	case CmdWrite:
		if group == 0xf006 { // release of a handle
			return event.OpNone
		}
		return event.OpWrite
	}
	switch group {
	case 0xf003, 0xf004, 0xf007, 0xf009, 0xf00a, 0xf011, 0xf080, 0xf083, 0xf084, 0xf085, 0xf086:
		return event.OpRead // handles, values and symbols by name, bundles of reads
	case 0xf081, 0xf082:
		return event.OpWrite // bundles of writes
	}
	return event.OpOther
}

// systemService names the index groups of the system service.
func systemService(group uint32) (string, event.OpClass) {
	switch group {
	case 120:
		return "file open", event.OpOther
	case 121:
		return "file close", event.OpNone
	case 122:
		return "file read", event.OpUpload
	case 123:
		return "file write", event.OpProgram
	case 124:
		return "file seek", event.OpNone
	case 131:
		return "file delete", event.OpProgram
	case 132:
		return "file rename", event.OpProgram
	case 133:
		return "file find", event.OpDiscover
	case 138, 139:
		return "directory change", event.OpProgram
	case 200:
		return "registry", event.OpOther
	case 400:
		return "time service", event.OpOther
	case 500:
		return "start process", event.OpProgram
	case 600:
		return "change net id", event.OpWrite
	}
	return "", event.OpNone
}

// control names the state that a write control asks for and says what that
// does.
func control(state uint16) (string, event.OpClass) {
	names := [...]string{
		"invalid", "idle", "reset", "init", "start", "run", "stop", "save configuration", "load configuration",
		"power failure", "power good", "error", "shutdown", "suspend", "resume", "configuration", "reconfiguration",
	}
	if int(state) >= len(names) {
		return "unknown state", event.OpMode
	}
	if state == 2 || state == 12 {
		return names[state], event.OpRestart
	}
	return names[state], event.OpMode
}

// errorName words an error code; codes without a name of their own give an
// empty string.
func errorName(code uint32) string {
	switch code {
	case 0x06:
		return "target port not found"
	case 0x07:
		return "target machine not found"
	case 0x08:
		return "unknown command"
	case 0x0d:
		return "port not connected"
	case 0x12:
		return "port disabled"
	case 0x700:
		return "device error"
	case 0x701:
		return "service not supported"
	case 0x702:
		return "invalid index group"
	case 0x703:
		return "invalid index offset"
	case 0x704:
		return "access denied"
	case 0x705:
		return "invalid size"
	case 0x706:
		return "invalid data"
	case 0x707:
		return "not ready"
	case 0x708:
		return "busy"
	case 0x70b:
		return "invalid parameter"
	case 0x70c:
		return "not found"
	case 0x710:
		return "symbol not found"
	case 0x712:
		return "invalid state"
	case 0x71c:
		return "access denied"
	case 0x745:
		return "timeout"
	}
	return ""
}
