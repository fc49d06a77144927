package hub

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// KeySize is the length of the hub's key, which seals secrets that must be
// read again: second factors and passwords of other services. It is kept
// outside the state store.
const KeySize = 32

// Seal encrypts a secret with AES-256-GCM under the hub's key. The label says
// what it is, so that one secret cannot stand in the place of another.
func Seal(key, secret []byte, label string) ([]byte, error) {
	g, err := sealer(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, g.NonceSize(), g.NonceSize()+len(secret)+g.Overhead())
	rand.Read(nonce)
	return g.Seal(nonce, nonce, secret, []byte(label)), nil
}

// Unseal gives a secret back.
func Unseal(key, sealed []byte, label string) ([]byte, error) {
	g, err := sealer(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < g.NonceSize() {
		return nil, errors.New("unseal a secret: it is too short")
	}
	secret, err := g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], []byte(label))
	if err != nil {
		return nil, fmt.Errorf("unseal a secret (%s): it was sealed with another key or changed: %w", label, err)
	}
	return secret, nil
}

func sealer(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the hub's key has %d bytes: want %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use the hub's key: %w", err)
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use the hub's key: %w", err)
	}
	return g, nil
}
