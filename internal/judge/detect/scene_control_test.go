package detect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"edgeward/internal/event"
)

// badList is a list of indicators with one address and one name.
type badList struct{}

func (badList) Address(a netip.Addr, _ uint16) (Indicator, bool) {
	return Indicator{stranger, "test"}, a.String() == stranger
}

func (badList) Name(n string) (Indicator, bool) {
	return Indicator{n, "test"}, n == "evil.example.org"
}
func (badList) URL(_, p string) (Indicator, bool)    { return Indicator{p, "test"}, p == "/gate.php" }
func (badList) Fingerprint(string) (Indicator, bool) { return Indicator{}, false }

func nx(name string) *event.DNS {
	return &event.DNS{Type: "response", RRName: name, RRType: "A", QType: 1, RCode: "NXDOMAIN", RCodeNum: 3, Answered: true, ReqLen: 40, RespLen: 100}
}

var madeUp = []string{"xkqwzlvbnm.com", "qpwrtzhgf.net", "bvcxzkjhg.org", "plmkqzxw.info", "zxcvqwrtp.com", "hgfdkjtrw.biz", "qzwxkvbnm.net", "wkqjhzxvb.com", "tgbnhyjmk.org", "rfvtgbyhnq.com"}

func controlScenes() []scene {
	return []scene{
		{check: "c2.beacon",
			attack: func(f *feed) {
				f.name(camera, "time.example.org", cloud)
				for i := range 20 {
					f.wait(30*time.Second+time.Duration(i%3)*100*time.Millisecond).flowTo(camera, stranger, 4444, talk(20, 30))
				}
			},
			near: func(f *feed) { // a cloud with a name; time; visits at random
				f.name(camera, "cloud.maker.example", cloud)
				for i := range 40 {
					f.wait(30*time.Second).flowTo(camera, cloud, 443, talk(400, 300))
					f.flowTo(camera, stranger, 123, &event.Flow{AppProto: event.ProtoNTP, PktsToServer: 1, PktsToClient: 1, DataToServer: 48, DataToClient: 48})
					b := talk(400, 3000)
					b.AppProto = event.ProtoTLS
					f.wait(time.Duration(i*i%37)*time.Second).flowTo(laptop, stranger, 443, b)
				}
			}},
		{check: "c2.bot-session",
			attack: func(f *feed) {
				f.tcp(camera, stranger, 4000, 6667, &event.IRC{Command: "NICK", Nick: "[IOT|ARM]83731"})
				f.tcp(stranger, camera, 6667, 4000, &event.IRC{Command: "PRIVMSG", Target: "#x", Text: "!udpflood 198.51.100.1 80 60"})
			},
			near: func(f *feed) {
				f.tcp(laptop, cloud, 4000, 6667, &event.IRC{Command: "NICK", Nick: "alice84"})
				f.tcp(laptop, cloud, 4000, 6667, &event.IRC{Command: "PRIVMSG", Target: "#go", Text: "did you scan the page?"})
				f.tcp(laptop, cloud, 4000, 6667, &event.IRC{Command: "PRIVMSG", Target: "#go", Text: "...well, stop"})
				b := talk(40, 40) // a quiet connection of a host that does nothing else
				b.End, b.Tempo = f.now+int64(time.Minute), event.Tempo{Bursts: 6, MeanMS: 10000, Bytes: 2}
				f.flowTo(camera, stranger, 48101, b)
			}},
		{check: "c2.dga",
			attack: func(f *feed) {
				for _, n := range madeUp {
					f.wait(3*time.Second).udp(camera, gateway, 4000, 53, nx(n))
				}
			},
			near: func(f *feed) { // mistyped names, a browser's probes, a search suffix, a test
				f.udp(laptop, gateway, 4000, 53, nx("d98cf633-97be-406f-9e39-bd8fc0cbdea4.com"))
				for _, n := range []string{"gogle.com", "facebok.com", "exampel.org", "wikipdia.org", "twittr.com", "amazno.com", "netflx.com", "linkdin.com", "yuotube.com", "redit.com"} {
					f.udp(laptop, gateway, 4000, 53, nx(n))
				}
				for _, n := range []string{"qkzjwxvtbn", "xzqwkvjhgp", "wpqzxkvjtb"} {
					f.udp(laptop, gateway, 4000, 53, nx(n))
					f.udp(laptop, gateway, 4000, 53, nx(n+".office.lan"))
				}
			}},
		{check: "c2.bot-session",
			attack: func(f *feed) { // the certificate that came with the program
				f.tcp(laptop, cloud, 4000, 4041, &event.TLS{Subject: "CN=AsyncRAT Server", Issuer: "CN=AsyncRAT Server", SelfSigned: true})
			},
			near: func(f *feed) { // a device's own certificate, and a name that a public authority vouches for
				f.tcp(laptop, cloud, 4000, 443, &event.TLS{Subject: "O=Vendor, CN=Server", Issuer: "O=Vendor, CN=Server", SelfSigned: true})
				f.tcp(laptop, cloud, 4000, 443, &event.TLS{Subject: "CN=BitRAT", Issuer: "CN=R3"})
			}},
		{check: "c2.icmp-tunnel",
			attack: func(f *feed) {
				for i := range uint16(60) {
					f.wait(time.Second).say(laptop, cloud, 0, 0, 1, &event.ICMP{Type: 8, Len: 40 + 13*(i*7%30)})
				}
			},
			near: func(f *feed) { // a ping that goes on; the search for the longest packet that passes
				for range 200 {
					f.wait(time.Second).say(laptop, cloud, 0, 0, 1, &event.ICMP{Type: 8, Len: 56})
				}
				for i := range uint16(24) {
					f.wait(time.Second).say(laptop, gateway, 0, 0, 1, &event.ICMP{Type: 8, Len: 1472 - 20*i})
				}
			}},
		{check: "c2.dns-tunnel",
			attack: func(f *feed) {
				for i := range 20 {
					f.wait(time.Second).udp(camera, gateway, 4000, 53, &event.DNS{RRName: fmt.Sprintf("%030x%08x.t.evil.org", i*7919, i), RRType: "CNAME", QType: 5, Answered: true, ReqLen: 90, RespLen: 140})
				}
			},
			near: func(f *feed) { // block list questions, a few long cloud names, mail records, keys of DNSCrypt resolvers
				for range 40 {
					f.wait(time.Second).udp(camera, gateway, 4000, 53, &event.DNS{RRName: "2.dnscrypt-cert.resolver.example", RRType: "TXT", QType: 16, Answered: true, ReqLen: 60, RespLen: 190})
				}
				for i := range 30 {
					f.udp(server, gateway, 4000, 53, &event.DNS{RRName: fmt.Sprintf("%d.2.0.192.zen.blocklist.org", i), RRType: "TXT", QType: 16, Answered: true, RCodeNum: 3})
					f.udp(laptop, gateway, 4000, 53, &event.DNS{RRName: "a1b2c3d4e5f6g7-ats.iot.eu-west-1.amazonaws.com", RRType: "A", QType: 1, Answered: true})
					f.udp(server, gateway, 4000, 53, &event.DNS{RRName: fmt.Sprintf("selector1._domainkey.firm%d.com", i), RRType: "TXT", QType: 16, Answered: true})
				}
			}},
		{check: "c2.encrypted-dns",
			attack: func(f *feed) { f.tcp(laptop, cloud, 4000, 443, &event.TLS{SNI: "dns.google", Version: "TLS 1.3"}) },
			near:   func(f *feed) { f.tcp(laptop, cloud, 4000, 443, &event.TLS{SNI: "www.google.com", Version: "TLS 1.3"}) }},
		{check: "c2.peer-to-peer",
			attack: func(f *feed) { f.udp(camera, stranger, 6881, 6881, &event.P2P{Protocol: "bittorrent-dht"}) },
			near: func(f *feed) {
				f.name(laptop, "www.quartzdesign.com", cloud)
				for range 5 {
					f.tcp(laptop, cloud, 4000, 443, &event.TLS{SNI: "www.quartzdesign.com"})
				}
			}},
		{check: "c2.intel-match", options: Options{Indicators: badList{}},
			attack: func(f *feed) { f.udp(camera, gateway, 4000, 53, &event.DNS{RRName: "evil.example.org", RRType: "A"}) },
			near: func(f *feed) {
				f.udp(camera, gateway, 4000, 53, &event.DNS{RRName: "www.example.org", RRType: "A"})
				f.flowTo(camera, cloud, 443, talk(100, 100))
			}},
		{check: "exfiltration.volume",
			attack: func(f *feed) { f.flowTo(server, stranger, 4444, talk(8_000_000, 9_000)) },
			near: func(f *feed) { // a backup to a name, a download, a call
				f.name(server, "backup.example.org", cloud)
				b := talk(15_000_000, 20_000)
				b.AppProto = event.ProtoTLS
				f.flowTo(server, cloud, 443, b)
				f.flowTo(server, stranger, 4444, talk(9_000, 80_000_000))
				f.flowTo(laptop, stranger, 8801, talk(30_000_000, 28_000_000))
			}},
		{check: "exfiltration.new-destination", options: Options{Learning: time.Hour},
			attack: func(f *feed) {
				live(f, server, 2*time.Hour)
				f.flowTo(server, stranger, 443, talk(3_000_000, 5_000))
			},
			near: func(f *feed) {
				f.flowTo(server, stranger, 443, talk(3_000_000, 5_000)) // still learned
				live(f, server, 2*time.Hour)
				f.flowTo(server, stranger, 443, talk(3_000_000, 5_000)) // known
				f.flowTo(server, cloud, 443, talk(3_000, 500_000))
			}},
		{check: "abuse.mining",
			attack: func(f *feed) {
				f.tcp(camera, stranger, 4000, 3333, &event.Mining{Protocol: "stratum", Method: "mining.subscribe", Agent: "xmrig/6"})
				f.tcp(camera, stranger, 4000, 3333, &event.Mining{Protocol: "stratum", Method: "mining.submit", Accepted: true})
			},
			near: func(f *feed) { f.name(laptop, "swimmingpool.example.org", cloud) }},
		{check: "abuse.click-fraud",
			attack: func(f *feed) {
				for i := range 60 {
					f.wait(200*time.Millisecond).tcp(camera, cloud, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/click?ad=%d&r=%d", i%7, i*31), Host: "ads.example.org", UserAgent: fmt.Sprintf("Mozilla/5.0 (v%d)", i%9), Referer: fmt.Sprintf("http://s%d.example.org/", i), Status: 200})
				}
			},
			near: func(f *feed) { // a page with many parts, and a device that polls
				for i := range 60 {
					f.tcp(laptop, cloud, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/static/part%d.js?v=3", i), Host: "w", UserAgent: "Mozilla/5.0", Referer: "http://w/"})
					f.tcp(camera, cloud, 4000, 80, &event.HTTP{Method: "GET", URL: fmt.Sprintf("/poll?t=%d", i), Host: "cloud.maker.example", UserAgent: "maker/1"})
				}
			}},
		{check: "abuse.residential-proxy",
			attack: func(f *feed) {
				for i := range 8 {
					f.tcp(stranger, camera, 4000, 1080, &event.SOCKS{Version: 5, Command: "connect", Target: fmt.Sprintf("shop%d.example.org:443", i), Granted: true})
				}
			},
			near: func(f *feed) { // an own proxy for own people; refused strangers
				for i := range 8 {
					f.tcp(laptop, server, 4000, 1080, &event.SOCKS{Version: 5, Target: fmt.Sprintf("shop%d.example.org:443", i), Granted: true, Auth: "password"})
					f.tcp(stranger, server, 4000, 1080, &event.SOCKS{Version: 5, Target: fmt.Sprintf("shop%d.example.org:443", i)})
				}
			}},
		{check: "abuse.spam",
			attack: func(f *feed) {
				for i := range byte(8) {
					f.wait(time.Second).tcp(camera, ip(i, 1), 4000, 25, &event.SMTP{MailFrom: "a@example.org", Recipients: 20, Rejected: 3})
				}
			},
			near: func(f *feed) {
				for range 10 {
					f.wait(2*time.Minute).tcp(laptop, cloud, 4000, 25, &event.SMTP{MailFrom: "a@example.org", Recipients: 1})
				}
			}},
	}
}

// live lets a host lead an ordinary life for some time.
func live(f *feed, host string, d time.Duration) {
	f.name(host, "cloud.maker.example", cloud)
	for range int(d / (5 * time.Minute)) {
		for range 3 {
			b := talk(3000, 2000)
			b.AppProto = event.ProtoTLS
			f.flowTo(host, cloud, 443, b)
		}
		f.wait(5 * time.Minute)
	}
}

// TestSilentSessionOfAScanner wants a tiny-keep-alive session told only of a
// host that attacks, whichever of the two ends first.
func TestSilentSessionOfAScanner(t *testing.T) {
	session := func(f *feed) {
		b := talk(40, 40)
		b.End, b.Tempo = f.now+int64(time.Minute), event.Tempo{Bursts: 6, MeanMS: 10000, Bytes: 2}
		f.flowTo(camera, stranger, 23, b)
	}
	scan := func(f *feed) {
		for i := range byte(30) {
			f.flowTo(camera, ip(0, i), 23, &event.Flow{PktsToServer: 1, TCPFlagsTS: flagSYN, ConnState: "S0"})
		}
	}
	for _, order := range [][]func(*feed){{scan, session}, {session, scan}} {
		f := newFeed(t, Options{})
		for _, step := range order {
			step(f)
		}
		f.e.Close()
		if len(f.found("c2.bot-session")) != 1 {
			t.Error("the session is not told")
		}
	}
}

// TestDeadController wants calls to somebody who never answers told although
// the operating system makes their intervals uneven.
func TestDeadController(t *testing.T) {
	f := newFeed(t, Options{})
	for range 12 {
		for _, gap := range []time.Duration{0, 7 * time.Second, 9 * time.Second, 17 * time.Second} {
			f.wait(gap).syn(camera, stranger, 50)
		}
		f.wait(47 * time.Second)
	}
	if len(f.found("c2.beacon")) != 1 {
		t.Error("calls to a dead controller are not told")
	}
}

func TestGibberish(t *testing.T) {
	for _, w := range []string{"google", "facebook", "schlossstrasse", "wikipedia", "rhythm", "krankenhaus", "dropbox", "microsoft", "netgear", "cloudfront", "akamaiedge", "doubleclick", "zdrowie24", "immedia", "tplinkcloud", "wetransfer", "bbc", "xfinity", "hp"} {
		if n := gibberish(w); n >= 2 {
			t.Errorf("%s looks made up (%d)", w, n)
		}
	}
	for _, w := range []string{"strengths", "angstschweiss", "wszystko"} {
		if n := gibberish(w); n >= 3 {
			t.Errorf("%s looks made up beyond doubt (%d)", w, n)
		}
	}
	for _, w := range madeUp {
		label, _, _ := cutLast(w)
		if n := gibberish(label); n < 2 {
			t.Errorf("%s looks like a word (%d)", w, n)
		}
	}
}

func cutLast(name string) (string, string, bool) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}
