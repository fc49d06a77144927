package ntlm

import (
	"encoding/binary"
	"testing"

	"edgeward/internal/wire/proto/utf16le"
)

// authenticate makes an Authenticate message.
func authenticate(flags uint32, response int, domain, user, host string) []byte {
	b := append([]byte("NTLMSSP\x00\x03\x00\x00\x00"), make([]byte, 60)...)
	put := func(at int, v []byte) {
		binary.LittleEndian.PutUint16(b[at:], uint16(len(v)))
		binary.LittleEndian.PutUint16(b[at+2:], uint16(len(v)))
		binary.LittleEndian.PutUint32(b[at+4:], uint32(len(b)))
		b = append(b, v...)
	}
	text := func(s string) []byte {
		if flags&flagUnicode != 0 {
			return utf16le.Encode(nil, s)
		}
		return []byte(s)
	}
	binary.LittleEndian.PutUint32(b[60:], flags)
	copy(b[64:], []byte{10, 0, 0x63, 0x45, 0, 0, 0, 15})
	put(20, make([]byte, response))
	put(28, text(domain))
	put(36, text(user))
	put(44, text(host))
	return b
}

func TestAuthenticate(t *testing.T) {
	for _, flags := range []uint32{flagUnicode | flagVersion, 0} {
		blob := append([]byte("\xa1\x81 spnego"), authenticate(flags, 200, "CORP", "jane", "PC-7")...)
		var m Message
		if err := Decode(&m, Find(blob)); err != nil {
			t.Fatal(err)
		}
		text := func(b []byte) string { return string(m.AppendText(nil, b, 64)) }
		if m.Type != Authenticate || text(m.Domain) != "CORP" || text(m.User) != "jane" || text(m.Workstation) != "PC-7" || m.Response != 200 || m.Anonymous() {
			t.Errorf("%+v", m)
		}
		if want := map[bool]string{true: "Windows 10 or Server 2019", false: ""}[flags != 0]; m.System() != want {
			t.Errorf("system %q, want %q", m.System(), want)
		}
		if got := string(m.AppendText(nil, m.Domain, 2)); got != "CO" {
			t.Errorf("cut to %q", got)
		}
	}
}

func TestChallenge(t *testing.T) {
	b := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), make([]byte, 44)...)
	binary.LittleEndian.PutUint32(b[20:], flagUnicode|flagVersion)
	copy(b[48:], []byte{6, 1, 0xb1, 0x1d, 0, 0, 0, 15})
	info := []byte{}
	for id, name := range []string{1: "FILES", 2: "CORP", 3: "files.corp.test", 4: "corp.test"} {
		if id > 0 {
			v := utf16le.Encode(nil, name)
			info = append(info, byte(id), 0, byte(len(v)), 0)
			info = append(info, v...)
		}
	}
	info = append(info, 0, 0, 0, 0)
	binary.LittleEndian.PutUint16(b[40:], uint16(len(info)))
	binary.LittleEndian.PutUint32(b[44:], uint32(len(b)))
	b = append(b, info...)
	var m Message
	if err := Decode(&m, b); err != nil {
		t.Fatal(err)
	}
	if got := string(utf16le.Append(nil, m.DNSComputer, 64)); got != "files.corp.test" || m.System() != "Windows 7 or Server 2008 R2" {
		t.Errorf("%q, %q", got, m.System())
	}
}

func TestBad(t *testing.T) {
	var m Message
	for _, b := range [][]byte{nil, []byte("NTLMSSP\x00"), []byte("NTLMSSP\x00\x09\x00\x00\x00\x00\x00\x00\x00"), []byte("NTLMSSP\x00\x03\x00\x00\x00\x00\x00\x00\x00")} {
		if err := Decode(&m, b); err != ErrSyntax {
			t.Errorf("%x: %v", b, err)
		}
	}
	b := authenticate(flagUnicode, 24, "A", "B", "C")
	binary.LittleEndian.PutUint32(b[40:], 1<<31) // the user lies outside
	if err := Decode(&m, b); err != nil || m.User != nil {
		t.Errorf("%v, %x", err, m.User)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(authenticate(flagUnicode|flagVersion, 24, "A", "B", "C"))
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var m Message
		if Decode(&m, Find(b)) == nil {
			m.AppendText(nil, m.User, 64)
			m.System()
		}
	})
}
