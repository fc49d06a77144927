package modbus

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// probe wants a strict request from one side and, away from the registered
// port, a strict answer that belongs to it from the other: the header alone
// (two zero bytes and a small length) is too common.
func probe(s *proto.Sample) proto.Match {
	client, cm := firstMessage(s.Data[event.ToServer])
	server, sm := firstMessage(s.Data[event.ToClient])
	switch {
	case cm == proto.No || sm == proto.No:
		return proto.No
	case cm == proto.More || sm == proto.More, cm == absent && sm == absent:
		return proto.More
	}
	if cm == absent {
		return alone(s, &server)
	}
	if sm == absent {
		return alone(s, &client)
	}
	forth := fits(&client, &server)
	back := s.Conn != nil && s.Conn.Midstream && fits(&server, &client)
	pair := client.Transaction == server.Transaction && client.Unit == server.Unit && client.Function == server.Function&^exceptionOn
	home := s.Port || fromPort(s)
	switch {
	case pair && (forth || back), pair && home && isResponse(&server):
		// A server that answers, be it with an exception, understood the
		// question whatever is wrong with it.
		return proto.Yes
	case !forth && !back:
		return proto.No
	case home:
		return proto.Yes
	}
	return proto.Weak
}

// absent says that a direction has sent nothing.
const absent = proto.Match(255)

func firstMessage(b []byte) (a ADU, m proto.Match) {
	if len(b) == 0 {
		return a, absent
	}
	switch _, err := Decode(&a, b); err {
	case nil:
		return a, proto.Yes
	case ErrShort:
		return a, proto.More
	}
	return a, proto.No
}

// alone judges one direction while the other is silent.
func alone(s *proto.Sample, a *ADU) proto.Match {
	switch {
	case s.Port && isRequest(a), fromPort(s) && (isResponse(a) || isRefusal(a)):
		return proto.Yes
	case isRequest(a), isResponse(a):
		return proto.Weak
	case s.Port && functions[a.Function&^exceptionOn].name != "":
		return proto.More // the answer will tell
	}
	return proto.No
}

// isRefusal takes the exceptions of servers that add a byte to them.
func isRefusal(a *ADU) bool {
	return a.IsException() && functions[a.Function&^exceptionOn].name != "" &&
		len(a.Data) >= 1 && len(a.Data) <= 2 && a.Data[0] >= 1 && a.Data[0] <= lastException
}

const lastException = 11

// fromPort reports whether the flow comes from the registered port: answers
// that nobody asked for, or a flow whose beginning was not seen.
func fromPort(s *proto.Sample) bool { return s.Conn != nil && s.Conn.ClientPort == Port }

func fits(ask, reply *ADU) bool { return isRequest(ask) && isResponse(reply) }

func isRequest(a *ADU) bool {
	var r Request
	return !a.IsException() && functions[a.Function].name != "" && DecodeRequest(&r, a.Function, a.Data) == nil
}

func isResponse(a *ADU) bool {
	return functions[a.Function&^exceptionOn].name != "" && CheckResponse(a.Function, a.Data) == nil
}
