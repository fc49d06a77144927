package tls

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

// tape records what both sides of a connection write, in order.
type tape struct {
	mu    sync.Mutex
	turns []dialogue.Turn
}

// tapped is one side of a connection that a tape records.
type tapped struct {
	net.Conn
	dir  event.Dir
	tape *tape
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tape.mu.Lock()
	c.tape.turns = append(c.tape.turns, dialogue.Turn{Dir: c.dir, Data: append([]byte(nil), b...)})
	c.tape.mu.Unlock()
	return c.Conn.Write(b)
}

// connect gives both ends of a connection over the loopback interface.
func connect(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback interface: %v", err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// record runs a real handshake and an exchange of a few bytes, and gives what
// went over the wire. Errors are what some tests are after.
func record(t testing.TB, client, server *tls.Config) []dialogue.Turn {
	t.Helper()
	a, b := connect(t)
	tape := new(tape)
	deadline := time.Now().Add(10 * time.Second)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := tls.Server(&tapped{b, event.ToClient, tape}, server)
		defer b.Close()
		if s.Handshake() != nil {
			return
		}
		var buf [16]byte
		n, _ := io.ReadAtLeast(s, buf[:], 5)
		s.Write(buf[:n])
		s.Close()
	}()
	c := tls.Client(&tapped{a, event.ToServer, tape}, client)
	if c.Handshake() == nil {
		c.Write([]byte("hello"))
		io.ReadAll(c)
	}
	a.Close()
	<-done
	return tape.turns
}

func pair(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{issue(t, key, change)}, PrivateKey: key}
}

// play plays a conversation in whole writes and in single bytes and wants the
// same fact of both.
func play(t *testing.T, turns []dialogue.Turn) (*event.TLS, *proto.Conn) {
	t.Helper()
	var facts [2]*event.TLS
	var conns [2]*proto.Conn
	for i, how := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
		conns[i] = prototest.NewConn(6, 443)
		conns[i].Time = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		how(t, Protocol, conns[i], turns...)
		if got := dialogue.Facts[event.TLS](conns[i]); len(got) != 1 {
			t.Fatalf("%d facts, want 1", len(got))
		} else {
			facts[i] = got[0]
		}
	}
	if a, b := string(facts[0].AppendEVE(nil)), string(facts[1].AppendEVE(nil)); a != b || conns[0].Messages != conns[1].Messages {
		t.Errorf("facts depend on segmentation:\n%s %v\n%s %v", a, conns[0].Messages, b, conns[1].Messages)
	}
	return facts[0], conns[0]
}

func TestHandshakes(t *testing.T) {
	key := ecKey(t)
	rsa2048 := rsaKey(t, 2048)
	old := func(c *x509.Certificate) { c.NotAfter = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name    string
		version uint16
		cert    tls.Certificate
		suites  []uint16
		want    event.TLS // of what is compared below
	}{
		{"1.3", tls.VersionTLS13, pair(t, key, nil), nil,
			event.TLS{Version: "TLS 1.3", VersionNum: TLS13, Offered: TLS13, Cipher: "TLS_AES_128_GCM_SHA256"}},
		{"1.2", tls.VersionTLS12, pair(t, key, nil), []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
			event.TLS{Version: "TLS 1.2", VersionNum: TLS12, Offered: TLS12, Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Subject: "C=DE, O=Maker, CN=cam-17, serialNumber=S7", KeyBits: 256, SelfSigned: true}},
		{"1.1", tls.VersionTLS11, pair(t, rsa2048, nil), []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA},
			event.TLS{Version: "TLS 1.1", VersionNum: TLS11, Offered: TLS11, Cipher: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Subject: "C=DE, O=Maker, CN=cam-17, serialNumber=S7", KeyBits: 2048, SelfSigned: true, Weak: []string{"version"}}},
		{"1.0, RC4, small key, expired", tls.VersionTLS10, pair(t, rsaKey(t, 1024), old), []uint16{tls.TLS_RSA_WITH_RC4_128_SHA},
			event.TLS{Version: "TLSv1", VersionNum: TLS10, Offered: TLS10, Cipher: "TLS_RSA_WITH_RC4_128_SHA", Subject: "C=DE, O=Maker, CN=cam-17, serialNumber=S7", KeyBits: 1024, SelfSigned: true, Weak: []string{"version", "cipher", "key", "expired"}}},
		{"1.2, 3DES", tls.VersionTLS12, pair(t, rsa2048, nil), []uint16{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA},
			event.TLS{Version: "TLS 1.2", VersionNum: TLS12, Offered: TLS12, Cipher: "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", Subject: "C=DE, O=Maker, CN=cam-17, serialNumber=S7", KeyBits: 2048, SelfSigned: true, Weak: []string{"cipher"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			turns := record(t,
				&tls.Config{InsecureSkipVerify: true, ServerName: "device.example", MinVersion: tt.version, MaxVersion: tt.version, CipherSuites: tt.suites, NextProtos: []string{"mqtt", "x-amzn-mqtt-ca"}},
				&tls.Config{Certificates: []tls.Certificate{tt.cert}, MinVersion: tt.version, MaxVersion: tt.version, CipherSuites: tt.suites, NextProtos: []string{"mqtt"}, SessionTicketsDisabled: true})
			f, c := play(t, turns)
			if !f.Established || f.SNI != "device.example" || f.ServerALPN != "mqtt" && tt.version < tls.VersionTLS13 ||
				!slices.Equal(f.ALPN, []string{"mqtt", "x-amzn-mqtt-ca"}) || len(f.JA3) != 32 || len(f.JA3S) != 32 || len(f.JA4) != 36 {
				t.Errorf("got %+v", f)
			}
			got := event.TLS{Version: f.Version, VersionNum: f.VersionNum, Offered: f.Offered, Cipher: f.Cipher, Subject: f.Subject, KeyBits: f.KeyBits, SelfSigned: f.SelfSigned, Weak: f.Weak}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if tt.version < tls.VersionTLS13 {
				sum := sha256.Sum256(tt.cert.Certificate[0])
				if f.Fingerprint != hex.EncodeToString(sum[:]) || strings.Join(f.SANs, " ") != "cam.example *.cam.example 192.0.2.8" || f.Serial != "12:34:AB:CD" {
					t.Errorf("certificate: %+v", f)
				}
			} else if f.Fingerprint != "" {
				t.Error("TLS 1.3 hides certificates")
			}
			if c.Errors != 0 {
				t.Errorf("%d errors", c.Errors)
			}
		})
	}
}

func TestResumption(t *testing.T) {
	cert := pair(t, ecKey(t), nil)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{InsecureSkipVerify: true, ServerName: "d", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		server := &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}
		first, _ := play(t, record(t, client, server))
		second, _ := play(t, record(t, client, server))
		if first.Resumed || !second.Resumed || !second.Established || second.Subject != "" {
			t.Errorf("version %x: first %+v, second %+v", version, first, second)
		}
	}
}

func TestRetry(t *testing.T) {
	cert := pair(t, ecKey(t), nil)
	f, _ := play(t, record(t,
		&tls.Config{InsecureSkipVerify: true, ServerName: "d", CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}},
		&tls.Config{Certificates: []tls.Certificate{cert}, CurvePreferences: []tls.CurveID{tls.CurveP384}}))
	if !f.Established || f.Version != "TLS 1.3" {
		t.Errorf("got %+v", f)
	}
}

func TestClientCertificate(t *testing.T) {
	key := ecKey(t)
	cert := pair(t, key, nil)
	f, _ := play(t, record(t,
		&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		&tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}))
	if !strings.Contains(f.ClientCert, "CN=cam-17") || !f.Established {
		t.Errorf("got %+v", f)
	}
}

func TestRefusals(t *testing.T) {
	cert := pair(t, ecKey(t), nil)
	tests := []struct {
		name           string
		client, server *tls.Config
		want           string
	}{
		{"no common version", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}, "protocol_version"},
		{"untrusted, 1.2", &tls.Config{ServerName: "d", MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{cert}}, "bad_certificate"},
		{"untrusted, 1.3", &tls.Config{ServerName: "d"}, &tls.Config{Certificates: []tls.Certificate{cert}}, encryptedAlert},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := play(t, record(t, tt.client, tt.server))
			if f.Alert != tt.want || f.Established {
				t.Errorf("got alert %q, established %v; want %q", f.Alert, f.Established, tt.want)
			}
		})
	}
}

func TestOneSided(t *testing.T) {
	turns := record(t, &tls.Config{InsecureSkipVerify: true, ServerName: "d", MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{pair(t, ecKey(t), nil)}})
	for _, dir := range []event.Dir{event.ToServer, event.ToClient} {
		var half []dialogue.Turn
		for _, turn := range turns {
			if turn.Dir == dir {
				half = append(half, turn)
			}
		}
		f, _ := play(t, half)
		if f.Established || (f.SNI != "") != (dir == event.ToServer) || (f.Subject != "") != (dir == event.ToClient) {
			t.Errorf("%s only: %+v", dir, f)
		}
	}
}

func TestRecordsAreSkipped(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 443)
	wire := AppendRecord(nil, &RecordHeader{ApplicationData, TLS12, 1000})
	if n, err := p.Data(c, event.ToClient, append(wire, 1, 2, 3)); n != 1005 || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	if c.Messages != [2]uint32{0, 1} {
		t.Errorf("messages %v", c.Messages)
	}
	p.End(c)
	if len(dialogue.Facts[event.TLS](c)) != 0 {
		t.Error("a fact of a handshake that was not seen")
	}
}

func TestSSLv2(t *testing.T) {
	f, c := play(t, []dialogue.Turn{
		dialogue.C(sslv2Hello(SSL20)),
		dialogue.S("\x80\x12\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x00\x01\x00\x80abcd"),
		dialogue.C("whatever follows"),
	})
	if f.Version != "SSLv2" || f.Offered != SSL20 || !slices.Contains(f.Weak, "version") || f.JA3 != "" || c.Errors != 0 {
		t.Errorf("got %+v, %d errors", f, c.Errors)
	}
	hello := append(append(numbers(SSL30), make([]byte, 32)...), 0, 0, 5, 0)
	message := append([]byte{2, 0, 0, byte(len(hello))}, hello...)
	f, _ = play(t, []dialogue.Turn{
		dialogue.C(sslv2Hello(TLS10)),
		dialogue.S(append(AppendRecord(nil, &RecordHeader{Handshake, SSL30, len(message)}), message...)),
	})
	if f.Version != "SSLv3" || f.Offered != TLS10 || f.Cipher != "TLS_RSA_WITH_RC4_128_SHA" {
		t.Errorf("got %+v", f)
	}
}

func TestGap(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 443)
	record := append(AppendRecord(nil, &RecordHeader{ApplicationData, TLS12, 3}), "abc"...)
	prototest.Feed(p, c, event.ToClient, record, 0)
	p.Gap(c, event.ToClient, 100)
	prototest.Feed(p, c, event.ToClient, []byte("the middle of a record"), 0)
	prototest.Feed(p, c, event.ToClient, record, 0)
	if c.Messages != [2]uint32{0, 2} || c.Errors != 0 {
		t.Errorf("messages %v, %d errors", c.Messages, c.Errors)
	}
}

func TestFaults(t *testing.T) {
	hello := sample()
	body := AppendClientHello(nil, &hello, false)
	wrap := func(m MessageType, body []byte) []byte {
		b := append([]byte{byte(m), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
		return append(AppendRecord(nil, &RecordHeader{Handshake, TLS12, len(b)}), b...)
	}
	tests := []struct {
		name string
		turn dialogue.Turn
		want string
	}{
		{"no record", dialogue.S("SSH-2.0-x\r\n"), "record_header_invalid"},
		{"hello", dialogue.C(wrap(ClientHelloType, body[:60])), "client_hello_invalid"},
		{"server hello", dialogue.S(wrap(ServerHelloType, body[:20])), "server_hello_invalid"},
		{"message", dialogue.S(wrap(99, body[:20])), "handshake_type_unknown"},
		{"alert", dialogue.S(append(AppendRecord(nil, &RecordHeader{Alert, TLS12, 2}), 9, 9)), "alert_invalid"},
		{"certificate", dialogue.S(wrap(CertificateType, []byte{0, 0, 9, 0, 0, 9})), "certificate_message_invalid"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 443)
		dialogue.Play(t, Protocol, c, tt.turn)
		if facts := dialogue.Facts[event.Anomaly](c); len(facts) != 1 || facts[0].Event != tt.want {
			t.Errorf("%s: got %+v, want %s", tt.name, facts, tt.want)
		}
	}
	c := prototest.NewConn(6, 443)
	p := Protocol.New()
	for range 100 {
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, append(AppendRecord(nil, &RecordHeader{Alert, TLS12, 1}), 1, 0), 0)
	}
	if n := len(dialogue.Facts[event.Anomaly](c)); n != maxAnomalies {
		t.Errorf("%d anomalies of one flow, want %d", n, maxAnomalies)
	}
}

func TestProbe(t *testing.T) {
	hello := sample()
	body := AppendClientHello(nil, &hello, false)
	client := append(AppendRecord(nil, &RecordHeader{Handshake, TLS10, len(body) + 4}), 1, 0, byte(len(body)>>8), byte(len(body)))
	client = append(client, body...)
	tests := []struct {
		name string
		turn dialogue.Turn
		want proto.Match
	}{
		{"client hello", dialogue.C(client), proto.Yes},
		{"eleven bytes of it", dialogue.C(client[:11]), proto.Yes},
		{"six bytes of it", dialogue.C(client[:6]), proto.More},
		{"client hello from the server", dialogue.S(client), proto.No},
		{"ssl 2.0 hello", dialogue.C(sslv2Hello(TLS10)), proto.Yes},
		{"http", dialogue.C("GET / HTTP/1.1\r\n"), proto.No},
		{"application data", dialogue.C("\x17\x03\x03\x00\x05hello"), proto.No},
		{"zeros", dialogue.C(make([]byte, 40)), proto.No},
		{"smb", dialogue.C("\x00\x00\x00\x54\xffSMB"), proto.No},
		{"dns over tcp", dialogue.C("\x00\x1d\x01\x02\x01\x00\x00\x01"), proto.No},
	}
	for _, tt := range tests {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 443), tt.turn); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	c := prototest.NewConn(6, 443)
	c.Midstream = true
	if got := dialogue.Recognise(Protocol, c, dialogue.S("\x17\x03\x03\x00\x02xx\x17\x03\x03\x00\x02")); got != proto.Yes {
		t.Errorf("in the middle: got %d", got)
	}
}

func FuzzConversation(f *testing.F) {
	cert := pair(f, ecKey(f), nil)
	var seeds [][]byte
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		seeds = append(seeds, dialogue.Seed(record(f, &tls.Config{InsecureSkipVerify: true, ServerName: "d", MaxVersion: version},
			&tls.Config{Certificates: []tls.Certificate{cert}})...))
	}
	seeds = append(seeds, dialogue.Seed(dialogue.C(sslv2Hello(SSL20)), dialogue.S("\x80\x12\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00")))
	dialogue.Fuzz(f, Protocol, 6, 443, seeds...)
}

func BenchmarkHandshake(b *testing.B) {
	turns := record(b, &tls.Config{InsecureSkipVerify: true, ServerName: "d", MaxVersion: tls.VersionTLS12},
		&tls.Config{Certificates: []tls.Certificate{pair(b, ecKey(b), nil)}})
	p, c := Protocol.New(), prototest.NewConn(6, 443)
	b.ReportAllocs()
	for b.Loop() {
		for _, turn := range turns {
			prototest.Feed(p, c, turn.Dir, turn.Data, 0)
		}
		p.End(c)
		p.Reset()
		c.Env.Out.Reset()
	}
}
