package tls

import "encoding/binary"

// DTLSRecord is the header of a DTLS record (RFC 6347 section 4.1). Length
// bytes follow.
type DTLSRecord struct {
	Type     ContentType
	Version  uint16
	Epoch    uint16
	Sequence uint64 // 48 bits
	Length   int
}

// DTLSRecordLen is the length of that header.
const DTLSRecordLen = 13

// DecodeDTLSRecord reads the header of a record that is whole in b. Records
// with a connection id (RFC 9146) and the short headers of DTLS 1.3 are not
// such records.
func DecodeDTLSRecord(dst *DTLSRecord, b []byte) (n int, err error) {
	if len(b) < DTLSRecordLen {
		return 0, ErrShort
	}
	*dst = DTLSRecord{
		Type: ContentType(b[0]), Version: binary.BigEndian.Uint16(b[1:]), Epoch: binary.BigEndian.Uint16(b[3:]),
		Sequence: binary.BigEndian.Uint64(b[3:]) & (1<<48 - 1), Length: int(binary.BigEndian.Uint16(b[11:])),
	}
	switch {
	case dst.Type < ChangeCipherSpec || dst.Type > Heartbeat || dst.Length > MaxRecord:
		return 0, ErrRecord
	case dst.Version != DTLS10 && dst.Version != DTLS12 && dst.Version != dtlsOpenSSL:
		return 0, ErrRecord
	case dst.Length > len(b)-DTLSRecordLen:
		return 0, ErrLength
	}
	return DTLSRecordLen, nil
}

// dtlsOpenSSL is the version of an early draft that OpenSSL 0.9.8 sends.
const dtlsOpenSSL = 0x0100

// AppendDTLSRecord writes the header of a record.
func AppendDTLSRecord(dst []byte, h *DTLSRecord) []byte {
	dst = append(dst, byte(h.Type))
	dst = binary.BigEndian.AppendUint16(dst, h.Version)
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.Epoch)<<48|h.Sequence&(1<<48-1))
	return binary.BigEndian.AppendUint16(dst, uint16(h.Length))
}

// Fragment is the header of a piece of a handshake message (RFC 6347 section
// 4.2.2). FragmentLength bytes follow.
type Fragment struct {
	Type           MessageType
	Length         int // of the whole message
	Sequence       uint16
	Offset         int
	FragmentLength int
}

// FragmentLen is the length of that header.
const FragmentLen = 12

// DecodeFragment reads the header of a piece that is whole in b.
func DecodeFragment(dst *Fragment, b []byte) (n int, err error) {
	r := reader{b: b}
	*dst = Fragment{Type: MessageType(r.uint8()), Length: r.uint24(), Sequence: r.uint16(), Offset: r.uint24(), FragmentLength: r.uint24()}
	switch {
	case r.bad:
		return 0, ErrShort
	case dst.FragmentLength > len(r.b), dst.Offset+dst.FragmentLength > dst.Length:
		return 0, ErrLength
	}
	return FragmentLen, nil
}

// AppendFragment writes the header of a piece of a handshake message.
func AppendFragment(dst []byte, h *Fragment) []byte {
	dst = append(dst, byte(h.Type), byte(h.Length>>16), byte(h.Length>>8), byte(h.Length), byte(h.Sequence>>8), byte(h.Sequence))
	dst = append(dst, byte(h.Offset>>16), byte(h.Offset>>8), byte(h.Offset))
	return append(dst, byte(h.FragmentLength>>16), byte(h.FragmentLength>>8), byte(h.FragmentLength))
}

// unified reports whether a DTLS 1.3 record with the short header begins with
// c (RFC 9147 section 4).
func unified(c byte) bool { return c>>5 == 1 }
