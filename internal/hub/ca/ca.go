// Package ca is the hub's own certificate authority. It is made at the first
// run and signs two kinds of certificates only: the hub's for the service that
// sensors talk to, and those of sensors. Sensors know the hub by the hash of
// this authority's public key, so its key is the root of their trust and stays
// in the data folder, readable by the hub alone. Package app opens it; it
// knows neither sensors' state nor the network.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// The lives of certificates. A certificate begins a little in the past, since
// the clocks of small machines are often behind.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	serverLife    = 90 * 24 * time.Hour
	SensorLife    = 30 * 24 * time.Hour
	backdate      = time.Hour
)

const (
	keyFile  = "ca.key"
	certFile = "ca.crt"
)

// Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	key   crypto.Signer
	cert  *x509.Certificate
	clock ident.Clock

	mu     sync.Mutex
	names  []string
	server *tls.Certificate
}

// Open reads the authority in a folder, or makes one there.
func Open(dir string, clock ident.Clock) (*Authority, error) {
	if clock == nil {
		clock = time.Now
	}
	a := &Authority{clock: clock}
	keyPEM, err := os.ReadFile(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return a, a.create(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the hub's authority: %w", err)
	}
	certPEM, err := os.ReadFile(filepath.Join(dir, certFile))
	if err != nil {
		return nil, fmt.Errorf("read the certificate of the hub's authority: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, ident.Errorf(ident.Invalid, "restore ca.key and ca.crt from a backup; without them all sensors must enrol again", "the hub's authority in %s is damaged: %w", dir, err)
	}
	if a.cert, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "the certificate of the hub's authority: %w", err)
	}
	a.key = pair.PrivateKey.(crypto.Signer)
	return a, nil
}

// create makes key and certificate. The key is written last: without it a crash
// in between leaves nothing that would be used.
func (a *Authority) create(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key of the hub's authority: %w", err)
	}
	now := a.clock()
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Edgeward hub authority " + now.UTC().Format("2006-01-02")},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return fmt.Errorf("make the certificate of the hub's authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key = key
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the hub's authority: %w", err)
	}
	if err := write(filepath.Join(dir, certFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return write(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
}

func write(path string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

// Pin gives the SHA-256 of the authority's public key.
func (a *Authority) Pin() [sha256.Size]byte { return sha256.Sum256(a.cert.RawSubjectPublicKeyInfo) }

// Fingerprint gives the same for people, in hexadecimal.
func (a *Authority) Fingerprint() string {
	p := a.Pin()
	return hex.EncodeToString(p[:])
}

// Subject names a sensor in its certificate.
type Subject struct {
	Tenant uint16
	Sensor string
}

const uriScheme = "edgeward"

// uri is the name in the certificate: edgeward://sensor/TENANT/ID.
func (s Subject) uri() *url.URL {
	return &url.URL{Scheme: uriScheme, Host: "sensor", Path: "/" + strconv.Itoa(int(s.Tenant)) + "/" + s.Sensor}
}

// SubjectOf reads the sensor from a verified certificate.
func SubjectOf(c *x509.Certificate) (Subject, error) {
	for _, u := range c.URIs {
		if u.Scheme != uriScheme || u.Host != "sensor" {
			continue
		}
		tenant, sensor, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		n, err := strconv.ParseUint(tenant, 10, 16)
		if ok && err == nil && sensor != "" {
			return Subject{uint16(n), sensor}, nil
		}
	}
	return Subject{}, ident.Errorf(ident.Denied, "", "the certificate names no sensor")
}

// KeyFingerprint gives the SHA-256 of a certificate's key, in hexadecimal.
func KeyFingerprint(c *x509.Certificate) string {
	h := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(h[:])
}

// SignSensor signs a sensor's request (PKCS #10, DER). Of the request only the
// key is taken: who the sensor is, the hub says. It gives the chain as PEM and
// the certificate.
func (a *Authority) SignSensor(csr []byte, s Subject) ([]byte, *x509.Certificate, error) {
	r, err := x509.ParseCertificateRequest(csr)
	if err == nil {
		err = r.CheckSignature()
	}
	if err != nil {
		return nil, nil, ident.Errorf(ident.Invalid, "", "the certificate request: %w", err)
	}
	if k, ok := r.PublicKey.(*ecdsa.PublicKey); !ok || k.Curve != elliptic.P256() {
		return nil, nil, ident.Errorf(ident.Invalid, "", "the certificate request: want a key on P-256")
	}
	now := a.clock()
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: s.Sensor}, URIs: []*url.URL{s.uri()},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(SensorLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, r.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a sensor's certificate: %w", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...), c, nil
}

// ServerConfig is the hub's side of TLS 1.3 for sensors: a certificate for the
// names, made anew before it expires. A client's certificate must be from this
// authority; who has none can only enrol, which the service sees to.
func (a *Authority) ServerConfig(names []string) *tls.Config {
	a.mu.Lock()
	a.names, a.server = names, nil
	a.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
		NextProtos: []string{"http/1.1"}, Time: a.clock, SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.serverCertificate() },
	}
}

func (a *Authority) serverCertificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock()
	if a.server != nil && now.Add(serverLife/3).Before(a.server.Leaf.NotAfter) && now.After(a.server.Leaf.NotBefore) {
		return a.server, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the hub's key: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Edgeward hub"},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, n := range a.names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else if n != "" {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the hub's certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.server = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.server, nil
}
