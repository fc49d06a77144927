package enip

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

const ipUDP = 17

// probe wants a message that is whole in itself: a session being registered,
// or items that fill their message to the last byte. A bare header is mostly
// zeros and counts on the registered port only.
func probe(s *proto.Sample) proto.Match {
	best := proto.No
	for _, dir := range [2]event.Dir{s.Dir, s.Dir.Other()} {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		switch m := look(s, b); m {
		case proto.No, proto.Yes:
			return m
		case proto.More:
			if best == proto.No {
				best = m
			}
		case proto.Weak:
			best = m
		}
	}
	if best == proto.No {
		return proto.More
	}
	return best
}

func look(s *proto.Sample, b []byte) proto.Match {
	udp := s.Conn != nil && s.Conn.Transport == ipUDP
	if udp {
		var io IO
		if DecodeIO(&io, b) == nil {
			return proto.Yes
		}
	}
	var m Message
	n, err := Decode(&m, b)
	switch {
	case err == ErrShort && !udp:
		return proto.More
	case err != nil, udp && n != len(b):
		return proto.No
	}
	switch m.Command {
	case CmdRegisterSession:
		if len(m.Data) == 4 && binary.LittleEndian.Uint16(m.Data) == 1 && m.Data[2] == 0 && m.Data[3] == 0 {
			return proto.Yes
		}
	case CmdSendRRData, CmdSendUnitData:
		var load Payload
		if len(m.Data) > sendDataHead && binary.LittleEndian.Uint32(m.Data) == 0 && DecodePayload(&load, m.Data) == nil && len(load.CIP) >= 2 {
			return proto.Yes
		}
	case CmdListIdentity, CmdListServices, CmdListInterfaces:
		if len(m.Data) == 0 {
			if s.Port {
				return proto.Yes
			}
			return proto.Weak
		}
		if whole(m.Data) {
			return proto.Yes
		}
	case CmdUnregisterSession:
		if len(m.Data) == 0 && m.Session != 0 {
			return proto.Weak
		}
	}
	return proto.No
}

// whole reports whether b consists of items and nothing else.
func whole(b []byte) bool {
	w := WalkItems(b)
	var it Item
	for w.Next(&it) {
	}
	return w.Err() == nil && len(w.Rest()) == 0 && len(b) > 2
}
