package detect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/event"
)

// rate gives what one second carried to or from a host.
func (f *feed) rate(host string, transport uint8, r *event.Rate) {
	f.packet++
	f.tell(&event.Fact{Header: event.Header{Time: f.now, Packet: f.packet, Transport: transport}, Body: r}, host, "")
}

func floodScenes() []scene {
	return []scene{
		{check: "dos.slow-requests",
			attack: func(f *feed) {
				for range 60 {
					f.wait(100 * time.Millisecond)
					f.flowTo(laptop, server, 80, stall(f, 20*time.Second))
				}
			},
			near: func(f *feed) { // a few; reports that are sent and never answered; a client that is told something
				for range 40 {
					f.wait(100 * time.Millisecond)
					f.flowTo(laptop, server, 80, stall(f, 20*time.Second))
				}
				f.wait(time.Hour)
				for range 200 {
					f.wait(100 * time.Millisecond)
					f.flowTo(camera, server, 2003, stall(f, 50*time.Millisecond))
				}
				for range 200 {
					f.wait(100 * time.Millisecond)
					b := stall(f, 20*time.Second)
					b.DataToClient = 100
					f.flowTo(camera, server, 80, b)
				}
			}},
		{check: "dos.flood-in",
			attack: func(f *feed) {
				for range 4 {
					f.wait(time.Second).rate(server, 6, &event.Rate{Direction: "in", Port: 443, Packets: 900, Bytes: 54000, SYN: 900, NewFlows: 900, Peers: 800, Ports: 1, Replies: 20})
				}
			},
			near: func(f *feed) { // a busy server, a download, a scan, one way of a tunnel
				for range 10 {
					f.wait(time.Second)
					f.rate(server, 47, &event.Rate{Direction: "in", Packets: 2500, Bytes: 1_800_000, Peers: 1})
					f.rate(server, 6, &event.Rate{Direction: "in", Port: 443, Packets: 3000, Bytes: 900000, SYN: 120, NewFlows: 120, Peers: 60, Ports: 1, Replies: 3000})
					f.rate(laptop, 6, &event.Rate{Direction: "in", Packets: 9000, Bytes: 13_000_000, SYN: 0, Peers: 3, Ports: 6, Replies: 4000})
					f.rate(camera, 6, &event.Rate{Direction: "in", Packets: 300, Bytes: 18000, SYN: 300, NewFlows: 300, Peers: 1, Ports: 280, Replies: 280})
					f.rate(camera, 17, &event.Rate{Direction: "in", Port: 554, Packets: 1500, Bytes: 1_800_000, NewFlows: 1, Peers: 1, Ports: 1})
				}
			}},
		{check: "dos.flood-out",
			attack: func(f *feed) {
				for range 3 {
					f.wait(time.Second)
					f.rate(camera, 17, &event.Rate{Direction: "out", Packets: 2500, Bytes: 1_200_000, NewFlows: 2400, Peers: 1, Ports: 2400})
					f.rate(cloud, 17, &event.Rate{Direction: "in", Packets: 2500, Bytes: 1_200_000, NewFlows: 2400, Peers: 1, Ports: 2400})
				}
			},
			near: func(f *feed) { // a video stream, peer-to-peer, a resolver's questions
				for range 10 {
					f.wait(time.Second)
					f.rate(camera, 17, &event.Rate{Direction: "out", Port: 5004, Packets: 1800, Bytes: 2_000_000, NewFlows: 1, Peers: 1, Ports: 1})
					f.rate(laptop, 17, &event.Rate{Direction: "out", Packets: 2000, Bytes: 2_000_000, NewFlows: 80, Peers: 80, Ports: 80, Replies: 1500})
					f.rate(server, 17, &event.Rate{Direction: "out", Port: 53, Packets: 600, Bytes: 48000, NewFlows: 600, Peers: 8, Ports: 1, Replies: 590})
				}
			}},
		{check: "dos.amplification",
			attack: func(f *feed) {
				for range 40 {
					f.udp(stranger, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/.well-known/core", Answered: true, Code: "2.05", ReqLen: 21, RespLen: 400})
				}
			},
			near: func(f *feed) { // a client with many questions; a slow poll
				for i := range 60 {
					f.udp(laptop, gateway, 4000, 53, &event.DNS{RRName: fmt.Sprintf("h%d.example.org", i), QType: 1, Answered: true, ReqLen: 40, RespLen: 200})
					f.wait(4*time.Second).udp(laptop, camera, 4000, 5683, &event.CoAP{Method: "GET", Path: "/status", Answered: true, Code: "2.05", ReqLen: 20, RespLen: 90})
				}
			}},
		{check: "dos.dns-water-torture",
			attack: func(f *feed) {
				for i := range 20 {
					f.wait(2*time.Second).udp(camera, gateway, 4000, 53, nx(fmt.Sprintf("q%dz%d.victim.org", i*31, i)))
				}
			},
			near: func(f *feed) { // 19; questions that are merely slow; block lists
				for i := range 19 {
					f.wait(2*time.Second).udp(camera, gateway, 4000, 53, nx(fmt.Sprintf("q%dz%d.victim.org", i*31, i)))
				}
				for i := range 40 {
					f.udp(laptop, gateway, 4000, 53, &event.DNS{RRName: fmt.Sprintf("s%d.cdn.org", i), QType: 1, ReqLen: 40})
					f.udp(server, gateway, 4000, 53, nx(fmt.Sprintf("%d.2.0.192.zen.blocklist.org", i)))
				}
			}},
		{check: "dos.dhcp-exhaustion",
			attack: func(f *feed) {
				f.macs["0.0.0.0"] = [6]byte{2, 9, 9, 9, 9, 9}
				for i := range 25 {
					f.wait(time.Second).udp("0.0.0.0", "255.255.255.255", 68, 67, &event.DHCP{Type: "request", MsgType: "discover", ClientMAC: fmt.Sprintf("02:00:00:00:01:%02x", i)})
				}
			},
			near: func(f *feed) { // a building comes back after a power cut; a relay
				for i := range 30 {
					f.macs["0.0.0.0"] = [6]byte{2, 0, 0, 0, 2, byte(i)}
					m := fmt.Sprintf("02:00:00:00:02:%02x", i)
					f.udp("0.0.0.0", "255.255.255.255", 68, 67, &event.DHCP{Type: "request", MsgType: "discover", ClientMAC: m})
					f.udp("0.0.0.0", "255.255.255.255", 68, 67, &event.DHCP{Type: "request", MsgType: "request", ClientMAC: m})
					f.udp(gateway, "255.255.255.255", 67, 68, &event.DHCP{Type: "reply", MsgType: "ack", ClientMAC: m})
					f.udp(server, gateway, 67, 67, &event.DHCP{Type: "request", MsgType: "request", ClientMAC: m, Relay: netip.MustParseAddr(server)})
				}
			}},
		{check: "dos.ipv6-abuse",
			attack: func(f *feed) {
				for i := range 12 {
					f.say(fmt.Sprintf("fe80::%x", i+1), "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, Prefixes: []string{fmt.Sprintf("2001:db8:%x::/64", i)}, LinkAddr: fmt.Sprintf("02:00:00:00:00:%02x", i)})
				}
			},
			near: func(f *feed) {
				for range 20 { // two routers of one network; somebody pings
					f.wait(3 * time.Second)
					f.say("fe80::1", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, Prefixes: []string{"2001:db8:1::/64"}, LinkAddr: "02:00:00:00:00:01"})
					f.say("fe80::2", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, Prefixes: []string{"2001:db8:1::/64"}, LinkAddr: "02:00:00:00:00:02"})
					f.rate("fd00::1", 58, &event.Rate{Direction: "out", Packets: 30, ICMPType: 128, Peers: 1, Replies: 30})
				}
			}},
	}
}

// TestFloodIsCountedOnce wants the packets of a flood counted once, although
// rates and conversations both tell of it, and its target named.
func TestFloodIsCountedOnce(t *testing.T) {
	f := newFeed(t, Options{})
	for range 3 {
		f.wait(time.Second).rate(camera, 6, &event.Rate{Direction: "out", Port: 80, Packets: 1000, Bytes: 60000, SYN: 1000, NewFlows: 1000, Peers: 1, Ports: 1})
	}
	for range 64 {
		f.syn(camera, cloud, 80)
	}
	got := f.found("dos.flood-out")
	if len(got) != 1 || got[0].Count != 3000 || len(got[0].Peers) != 1 || got[0].Peers[0] != cloud {
		t.Fatalf("findings: %+v", got)
	}
}

// TestFloodWithoutRates wants floods told from connection records alone.
func TestFloodWithoutRates(t *testing.T) {
	f := newFeed(t, Options{})
	for range 200 {
		f.wait(20*time.Millisecond).syn(camera, cloud, 80)
	}
	if got := f.found("dos.flood-out"); len(got) != 1 || got[0].Count < 190 {
		t.Fatalf("findings: %+v", got)
	}
	g := newFeed(t, Options{})
	for range 100 { // a device that retries quickly
		g.wait(500*time.Millisecond).syn(camera, cloud, 443)
	}
	if got := g.found("dos.flood-out"); len(got) != 0 {
		t.Errorf("retries are taken for a flood: %+v", got)
	}
}

// TestReflectionOnVictim wants answers that nobody asked for told.
func TestReflectionOnVictim(t *testing.T) {
	f := newFeed(t, Options{})
	for i := range byte(30) {
		f.flowTo(server, ip(i, 2), 123, &event.Flow{PktsToClient: 40, DataToClient: 18000})
	}
	if got := f.found("dos.amplification"); len(got) != 1 || got[0].Address != server {
		t.Fatalf("findings: %+v", got)
	}
}

// stall is a connection on which the client begins a request and the server
// waits for the end of it.
func stall(f *feed, open time.Duration) *event.Flow {
	return &event.Flow{
		PktsToServer: 5, PktsToClient: 3, DataToServer: 236, BytesToServer: 508, BytesToClient: 206, TCPFlagsTS: flagSYN | flagACK | flagPSH, TCPFlagsTC: flagSYN | flagACK,
		SYNOptions: "2,4,8,1,3", SYNMSS: 1460, ConnState: "S1", End: f.now + int64(open),
	}
}
