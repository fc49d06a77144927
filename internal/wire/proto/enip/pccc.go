package enip

import (
	"edgeward/internal/event"
)

// PCCC is a command of the older controllers of Rockwell (DF1 protocol and
// command set, 1770-6.5.16) inside a CIP request or response.
type PCCC struct {
	Command     uint8 // without the reply bit
	Status      uint8
	Transaction uint16
	Function    uint8 // requests of commands that have one
	HasFunction bool
	Data        []byte
}

const pcccReply = 0x40

// DecodePCCC reads the data of the service Execute PCCC: the requester's id,
// whose length stands first, and the command.
func DecodePCCC(dst *PCCC, b []byte) error {
	if len(b) < 1 || b[0] == 0 || len(b) < int(b[0])+4 {
		return ErrLength
	}
	b = b[b[0]:]
	*dst = PCCC{Command: b[0] &^ pcccReply, Status: b[1], Transaction: uint16(b[2]) | uint16(b[3])<<8, Data: b[4:]}
	if b[0]&pcccReply != 0 {
		return nil
	}
	switch dst.Command & 0x0f {
	case 0x06, 0x07, 0x0f:
		if len(dst.Data) < 1 {
			return ErrLength
		}
		dst.Function, dst.HasFunction, dst.Data = dst.Data[0], true, dst.Data[1:]
	}
	return nil
}

// AppendPCCC writes a request with a requester's id of vendor and serial
// number behind dst.
func AppendPCCC(dst []byte, vendor uint16, serial uint32, p *PCCC) []byte {
	dst = append(dst, 7, byte(vendor), byte(vendor>>8), byte(serial), byte(serial>>8), byte(serial>>16), byte(serial>>24))
	dst = append(dst, p.Command, p.Status, byte(p.Transaction), byte(p.Transaction>>8))
	if p.HasFunction {
		dst = append(dst, p.Function)
	}
	return append(dst, p.Data...)
}

var pcccCommands = map[uint8]operation{
	0x00: {"pccc_protected_write", event.OpWrite},
	0x01: {"pccc_unprotected_read", event.OpRead},
	0x02: {"pccc_protected_bit_write", event.OpWrite},
	0x05: {"pccc_unprotected_bit_write", event.OpWrite},
	0x08: {"pccc_unprotected_write", event.OpWrite},
}

var pcccDiagnostics = map[uint8]operation{
	0x00: {"pccc_echo", event.OpRead},
	0x01: {"pccc_read_diagnostic_counters", event.OpRead},
	0x02: {"pccc_set_variables", event.OpWrite},
	0x03: {pcccDiagnosticStatus, event.OpDiscover},
	0x04: {"pccc_set_timeout", event.OpWrite},
	0x05: {"pccc_set_naks", event.OpWrite},
	0x06: {"pccc_set_enqs", event.OpWrite},
	0x07: {"pccc_reset_diagnostic_counters", event.OpWrite},
	0x08: {"pccc_set_data_table_size", event.OpWrite},
	0x09: {"pccc_read_link_parameters", event.OpRead},
	0x0a: {"pccc_set_link_parameters", event.OpWrite},
}

var pcccModes = map[uint8]operation{
	0x00: {"pccc_disable_outputs", event.OpMode},
	0x01: {"pccc_enable_outputs", event.OpMode},
	0x03: {"pccc_enable_plc_scanning", event.OpMode},
	0x04: {"pccc_enter_download_mode", event.OpProgram},
	0x05: {"pccc_exit_download_upload_mode", event.OpProgram},
	0x06: {"pccc_enter_upload_mode", event.OpUpload},
}

var pcccFunctions = map[uint8]operation{
	0x00: {"pccc_word_range_write", event.OpWrite},
	0x01: {"pccc_word_range_read", event.OpRead},
	0x02: {"pccc_bit_write", event.OpWrite},
	0x03: {"pccc_file_write", event.OpProgram},
	0x04: {"pccc_file_read", event.OpUpload},
	0x05: {"pccc_download_request", event.OpProgram},
	0x06: {"pccc_upload", event.OpUpload},
	0x07: {"pccc_shutdown", event.OpMode},
	0x08: {"pccc_physical_write", event.OpProgram},
	0x09: {"pccc_physical_read", event.OpUpload},
	0x0a: {"pccc_restart_request", event.OpRestart},
	0x11: {"pccc_get_edit_resource", event.OpProgram},
	0x12: {"pccc_return_edit_resource", event.OpProgram},
	0x17: {"pccc_read_bytes_physical", event.OpUpload},
	0x18: {"pccc_write_bytes_physical", event.OpProgram},
	0x26: {"pccc_read_modify_write", event.OpWrite},
	0x29: {"pccc_read_section_size", event.OpRead},
	0x3a: {"pccc_set_cpu_mode", event.OpMode},
	0x41: {"pccc_disable_forces", event.OpWrite},
	0x50: {"pccc_download_all_request", event.OpProgram},
	0x52: {"pccc_download_completed", event.OpProgram},
	0x53: {"pccc_upload_all_request", event.OpUpload},
	0x55: {"pccc_upload_completed", event.OpUpload},
	0x57: {"pccc_initialize_memory", event.OpProgram},
	0x5e: {"pccc_modify_plc2_compatibility_file", event.OpProgram},
	0x67: {"pccc_typed_write", event.OpWrite},
	0x68: {"pccc_typed_read", event.OpRead},
	0x79: {"pccc_read_modify_write_n", event.OpWrite},
	0x80: {"pccc_change_cpu_mode", event.OpMode},
	0x81: {"pccc_open_file", event.OpOther},
	0x82: {"pccc_close_file", event.OpOther},
	0x88: {"pccc_execute_multiple_commands", event.OpOther},
	0x8f: {"pccc_apply_port_configuration", event.OpWrite},
	0xa1: {"pccc_protected_typed_logical_read_2", event.OpRead},
	0xa2: {"pccc_protected_typed_logical_read_3", event.OpRead},
	0xa7: {"pccc_protected_typed_file_read", event.OpUpload},
	0xa9: {"pccc_protected_typed_logical_write_2", event.OpWrite},
	0xaa: {"pccc_protected_typed_logical_write_3", event.OpWrite},
	0xab: {"pccc_protected_typed_logical_masked_write", event.OpWrite},
	0xaf: {"pccc_protected_typed_file_write", event.OpProgram},
}

const pcccDiagnosticStatus = "pccc_diagnostic_status"

// describePCCC gives name and class of a PCCC request.
func describePCCC(p *PCCC) operation {
	var table map[uint8]operation
	code := p.Function
	switch p.Command & 0x0f {
	case 0x06:
		table = pcccDiagnostics
	case 0x07:
		table = pcccModes
	case 0x0f:
		table = pcccFunctions
	default:
		table, code = pcccCommands, p.Command&0x0f
	}
	if op, ok := table[code]; ok {
		return op
	}
	return operation{"execute_pccc", event.OpOther}
}

// pcccName gives the catalogue name in an answer to diagnostic status, which
// the small controllers have at a fixed place, or nil.
func pcccName(b []byte) []byte {
	const at, size = 5, 11
	if len(b) < at+size {
		return nil
	}
	letters := 0
	for _, c := range b[at : at+size] {
		if c < 0x20 || c > 0x7e {
			return nil
		}
		if c != ' ' {
			letters++
		}
	}
	if letters < 4 {
		return nil
	}
	return b[at : at+size]
}
