// Package credential turns secrets into what may be kept of them: a length
// and a keyed hash, and whether the pair is a known factory default. The
// value itself is forgotten unless the operator of a local analysis asked to
// see secrets. Planes that guess no passwords but see them may use it.
package credential

import (
	"crypto/rand"
	"encoding/binary"
	"strings"

	"edgeward/internal/event"
)

// Vault seals secrets. It is safe for concurrent use.
type Vault struct {
	defaults map[[2]string]bool
	key      uint64
	show     bool
}

// New makes a vault. defaults holds pairs of user and password, one a line,
// parted by a tab; an empty user stands for any service that asks for a
// password only. With show the values themselves are kept.
func New(defaults string, key uint64, show bool) *Vault {
	v := &Vault{defaults: map[[2]string]bool{}, key: key, show: show}
	for line := range strings.Lines(defaults) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		user, password, _ := strings.Cut(line, "\t")
		v.defaults[[2]string{strings.ToLower(user), password}] = true
	}
	return v
}

// RandomKey gives a key for one run: hashes of different runs do not compare.
func RandomKey() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return binary.LittleEndian.Uint64(b[:])
}

// maxSecret bounds what of a secret is looked at.
const maxSecret = 256

// Seal hashes a secret and says whether it is a factory default.
func (v *Vault) Seal(b *event.Batch, service, user string, value []byte) event.Secret {
	s := event.Secret{Seen: true, Len: uint16(min(len(value), 65535)), Hash: v.hash(value)}
	if len(value) <= maxSecret {
		s.Default = v.defaults[[2]string{strings.ToLower(user), string(value)}]
	}
	if v.show {
		s.Text = b.String(value[:min(len(value), maxSecret)])
	}
	return s
}

// hash is a keyed FNV-like hash: it tells equal secrets of one run apart from
// others and is not meant to withstand somebody who knows the key.
func (v *Vault) hash(value []byte) uint64 {
	h := v.key ^ 0xcbf29ce484222325
	for _, c := range value[:min(len(value), maxSecret)] {
		h = (h ^ uint64(c)) * 0x100000001b3
		h ^= h >> 29
	}
	return h
}
