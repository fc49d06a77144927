package enip

import "edgeward/internal/event"

// CIP services that every object may have (volume 1, appendix A).
const (
	SvcGetAttributesAll   = 0x01
	SvcGetAttributeList   = 0x03
	SvcReset              = 0x05
	SvcStart              = 0x06
	SvcStop               = 0x07
	SvcCreate             = 0x08
	SvcDelete             = 0x09
	SvcMultiple           = 0x0a
	SvcGetAttributeSingle = 0x0e
)

// Services of single objects, which share their numbers.
const (
	svcReadTag         = 0x4c
	svcWriteTag        = 0x4d
	svcExecutePCCC     = 0x4b
	svcForwardClose    = 0x4e
	svcUnconnectedSend = 0x52
	svcForwardOpen     = 0x54
)

// Objects that change what a service means.
const (
	classIdentity          = 0x01
	classConnection        = 0x05
	classConnectionManager = 0x06
	classFile              = 0x37
	classModbus            = 0x44
	classPCCC              = 0x67
	classSymbol            = 0x6b
	classTemplate          = 0x6c
	classNVS               = 0xa1 // Rockwell's nonvolatile storage: firmware
	classDataList          = 0x72 // lists of values that a station watches
	classTagList           = 0xb2 // Rockwell's optimised reading of tags
	classTCPIP             = 0xf5
	classEthernetLink      = 0xf6
	firstVendorClass       = 0x64
	lastVendorClass        = 0xc7
	firstExtendedVendor    = 0x300
	lastExtendedVendor     = 0x4ff
)

// operation is a service's name and what it does to the device.
type operation struct {
	name  string
	class event.OpClass
}

var generic = [...]operation{
	SvcGetAttributesAll:   {"get_attributes_all", event.OpRead},
	0x02:                  {"set_attributes_all", event.OpWrite},
	SvcGetAttributeList:   {"get_attribute_list", event.OpRead},
	0x04:                  {"set_attribute_list", event.OpWrite},
	SvcReset:              {"reset", event.OpRestart},
	SvcStart:              {"start", event.OpMode},
	SvcStop:               {"stop", event.OpMode},
	SvcCreate:             {"create", event.OpWrite},
	SvcDelete:             {"delete", event.OpWrite},
	SvcMultiple:           {"multiple_service_packet", event.OpOther},
	0x0d:                  {"apply_attributes", event.OpWrite},
	SvcGetAttributeSingle: {"get_attribute_single", event.OpRead},
	0x10:                  {"set_attribute_single", event.OpWrite},
	0x11:                  {"find_next_object_instance", event.OpDiscover},
	0x15:                  {"restore", event.OpWrite},
	0x16:                  {"save", event.OpWrite},
	0x17:                  {"nop", event.OpNone},
	0x18:                  {"get_member", event.OpRead},
	0x19:                  {"set_member", event.OpWrite},
	0x1a:                  {"insert_member", event.OpWrite},
	0x1b:                  {"remove_member", event.OpWrite},
	0x1c:                  {"group_sync", event.OpWrite},
}

var connectionManager = map[uint8]operation{
	svcForwardClose:    {"forward_close", event.OpOther},
	svcUnconnectedSend: {"unconnected_send", event.OpOther},
	svcForwardOpen:     {"forward_open", event.OpOther},
	0x56:               {"get_connection_data", event.OpRead},
	0x57:               {"search_connection_data", event.OpRead},
	0x5a:               {"get_connection_owner", event.OpRead},
	0x5b:               {"large_forward_open", event.OpOther},
}

// tags are the services of Rockwell controllers that name a tag or a symbol.
var tags = map[uint8]operation{
	svcReadTag:  {"read_tag", event.OpRead},
	svcWriteTag: {"write_tag", event.OpWrite},
	0x4e:        {"read_modify_write_tag", event.OpWrite},
	0x52:        {"read_tag_fragmented", event.OpRead},
	0x53:        {"write_tag_fragmented", event.OpWrite},
	0x55:        {"get_instance_attribute_list", event.OpDiscover},
}

var files = map[uint8]operation{
	0x4b: {"initiate_upload", event.OpUpload},
	0x4c: {"initiate_download", event.OpFirmware},
	0x4d: {"initiate_partial_read", event.OpUpload},
	0x4e: {"initiate_partial_write", event.OpFirmware},
	0x4f: {"upload_transfer", event.OpUpload},
	0x50: {"download_transfer", event.OpFirmware},
	0x51: {"clear_file", event.OpFirmware},
}

var modbusObject = map[uint8]operation{
	0x4b: {"read_discrete_inputs", event.OpRead},
	0x4c: {"read_coils", event.OpRead},
	0x4d: {"read_input_registers", event.OpRead},
	0x4e: {"read_holding_registers", event.OpRead},
	0x4f: {"write_coils", event.OpWrite},
	0x50: {"write_holding_registers", event.OpWrite},
	0x51: {"modbus_passthrough", event.OpOther},
}

var storage = map[uint8]operation{
	0x4b: {"nvs_update", event.OpFirmware},
	0x4d: {"nvs_transfer", event.OpFirmware},
}

// describe gives name and class of a service on the object that a path names.
func describe(service uint8, p *Path) operation {
	if int(service) < len(generic) && generic[service].name != "" {
		return describeGeneric(service, p)
	}
	if op, ok := objectService(service, p); ok {
		return op
	}
	switch {
	case service >= 0x4b && service <= 0x63:
		return operation{"object_specific", event.OpOther}
	case service >= 0x32 && service <= 0x4a:
		return operation{"vendor_specific", event.OpOther}
	}
	return operation{"reserved", event.OpOther}
}

func describeGeneric(service uint8, p *Path) operation {
	op := generic[service]
	switch {
	case !p.HasClass:
	case op.class == event.OpRead && p.Class == classIdentity:
		op.class = event.OpDiscover
	case p.Class == classNVS && op.class != event.OpRead:
		op.class = event.OpFirmware
	case service != SvcReset && service != SvcCreate && service != SvcDelete:
	case ownsNothing(p.Class):
		op.class = event.OpOther
	case service == SvcReset:
	case isVendorClass(p.Class):
		// Programs, routines, tasks and symbols of a controller are such objects.
		op.class = event.OpProgram
	}
	return op
}

// ownsNothing reports whether an object belongs to the conversation or only
// counts, so that making, deleting and resetting it leaves the device as it is.
func ownsNothing(class uint32) bool {
	switch class {
	case classConnection, classConnectionManager, classDataList, classTCPIP, classEthernetLink:
		return true
	}
	return false
}

func isVendorClass(class uint32) bool {
	return class >= firstVendorClass && class <= lastVendorClass || class >= firstExtendedVendor && class <= lastExtendedVendor
}

func objectService(service uint8, p *Path) (operation, bool) {
	table := tags
	switch {
	case !p.HasClass:
	case p.Class == classConnectionManager:
		table = connectionManager
	case p.Class == classFile:
		table = files
	case p.Class == classModbus:
		table = modbusObject
	case p.Class == classNVS:
		table = storage
	case p.Class == classPCCC && service == svcExecutePCCC:
		return operation{"execute_pccc", event.OpOther}, true
	case p.Class == classTemplate && service == svcReadTag:
		return operation{"read_template", event.OpDiscover}, true
	case p.Class == classSymbol, p.Class == classTagList, len(p.Tag) > 0:
	default:
		return operation{}, false
	}
	op, ok := table[service]
	return op, ok
}

// CommandName gives the name used in facts for an encapsulation command, empty
// when the specification does not name it.
func CommandName(command uint16) string {
	switch command {
	case CmdNOP:
		return "nop"
	case CmdListServices:
		return "list_services"
	case CmdListIdentity:
		return "list_identity"
	case CmdListInterfaces:
		return "list_interfaces"
	case CmdRegisterSession:
		return "register_session"
	case CmdUnregisterSession:
		return "unregister_session"
	case CmdSendRRData:
		return "send_rr_data"
	case CmdSendUnitData:
		return "send_unit_data"
	case CmdIndicateStatus:
		return "indicate_status"
	case CmdCancel:
		return "cancel"
	case CmdStartDTLS:
		return "start_dtls"
	}
	return ""
}

func commandClass(command uint16) event.OpClass {
	switch command {
	case CmdListServices, CmdListIdentity, CmdListInterfaces:
		return event.OpDiscover
	}
	return event.OpNone
}
