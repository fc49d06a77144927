package knx

import "edgeward/internal/event"

// serviceName names a service type; empty when there is none such.
func serviceName(service uint16) string {
	switch service {
	case SearchRequest, SearchRequestExtended:
		return "search"
	case SearchResponse, SearchResponseExtended:
		return "search response"
	case DescriptionRequest:
		return "description"
	case DescriptionResponse:
		return "description response"
	case ConnectRequest:
		return "connect"
	case ConnectResponse:
		return "connect response"
	case ConnectionStateRequest:
		return "connection state"
	case ConnectionStateReply:
		return "connection state response"
	case DisconnectRequest:
		return "disconnect"
	case DisconnectResponse:
		return "disconnect response"
	case ConfigurationRequest:
		return "device configuration"
	case ConfigurationAck:
		return "device configuration ack"
	case TunnellingRequest:
		return "tunnelling"
	case TunnellingAck:
		return "tunnelling ack"
	case TunnellingFeatureGet:
		return "feature get"
	case TunnellingFeatureReply:
		return "feature response"
	case TunnellingFeatureSet:
		return "feature set"
	case TunnellingFeatureInfo:
		return "feature info"
	case RoutingIndication:
		return "routing"
	case RoutingLostMessage:
		return "routing lost message"
	case RoutingBusy:
		return "routing busy"
	case RoutingSystemBroadcast:
		return "system broadcast"
	case SecureWrapper:
		return "secure wrapper"
	case SessionRequest:
		return "session request"
	case SessionResponse:
		return "session response"
	case SessionAuthenticate:
		return "session authenticate"
	case SessionStatus:
		return "session status"
	case TimerNotify:
		return "timer notify"
	}
	return ""
}

// application names an application service (KNX 03_03_07 section 2) and says
// what it does. Four bits tell the common ones, ten the others.
func application(service uint16) (string, event.OpClass) {
	switch service >> 6 {
	case 0:
		return "group value read", event.OpRead
	case 1:
		return "group value response", event.OpNone
	case 2:
		return "group value write", event.OpWrite
	case 3:
		return "individual address write", event.OpProgram
	case 4:
		return "individual address read", event.OpDiscover
	case 5:
		return "individual address response", event.OpNone
	case 6:
		return "adc read", event.OpRead
	case 8:
		return "memory read", event.OpUpload
	case 9:
		return "memory response", event.OpNone
	case 10:
		return "memory write", event.OpProgram
	case 12:
		return "device descriptor read", event.OpDiscover
	case 13:
		return "device descriptor response", event.OpNone
	case 14:
		if service&0x3f < 0x20 {
			return "restart", event.OpRestart
		}
		return "restart response", event.OpNone
	}
	switch service {
	case 0x1cc, 0x1ce:
		return "property extended read", event.OpRead
	case 0x1cf, 0x1d0:
		return "property extended write", event.OpWrite
	case 0x2c0:
		return "user memory read", event.OpUpload
	case 0x2c2:
		return "user memory write", event.OpProgram
	case 0x2c5:
		return "user manufacturer info read", event.OpDiscover
	case 0x2c7:
		return "function property command", event.OpWrite
	case 0x2c8:
		return "function property state read", event.OpRead
	case 0x3d1:
		return "authorize", event.OpOther
	case 0x3d3:
		return "key write", event.OpProgram
	case 0x3d5:
		return "property read", event.OpRead
	case 0x3d7:
		return "property write", event.OpWrite
	case 0x3d8:
		return "property description read", event.OpDiscover
	case 0x3da:
		return "network parameter read", event.OpDiscover
	case 0x3dc:
		return "serial number read", event.OpDiscover
	case 0x3de:
		return "serial number write", event.OpProgram
	case 0x3e0:
		return "domain address write", event.OpProgram
	case 0x3e1:
		return "domain address read", event.OpDiscover
	case 0x3e4:
		return "network parameter write", event.OpWrite
	case 0x3f1:
		return "secure service", event.OpOther
	case 0x1cd, 0x1d1, 0x2c1, 0x2c6, 0x2c9, 0x3d2, 0x3d4, 0x3d6, 0x3d9, 0x3db, 0x3dd, 0x3e2, 0x3e3:
		return "response", event.OpNone
	}
	return "application service", event.OpOther
}

// statusText words the status of a response; 0 is success.
func statusText(status uint8) string {
	switch status {
	case 0:
		return ""
	case 0x21:
		return "no such connection"
	case 0x22:
		return "connection type not supported"
	case 0x23:
		return "connection option not supported"
	case 0x24:
		return "no more connections"
	case 0x25:
		return "no more unique connections"
	case 0x26:
		return "data connection error"
	case 0x27:
		return "knx connection error"
	case 0x28:
		return "authorisation error"
	case 0x29:
		return "tunnelling layer not supported"
	}
	return "error"
}

// maker names a device's manufacturer by the code in the first two octets of
// its serial number; empty when it is not known.
func maker(serial [6]byte) string {
	switch uint16(serial[0])<<8 | uint16(serial[1]) {
	case 0x0001:
		return "Siemens"
	case 0x0002:
		return "ABB"
	case 0x0004:
		return "Jung"
	case 0x0007:
		return "Busch-Jaeger"
	case 0x0008:
		return "Gira"
	case 0x0009:
		return "Hager"
	case 0x0083:
		return "MDT"
	case 0x00c5:
		return "Weinzierl"
	}
	return ""
}
