// Package ldap reads LDAP (RFC 4511) as far as it tells who logs in and how: a
// codec for the envelope, binds and their answers, and an analyser. Searches
// and their results are recognised and skipped.
//
// The codec may be used by every part of the program.
package ldap

import (
	"errors"

	"edgeward/internal/wire/proto/ber"
)

// The operations (RFC 4511 section 4.1.1) on which the analyser acts.
const (
	BindRequest      = 0
	BindResponse     = 1
	UnbindRequest    = 2
	SearchRequest    = 3
	ExtendedRequest  = 23
	ExtendedResponse = 24
	lastOperation    = 25
)

// The result codes (RFC 4511 appendix A) on which the analyser acts.
const (
	Success            = 0
	SASLBindInProgress = 14
)

// startTLS is the name of the extended operation by which TLS begins (RFC 4511
// section 4.14).
const startTLS = "1.3.6.1.4.1.1466.20037"

var sicily = []byte("sicily")

// The errors of Decode.
var (
	ErrShort  = errors.New("ldap: incomplete message")
	ErrSyntax = errors.New("ldap: no message")
)

// Message is one message; slices are views into the input.
type Message struct {
	ID        int64
	Operation int

	Version   int64  // BindRequest
	Name      []byte // BindRequest: who binds; ExtendedRequest: the operation's identifier
	Simple    bool   // BindRequest: with a password
	Password  []byte
	Mechanism []byte // BindRequest by SASL
	Token     []byte // credentials of SASL, of either side

	Result     int64 // of a response that has one
	Diagnostic []byte
}

// maxHead is how long tag and length of a message may be.
const maxHead = 6

// Decode reads the message at the beginning of b and gives its length. When
// the message is not all there it gives ErrShort with the length, if that is
// known, and 0 otherwise.
func Decode(dst *Message, b []byte) (n int, err error) {
	*dst = Message{}
	var e ber.Element
	head, length, err := ber.DecodeHeader(&e, b)
	switch {
	case err == ber.ErrShort && len(b) < maxHead && (len(b) == 0 || b[0] == 0x30):
		return 0, ErrShort
	case err != nil || e.Tag != ber.Sequence || length < 5:
		return 0, ErrSyntax
	}
	n = head + length
	rest := b[head:min(n, len(b))]
	if len(rest) > 0 && rest[0] != byte(ber.Integer) || len(rest) > 1 && (rest[1] == 0 || rest[1] > 4) {
		return 0, ErrSyntax
	}
	var id, op ber.Element
	k, err := ber.Decode(&id, rest)
	if err == ber.ErrShort && len(b) < n {
		return n, ErrShort
	}
	if err != nil || id.Value[0] > 0x7f {
		return 0, ErrSyntax
	}
	dst.ID = ber.Int(id.Value)
	head, length, err = ber.DecodeHeader(&op, rest[k:])
	if err == ber.ErrShort && len(b) < n {
		return n, ErrShort
	}
	if err != nil || op.Tag.Class() != ber.Application || op.Tag.Number() > lastOperation {
		return 0, ErrSyntax
	}
	dst.Operation = int(op.Tag.Number())
	if len(b) < n {
		return n, ErrShort
	}
	if length > len(rest)-k-head {
		return 0, ErrSyntax
	}
	if !dst.operation(rest[k+head : k+head+length]) {
		return 0, ErrSyntax
	}
	return n, nil
}

func (m *Message) operation(b []byte) bool {
	switch m.Operation {
	case BindRequest:
		return m.bind(b)
	case BindResponse, ExtendedResponse:
		return m.response(b)
	case ExtendedRequest:
		m.Name = ber.Find(b, ber.Context|0)
		return m.Name != nil
	}
	return true
}

// bind reads a bind request (RFC 4511 section 4.2).
func (m *Message) bind(b []byte) bool {
	version, ok := ber.Next(&b)
	name, ok2 := ber.Next(&b)
	auth, ok3 := ber.Next(&b)
	if !ok || !ok2 || !ok3 || version.Tag != ber.Integer || name.Tag != ber.OctetString {
		return false
	}
	m.Version, m.Name = ber.Int(version.Value), name.Value
	switch auth.Tag {
	case ber.Context | 0:
		m.Simple, m.Password = true, auth.Value
	case ber.Context | ber.Constructed | 3:
		rest := auth.Value
		mech, ok := ber.Next(&rest)
		if !ok || mech.Tag != ber.OctetString {
			return false
		}
		m.Mechanism = mech.Value
		if token, ok := ber.Next(&rest); ok {
			m.Token = token.Value
		}
	case ber.Context | 9, ber.Context | 10, ber.Context | 11: // sicily (MS-ADTS section 5.1.1.1.3)
		m.Mechanism, m.Token = sicily, auth.Value
	default:
		return false
	}
	return m.Version >= 1 && m.Version <= 127
}

// response reads the fields that results have (RFC 4511 section 4.1.9).
func (m *Message) response(b []byte) bool {
	const enumerated = ber.Universal | 10
	code, ok := ber.Next(&b)
	_, ok2 := ber.Next(&b)
	text, ok3 := ber.Next(&b)
	if !ok || !ok2 || !ok3 || code.Tag != enumerated {
		return false
	}
	m.Result, m.Diagnostic = ber.Int(code.Value), text.Value
	m.Token = ber.Find(b, ber.Context|7)
	return true
}
