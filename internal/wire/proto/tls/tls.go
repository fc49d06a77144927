// Package tls is TLS 1.0 to 1.3, SSL 2.0 and 3.0 and DTLS as an observer sees
// them: a codec of records, hello messages and certificates, the JA3, JA3S and
// JA4 fingerprints, and analysers for TLS over TCP and DTLS over UDP.
//
// It decrypts nothing and validates no chain. Package quic uses its codec of
// hello messages; the scanner and fingerprinting may use it too. (RFC 8446,
// 5246, 9147, 6347, 6101.)
package tls

import (
	"encoding/binary"
	"errors"
)

// ContentType is the type of a record.
type ContentType uint8

// The content types (RFC 8446 section 5.1, RFC 6520, RFC 9146).
const (
	ChangeCipherSpec ContentType = 20
	Alert            ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
	Heartbeat        ContentType = 24
	TLS12CID         ContentType = 25
)

// The protocol versions as they are on the wire.
const (
	SSL20  = 0x0002
	SSL30  = 0x0300
	TLS10  = 0x0301
	TLS11  = 0x0302
	TLS12  = 0x0303
	TLS13  = 0x0304
	DTLS10 = 0xfeff
	DTLS12 = 0xfefd
	DTLS13 = 0xfefc
)

// VersionName gives a version in the words that Suricata uses.
func VersionName(v uint16) string {
	switch v {
	case SSL20:
		return "SSLv2"
	case SSL30:
		return "SSLv3"
	case TLS10:
		return "TLSv1"
	case TLS11:
		return "TLS 1.1"
	case TLS12:
		return "TLS 1.2"
	case TLS13:
		return "TLS 1.3"
	case DTLS10:
		return "DTLS 1.0"
	case DTLS12:
		return "DTLS 1.2"
	case DTLS13:
		return "DTLS 1.3"
	}
	if v>>8 == 0x7f || v>>8 == 0xfb { // drafts of RFC 8446
		return "TLS 1.3"
	}
	return ""
}

// outdated reports whether RFC 8996 forbids the version.
func outdated(v uint16) bool {
	switch v {
	case SSL20, SSL30, TLS10, TLS11, DTLS10:
		return true
	}
	return false
}

// The errors of the codec.
var (
	ErrShort   = errors.New("tls: not complete")
	ErrRecord  = errors.New("tls: not a record header")
	ErrLength  = errors.New("tls: a length does not fit into what it is in")
	ErrVersion = errors.New("tls: no such version")
)

// RecordHeader is what a TLS record begins with. Length bytes follow.
type RecordHeader struct {
	Type    ContentType
	Version uint16
	Length  int
}

// RecordHeaderLen is the length of a record header.
const RecordHeaderLen = 5

// MaxRecord is the longest record that TLS 1.2 allows (RFC 5246 section 6.2.3);
// TLS 1.3 allows less.
const MaxRecord = 1<<14 + 2048

// DecodeRecord reads a record header (RFC 8446 section 5.1).
func DecodeRecord(dst *RecordHeader, b []byte) (n int, err error) {
	if len(b) < RecordHeaderLen {
		return 0, ErrShort
	}
	*dst = RecordHeader{ContentType(b[0]), binary.BigEndian.Uint16(b[1:]), int(binary.BigEndian.Uint16(b[3:]))}
	if dst.Type < ChangeCipherSpec || dst.Type > Heartbeat || dst.Version < SSL30 || dst.Version > TLS13 || dst.Length > MaxRecord {
		return 0, ErrRecord
	}
	return RecordHeaderLen, nil
}

// AppendRecord writes a record header.
func AppendRecord(dst []byte, h *RecordHeader) []byte {
	return append(dst, byte(h.Type), byte(h.Version>>8), byte(h.Version), byte(h.Length>>8), byte(h.Length))
}

// MessageType is the type of a handshake message.
type MessageType uint8

// The handshake messages that are of interest (RFC 8446 section 4, RFC 5246
// section 7.4, RFC 6347 section 4.3.2).
const (
	HelloRequest       MessageType = 0
	ClientHelloType    MessageType = 1
	ServerHelloType    MessageType = 2
	HelloVerifyRequest MessageType = 3
	CertificateType    MessageType = 11
	ServerHelloDone    MessageType = 14
	Finished           MessageType = 20
)

// known reports whether the type is one that is ever sent in the clear.
func (m MessageType) known() bool {
	switch m {
	case 0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 67:
		return true
	}
	return false
}

// AlertName gives an alert description in the words of RFC 8446 section 6.
func AlertName(description uint8) string {
	if s := alertNames[description]; s != "" {
		return s
	}
	return "unknown"
}

var alertNames = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol",
}

// reader takes fields off a message; after the first that does not fit it
// gives nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) uint8() uint8 {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (r *reader) uint24() int {
	if v := r.take(3); v != nil {
		return int(v[0])<<16 | int(v[1])<<8 | int(v[2])
	}
	return 0
}

// vector8 takes a vector whose length is in one byte, vector16 in two.
func (r *reader) vector8() []byte  { return r.take(int(r.uint8())) }
func (r *reader) vector16() []byte { return r.take(int(r.uint16())) }
func (r *reader) vector24() []byte { return r.take(r.uint24()) }
