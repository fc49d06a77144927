package event

import "edgeward/internal/ident"

// Secret stands for a password, token, key, name of a patient or payload
// value. It keeps the length and a keyed hash, by which the same secret seen
// twice is known as the same; Text is filled only when the operator of a local
// analysis asked to see secrets.
type Secret struct {
	Seen    bool   // there was a secret, possibly empty
	Len     uint16 // bytes, at most 65535
	Hash    uint64 // keyed hash of the value
	Default bool   // the pair of user and secret is a known factory default
	Text    string // the value itself, empty unless secrets are shown
}

// IsZero reports whether there was no secret.
func (s Secret) IsZero() bool { return !s.Seen }

// AppendText appends the form that may be shown. The hash is not in it: its
// key differs from run to run, and output must not.
func (s Secret) AppendText(b []byte) []byte {
	if s.Text != "" {
		return append(b, s.Text...)
	}
	if s.Len == 0 {
		return append(b, "(empty)"...)
	}
	b = append(b, "(masked, "...)
	b = appendUint(b, uint64(s.Len))
	return append(b, " bytes)"...)
}

func (s Secret) String() string { return string(s.AppendText(nil)) }

// Vault turns secrets into what may be kept. Implementations are safe for
// concurrent use.
type Vault interface {
	// Seal hashes value; user and service let it recognise factory defaults.
	// It keeps no reference to its arguments.
	Seal(b *Batch, service, user string, value []byte) Secret
}

// VaultFunc makes a function a Vault.
type VaultFunc func(b *Batch, service, user string, value []byte) Secret

// Seal calls f.
func (f VaultFunc) Seal(b *Batch, service, user string, value []byte) Secret {
	return f(b, service, user, value)
}

// hostKeySeed separates host keys from other uses of the hash.
const hostKeySeed = 0x9e3779b97f4a7c15

// HostKeyOf hashes a place with a MAC, if given, or else the address bytes.
func HostKeyOf(p ident.Place, mac ident.MAC, addr [16]byte) ident.HostKey {
	h := uint64(hostKeySeed) ^ uint64(p.Tenant)<<16 ^ uint64(p.Scope)
	if !mac.IsZero() {
		h = mix(h, 1)
		for _, c := range mac {
			h = mix(h, uint64(c))
		}
		return ident.HostKey(h)
	}
	for _, c := range addr {
		h = mix(h, uint64(c))
	}
	return ident.HostKey(h)
}

func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0xff51afd7ed558ccd
	return h ^ h>>32
}
