//go:build !sensor

package app

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"edgeward/internal/bus/jetstream"
	"edgeward/internal/ident"
)

// NATS says how an external cluster is reached.
type NATS struct {
	URLs        []string
	CA          string // PEM file with the cluster's authority; empty for those of the system
	Certificate string // PEM files with our own certificate and its key; both or none
	Key         string
	Credentials string // file with a user's JWT and key
	Replicas    int
}

// into sets a stream's options. Files that cannot be used are the
// configuration's fault and said at the start.
func (n *NATS) into(o *jetstream.Options) error {
	o.URLs, o.Credentials, o.Replicas = n.URLs, n.Credentials, n.Replicas
	if len(n.URLs) == 0 {
		return nil
	}
	if n.Credentials != "" {
		if _, err := os.ReadFile(n.Credentials); err != nil {
			return ident.Errorf(ident.Usage, "correct bus.credentials", "read the credentials for NATS: %w", err)
		}
	}
	secure := n.CA != "" || n.Certificate != "" || n.Key != ""
	for _, u := range n.URLs {
		secure = secure || strings.HasPrefix(u, "tls://")
	}
	if !secure {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if n.CA != "" {
		pem, err := os.ReadFile(n.CA)
		if err != nil {
			return ident.Errorf(ident.Usage, "correct bus.ca", "read the authority of NATS: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return ident.Errorf(ident.Usage, "correct bus.ca", "the file %s holds no certificate", n.CA)
		}
	}
	if n.Certificate != "" || n.Key != "" {
		cert, err := tls.LoadX509KeyPair(n.Certificate, n.Key)
		if err != nil {
			return ident.Errorf(ident.Usage, "correct bus.certificate and bus.certificate_key", "read the certificate for NATS: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	o.TLS = c
	return nil
}
