package snmp

import "edgeward/internal/wire/proto/ber"

// Append appends the message. With flag FlagPriv the scoped PDU is the bytes
// in Encrypted.
func Append(dst []byte, m *Msg) []byte {
	var body []byte
	switch m.Version {
	case 1:
		body = ber.AppendInt(body, ber.Integer, 0)
	case 2:
		body = ber.AppendInt(body, ber.Integer, 1)
	default:
		body = m.append3(ber.AppendInt(body, ber.Integer, 3))
		return ber.Append(dst, ber.Sequence, body)
	}
	body = ber.Append(body, ber.OctetString, m.Community)
	return ber.Append(dst, ber.Sequence, m.appendPDU(body))
}

func (m *Msg) append3(dst []byte) []byte {
	global := ber.AppendInt(nil, ber.Integer, int64(m.ID))
	global = ber.AppendInt(global, ber.Integer, int64(m.MaxSize))
	global = ber.Append(global, ber.OctetString, []byte{m.Flags})
	global = ber.AppendInt(global, ber.Integer, int64(m.SecurityModel))
	dst = ber.Append(dst, ber.Sequence, global)

	usm := ber.Append(nil, ber.OctetString, m.EngineID)
	usm = ber.AppendInt(usm, ber.Integer, int64(m.EngineBoots))
	usm = ber.AppendInt(usm, ber.Integer, int64(m.EngineTime))
	for _, s := range [][]byte{m.User, m.AuthParams, m.PrivParams} {
		usm = ber.Append(usm, ber.OctetString, s)
	}
	dst = ber.Append(dst, ber.OctetString, ber.Append(nil, ber.Sequence, usm))

	if m.Flags&FlagPriv != 0 {
		return ber.Append(dst, ber.OctetString, m.Encrypted)
	}
	scoped := ber.Append(nil, ber.OctetString, m.ContextEngine)
	scoped = ber.Append(scoped, ber.OctetString, m.Context)
	return ber.Append(dst, ber.Sequence, m.appendPDU(scoped))
}

func (m *Msg) appendPDU(dst []byte) []byte {
	var pdu []byte
	if m.PDU == TrapV1 {
		pdu = ber.Append(pdu, ber.ObjectID, m.Enterprise)
		pdu = ber.Append(pdu, ipAddress, m.AgentAddr)
		pdu = ber.AppendInt(pdu, ber.Integer, int64(m.Generic))
		pdu = ber.AppendInt(pdu, ber.Integer, int64(m.Specific))
		pdu = ber.AppendInt(pdu, timeTicks, m.Uptime)
	} else {
		for _, v := range [...]int32{m.RequestID, m.ErrorStatus, m.ErrorIndex} {
			pdu = ber.AppendInt(pdu, ber.Integer, int64(v))
		}
	}
	pdu = ber.Append(pdu, ber.Sequence, m.Bindings)
	return ber.Append(dst, pduTag|ber.Tag(m.PDU), pdu)
}

// AppendBinding appends one variable binding; name is an encoded object
// identifier.
func AppendBinding(dst, name []byte, tag ber.Tag, value []byte) []byte {
	pair := ber.Append(nil, ber.ObjectID, name)
	pair = ber.Append(pair, tag, value)
	return ber.Append(dst, ber.Sequence, pair)
}
