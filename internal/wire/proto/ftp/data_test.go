package ftp

import (
	"net/netip"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

// TestDataConnection wants a file to be told with its bytes, those that were
// not seen counted, and a listing not to be told.
func TestDataConnection(t *testing.T) {
	for _, tt := range []struct {
		name, note, want string
		magic            string
	}{
		{"fetched, passive", (&transfer{name: "a"}).note(), "file:a:30:to_client", "elf-arm"},
		{"stored, passive", (&transfer{stored: true, name: "b"}).note(), "file:b:2:to_server", "unknown"},
		{"fetched, active", (&transfer{active: true, name: "c"}).note(), "file:c:2:to_client", "unknown"},
		{"stored, active", (&transfer{active: true, stored: true}).note(), "file::30:to_server", "elf-arm"},
		{"listing", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := prototest.NewConn(6, 50000)
			c.Note = tt.note
			p := DataProtocol.New()
			p.Data(c, event.ToServer, []byte{0xff, 0xfe})
			p.Data(c, event.ToClient, []byte("\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00"))
			p.Gap(c, event.ToClient, 7)
			p.Data(c, event.ToClient, []byte("end"))
			p.End(c)
			if got := summary(c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, f := range dialogue.Facts[event.FileInfo](c) {
				if f.Magic != tt.magic {
					t.Errorf("magic %q, want %q", f.Magic, tt.magic)
				}
			}
		})
	}
}

// TestAnnouncement wants the data connection to be announced between the two
// hosts of the control connection only, whatever address a message names.
func TestAnnouncement(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name   string
		turns  []dialogue.Turn
		port   uint16
		active bool
		note   string
	}{
		{"passive", []dialogue.Turn{C("PASV\r\n"), S("227 ok (203,0,113,9,195,80)\r\n"), C("RETR x\r\n")}, 50000, false, "pfx"},
		{"extended passive", []dialogue.Turn{C("EPSV\r\n"), S("229 ok (|||50001|)\r\n"), C("STOR y\r\n")}, 50001, false, "psy"},
		{"active", []dialogue.Turn{C("PORT 203,0,113,9,195,80\r\n"), S("200 ok\r\n"), C("APPE z\r\n")}, 50000, true, "asz"},
		{"extended active", []dialogue.Turn{C("EPRT |1|203.0.113.9|50002|\r\n"), S("200 ok\r\n"), C("MLSD\r\n")}, 50002, true, ""},
		{"refused", []dialogue.Turn{C("PASV\r\n"), S("500 no\r\n"), C("RETR x\r\n")}, 0, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := prototest.NewConn(6, 21)
			var port uint16
			var note string
			want := [2]netip.Addr{c.Client, c.Server}
			if tt.active {
				want[0], want[1] = want[1], want[0]
			}
			c.Env.Announce = func(client, server netip.Addr, p uint16, id event.Proto, n string) {
				if client != want[0] || server != want[1] || id != event.ProtoFTPData {
					t.Errorf("announced %s from %s to %s", id, client, server)
				}
				port, note = p, n
			}
			dialogue.Play(t, Protocol, c, tt.turns...)
			if port != tt.port || note != tt.note {
				t.Errorf("announced port %d, %q, want %d, %q", port, note, tt.port, tt.note)
			}
		})
	}
}

func TestAnnounces(t *testing.T) {
	for in, want := range map[string]bool{
		"RETR a\r\n": true, "list\r\n": true, "226 done\r\n": true, "226-a\r\n": true, "STOU\n\n": true,
		"": false, "RETR": false, "RETRO a": false, "220 hello": false, "GET / HTTP/1.0": false,
	} {
		if got := announces([]byte(in)); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func FuzzNote(f *testing.F) {
	for _, s := range []string{"", "pfx", "as", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, note string) {
		c := prototest.NewConn(6, 50000)
		c.Note = note
		p := DataProtocol.New()
		p.Data(c, event.ToClient, []byte(note))
		p.End(c)
		var x transfer
		if x.read(note) {
			var y transfer
			if !y.read(x.note()) || x != y {
				t.Errorf("%+v became %+v", x, y)
			}
		}
	})
}
