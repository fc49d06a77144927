package mud

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"

	"github.com/smallstep/pkcs7"

	"edgeward/internal/ident"
)

// MaxSignature bounds a signature with its chain, in bytes.
const MaxSignature = 256 << 10

// Signer is who signed a file.
type Signer struct {
	Subject string    // distinguished name of the certificate, RFC 4514
	Signed  time.Time // as the signer says; zero when it does not
	// Chain is the signer's certificate, those between and the root.
	Chain []*x509.Certificate
}

// Sign makes the detached signature of a file, to be published under the
// file's mud-signature: CMS in DER (RFC 8520, section 13.1). data is the file
// to the byte. chain are the certificates between the signer's and the root,
// the signer's issuer first. The key is RSA or ECDSA.
func Sign(data []byte, cert *x509.Certificate, key crypto.Signer, chain []*x509.Certificate) ([]byte, error) {
	if cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, ident.Errorf(ident.Invalid, "use a certificate whose key usage has digitalSignature", "sign the usage description: the certificate of %s is not for signatures", cert.Subject)
	}
	if k, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !k.Equal(key.Public()) {
		return nil, ident.Errorf(ident.Invalid, "", "sign the usage description: the key is not that of the certificate of %s", cert.Subject)
	}
	s, err := pkcs7.NewSignedData(data)
	if err != nil {
		return nil, ident.Errorf(ident.Internal, "", "sign the usage description: %w", err)
	}
	s.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := s.AddSignerChain(cert, key, chain, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "sign the usage description: %w", err)
	}
	s.Detach()
	der, err := s.Finish()
	if err != nil {
		return nil, ident.Errorf(ident.Internal, "", "sign the usage description: %w", err)
	}
	return der, nil
}

// Verify checks that a file, to the byte, is what its detached signature was
// made of, that the signer's certificate is for signatures, and that at the
// time given it leads to one of the roots (RFC 8520, section 13.2). A zero
// time is now. Whether the signer is the one that the device's own certificate
// names (the extension id-pe-mudsigner) is for the caller to compare.
func Verify(data, signature []byte, roots *x509.CertPool, at time.Time) (*Signer, error) {
	if len(signature) > MaxSignature {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: %d bytes, more than %d", len(signature), MaxSignature)
	}
	if !isDER(signature, 0) {
		return nil, ident.Errorf(ident.Invalid, "a signature is CMS in DER, as openssl cms -sign -outform DER makes it", "signature of the usage description: not DER")
	}
	p, err := pkcs7.Parse(signature)
	if err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: %w", err)
	}
	if len(p.Signers) != 1 {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: %d signers, not one", len(p.Signers))
	}
	cert := p.GetOnlySigner()
	if cert == nil {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: the signer's certificate is not in it")
	}
	if !strong(p.Signers[0].DigestAlgorithm.Algorithm) {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: its digest is older than SHA-2")
	}
	p.Content = data
	if err := p.VerifyWithChainAtTime(nil, at); err != nil {
		return nil, mismatch(err)
	}
	if cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description: the certificate of %s is not for signatures", cert.Subject)
	}
	between := x509.NewCertPool()
	for _, c := range p.Certificates {
		between.AddCert(c)
	}
	if roots == nil {
		roots = x509.NewCertPool() // nil would be the roots of the system, which sign web sites
	}
	chains, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "signature of the usage description by %s: %w", cert.Subject, err)
	}
	s := &Signer{Subject: cert.Subject.String(), Chain: chains[0]}
	_ = p.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &s.Signed) // it may be left out
	return s, nil
}

// mismatch says in words why a signature does not fit.
func mismatch(err error) error {
	if e := (*pkcs7.MessageDigestMismatchError)(nil); errors.As(err, &e) {
		return ident.Errorf(ident.Invalid, "fetch both anew: the file and its signature are not of the same revision, or one was changed", "signature of the usage description: it was made of other bytes than these")
	}
	if e := (*pkcs7.SigningTimeNotValidError)(nil); errors.As(err, &e) {
		return ident.Errorf(ident.Invalid, "", "signature of the usage description: made at %s, outside the time of its certificate", e.SigningTime.UTC().Format(time.RFC3339))
	}
	return ident.Errorf(ident.Invalid, "", "signature of the usage description: %w", err)
}

func strong(digest asn1.ObjectIdentifier) bool {
	return digest.Equal(pkcs7.OIDDigestAlgorithmSHA256) || digest.Equal(pkcs7.OIDDigestAlgorithmSHA384) || digest.Equal(pkcs7.OIDDigestAlgorithmSHA512)
}

// isDER reports whether b is one well-formed value, all through. The module
// that reads signatures takes looser encodings, and not always well.
func isDER(b []byte, depth int) bool {
	for first := true; first || len(b) > 0; first = false {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil || depth > maxDepth || depth == 0 && len(rest) > 0 {
			return false
		}
		if v.IsCompound && len(v.Bytes) > 0 && !isDER(v.Bytes, depth+1) {
			return false
		}
		b = rest
	}
	return true
}
