//go:build !sensor

package app

import (
	"cmp"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/mud"
	"edgeward/internal/policy"
)

// MUDImport says how a usage description becomes a policy.
type MUDImport struct {
	Path      string
	Signature string   // file with the detached signature; empty for none
	Roots     string   // PEM file with authorities that are trusted; empty for those of the system
	Devices   []string // MAC addresses, addresses or names of the devices that it is for
}

// ImportMUD reads a usage description as a policy. The notes say what was odd
// in the file.
func ImportMUD(o MUDImport) (p *policy.Policy, limits []policy.Limit, notes []string, err error) {
	b, err := os.ReadFile(o.Path)
	if err != nil {
		return nil, nil, nil, ident.Errorf(ident.NotFound, "", "read the usage description: %w", err)
	}
	f, warnings, err := mud.Read(o.Path, b)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, w := range warnings {
		notes = append(notes, o.Path+": "+w.String())
	}
	x, limits := mud.ToProfile(f)
	if o.Signature != "" {
		signer, err := verifyMUD(b, o.Signature, o.Roots)
		if err != nil {
			return nil, nil, nil, err
		}
		if x.MUD == nil {
			x.MUD = &policy.MUD{}
		}
		x.MUD.SignedBy = signer
	}
	for _, text := range o.Devices {
		x.Members = append(x.Members, memberNamed(text))
	}
	name := strings.TrimSuffix(filepath.Base(o.Path), filepath.Ext(o.Path))
	x.Name = cmp.Or(x.Name, name)
	for i := range x.Lines {
		x.Lines[i].ID = x.Lines[i].Identify()
	}
	p = &policy.Policy{ID: "mud-" + idOf(name), Kind: policy.ForProfile, Mode: policy.Observe, Origin: policy.FromFile, Author: "edgeward", Note: ident.Clip("imported from "+cmp.Or(f.URL, name), 200)}
	return p, limits, notes, profile.Envelope(p, x)
}

// idOf makes an id of a name.
func idOf(name string) string {
	return ident.Clip(strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-"), 56)
}

// memberNamed makes a member of what a person calls a device.
func memberNamed(text string) policy.Member {
	if m, err := ident.ParseMAC(text); err == nil {
		return policy.Member{MACs: []string{m.String()}}
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return policy.Member{Addresses: []netip.Addr{a}}
	}
	return policy.Member{Names: []string{text}}
}

func verifyMUD(data []byte, signature, roots string) (signer string, err error) {
	sig, err := os.ReadFile(signature)
	if err != nil {
		return "", ident.Errorf(ident.NotFound, "", "read the signature: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if roots != "" {
		var pem []byte
		pool = x509.NewCertPool()
		if pem, err = os.ReadFile(roots); err == nil && !pool.AppendCertsFromPEM(pem) {
			err = fmt.Errorf("%s has no certificate in PEM", roots)
		}
	}
	if err != nil {
		return "", ident.Errorf(ident.Invalid, "", "read the authorities: %w", err)
	}
	s, err := mud.Verify(data, sig, pool, time.Time{})
	if err != nil {
		return "", err
	}
	return s.Subject, nil
}

// SignMUD makes the detached signature of a usage description with a
// certificate, its chain behind it, and its key, in PEM.
func SignMUD(data []byte, certFile, keyFile string) ([]byte, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, ident.Errorf(ident.Invalid, "give PEM files with --cert and --sign-key", "read certificate and key: %w", err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, ident.Errorf(ident.Invalid, "", "the key of %s cannot sign", keyFile)
	}
	var chain []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, ident.Errorf(ident.Invalid, "", "read the certificate: %w", err)
		}
		chain = append(chain, c)
	}
	return mud.Sign(data, chain[0], key, chain[1:])
}
