package mud_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/internal/judge/profile/mud"
)

// authority is a maker's certificate authority of a test's own.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate that by signs; by itself when nil.
func issue(t testing.TB, name string, key crypto.Signer, by *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	change(tmpl)
	parent := authority{tmpl, key}
	if by != nil {
		parent = *by
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent.cert, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func ca(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

func asIs(*x509.Certificate) {}

func pool(a *authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func TestSignatures(t *testing.T) {
	data := []byte(`{"ietf-mud:mud": {}}` + "\n")
	root := issue(t, "root", newKey(t), nil, ca)
	between := issue(t, "between", newKey(t), root, ca)
	maker := issue(t, "maker", newKey(t), between, asIs)
	chain := []*x509.Certificate{between.cert}
	sig, err := mud.Sign(data, maker.cert, maker.key, chain)
	if err != nil {
		t.Fatal(err)
	}

	s, err := mud.Verify(data, sig, pool(root), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Subject != "CN=maker,O=Example" || len(s.Chain) != 3 || time.Since(s.Signed) > time.Minute {
		t.Errorf("signed by %q at %s over %d certificates", s.Subject, s.Signed, len(s.Chain))
	}

	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	byRSA := issue(t, "rsa", rsaKey, root, asIs)
	if sig, err := mud.Sign(data, byRSA.cert, byRSA.key, []*x509.Certificate{root.cert}); err != nil {
		t.Error(err)
	} else if _, err := mud.Verify(data, sig, pool(root), time.Time{}); err != nil {
		t.Error(err)
	}

	flipped := append([]byte{}, data...)
	flipped[3] ^= 1
	broken := append([]byte{}, sig...)
	broken[len(broken)-3] ^= 1 // in the signature's own bytes
	for name, c := range map[string]struct {
		data, sig []byte
		roots     *x509.CertPool
		at        time.Time
		want      string
	}{
		"a byte of the file":      {flipped, sig, pool(root), time.Time{}, "made of other bytes"},
		"a byte of the signature": {data, broken, pool(root), time.Time{}, "verification"},
		"another root":            {data, sig, pool(issue(t, "stranger", newKey(t), nil, ca)), time.Time{}, "unknown authority"},
		"no root":                 {data, sig, nil, time.Time{}, "unknown authority"},
		"too late":                {data, sig, pool(root), time.Now().Add(2 * time.Hour), "expired"},
		"too early":               {data, sig, pool(root), time.Now().Add(-2 * time.Hour), "not yet valid"},
		"no signature":            {data, nil, pool(root), time.Time{}, "not DER"},
		"not a signature":         {data, []byte("-----BEGIN CMS-----"), pool(root), time.Time{}, "not DER"},
		"something behind it":     {data, append(append([]byte{}, sig...), 0, 0), pool(root), time.Time{}, "not DER"},
		"another structure":       {data, maker.cert.Raw, pool(root), time.Time{}, "signature of the usage description"},
	} {
		if _, err := mud.Verify(c.data, c.sig, c.roots, c.at); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}

	other := issue(t, "other use", newKey(t), root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	if _, err := mud.Sign(data, other.cert, other.key, nil); err == nil || !strings.Contains(err.Error(), "not for signatures") {
		t.Errorf("a certificate for something else signs: %v", err)
	}
	if _, err := mud.Sign(data, maker.cert, root.key, chain); err == nil || !strings.Contains(err.Error(), "not that of the certificate") {
		t.Errorf("the key of another signs: %v", err)
	}
}

// TestSignaturesOfOpenSSL makes and checks signatures with the commands of
// RFC 8520, section 13.
func TestSignaturesOfOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("openssl is not installed")
	}
	data := []byte(`{"ietf-mud:mud": {}}` + "\n")
	root := issue(t, "root", newKey(t), nil, ca)
	maker := issue(t, "maker", newKey(t), root, asIs)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	key, err := x509.MarshalPKCS8PrivateKey(maker.key)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := mud.Sign(data, maker.cert, maker.key, []*x509.Certificate{root.cert})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"file.json": data, "ours.p7s": sig,
		"root.pem":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}),
		"maker.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: maker.cert.Raw}),
		"key.pem":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(path(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
	openssl("cms", "-verify", "-binary", "-in", path("ours.p7s"), "-inform", "DER", "-content", path("file.json"), "-CAfile", path("root.pem"), "-purpose", "any", "-out", os.DevNull)
	for name, more := range map[string][]string{"plain": nil, "content type of the RFC": {"-econtent_type", "1.2.840.113549.1.9.16.1.41"}} {
		openssl(append([]string{
			"cms", "-sign", "-signer", path("maker.pem"), "-inkey", path("key.pem"), "-in", path("file.json"),
			"-binary", "-outform", "DER", "-out", path("theirs.p7s"),
		}, more...)...)
		theirs, err := os.ReadFile(path("theirs.p7s"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mud.Verify(data, theirs, pool(root), time.Time{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	openssl("cms", "-sign", "-signer", path("maker.pem"), "-inkey", path("key.pem"), "-in", path("file.json"), "-binary", "-md", "sha1", "-outform", "DER", "-out", path("old.p7s"))
	old, err := os.ReadFile(path("old.p7s"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mud.Verify(data, old, pool(root), time.Time{}); err == nil || !strings.Contains(err.Error(), "SHA-2") {
		t.Errorf("SHA-1: %v", err)
	}
}
