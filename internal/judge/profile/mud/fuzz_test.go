package mud_test

import (
	"crypto/x509"
	"testing"
	"time"

	"edgeward/internal/judge/profile/mud"
)

// FuzzRead wants what can be read and written to be the same when it is read
// again, and its profile as well.
func FuzzRead(f *testing.F) {
	f.Add(luminaire)
	f.Add([]byte(draft))
	f.Add([]byte(early))
	f.Add([]byte(`{"ietf-mud:mud": {}, "ietf-access-control-list:acls": {"acl": {"aces": {"ace": [{"matches": {"icmp": {"type": 8}}}]}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _, err := mud.Read("fuzz", data)
		if err != nil {
			return
		}
		mud.ToProfile(file)
		if _, err := mud.Write(file); err != nil {
			return // odd, so that the RFC's form does not have it
		}
		if _, err := rewrite(file); err != nil {
			t.Fatal(err)
		}
		if err := reprofile(file); err != nil {
			t.Fatal(err)
		}
	})
}

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
