//go:build !sensor

package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"syscall"
	"time"

	"edgeward/internal/app/config"
	"edgeward/internal/ident"
)

// listen opens the address of console and API.
func listen(c *config.Config, f *folder) (l net.Listener, secure bool, err error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, false, fmt.Errorf("listen: %w", err)
	}
	secure = c.TLS.Certificate != "" || c.TLS.SelfSigned
	var cert tls.Certificate
	switch {
	case c.TLS.Certificate != "":
		if cert, err = tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key); err != nil {
			return nil, false, ident.Errorf(ident.Invalid, "name PEM files that belong together", "load the certificate: %w", err)
		}
	case c.TLS.SelfSigned:
		names := c.TLS.Names
		if host != "" && !unspecified(host) {
			names = append(names, host)
		}
		if cert, err = f.certificate(names, time.Now()); err != nil {
			return nil, false, err
		}
	}
	l, err = net.Listen("tcp", c.Listen)
	if err != nil {
		hint := "choose another address with --listen"
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			hint = "another program has this port; choose another with --listen"
		case errors.Is(err, fs.ErrPermission):
			hint = "ports below 1024 are for root; choose another with --listen"
		}
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, false, ident.Errorf(ident.Unavailable, hint, "listen on %s: %w", c.Listen, err)
	}
	if secure {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	return l, secure, nil
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}

// certificate gives the certificate that was made for the console, and makes
// one when there is none, it is about to expire, or it lacks a name.
func (f *folder) certificate(names []string, now time.Time) (tls.Certificate, error) {
	path := f.in("console.pem")
	if cert, err := tls.LoadX509KeyPair(path, path); err == nil && covers(&cert, names, now) {
		return cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key for the console: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate for the console: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Edgeward console"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 1, 0), // browsers refuse more than 398 days
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, err := os.Hostname(); err == nil {
		t.DNSNames = append(t.DNSNames, host)
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate for the console: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key for the console: %w", err)
	}
	b := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	if err := writeWhole(path, b, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(b, b)
}

func covers(c *tls.Certificate, names []string, now time.Time) bool {
	if c.Leaf == nil || now.AddDate(0, 0, 14).After(c.Leaf.NotAfter) {
		return false
	}
	for _, n := range names {
		if c.Leaf.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}
