//go:build !sensor

package app

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"time"

	"edgeward/internal/bundle"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

// ReadPolicies reads policy files; "-" is standard input.
func ReadPolicies(paths []string, stdin io.Reader) ([]*document.File, error) {
	var out []*document.File
	for _, path := range paths {
		f, err := readPolicies(path, stdin)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func readPolicies(path string, stdin io.Reader) (*document.File, error) {
	r := stdin
	name := "standard input"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, ident.Errorf(ident.NotFound, "edgeward policy propose makes one", "read the policies: %w", err)
		}
		defer f.Close()
		r, name = f, path
	}
	b, err := io.ReadAll(io.LimitReader(r, document.MaxJSON+1))
	if err != nil {
		return nil, fmt.Errorf("read the policies: %w", err)
	}
	return document.Read(name, b)
}

// LoadPolicies reads files, checks them together, and gives what can be used;
// problems are warnings only.
func LoadPolicies(paths []string, stdin io.Reader) (list []*policy.Policy, problems []document.Problem, err error) {
	files, err := ReadPolicies(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	problems = document.Check(time.Now().UnixNano(), files...)
	if err := document.Errors(problems); err != nil {
		return nil, problems, err
	}
	for _, f := range files {
		list = append(list, f.Policies...)
	}
	return list, problems, nil
}

// SignPolicies signs policies with a secret key's file, as edgeward content
// keygen makes them.
func SignPolicies(list []*policy.Policy, keyFile string) error {
	text, err := bundle.ReadKeyFile(keyFile)
	if err != nil {
		return err
	}
	key, err := bundle.ParseSecret(text)
	if err != nil {
		return err
	}
	for _, p := range list {
		b, err := document.Canonical(p)
		if err != nil {
			return err
		}
		p.Signature = ed25519.Sign(key, b)
	}
	return nil
}

// PublicKeys reads files of public keys.
func PublicKeys(paths []string) ([]bundle.Key, error) {
	var keys []bundle.Key
	for _, path := range paths {
		text, err := bundle.ReadKeyFile(path)
		if err != nil {
			return nil, err
		}
		k, err := bundle.ParsePublic(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// VerifyPolicies wants every policy to be signed by one of the keys.
func VerifyPolicies(list []*policy.Policy, keys []bundle.Key) error {
	for _, p := range list {
		b, err := document.Canonical(p)
		if err != nil {
			return err
		}
		if !signedBy(keys, b, p.Signature) {
			return ident.Errorf(ident.Denied, "have it signed with edgeward policy sign by somebody whose key you trust", "policy %q is not signed by a key that is trusted here (%d are), or was changed since", p.ID, len(keys))
		}
	}
	return nil
}

func signedBy(keys []bundle.Key, message, signature []byte) bool {
	for _, k := range keys {
		if len(signature) == ed25519.SignatureSize && ed25519.Verify(k.Public, message, signature) {
			return true
		}
	}
	return false
}
