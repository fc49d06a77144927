package detect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	honest = "02:00:00:00:00:0a"
	liar   = "02:00:00:00:00:66"
)

func (f *feed) arp(mac, addr, target string, op uint16, gratuitous bool) {
	m, _ := ident.ParseMAC(mac)
	f.packet++
	f.e.Observe([]*event.Fact{{
		Header:  event.Header{Time: f.now, Packet: f.packet, SrcMAC: m},
		SrcHost: event.HostKeyOf(ident.Place{}, m, [16]byte{}),
		Body:    &event.ARP{Op: op, SenderMAC: mac, SenderIP: netip.MustParseAddr(addr), TargetIP: netip.MustParseAddr(target), Gratuitous: gratuitous},
	}}, nil)
}

func offer(server, router, dns string) *event.DHCP {
	return &event.DHCP{Type: "reply", MsgType: "offer", ClientMAC: "02:00:00:00:05:05", ServerID: netip.MustParseAddr(server), Routers: []string{router}, DNS: []string{dns}}
}

func answer(name, addr string, conflict bool) *event.DNS {
	return &event.DNS{Type: "response", RRName: name, RRType: "A", QType: 1, Answered: true, Conflict: conflict, ReqLen: 40, RespLen: 56,
		Answers: []event.DNSAnswer{{Name: name, Type: "A", Data: addr, Addr: netip.MustParseAddr(addr)}}}
}

func linkScenes() []scene {
	return []scene{
		{check: "spoof.arp",
			attack: func(f *feed) {
				for range 4 {
					f.wait(10*time.Second).arp(honest, gateway, laptop, 2, false)
					f.wait(time.Second).arp(liar, gateway, laptop, 2, false)
				}
			},
			near: func(f *feed) { // an address that passes on; a router with two; VRRP
				f.arp(honest, camera, gateway, 1, false)
				f.wait(3*time.Hour).arp(liar, camera, gateway, 1, false)
				f.arp(honest, "192.168.1.2", gateway, 1, false)
				f.arp(honest, "192.168.1.3", gateway, 1, false)
				f.arp("00:00:5e:00:01:07", "192.168.1.254", gateway, 2, true)
				f.wait(time.Second).arp(honest, "192.168.1.254", gateway, 2, true)
				for range 3 { // a virtual machine behind a radio, whose host says again what it says
					f.wait(time.Minute).arp(honest, server, gateway, 1, false)
					f.wait(9*time.Microsecond).arp(liar, server, gateway, 1, false)
					f.wait(time.Second).arp(honest, server, gateway, 2, false)
					f.wait(6*time.Microsecond).arp(liar, server, gateway, 2, false)
				}
			}},
		{check: "spoof.dhcp",
			attack: func(f *feed) {
				for range 3 {
					f.wait(time.Minute).udp(gateway, camera, 67, 68, offer(gateway, gateway, gateway))
				}
				f.wait(time.Minute).udp(laptop, camera, 67, 68, offer(laptop, laptop, laptop))
			},
			near: func(f *feed) { // two servers that agree; a network whose server was replaced long ago
				for range 3 {
					f.wait(time.Minute).udp(gateway, camera, 67, 68, offer(gateway, gateway, gateway))
					f.udp(server, camera, 67, 68, offer(server, gateway, gateway))
				}
				f.wait(48*time.Hour).udp(laptop, camera, 67, 68, offer(laptop, laptop, laptop))
				// A device leaves the network that it opened to be set up.
				f.wait(48*time.Hour).udp(camera, laptop, 67, 68, offer(camera, camera, camera))
				taken := offer(gateway, gateway, gateway)
				taken.MsgType, taken.ID = "ack", 7
				f.wait(5*time.Second).udp(gateway, camera, 67, 68, taken)
			}},
		{check: "spoof.router-advertisement",
			attack: func(f *feed) {
				f.say("fe80::1", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, LinkAddr: honest, Prefixes: []string{"2001:db8:1::/64"}})
				f.wait(time.Minute).say("fe80::66", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, LinkAddr: liar, Prefixes: []string{"2001:db8:66::/64"}})
			},
			near: func(f *feed) { // one router; one that takes its announcement back
				for range 5 {
					f.wait(time.Minute).say("fe80::1", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 1800, LinkAddr: honest, Prefixes: []string{"2001:db8:1::/64"}})
				}
				f.say("fe80::66", "ff02::1", 0, 0, 58, &event.ICMP{V6: true, Type: 134, Lifetime: 0, LinkAddr: liar})
			}},
		{check: "spoof.dns-hijack",
			attack: func(f *feed) {
				f.udp(laptop, gateway, 4000, 53, answer("bank.example.org", "198.51.100.5", false))
				f.wait(time.Second).udp(laptop, gateway, 4000, 53, answer("bank.example.org", "203.0.113.99", true))
			},
			near: func(f *feed) { // load balancing; a block list; a name that moves to another cloud
				f.udp(laptop, gateway, 4000, 53, answer("cdn.example.org", "198.51.100.5", false))
				f.udp(laptop, gateway, 4000, 53, answer("cdn.example.org", "198.51.7.9", true))
				for i := range 10 {
					f.udp(laptop, gateway, 4000, 53, answer(fmt.Sprintf("ads.firm%d.com", i), "0.0.0.0", false))
				}
				f.wait(time.Minute).udp(laptop, gateway, 4000, 53, answer("cdn.example.org", "203.0.113.50", false))
			}},
		{check: "spoof.device-identity",
			attack: func(f *feed) {
				for i := range 6 {
					f.wait(time.Minute).udp(camera, laptop, 44818, 4000, &event.Identity{Source: "enip.list_identity", Serial: fmt.Sprintf("%08d", i%2)})
				}
			},
			near: func(f *feed) { // a replacement
				f.udp(camera, laptop, 44818, 4000, &event.Identity{Source: "enip.list_identity", Serial: "1"})
				for range 5 {
					f.wait(time.Minute).udp(camera, laptop, 44818, 4000, &event.Identity{Source: "enip.list_identity", Serial: "2"})
				}
			}},
		{check: "lateral.zone-crossing",
			attack: func(f *feed) { f.flowTo(camera, server, 445, talk(500, 500)) },
			near: func(f *feed) {
				f.flowTo(laptop, server, 445, talk(500, 500)) // one zone
				f.syn(camera, server, 22)                     // not let through
				f.flowTo(camera, cloud, 443, talk(500, 500))
			}},
		{check: "lateral.remote-execution",
			attack: func(f *feed) {
				f.tcp(laptop, server, 4000, 445, &event.SMB{Version: 2, Command: "SMB2_COMMAND_WRITE", Share: `\\srv\ADMIN$`, Filename: `x.exe`, Written: 60000, Magic: "pe"})
				f.tcp(laptop, server, 4000, 445, &event.DCERPC{Request: "REQUEST", Interface: "svcctl", Operation: "CreateServiceW"})
				f.tcp(laptop, server, 4000, 445, &event.DCERPC{Request: "REQUEST", Interface: "svcctl", Operation: "StartServiceW"})
			},
			near: func(f *feed) { // files on ordinary shares, questions, controllers among themselves
				f.tcp(laptop, server, 4000, 445, &event.SMB{Version: 2, Command: "SMB2_COMMAND_WRITE", Share: `\\srv\public`, Filename: `setup.exe`, Written: 60000, Magic: "pe"})
				f.tcp(laptop, server, 4000, 445, &event.DCERPC{Request: "REQUEST", Interface: "svcctl", Operation: "QueryServiceStatus"})
				f.tcp(laptop, server, 4000, 88, &event.KRB5{MsgType: "KRB_AS_REP"})
				f.tcp(laptop, gateway, 4000, 88, &event.KRB5{MsgType: "KRB_AS_REP"})
				f.tcp(server, gateway, 4000, 135, &event.DCERPC{Request: "REQUEST", Interface: "drsuapi", Operation: "DRSGetNCChanges"})
			}},
		{check: "lateral.remote-execution",
			attack: func(f *feed) { // Zerologon
				for i := range uint32(40) {
					f.wait(50*time.Millisecond).tcp(laptop, server, 4000, 49670, &event.DCERPC{Request: "REQUEST", Interface: "netlogon", Operation: "NetrServerAuthenticate3", CallID: i})
				}
			},
			near: func(f *feed) { // members of the domain that start in the morning
				for range 19 {
					f.wait(time.Second).tcp(laptop, server, 4000, 49670, &event.DCERPC{Request: "REQUEST", Interface: "netlogon", Operation: "NetrServerAuthenticate3"})
				}
			}},
		{check: "behaviour.new-device", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, server, 2*time.Hour)
				f.flowTo(camera, cloud, 443, talk(100, 100))
			},
			near: func(f *feed) {}},
		{check: "behaviour.new-peer", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, camera, 2*time.Hour)
				f.flowTo(camera, stranger, 4444, talk(100, 100))
			},
			near: func(f *feed) { // while it is learned; another address of the same cloud
				f.flowTo(camera, stranger, 4444, talk(100, 100))
				live(f, camera, 2*time.Hour)
				f.name(camera, "cloud2.maker.example", "198.51.100.77")
				f.flowTo(camera, "198.51.100.77", 443, talk(100, 100))
			}},
		{check: "behaviour.new-service", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, camera, 2*time.Hour)
				b := talk(100, 100)
				b.AppProto = event.ProtoTelnet
				f.flowTo(laptop, camera, 23, b)
			},
			near: func(f *feed) {
				f.flowTo(laptop, camera, 23, talk(100, 100))
				live(f, camera, 2*time.Hour)
				f.flowTo(laptop, camera, 23, talk(100, 100))
				f.syn(laptop, camera, 8080)
			}},
		{check: "behaviour.new-protocol", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, camera, 2*time.Hour)
				b := talk(100, 100)
				b.AppProto = event.ProtoIRC
				f.flowTo(camera, stranger, 6667, b)
			},
			near: func(f *feed) {
				b := talk(100, 100)
				b.AppProto = event.ProtoIRC
				f.flowTo(camera, stranger, 6667, b)
				live(f, camera, 2*time.Hour)
				f.flowTo(camera, stranger, 6667, b)
			}},
		{check: "behaviour.firmware-changed", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				f.udp(camera, laptop, 80, 4000, &event.Identity{Source: "ssdp", Model: "C1", Firmware: "1.0"})
				live(f, camera, 2*time.Hour)
				f.udp(camera, laptop, 80, 4000, &event.Identity{Source: "ssdp", Model: "C1", Firmware: "1.1"})
			},
			near: func(f *feed) {
				f.udp(camera, laptop, 80, 4000, &event.Identity{Source: "ssdp", Model: "C1", Firmware: "1.0"})
				f.udp(camera, laptop, 80, 4000, &event.Identity{Source: "ssdp", Model: "C1", Firmware: "1.1"}) // while it is learned
				live(f, camera, 2*time.Hour)
				f.udp(camera, laptop, 80, 4000, &event.Identity{Source: "http", Model: "C1", Firmware: "web 7"}) // another source
			}},
		{check: "behaviour.device-lost", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, camera, 2*time.Hour)
				live(f, laptop, 8*time.Hour)
			},
			near: func(f *feed) { // the sensor was away
				live(f, camera, 2*time.Hour)
				f.wait(9 * time.Hour)
				live(f, laptop, 10*time.Minute)
				live(f, camera, 10*time.Minute)
				live(f, laptop, 10*time.Minute)
			}},
		{check: "visibility.one-sided",
			attack: func(f *feed) {
				for i := range byte(30) {
					b := talk(500, 0)
					b.PktsToClient, b.TCPFlagsTC = 0, 0
					f.flowTo(laptop, ip(0, i), 443, b)
				}
			},
			near: func(f *feed) {
				for i := range byte(60) {
					f.flowTo(laptop, ip(0, i), 443, talk(500, 500))
					f.wait(10*time.Second).syn(laptop, ip(0, i), 81)
				}
			}},
		{check: "visibility.blind",
			attack: func(f *feed) {
				for i := range byte(60) {
					f.flowTo(fmt.Sprintf("192.168.1.%d", 100+i%5), "239.255.255.250", 1900, &event.Flow{PktsToServer: 1, DataToServer: 100})
				}
			},
			near: func(f *feed) {
				for i := range byte(60) {
					f.flowTo(fmt.Sprintf("192.168.1.%d", 100+i%5), "239.255.255.250", 1900, &event.Flow{PktsToServer: 1, DataToServer: 100})
					if i%5 == 0 {
						f.flowTo(laptop, cloud, 443, talk(100, 100))
					}
				}
			}},
	}
}

// TestDivertedTraffic wants spoofing told from the way that traffic takes,
// also when the honest machine never sent ARP.
func TestDivertedTraffic(t *testing.T) {
	f := newFeed(t, Options{})
	router, mitm := ident.MAC{2, 0, 0, 0, 0, 1}, ident.MAC{2, 0, 0, 0, 0, 0x66}
	f.macs[cloud] = router
	for range 4 {
		f.wait(time.Second).flowTo(laptop, cloud, 443, talk(10, 10))
	}
	f.arp(liar, gateway, laptop, 2, false)
	f.macs[cloud] = mitm
	f.wait(time.Second).flowTo(laptop, cloud, 443, talk(10, 10))
	if got := f.found("spoof.arp"); len(got) != 1 || got[0].Severity != ident.High {
		t.Fatalf("findings: %+v", got)
	}
}
