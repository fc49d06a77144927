package mms

import "edgeward/internal/event"

// service is a confirmed service (ISO 9506-2 section 7.2).
type service struct {
	name  string
	class event.OpClass
}

// Numbers of the services that the analyser looks into.
const (
	serviceIdentify = 2
	serviceRead     = 4
	serviceWrite    = 5
)

var services = [...]service{
	0:  {"status", event.OpRead},
	1:  {"getNameList", event.OpDiscover},
	2:  {"identify", event.OpDiscover},
	3:  {"rename", event.OpWrite},
	4:  {"read", event.OpRead},
	5:  {"write", event.OpWrite},
	6:  {"getVariableAccessAttributes", event.OpDiscover},
	7:  {"defineNamedVariable", event.OpWrite},
	8:  {"defineScatteredAccess", event.OpWrite},
	9:  {"getScatteredAccessAttributes", event.OpDiscover},
	10: {"deleteVariableAccess", event.OpWrite},
	11: {"defineNamedVariableList", event.OpWrite},
	12: {"getNamedVariableListAttributes", event.OpDiscover},
	13: {"deleteNamedVariableList", event.OpWrite},
	14: {"defineNamedType", event.OpWrite},
	15: {"getNamedTypeAttributes", event.OpDiscover},
	16: {"deleteNamedType", event.OpWrite},
	17: {"input", event.OpOther},
	18: {"output", event.OpOther},
	19: {"takeControl", event.OpOther},
	20: {"relinquishControl", event.OpOther},
	21: {"defineSemaphore", event.OpWrite},
	22: {"deleteSemaphore", event.OpWrite},
	23: {"reportSemaphoreStatus", event.OpRead},
	24: {"reportPoolSemaphoreStatus", event.OpRead},
	25: {"reportSemaphoreEntryStatus", event.OpRead},
	26: {"initiateDownloadSequence", event.OpProgram},
	27: {"downloadSegment", event.OpProgram},
	28: {"terminateDownloadSequence", event.OpProgram},
	29: {"initiateUploadSequence", event.OpUpload},
	30: {"uploadSegment", event.OpUpload},
	31: {"terminateUploadSequence", event.OpUpload},
	32: {"requestDomainDownload", event.OpProgram},
	33: {"requestDomainUpload", event.OpUpload},
	34: {"loadDomainContent", event.OpProgram},
	35: {"storeDomainContent", event.OpUpload},
	36: {"deleteDomain", event.OpProgram},
	37: {"getDomainAttributes", event.OpDiscover},
	38: {"createProgramInvocation", event.OpProgram},
	39: {"deleteProgramInvocation", event.OpProgram},
	40: {"start", event.OpMode},
	41: {"stop", event.OpMode},
	42: {"resume", event.OpMode},
	43: {"reset", event.OpMode},
	44: {"kill", event.OpMode},
	45: {"getProgramInvocationAttributes", event.OpDiscover},
	46: {"obtainFile", event.OpWrite},
	47: {"defineEventCondition", event.OpAlarm},
	48: {"deleteEventCondition", event.OpAlarm},
	49: {"getEventConditionAttributes", event.OpRead},
	50: {"reportEventConditionStatus", event.OpRead},
	51: {"alterEventConditionMonitoring", event.OpAlarm},
	52: {"triggerEvent", event.OpWrite},
	53: {"defineEventAction", event.OpAlarm},
	54: {"deleteEventAction", event.OpAlarm},
	55: {"getEventActionAttributes", event.OpRead},
	56: {"reportEventActionStatus", event.OpRead},
	57: {"defineEventEnrollment", event.OpAlarm},
	58: {"deleteEventEnrollment", event.OpAlarm},
	59: {"alterEventEnrollment", event.OpAlarm},
	60: {"reportEventEnrollmentStatus", event.OpRead},
	61: {"getEventEnrollmentAttributes", event.OpRead},
	62: {"acknowledgeEventNotification", event.OpAlarm},
	63: {"getAlarmSummary", event.OpRead},
	64: {"getAlarmEnrollmentSummary", event.OpRead},
	65: {"readJournal", event.OpRead},
	66: {"writeJournal", event.OpWrite},
	67: {"initializeJournal", event.OpWrite},
	68: {"reportJournalStatus", event.OpRead},
	69: {"createJournal", event.OpWrite},
	70: {"deleteJournal", event.OpWrite},
	71: {"getCapabilityList", event.OpDiscover},
	72: {"fileOpen", event.OpRead},
	73: {"fileRead", event.OpRead},
	74: {"fileClose", event.OpNone},
	75: {"fileRename", event.OpWrite},
	76: {"fileDelete", event.OpWrite},
	77: {"fileDirectory", event.OpDiscover},
}

// findService gives the service of that number, one of class other when the
// standard has none such.
func findService(number uint32) service {
	if number < uint32(len(services)) {
		return services[number]
	}
	return service{"additional service", event.OpOther}
}

// errorClasses words the class of a service error (ISO 9506-2 section 7.4.4).
var errorClasses = [...]string{
	"vmd-state", "application-reference", "definition", "resource", "service", "service-preempt", "time-resolution",
	"access", "initiate", "conclude", "cancel", "file", "others",
}

// accessErrors words why a variable could not be read or written (ISO 9506-2
// section 14.4.3).
var accessErrors = [...]string{
	"object-invalidated", "hardware-fault", "temporarily-unavailable", "object-access-denied", "object-undefined",
	"invalid-address", "type-unsupported", "type-inconsistent", "object-attribute-inconsistent",
	"object-access-unsupported", "object-non-existent", "object-value-invalid",
}

func accessError(code int64) string {
	if code >= 0 && code < int64(len(accessErrors)) {
		return accessErrors[code]
	}
	return "failure"
}
