package s7

import "edgeward/internal/event"

// operation is a function's names and what it does to the controller.
type operation struct {
	name  string
	sub   string
	class event.OpClass
}

func describeJob(function uint8) operation {
	switch function {
	case FuncCPUServices:
		return operation{"cpu_services", "", event.OpOther}
	case FuncReadVar:
		return operation{"read_var", "", event.OpRead}
	case FuncWriteVar:
		return operation{"write_var", "", event.OpWrite}
	case FuncRequestDownload:
		return operation{"request_download", "", event.OpProgram}
	case FuncDownloadBlock:
		return operation{"download_block", "", event.OpProgram}
	case FuncDownloadEnded:
		return operation{"download_ended", "", event.OpProgram}
	case FuncStartUpload:
		return operation{"start_upload", "", event.OpUpload}
	case FuncUpload:
		return operation{"upload", "", event.OpUpload}
	case FuncEndUpload:
		return operation{"end_upload", "", event.OpUpload}
	case FuncPIService:
		return operation{"pi_service", "", event.OpOther}
	case FuncPLCStop:
		return operation{"plc_stop", "", event.OpMode}
	case FuncSetupCommunication:
		return operation{"setup_communication", "", event.OpNone}
	}
	return operation{"unknown", "", event.OpOther}
}

// piClass gives what a program invocation does.
func piClass(service string) event.OpClass {
	switch service {
	case piProgram:
		return event.OpMode
	case piInsert, piDelete, piCompress, piCopyToROM, piMemoryReset:
		return event.OpProgram
	}
	return event.OpOther
}

var groupNames = [16]string{
	GroupModeTransition: "mode_transition",
	GroupProgrammer:     "programmer_commands",
	GroupCyclic:         "cyclic_services",
	GroupBlock:          "block_functions",
	GroupCPU:            "cpu_functions",
	GroupSecurity:       "security",
	GroupPBC:            "pbc_bsend",
	GroupTime:           "time_functions",
	GroupNC:             "nc_programming",
}

// describeUserdata gives the names and class of a userdata function.
func describeUserdata(group, sub uint8) operation {
	op := userdataSub(group, sub)
	op.name = groupNames[group&0x0f]
	if op.name == "" {
		op.name = "unknown"
	}
	if op.class == "" && group != GroupModeTransition {
		op.class = event.OpOther
	}
	return op
}

func userdataSub(group, sub uint8) operation {
	var table []operation
	switch group {
	case GroupModeTransition:
		table = modeTransitions[:]
	case GroupProgrammer:
		table = programmerCommands[:]
	case GroupCyclic:
		table = cyclicServices[:]
	case GroupBlock:
		table = blockFunctions[:]
	case GroupCPU:
		table = cpuFunctions[:]
	case GroupSecurity:
		table = securityFunctions[:]
	case GroupTime:
		table = timeFunctions[:]
	case GroupNC:
		table = ncFunctions[:]
	}
	if int(sub) < len(table) {
		return table[sub]
	}
	return operation{}
}

// modeTransitions are told by the controller and ask for nothing.
var modeTransitions = [...]operation{
	0:  {sub: "stop"},
	1:  {sub: "warm_restart"},
	2:  {sub: "run"},
	3:  {sub: "hot_restart"},
	4:  {sub: "hold"},
	6:  {sub: "cold_restart"},
	9:  {sub: "run_redundant"},
	11: {sub: "link_up"},
	12: {sub: "update"},
}

var programmerCommands = [...]operation{
	1:  {sub: "block_status", class: event.OpRead},
	2:  {sub: "variable_status", class: event.OpRead},
	3:  {sub: "output_istack", class: event.OpRead},
	4:  {sub: "output_bstack", class: event.OpRead},
	5:  {sub: "output_lstack", class: event.OpRead},
	6:  {sub: "time_measurement", class: event.OpRead},
	7:  {sub: "force_selection", class: event.OpWrite},
	8:  {sub: "modify_variable", class: event.OpWrite},
	9:  {sub: "force", class: event.OpWrite},
	10: {sub: "breakpoint", class: event.OpMode},
	11: {sub: "exit_hold", class: event.OpMode},
	12: {sub: "memory_reset", class: event.OpProgram},
	13: {sub: "disable_job", class: event.OpOther},
	14: {sub: "enable_job", class: event.OpOther},
	15: {sub: "delete_job", class: event.OpOther},
	16: {sub: "read_job_list", class: event.OpRead},
	17: {sub: "read_job", class: event.OpRead},
	18: {sub: "replace_job", class: event.OpOther},
	19: {sub: "block_status_v2", class: event.OpRead},
	22: {sub: "flash_led", class: event.OpDiscover},
}

var cyclicServices = [...]operation{
	1: {sub: "cyclic_transfer", class: event.OpRead},
	4: {sub: "unsubscribe", class: event.OpRead},
	5: {sub: "change_driven_transfer", class: event.OpRead},
	7: {sub: "change_driven_transfer_modify", class: event.OpRead},
	8: {sub: "rdrec", class: event.OpRead},
}

var blockFunctions = [...]operation{
	1: {sub: "list_blocks", class: event.OpDiscover},
	2: {sub: "list_blocks_of_type", class: event.OpDiscover},
	3: {sub: "get_block_info", class: event.OpDiscover},
}

var cpuFunctions = [...]operation{
	subReadSZL: {sub: "read_szl", class: event.OpRead},
	2:          {sub: "message_service", class: event.OpRead},
	3:          {sub: "diagnostic_message", class: event.OpRead},
	5:          {sub: "alarm_8_indication", class: event.OpRead},
	6:          {sub: "notify_indication", class: event.OpRead},
	7:          {sub: "alarm_8_lock", class: event.OpAlarm},
	8:          {sub: "alarm_8_unlock", class: event.OpOther},
	9:          {sub: "scan_indication", class: event.OpRead},
	11:         {sub: "alarm_ack", class: event.OpAlarm},
	12:         {sub: "alarm_ack_indication", class: event.OpRead},
	13:         {sub: "alarm_lock_indication", class: event.OpRead},
	14:         {sub: "alarm_unlock_indication", class: event.OpRead},
	17:         {sub: "alarm_sq_indication", class: event.OpRead},
	18:         {sub: "alarm_s_indication", class: event.OpRead},
	19:         {sub: "alarm_query", class: event.OpRead},
	22:         {sub: "notify_8_indication", class: event.OpRead},
}

var securityFunctions = [...]operation{
	subPassword: {sub: "plc_password", class: event.OpOther},
	2:           {sub: "clear_password", class: event.OpOther},
}

var timeFunctions = [...]operation{
	1: {sub: "read_clock", class: event.OpRead},
	2: {sub: "set_clock", class: event.OpWrite},
	3: {sub: "read_clock_following", class: event.OpRead},
	4: {sub: "set_clock", class: event.OpWrite},
}

var ncFunctions = [...]operation{
	1: {sub: "request_download", class: event.OpProgram},
	2: {sub: "download_block", class: event.OpProgram},
	3: {sub: "continue_download", class: event.OpProgram},
	4: {sub: "download_ended", class: event.OpProgram},
	6: {sub: "start_upload", class: event.OpUpload},
	7: {sub: "upload", class: event.OpUpload},
	8: {sub: "continue_upload", class: event.OpUpload},
}

func describePlus(function uint16) operation {
	switch function {
	case PlusExplore:
		return operation{"explore", "", event.OpDiscover}
	case PlusCreateObject:
		return operation{"create_object", "", event.OpProgram}
	case PlusDeleteObject:
		return operation{"delete_object", "", event.OpProgram}
	case PlusSetVariable:
		return operation{"set_variable", "", event.OpWrite}
	case PlusGetVariable:
		return operation{"get_variable", "", event.OpRead}
	case PlusAddLink:
		return operation{"add_link", "", event.OpOther}
	case PlusRemoveLink:
		return operation{"remove_link", "", event.OpOther}
	case PlusGetLink:
		return operation{"get_link", "", event.OpRead}
	case PlusSetMultiVars:
		return operation{"set_multi_variables", "", event.OpWrite}
	case PlusGetMultiVars:
		return operation{"get_multi_variables", "", event.OpRead}
	case PlusBeginSequence:
		return operation{"begin_sequence", "", event.OpOther}
	case PlusEndSequence:
		return operation{"end_sequence", "", event.OpOther}
	case PlusInvoke:
		return operation{"invoke", "", event.OpOther}
	case PlusGetVarSubStream:
		return operation{"get_variables_substream", "", event.OpRead}
	case PlusInitSSL:
		return operation{"init_ssl", "", event.OpOther}
	}
	return operation{"unknown", "", event.OpOther}
}
