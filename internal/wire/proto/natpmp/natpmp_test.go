package natpmp

import (
	"net/netip"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

var (
	host   = netip.MustParseAddr("192.0.2.1") // the client of prototest
	public = netip.MustParseAddr("203.0.113.5")
)

func TestFacts(t *testing.T) {
	ask := Msg{Version: NATPMP, Op: MapTCP, Transport: 6, InternalPort: 8080, ExternalPort: 80, Lifetime: 7200}
	grant := Msg{Version: NATPMP, Op: MapTCP, Response: true, Transport: 6, InternalPort: 8080, ExternalPort: 4080, Lifetime: 3600, Epoch: 5}
	refuse := Msg{Version: NATPMP, Op: MapTCP, Response: true, Result: 2, Transport: 6, InternalPort: 8080}
	askPCP := Msg{Version: PCP, Op: Map, Transport: 17, InternalPort: 5683, ExternalPort: 5683, Lifetime: 60, Client: netip.MustParseAddr("192.0.2.9")}
	grantPCP := Msg{Version: PCP, Op: Map, Response: true, Transport: 17, InternalPort: 5683, ExternalPort: 5683, Lifetime: 60, External: public}
	address := Msg{Version: NATPMP, Op: ExternalAddress}
	addressIs := Msg{Version: NATPMP, Op: ExternalAddress, Response: true, External: public}
	for _, tt := range []struct {
		name  string
		steps []Msg
		want  *event.Portmap
	}{
		{"granted", []Msg{ask, ask, grant}, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 4080, InternalPort: 8080, InternalIP: host, Lifetime: 3600, Result: "success"}},
		{"refused", []Msg{ask, refuse}, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 80, InternalPort: 8080, InternalIP: host, Lifetime: 7200, Result: "not-authorized"}},
		{"unanswered", []Msg{ask}, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 80, InternalPort: 8080, InternalIP: host, Lifetime: 7200}},
		{"answer alone", []Msg{grant}, &event.Portmap{Protocol: "nat-pmp", Transport: "tcp", ExternalPort: 4080, InternalPort: 8080, InternalIP: host, Lifetime: 3600, Result: "success"}},
		{"pcp for a third party", []Msg{askPCP, grantPCP}, &event.Portmap{Protocol: "pcp", Transport: "udp", ExternalPort: 5683, InternalPort: 5683, ExternalIP: public, InternalIP: netip.MustParseAddr("192.0.2.9"), Lifetime: 60, Result: "success"}},
		{"external address", []Msg{address, addressIs}, nil},
	} {
		c, p := prototest.NewConn(17, Port), Protocol.New()
		for _, m := range tt.steps {
			dir := event.ToServer
			if m.Response {
				dir = event.ToClient
			}
			if _, err := p.Data(c, dir, Append(nil, &m)); err != nil {
				t.Fatal(err)
			}
		}
		p.End(c)
		facts := c.Env.Out.Facts()
		switch {
		case tt.want == nil && len(facts) == 0:
		case len(facts) != 1:
			t.Errorf("%s: %d facts", tt.name, len(facts))
		case *facts[0].Body.(*event.Portmap) != *tt.want || facts[0].Src != c.Client:
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, facts[0].Body, tt.want)
		}
		if int(c.Messages[0]+c.Messages[1]) != len(tt.steps) {
			t.Errorf("%s: messages = %v", tt.name, c.Messages)
		}
	}
}

func TestProbe(t *testing.T) {
	ask := Append(nil, &Msg{Version: NATPMP, Op: MapUDP})
	for _, tt := range []struct {
		name string
		b    []byte
		port bool
		want proto.Match
	}{
		{"mapping", ask, true, proto.Yes},
		{"elsewhere", ask, false, proto.No},
		{"address", []byte{0, 0}, true, proto.Yes},
		{"trailing bytes", append(ask, 1), true, proto.No},
		{"pcp", Append(nil, &Msg{Version: PCP, Op: Map}), true, proto.Yes},
		{"text", []byte("hello"), true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(17, Port)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
	}
}

// FuzzDecode checks that what was encoded decodes to the same, but for errors,
// which may come without the fields that Append writes.
func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, &Msg{Version: NATPMP, Op: MapTCP, InternalPort: 1}))
	f.Add(Append(nil, &Msg{Version: NATPMP, Response: true, External: public}))
	f.Add(Append(nil, &Msg{Version: PCP, Op: Map, Client: host, External: public}))
	f.Add(Append(nil, &Msg{Version: PCP, Op: Map, Response: true, Result: 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again Msg
		if n, err := Decode(&m, b); err == nil {
			if n > len(b) {
				t.Fatalf("Decode took %d of %d bytes", n, len(b))
			}
			if _, err := Decode(&again, Append(nil, &m)); m.Result == 0 && (err != nil || again != m) {
				t.Errorf("decoding again gives %+v, %v; want %+v", again, err, m)
			}
		}
		c, p := prototest.NewConn(17, Port), Protocol.New()
		p.Data(c, event.ToServer, b)
		p.Data(c, event.ToClient, b)
		p.End(c)
	})
}
