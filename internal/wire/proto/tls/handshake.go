package tls

import (
	"crypto/md5"
	"crypto/sha256"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// The limits of one handshake.
const (
	maxMessage     = 16 << 10 // of a handshake message what is kept; the leaf comes first in a chain
	maxCertificate = 8 << 10
	maxServerName  = 255
	maxALPN        = 255
	maxNames       = 32 // alternative names, client ALPNs
	maxKept        = 8 << 10
)

// handshake is what was seen of one handshake. It is lent from a pool from the
// first message until the fact is made, so that long connections cost little.
type handshake struct {
	client, server   bool // hello messages seen
	sslv2            bool
	offered          uint16
	version, cipher  uint16
	ja3, ja3s        [md5.Size]byte
	ja4              [JA4Len]byte
	serverName, alpn []byte
	serverALPN       []byte
	session          []byte // the client's session id
	resumed          bool
	leaf, clientLeaf []byte // certificates
	alert            string
	partial          [2]partial
}

// partial is a handshake message of which the end is yet to come.
type partial struct {
	buf  []byte // with the message header
	skip int    // bytes still to come that are not kept
}

var handshakes = sync.Pool{New: func() any { return new(handshake) }}

func newHandshake() *handshake { return handshakes.Get().(*handshake) }

func (h *handshake) release() {
	keep := func(b []byte) []byte {
		if cap(b) > maxKept {
			return nil
		}
		return b[:0]
	}
	*h = handshake{
		serverName: h.serverName[:0], alpn: h.alpn[:0], serverALPN: h.serverALPN[:0], session: h.session[:0],
		leaf: keep(h.leaf), clientLeaf: keep(h.clientLeaf),
		partial: [2]partial{{buf: keep(h.partial[0].buf)}, {buf: keep(h.partial[1].buf)}},
	}
	handshakes.Put(h)
}

// take notes what a handshake message says. An error means that the message
// breaks the standard.
func (h *handshake) take(dir event.Dir, m MessageType, body []byte, over Transport) error {
	switch {
	case m == ClientHelloType && dir == event.ToServer:
		return h.clientHello(body, over)
	case m == ServerHelloType && dir == event.ToClient:
		return h.serverHello(body)
	case m == CertificateType:
		return h.certificate(dir, body)
	}
	return nil
}

func (h *handshake) clientHello(body []byte, over Transport) error {
	var hello ClientHello
	if err := DecodeClientHello(&hello, body, over == OverDTLS); err != nil {
		return err
	}
	if h.client { // after a retry or a cookie: the same again
		return nil
	}
	h.client = true
	h.offered = hello.Offered()
	h.ja3 = hello.JA3()
	hello.AppendJA4(h.ja4[:0], over)
	h.serverName = append(h.serverName, hello.ServerName[:min(len(hello.ServerName), maxServerName)]...)
	h.alpn = append(h.alpn, hello.ALPN[:min(len(hello.ALPN), maxALPN)]...)
	h.session = append(h.session, hello.SessionID...)
	return nil
}

func (h *handshake) serverHello(body []byte) error {
	var hello ServerHello
	if err := DecodeServerHello(&hello, body); err != nil {
		return err
	}
	h.version, h.cipher = hello.Version, hello.Cipher
	if hello.Retry {
		return nil
	}
	h.server = true
	h.ja3s = hello.JA3S()
	h.serverALPN = append(h.serverALPN[:0], hello.ALPN...)
	h.resumed = hello.Resumes
	if hello.Version < TLS13 && len(hello.SessionID) > 0 { // newer servers echo what means nothing
		h.resumed = string(hello.SessionID) == string(h.session)
	}
	return nil
}

// certificate keeps the first certificate of a chain (RFC 5246 section 7.4.2).
// The message may be cut behind it.
func (h *handshake) certificate(dir event.Dir, body []byte) error {
	r := reader{b: body}
	if r.uint24() == 0 {
		return nil
	}
	leaf := r.vector24()
	if r.bad {
		return ErrLength
	}
	if len(leaf) > maxCertificate {
		return nil
	}
	if dir == event.ToServer {
		h.clientLeaf = append(h.clientLeaf[:0], leaf...)
	} else {
		h.leaf = append(h.leaf[:0], leaf...)
	}
	return nil
}

// seen reports whether there is anything to tell.
func (h *handshake) seen() bool { return h.client || h.server || len(h.leaf) > 0 || h.sslv2 }

// report makes the fact of the handshake, and an identity of what the server's
// certificate says.
func (h *handshake) report(c *proto.Conn, over Transport, established bool) {
	f := proto.Emit[event.TLS](c, event.ToServer)
	f.DTLS = over == OverDTLS
	f.Established = established
	f.Alert = h.alert
	f.Offered = h.offered
	if h.client && !h.sslv2 {
		f.SNI = identity.Text(c, h.serverName)
		f.JA3 = c.Hex(h.ja3[:])
		f.JA4 = c.String(h.ja4[:])
		for name, rest := NextALPN(h.alpn); name != nil && len(f.ALPN) < maxNames; name, rest = NextALPN(rest) {
			f.ALPN = append(f.ALPN, identity.Text(c, name))
		}
	}
	if h.server {
		f.VersionNum, f.Version = h.version, VersionName(h.version)
		f.CipherNum, f.Cipher = h.cipher, CipherName(h.cipher)
		if h.version != SSL20 {
			f.JA3S = c.Hex(h.ja3s[:])
		}
		f.ServerALPN = identity.Text(c, h.serverALPN)
		f.Resumed = h.resumed && len(h.leaf) == 0
		if outdated(h.version) {
			f.Weak = append(f.Weak, "version")
		}
		if WeakCipher(h.cipher) {
			f.Weak = append(f.Weak, "cipher")
		}
	}
	h.describe(c, f)
	if f.Subject != "" {
		identity.Tell(c, event.ToClient, &event.Identity{Source: "tls.certificate", Banner: f.Subject})
	}
}

// describe writes what the certificates say.
func (h *handshake) describe(c *proto.Conn, f *event.TLS) {
	var cert Certificate
	var text [maxName + 160]byte
	if len(h.clientLeaf) > 0 {
		if _, err := DecodeCertificate(&cert, h.clientLeaf); err == nil {
			f.ClientCert = c.String(AppendName(text[:0], cert.Subject))
		}
	}
	if len(h.leaf) == 0 {
		return
	}
	sum := sha256.Sum256(h.leaf)
	f.Fingerprint = c.Hex(sum[:])
	if _, err := DecodeCertificate(&cert, h.leaf); err != nil {
		return
	}
	f.Subject = c.String(AppendName(text[:0], cert.Subject))
	f.Issuer = c.String(AppendName(text[:0], cert.Issuer))
	f.Serial = c.String(appendSerial(text[:0], cert.Serial))
	f.NotBefore, f.NotAfter = cert.NotBefore, cert.NotAfter
	f.KeyBits = uint16(min(cert.KeyBits, 65535))
	f.SelfSigned = cert.SelfSigned()
	sum = sha256.Sum256(cert.PublicKey)
	f.PublicKey = c.Hex(sum[:])
	for list := cert.AltNames; list != nil && len(f.SANs) < maxNames; {
		var name []byte
		if name, list = AppendAltName(text[:0], list); len(name) > 0 {
			f.SANs = append(f.SANs, c.String(name))
		}
	}
	if cert.KeyBits > 0 && (cert.RSA && cert.KeyBits < 2048 || cert.KeyBits < 224) {
		f.Weak = append(f.Weak, "key")
	}
	if cert.NotAfter != 0 && cert.NotAfter < c.Time {
		f.Weak = append(f.Weak, "expired")
	}
	if cert.WeakHash {
		f.Weak = append(f.Weak, "signature")
	}
}

// appendSerial writes a serial number as hexadecimal pairs with colons, at
// most 32 of them.
func appendSerial(dst, serial []byte) []byte {
	const digits = "0123456789ABCDEF"
	for i, b := range serial[:min(len(serial), 32)] {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}
