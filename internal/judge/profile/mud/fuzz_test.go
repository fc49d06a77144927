package mud_test

import (
	"crypto/x509"
	"testing"
	"time"

	"edgeward/internal/judge/profile/mud"
)

func FuzzVerify(f *testing.F) {
	data := []byte("{}")
	root := issue(f, "root", newKey(f), nil, ca)
	maker := issue(f, "maker", newKey(f), root, asIs)
	sig, err := mud.Sign(data, maker.cert, maker.key, []*x509.Certificate{root.cert})
	if err != nil {
		f.Fatal(err)
	}
	roots := pool(root)
	f.Add(sig)
	f.Add(root.cert.Raw)
	f.Fuzz(func(_ *testing.T, sig []byte) { _, _ = mud.Verify(data, sig, roots, time.Time{}) })
}
