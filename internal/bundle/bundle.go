// Package bundle holds signed files: a manifest, an Ed25519 signature (RFC
// 8032) over it, and a payload whose hash the manifest has. Content bundles and
// programs for sensors travel in them, by any way, also without a network. A
// key that a person made signs them; who uses one names the keys that are
// trusted. Nothing of the payload is used before all of it has been verified.
package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"edgeward/internal/ident"
)

// A file is: "EWBUNDL1", length of the manifest (4 bytes, big endian), the
// manifest in JSON, the signature (64 bytes) over all of these, the payload.
const (
	magic       = "EWBUNDL1"
	maxManifest = 64 << 10
	// MaxPayload bounds what is signed.
	MaxPayload = 256 << 20
)

// The kinds of payload.
const (
	Content = "content" // tar.zst of reference knowledge
	Program = "program" // an executable
)

// Manifest says what a payload is.
type Manifest struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
	System  string `json:"system,omitempty"` // GOOS-GOARCH of a program
	Made    int64  `json:"made"`             // Unix seconds
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Key     string `json:"key"` // id of the key that signed
	Note    string `json:"note,omitempty"`
}

// Key is a public key with the name that a person gave it.
type Key struct {
	Name   string
	Public ed25519.PublicKey
}

// ID gives the key's short name: the start of its hash.
func (k Key) ID() string {
	h := sha256.Sum256(k.Public)
	return hex.EncodeToString(h[:8])
}

const (
	publicPrefix = "edgeward-public-key "
	secretPrefix = "edgeward-secret-key "
)

// Generate makes a key and gives the texts of its two files.
func Generate(name string) (secret, public []byte, err error) {
	if strings.ContainsAny(name, "\r\n") {
		return nil, nil, ident.Errorf(ident.Usage, "", "a key's name is one line")
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	secret = fmt.Appendf(nil, "%s%s %s\n", secretPrefix, base64.StdEncoding.EncodeToString(priv.Seed()), name)
	public = fmt.Appendf(nil, "%s%s %s\n", publicPrefix, base64.StdEncoding.EncodeToString(pub), name)
	return secret, public, nil
}

func parse(text []byte, prefix string, size int) (value []byte, name string, err error) {
	line, ok := strings.CutPrefix(strings.TrimSpace(string(text)), prefix)
	encoded, name, _ := strings.Cut(line, " ")
	value, decodeErr := base64.StdEncoding.DecodeString(encoded)
	if !ok || decodeErr != nil || len(value) != size {
		return nil, "", ident.Errorf(ident.Invalid, "make one with edgeward content keygen", "this is no %skey file", strings.TrimPrefix(strings.TrimSuffix(prefix, "key "), "edgeward-"))
	}
	return value, name, nil
}

// ParsePublic reads a public key's file.
func ParsePublic(text []byte) (Key, error) {
	v, name, err := parse(text, publicPrefix, ed25519.PublicKeySize)
	return Key{name, v}, err
}

// ParseSecret reads a secret key's file.
func ParseSecret(text []byte) (ed25519.PrivateKey, error) {
	v, _, err := parse(text, secretPrefix, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(v), nil
}

// Trusted reads all keys (*.pub) of a folder; none when there is no folder.
func Trusted(dir string) ([]Key, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pub"))
	if err != nil {
		return nil, fmt.Errorf("read the trusted keys: %w", err)
	}
	var keys []Key
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("read a trusted key: %w", err)
		}
		k, err := ParsePublic(text)
		if err != nil {
			return nil, fmt.Errorf("read the trusted key %s: %w", p, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// Sign writes a bundle. It sets Size, SHA256 and Key of the manifest.
func Sign(w io.Writer, key ed25519.PrivateKey, m Manifest, payload []byte) error {
	if len(payload) > MaxPayload {
		return ident.Errorf(ident.Invalid, "", "sign: the payload of %d bytes is larger than %d", len(payload), MaxPayload)
	}
	sum := sha256.Sum256(payload)
	m.Size, m.SHA256, m.Key = int64(len(payload)), hex.EncodeToString(sum[:]), Key{Public: key.Public().(ed25519.PublicKey)}.ID()
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	head := binary.BigEndian.AppendUint32([]byte(magic), uint32(len(text)))
	head = append(head, text...)
	for _, part := range [][]byte{head, ed25519.Sign(key, head), payload} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	return nil
}

// Verify reads a bundle whose signature is of one of the keys and copies its
// payload to w. What was written must not be used unless the error is nil.
func Verify(r io.Reader, keys []Key, kind string, w io.Writer) (Manifest, Key, error) {
	var m Manifest
	bad := func(format string, args ...any) (Manifest, Key, error) {
		return m, Key{}, ident.Errorf(ident.Invalid, "", "verify: "+format, args...)
	}
	head := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head, []byte(magic)) {
		return bad("this is no bundle")
	}
	n := binary.BigEndian.Uint32(head[len(magic):])
	if n > maxManifest {
		return bad("the manifest of %d bytes is too long", n)
	}
	rest := make([]byte, int(n)+ed25519.SignatureSize)
	if _, err := io.ReadFull(r, rest); err != nil {
		return bad("it is cut")
	}
	head = append(head, rest[:n]...)
	var by Key
	for _, k := range keys {
		if ed25519.Verify(k.Public, head, rest[n:]) {
			by = k
			break
		}
	}
	if by.Public == nil {
		return m, by, ident.Errorf(ident.Denied, "trust the public key of whoever signed it, if you know them", "verify: it is not signed by a key that is trusted here (%d are)", len(keys))
	}
	if err := json.Unmarshal(rest[:n], &m); err != nil {
		return bad("the manifest: %w", err)
	}
	if m.Kind != kind || !validVersion(m.Version) || m.Size < 0 || m.Size > MaxPayload {
		return bad("it is a bundle of kind %q, version %q and %d bytes; want kind %q", m.Kind, m.Version, m.Size, kind)
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(sum, w), r, m.Size); err != nil {
		if errors.Is(err, io.EOF) {
			return bad("it is cut")
		}
		return m, by, fmt.Errorf("verify: copy the payload: %w", err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != m.SHA256 {
		return bad("the payload was changed")
	}
	if k, _ := r.Read(make([]byte, 1)); k != 0 {
		return bad("there is more than the manifest says")
	}
	return m, by, nil
}

// validVersion keeps versions fit for names of files.
func validVersion(v string) bool {
	if v == "" || len(v) > 64 || v[0] == '.' || v[0] == '-' {
		return false
	}
	for _, c := range v {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_' || c == '+') {
			return false
		}
	}
	return true
}

// Newer reports whether a version comes after another: by their parts between
// dots, numbers as numbers.
func Newer(v, than string) bool {
	a, b := strings.Split(v, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x == y {
			continue
		}
		xn, yn := number(x), number(y)
		if xn >= 0 && yn >= 0 && xn != yn {
			return xn > yn
		}
		return x > y
	}
	return false
}

func number(s string) int64 {
	if s == "" {
		return 0
	}
	var n int64
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<50 {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// ReadKeyFile reads a file of a key, with a clear error.
func ReadKeyFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ident.Errorf(ident.NotFound, "make a pair with edgeward content keygen", "read the key: %w", err)
	}
	return b, err
}
