package ssdp

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

const (
	search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: upnp:rootdevice\r\nUSER-AGENT: AcmeOS/3 UPnP/1.1 App/1\r\n\r\n"
	notify = "NOTIFY * HTTP/1.1\r\nHost:239.255.255.250:1900\r\nNT:urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nNTS:ssdp:alive\r\n" +
		"Location:http://192.0.2.1/desc.xml\r\nServer:Linux/4 UPnP/1.0 Acme-GW/7\r\nUSN:uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nX-Serial: 77\r\nCache-Control: max-age=60\r\n\r\n"
	response = "HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:2::upnp:rootdevice\r\nEXT:\r\nSERVER: cam/1\r\nLOCATION: http://192.0.2.2/d.xml" // no end of line
)

func feed(t testing.TB, dir event.Dir, messages ...string) *proto.Conn {
	t.Helper()
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	for _, m := range messages {
		if _, err := p.Data(c, dir, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	p.End(c)
	return c
}

func TestFacts(t *testing.T) {
	for _, tt := range []struct {
		msg  string
		want event.SSDP
		id   event.Identity
	}{
		{
			search, event.SSDP{Method: "M-SEARCH", Target: "upnp:rootdevice", UserAgent: "AcmeOS/3 UPnP/1.1 App/1"},
			event.Identity{Source: "ssdp", Banner: "AcmeOS/3 UPnP/1.1 App/1"},
		},
		{
			notify, event.SSDP{
				Method: "NOTIFY", Target: "urn:schemas-upnp-org:device:InternetGatewayDevice:1", NTS: "ssdp:alive",
				USN: "uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1", Location: "http://192.0.2.1/desc.xml",
				Server: "Linux/4 UPnP/1.0 Acme-GW/7", Extra: "X-Serial: 77",
			},
			event.Identity{Source: "ssdp", Type: "router", Banner: "Linux/4 UPnP/1.0 Acme-GW/7"},
		},
		{
			response, event.SSDP{Method: "response", Target: "upnp:rootdevice", USN: "uuid:2::upnp:rootdevice", Server: "cam/1", Location: "http://192.0.2.2/d.xml"},
			event.Identity{Source: "ssdp", Banner: "cam/1"},
		},
	} {
		c := feed(t, event.ToServer, tt.msg, tt.msg)
		facts := c.Env.Out.Facts()
		if len(facts) != 3 {
			t.Errorf("%.10s: %d facts, want two and one identity", tt.msg, len(facts))
			continue
		}
		if !reflect.DeepEqual(facts[0].Body, event.Body(&tt.want)) || *facts[1].Body.(*event.Identity) != tt.id {
			t.Errorf("%.10s: %+v\n%+v", tt.msg, facts[0].Body, facts[1].Body)
		}
	}
}

func TestAnswerIsAboutItsSender(t *testing.T) {
	c := feed(t, event.ToClient, response)
	for _, f := range c.Env.Out.Facts() {
		if f.Src != c.Server {
			t.Errorf("%s fact: Src = %v, want the answering side", f.Kind(), f.Src)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct{ name, msg, want string }{
		{"not SSDP", "\x16\x03\x01garbage", "invalid_start_line"},
		{"method", "SUBSCRIBE * HTTP/1.1\r\n\r\n", "invalid_start_line"},
		{"error status", "HTTP/1.1 404 Not Found\r\n\r\n", "invalid_start_line"},
		{"no target", strings.Replace(search, "\nST:", "\nXX:", 1), "missing_header"},
		{"no MAN", strings.Replace(search, "MAN:", "XX:", 1), "missing_header"},
		{"no header", strings.Replace(search, "MX: 2", "just text", 1), "invalid_header"},
	} {
		got := ""
		for _, f := range feed(t, event.ToServer, tt.msg).Env.Out.Facts() {
			if a, ok := f.Body.(*event.Anomaly); ok {
				got += a.Event
			}
		}
		if got != tt.want {
			t.Errorf("%s: anomaly %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		msg  string
		port bool
		want proto.Match
	}{
		{search, true, proto.Yes},
		{notify, false, proto.Yes},
		{response, false, proto.Yes},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, proto.No},
		{"M-SEARCH * HTTP/1.1\r\n\r\n", true, proto.No},
		{"GET / HTTP/1.1\r\n\r\n", true, proto.No},
		{"", true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(17, Port)}
		s.Data[0] = []byte(tt.msg)
		if got := probe(s); got != tt.want {
			t.Errorf("probe(%.20q) = %d, want %d", tt.msg, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("probe(%.20q): %g allocations", tt.msg, n)
		}
	}
}

func TestStrangersAreGivenUp(t *testing.T) {
	c, p := prototest.NewConn(17, Port), Protocol.New()
	for range 10 {
		if _, err := p.Data(c, event.ToServer, []byte("something else")); err != nil {
			return
		}
	}
	t.Error("a flow that never speaks SSDP is kept")
}

// FuzzDecode checks that what was encoded decodes to the same, but for control
// characters, which the line codec takes off line ends.
func FuzzDecode(f *testing.F) {
	for _, m := range []string{search, notify, response} {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again Msg
		if _, err := Decode(&m, b); err == nil && !bytes.ContainsAny(b, "\x00\r") {
			once := Append(nil, &m)
			if _, err := Decode(&again, once); err != nil {
				t.Fatalf("decoding %q: %v", once, err)
			}
			if twice := Append(nil, &again); !bytes.Equal(once, twice) {
				t.Errorf("encoding again gives %q, want %q", twice, once)
			}
		}
		c, p := prototest.NewConn(17, Port), Protocol.New()
		p.Data(c, event.ToServer, b)
		p.End(c)
	})
}
