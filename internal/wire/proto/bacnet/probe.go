package bacnet

import "edgeward/internal/wire/proto"

// probe wants a datagram that is a BACnet/IP message to its last byte, with a
// service that the standard names. On the registered port the length field
// may be short of the datagram, if the rest makes sense.
func probe(s *proto.Sample) proto.Match {
	var m BVLC
	b := s.Newest()
	n, err := Decode(&m, b)
	switch {
	case err != nil, n < len(b) && !s.Port:
		return proto.No
	case n < len(b):
		if !m.whole(b) || judge(s, &m) == proto.No {
			return proto.No
		}
		return proto.Weak
	}
	return judge(s, &m)
}

func judge(s *proto.Sample, m *BVLC) proto.Match {
	if !m.HasNPDU() {
		if !fits(m) {
			return proto.No
		}
		if s.Port {
			return proto.Yes
		}
		return proto.Weak
	}
	var n NPDU
	if DecodeNPDU(&n, m.Data) != nil {
		return proto.No
	}
	if n.Network {
		if n.Message < vendorMessages && n.Message > lastNetworkMessage {
			return proto.No
		}
		return proto.Yes
	}
	var a APDU
	if DecodeAPDU(&a, n.Data) != nil {
		return proto.No
	}
	switch a.Type {
	case UnconfirmedRequest:
		var v parameters
		if int(a.Service) >= len(unconfirmed) || !readUnconfirmed(&v, a.Service, a.Data) {
			return proto.No
		}
	case ConfirmedRequest:
		var v parameters
		if int(a.Service) >= len(confirmed) || !a.Segmented && !readConfirmed(&v, a.Service, a.Data) {
			return proto.No
		}
	case ComplexAck, SimpleAck, ErrorPDU:
		if int(a.Service) >= len(confirmed) {
			return proto.No
		}
	}
	return proto.Yes
}

// fits checks the lengths of the functions without a network message.
func fits(m *BVLC) bool {
	const entry = 10 // address, port and mask or times
	switch n := len(m.Data); m.Function {
	case BVLCResult, BVLCRegisterForeign:
		return n == 2
	case BVLCReadBDT, BVLCReadFDT:
		return n == 0
	case BVLCWriteBDT, BVLCReadBDTAck, BVLCReadFDTAck:
		return n%entry == 0
	case BVLCDeleteFDTEntry:
		return n == bvlcAddress
	}
	return false
}
