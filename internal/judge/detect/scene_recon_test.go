package detect

import (
	"fmt"
	"time"

	"edgeward/internal/event"
)

func reconScenes() []scene {
	return []scene{
		{check: "recon.horizontal-scan",
			attack: func(f *feed) {
				for i := range byte(20) {
					f.wait(2*time.Second).syn(laptop, fmt.Sprintf("192.168.1.%d", 100+i), 445)
				}
			},
			near: func(f *feed) { // 19 in a minute, then a pause; bare ACKs; a peer-to-peer program
				for i := range byte(19) {
					f.wait(3*time.Second).syn(laptop, fmt.Sprintf("192.168.1.%d", 100+i), 445)
				}
				f.wait(2 * time.Minute)
				for i := range byte(60) {
					f.flowTo(laptop, ip(2, i), 443, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagACK, ConnState: "OTH", Midstream: true})
				}
				f.wait(time.Hour)
				f.udp(server, ip(4, 1), 6881, 6881, &event.P2P{Protocol: "bittorrent"})
				for i := range byte(60) {
					f.wait(time.Second).syn(server, ip(3, i), 1024+uint16(i)*17)
				}
				f.wait(time.Hour)
				for i := range byte(40) { // services that were looked up, and no way out to them
					f.name(camera, fmt.Sprintf("s%d.vendor.example", i), ip(5, i))
					f.wait(time.Second).syn(camera, ip(5, i), 443)
				}
				f.wait(time.Hour)
				for i := range byte(40) { // measurements that go on though nobody answers
					f.wait(time.Second).flowTo(camera, ip(6, i), 6000, &event.Flow{PktsToServer: 5, DataToServer: 80})
				}
			}},
		{check: "recon.horizontal-scan",
			attack: func(f *feed) { // a sweep by ping that hosts answer
				for i := range byte(10) {
					f.wait(time.Second).say(laptop, fmt.Sprintf("192.168.1.%d", 100+i), 0, 0, 1, &event.ICMP{Type: 8})
				}
			},
			near: func(f *feed) { // a monitor
				for i := range byte(60) {
					f.wait(time.Second).say(laptop, fmt.Sprintf("192.168.1.%d", 100+i), 0, 0, 1, &event.ICMP{Type: 8, Len: 56})
				}
			}},
		{check: "recon.port-scan",
			attack: func(f *feed) {
				for i := range uint16(20) {
					f.wait(time.Second).syn(laptop, server, 1000+i)
				}
			},
			near: func(f *feed) {
				for i := range uint16(19) {
					f.wait(time.Second).syn(laptop, server, 1000+i)
				}
				f.wait(time.Hour)
				for i := range uint16(40) { // answers of a resolver whose questions were not seen
					f.say(gateway, laptop, 53, 40000+i, 17, &event.Flow{PktsToServer: 1, DataToServer: 90, Start: f.now})
				}
				for i := range uint16(30) { // traceroute
					f.say(laptop, cloud, 50000, 33434+i, 17, &event.Flow{PktsToServer: 1, DataToServer: 32, TTLToServer: uint8(i), Start: f.now})
				}
			}},
		{check: "recon.stealth-scan",
			attack: func(f *feed) {
				for i := range uint16(25) {
					f.flowTo(laptop, server, 20+i, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagFIN, ConnState: "OTH"})
				}
			},
			near: func(f *feed) {
				for i := range uint16(40) { // ends of connections that were not seen to begin
					f.flowTo(laptop, server, 20+i, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagFIN | flagACK, ConnState: "OTH", Midstream: true})
				}
			}},
		{check: "recon.stateless-scan",
			attack: func(f *feed) {
				for i := range byte(30) {
					f.flowTo(camera, ip(0, i), 23, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagSYN, SYNSeqIsDst: true, ConnState: "S0"})
				}
			},
			near: func(f *feed) {
				for i := range byte(30) {
					f.syn(camera, ip(0, i), 23)
				}
			}},
		{check: "recon.m2m-discovery",
			attack: func(f *feed) {
				for i := range 6 {
					f.udp(laptop, fmt.Sprintf("192.168.1.%d", 50+i), 40000, 5683, &event.CoAP{Method: "GET", Path: "/.well-known/core", ReqLen: 21})
				}
			},
			near: func(f *feed) {
				for range 10 {
					f.udp(laptop, "224.0.1.187", 40000, 5683, &event.CoAP{Method: "GET", Path: "/.well-known/core", Multicast: true})
					f.udp(laptop, camera, 40000, 5683, &event.CoAP{Method: "GET", Path: "/.well-known/core", Answered: true, Code: "2.05"})
				}
			}},
		{check: "recon.web-scan",
			attack: func(f *feed) {
				for i := range 25 {
					f.tcp(stranger, server, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/admin%d.php", i), Status: 404, Host: "w"})
				}
			},
			near: func(f *feed) { // a page with dead links, visited by a person
				for i := range 25 {
					f.tcp(laptop, server, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/img/%d.png", i), Status: 404, Referer: "http://w/index.html", UserAgent: "Mozilla/5.0"})
				}
				f.tcp(laptop, server, 4000, 80, &event.HTTP{Method: "GET", URL: "/favicon.ico", Status: 404})
			}},
		{check: "recon.windows-enumeration",
			attack: func(f *feed) {
				f.tcp(laptop, server, 4000, 445, &event.DCERPC{Request: "REQUEST", Interface: "srvsvc", Opnum: 15, Operation: "NetrShareEnum"})
			},
			near: func(f *feed) {
				f.tcp(laptop, server, 4000, 445, &event.DCERPC{Request: "REQUEST", Interface: "srvsvc", Opnum: 16, Operation: "NetrShareGetInfo"})
			}},
	}
}
