package quic

import "crypto/sha256"

// HKDF with SHA-256 (RFC 5869) for the short secrets of Initial packets. The
// standard library's allocates a dozen times for each key.

// hmacSHA256 is HMAC (RFC 2104) of a short message. Key and message have at
// most 64 bytes, which salts, secrets, connection ids and labels have.
func hmacSHA256(key, message []byte) [sha256.Size]byte {
	var inner, outer [2 * sha256.BlockSize]byte
	copy(inner[:sha256.BlockSize], key)
	copy(outer[:sha256.BlockSize], key)
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	n := copy(inner[sha256.BlockSize:], message)
	sum := sha256.Sum256(inner[:sha256.BlockSize+n])
	n = copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:sha256.BlockSize+n])
}

// expandLabel is HKDF-Expand-Label of RFC 8446 section 7.1 without context,
// for up to 32 bytes, of which n are asked for.
func expandLabel(secret *[sha256.Size]byte, prefix, label string, n int) [sha256.Size]byte {
	var info [sha256.BlockSize]byte
	b := append(info[:0], byte(n>>8), byte(n), byte(len("tls13 ")+len(prefix)+len(label)))
	b = append(append(append(b, "tls13 "...), prefix...), label...)
	return hmacSHA256(secret[:], append(b, 0, 1))
}
