package detect

import (
	"testing"
	"time"

	"edgeward/internal/event"
)

// TestRefusedCallsOutOfOrder has a system try each call three times from one
// port, and the log tell the last attempt after the next call.
func TestRefusedCallsOutOfOrder(t *testing.T) {
	f := newFeed(t, Options{})
	call := func(at time.Duration, port uint16) {
		f.now = began + int64(at)
		f.packet++
		b := &event.Flow{Start: f.now, End: f.now, PktsToServer: 2, PktsToClient: 2, TCPFlagsTS: flagSYN, TCPFlagsTC: flagRST, ConnState: "REJ"}
		f.tell(&event.Fact{Header: event.Header{Time: f.now, Packet: f.packet, Transport: 6, SrcPort: port, DstPort: 5888}, Body: b}, camera, stranger)
	}
	const period, try = 2080 * time.Millisecond, 540 * time.Millisecond
	for i := range 60 {
		at, port := time.Duration(i)*period, uint16(50000+i)
		call(at, port)
		call(at+try, port)
		if i > 0 {
			call(at-period+2*try, port-1)
		}
	}
	got := f.found("c2.beacon")
	if len(got) != 1 || got[0].Count < 170 || got[0].FirstSeen != began {
		t.Fatalf("findings: %+v", got)
	}
}

// TestCallsAtRandom wants calls at uneven times left alone.
func TestCallsAtRandom(t *testing.T) {
	f := newFeed(t, Options{})
	for i := range 200 {
		f.wait(time.Duration(1+i*i*7%90)*time.Second).flowTo(camera, stranger, 4444, talk(20, 30))
	}
	if got := f.found("c2.beacon"); len(got) != 0 {
		t.Errorf("findings: %+v", got)
	}
}

// TestStrayPacketFlood has one-packet conversations of which only the
// direction is known, to one service and, not a flood, to many.
func TestStrayPacketFlood(t *testing.T) {
	stray := func() *event.Flow {
		return &event.Flow{PktsToServer: 1, BytesToServer: 40, TCPFlagsTS: flagACK, Midstream: true, ConnState: "OTH"}
	}
	f := newFeed(t, Options{})
	for range 300 {
		f.wait(2*time.Millisecond).flowTo(camera, stranger, 80, stray())
	}
	if got := f.found("dos.flood-out"); len(got) != 1 || got[0].Count < 290 {
		t.Errorf("findings: %+v", got)
	}
	g := newFeed(t, Options{})
	for i := range 300 {
		g.wait(2*time.Millisecond).flowTo(laptop, ip(byte(i/200), byte(i%200)), 443, stray())
	}
	if got := g.found("dos.flood-out"); len(got) != 0 {
		t.Errorf("what is left of many connections is taken for a flood: %+v", got)
	}
}

// TestOneWayDatagrams wants a heavy stream that nobody outside answers told as
// a flood, not as data that leave, and a camera's stream at home left alone.
func TestOneWayDatagrams(t *testing.T) {
	stream := func(f *feed, to string, back uint64) {
		b := &event.Flow{PktsToServer: 18000, PktsToClient: back, DataToServer: 72_000_000, BytesToServer: 73_000_000, End: f.now + int64(24*time.Second)}
		f.flowTo(camera, to, 5376, b)
	}
	f := newFeed(t, Options{})
	stream(f, stranger, 0)
	if got := f.found("dos.flood-out"); len(got) != 1 || got[0].LastSeen != f.now+int64(24*time.Second) {
		t.Errorf("findings: %+v", got)
	}
	if got := f.found("exfiltration.volume"); len(got) != 0 {
		t.Errorf("a flood is taken for data that leave: %+v", got)
	}
	g := newFeed(t, Options{})
	stream(g, server, 0)
	stream(g, cloud, 20)
	if got := g.found("dos.flood-out"); len(got) != 0 {
		t.Errorf("video is taken for a flood: %+v", got)
	}
}

// TestSteeredDevice has a long quiet session, as a log tells it, of a device
// that floods in the end: one incident.
func TestSteeredDevice(t *testing.T) {
	f := newFeed(t, Options{})
	session := talk(639, 627)
	session.PktsToServer, session.PktsToClient, session.Origin = 337, 362, "zeek"
	session.End = f.now + int64(113*time.Minute)
	f.flowTo(camera, stranger, 23, session)
	if got := f.found("c2.bot-session"); len(got) != 0 {
		t.Errorf("a quiet session alone is told: %+v", got)
	}
	f.wait(103 * time.Minute)
	for range 300 {
		f.wait(10*time.Millisecond).syn(camera, cloud, 80)
	}
	f.e.Close()
	if got := f.found("c2.bot-session"); len(got) != 1 {
		t.Fatalf("findings: %+v", got)
	}
	if got := f.found("infection.device-compromised"); len(got) != 1 || len(got[0].Members) != 2 {
		t.Errorf("findings: %+v", got)
	}
}

// TestLateRecord has a long flow end, and so be told, after another episode of
// what it belongs to has begun.
func TestLateRecord(t *testing.T) {
	f := newFeed(t, Options{})
	call := func(n int) {
		for range n {
			f.wait(30*time.Second).flowTo(camera, stranger, 4444, talk(20, 30))
		}
	}
	call(20)
	long := talk(20, 30)
	f.wait(30 * time.Second)
	long.Start = f.now
	end := f.now + int64(9*time.Hour)
	f.now = end
	call(20)
	f.now, long.End = long.Start, end
	f.flowTo(camera, stranger, 4444, long)
	f.now = end + int64(12*time.Minute)
	call(5)
	got := f.found("c2.beacon")
	if len(got) != 2 || got[0].Count+got[1].Count != 46 {
		t.Fatalf("findings: %+v", got)
	}
}

// TestRefusedLogins wants guessing told from the connections that it leaves in
// a log, and neither checks whether the service is there nor administration.
func TestRefusedLogins(t *testing.T) {
	ssh := func(f *feed, n int, up, down uint64) []string {
		for i := range n {
			b := talk(up+uint64(i%5), down+uint64(i%7))
			b.Origin, b.AppProto = "zeek", event.ProtoSSH
			b.End = f.now + int64(2*time.Second)
			f.wait(2500*time.Millisecond).flowTo(stranger, server, 22, b)
		}
		var out []string
		for _, x := range f.found("credential.guessing") {
			out = append(out, x.Severity.String()+" "+x.Title)
		}
		return out
	}
	f := newFeed(t, Options{})
	if got := ssh(f, 60, 1500, 2200); len(got) != 1 || got[0] != "medium Password guessing" || f.found("credential.guessing")[0].Count < 55 {
		t.Errorf("findings: %+v", f.found("credential.guessing"))
	}
	if got := ssh(newFeed(t, Options{}), 60, 21, 41); len(got) != 0 {
		t.Errorf("looking whether the service is there: %v", got)
	}
	if got := ssh(newFeed(t, Options{}), 60, 5000, 9000); len(got) != 0 {
		t.Errorf("sessions: %v", got)
	}
	if got := ssh(newFeed(t, Options{}), 11, 1500, 2200); len(got) != 0 {
		t.Errorf("eleven: %v", got)
	}
}

// TestFloodOfConnections has a device open one connection after the other to
// one service, all alike, and a proxy that opens as many of all sorts.
func TestFloodOfConnections(t *testing.T) {
	f := newFeed(t, Options{})
	for i := range 1000 {
		f.wait(10*time.Millisecond).flowTo(camera, stranger, 80, talk(190+uint64(i%9), 300))
	}
	if got := f.found("dos.flood-out"); len(got) != 1 || got[0].Severity.String() != "medium" {
		t.Errorf("findings: %+v", got)
	}
	g := newFeed(t, Options{})
	for i := range uint64(1000) {
		g.wait(10*time.Millisecond).flowTo(server, cloud, 443, talk(300+i*i%1500, 300))
	}
	if got := g.found("dos.flood-out"); len(got) != 0 {
		t.Errorf("a proxy floods: %+v", got)
	}
}

// TestTinyCalls has calls of a few bytes on a port of the web, and calls that
// say more.
func TestTinyCalls(t *testing.T) {
	for said, want := range map[uint64]bool{14: true, 400: false} {
		f := newFeed(t, Options{})
		for range 30 {
			f.wait(time.Minute).flowTo(camera, stranger, 80, talk(said, 8))
		}
		got := f.found("c2.beacon")
		if len(got) != 1 || (got[0].Severity.String() == "medium") != want {
			t.Errorf("%d bytes: %+v", said, got)
		}
	}
}
