package tls

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// issue makes a certificate that key signs for itself.
func issue(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1234abcd),
		Subject:      pkix.Name{Country: []string{"DE"}, Organization: []string{"Maker"}, CommonName: "cam-17", SerialNumber: "S7"},
		NotBefore:    time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2051, 6, 7, 8, 9, 10, 0, time.UTC),
		DNSNames: []string{"cam.example", "*.cam.example"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 8).To4()},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestDecodeCertificate compares with the standard library's reading.
func TestDecodeCertificate(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		der  []byte
		bits int
		rsa  bool
	}{
		{"rsa", issue(t, rsaKey(t, 1024), nil), 1024, true},
		{"ecdsa", issue(t, ecKey(t), nil), 256, false},
		{"ed25519", issue(t, edwards, nil), 256, false},
		{"no names", issue(t, ecKey(t), func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }), 256, false},
	}
	for _, tt := range tests {
		want, err := x509.ParseCertificate(tt.der)
		if err != nil {
			t.Fatal(err)
		}
		var got Certificate
		n, err := DecodeCertificate(&got, append(bytes.Clone(tt.der), "rest"...))
		if err != nil || n != len(tt.der) {
			t.Fatalf("%s: %d of %d bytes, %v", tt.name, n, len(tt.der), err)
		}
		if !bytes.Equal(got.Raw, want.Raw) || !bytes.Equal(got.Subject, want.RawSubject) || !bytes.Equal(got.Issuer, want.RawIssuer) ||
			!bytes.Equal(got.PublicKey, want.RawSubjectPublicKeyInfo) || new(big.Int).SetBytes(got.Serial).Cmp(want.SerialNumber) != 0 {
			t.Errorf("%s: parts differ", tt.name)
		}
		if got.NotBefore != want.NotBefore.UnixNano() || got.NotAfter != want.NotAfter.UnixNano() {
			t.Errorf("%s: valid from %d to %d", tt.name, got.NotBefore, got.NotAfter)
		}
		if got.KeyBits != tt.bits || got.RSA != tt.rsa || !got.SelfSigned() || got.WeakHash {
			t.Errorf("%s: %d bits, %+v", tt.name, got.KeyBits, got)
		}
		if name := string(AppendName(nil, got.Subject)); name != "C=DE, O=Maker, CN=cam-17, serialNumber=S7" {
			t.Errorf("%s: subject %q", tt.name, name)
		}
		var names []string
		for list := got.AltNames; list != nil; {
			var one []byte
			if one, list = AppendAltName(nil, list); len(one) > 0 {
				names = append(names, string(one))
			}
		}
		if want := strings.Join(append(want.DNSNames, ipText(want.IPAddresses)...), " "); strings.Join(names, " ") != want {
			t.Errorf("%s: names %q, want %q", tt.name, names, want)
		}
	}
}

func ipText(addrs []net.IP) (out []string) {
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// TestOddCertificates has what the standard library refuses or never makes.
func TestOddCertificates(t *testing.T) {
	der := issue(t, ecKey(t), nil)
	negative := bytes.Clone(der)
	i := bytes.Index(negative, []byte{0x02, 0x04, 0x12, 0x34, 0xab, 0xcd})
	negative[i+2] = 0x92
	var c Certificate
	if _, err := DecodeCertificate(&c, negative); err != nil || c.Serial[0] != 0x92 {
		t.Errorf("negative serial number: %v", err)
	}
	for _, alg := range []string{"2a864886f70d010104", "2a864886f70d010105", "2a8648ce3d0401", "2b0e03021d"} {
		oid, _ := hex.DecodeString(alg)
		if !weakHash(oid) {
			t.Errorf("algorithm %s is weak", alg)
		}
	}
	if oid, _ := hex.DecodeString("2a864886f70d01010b"); weakHash(oid) {
		t.Error("sha256WithRSAEncryption is not weak")
	}
	for cut := range der {
		if _, err := DecodeCertificate(&c, der[:cut]); err == nil {
			t.Fatalf("cut to %d of %d bytes it is still a certificate", cut, len(der))
		}
	}
}

func TestTimes(t *testing.T) {
	tests := []struct {
		in   string
		want time.Time
	}{
		{"\x17\x0d200102030405Z", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"\x17\x0d500102030405Z", time.Date(1950, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"\x17\x0b2001020304Z", time.Date(2020, 1, 2, 3, 4, 0, 0, time.UTC)},
		{"\x18\x0f20510102030405Z", time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC)},
	}
	for _, tt := range tests {
		b := []byte(tt.in)
		if got := takeTime(&b); got != tt.want.UnixNano() || len(b) != 0 {
			t.Errorf("%q: got %v", tt.in, time.Unix(0, got).UTC())
		}
	}
	b := []byte("\x18\x0f99991231235959Z")
	if got := takeTime(&b); got != 1<<63-1 {
		t.Errorf("the year 9999 became %d", got)
	}
	b = []byte("\x17\x02xx")
	if got := takeTime(&b); got != 0 {
		t.Errorf("no time became %d", got)
	}
}

func TestAppendName(t *testing.T) {
	tests := []struct{ in, want string }{
		// 2.5.4.3 as BMPString, an attribute without short name, control characters
		{"300f310d300b06035504031e04004100fc", "CN=Aü"},
		{"300e310c300a06032a03040c0378790a", "1.2.3.4=xy"},
		{"3000", ""},
		{"ffff", ""},
	}
	for _, tt := range tests {
		in, _ := hex.DecodeString(tt.in)
		if got := string(AppendName(nil, in)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add(issue(f, ecKey(f), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Certificate
		n, err := DecodeCertificate(&c, b)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		if len(AppendName(nil, c.Subject)) > maxName {
			t.Fatal("the name is too long")
		}
		for i, list := 0, c.AltNames; list != nil; i++ {
			if _, list = AppendAltName(nil, list); i > len(b) {
				t.Fatal("the list of names does not end")
			}
		}
	})
}

func BenchmarkDecodeCertificate(b *testing.B) {
	der := issue(b, ecKey(b), nil)
	var c Certificate
	b.ReportAllocs()
	for b.Loop() {
		DecodeCertificate(&c, der)
		sha256.Sum256(der)
	}
}
