package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Item types of the association PDUs (PS3.8 section 9.3.2, annex D; PS3.7
// annex D.3.3).
const (
	itemApplication  = 0x10
	itemContextRQ    = 0x20
	itemContextAC    = 0x21
	itemAbstract     = 0x30
	itemTransfer     = 0x40
	itemUser         = 0x50
	itemMaxLength    = 0x51
	itemImplUID      = 0x52
	itemImplVersion  = 0x55
	itemUserIdentity = 0x58
)

// ApplicationContext is the only application context name there is.
const ApplicationContext = "1.2.840.10008.3.1.1.1"

// maxContexts is how many presentation contexts an association may offer:
// their ids are the odd numbers of one octet.
const maxContexts = 128

// assocFixed is the length of an association PDU's body before its items.
const assocFixed = 68

// aeLen is the length of an AE title, padded with spaces.
const aeLen = 16

// Context is a presentation context. Views.
type Context struct {
	ID       uint8
	Result   uint8  // of an answer: 0 accepted
	Abstract []byte // of a request: the abstract syntax
	Transfer []byte // the first transfer syntax named
}

// UserIdentity is what an association request presents for authentication
// (PS3.7 section D.3.3.7). Views.
type UserIdentity struct {
	Type      uint8 // 1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JWT; 0 none
	Primary   []byte
	Secondary []byte
}

// Associate is an A-ASSOCIATE-RQ or -AC. The slices are views.
type Associate struct {
	CalledAE, CallingAE []byte // without padding
	Application         []byte
	Contexts            []Context
	MaxLength           uint32
	ImplUID             []byte
	ImplVersion         []byte
	User                UserIdentity
}

// DecodeAssociate reads the body of an A-ASSOCIATE-RQ or -AC. dst is set anew;
// the memory of its Contexts is used again.
func DecodeAssociate(dst *Associate, body []byte) error {
	*dst = Associate{Contexts: dst.Contexts[:0]}
	if len(body) < assocFixed {
		return ErrShort
	}
	if binary.BigEndian.Uint16(body)&1 == 0 {
		return fmt.Errorf("dicom: protocol version %#04x", binary.BigEndian.Uint16(body))
	}
	dst.CalledAE = trim(body[4 : 4+aeLen])
	dst.CallingAE = trim(body[20 : 20+aeLen])
	for rest := body[assocFixed:]; len(rest) > 0; {
		typ, value, n, err := nextItem(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		switch typ {
		case itemApplication:
			dst.Application = trim(value)
		case itemContextRQ, itemContextAC:
			if len(dst.Contexts) == maxContexts {
				return errors.New("dicom: more than 128 presentation contexts")
			}
			if err := decodeContext(dst, value); err != nil {
				return err
			}
		case itemUser:
			if err := decodeUser(dst, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// nextItem reads one item: type, reserved octet, length, value.
func nextItem(b []byte) (typ uint8, value []byte, n int, err error) {
	if len(b) < 4 {
		return 0, nil, 0, errors.New("dicom: item header is cut")
	}
	n = 4 + int(binary.BigEndian.Uint16(b[2:]))
	if len(b) < n {
		return 0, nil, 0, fmt.Errorf("dicom: item %#02x of %d octets exceeds the PDU", b[0], n-4)
	}
	return b[0], b[4:n], n, nil
}

func decodeContext(dst *Associate, b []byte) error {
	if len(b) < 4 {
		return errors.New("dicom: presentation context is cut")
	}
	ctx := Context{ID: b[0], Result: b[2]}
	for rest := b[4:]; len(rest) > 0; {
		typ, value, n, err := nextItem(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		switch {
		case typ == itemAbstract:
			ctx.Abstract = trim(value)
		case typ == itemTransfer && ctx.Transfer == nil:
			ctx.Transfer = trim(value)
		}
	}
	dst.Contexts = append(dst.Contexts, ctx)
	return nil
}

func decodeUser(dst *Associate, b []byte) error {
	for rest := b; len(rest) > 0; {
		typ, value, n, err := nextItem(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		switch typ {
		case itemMaxLength:
			if len(value) >= 4 {
				dst.MaxLength = binary.BigEndian.Uint32(value)
			}
		case itemImplUID:
			dst.ImplUID = trim(value)
		case itemImplVersion:
			dst.ImplVersion = trim(value)
		case itemUserIdentity:
			if err := decodeUserIdentity(&dst.User, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeUserIdentity reads type, response flag, and two counted fields.
func decodeUserIdentity(dst *UserIdentity, b []byte) error {
	cut := errors.New("dicom: user identity is cut")
	if len(b) < 4 {
		return cut
	}
	n := 4 + int(binary.BigEndian.Uint16(b[2:]))
	if len(b) < n+2 {
		return cut
	}
	end := n + 2 + int(binary.BigEndian.Uint16(b[n:]))
	if len(b) < end {
		return cut
	}
	dst.Type, dst.Primary, dst.Secondary = b[0], b[4:n], b[n+2:end]
	return nil
}

// AppendAssociate appends an A-ASSOCIATE-RQ, or an -AC when accept is set, as
// a whole PDU.
func AppendAssociate(dst []byte, a *Associate, accept bool) []byte {
	start := len(dst)
	typ, ctxItem := AssociateRQ, byte(itemContextRQ)
	if accept {
		typ, ctxItem = AssociateAC, itemContextAC
	}
	dst = append(dst, byte(typ), 0, 0, 0, 0, 0, 0, 1, 0, 0)
	dst = appendAE(dst, a.CalledAE)
	dst = appendAE(dst, a.CallingAE)
	dst = append(dst, make([]byte, 32)...)
	dst = appendItem(dst, itemApplication, a.Application)
	for i := range a.Contexts {
		c := &a.Contexts[i]
		at := len(dst)
		dst = append(dst, ctxItem, 0, 0, 0, c.ID, 0, c.Result, 0)
		if c.Abstract != nil {
			dst = appendItem(dst, itemAbstract, c.Abstract)
		}
		if c.Transfer != nil {
			dst = appendItem(dst, itemTransfer, c.Transfer)
		}
		closeItem(dst, at)
	}
	at := len(dst)
	dst = append(dst, itemUser, 0, 0, 0)
	dst = append(dst, itemMaxLength, 0, 0, 4)
	dst = binary.BigEndian.AppendUint32(dst, a.MaxLength)
	dst = appendItem(dst, itemImplUID, a.ImplUID)
	if len(a.ImplVersion) > 0 {
		dst = appendItem(dst, itemImplVersion, a.ImplVersion)
	}
	if a.User.Type != 0 {
		u := len(dst)
		dst = append(dst, itemUserIdentity, 0, 0, 0, a.User.Type, 1)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.User.Primary)))
		dst = append(dst, a.User.Primary...)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.User.Secondary)))
		dst = append(dst, a.User.Secondary...)
		closeItem(dst, u)
	}
	closeItem(dst, at)
	binary.BigEndian.PutUint32(dst[start+2:], uint32(len(dst)-start-HeaderLen))
	return dst
}

func appendItem(dst []byte, typ byte, value []byte) []byte {
	dst = append(dst, typ, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

// closeItem sets the length of the item that begins at at and reaches to the
// end of b.
func closeItem(b []byte, at int) {
	binary.BigEndian.PutUint16(b[at+2:], uint16(len(b)-at-4))
}

func appendAE(dst, title []byte) []byte {
	n := len(dst)
	dst = append(dst, title[:min(len(title), aeLen)]...)
	for len(dst) < n+aeLen {
		dst = append(dst, ' ')
	}
	return dst
}

// trim takes off the padding of AE titles and UIDs: spaces and a null.
func trim(b []byte) []byte { return bytes.Trim(b, " \x00") }
