package arp

import (
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
)

// Protocol makes one fact of every message; its Src is the frame's sender.
var Protocol = proto.Protocol{ID: event.ProtoARP, EtherTypes: []uint16{EtherType}, Frame: frame}

var opNames = map[uint16]string{
	Request: "request", Reply: "reply", ReverseRequest: "reverse-request", ReverseReply: "reverse-reply",
	InverseRequest: "inverse-request", InverseReply: "inverse-reply", NAK: "nak",
}

func frame(c *proto.Conn, b []byte) {
	c.Message(event.ToServer)
	var m Msg
	switch _, err := Decode(&m, b); err {
	case nil:
	case ErrLength:
		exchange.Anomaly(c, event.ProtoARP, event.ToServer, "invalid_address_length", err.Error())
		return
	case ErrShort:
		if c.Wire <= len(b) {
			exchange.Anomaly(c, event.ProtoARP, event.ToServer, "truncated_message", err.Error())
		}
		return
	default:
		return
	}
	f := proto.Emit[event.ARP](c, event.ToServer)
	f.Op, f.OpName = m.Op, opNames[m.Op]
	f.SenderMAC, f.TargetMAC = macString(c, m.SenderMAC), macString(c, m.TargetMAC)
	f.SenderIP, f.TargetIP = m.SenderIP, m.TargetIP
	f.Gratuitous = m.SenderIP == m.TargetIP && !m.SenderIP.IsUnspecified()
	f.Mismatch = !c.ClientMAC.IsZero() && c.ClientMAC != m.SenderMAC
}

func macString(c *proto.Conn, m ident.MAC) string {
	var buf [17]byte
	text, _ := m.AppendText(buf[:0])
	return c.String(text)
}
