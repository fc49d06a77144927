package icmp

import "strconv"

var unreachable4 = [...]string{
	"net-unreachable", "host-unreachable", "protocol-unreachable", "port-unreachable",
	"fragmentation-needed", "source-route-failed", "net-unknown", "host-unknown", "host-isolated",
	"net-prohibited", "host-prohibited", "net-unreachable-for-tos", "host-unreachable-for-tos",
	"communication-prohibited", "host-precedence-violation", "precedence-cutoff",
}

var unreachable6 = [...]string{
	"no-route", "communication-prohibited", "beyond-scope", "address-unreachable", "port-unreachable",
	"policy-failed", "route-rejected", "source-route-error",
}

var names4 = map[uint8]string{
	EchoReply4: "echo-reply", SourceQuench4: "source-quench", Redirect4: "redirect", EchoRequest4: "echo-request",
	RouterAdvert4: "router-advertisement", RouterSolicit4: "router-solicitation", TimeExceeded4: "time-exceeded",
	ParameterProblem4: "parameter-problem", TimestampRequest4: "timestamp-request", 14: "timestamp-reply",
	InformationRequest: "information-request", 16: "information-reply", MaskRequest4: "address-mask-request",
	18: "address-mask-reply", 30: "traceroute", 42: "extended-echo-request", 43: "extended-echo-reply",
}

var names6 = map[uint8]string{
	PacketTooBig6: "packet-too-big", TimeExceeded6: "time-exceeded", ParameterProblem6: "parameter-problem",
	EchoRequest6: "echo-request", EchoReply6: "echo-reply", 130: "listener-query", 131: "listener-report",
	132: "listener-done", RouterSolicit6: "router-solicitation", RouterAdvert6: "router-advertisement",
	NeighborSolicit6: "neighbor-solicitation", NeighborAdvert6: "neighbor-advertisement", Redirect6: "redirect",
	RouterRenumber6: "router-renumbering", NodeInfoQuery6: "node-information-query",
	140: "node-information-response", 143: "listener-report-v2", 160: "extended-echo-request",
	161: "extended-echo-reply",
}

// Name gives the message's name in the words of the RFCs; destination
// unreachable goes by its code.
func (m *Msg) Name() string {
	names, unreachable, typ := names4, unreachable4[:], uint8(Unreachable4)
	if m.V6 {
		names, unreachable, typ = names6, unreachable6[:], Unreachable6
	}
	if m.Type == typ {
		if int(m.Code) < len(unreachable) {
			return unreachable[m.Code]
		}
		return "destination-unreachable"
	}
	if s := names[m.Type]; s != "" {
		return s
	}
	return "type-" + strconv.Itoa(int(m.Type))
}
