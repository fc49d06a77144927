// Package kerberos reads Kerberos 5 (RFC 4120) between clients and key
// distribution centres, over UDP and TCP: a codec for what of the messages is
// not encrypted, and an analyser that pairs requests with replies and reports
// initial authentications as logins.
//
// It decrypts nothing. Tickets inside other protocols are not its business.
// The codec may be used by every part of the program.
package kerberos

import (
	"errors"

	"edgeward/internal/wire/proto/ber"
)

// The message types (RFC 4120 section 7.5.7).
const (
	ASReq  = 10
	ASRep  = 11
	TGSReq = 12
	TGSRep = 13
	APReq  = 14
	APRep  = 15
	Error  = 30
)

// The error codes on which the analyser acts (RFC 4120 section 7.5.9).
const (
	ErrClientUnknown   = 6
	ErrClientRevoked   = 18
	ErrKeyExpired      = 23
	ErrPreauthFailed   = 24
	ErrPreauthRequired = 25
)

// maxEtypes is how many encryption types of a request are kept.
const maxEtypes = 8

// ErrSyntax says that the bytes are no Kerberos message.
var ErrSyntax = errors.New("kerberos: no message")

// Message is what of a message can be read. Slices are views into the input;
// names have their parts in raw ASN.1, see AppendName.
type Message struct {
	Type        int
	Realm       []byte // of the request or reply, of the client when both are there
	Client      []byte // cname
	Service     []byte // sname
	Etypes      [maxEtypes]int32
	NumEtypes   int
	Preauth     bool   // a request that proves knowledge of the key
	Host        []byte // NetBIOS name of the client's host, from the addresses of a request
	Code        int32  // of an error
	Encryption  int32  // etype of a reply's encrypted part
	TicketEtype int32  // etype of the ticket in a reply
	HasTicket   bool
}

const (
	applicationTag = ber.Application | ber.Constructed
	contextTag     = ber.Context | ber.Constructed
	ticketTag      = applicationTag | 1
)

// Decode reads the message that fills b.
func Decode(dst *Message, b []byte) error {
	*dst = Message{}
	var e ber.Element
	n, err := ber.Decode(&e, b)
	if err != nil || n != len(b) || e.Tag&^31 != applicationTag {
		return ErrSyntax
	}
	dst.Type = int(e.Tag.Number())
	body := e.Value
	seq, ok := ber.Next(&body)
	if !ok || seq.Tag != ber.Sequence || len(body) != 0 {
		return ErrSyntax
	}
	switch dst.Type {
	case ASReq, TGSReq:
		return dst.request(seq.Value)
	case ASRep, TGSRep:
		return dst.reply(seq.Value)
	case Error:
		return dst.failure(seq.Value)
	}
	return ErrSyntax
}

// integer reads an INTEGER inside its context tag.
func integer(value []byte) (v int64, ok bool) {
	e, ok := ber.Next(&value)
	return ber.Int(e.Value), ok && e.Tag == ber.Integer && len(e.Value) > 0 && len(e.Value) <= 8
}

// inner gives the value of the one element inside a context tag.
func inner(value []byte) []byte {
	e, ok := ber.Next(&value)
	if !ok {
		return nil
	}
	return e.Value
}

// opening checks version and type, which are in the first two fields. first is
// the number of the version's tag.
func opening(b *[]byte, first uint32, kind int) bool {
	v, ok := ber.Next(b)
	k, ok2 := ber.Next(b)
	if !ok || !ok2 || v.Tag != contextTag|ber.Tag(first) || k.Tag != contextTag|ber.Tag(first+1) {
		return false
	}
	version, ok := integer(v.Value)
	typ, ok2 := integer(k.Value)
	return ok && ok2 && version == 5 && typ == int64(kind)
}

// request reads a KDC-REQ (RFC 4120 section 5.4.1).
func (m *Message) request(b []byte) error {
	if !opening(&b, 1, m.Type) {
		return ErrSyntax
	}
	found := false
	for {
		e, ok := ber.Next(&b)
		if !ok {
			break
		}
		switch e.Tag {
		case contextTag | 3:
			m.padata(inner(e.Value))
		case contextTag | 4:
			m.requestBody(inner(e.Value))
			found = true
		}
	}
	if !found {
		return ErrSyntax
	}
	return nil
}

// padata looks for the kinds of pre-authentication that prove something:
// encrypted timestamp, public key, encrypted challenge.
func (m *Message) padata(b []byte) {
	for range 32 {
		pa, ok := ber.Next(&b)
		if !ok {
			return
		}
		if kind, ok := integer(ber.Find(pa.Value, contextTag|1)); ok {
			switch kind {
			case 2, 16, 138:
				m.Preauth = true
			}
		}
	}
}

func (m *Message) requestBody(b []byte) {
	for {
		e, ok := ber.Next(&b)
		if !ok {
			return
		}
		switch e.Tag {
		case contextTag | 1:
			m.Client = name(e.Value)
		case contextTag | 2:
			m.Realm = inner(e.Value)
		case contextTag | 3:
			m.Service = name(e.Value)
		case contextTag | 8:
			list := inner(e.Value)
			for m.NumEtypes < maxEtypes {
				t, ok := ber.Next(&list)
				if !ok {
					break
				}
				m.Etypes[m.NumEtypes] = int32(ber.Int(t.Value))
				m.NumEtypes++
			}
		case contextTag | 9:
			m.addresses(inner(e.Value))
		}
	}
}

// addresses looks for a NetBIOS name among the client's addresses.
func (m *Message) addresses(b []byte) {
	const netBIOS = 20
	for range 16 {
		a, ok := ber.Next(&b)
		if !ok {
			return
		}
		if kind, ok := integer(ber.Find(a.Value, contextTag|0)); ok && kind == netBIOS {
			m.Host = inner(ber.Find(a.Value, contextTag|1))
		}
	}
}

// reply reads a KDC-REP (RFC 4120 section 5.4.2).
func (m *Message) reply(b []byte) error {
	if !opening(&b, 0, m.Type) {
		return ErrSyntax
	}
	for {
		e, ok := ber.Next(&b)
		if !ok {
			break
		}
		switch e.Tag {
		case contextTag | 3:
			m.Realm = inner(e.Value)
		case contextTag | 4:
			m.Client = name(e.Value)
		case contextTag | 5:
			m.ticket(e.Value)
		case contextTag | 6:
			m.Encryption = etype(inner(e.Value))
		}
	}
	if !m.HasTicket {
		return ErrSyntax
	}
	return nil
}

// ticket reads what of a ticket is not encrypted (RFC 4120 section 5.3).
func (m *Message) ticket(b []byte) {
	e, ok := ber.Next(&b)
	if !ok || e.Tag != ticketTag {
		return
	}
	m.HasTicket = true
	seq := inner(e.Value)
	if s := ber.Find(seq, contextTag|2); s != nil {
		m.Service = name(s)
	}
	m.TicketEtype = etype(inner(ber.Find(seq, contextTag|3)))
}

// etype gives the encryption type of an EncryptedData.
func etype(b []byte) int32 {
	v, _ := integer(ber.Find(b, contextTag|0))
	return int32(v)
}

// failure reads a KRB-ERROR (RFC 4120 section 5.9.1).
func (m *Message) failure(b []byte) error {
	if !opening(&b, 0, m.Type) {
		return ErrSyntax
	}
	found := false
	for {
		e, ok := ber.Next(&b)
		if !ok {
			break
		}
		switch e.Tag {
		case contextTag | 6:
			v, ok := integer(e.Value)
			m.Code, found = int32(v), ok
		case contextTag | 8:
			m.Client = name(e.Value)
		case contextTag | 9:
			m.Realm = inner(e.Value)
		case contextTag | 10:
			m.Service = name(e.Value)
		}
	}
	if !found {
		return ErrSyntax
	}
	return nil
}

// name gives the list of parts of a principal name (RFC 4120 section 5.2.2).
func name(value []byte) []byte {
	return inner(ber.Find(inner(value), contextTag|1))
}

// AppendName appends a principal name with slashes between its parts, at most
// up to most bytes.
func AppendName(dst, parts []byte, most int) []byte {
	for i := 0; ; i++ {
		e, ok := ber.Next(&parts)
		if !ok {
			return dst
		}
		if i > 0 && len(dst) < most {
			dst = append(dst, '/')
		}
		dst = append(dst, e.Value[:max(0, min(len(e.Value), most-len(dst)))]...)
	}
}

// MessageName gives the name of a message type.
func MessageName(t int) string {
	switch t {
	case ASReq:
		return "KRB_AS_REQ"
	case ASRep:
		return "KRB_AS_REP"
	case TGSReq:
		return "KRB_TGS_REQ"
	case TGSRep:
		return "KRB_TGS_REP"
	case APReq:
		return "KRB_AP_REQ"
	case APRep:
		return "KRB_AP_REP"
	case Error:
		return "KRB_ERROR"
	}
	return ""
}

// EtypeName gives the name of an encryption type (IANA, "Kerberos Encryption
// Type Numbers"), empty when it has none here.
func EtypeName(t int32) string {
	switch t {
	case 1:
		return "des-cbc-crc"
	case 2:
		return "des-cbc-md4"
	case 3:
		return "des-cbc-md5"
	case 5:
		return "des3-cbc-md5"
	case 7:
		return "des3-cbc-sha1"
	case 16:
		return "des3-cbc-sha1-kd"
	case 17:
		return "aes128-cts-hmac-sha1-96"
	case 18:
		return "aes256-cts-hmac-sha1-96"
	case 19:
		return "aes128-cts-hmac-sha256-128"
	case 20:
		return "aes256-cts-hmac-sha384-192"
	case 23:
		return "rc4-hmac"
	case 24:
		return "rc4-hmac-exp"
	case 25:
		return "camellia128-cts-cmac"
	case 26:
		return "camellia256-cts-cmac"
	}
	return ""
}

// Weak reports whether an encryption type can be broken by guessing quickly or
// outright: DES and RC4.
func Weak(t int32) bool {
	switch t {
	case 1, 2, 3, 23, 24:
		return true
	}
	return false
}

// WantsWeak reports whether a request accepts nothing but weak encryption, as
// one does that wants a ticket to guess a password from.
func (m *Message) WantsWeak() bool {
	for _, t := range m.Etypes[:m.NumEtypes] {
		if !Weak(t) {
			return false
		}
	}
	return m.NumEtypes > 0
}

// ErrorName gives the name of an error code, empty when it has none here.
func ErrorName(code int32) string { return errorNames[code] }

var errorNames = map[int32]string{
	0: "KDC_ERR_NONE", 1: "KDC_ERR_NAME_EXP", 2: "KDC_ERR_SERVICE_EXP", 3: "KDC_ERR_BAD_PVNO", 4: "KDC_ERR_C_OLD_MAST_KVNO",
	5: "KDC_ERR_S_OLD_MAST_KVNO", 6: "KDC_ERR_C_PRINCIPAL_UNKNOWN", 7: "KDC_ERR_S_PRINCIPAL_UNKNOWN", 8: "KDC_ERR_PRINCIPAL_NOT_UNIQUE",
	9: "KDC_ERR_NULL_KEY", 10: "KDC_ERR_CANNOT_POSTDATE", 11: "KDC_ERR_NEVER_VALID", 12: "KDC_ERR_POLICY", 13: "KDC_ERR_BADOPTION",
	14: "KDC_ERR_ETYPE_NOSUPP", 15: "KDC_ERR_SUMTYPE_NOSUPP", 16: "KDC_ERR_PADATA_TYPE_NOSUPP", 17: "KDC_ERR_TRTYPE_NOSUPP",
	18: "KDC_ERR_CLIENT_REVOKED", 19: "KDC_ERR_SERVICE_REVOKED", 20: "KDC_ERR_TGT_REVOKED", 21: "KDC_ERR_CLIENT_NOTYET",
	22: "KDC_ERR_SERVICE_NOTYET", 23: "KDC_ERR_KEY_EXPIRED", 24: "KDC_ERR_PREAUTH_FAILED", 25: "KDC_ERR_PREAUTH_REQUIRED",
	26: "KDC_ERR_SERVER_NOMATCH", 27: "KDC_ERR_MUST_USE_USER2USER", 28: "KDC_ERR_PATH_NOT_ACCEPTED", 29: "KDC_ERR_SVC_UNAVAILABLE",
	31: "KRB_AP_ERR_BAD_INTEGRITY", 32: "KRB_AP_ERR_TKT_EXPIRED", 33: "KRB_AP_ERR_TKT_NYV", 34: "KRB_AP_ERR_REPEAT", 35: "KRB_AP_ERR_NOT_US",
	36: "KRB_AP_ERR_BADMATCH", 37: "KRB_AP_ERR_SKEW", 38: "KRB_AP_ERR_BADADDR", 39: "KRB_AP_ERR_BADVERSION", 40: "KRB_AP_ERR_MSG_TYPE",
	41: "KRB_AP_ERR_MODIFIED", 42: "KRB_AP_ERR_BADORDER", 44: "KRB_AP_ERR_BADKEYVER", 45: "KRB_AP_ERR_NOKEY", 46: "KRB_AP_ERR_MUT_FAIL",
	47: "KRB_AP_ERR_BADDIRECTION", 48: "KRB_AP_ERR_METHOD", 49: "KRB_AP_ERR_BADSEQ", 50: "KRB_AP_ERR_INAPP_CKSUM",
	51: "KRB_AP_PATH_NOT_ACCEPTED", 52: "KRB_ERR_RESPONSE_TOO_BIG", 60: "KRB_ERR_GENERIC", 61: "KRB_ERR_FIELD_TOOLONG",
	62: "KDC_ERROR_CLIENT_NOT_TRUSTED", 63: "KDC_ERROR_KDC_NOT_TRUSTED", 64: "KDC_ERROR_INVALID_SIG", 65: "KDC_ERR_KEY_TOO_WEAK",
	66: "KDC_ERR_CERTIFICATE_MISMATCH", 67: "KRB_AP_ERR_NO_TGT", 68: "KDC_ERR_WRONG_REALM", 69: "KRB_AP_ERR_USER_TO_USER_REQUIRED",
}
