package flow

import (
	"net/netip"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// announcedRig is a rig with a protocol that is only found when it is announced.
func announcedRig() *rig {
	r := newRig(1 << 20)
	p := proto.Protocol{
		ID: event.ProtoFTPData, TCP: true,
		New: func() proto.Parser { return recorder{&r.got, &r.gaps, &r.msgs} },
	}
	r.t = NewTable(Config{Protocols: NewRegistry([]proto.Protocol{p}), Endpoints: NewEndpoints(), Memory: 1 << 20})
	r.t.SetOut(&r.out)
	r.t.conn.Transport, r.t.conn.Time = 6, r.now
	return r
}

// TestAnnouncedStream wants an announced stream to have the protocol that was
// announced, and only this one, in time, between the hosts that were named.
func TestAnnouncedStream(t *testing.T) {
	client, server, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
	for _, tt := range []struct {
		name           string
		client, server netip.Addr
		port           uint16
		late           int64
		want           event.Proto
	}{
		{"announced", client, server, 8080, 0, event.ProtoFTPData},
		{"of another client", other, server, 8080, 0, event.ProtoUnknown},
		{"of another server", client, other, 8080, 0, event.ProtoUnknown},
		{"to another port", client, server, 8081, 0, event.ProtoUnknown},
		{"to the port of a service", client, server, 80, 0, event.ProtoUnknown},
		{"too late", client, server, 8080, int64(expectedFor), event.ProtoUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := announcedRig()
			r.port = 8080
			if tt.port < minAnnounced {
				r.port = tt.port
			}
			r.t.env.Announce(tt.client, tt.server, tt.port, event.ProtoFTPData, "note")
			r.t.cfg.Endpoints.Learn(r.t.Learned())
			r.now += tt.late
			r.open()
			r.tcp(event.ToServer, 0x18, 1000, 5000, "some bytes")
			r.t.cfg.Endpoints.Learn(r.t.Learned())
			if begun := r.t.env.Begun(client, server, 8080); begun != (tt.want != event.ProtoUnknown) {
				t.Errorf("begun is %v", begun)
			}
			r.flush()
			if got := r.flow(t).AppProto; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAnnouncementsAreBounded wants the newest announcements to be kept.
func TestAnnouncementsAreBounded(t *testing.T) {
	r := announcedRig()
	server := netip.MustParseAddr("192.0.2.2")
	e := r.t.cfg.Endpoints
	for i := range 3 * maxExpected {
		client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		r.t.env.Announce(client, server, 50000, event.ProtoFTPData, "")
		e.Learn(r.t.Learned())
	}
	if len(e.expected) != maxExpected || len(e.announced) != maxExpected {
		t.Fatalf("%d announcements, %d in order, want %d", len(e.expected), len(e.announced), maxExpected)
	}
	last := netip.AddrFrom4([4]byte{10, 0, byte((3*maxExpected - 1) >> 8 & 0xff), byte((3*maxExpected - 1) & 0xff)})
	if _, ok := e.expected[pair{endpoint{r.t.conn.Place, server.As16(), 50000, 6}, last.As16()}]; !ok {
		t.Error("the newest announcement is not there")
	}
}
