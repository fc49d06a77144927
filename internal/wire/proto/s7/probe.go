package s7

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/tpkt"
)

// The probes look through the transport connection, which MMS and RDP open in
// the same way, for the first data. While there are none the selectors that
// only S7 uses make a guess that counts on the registered port.

func probeS7(s *proto.Sample) proto.Match   { return probe(s, event.ProtoS7) }
func probePlus(s *proto.Sample) proto.Match { return probe(s, event.ProtoS7Plus) }

func probe(s *proto.Sample, id event.Proto) proto.Match {
	best := proto.More
	for _, dir := range [2]event.Dir{event.ToServer, event.ToClient} {
		switch m := look(s.Data[dir], id); m {
		case proto.Yes, proto.No:
			return m
		case proto.Weak:
			best = m
		}
	}
	return best
}

// look judges one direction.
func look(b []byte, id event.Proto) proto.Match {
	best := proto.More
	for len(b) > 0 {
		payload, n, err := tpkt.Decode(b)
		if err == tpkt.ErrShort {
			return best
		}
		var t tpkt.TPDU
		if err != nil || tpkt.DecodeTPDU(&t, payload) != nil {
			return proto.No
		}
		switch {
		case t.Type == tpkt.DT && len(t.Data) > 0:
			return judge(&t, id)
		case t.Type == tpkt.CR && called(t.Called) == id:
			best = proto.Weak
		}
		b = b[n:]
	}
	return best
}

// called gives the protocol that uses a transport selector.
func called(b []byte) event.Proto {
	switch {
	case len(b) == 2 && b[0] >= 1 && b[0] <= 3:
		return event.ProtoS7
	case bytes.HasPrefix(b, []byte("SIMATIC-ROOT-")):
		return event.ProtoS7Plus
	}
	return event.ProtoUnknown
}

// judge looks at the first data of a connection.
func judge(t *tpkt.TPDU, id event.Proto) proto.Match {
	ok := false
	switch id {
	case event.ProtoS7:
		var m PDU
		err := Decode(&m, t.Data)
		ok = err == nil || err == ErrLength && !t.EOT
	case event.ProtoS7Plus:
		var f PlusFragment
		ok = DecodePlus(&f, t.Data) == nil || t.Data[0] == plusID && !t.EOT
	}
	if ok {
		return proto.Yes
	}
	return proto.No
}
