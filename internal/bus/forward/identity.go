package forward

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// Identity is who a sensor is to its hub. Its folder holds the key, which
// never leaves it, and the certificate.
type Identity struct {
	Hub    string // URL
	Sensor string // id
	Tenant uint16
	Name   string

	dir  string
	pin  [sha256.Size]byte // of the key of the hub's authority
	mu   sync.RWMutex
	cert tls.Certificate
}

// about is the file beside key and certificate.
type about struct {
	Hub    string `json:"hub"`
	Sensor string `json:"sensor"`
	Tenant uint16 `json:"tenant"`
	Name   string `json:"name"`
	Pin    string `json:"authority"` // SHA-256 of its public key, hexadecimal
}

const (
	aboutFile = "identity.json"
	credFile  = "credentials.pem" // key and certificates in one file, so that they are replaced together
)

// LoadIdentity reads an identity; NotFound when the folder has none.
func LoadIdentity(dir string) (*Identity, error) {
	b, err := os.ReadFile(filepath.Join(dir, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ident.Errorf(ident.NotFound, "make a token on the hub with edgeward sensors enrol, and give it with --enrol", "this sensor is not enrolled yet: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("read the sensor's identity: %w", err)
	}
	var a about
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, ident.Errorf(ident.Invalid, "enrol the sensor again", "read the sensor's identity %s: %w", dir, err)
	}
	id := &Identity{Hub: a.Hub, Sensor: a.Sensor, Tenant: a.Tenant, Name: a.Name, dir: dir}
	if n, err := hex.Decode(id.pin[:], []byte(a.Pin)); err != nil || n != len(id.pin) {
		return nil, ident.Errorf(ident.Invalid, "enrol the sensor again", "read the sensor's identity %s: the hub's fingerprint is damaged", dir)
	}
	creds, err := os.ReadFile(filepath.Join(dir, credFile))
	if err != nil {
		return nil, fmt.Errorf("read the sensor's certificate: %w", err)
	}
	if id.cert, err = parseCredentials(creds); err != nil {
		return nil, ident.Errorf(ident.Invalid, "enrol the sensor again", "read the sensor's certificate: %w", err)
	}
	return id, nil
}

func parseCredentials(b []byte) (tls.Certificate, error) {
	c, err := tls.X509KeyPair(b, b)
	if err != nil {
		return c, err
	}
	if c.Leaf == nil {
		c.Leaf, err = x509.ParseCertificate(c.Certificate[0])
	}
	return c, err
}

// Enrol introduces a sensor to a hub with a one-time token and keeps the
// identity in a folder.
func Enrol(ctx context.Context, dir, hub, token, name, version string) (*Identity, error) {
	pin, err := TokenPin(token)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the identity: %w", err)
	}
	key, csr, err := newKey(name)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(Enrolment{Token: token, CSR: csr, Name: name, Version: version})
	if err != nil {
		return nil, err
	}
	id := &Identity{Hub: hub, dir: dir, pin: pin}
	c := newClient(id)
	defer c.close()
	var e Enrolled
	if err := c.call(ctx, "POST", PathEnrol, typeJSON, body, &e); err != nil {
		return nil, fmt.Errorf("enrol at %s: %w", hub, err)
	}
	id.Sensor, id.Tenant, id.Name = e.Sensor, e.Tenant, e.Name
	// The description last: without it there is no identity.
	if err := id.replace(key, e.Certificate); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(about{hub, id.Sensor, id.Tenant, id.Name, hex.EncodeToString(pin[:])}, "", "  ")
	if err != nil {
		return nil, err
	}
	return id, writeFile(filepath.Join(dir, aboutFile), append(b, '\n'))
}

// newKey makes a key, and a request for a certificate.
func newKey(name string) (keyPEM, csr []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	return request(key, name)
}

// again makes a request for a certificate for the key that there is.
func (i *Identity) again() (keyPEM, csr []byte, err error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return request(i.cert.PrivateKey, i.Sensor)
}

// request gives a key as PEM and a request for a certificate for it.
func request(key any, name string) (keyPEM, csr []byte, err error) {
	csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate request: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), csr, nil
}

// replace takes a new key with its certificate into use, on disk first.
func (i *Identity) replace(keyPEM, certPEM []byte) error {
	all := append(append([]byte(nil), keyPEM...), certPEM...)
	cert, err := parseCredentials(all)
	if err != nil {
		return fmt.Errorf("the hub's certificate does not fit the key: %w", err)
	}
	if err := writeFile(filepath.Join(i.dir, credFile), all); err != nil {
		return err
	}
	i.mu.Lock()
	i.cert = cert
	i.mu.Unlock()
	return nil
}

// writeFile replaces a file as a whole, readable by nobody else.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// NotAfter gives when the certificate expires.
func (i *Identity) NotAfter() time.Time {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.cert.Leaf == nil {
		return time.Time{}
	}
	return i.cert.Leaf.NotAfter
}

// dueForRenewal reports whether two thirds of the certificate's life are over.
func (i *Identity) dueForRenewal(now time.Time) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	l := i.cert.Leaf
	return l != nil && now.After(l.NotBefore.Add(l.NotAfter.Sub(l.NotBefore)*2/3)) && now.Before(l.NotAfter)
}

// config makes the client's side of TLS. The hub is known by the key of its
// authority, whatever name or address it is reached by: the authority signs
// for servers none but the hub.
func (i *Identity) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // verified below, by key and not by name
		VerifyConnection:   func(s tls.ConnectionState) error { return verifyHub(s.PeerCertificates, i.pin) },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			i.mu.RLock()
			defer i.mu.RUnlock()
			c := i.cert
			return &c, nil
		},
	}
}

// verifyHub wants a server's certificate that was signed by the authority with
// that key.
func verifyHub(chain []*x509.Certificate, pin [sha256.Size]byte) error {
	roots := x509.NewCertPool()
	found := false
	for _, c := range chain[min(1, len(chain)):] {
		if sha256.Sum256(c.RawSubjectPublicKeyInfo) == pin {
			roots.AddCert(c)
			found = true
		}
	}
	if !found {
		return ident.Errorf(ident.Denied, "the address leads to another hub, or somebody is in between; enrol again if the hub was set up anew", "the hub's certificate is not from the authority that this sensor knows")
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
		return ident.Errorf(ident.Denied, "check the clocks of sensor and hub", "the hub's certificate: %w", err)
	}
	return nil
}
