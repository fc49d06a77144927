package modbus

import "edgeward/internal/event"

// Subfunctions of function 8 (serial line only in the standard, yet answered
// by many devices over TCP).
const (
	DiagReturnQueryData      = 0
	DiagRestartCommunication = 1
	DiagForceListenOnly      = 4
	DiagClearCounters        = 10
)

const umasSigned = 0x38

// operation is a function's name and what it does to the device.
type operation struct {
	name  string
	class event.OpClass
}

var functions = [128]operation{
	FuncReadCoils:              {"read_coils", event.OpRead},
	FuncReadDiscreteInputs:     {"read_discrete_inputs", event.OpRead},
	FuncReadHoldingRegisters:   {"read_holding_registers", event.OpRead},
	FuncReadInputRegisters:     {"read_input_registers", event.OpRead},
	FuncWriteSingleCoil:        {"write_single_coil", event.OpWrite},
	FuncWriteSingleRegister:    {"write_single_register", event.OpWrite},
	FuncReadExceptionStatus:    {"read_exception_status", event.OpRead},
	FuncDiagnostics:            {"diagnostics", event.OpOther},
	9:                          {"program_484", event.OpProgram},
	10:                         {"poll_484", event.OpRead},
	FuncGetCommEventCounter:    {"get_comm_event_counter", event.OpRead},
	FuncGetCommEventLog:        {"get_comm_event_log", event.OpRead},
	13:                         {"program_controller", event.OpProgram},
	14:                         {"poll_controller", event.OpRead},
	FuncWriteMultipleCoils:     {"write_multiple_coils", event.OpWrite},
	FuncWriteMultipleRegisters: {"write_multiple_registers", event.OpWrite},
	FuncReportServerID:         {"report_server_id", event.OpDiscover},
	18:                         {"program_884", event.OpProgram},
	19:                         {"reset_comm_link", event.OpRestart},
	FuncReadFileRecord:         {"read_file_record", event.OpRead},
	FuncWriteFileRecord:        {"write_file_record", event.OpWrite},
	FuncMaskWriteRegister:      {"mask_write_register", event.OpWrite},
	FuncReadWriteRegisters:     {"read_write_multiple_registers", event.OpWrite},
	FuncReadFIFOQueue:          {"read_fifo_queue", event.OpRead},
	40:                         {"program_concept", event.OpProgram},
	FuncEncapsulated:           {"encapsulated_interface_transport", event.OpOther},
	FuncUMAS:                   {"umas", event.OpOther},
	100:                        {"scattered_register_read", event.OpRead},
	125:                        {"firmware_replacement", event.OpFirmware},
	126:                        {"program_584", event.OpProgram},
}

var diagnostics = [22]operation{
	DiagReturnQueryData:      {"diagnostics_return_query_data", event.OpRead},
	DiagRestartCommunication: {"diagnostics_restart_communications", event.OpRestart},
	2:                        {"diagnostics_return_register", event.OpRead},
	3:                        {"diagnostics_change_ascii_delimiter", event.OpWrite},
	DiagForceListenOnly:      {"diagnostics_force_listen_only", event.OpMode},
	DiagClearCounters:        {"diagnostics_clear_counters", event.OpWrite},
	11:                       {"diagnostics_bus_message_count", event.OpRead},
	12:                       {"diagnostics_bus_communication_error_count", event.OpRead},
	13:                       {"diagnostics_bus_exception_error_count", event.OpRead},
	14:                       {"diagnostics_server_message_count", event.OpRead},
	15:                       {"diagnostics_server_no_response_count", event.OpRead},
	16:                       {"diagnostics_server_nak_count", event.OpRead},
	17:                       {"diagnostics_server_busy_count", event.OpRead},
	18:                       {"diagnostics_bus_character_overrun_count", event.OpRead},
	20:                       {"diagnostics_clear_overrun_counter", event.OpWrite},
	21:                       {"diagnostics_modbus_plus_statistics", event.OpRead},
}

// umasFunctions names Schneider Electric's functions as the literature does.
// Their "upload" goes from the engineering station to the controller, hence
// it is what others call a program download, and the reverse.
var umasFunctions = [0x80]operation{
	0x01: {"INIT_COMM", event.OpDiscover},
	0x02: {"READ_ID", event.OpDiscover},
	0x03: {"READ_PROJECT_INFO", event.OpDiscover},
	0x04: {"READ_PLC_INFO", event.OpDiscover},
	0x05: {"READ_LOADER_INFO", event.OpDiscover},
	0x06: {"READ_CARD_INFO", event.OpDiscover},
	0x07: {"READ_BLOCK_INFO", event.OpDiscover},
	0x0a: {"REPEAT", event.OpRead},
	0x10: {"TAKE_PLC_RESERVATION", event.OpOther},
	0x11: {"RELEASE_PLC_RESERVATION", event.OpOther},
	0x12: {"KEEP_ALIVE", event.OpRead},
	0x20: {"READ_MEMORY_BLOCK", event.OpRead},
	0x21: {"WRITE_MEMORY_BLOCK", event.OpWrite},
	0x22: {"READ_VARIABLES", event.OpRead},
	0x23: {"WRITE_VARIABLES", event.OpWrite},
	0x24: {"READ_COILS_REGISTERS", event.OpRead},
	0x25: {"WRITE_COILS_REGISTERS", event.OpWrite},
	0x26: {"DATA_DICTIONARY", event.OpDiscover},
	0x27: {"DATA_DICTIONARY_PRELOAD", event.OpDiscover},
	0x28: {"READ_PHYSICAL_ADDRESS", event.OpRead},
	0x29: {"WRITE_PHYSICAL_ADDRESS", event.OpWrite},
	0x2a: {"BROWSE_EVENTS", event.OpRead},
	0x30: {"INITIALIZE_UPLOAD", event.OpProgram},
	0x31: {"UPLOAD_BLOCK", event.OpProgram},
	0x32: {"END_STRATEGY_UPLOAD", event.OpProgram},
	0x33: {"INITIALIZE_DOWNLOAD", event.OpUpload},
	0x34: {"DOWNLOAD_BLOCK", event.OpUpload},
	0x35: {"END_STRATEGY_DOWNLOAD", event.OpUpload},
	0x36: {"BACKUP", event.OpProgram},
	0x37: {"PRELOAD_BLOCKS", event.OpProgram},
	0x38: {"SIGNED_REQUEST", event.OpOther},
	0x39: {"READ_ETH_MASTER_DATA", event.OpRead},
	0x40: {"START_PLC", event.OpMode},
	0x41: {"STOP_PLC", event.OpMode},
	0x42: {"INIT_PLC", event.OpRestart},
	0x43: {"SWAP", event.OpProgram},
	0x50: {"MONITOR_PLC", event.OpRead},
	0x51: {"GET_AUTO_MODIF", event.OpRead},
	0x52: {"GET_FORCED_BITS", event.OpRead},
	0x53: {"GET_SELECTED_BLOCKS", event.OpRead},
	0x58: {"CHECK_PLC", event.OpRead},
	0x60: {"BKPT_SET", event.OpMode},
	0x61: {"BKPT_DEL", event.OpMode},
	0x62: {"STEP_OVER", event.OpMode},
	0x63: {"STEP_IN", event.OpMode},
	0x64: {"STEP_OUT", event.OpMode},
	0x65: {"GET_CALL_STACK", event.OpRead},
	0x66: {"CHECK_DEBUG_ALLOWED", event.OpRead},
	0x6c: {"PROCESS_MSG", event.OpOther},
	0x6d: {"PRIVATE", event.OpOther},
	0x6e: {"RESERVATION_NONCES", event.OpOther},
	0x70: {"READ_IO_OBJECT", event.OpRead},
	0x71: {"WRITE_IO_OBJECT", event.OpWrite},
	0x72: {"READ_RACK", event.OpDiscover},
	0x73: {"GET_STATUS_MODULE", event.OpRead},
	0x74: {"READ_DEVICE_DATA", event.OpRead},
}

// What a UMAS answer carries in the place of the function.
const (
	umasReadID        = 0x02
	umasResponseError = 0xfd
	umasResponseOK    = 0xfe
)

// describe gives the name and class of a request's function. umas is the name
// of the UMAS function, if it is one.
func describe(function uint8, sub uint16) (op operation, umas string) {
	op = functions[function&^exceptionOn]
	switch {
	case function == FuncDiagnostics && int(sub) < len(diagnostics) && diagnostics[sub].name != "":
		op = diagnostics[sub]
	case function == FuncEncapsulated && sub == MEIDeviceIdentity:
		op = operation{"read_device_identification", event.OpDiscover}
	case function == FuncEncapsulated && sub == MEICANopen:
		op = operation{"canopen_general_reference", event.OpOther}
	case function == FuncUMAS:
		umas = "UNKNOWN"
		if int(sub) < len(umasFunctions) && umasFunctions[sub].name != "" {
			op.class, umas = umasFunctions[sub].class, umasFunctions[sub].name
		}
	case op.name == "":
		op = operation{"user_defined", event.OpOther}
	}
	return op, umas
}

// FunctionName gives the name used in facts for a function code.
func FunctionName(function uint8) string {
	op, _ := describe(function&^exceptionOn, 0)
	if function&^exceptionOn == FuncDiagnostics {
		return functions[FuncDiagnostics].name
	}
	return op.name
}
