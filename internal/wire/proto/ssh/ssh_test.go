package ssh

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDecodeBanner(t *testing.T) {
	tests := []struct {
		name, in, proto, software string
		n                         int
		err                       error
	}{
		{"plain", "SSH-2.0-dropbear_2019.78\r\nrest", "2.0", "dropbear_2019.78", 26, nil},
		{"comment", "SSH-2.0-OpenSSH_9.2p1 Debian-2\n", "2.0", "OpenSSH_9.2p1 Debian-2", 31, nil},
		{"lines before", "Welcome\r\nNo guests\r\nSSH-1.99-x\r\n", "1.99", "x", 32, nil},
		{"version 1", "SSH-1.5-old\n", "1.5", "old", 12, nil},
		{"cut", "SSH-2.0-Open", "", "", 0, ErrShort},
		{"cut before", "Welcome\r\n", "", "", 0, ErrShort},
		{"too long", "SSH-2.0-" + strings.Repeat("x", MaxBanner), "", "", 0, ErrBanner},
		{"endless lines before", strings.Repeat("a line\r\n", 600), "", "", 0, ErrBanner},
		{"no version", "SSH-\r\n", "", "", 0, ErrBanner},
		{"binary", "SSH-2.0-\x01\r\n", "", "", 0, ErrBanner},
	}
	for _, tt := range tests {
		var b Banner
		n, err := DecodeBanner(&b, []byte(tt.in))
		if !errors.Is(err, tt.err) || err == nil && (n != tt.n || string(b.Proto) != tt.proto || string(b.Software) != tt.software) {
			t.Errorf("%s: got %q %q, %d, %v", tt.name, b.Proto, b.Software, n, err)
		}
	}
}

// algorithms is what a side offers.
type algorithms struct{ kex, cipher, mac, compression string }

func (a algorithms) message() []byte {
	k := KexInit{Cookie: make([]byte, 16)}
	k.Lists[KexAlgorithms], k.Lists[HostKeyAlgorithms] = []byte(a.kex), []byte("ssh-ed25519")
	for _, i := range []int{CiphersC2S, CiphersS2C} {
		k.Lists[i] = []byte(a.cipher)
	}
	for _, i := range []int{MACsC2S, MACsS2C} {
		k.Lists[i] = []byte(a.mac)
	}
	for _, i := range []int{CompressionC2S, CompressionS2C} {
		k.Lists[i] = []byte(a.compression)
	}
	return AppendPacket(nil, AppendKexInit(nil, &k))
}

func str(s string) string { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }

// script makes a connection up to NEWKEYS and remembers how packets look after.
type script struct {
	turns  []dialogue.Turn
	sealed sealing
}

func open(client, server algorithms, software string) *script {
	c, v := lists{}, lists{}
	for l, a := range map[*lists]algorithms{&c: client, &v: server} {
		var p Packet
		var k KexInit
		DecodePacket(&p, a.message())
		DecodeKexInit(&k, p.Payload)
		l.keep(&k)
	}
	s := &script{sealed: agree(&c, &v, CiphersC2S, MACsC2S, CompressionC2S)}
	if !s.sealed.known {
		s.sealed = sealing{known: true, block: 8, tag: 16}
	}
	hostKey := str(str("ssh-ed25519") + str(strings.Repeat("k", 32)))
	newKeys := string(AppendPacket(nil, []byte{msgNewKeys}))
	s.turns = []dialogue.Turn{
		dialogue.S("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
		dialogue.C("SSH-2.0-" + software + "\r\n"),
		dialogue.C(client.message()), dialogue.S(server.message()),
		dialogue.C(AppendPacket(nil, append([]byte{30}, str(strings.Repeat("q", 32))...))),
		dialogue.S(string(AppendPacket(nil, []byte("\x1f"+hostKey+str("f")+str("signature")))) + newKeys + string(s.packet(150))),
		dialogue.C(newKeys),
	}
	s.client(acceptLen)
	s.server(acceptLen)
	return s
}

// packet makes an encrypted packet with a message of n bytes.
func (s *script) packet(n int) []byte {
	b := make([]byte, s.sealed.wire(n))
	if s.sealed.clear {
		binary.BigEndian.PutUint32(b, uint32(len(b)-4-s.sealed.tag))
	}
	return b
}

func (s *script) client(n int) { s.turns = append(s.turns, dialogue.C(s.packet(n))) }
func (s *script) server(n int) { s.turns = append(s.turns, dialogue.S(s.packet(n))) }

// The lengths of messages in scripts.
const (
	failureLen = 1 + 4 + len("publickey,password") + 1
	noneLen    = 31 + len("root")
	guessLen   = 40 + len("root") + len("secret")
	bannerLen  = 300
)

func (s *script) play(t *testing.T) (*event.SSH, string, *proto.Conn) {
	t.Helper()
	c := prototest.NewConn(6, 22)
	dialogue.Play(t, Protocol, c, s.turns...)
	facts := dialogue.Facts[event.SSH](c)
	if len(facts) != 1 {
		t.Fatalf("%d facts, want 1", len(facts))
	}
	var outcomes []string
	for _, l := range dialogue.Facts[event.Login](c) {
		outcomes = append(outcomes, l.Outcome)
	}
	return facts[0], strings.Join(outcomes, " "), c
}

var modern = algorithms{"curve25519-sha256,ext-info-c", "chacha20-poly1305@openssh.com,aes128-ctr", "umac-64-etm@openssh.com,hmac-sha2-256", "none,zlib@openssh.com"}

func TestOpening(t *testing.T) {
	s := open(modern, modern, "Go")
	f, _, c := s.play(t)
	text := modern.kex + ";" + modern.cipher + ";" + modern.mac + ";" + modern.compression
	sum := md5.Sum([]byte(text))
	key := sha256.Sum256([]byte(str("ssh-ed25519") + str(strings.Repeat("k", 32))))
	want := event.SSH{
		ClientProto: "2.0", ClientBanner: "Go", ServerProto: "2.0", ServerBanner: "OpenSSH_9.2p1 Debian-2",
		HASSH: hex.EncodeToString(sum[:]), HASSHServer: hex.EncodeToString(sum[:]), ServerHostKey: hex.EncodeToString(key[:]), Auth: "unknown",
	}
	if *f != want {
		t.Errorf("got  %+v\nwant %+v", *f, want)
	}
	ids := dialogue.Facts[event.Identity](c)
	if len(ids) != 2 || ids[0].Banner != "SSH-2.0-OpenSSH_9.2p1 Debian-2" || c.Errors != 0 {
		t.Errorf("identities %+v, %d errors", ids, c.Errors)
	}
}

func TestAuthentication(t *testing.T) {
	suites := map[string]algorithms{
		"chacha20": modern,
		"ctr":      {"curve25519-sha256", "aes128-ctr", "hmac-sha1", "none"},
		"ctr etm":  {"curve25519-sha256", "aes256-ctr", "hmac-sha2-256-etm@openssh.com", "none"},
		"gcm":      {"curve25519-sha256", "aes256-gcm@openssh.com", "hmac-sha1", "none"},
		"cbc":      {"diffie-hellman-group1-sha1", "3des-cbc", "hmac-md5", "none"},
	}
	tests := []struct {
		name, software string
		say            func(*script)
		auth, logins   string
	}{
		{"guessing", "libssh_0.9.6", func(s *script) {
			s.client(noneLen)
			s.server(failureLen)
			for range 3 {
				s.client(guessLen)
				s.server(failureLen)
			}
		}, "failure", "failure failure failure"},
		{"guessed", "Go", func(s *script) {
			s.client(noneLen)
			s.server(failureLen)
			s.client(guessLen)
			s.server(failureLen)
			s.client(guessLen)
			s.server(successLen)
			s.client(200)
			s.server(failureLen)
		}, "success", "failure success"},
		{"password at once", "paramiko_2.11.0", func(s *script) {
			s.client(guessLen)
			s.server(failureLen)
			s.client(guessLen)
			s.server(failureLen)
		}, "failure", "failure failure"},
		{"no password needed", "OpenSSH_9.2", func(s *script) {
			s.client(noneLen)
			s.server(successLen)
		}, "success", "success"},
		{"banner before the answer", "OpenSSH_9.2", func(s *script) {
			s.client(noneLen)
			s.server(bannerLen)
			s.server(failureLen)
			s.client(guessLen)
			s.server(failureLen)
		}, "failure", "failure"},
		{"key", "OpenSSH_9.2", func(s *script) {
			s.client(noneLen)
			s.server(failureLen)
			s.client(400)
			s.server(350) // the key would do
			s.client(700)
			s.server(successLen)
		}, "success", "success"},
		{"hung up", "OpenSSH_9.2", func(s *script) {
			s.client(noneLen)
			s.server(failureLen)
			s.client(guessLen)
		}, "unknown", ""},
	}
	for suite, a := range suites {
		for _, tt := range tests {
			t.Run(suite+"/"+tt.name, func(t *testing.T) {
				s := open(a, a, tt.software)
				tt.say(s)
				f, logins, _ := s.play(t)
				if f.Auth != tt.auth || logins != tt.logins || int(f.Attempts) != len(strings.Fields(tt.logins)) {
					t.Errorf("got %s, logins %q, %d attempts; want %s, %q", f.Auth, logins, f.Attempts, tt.auth, tt.logins)
				}
			})
		}
	}
}

func TestLengthsThatTellNothing(t *testing.T) {
	for _, a := range []algorithms{
		{"curve25519-sha256", "aes128-ctr", "hmac-sha1", "zlib"},
		{"curve25519-sha256", "unheard-of", "hmac-sha1", "none"},
	} {
		s := open(a, a, "x")
		s.client(noneLen)
		s.server(successLen)
		if f, logins, _ := s.play(t); f.Auth != "unknown" || logins != "" {
			t.Errorf("%s: got %s, %q", a.cipher, f.Auth, logins)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct{ client, server, want string }{
		{"a,b,c", "c,b", "b"}, {"a", "b", ""}, {"", "a", ""}, {"ab", "a,abc", ""}, {"a,,b", "b", "b"},
	} {
		if got := choose([]byte(tt.client), []byte(tt.server)); got != tt.want {
			t.Errorf("%q and %q: %q, want %q", tt.client, tt.server, got, tt.want)
		}
	}
}

// TestWire uses lengths seen between real implementations.
func TestWire(t *testing.T) {
	for _, tt := range []struct {
		cipher, mac     string
		accept, success int
	}{
		{"chacha20-poly1305@openssh.com", "", 44, 28},
		{"aes128-ctr", "hmac-sha1", 52, 36},
		{"aes128-ctr", "hmac-md5", 48, 32},
		{"aes256-gcm@openssh.com", "", 52, 36},
		{"3des-cbc", "hmac-sha1", 52, 36},
	} {
		s := sealingOf(tt.cipher, tt.mac, "none")
		if !s.known || s.wire(acceptLen) != tt.accept || s.wire(successLen) != tt.success {
			t.Errorf("%s %s: %d and %d, want %d and %d", tt.cipher, tt.mac, s.wire(acceptLen), s.wire(successLen), tt.accept, tt.success)
		}
	}
}

func TestBannerOnly(t *testing.T) {
	c := prototest.NewConn(6, 22)
	dialogue.PlayBytes(t, Protocol, c, dialogue.S("SSH-2.0-ROSSSH\r\n"))
	facts := dialogue.Facts[event.SSH](c)
	if len(facts) != 1 || facts[0].ServerBanner != "ROSSSH" || facts[0].Auth != "" {
		t.Errorf("got %+v", facts)
	}
}

func TestGroupExchange(t *testing.T) {
	group := append([]byte{31}, str("\x00"+strings.Repeat("p", 256))+str("\x02")...)
	if hostKey(group) != nil {
		t.Error("a group was taken for a host key")
	}
	if key := hostKey(append([]byte{33}, str(str("ssh-rsa")+str("e")+str("n"))...)); !bytes.HasPrefix(key, []byte("\x00\x00\x00\x07ssh-rsa")) {
		t.Errorf("host key %q", key)
	}
}

func TestFaults(t *testing.T) {
	greet := []dialogue.Turn{dialogue.C("SSH-2.0-a\r\n"), dialogue.S("SSH-2.0-b\r\n")}
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"identification", []dialogue.Turn{dialogue.C("SSH-9.9-x\r\n")}, "identification_invalid"},
		{"packet", append(greet, dialogue.S("\xff\xff\xff\xff\x04junk")), "packet_length_invalid"},
		{"kexinit", append(greet, dialogue.S(AppendPacket(nil, []byte{msgKexInit, 1, 2, 3}))), "kexinit_invalid"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 22)
		dialogue.Play(t, Protocol, c, tt.turns...)
		if facts := dialogue.Facts[event.Anomaly](c); len(facts) != 1 || facts[0].Event != tt.want {
			t.Errorf("%s: got %+v", tt.name, facts)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		turn dialogue.Turn
		want proto.Match
	}{
		{dialogue.S("SSH-2.0-x\r\n"), proto.Yes}, {dialogue.C("SSH-1.5-x\n"), proto.Yes}, {dialogue.S("SS"), proto.More},
		{dialogue.S("SSH-2.0-Open"), proto.More}, {dialogue.S("220 ftp\r\n"), proto.No}, {dialogue.C("SSH is nice\r\n"), proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 22), tt.turn); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.turn.Data, got, tt.want)
		}
	}
}

func FuzzCodec(f *testing.F) {
	f.Add([]byte("hello\r\nSSH-2.0-OpenSSH_9.2p1 Debian\r\n"))
	f.Add(modern.message())
	f.Fuzz(func(t *testing.T, b []byte) {
		var banner, again Banner
		if n, err := DecodeBanner(&banner, b); err == nil {
			if n > len(b) {
				t.Fatalf("%d of %d bytes", n, len(b))
			}
			wire := AppendBanner(nil, &banner)
			if _, err := DecodeBanner(&again, wire); err == nil && fmt.Sprint(again) != fmt.Sprint(banner) {
				t.Fatalf("%q became %q", banner.Line, again.Line)
			}
		}
		var p Packet
		n, err := DecodePacket(&p, b)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		hostKey(p.Payload)
		var k KexInit
		if DecodeKexInit(&k, p.Payload) != nil {
			return
		}
		k.HASSH()
		k.HASSHServer()
		wire := AppendKexInit(nil, &k)
		var second KexInit
		if err := DecodeKexInit(&second, wire); err != nil || !bytes.Equal(AppendKexInit(nil, &second), wire) {
			t.Fatalf("%x: %v", wire, err)
		}
	})
}

func FuzzConversation(f *testing.F) {
	gcm := algorithms{"curve25519-sha256", "aes256-gcm@openssh.com", "hmac-sha1", "none"}
	for _, a := range []algorithms{modern, gcm} {
		s := open(a, a, "Go")
		s.client(noneLen)
		s.server(failureLen)
		s.client(guessLen)
		s.server(successLen)
		f.Add(dialogue.Seed(s.turns...))
	}
	dialogue.Fuzz(f, Protocol, 6, 22)
}
