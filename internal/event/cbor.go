package event

import (
	"errors"
	"fmt"

	"edgeward/internal/ident/cbor"
)

// This file has the pieces of the bodies' CBOR form that are not generated.
// The numbers of fields are in their cbor tags and never change their meaning
// (a list in package bus holds them); protocols and kinds travel by name, since
// their numbers do change.

// appendSecretCBOR appends length, hash, whether it is a factory default, and
// the text only when secrets are shown.
func appendSecretCBOR(b []byte, s *Secret) []byte {
	n := 3
	if s.Text != "" {
		n = 4
	}
	b = cbor.AppendArray(b, n)
	b = cbor.AppendUint(b, uint64(s.Len))
	b = cbor.AppendUint(b, s.Hash)
	b = cbor.AppendBool(b, s.Default)
	if s.Text != "" {
		b = cbor.AppendText(b, s.Text)
	}
	return b
}

func readSecretCBOR(r *cbor.Reader) Secret {
	s := Secret{Seen: true}
	n := r.Array()
	for i := 0; r.More(&n); i++ {
		switch i {
		case 0:
			s.Len = uint16(r.Uint(16))
		case 1:
			s.Hash = r.Uint(64)
		case 2:
			s.Default = r.Bool()
		case 3:
			s.Text = r.Text()
		default:
			r.Skip()
		}
	}
	return s
}

var errTrailing = errors.New("cbor: there is more behind the body")

// endOf gives the reader's error, or one when not all was read.
func endOf(r *cbor.Reader) error {
	if r.Err() == nil && r.Len() > 0 {
		return errTrailing
	}
	return r.Err()
}

// DecodeBody reads the body of a kind; text becomes part of s.
func DecodeBody(k Kind, s string) (Body, error) {
	x := NewBody(k)
	if x == nil {
		return nil, fmt.Errorf("decode a fact: kind %d is unknown", k)
	}
	if err := x.DecodeCBOR(s); err != nil {
		return nil, fmt.Errorf("decode %s fact: %w", k, err)
	}
	return x, nil
}
