package dnp3

import "edgeward/internal/event"

// operation is a function's name and what it does to the outstation.
type operation struct {
	name  string
	class event.OpClass
}

var operations = [132]operation{
	FuncConfirm:             {"confirm", event.OpNone},
	FuncRead:                {"read", event.OpRead},
	FuncWrite:               {"write", event.OpWrite},
	FuncSelect:              {"select", event.OpWrite},
	FuncOperate:             {"operate", event.OpWrite},
	FuncDirectOperate:       {"direct_operate", event.OpWrite},
	FuncDirectOperateNoAck:  {"direct_operate_no_ack", event.OpWrite},
	FuncImmediateFreeze:     {"immediate_freeze", event.OpWrite},
	8:                       {"immediate_freeze_no_ack", event.OpWrite},
	9:                       {"freeze_clear", event.OpWrite},
	FuncFreezeClearNoAck:    {"freeze_clear_no_ack", event.OpWrite},
	FuncFreezeAtTime:        {"freeze_at_time", event.OpWrite},
	FuncFreezeAtTimeNoAck:   {"freeze_at_time_no_ack", event.OpWrite},
	FuncColdRestart:         {"cold_restart", event.OpRestart},
	FuncWarmRestart:         {"warm_restart", event.OpRestart},
	FuncInitializeData:      {"initialize_data", event.OpMode},
	FuncInitializeApp:       {"initialize_application", event.OpMode},
	FuncStartApp:            {"start_application", event.OpMode},
	FuncStopApp:             {"stop_application", event.OpMode},
	FuncSaveConfiguration:   {"save_configuration", event.OpProgram},
	FuncEnableUnsolicited:   {"enable_unsolicited", event.OpOther},
	FuncDisableUnsolicited:  {"disable_unsolicited", event.OpAlarm},
	FuncAssignClass:         {"assign_class", event.OpWrite},
	FuncDelayMeasurement:    {"delay_measurement", event.OpRead},
	FuncRecordCurrentTime:   {"record_current_time", event.OpWrite},
	FuncOpenFile:            {"open_file", event.OpRead},
	FuncCloseFile:           {"close_file", event.OpOther},
	FuncDeleteFile:          {"delete_file", event.OpProgram},
	FuncGetFileInfo:         {"get_file_info", event.OpRead},
	FuncAuthenticateFile:    {"authenticate_file", event.OpOther},
	FuncAbortFile:           {"abort_file", event.OpOther},
	FuncActivateConfig:      {"activate_configuration", event.OpProgram},
	FuncAuthRequest:         {"authentication_request", event.OpOther},
	FuncAuthRequestNoAck:    {"authentication_request_no_ack", event.OpOther},
	FuncResponse:            {"response", event.OpNone},
	FuncUnsolicitedResponse: {"unsolicited_response", event.OpNone},
	FuncAuthResponse:        {"authentication_response", event.OpNone},
}

// describe gives name and class of a function code.
func describe(function uint8) operation {
	if int(function) < len(operations) && operations[function].name != "" {
		return operations[function]
	}
	return operation{"unknown", event.OpOther}
}

// FunctionName gives the name used in facts for an application function code.
func FunctionName(function uint8) string { return describe(function).name }

// unanswered reports whether the standard asks for no response.
func unanswered(function uint8) bool {
	switch function {
	case FuncDirectOperateNoAck, 8, FuncFreezeClearNoAck, FuncFreezeAtTimeNoAck, FuncAuthRequestNoAck:
		return true
	}
	return false
}

// iinNames names the internal indications from the lowest bit of the first
// octet to the highest used one of the second.
var iinNames = [16]string{
	"broadcast", "class_1_events", "class_2_events", "class_3_events",
	"need_time", "local_control", "device_trouble", "device_restart",
	"no_function_code_support", "object_unknown", "parameter_error", "event_buffer_overflow",
	"already_executing", "configuration_corrupt", "reserved_2", "reserved_1",
}

// appendIIN appends the names of the bits that are set, with commas.
func appendIIN(b []byte, iin uint16) []byte {
	bits := iin>>8 | iin<<8
	for i, name := range iinNames {
		if bits>>i&1 == 0 {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, name...)
	}
	return b
}

var controlNames = [5]string{"nul", "pulse_on", "pulse_off", "latch_on", "latch_off"}

// controlName names the control octet of a control relay output block: the
// trip and close bits say more than the operation beside them.
func controlName(code uint8) string {
	switch code >> 6 {
	case 1:
		return "close"
	case 2:
		return "trip"
	}
	if op := code & 0x0f; int(op) < len(controlNames) {
		return controlNames[op]
	}
	return "undefined"
}

// appendObject appends the customary short form: g12v1.
func appendObject(b []byte, group, variation uint8) []byte {
	b = append(b, 'g')
	b = appendUint8(b, group)
	b = append(b, 'v')
	return appendUint8(b, variation)
}

func appendUint8(b []byte, v uint8) []byte {
	if v >= 100 {
		b = append(b, '0'+v/100)
	}
	if v >= 10 {
		b = append(b, '0'+v/10%10)
	}
	return append(b, '0'+v%10)
}
