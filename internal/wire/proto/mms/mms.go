// Package mms reads the Manufacturing Message Specification (ISO 9506) as
// IEC 61850 and ICCP use it: over ISO session and presentation (X.225, X.226),
// ACSE (X.227) and transport on TCP. It reads services with the objects they
// are about, how they ended and what servers say of themselves; it keeps no
// values and knows no data models.
//
// The codec (Session, UserData, PDU) may be used by the sensor, the guard and
// the scanner; the analyser is for the packet path.
package mms

import (
	"errors"

	"edgeward/internal/wire/proto/ber"
)

// Session protocol data units (X.225 section 8.3).
const (
	spduData       = 1 // also GIVE TOKENS, which precedes it
	spduFinish     = 9
	spduDisconnect = 10
	spduRefuse     = 12
	spduConnect    = 13
	spduAccept     = 14
	spduAbort      = 25
)

// Parameters that hold user data.
const (
	paramUserData         = 193
	paramExtendedUserData = 194
)

var (
	errSession      = errors.New("mms: malformed session unit")
	errPresentation = errors.New("mms: malformed presentation data")
	errPDU          = errors.New("mms: malformed protocol data unit")
)

// Session is a session unit. User is a view, nil when there is no user data.
type Session struct {
	Type uint8
	User []byte
}

// DecodeSession reads a session unit with the one concatenated to it.
func DecodeSession(dst *Session, b []byte) error {
	if len(b) < 2 {
		return errSession
	}
	*dst = Session{Type: b[0]}
	if b[0] == spduData {
		// GIVE TOKENS and DATA TRANSFER, both without parameters.
		if len(b) < 4 || b[1] != 0 || b[2] != spduData || b[3] != 0 {
			return errSession
		}
		dst.User = b[4:]
		return nil
	}
	params, _, ok := parameter(b[1:])
	if !ok {
		return errSession
	}
	for len(params) > 0 {
		id := params[0]
		value, n, ok := parameter(params[1:])
		if !ok {
			return errSession
		}
		if id == paramUserData || id == paramExtendedUserData {
			dst.User = value
		}
		params = params[1+n:]
	}
	return nil
}

// parameter reads a length indicator and the value behind it. A value that is
// cut, as the head of a long message is, gives what there is.
func parameter(b []byte) (value []byte, n int, ok bool) {
	if len(b) < 1 {
		return nil, 0, false
	}
	size, head := int(b[0]), 1
	if b[0] == 0xff {
		if len(b) < 3 {
			return nil, 0, false
		}
		size, head = int(b[1])<<8|int(b[2]), 3
	}
	n = min(head+size, len(b))
	return b[head:n], n, true
}

// AppendSession appends a session unit.
func AppendSession(dst []byte, s *Session) []byte {
	if s.Type == spduData {
		return append(append(dst, spduData, 0, spduData, 0), s.User...)
	}
	var params []byte
	if s.User != nil {
		params = append(params, paramUserData)
		params = appendLength(params, len(s.User))
		params = append(params, s.User...)
	}
	dst = append(dst, s.Type)
	dst = appendLength(dst, len(params))
	return append(dst, params...)
}

func appendLength(dst []byte, n int) []byte {
	if n < 0xff {
		return append(dst, byte(n))
	}
	return append(dst, 0xff, byte(n>>8), byte(n))
}

// Tags of presentation and ACSE.
const (
	tagUserData   = ber.Application | ber.Constructed | 1
	tagNormalMode = ber.Context | ber.Constructed | 2
	tagSingle     = ber.Context | ber.Constructed | 0 // single-ASN1-type

	acseRequest  = ber.Application | ber.Constructed | 0 // AARQ
	acseResponse = ber.Application | ber.Constructed | 1 // AARE
	acseUserInfo = ber.Context | ber.Constructed | 30
	acseAuth     = ber.Context | ber.Constructed | 12 // calling authentication value
	acseResult   = ber.Context | ber.Constructed | 2
)

// UserData gives the application data inside presentation data: an ACSE or an
// MMS unit. For the connection's opening and its answer the normal mode
// parameters lie around it.
func UserData(b []byte) (ber.Element, error) {
	e, ok := head(b)
	if ok && e.Tag == ber.Set {
		e = find(e.Value, tagNormalMode)
		e = find(e.Value, tagUserData)
	}
	if e.Tag != tagUserData {
		return ber.Element{}, errPresentation
	}
	list, _ := head(e.Value) // PDV list
	single := find(list.Value, tagSingle)
	unit, ok := head(single.Value)
	if !ok {
		return ber.Element{}, errPresentation
	}
	return unit, nil
}

// AppendUserData appends presentation data around a unit of that context.
func AppendUserData(dst []byte, context int64, unit []byte) []byte {
	list := ber.AppendInt(nil, ber.Integer, context)
	list = ber.Append(list, tagSingle, unit)
	return ber.Append(dst, tagUserData, ber.Append(nil, ber.Sequence, list))
}

// head reads the element at the start of b. Of a value that is cut it gives
// what there is: of a long message only the head is looked at.
func head(b []byte) (ber.Element, bool) {
	var e ber.Element
	n, size, err := ber.DecodeHeader(&e, b)
	if err != nil {
		return ber.Element{}, false
	}
	e.Value = b[n:min(len(b), n+size)]
	return e, true
}

// find gives the first element with that tag among those in b, whether or not
// it is cut; its tag is 0 when there is none.
func find(b []byte, tag ber.Tag) ber.Element {
	for {
		e, ok := head(b)
		if !ok {
			return ber.Element{}
		}
		if e.Tag == tag {
			return e
		}
		if _, ok := ber.Next(&b); !ok {
			return ber.Element{}
		}
	}
}

// PDU is an MMS protocol data unit. Views.
type PDU struct {
	Type    uint8 // number of its context tag
	Invoke  uint32
	Service ber.Tag // of confirmed requests and responses
	Body    []byte  // of the service, or of the unit itself
}

// Types of protocol data units (ISO 9506-2 section 7).
const (
	confirmedRequest  = 0
	confirmedResponse = 1
	confirmedError    = 2
	unconfirmed       = 3
	reject            = 4
	cancelRequest     = 5
	cancelResponse    = 6
	cancelError       = 7
	initiateRequest   = 8
	initiateResponse  = 9
	initiateError     = 10
	concludeRequest   = 11
	concludeResponse  = 12
	concludeError     = 13
)

// DecodePDU reads the unit e.
func DecodePDU(dst *PDU, e ber.Element) error {
	if e.Tag.Class() != ber.Context || e.Tag.Number() > concludeError {
		return errPDU
	}
	*dst = PDU{Type: uint8(e.Tag.Number()), Body: e.Value}
	b := e.Value
	switch dst.Type {
	case confirmedRequest, confirmedResponse:
		id, ok := ber.Next(&b)
		if !ok || id.Tag != ber.Integer {
			return errPDU
		}
		dst.Invoke = uint32(ber.Int(id.Value))
		service, ok := head(b)
		if ok && service.Tag == ber.Sequence && dst.Type == confirmedRequest { // modifiers
			ber.Next(&b)
			service, ok = head(b)
		}
		if !ok || service.Tag.Class() != ber.Context {
			return errPDU
		}
		dst.Service, dst.Body = service.Tag, service.Value
	case confirmedError, reject:
		dst.Invoke = uint32(ber.Int(ber.Find(b, ber.Context|0)))
	}
	return nil
}

// AppendConfirmed appends a confirmed request or response.
func AppendConfirmed(dst []byte, p *PDU) []byte {
	body := ber.AppendInt(nil, ber.Integer, int64(p.Invoke))
	body = ber.Append(body, p.Service, p.Body)
	return ber.Append(dst, ber.Context|ber.Constructed|ber.Tag(p.Type), body)
}
