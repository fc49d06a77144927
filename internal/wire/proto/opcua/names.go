package opcua

import (
	"bytes"

	"edgeward/internal/event"
)

// Binary encoding ids of the requests that the analyser looks into (OPC
// 10000-6 annex A). The id of a response is three more.
const (
	idServiceFault         = 397
	idFindServers          = 422
	idGetEndpoints         = 428
	idRegisterServer       = 437
	idOpenSecureChannel    = 446
	idCreateSession        = 461
	idActivateSession      = 467
	idAddNodes             = 488
	idDeleteNodes          = 500
	idBrowse               = 527
	idTranslateBrowsePaths = 554
	idRegisterNodes        = 560
	idRead                 = 631
	idHistoryRead          = 664
	idWrite                = 673
	idCall                 = 712
	idCreateMonitoredItems = 751
	idFindServersOnNetwork = 12208
	idRegisterServer2      = 12211
)

// service is a service of OPC 10000-4 with what it does.
type service struct {
	id    uint16 // of the request
	name  string
	class event.OpClass
}

var services = []service{
	{410, "TestStack", event.OpOther},
	{416, "TestStackEx", event.OpOther},
	{idFindServers, "FindServers", event.OpDiscover},
	{idGetEndpoints, "GetEndpoints", event.OpDiscover},
	{idRegisterServer, "RegisterServer", event.OpOther},
	{idOpenSecureChannel, "OpenSecureChannel", event.OpNone},
	{452, "CloseSecureChannel", event.OpNone},
	{idCreateSession, "CreateSession", event.OpNone},
	{idActivateSession, "ActivateSession", event.OpNone},
	{473, "CloseSession", event.OpNone},
	{479, "Cancel", event.OpNone},
	{idAddNodes, "AddNodes", event.OpWrite},
	{494, "AddReferences", event.OpWrite},
	{idDeleteNodes, "DeleteNodes", event.OpWrite},
	{506, "DeleteReferences", event.OpWrite},
	{idBrowse, "Browse", event.OpDiscover},
	{533, "BrowseNext", event.OpDiscover},
	{idTranslateBrowsePaths, "TranslateBrowsePathsToNodeIds", event.OpDiscover},
	{idRegisterNodes, "RegisterNodes", event.OpNone},
	{566, "UnregisterNodes", event.OpNone},
	{615, "QueryFirst", event.OpDiscover},
	{621, "QueryNext", event.OpDiscover},
	{idRead, "Read", event.OpRead},
	{idHistoryRead, "HistoryRead", event.OpRead},
	{idWrite, "Write", event.OpWrite},
	{700, "HistoryUpdate", event.OpWrite},
	{idCall, "Call", event.OpWrite},
	{idCreateMonitoredItems, "CreateMonitoredItems", event.OpRead},
	{763, "ModifyMonitoredItems", event.OpRead},
	{769, "SetMonitoringMode", event.OpRead},
	{775, "SetTriggering", event.OpRead},
	{781, "DeleteMonitoredItems", event.OpNone},
	{787, "CreateSubscription", event.OpRead},
	{793, "ModifySubscription", event.OpRead},
	{799, "SetPublishingMode", event.OpRead},
	{826, "Publish", event.OpRead},
	{832, "Republish", event.OpRead},
	{841, "TransferSubscriptions", event.OpRead},
	{847, "DeleteSubscriptions", event.OpNone},
	{idFindServersOnNetwork, "FindServersOnNetwork", event.OpDiscover},
	{idRegisterServer2, "RegisterServer2", event.OpOther},
}

// findService gives the service that a type id belongs to and whether the id
// is a response's; nil when it is none. A fault is a response without service.
func findService(id NodeID) (s *service, isResponse bool) {
	if id.Kind != 'i' || id.Namespace != 0 {
		return nil, false
	}
	n := id.Number
	for i := range services {
		s := &services[i]
		step := uint32(3)
		if s.id >= idFindServersOnNetwork {
			step = 1
		}
		switch n {
		case uint32(s.id):
			return s, false
		case uint32(s.id) + step:
			return s, true
		}
	}
	return nil, false
}

// policyPrefix is what the URIs of all standard policies begin with.
const policyPrefix = "http://opcfoundation.org/UA/SecurityPolicy#"

var policies = [...]string{
	"None", "Basic128Rsa15", "Basic256", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss",
	"ECC_nistP256", "ECC_nistP384", "ECC_brainpoolP256r1", "ECC_brainpoolP384r1", "ECC_curve25519", "ECC_curve448",
	"PubSub-Aes128-CTR", "PubSub-Aes256-CTR",
}

// policyName gives the name of a standard policy, and "other" for any other.
func policyName(uri []byte) string {
	if len(uri) == 0 {
		return ""
	}
	if rest, ok := bytes.CutPrefix(uri, []byte(policyPrefix)); ok {
		for _, p := range policies {
			if string(rest) == p {
				return p
			}
		}
	}
	return "other"
}

// modeName names a message security mode.
func modeName(mode uint32) string {
	switch mode {
	case 1:
		return "None"
	case 2:
		return "Sign"
	case 3:
		return "SignAndEncrypt"
	}
	return "invalid"
}

// tokenNames names the types of user identity tokens.
var tokenNames = [...]string{"anonymous", "username", "x509", "issued"}

// tokenName names an identity token by the encoding id of its structure.
func tokenName(id NodeID) string {
	if id.Kind != 'i' || id.Namespace != 0 {
		return ""
	}
	switch id.Number {
	case 321:
		return tokenNames[0]
	case 324:
		return tokenNames[1]
	case 327:
		return tokenNames[2]
	case 940:
		return tokenNames[3]
	}
	return ""
}

// statusName names a status code (OPC 10000-4 section 7.39, OPC 10000-6 annex
// A). Codes without a name of their own give an empty string.
func statusName(code uint32) string {
	if code>>30 == 0 {
		return "Good"
	}
	return statusNames[code>>16]
}

var statusNames = map[uint32]string{
	0x8001: "BadUnexpectedError", 0x8002: "BadInternalError", 0x8003: "BadOutOfMemory", 0x8004: "BadResourceUnavailable",
	0x8005: "BadCommunicationError", 0x8006: "BadEncodingError", 0x8007: "BadDecodingError", 0x8008: "BadEncodingLimitsExceeded",
	0x8009: "BadUnknownResponse", 0x800a: "BadTimeout", 0x800b: "BadServiceUnsupported", 0x800c: "BadShutdown",
	0x800d: "BadServerNotConnected", 0x800e: "BadServerHalted", 0x800f: "BadNothingToDo", 0x8010: "BadTooManyOperations",
	0x8011: "BadDataTypeIdUnknown", 0x8012: "BadCertificateInvalid", 0x8013: "BadSecurityChecksFailed",
	0x8014: "BadCertificateTimeInvalid", 0x8015: "BadCertificateIssuerTimeInvalid", 0x8016: "BadCertificateHostNameInvalid",
	0x8017: "BadCertificateUriInvalid", 0x8018: "BadCertificateUseNotAllowed", 0x8019: "BadCertificateIssuerUseNotAllowed",
	0x801a: "BadCertificateUntrusted", 0x801b: "BadCertificateRevocationUnknown", 0x801c: "BadCertificateIssuerRevocationUnknown",
	0x801d: "BadCertificateRevoked", 0x801e: "BadCertificateIssuerRevoked", 0x801f: "BadUserAccessDenied",
	0x8020: "BadIdentityTokenInvalid", 0x8021: "BadIdentityTokenRejected", 0x8022: "BadSecureChannelIdInvalid",
	0x8023: "BadInvalidTimestamp", 0x8024: "BadNonceInvalid", 0x8025: "BadSessionIdInvalid", 0x8026: "BadSessionClosed",
	0x8027: "BadSessionNotActivated", 0x8028: "BadSubscriptionIdInvalid", 0x802a: "BadRequestHeaderInvalid",
	0x802b: "BadTimestampsToReturnInvalid", 0x802c: "BadRequestCancelledByClient", 0x8031: "BadNoCommunication",
	0x8032: "BadWaitingForInitialData", 0x8033: "BadNodeIdInvalid", 0x8034: "BadNodeIdUnknown", 0x8035: "BadAttributeIdInvalid",
	0x8036: "BadIndexRangeInvalid", 0x8037: "BadIndexRangeNoData", 0x8038: "BadDataEncodingInvalid",
	0x8039: "BadDataEncodingUnsupported", 0x803a: "BadNotReadable", 0x803b: "BadNotWritable", 0x803c: "BadOutOfRange",
	0x803d: "BadNotSupported", 0x803e: "BadNotFound", 0x803f: "BadObjectDeleted", 0x8040: "BadNotImplemented",
	0x804a: "BadContinuationPointInvalid", 0x804b: "BadNoContinuationPoints", 0x804e: "BadServerNameMissing",
	0x804f: "BadDiscoveryUrlMissing", 0x8053: "BadRequestTypeInvalid", 0x8054: "BadSecurityModeRejected",
	0x8055: "BadSecurityPolicyRejected", 0x8056: "BadTooManySessions", 0x8057: "BadUserSignatureInvalid",
	0x8058: "BadApplicationSignatureInvalid", 0x8059: "BadNoValidCertificates", 0x8073: "BadWriteNotSupported",
	0x8074: "BadTypeMismatch", 0x8075: "BadMethodInvalid", 0x8076: "BadArgumentsMissing", 0x8077: "BadTooManySubscriptions",
	0x8078: "BadTooManyPublishRequests", 0x8079: "BadNoSubscription", 0x807d: "BadTcpServerTooBusy",
	0x807e: "BadTcpMessageTypeInvalid", 0x807f: "BadTcpSecureChannelUnknown", 0x8080: "BadTcpMessageTooLarge",
	0x8081: "BadTcpNotEnoughResources", 0x8082: "BadTcpInternalError", 0x8083: "BadTcpEndpointUrlInvalid",
	0x8084: "BadRequestInterrupted", 0x8085: "BadRequestTimeout", 0x8086: "BadSecureChannelClosed",
	0x8087: "BadSecureChannelTokenUnknown", 0x8088: "BadSequenceNumberInvalid", 0x80ab: "BadInvalidArgument",
	0x80ac: "BadConnectionRejected", 0x80ae: "BadConnectionClosed", 0x80af: "BadInvalidState",
	0x80b7: "BadMaxConnectionsReached", 0x80be: "BadProtocolVersionUnsupported", 0x80c6: "BadIdentityChangeNotSupported",
}
