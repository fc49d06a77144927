package bacnet

import (
	"strconv"

	"edgeward/internal/event"
)

// Confirmed services.
const (
	SvcAcknowledgeAlarm           = 0
	SvcConfirmedCOV               = 1
	SvcConfirmedEvent             = 2
	SvcSubscribeCOV               = 5
	SvcAtomicReadFile             = 6
	SvcAtomicWriteFile            = 7
	SvcAddListElement             = 8
	SvcRemoveListElement          = 9
	SvcCreateObject               = 10
	SvcDeleteObject               = 11
	SvcReadProperty               = 12
	SvcReadPropertyMultiple       = 14
	SvcWriteProperty              = 15
	SvcWritePropertyMultiple      = 16
	SvcDeviceCommunicationControl = 17
	SvcPrivateTransfer            = 18
	SvcReinitializeDevice         = 20
	SvcReadRange                  = 26
	SvcLifeSafetyOperation        = 27
	SvcSubscribeCOVProperty       = 28
)

// Unconfirmed services.
const (
	SvcIAm                 = 0
	SvcIHave               = 1
	SvcUnconfirmedCOV      = 2
	SvcUnconfirmedEvent    = 3
	SvcUnconfirmedTransfer = 4
	SvcTimeSync            = 6
	SvcWhoHas              = 7
	SvcWhoIs               = 8
	SvcUTCTimeSync         = 9
	SvcWriteGroup          = 10
	SvcWhoAmI              = 13
	SvcYouAre              = 14
)

// operation is a service's name and what it does to the device.
type operation struct {
	name  string
	class event.OpClass
}

var confirmed = [...]operation{
	SvcAcknowledgeAlarm:           {"acknowledge-alarm", event.OpAlarm},
	SvcConfirmedCOV:               {"confirmed-cov-notification", event.OpNone},
	SvcConfirmedEvent:             {"confirmed-event-notification", event.OpNone},
	3:                             {"get-alarm-summary", event.OpRead},
	4:                             {"get-enrollment-summary", event.OpRead},
	SvcSubscribeCOV:               {"subscribe-cov", event.OpRead},
	SvcAtomicReadFile:             {"atomic-read-file", event.OpUpload},
	SvcAtomicWriteFile:            {"atomic-write-file", event.OpProgram},
	SvcAddListElement:             {"add-list-element", event.OpWrite},
	SvcRemoveListElement:          {"remove-list-element", event.OpWrite},
	SvcCreateObject:               {"create-object", event.OpProgram},
	SvcDeleteObject:               {"delete-object", event.OpProgram},
	SvcReadProperty:               {"read-property", event.OpRead},
	13:                            {"read-property-conditional", event.OpRead},
	SvcReadPropertyMultiple:       {"read-property-multiple", event.OpRead},
	SvcWriteProperty:              {"write-property", event.OpWrite},
	SvcWritePropertyMultiple:      {"write-property-multiple", event.OpWrite},
	SvcDeviceCommunicationControl: {"device-communication-control", event.OpMode},
	SvcPrivateTransfer:            {"confirmed-private-transfer", event.OpOther},
	19:                            {"confirmed-text-message", event.OpOther},
	SvcReinitializeDevice:         {"reinitialize-device", event.OpRestart},
	21:                            {"vt-open", event.OpOther},
	22:                            {"vt-close", event.OpOther},
	23:                            {"vt-data", event.OpOther},
	24:                            {"authenticate", event.OpOther},
	25:                            {"request-key", event.OpOther},
	SvcReadRange:                  {"read-range", event.OpRead},
	SvcLifeSafetyOperation:        {"life-safety-operation", event.OpAlarm},
	SvcSubscribeCOVProperty:       {"subscribe-cov-property", event.OpRead},
	29:                            {"get-event-information", event.OpRead},
	30:                            {"subscribe-cov-property-multiple", event.OpRead},
	31:                            {"confirmed-cov-notification-multiple", event.OpNone},
	32:                            {"confirmed-audit-notification", event.OpNone},
	33:                            {"audit-log-query", event.OpRead},
}

var unconfirmed = [...]operation{
	SvcIAm:                 {"i-am", event.OpNone},
	SvcIHave:               {"i-have", event.OpNone},
	SvcUnconfirmedCOV:      {"unconfirmed-cov-notification", event.OpNone},
	SvcUnconfirmedEvent:    {"unconfirmed-event-notification", event.OpNone},
	SvcUnconfirmedTransfer: {"unconfirmed-private-transfer", event.OpOther},
	5:                      {"unconfirmed-text-message", event.OpOther},
	SvcTimeSync:            {"time-synchronization", event.OpWrite},
	SvcWhoHas:              {"who-has", event.OpDiscover},
	SvcWhoIs:               {"who-is", event.OpDiscover},
	SvcUTCTimeSync:         {"utc-time-synchronization", event.OpWrite},
	SvcWriteGroup:          {"write-group", event.OpWrite},
	11:                     {"unconfirmed-cov-notification-multiple", event.OpNone},
	12:                     {"unconfirmed-audit-notification", event.OpNone},
	SvcWhoAmI:              {"who-am-i", event.OpNone},
	SvcYouAre:              {"you-are", event.OpWrite},
}

// Messages of the network layer.
const (
	netWhoIsRouter     = 0x00
	netInitRoutingTab  = 0x06
	netWhatIsNumber    = 0x12
	netNumberIs        = 0x13
	lastNetworkMessage = netNumberIs
)

var networkMessages = [...]operation{
	netWhoIsRouter:    {"who-is-router-to-network", event.OpDiscover},
	0x01:              {"i-am-router-to-network", event.OpNone},
	0x02:              {"i-could-be-router-to-network", event.OpNone},
	0x03:              {"reject-message-to-network", event.OpNone},
	0x04:              {"router-busy-to-network", event.OpOther},
	0x05:              {"router-available-to-network", event.OpNone},
	netInitRoutingTab: {"initialize-routing-table", event.OpWrite},
	0x07:              {"initialize-routing-table-ack", event.OpNone},
	0x08:              {"establish-connection-to-network", event.OpMode},
	0x09:              {"disconnect-connection-to-network", event.OpMode},
	0x0a:              {"challenge-request", event.OpOther},
	0x0b:              {"security-payload", event.OpOther},
	0x0c:              {"security-response", event.OpOther},
	0x0d:              {"request-key-update", event.OpOther},
	0x0e:              {"update-key-set", event.OpOther},
	0x0f:              {"update-distribution-key", event.OpOther},
	0x10:              {"request-master-key", event.OpOther},
	0x11:              {"set-master-key", event.OpOther},
	netWhatIsNumber:   {"what-is-network-number", event.OpDiscover},
	netNumberIs:       {"network-number-is", event.OpNone},
}

var bvlcFunctions = [...]operation{
	BVLCResult:              {"bvlc-result", event.OpNone},
	BVLCWriteBDT:            {"write-broadcast-distribution-table", event.OpWrite},
	BVLCReadBDT:             {"read-broadcast-distribution-table", event.OpDiscover},
	BVLCReadBDTAck:          {"read-broadcast-distribution-table-ack", event.OpNone},
	BVLCForwardedNPDU:       {"forwarded-npdu", event.OpNone},
	BVLCRegisterForeign:     {"register-foreign-device", event.OpOther},
	BVLCReadFDT:             {"read-foreign-device-table", event.OpDiscover},
	BVLCReadFDTAck:          {"read-foreign-device-table-ack", event.OpNone},
	BVLCDeleteFDTEntry:      {"delete-foreign-device-table-entry", event.OpWrite},
	BVLCDistributeBroadcast: {"distribute-broadcast-to-network", event.OpNone},
	BVLCOriginalUnicast:     {"original-unicast-npdu", event.OpNone},
	BVLCOriginalBroadcast:   {"original-broadcast-npdu", event.OpNone},
	BVLCSecure:              {"secure-bvll", event.OpOther},
}

func lookup(table []operation, i uint8) operation {
	if int(i) < len(table) && table[i].name != "" {
		return table[i]
	}
	return operation{"unknown", event.OpOther}
}

// Object types and properties that change what a request means.
const (
	objectDevice  = 8
	objectProgram = 16

	propApplicationVersion = 12
	propEventEnable        = 35
	propFirmware           = 44
	propLimitEnable        = 52
	propModel              = 70
	propObjectName         = 77
	propProgramChange      = 90
	propRecipientList      = 102
	propVendorName         = 121
	propConfigurationFiles = 154
	propDetectionEnable    = 353
	propAlgorithmInhibit   = 354
	propSerial             = 372
)

// writeClass gives what writing a property does: events can be switched off
// and programs stopped by it.
func writeClass(o ObjectID, property uint32) event.OpClass {
	switch property {
	case propEventEnable, propLimitEnable, propRecipientList, propDetectionEnable, propAlgorithmInhibit:
		return event.OpAlarm
	case propConfigurationFiles:
		return event.OpProgram
	case propProgramChange:
		if o.Type() == objectProgram {
			return event.OpMode
		}
	}
	return event.OpWrite
}

// reinitialize gives name and class of the states of reinitialize-device.
func reinitialize(state uint32) operation {
	switch state {
	case 0:
		return operation{"coldstart", event.OpRestart}
	case 1:
		return operation{"warmstart", event.OpRestart}
	case 2:
		return operation{"start-backup", event.OpUpload}
	case 3:
		return operation{"end-backup", event.OpUpload}
	case 4:
		return operation{"start-restore", event.OpProgram}
	case 5:
		return operation{"end-restore", event.OpProgram}
	case 6:
		return operation{"abort-restore", event.OpProgram}
	case 7:
		return operation{"activate-changes", event.OpProgram}
	}
	return operation{"unknown", event.OpRestart}
}

// communication gives the names of device-communication-control.
func communication(state uint32) string {
	switch state {
	case 0:
		return "enable"
	case 1:
		return "disable"
	case 2:
		return "disable-initiation"
	}
	return "unknown"
}

// lifeSafety names the requests of life-safety-operation.
func lifeSafety(request uint32) string {
	names := [...]string{
		"none", "silence", "silence-audible", "silence-visual", "reset",
		"reset-alarm", "reset-fault", "unsilence", "unsilence-audible", "unsilence-visual",
	}
	if int(request) < len(names) {
		return names[request]
	}
	return "unknown"
}

// appendObject writes an object as "device 1234".
func appendObject(b []byte, o ObjectID) []byte {
	if t := int(o.Type()); t < len(objectTypes) {
		b = append(b, objectTypes[t]...)
	} else {
		b = strconv.AppendUint(append(b, "object-type-"...), uint64(t), 10)
	}
	return strconv.AppendUint(append(b, ' '), uint64(o.Instance()), 10)
}

// propertyName gives the standard's name of a property, empty when it is not
// in the table.
func propertyName(id uint32) string {
	if id < uint32(len(properties)) {
		return properties[id]
	}
	return ""
}

var errorClasses = [...]string{"device", "object", "property", "resources", "security", "services", "vt", "communication"}

var rejectReasons = [...]string{
	"other", "buffer-overflow", "inconsistent-parameters", "invalid-parameter-data-type", "invalid-tag",
	"missing-required-parameter", "parameter-out-of-range", "too-many-arguments", "undefined-enumeration", "unrecognized-service",
}

var abortReasons = [...]string{
	"other", "buffer-overflow", "invalid-apdu-in-this-state", "preempted-by-higher-priority-task", "segmentation-not-supported",
	"security-error", "insufficient-security", "window-size-out-of-range", "application-exceeded-reply-time", "out-of-resources",
	"tsm-timeout", "apdu-too-long",
}

// appendCode writes the name of a code, or its number where it has none.
func appendCode(b []byte, names []string, code uint32) []byte {
	if code < uint32(len(names)) && names[code] != "" {
		return append(b, names[code]...)
	}
	return strconv.AppendUint(b, uint64(code), 10)
}
