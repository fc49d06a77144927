package iec104

import "edgeward/internal/event"

// typ describes a type identification (IEC 60870-5-101 section 7.2.1.1).
type typ struct {
	name  string
	size  int8 // octets of one element without its address, -1 when it varies
	class event.OpClass
	named bool // names an operation of the controlling station
}

// Types, by identification. Classes are those of the control direction.
var types = [128]typ{
	1: {"M_SP_NA_1", 1, "", false}, 2: {"M_SP_TA_1", 4, "", false}, 3: {"M_DP_NA_1", 1, "", false}, 4: {"M_DP_TA_1", 4, "", false},
	5: {"M_ST_NA_1", 2, "", false}, 6: {"M_ST_TA_1", 5, "", false}, 7: {"M_BO_NA_1", 5, "", false}, 8: {"M_BO_TA_1", 8, "", false},
	9: {"M_ME_NA_1", 3, "", false}, 10: {"M_ME_TA_1", 6, "", false}, 11: {"M_ME_NB_1", 3, "", false}, 12: {"M_ME_TB_1", 6, "", false},
	13: {"M_ME_NC_1", 5, "", false}, 14: {"M_ME_TC_1", 8, "", false}, 15: {"M_IT_NA_1", 5, "", false}, 16: {"M_IT_TA_1", 8, "", false},
	17: {"M_EP_TA_1", 6, "", false}, 18: {"M_EP_TB_1", 7, "", false}, 19: {"M_EP_TC_1", 7, "", false}, 20: {"M_PS_NA_1", 5, "", false},
	21: {"M_ME_ND_1", 2, "", false}, 30: {"M_SP_TB_1", 8, "", false}, 31: {"M_DP_TB_1", 8, "", false}, 32: {"M_ST_TB_1", 9, "", false},
	33: {"M_BO_TB_1", 12, "", false}, 34: {"M_ME_TD_1", 10, "", false}, 35: {"M_ME_TE_1", 10, "", false}, 36: {"M_ME_TF_1", 12, "", false},
	37: {"M_IT_TB_1", 12, "", false}, 38: {"M_EP_TD_1", 10, "", false}, 39: {"M_EP_TE_1", 11, "", false}, 40: {"M_EP_TF_1", 11, "", false},
	41: {"S_IT_TC_1", -1, "", false},

	45: {"C_SC_NA_1", 1, event.OpWrite, true}, 46: {"C_DC_NA_1", 1, event.OpWrite, true}, 47: {"C_RC_NA_1", 1, event.OpWrite, true},
	48: {"C_SE_NA_1", 3, event.OpWrite, true}, 49: {"C_SE_NB_1", 3, event.OpWrite, true}, 50: {"C_SE_NC_1", 5, event.OpWrite, true},
	51: {"C_BO_NA_1", 4, event.OpWrite, true}, 58: {"C_SC_TA_1", 8, event.OpWrite, true}, 59: {"C_DC_TA_1", 8, event.OpWrite, true},
	60: {"C_RC_TA_1", 8, event.OpWrite, true}, 61: {"C_SE_TA_1", 10, event.OpWrite, true}, 62: {"C_SE_TB_1", 10, event.OpWrite, true},
	63: {"C_SE_TC_1", 12, event.OpWrite, true}, 64: {"C_BO_TA_1", 11, event.OpWrite, true},

	70: {"M_EI_NA_1", 1, "", false},
	81: {"S_CH_NA_1", -1, "", false}, 82: {"S_RP_NA_1", -1, "", false}, 83: {"S_AR_NA_1", -1, "", false}, 84: {"S_KR_NA_1", -1, "", false},
	85: {"S_KS_NA_1", -1, "", false}, 86: {"S_KC_NA_1", -1, "", false}, 87: {"S_ER_NA_1", -1, "", false}, 90: {"S_US_NA_1", -1, "", false},
	91: {"S_UQ_NA_1", -1, "", false}, 92: {"S_UR_NA_1", -1, "", false}, 93: {"S_UK_NA_1", -1, "", false}, 94: {"S_UA_NA_1", -1, "", false},
	95: {"S_UC_NA_1", -1, "", false},

	100: {"C_IC_NA_1", 1, event.OpRead, true}, 101: {"C_CI_NA_1", 1, event.OpRead, true}, 102: {"C_RD_NA_1", 0, event.OpRead, true},
	103: {"C_CS_NA_1", 7, event.OpWrite, true}, 104: {"C_TS_NA_1", 2, event.OpOther, true}, 105: {"C_RP_NA_1", 1, event.OpRestart, true},
	106: {"C_CD_NA_1", 2, event.OpWrite, true}, 107: {"C_TS_TA_1", 9, event.OpOther, true},
	110: {"P_ME_NA_1", 3, event.OpWrite, true}, 111: {"P_ME_NB_1", 3, event.OpWrite, true}, 112: {"P_ME_NC_1", 5, event.OpWrite, true},
	113: {"P_AC_NA_1", 1, event.OpWrite, true},

	// Files: a controlling station that has a file ready, sends sections and
	// segments or asks for a deletion changes the device; one that calls a
	// file or a directory, and acknowledges what it gets, reads it out.
	120: {"F_FR_NA_1", 6, event.OpProgram, false}, 121: {"F_SR_NA_1", 7, event.OpProgram, false}, 122: {"F_SC_NA_1", 4, event.OpUpload, false},
	123: {"F_LS_NA_1", 5, event.OpProgram, false}, 124: {"F_AF_NA_1", 4, event.OpUpload, false}, 125: {"F_SG_NA_1", -1, event.OpProgram, false},
	126: {"F_DR_TA_1", 13, event.OpRead, false}, 127: {"F_SC_NB_1", 16, event.OpRead, false},
}

// typeInfo describes a type; ok is false when the standard has none such.
func typeInfo(t uint8) (*typ, bool) {
	if t >= 128 || types[t].name == "" {
		return nil, false
	}
	return &types[t], true
}

// Causes of transmission that steer the analyser (IEC 60870-5-101 section
// 7.2.3).
const (
	causeRequest    = 5
	causeActivation = 6
	causeActCon     = 7
	causeDeact      = 8
	causeDeactCon   = 9
	causeActTerm    = 10
	causeFile       = 13
)

var causes = [48]string{
	1: "periodic", 2: "background scan", 3: "spontaneous", 4: "initialized", 5: "request", 6: "activation",
	7: "activation confirmation", 8: "deactivation", 9: "deactivation confirmation", 10: "activation termination",
	11: "return information remote", 12: "return information local", 13: "file transfer",
	14: "authentication", 15: "session key maintenance", 16: "user role and update key maintenance",
	20: "interrogated by station", 21: "interrogated by group 1", 22: "interrogated by group 2", 23: "interrogated by group 3",
	24: "interrogated by group 4", 25: "interrogated by group 5", 26: "interrogated by group 6", 27: "interrogated by group 7",
	28: "interrogated by group 8", 29: "interrogated by group 9", 30: "interrogated by group 10", 31: "interrogated by group 11",
	32: "interrogated by group 12", 33: "interrogated by group 13", 34: "interrogated by group 14", 35: "interrogated by group 15",
	36: "interrogated by group 16", 37: "general counter request", 38: "group 1 counter request", 39: "group 2 counter request",
	40: "group 3 counter request", 41: "group 4 counter request",
	44: "unknown type identification", 45: "unknown cause of transmission", 46: "unknown common address", 47: "unknown object address",
}

func causeName(cause uint8) string {
	if int(cause) < len(causes) {
		return causes[cause]
	}
	return ""
}

// refused reports whether the cause says that a request cannot be served.
func refused(cause uint8) bool { return cause >= 44 && cause <= 47 }

func controlName(function uint8) string {
	switch function {
	case StartDTAct:
		return "STARTDT act"
	case StartDTCon:
		return "STARTDT con"
	case StopDTAct:
		return "STOPDT act"
	case StopDTCon:
		return "STOPDT con"
	case TestFRAct:
		return "TESTFR act"
	case TestFRCon:
		return "TESTFR con"
	}
	return ""
}

// selection tells the select from the execute of a command: bit 8 of the
// command's or set point's qualifier (IEC 60870-5-101 section 7.2.6.26, .39).
func selection(a *ASDU) string {
	at := 0
	switch a.Type {
	case 45, 46, 47, 58, 59, 60:
		at = 3
	case 48, 49, 61, 62:
		at = 5
	case 50, 63:
		at = 7
	default:
		return ""
	}
	if len(a.Objects) <= at {
		return ""
	}
	if a.Objects[at]&0x80 != 0 {
		return "select"
	}
	return "execute"
}
