package intel

import (
	"net/netip"
	"strings"
	"testing"
)

const list = `# a list
203.0.113.9
198.51.100.7:8080 # with a port
2001:db8::/32
10.20.0.0/16
evil.example.org
*.bad.example
0.0.0.0 hosts.example.net
http://load.example.com/bins/arm7
/gate.php
d41d8cd98f00b204e9800998ecf8427e
0.0.0.0/0
not an indicator
/a
`

func TestLoad(t *testing.T) {
	s := New()
	read, skipped, err := s.Load(strings.NewReader(list), "test")
	if err != nil || read != 10 || skipped != 3 || s.Len() != 10 {
		t.Fatalf("read %d, skipped %d, kept %d: %v", read, skipped, s.Len(), err)
	}
	for addr, want := range map[string]bool{
		"203.0.113.9:1": true, "203.0.113.8:1": false, "198.51.100.7:8080": true, "198.51.100.7:80": false, "[2001:db8:5::1]:1": true, "[2001:db9::1]:1": false, "10.20.3.4:1": true, "10.21.3.4:1": false,
	} {
		ap := netip.MustParseAddrPort(addr)
		if i, ok := s.Address(ap.Addr(), ap.Port()); ok != want || ok && (i.List != "test" || i.Value == "") {
			t.Errorf("%s: %v %v", addr, i, ok)
		}
	}
	for name, want := range map[string]bool{
		"evil.example.org": true, "www.EVIL.example.org.": true, "example.org": false, "notevil.example.org": false, "x.bad.example": true, "hosts.example.net": true, "": false,
	} {
		if _, ok := s.Name(name); ok != want {
			t.Errorf("%s: %v", name, ok)
		}
	}
	for url, want := range map[string]bool{"load.example.com /bins/arm7": true, "load.example.com /bins/arm6": false, "any.example /gate.php": true, "any.example /gate.php?id=1": true} {
		host, path, _ := strings.Cut(url, " ")
		if _, ok := s.URL(host, path); ok != want {
			t.Errorf("%s: %v", url, ok)
		}
	}
	if _, ok := s.Fingerprint("D41D8CD98F00B204E9800998ECF8427E"); !ok {
		t.Error("fingerprint")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(list)
	f.Add("::/0\n[::1]:80\nhttp://\n")
	f.Fuzz(func(_ *testing.T, text string) {
		s := New()
		_, _, _ = s.Load(strings.NewReader(text), "fuzz")
		s.Name(text)
		s.URL(text, text)
	})
}
